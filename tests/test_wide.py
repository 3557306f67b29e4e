"""Where p > n nothing may ever hold an (n, p) array."""

import numpy as np
import pytest

import riemgn as rg
from riemgn.immersions.feedforward_jet import FeedforwardJet
from riemgn.losses import DirectSumLoss


class _NoJacobian:
    """A network whose Jacobian cannot be had."""

    def __init__(self, monkeypatch):
        def refuse(jet):
            raise AssertionError("the wide path formed an n x p array")

        monkeypatch.setattr(FeedforwardJet, "jacobian", refuse)
        generator = np.random.default_rng(0)
        self.X = generator.normal(size=(20, 3))
        self.y = np.sin(self.X[:, 0]) + self.X[:, 1]
        self.net = rg.Network([3, 60, 1])
        self.w = self.net.init(seed=0)
        self.M = rg.OutputManifold(self.net, self.X)


@pytest.fixture
def no_jacobian(monkeypatch):
    return _NoJacobian(monkeypatch)


def test_wide_factors_need_no_jacobian(no_jacobian):
    M, x = no_jacobian.M, no_jacobian.M.point(no_jacobian.w)
    v = np.random.default_rng(1).normal(size=20)
    assert x.rank == 20
    xi = M.lift(x, v)
    np.testing.assert_allclose(x.jet.jvp(xi), v, atol=1e-10)
    np.testing.assert_array_equal(M.projection(x, v), v)
    np.testing.assert_allclose(x.factor.transposed_lift(xi), np.linalg.solve(x.jet.kernel(), v))
    np.testing.assert_array_equal(M.tangent_basis(x), np.eye(20))
    assert np.isfinite(x.condition_number)
    assert M.retraction(x, 0.01 * v).is_finite
    np.testing.assert_array_equal(M.weingarten(x, v, v), np.zeros(20))


@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize(
    "optimizer",
    [
        rg.LevenbergMarquardt(max_iterations=20),
        rg.LevenbergMarquardt("kernel", max_iterations=20),
        rg.LevenbergMarquardt(0.1, max_iterations=20),
        rg.GaussNewton(max_iterations=20),
    ],
    ids=["gain-ratio", "kernel", "fixed", "gauss-newton"],
)
def test_wide_runs_need_no_jacobian(optimizer, loss, no_jacobian):
    y = no_jacobian.y
    made = rg.SquaredLoss(y) if loss == "squared" else rg.LogisticLoss((y > 0) * 1, ridge=0.1)
    problem = rg.Problem(no_jacobian.M, made)
    x = no_jacobian.M.point(no_jacobian.w)
    result = optimizer.run(problem, initial_point=x)
    assert result.cost < 0.9 * problem.cost(x)


def test_wide_ridges_need_no_jacobian(no_jacobian):
    f = no_jacobian.M.immersion.ridged(1e-3, no_jacobian.w)
    M = rg.ImmersedManifold(f)
    loss = DirectSumLoss(rg.SquaredLoss(no_jacobian.y), rg.SquaredLoss(np.zeros(f.dim)))
    problem = rg.Problem(M, loss)
    system = M.point(no_jacobian.w).jet.damped_system(loss.hessian_root(M.point(no_jacobian.w)))
    assert np.all(np.isfinite(system.solve(np.ones(f.ambient_dim), 1e-3)))
    assert problem.cost(M.point(no_jacobian.w)) > 0
