"""The estimators inside scikit-learn's other tools, and beside its own network."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import make_friedman1
from sklearn.inspection import permutation_importance
from sklearn.model_selection import GridSearchCV, KFold, cross_val_predict, cross_val_score
from sklearn.multioutput import MultiOutputClassifier, MultiOutputRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from threadpoolctl import threadpool_info

import riemgn as rg

X, Y = make_friedman1(120, noise=0.5, random_state=0)
REGRESSOR = rg.GaussNewtonRegressor(6, ridge=1.0, random_state=0)


def labels(y=Y):
    return np.digitize(y, np.quantile(y, [0.4, 0.7]))


@pytest.mark.slow
def test_grid_search_in_parallel_is_grid_search():
    grid = {"regressor__hidden": [(), (4,), (4, 4)], "regressor__ridge": [0.3, 3.0]}
    pipeline = make_pipeline(PolynomialFeatures(1, include_bias=False), REGRESSOR)
    pipeline.steps[1] = ("regressor", REGRESSOR)
    one, two = (GridSearchCV(pipeline, grid, cv=3, n_jobs=n).fit(X, Y) for n in (1, 2))
    np.testing.assert_array_equal(
        one.cv_results_["mean_test_score"], two.cv_results_["mean_test_score"]
    )
    assert one.best_estimator_[-1].ridge == one.best_params_["regressor__ridge"]


class CountsThreads(BaseEstimator):
    """Fits a regressor and scores the BLAS threads that it may use, the most of all pools."""

    def fit(self, X, y):
        REGRESSOR.fit(X, y)
        return self

    def score(self, X, y):
        pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
        return max(pool["num_threads"] for pool in pools)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_cross_validation_in_parallel(backend):
    import joblib

    with joblib.parallel_config(backend=backend):
        scores = cross_val_score(REGRESSOR, X, Y, cv=4, n_jobs=2)
        threads = cross_val_score(CountsThreads(), X, Y, cv=2, n_jobs=2)
    np.testing.assert_array_equal(scores, cross_val_score(REGRESSOR, X, Y, cv=4))
    if backend == "loky":
        assert max(threads) <= max(joblib.cpu_count() // 2, 1)


def test_targets_transformed_and_one_estimator_a_target():
    logarithmic = TransformedTargetRegressor(REGRESSOR, func=np.log1p, inverse_func=np.expm1)
    assert logarithmic.fit(X, Y).score(X, Y) > 0.9
    both = np.column_stack([Y, X[:, 0]])
    separate = MultiOutputRegressor(REGRESSOR).fit(X, both)
    np.testing.assert_array_equal(separate.predict(X)[:, 0], clone(REGRESSOR).fit(X, Y).predict(X))
    classifier = rg.GaussNewtonClassifier(4, ridge=1.0, random_state=0)
    pairs = np.column_stack([labels(), labels(X[:, 0])])
    assert MultiOutputClassifier(classifier).fit(X, pairs).predict(X).shape == (120, 2)


def test_permutation_importance_finds_the_inputs_that_matter():
    fitted = clone(REGRESSOR).fit(X, Y)
    importance = permutation_importance(fitted, X, Y, n_repeats=3, random_state=0)
    assert importance.importances_mean[:5].min() > importance.importances_mean[5:].max()


def test_stacked_predictions_of_held_out_rows():
    classifier = rg.GaussNewtonClassifier(4, ridge=1.0, random_state=0)
    probabilities = cross_val_predict(classifier, X, labels(), cv=3, method="predict_proba")
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)


def test_parameters_are_set_cloned_and_shown():
    estimator = rg.GaussNewtonRegressor().set_params(hidden=[3, 2], ridge=2)
    assert repr(clone(estimator)) == "GaussNewtonRegressor(hidden=[3, 2], ridge=2)"
    assert estimator.get_params()["hidden"] is estimator.hidden
    assert set(estimator.get_params()) == {
        *("hidden", "activation", "loss", "ridge", "method", "validation"),
        *("max_iterations", "tolerance", "warm_start", "random_state"),
    }


def perceptron(make, seed):
    return make(hidden_layer_sizes=(16,), activation="tanh", max_iter=3000, random_state=seed)


@pytest.mark.slow
def test_scores_on_diabetes_are_those_of_scikit_learns_network():
    inputs, y = rg.datasets.load("diabetes")
    folds = KFold(5, shuffle=True, random_state=0)
    mine = cross_val_score(rg.GaussNewtonRegressor(random_state=0), inputs, y, cv=folds).mean()
    theirs = TransformedTargetRegressor(
        make_pipeline(StandardScaler(), perceptron(MLPRegressor, 0)), transformer=StandardScaler()
    )
    assert mine > max(0.45, cross_val_score(theirs, inputs, y, cv=folds).mean())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["breast_cancer", "iris", "wine"])
def test_scores_on_classes_are_those_of_scikit_learns_network(name):
    inputs, y = rg.datasets.load(name)
    mine = cross_val_score(rg.GaussNewtonClassifier(random_state=0), inputs, y, cv=5).mean()
    theirs = make_pipeline(StandardScaler(), perceptron(MLPClassifier, 0))
    # a row or two
    assert mine > cross_val_score(theirs, inputs, y, cv=5).mean() - 0.015
