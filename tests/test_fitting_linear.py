"""`fit` of networks without hidden layers: generalised linear models, which have known minima."""

import numpy as np
import pytest
import scipy.optimize
import scipy.stats

import riemgn as rg

EXACT = {"max_iterations": 300, "tolerance": 1e-14}


def noisy_waves():
    draws = np.random.default_rng(0)
    X = draws.normal(size=(120, 3))
    return X, np.sin(2 * X[:, 0]) + 0.5 * X[:, 1] + 0.3 * draws.normal(size=120)


def standardised(X):
    return (X - X.mean(axis=0)) / X.std(axis=0)


def with_intercept(X):
    return np.column_stack([standardised(X), np.ones(len(X))])


@pytest.mark.parametrize("ridge", [0.0, 0.7, 40.0])
def test_a_linear_network_is_ridge_regression(ridge):
    from sklearn.linear_model import Ridge

    X, y = noisy_waves()
    fitted = rg.fit(rg.Network([3, 1]), X, y, ridge=ridge, **EXACT)
    peer = Ridge(alpha=ridge, fit_intercept=False, solver="svd").fit(
        with_intercept(X), standardised(y)
    )
    np.testing.assert_allclose(fitted.params, peer.coef_, rtol=1e-9, atol=1e-12)
    expected = y.mean() + y.std() * peer.predict(with_intercept(X))
    np.testing.assert_allclose(fitted.predict(X), expected, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("ridge", [0.3, 5.0])
@pytest.mark.parametrize("loss", ["logistic", "softmax"])
def test_a_linear_network_is_logistic_regression(loss, ridge):
    from sklearn.linear_model import LogisticRegression

    X, y = rg.datasets.load("iris")
    if loss == "logistic":
        X, y = X[50:], y[50:]
    net = rg.Network([4, 1 if loss == "logistic" else 3])
    fitted = rg.fit(net, X, y, loss, ridge=ridge, **EXACT)
    peer = LogisticRegression(C=1 / ridge, fit_intercept=False, tol=1e-10, max_iter=10_000)
    peer.fit(with_intercept(X), y)
    expected = peer.predict_proba(with_intercept(X))
    np.testing.assert_allclose(fitted.predict_proba(X), expected, atol=1e-6)
    assert fitted.predict(X).tolist() == peer.predict(with_intercept(X)).tolist()


def test_a_linear_network_is_poisson_regression():
    from sklearn.linear_model import PoissonRegressor

    draws = np.random.default_rng(0)
    X = draws.normal(size=(200, 2))
    y = draws.poisson(np.exp(1.0 + 0.5 * X[:, 0]))
    ridge = 3.0
    fitted = rg.fit(rg.Network([2, 1]), X, y, "poisson", ridge=ridge, **EXACT)
    peer = PoissonRegressor(alpha=ridge / 200, fit_intercept=False, tol=1e-10, max_iter=10_000)
    rates = peer.fit(with_intercept(X), y / y.mean()).predict(with_intercept(X))
    np.testing.assert_allclose(fitted.predict(X), rates * y.mean(), rtol=1e-5)


def test_a_linear_network_under_hubers_loss():
    X, y = noisy_waves()
    y[:6] += 30
    fitted = rg.fit(rg.Network([3, 1]), X, y, "huber", ridge=1.0, **EXACT)
    spread = scipy.stats.median_abs_deviation(y, scale="normal")
    loss, A = rg.HuberLoss((y - np.median(y)) / spread, 1.345), with_intercept(X)
    peer = scipy.optimize.minimize(
        lambda w: loss.value(A @ w) + 0.5 * w @ w,
        np.zeros(4),
        jac=lambda w: A.T @ loss.gradient(A @ w) + w,
        method="BFGS",
        options={"gtol": 1e-10},
    )
    np.testing.assert_allclose(fitted.params, peer.x, atol=2e-5)
