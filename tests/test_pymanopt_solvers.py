"""pymanopt's own optimizers, untouched, on the output manifold of a network on real data."""

import numpy as np
import pymanopt
import pytest
import scipy.optimize
from sklearn.datasets import load_breast_cancer, load_diabetes

import riemgn as rg


def standardised(array):
    return (array - array.mean(axis=0)) / array.std(axis=0)


@pytest.fixture(scope="module")
def diabetes():
    X, y = load_diabetes(return_X_y=True)
    return standardised(X), standardised(y)


def flat_problem(X, loss, hidden, scale, seed=0):
    """A problem so flat that every good solver finds one and the same optimum."""
    net = rg.Network([X.shape[1], hidden, 1])
    w0 = net.init(seed=seed)
    M = rg.OutputManifold(net.scaled(scale).centred(w0), X)
    return rg.Problem(M, loss), M.point(w0)


SOLVERS = {"SteepestDescent": 200, "ConjugateGradient": 200, "TrustRegions": 40}


def solved(problem, x, name):
    solver = getattr(pymanopt.optimizers, name)(verbosity=0, max_iterations=SOLVERS[name])
    return solver.run(problem, initial_point=x)


def gradient_norm(problem, point):
    return problem.manifold.norm(point, problem.riemannian_gradient(point))


@pytest.fixture(scope="module")
def least_squares(diabetes):
    X, y = diabetes
    problem, x = flat_problem(X, rg.SquaredLoss(y), hidden=4, scale=256.0)
    return problem, x, {name: solved(problem, x, name) for name in SOLVERS}


@pytest.mark.parametrize("name", SOLVERS)
def test_first_and_second_order_solvers_reach_one_optimum(name, least_squares):
    problem, x, results = least_squares
    result = results[name]
    best = min(other.cost for other in results.values())
    assert result.cost == pytest.approx(best, rel=1e-9)
    assert result.cost < 0.5 * problem.cost(x)
    assert gradient_norm(problem, result.point) < 1e-5
    assert isinstance(result.point, rg.Point)
    assert problem.cost(result.point) == pytest.approx(result.cost, rel=1e-14)


def test_newton_steps_are_few(least_squares):
    _, _, results = least_squares
    assert results["TrustRegions"].iterations <= 12 < results["SteepestDescent"].iterations


def test_an_independent_solver_finds_nothing_better_from_there(least_squares):
    problem, x, results = least_squares
    f, y = problem.manifold.immersion, problem.loss.targets
    for start in (x.params, results["TrustRegions"].point.params):
        peer = scipy.optimize.least_squares(
            lambda w: f(w) - y, start, jac=f.jacobian, method="lm", xtol=1e-15, ftol=1e-15
        )
        assert peer.cost == pytest.approx(results["TrustRegions"].cost, rel=1e-9)


def test_solvers_agree_on_a_classification():
    X, labels = load_breast_cancer(return_X_y=True)
    loss = rg.LogisticLoss(labels, ridge=0.05)
    problem, x = flat_problem(standardised(X)[:, :8], loss, hidden=3, scale=128.0)
    costs = {}
    for name in SOLVERS:
        result = solved(problem, x, name)
        assert gradient_norm(problem, result.point) < 1e-4
        costs[name] = result.cost
    best = min(costs.values())
    assert costs == pytest.approx(dict.fromkeys(SOLVERS, best), rel=1e-8)
    assert best < 0.6 * problem.cost(x)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("SteepestDescent", {}),
        ("ConjugateGradient", {}),
        # where the Hessian is the identity its inner iteration arrives in one step, and divides by
        # zero in the second that it makes by default
        ("TrustRegions", {"mininner": 0}),
    ],
)
def test_a_wide_network_is_fitted_exactly(name, options, diabetes):
    X, y = diabetes
    net = rg.Network([10, 20, 1])
    M = rg.OutputManifold(net, X[:60])
    problem = rg.Problem(M, rg.SquaredLoss(y[:60]))
    solver = getattr(pymanopt.optimizers, name)(verbosity=0, max_iterations=60)
    result = solver.run(problem, initial_point=M.point(net.init(seed=0)), **options)
    assert M.dim == 60
    assert result.cost < 1e-10


# Solvers that use no derivatives draw points by themselves


class SeededManifold(rg.OutputManifold):
    """Points and vectors that solvers draw without a seed come from one generator."""

    def __init__(self, network, X, seed):
        super().__init__(network, X)
        self.generator = np.random.default_rng(seed)

    def random_point(self, seed=None):
        return super().random_point(self.generator if seed is None else seed)

    def random_tangent_vector(self, point, seed=None):
        return super().random_tangent_vector(point, self.generator if seed is None else seed)


@pytest.mark.parametrize("activation", ["tanh", "softplus"])
@pytest.mark.parametrize(
    "solver",
    [
        # its check of a given simplex is inverted in pymanopt 2.2.1: it must draw its own
        pymanopt.optimizers.NelderMead(verbosity=0, max_iterations=25),
        pymanopt.optimizers.ParticleSwarm(verbosity=0, max_iterations=25, population_size=10),
    ],
    ids=["NelderMead", "ParticleSwarm"],
)
def test_solvers_without_derivatives_lower_the_cost(solver, activation, diabetes):
    X, y = diabetes
    net = rg.Network([2, 1, 1], activation=activation)
    # between points drawn at random there need not be a geodesic
    M = SeededManifold(net, X[:, [2, 8]], seed=2).by_chords()
    problem = rg.Problem(M, rg.SquaredLoss(y))
    drawn = SeededManifold(net, X[:, [2, 8]], seed=2)
    start = min(problem.cost(drawn.random_point()) for _ in range(10))
    state = np.random.get_state()  # noqa: NPY002 - pymanopt's swarm draws from the global state
    np.random.seed(0)  # noqa: NPY002
    try:
        result = solver.run(problem)
    finally:
        np.random.set_state(state)  # noqa: NPY002
    assert isinstance(result.point, rg.Point)
    assert problem.cost(result.point) <= result.cost * (1 + 1e-12)
    assert result.cost < 0.9 * start
