"""The manifold in the metric of a loss: its gradient is the generalised Gauss-Newton direction."""

import numpy as np
import pytest
from manifold_cases import network_manifold

import riemgn as rg


def generalised(kind, outputs=1):
    """A natural problem, a point, and the dense metric H at the point."""
    M, x = network_manifold((3, 2, outputs), samples=40, scale=1.0)
    generator = np.random.default_rng(1)
    n = x.size
    loss = {
        "squared": lambda: rg.SquaredLoss(generator.normal(size=n)),
        "logistic": lambda: rg.LogisticLoss(generator.integers(0, 2, n)),
        "ridged logistic": lambda: rg.LogisticLoss(generator.integers(0, 2, n), ridge=0.1),
        "poisson": lambda: rg.PoissonLoss(generator.poisson(1.0, n)),
        "softmax": lambda: rg.SoftmaxLoss(generator.integers(0, outputs, 40), ridge=0.05),
        "huber": lambda: rg.HuberLoss(2.0 * generator.normal(size=n), 0.5),
    }[kind]()
    root = loss.hessian_root(x.outputs)
    H = root.times(root.transposed(np.eye(n)))
    return rg.Problem(M, loss).natural(), x, H


KINDS = [
    ("squared", 1),
    ("logistic", 1),
    ("ridged logistic", 1),
    ("poisson", 1),
    ("softmax", 3),
    ("huber", 1),
]
EVERY = pytest.mark.parametrize(("kind", "outputs"), KINDS)


@EVERY
def test_the_gradient_is_the_generalised_gauss_newton_direction(kind, outputs):
    problem, x, H = generalised(kind, outputs)
    J, g = x.jacobian, problem.loss.gradient(x.outputs)
    step = np.linalg.solve(J.T @ H @ J, J.T @ g)
    gradient = problem.riemannian_gradient(x)
    np.testing.assert_allclose(gradient, J @ step, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(problem.manifold.lift(x, gradient), step, rtol=1e-6, atol=1e-8)


@EVERY
def test_the_gradient_represents_the_derivative_in_the_metric(kind, outputs):
    problem, x, H = generalised(kind, outputs)
    N, g = problem.manifold, problem.loss.gradient(x.outputs)
    gradient = problem.riemannian_gradient(x)
    for seed in range(3):
        v = N.random_tangent_vector(x, seed=seed)
        assert N.inner_product(x, gradient, v) == pytest.approx(g @ v, rel=1e-7, abs=1e-9)
        assert N.norm(x, v) == pytest.approx(1.0)
        assert v @ H @ v == pytest.approx(1.0)
    # among steps of one length in the metric none lowers the loss faster
    assert g @ gradient == pytest.approx(N.norm(x, gradient) ** 2, rel=1e-7)


@EVERY
def test_the_projection_is_orthogonal_in_the_metric(kind, outputs):
    problem, x, _ = generalised(kind, outputs)
    N = problem.manifold
    generator = np.random.default_rng(4)
    v, z = generator.normal(size=(2, x.size))
    P = N.projection(x, v)
    np.testing.assert_allclose(N.projection(x, P), P, atol=1e-9)
    left, right = N.inner_product(x, P, z), N.inner_product(x, v, N.projection(x, z))
    assert left == pytest.approx(right, rel=1e-7, abs=1e-9)
    np.testing.assert_allclose(x.jacobian @ N.lift(x, P), P, atol=1e-9)


def test_squared_loss_keeps_the_metric():
    problem, x, _ = generalised("squared")
    M, N = rg.ImmersedManifold(problem.manifold.immersion), problem.manifold
    v = np.random.default_rng(0).normal(size=x.size)
    np.testing.assert_allclose(N.projection(x, v), M.projection(x, v), atol=1e-12)
    assert N.inner_product(x, v, v) == pytest.approx(M.inner_product(x, v, v))
    xi, eta = np.random.default_rng(1).normal(size=(2, x.params.size))
    np.testing.assert_allclose(N.christoffel(x, xi, eta), M.christoffel(x, xi, eta), rtol=1e-9)


@pytest.mark.parametrize("kind", ["logistic", "ridged logistic", "poisson"])
def test_christoffel_symbols_are_those_of_the_metric(kind):
    problem, x, _ = generalised(kind)
    f, loss, p = problem.manifold.immersion, problem.loss, x.params.size

    def metric(w):
        B = loss.hessian_root(f(w)).transposed(f.jacobian(w))
        return B.T @ B

    h, w = 1e-5, x.params
    dG = np.stack([(metric(w + h * e) - metric(w - h * e)) / (2 * h) for e in np.eye(p)], axis=2)
    xi, eta = np.random.default_rng(0).normal(size=(2, p))
    lowered = 0.5 * (
        np.einsum("lji,i,j->l", dG, xi, eta)
        + np.einsum("lij,i,j->l", dG, xi, eta)
        - np.einsum("ijl,i,j->l", dG, xi, eta)
    )
    gamma = problem.manifold.christoffel(x, xi, eta)
    np.testing.assert_allclose(metric(w) @ gamma, lowered, atol=1e-7 * np.abs(lowered).max())


@pytest.mark.parametrize("kind", ["logistic", "huber"])
def test_the_corrected_retraction_serves_gauss_newton(kind):
    problem, x, _ = generalised(kind)
    M = rg.ImmersedManifold(problem.manifold.immersion, retraction="corrected")
    own = rg.Problem(M, problem.loss)
    assert own.natural().manifold.retraction_name == "corrected"
    result = rg.GaussNewton(max_iterations=10).run(own, initial_point=x)
    assert result.cost < own.cost(x)


def test_the_metric_of_two_points_is_not_mixed_up():
    problem, x, _ = generalised("logistic")
    N = problem.manifold
    y = N.retraction(x, 0.3 * N.random_tangent_vector(x, seed=0))
    v = np.random.default_rng(0).normal(size=x.size)
    alone = N.in_metric(problem.loss)
    wanted = [alone.projection(point, v) for point in (x, y)]
    for _ in range(2):
        np.testing.assert_array_equal(N.projection(x, v), wanted[0])
        np.testing.assert_array_equal(N.projection(y, v), wanted[1])


def test_what_this_metric_has_not_is_refused():
    problem, x, _ = generalised("logistic")
    v = np.ones(x.size)
    for name in ("weingarten", "second_fundamental_form"):
        with pytest.raises(NotImplementedError, match="varies over R"):
            getattr(problem.manifold, name)(x, v, v)
    for bad, error in ((v[1:], ValueError), (v * 1j, TypeError), (v * np.nan, rg.NumericalError)):
        with pytest.raises(error, match="tangent_vector"):
            problem.manifold.lift(x, bad)
