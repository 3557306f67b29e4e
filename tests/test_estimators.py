import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from estimator_cases import classification, regression, weights_with_zeros
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge

import riemgn as rg
from riemgn.fitting import FitStep
from riemgn.fitting.diary import Diary
from riemgn.fitting.phases import Run
from riemgn.modelfile import load_model, save_model

EXACT = {"ridge": 0.7, "tolerance": 1e-14}


def test_importing_riemgn_does_not_import_scikit_learn():
    code = (
        "import sys, riemgn; assert 'GaussNewtonClassifier' in dir(riemgn); "
        "assert 'sklearn' not in sys.modules; riemgn.GaussNewtonRegressor; "
        "assert 'sklearn' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(AttributeError, match="has no attribute 'GaussNewtonRegresor'"):
        rg.GaussNewtonRegresor  # noqa: B018


# Without a hidden layer a network is a linear model, which scikit-learn solves too.


@pytest.mark.parametrize("weighted", [False, True])
def test_a_linear_network_is_ridge_regression(weighted):
    X, y = regression()
    w = weights_with_zeros(40) if weighted else np.ones(40)
    estimator = rg.GaussNewtonRegressor(hidden=(), **EXACT).fit(X, y, w)
    centre = np.average(X, axis=0, weights=w)
    Z = (X - centre) / np.sqrt(np.average((X - centre) ** 2, axis=0, weights=w))
    mean = np.average(y, weights=w)
    scale = np.sqrt(np.average((y - mean) ** 2, weights=w))
    ridge = Ridge(alpha=0.7).fit(Z, (y - mean) / scale, sample_weight=w)
    np.testing.assert_allclose(estimator.predict(X), mean + scale * ridge.predict(Z), rtol=1e-7)


@pytest.mark.parametrize("classes", [2, 3])
def test_a_linear_network_is_logistic_regression(classes):
    X, y = classification(classes)
    w = weights_with_zeros(60)
    estimator = rg.GaussNewtonClassifier(hidden=(), **EXACT).fit(X, y, w)
    Z = np.column_stack([estimator.model_.inputs.forward(X), np.ones(60)])
    logistic = LogisticRegression(C=1 / 0.7, fit_intercept=False, tol=1e-10, max_iter=1000)
    logistic.fit(Z, y, sample_weight=w)
    np.testing.assert_allclose(
        estimator.predict_proba(X), logistic.predict_proba(Z), rtol=1e-5, atol=1e-7
    )
    assert estimator.predict(X).tolist() == logistic.predict(Z).tolist()


def test_a_linear_network_is_poisson_regression():
    X, _ = regression()
    y = np.random.default_rng(0).poisson(np.exp(0.3 * X[:, 0] + 1.0)).astype(float)
    w = weights_with_zeros(40)
    estimator = rg.GaussNewtonRegressor(hidden=(), loss="poisson", **EXACT).fit(X, y, w)
    Z = np.column_stack([estimator.model_.inputs.forward(X), np.ones(40)])
    mean = np.average(y, weights=w)
    poisson = PoissonRegressor(
        alpha=0.7 / w.sum(), fit_intercept=False, tol=1e-10, solver="newton-cholesky"
    )
    poisson.fit(Z, y / mean, sample_weight=w)
    np.testing.assert_allclose(estimator.predict(X), mean * poisson.predict(Z), rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("ridge", [1.0, "auto"])
@pytest.mark.parametrize("loss", ["squared", "huber", "poisson", "classes"])
def test_weights_are_rows_repeated_or_left_out(loss, ridge):
    X, y = classification() if loss == "classes" else regression()
    if loss == "poisson":
        y = np.exp(y / 4)
    w = weights_with_zeros(len(X), seed=1)
    if loss == "classes":
        estimator = rg.GaussNewtonClassifier(4, ridge=ridge, random_state=0)
    else:
        estimator = rg.GaussNewtonRegressor(4, loss=loss, ridge=ridge, random_state=0)
    weighted = clone(estimator).fit(X, y, w)
    counts = w.astype(int)
    repeated = clone(estimator).fit(np.repeat(X, counts, axis=0), np.repeat(y, counts))
    np.testing.assert_array_equal(weighted.params_, repeated.params_)
    assert weighted.loss_ == pytest.approx(repeated.loss_)
    shuffled = np.random.default_rng(0).permutation(len(X))
    other_order = clone(estimator).fit(X[shuffled], y[shuffled], w[shuffled])
    np.testing.assert_array_equal(weighted.params_, other_order.params_)
    # a weight for all rows is another ridge
    assert not np.allclose(weighted.params_, clone(estimator).fit(X, y).params_)


def test_several_outputs_keep_the_shape_of_y():
    X, y = regression()
    both = np.column_stack([y, X[:, 2] ** 2])
    estimator = rg.GaussNewtonRegressor(8, ridge=0.1, random_state=0)
    assert estimator.fit(X, both).predict(X).shape == (40, 2)
    assert estimator.n_outputs_ == 2
    assert estimator.score(X, both) > 0.9
    assert estimator.fit(X, y[:, None]).predict(X).shape == (40, 1)
    assert estimator.fit(X, y).predict(X).shape == (40,)
    counts = np.exp(both / both.max())
    rates = rg.GaussNewtonRegressor(8, loss="poisson", ridge=0.1, random_state=0).fit(X, counts)
    assert rates.predict(X).shape == (40, 2)
    assert rates.predict(X).min() > 0


def test_what_a_fit_leaves_behind():
    X, y = regression()
    names = ["one", "two", "three"]
    estimator = rg.GaussNewtonRegressor(5, ridge=0.5, random_state=0)
    assert estimator.fit(pd.DataFrame(X, columns=names), y) is estimator
    assert estimator.network_.widths == (3, 5, 1)
    assert estimator.params_.shape == (26,)
    assert estimator.feature_names_in_.tolist() == names == list(estimator.model_.columns)
    assert (estimator.n_features_in_, estimator.n_outputs_, estimator.ridge_) == (3, 1, 0.5)
    assert all(isinstance(step, FitStep) for step in estimator.history_)
    assert estimator.n_iter_ == len(estimator.history_) - 1 > 2
    assert estimator.loss_ == pytest.approx(estimator.history_[-1].loss)
    scaled = (estimator.predict(pd.DataFrame(X, columns=names)) - y) / y.std()
    assert estimator.loss_ == pytest.approx(0.5 * np.mean(scaled**2))
    assert estimator.model_.target.rows is None


def test_the_classifiers_probabilities_and_logits():
    X, y = classification(3)
    estimator = rg.GaussNewtonClassifier(4, ridge=1.0, random_state=0).fit(X, y)
    assert estimator.classes_.tolist() == ["x", "y", "z"]
    assert estimator.decision_function(X).shape == (60, 3)
    np.testing.assert_allclose(estimator.predict_proba(X).sum(axis=1), 1)
    np.testing.assert_allclose(
        estimator.predict_log_proba(X), np.log(estimator.predict_proba(X)), rtol=1e-12
    )
    best = estimator.classes_[estimator.predict_proba(X).argmax(axis=1)]
    assert estimator.predict(X).tolist() == best.tolist()
    two = rg.GaussNewtonClassifier(4, ridge=1.0, random_state=0).fit(X, y == "x")
    logits = two.decision_function(X)
    assert logits.shape == (60,)
    assert two.predict(X).tolist() == (logits > 0).tolist()
    np.testing.assert_allclose(two.predict_proba(X)[:, 1], 1 / (1 + np.exp(-logits)))
    np.testing.assert_allclose(np.exp(two.predict_log_proba(X)), two.predict_proba(X))
    far = two.predict_log_proba(X * 1e6 - 1e9)
    assert np.all(np.isfinite(far))


def test_a_random_state_decides_everything_that_is_random():
    X, y = regression()

    def params(random_state):
        estimator = rg.GaussNewtonRegressor(4, ridge=1.0, random_state=random_state)
        return estimator.fit(X, y).params_

    np.testing.assert_array_equal(params(3), params(3))
    np.testing.assert_array_equal(
        params(np.random.RandomState(3)), params(np.random.RandomState(3))
    )
    np.testing.assert_array_equal(
        params(np.random.default_rng(3)), params(np.random.default_rng(3))
    )
    assert not np.array_equal(params(3), params(4))
    np.random.seed(0)  # noqa: NPY002 - numpy's global state is not asked
    first = params(None)
    np.random.seed(0)  # noqa: NPY002
    assert not np.array_equal(first, params(None))


def test_scaling_the_data_changes_nothing_but_units():
    X, y = regression()
    estimator = rg.GaussNewtonRegressor(4, ridge=1.0, random_state=0)
    plain = estimator.fit(X, y).predict(X)
    scaled = estimator.fit(X * [1e-6, 1e3, 10] + 5, 1e5 * y - 3).predict(X * [1e-6, 1e3, 10] + 5)
    np.testing.assert_allclose((scaled + 3) / 1e5, plain, atol=1e-6)


@pytest.mark.parametrize("loss", ["squared", "huber", "poisson"])
def test_a_constant_y_is_predicted(loss):
    X, _ = regression()
    estimator = rg.GaussNewtonRegressor(4, loss=loss, random_state=0).fit(X, np.full(40, 7.0))
    np.testing.assert_allclose(estimator.predict(X), 7.0)


def test_a_fit_that_settles_does_not_warn():
    X, y = regression()
    estimator = rg.GaussNewtonRegressor(4, ridge=1.0, random_state=0).fit(X, y)
    estimator.set_params(max_iterations=estimator.n_iter_).fit(X, y)
    with pytest.warns(ConvergenceWarning):
        estimator.set_params(max_iterations=estimator.n_iter_ - 1).fit(X, y)


def test_ctrl_c_leaves_the_best_weights_and_passes_on(monkeypatch):
    X, y = regression()

    def interrupted(self):
        self.params = self.task.start + 1
        raise KeyboardInterrupt

    monkeypatch.setattr(Run, "train", interrupted)
    estimator = rg.GaussNewtonRegressor(4, ridge=1.0, random_state=0)
    with pytest.raises(KeyboardInterrupt):
        estimator.fit(X, y)
    assert np.all(np.isfinite(estimator.predict(X)))


@pytest.mark.parametrize("validation", [0.0, 0.25])
def test_ctrl_c_leaves_the_number_of_steps(monkeypatch, validation):
    X, y = regression()
    note = Diary._note

    def interrupted(self, *entry):
        note(self, *entry)
        if len(self.history) == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr(Diary, "_note", interrupted)
    estimator = rg.GaussNewtonRegressor(4, ridge=1e-3, validation=validation, random_state=0)
    with pytest.raises(KeyboardInterrupt):
        estimator.fit(X, y)
    assert len(estimator.history_) == 4
    assert estimator.n_iter_ == 3


def test_pickles_and_model_files(tmp_path):
    X, y = classification(3)
    estimator = rg.GaussNewtonClassifier((4, 3), ridge=1.0, random_state=0).fit(X, y)
    twin = pickle.loads(pickle.dumps(estimator))
    np.testing.assert_array_equal(twin.predict_proba(X), estimator.predict_proba(X))
    save_model(estimator.model_, tmp_path / "model.npz")
    assert load_model(tmp_path / "model.npz").predict(X).tolist() == estimator.predict(X).tolist()


def test_float32_lists_and_frames_are_the_same_numbers():
    X, y = regression()
    X, y = X.astype(np.float32), y.astype(np.float32)
    estimator = rg.GaussNewtonRegressor(4, ridge=1.0, random_state=0)
    expected = estimator.fit(X.astype(float), y.astype(float)).predict(X)
    for form in (lambda a: a, lambda a: a.tolist(), pd.DataFrame, np.asfortranarray):
        target = pd.Series(y) if form is pd.DataFrame else form(y)
        found = clone(estimator).fit(form(X), target, np.ones(40).tolist()).predict(form(X))
        np.testing.assert_array_equal(found, expected)
