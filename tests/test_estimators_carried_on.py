"""Warm starts and `partial_fit`."""

import numpy as np
import pytest
from estimator_cases import classification, regression
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

import riemgn as rg


def test_warm_start_carries_on():
    X, y = regression()
    estimator = rg.GaussNewtonRegressor(6, ridge=0.1, max_iterations=3, random_state=0)
    with pytest.warns(ConvergenceWarning, match="took max_iterations=3 steps"):
        estimator.set_params(warm_start=True).fit(X, y)
    first, losses = estimator.params_, [estimator.loss_]
    assert estimator.n_iter_ == 3
    for _ in range(2):
        with pytest.warns(ConvergenceWarning):
            estimator.fit(X, y)
        losses.append(estimator.loss_)
    assert losses == sorted(losses, reverse=True)
    # the start of a training that is carried on is the last iterate of the one before
    assert [step.iteration for step in estimator.history_] == list(range(10))
    seconds = [step.seconds for step in estimator.history_]
    assert seconds == sorted(seconds)
    recorded = [step.loss for step in estimator.history_]
    assert losses == pytest.approx(recorded[3::3])
    estimator.set_params(max_iterations=200, tolerance=1e-13).fit(X, y)
    cold = clone(estimator).fit(X, y)
    np.testing.assert_allclose(estimator.predict(X), cold.predict(X), atol=1e-4)
    assert not np.array_equal(first, estimator.params_)


def test_warm_start_keeps_scaling_start_and_chosen_ridge():
    X, y = regression()
    estimator = rg.GaussNewtonRegressor(4, warm_start=True, random_state=0).fit(X, y)
    estimator.set_params(tolerance=1e-2)
    ridge, start, centre = estimator.ridge_, estimator._start, estimator.model_.inputs.centre
    estimator.fit(X[:20] + 1, y[:20])
    assert estimator.ridge_ == ridge
    assert {step.phase for step in estimator.history_} == {"ridge", "fit"}
    np.testing.assert_array_equal(estimator._start, start)
    np.testing.assert_array_equal(estimator.model_.inputs.centre, centre)


def test_warm_start_walks_a_path_of_ridges():
    X, y = regression()
    estimator = rg.GaussNewtonRegressor(4, warm_start=True, random_state=0)
    losses = [estimator.set_params(ridge=r).fit(X, y).loss_ for r in (100.0, 10.0, 1.0)]
    assert losses == sorted(losses, reverse=True)


def test_partial_fit_takes_one_step():
    X, y = regression()
    estimator = rg.GaussNewtonRegressor(4, ridge=0.1, random_state=0)
    one = clone(estimator).set_params(max_iterations=1, tolerance=1.0).fit(X, y)
    losses = []
    for _ in range(20):
        assert estimator.partial_fit(X, y) is estimator
        assert estimator.n_iter_ == 1
        losses.append(estimator.loss_)
    assert losses[0] == one.loss_
    assert losses == sorted(losses, reverse=True)
    assert [step.iteration for step in estimator.history_] == list(range(21))
    whole = clone(estimator).fit(X, y)
    assert losses[-1] < 2 * whole.loss_ < 0.1 * losses[0]
    estimator.fit(X, y)  # without warm_start it forgets
    np.testing.assert_array_equal(estimator.params_, whole.params_)


def test_partial_fit_learns_from_batches_one_after_the_other():
    X, y = regression(1200)
    estimator = rg.GaussNewtonRegressor(8, ridge=10.0, random_state=0)
    for rows in np.array_split(np.arange(1000), 20):
        estimator.partial_fit(X[rows], y[rows])
    assert estimator.score(X[1000:], y[1000:]) > 0.95


def test_partial_fit_on_batches_that_lack_classes():
    X, y = classification(3)
    estimator = rg.GaussNewtonClassifier(4, ridge=3.0, random_state=0)
    order = np.random.default_rng(0).permutation(60)
    for batch in np.array_split(order, 6) * 4:
        estimator.partial_fit(X[batch], y[batch], classes=["z", "y", "x"])
    estimator.partial_fit(X[:1], y[:1])
    assert estimator.score(X, y) > clone(estimator).fit(X, y).score(X, y) - 0.1
    with pytest.raises(ValueError, match="classes must be those of the fit before"):
        estimator.partial_fit(X, y, classes=["x", "y"])
    with pytest.raises(ValueError, match=r"y must hold the classes .* got .*w.* too"):
        estimator.partial_fit(X[:2], ["x", "w"])
    with pytest.raises(ValueError, match="classes must be given in the first call"):
        clone(estimator).partial_fit(X, y)


def test_partial_fit_chooses_an_automatic_ridge_once():
    X, y = regression()
    estimator = rg.GaussNewtonRegressor(4, random_state=0).partial_fit(X, y)
    ridge = estimator.ridge_
    assert ridge > 0
    assert estimator.partial_fit(X[:5], y[:5]).ridge_ == ridge


def test_held_out_rows_end_a_training_with_a_fixed_ridge():
    X, y = regression()
    estimator = rg.GaussNewtonRegressor(16, ridge=0.0, validation=0.25, random_state=0).fit(X, y)
    assert {step.phase for step in estimator.history_} == {"early stopping"}
    held_out = [step.held_out_loss for step in estimator.history_]
    assert estimator.n_iter_ == int(np.argmin(held_out))
