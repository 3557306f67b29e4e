import numpy as np
import pytest
from estimator_cases import regression
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import riemgn as rg

X, Y = regression()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"hidden": 0}, ValueError, "hidden must be an integer >= 1, got 0"),
        ({"hidden": (4, 2.5)}, TypeError, r"hidden\[1\] must be an integer"),
        ({"hidden": "wide"}, TypeError, "hidden must be a width or a sequence"),
        ({"activation": "tahn"}, ValueError, "did you mean 'tanh'"),
        ({"loss": "square"}, ValueError, "did you mean 'squared'"),
        ({"ridge": -1.0}, ValueError, "ridge must be a finite number >= 0"),
        ({"ridge": "aut"}, ValueError, "did you mean 'auto'"),
        ({"ridge": "none"}, ValueError, r"unknown ridge 'none' \(one of auto, or a number >= 0\)"),
        ({"ridge": None}, TypeError, "ridge must be one of auto, or a number >= 0, got None"),
        ({"method": "newton"}, ValueError, "unknown method"),
        ({"validation": 0.7}, ValueError, "validation must be in"),
        ({"max_iterations": 0}, ValueError, "max_iterations must be an integer >= 1"),
        ({"tolerance": 0.0}, ValueError, "tolerance must be a finite number > 0"),
        ({"random_state": "seed"}, ValueError, "cannot be used to seed"),
    ],
)
def test_wrong_settings_are_named_by_fit(arguments, error, message):
    estimator = rg.GaussNewtonRegressor(**{"ridge": 1.0, **arguments})
    with pytest.raises(error, match=message):
        estimator.fit(X, Y)
    with pytest.raises(NotFittedError):
        estimator.predict(X)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (-np.ones(40), "sample_weight must be >= 0"),
        (np.zeros(40), "weight.*zero"),
        (np.ones(39), "sample_weight.shape"),
        (np.full(40, np.nan), "NaN"),
    ],
)
def test_wrong_weights_are_named(weights, message):
    with pytest.raises(ValueError, match=message):
        rg.GaussNewtonRegressor(ridge=1.0).fit(X, Y, weights)


def test_a_training_cannot_be_carried_on_with_something_else():
    estimator = rg.GaussNewtonRegressor(4, ridge=1.0, warm_start=True).fit(X, Y)
    with pytest.raises(ValueError, match="carried on with the network that it began with"):
        clone(estimator).fit(X, Y).set_params(hidden=5).fit(X, Y)
    with pytest.raises(ValueError, match="carried on with the loss that it began with"):
        clone(estimator).fit(X, Y).set_params(loss="huber").fit(X, Y)
    with pytest.raises(ValueError, match="y must have 1 columns"):
        estimator.fit(X, np.column_stack([Y, Y]))
    with pytest.raises(ValueError, match="features"):
        estimator.fit(X[:, :2], Y)
    classifier = rg.GaussNewtonClassifier(4, ridge=1.0, warm_start=True).fit(X, Y > 0)
    with pytest.raises(ValueError, match="y must hold the classes"):
        classifier.fit(X, np.arange(40) % 3)


def test_a_failed_fit_leaves_the_one_before():
    regressor = rg.GaussNewtonRegressor(4, ridge=1.0, random_state=0).fit(X, Y)
    predictions = regressor.predict(X)
    with pytest.raises(ValueError, match="unknown method"):
        regressor.set_params(method="nope").fit(X, np.column_stack([Y, Y]))
    np.testing.assert_array_equal(regressor.predict(X), predictions)
    classifier = rg.GaussNewtonClassifier(4, ridge=1.0, random_state=0).fit(X, Y > 0)
    labels = classifier.predict(X)
    with pytest.raises(ValueError, match="unknown method"):
        classifier.set_params(method="nope").fit(X, np.arange(40) % 3)
    np.testing.assert_array_equal(classifier.classes_, [False, True])
    np.testing.assert_array_equal(classifier.predict(X), labels)


def test_data_that_cannot_be_fitted():
    for label, told in ((1, "1"), (1.0, r"1\.0"), ("x", "'x'")):
        with pytest.raises(ValueError, match=f"at least two classes, got one class: {told}$"):
            rg.GaussNewtonClassifier().fit(X, np.array([label] * 40))
    with pytest.raises(ValueError, match="y must be >= 0 for loss 'poisson'"):
        rg.GaussNewtonRegressor(loss="poisson").fit(X, Y - 100)
    with pytest.raises(ValueError, match="at least 3 different rows"):
        rg.GaussNewtonRegressor().fit(X[[0, 1, 1]], Y[[0, 1, 1]])
    with pytest.raises(TypeError, match="dense data is required"):
        rg.GaussNewtonRegressor().fit(csr_array(X), Y)
