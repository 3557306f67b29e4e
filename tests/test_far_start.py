"""Starts whose squared loss is beyond the range of floats: the way back keeps the run's limits."""

import numpy as np
import pytest
from contract_cases import Watched, on, valley

import riemgn as rg


def far(told=lambda count: None):
    """Rosenbrock's function from so far off that the square of a residual overflows."""
    quiet = valley()
    problem, x = on(quiet, [0.0, 0.0], [1e80, 1.0])
    assert not np.isfinite(problem.cost(x))
    quiet._told, quiet.count = told, 0
    return problem, x


def test_the_way_back_is_found_and_counted():
    A = np.array([[1.0, 2.0], [0.0, 1.0]])
    immersion = Watched(lambda w: A @ w, lambda w: A, dim=2, ambient_dim=2)
    problem, x = on(immersion, [5.0, 1.0], [1e160, -1e160])
    immersion.count = 1
    result = rg.minimize(problem, x)
    assert result.success
    np.testing.assert_allclose(result.point.params, [3.0, 1.0], rtol=1e-9)
    assert result.history[0].evaluations > 1
    # the point that is in range is made again
    assert result.cost_evaluations == immersion.count - 1


@pytest.mark.parametrize("limit", [{"max_evaluations": 3}, {"max_iterations": 2}])
@pytest.mark.parametrize("method", ["auto", "lbfgs", "fixed-step"])
def test_the_way_back_keeps_the_limits(method, limit):
    problem, x = far()
    with pytest.raises(rg.NumericalError, match="beyond the range of floats: the limit of"):
        rg.minimize(problem, x, method, **limit)
    assert problem.manifold.immersion.count <= 6


def test_the_way_back_keeps_the_limit_of_time():
    problem, x = far()
    with pytest.raises(rg.NumericalError, match="the limit of 1e-09 s is reached"):
        rg.minimize(problem, x, max_time=1e-9)


def test_an_interrupt_on_the_way_back_is_one():
    def told(count):
        if count == 3:
            raise KeyboardInterrupt

    problem, x = far(told)
    with pytest.raises(KeyboardInterrupt):
        rg.minimize(problem, x)


def test_targets_out_of_reach_end_the_way_back():
    """In units of the residual the squares of J underflow, and the damping with them."""
    X = np.random.default_rng(0).normal(size=(30, 2))
    net = rg.Network([2, 3, 1])
    M = rg.OutputManifold(net, X)
    problem = rg.Problem(M, rg.SquaredLoss(1e160 * X[:, 0]))
    with pytest.raises(rg.NumericalError, match="beyond the range of floats"):
        rg.minimize(problem, M.random_point(0), max_iterations=3)
