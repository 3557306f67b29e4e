"""Rates of Levenberg-Marquardt from the eigenvalues of the kernel, against their definitions."""

import autograd.numpy as anp
import numpy as np
import pytest

import riemgn as rg
from riemgn.optimizers import KernelAdaptive, KernelShifted

theory = rg.theory


def wide(loss, n=8, eps=0.03, alpha=30.0, width=150, seed=0):
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(n // 2, 3))
    X = np.vstack([X, X + eps * generator.normal(size=X.shape)])
    net = rg.Network([3, width, 1])
    w0 = net.init(seed)
    M = rg.OutputManifold(net.scaled(alpha).centred(w0), X)
    y = generator.normal(size=n)
    losses = {
        "squared": lambda: rg.SquaredLoss(y),
        "logistic": lambda: rg.LogisticLoss(y > 0, ridge=0.2),
    }
    return rg.Problem(M, losses[loss]()), M.point(w0)


@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("natural", [False, True])
@pytest.mark.parametrize("damping", [0.3, 1.0, "kernel", "shifted", KernelAdaptive(3.0)])
def test_speeds_are_the_extreme_eigenvalues_of_the_damped_kernel(loss, natural, damping):
    problem, x = wide(loss)
    problem = problem.natural() if natural else problem
    u, n = x.outputs, x.size
    H = np.stack([problem.loss.hessian_vp(u, e) for e in np.eye(n)]) if natural else np.eye(n)
    B = np.linalg.cholesky(H).T @ x.jacobian
    K = B @ B.T
    lam = np.linalg.eigvalsh(K)
    c = getattr(damping, "c", 1.0)
    rho = damping if isinstance(damping, float) else c * lam[0] / (1 + c * lam[0])
    if damping == "shifted":
        S = K @ np.linalg.inv(K + lam[0] * np.eye(n))
    else:
        S = K @ np.linalg.inv((1 - rho) * K + rho * np.eye(n))
    speeds = theory.kernel_speeds(problem, x, damping)
    wanted = np.linalg.eigvals(S).real
    assert lam[0] < 1
    assert speeds.least == pytest.approx(wanted.min(), rel=1e-7)
    assert speeds.largest == pytest.approx(wanted.max(), rel=1e-7)
    assert speeds.damping == pytest.approx(rho, rel=1e-8)
    assert speeds.least_eigenvalue == pytest.approx(lam[0], rel=1e-8)
    assert speeds.largest_eigenvalue == pytest.approx(lam[-1], rel=1e-12)


def test_adaptive_speed_does_not_depend_on_the_least_eigenvalue():
    for eps in (3e-2, 1e-2, 1e-3, 1e-4):
        problem, x = wide("squared", eps=eps)
        for c in (0.5, 1.0, 4.0):
            speeds = theory.kernel_speeds(problem, x, KernelAdaptive(c))
            lam = speeds.least_eigenvalue
            assert speeds.least == pytest.approx((1 + c * lam) / (1 + c), rel=1e-6)
            shifted = theory.kernel_speeds(problem, x, KernelShifted(c))
            assert shifted.least == pytest.approx(1 / (1 + c), rel=1e-6)
            assert shifted.largest < 1


def test_least_speed_is_zero_where_outputs_outnumber_parameters():
    generator = np.random.default_rng(0)
    net = rg.Network([2, 2, 1])
    M = rg.OutputManifold(net, generator.normal(size=(20, 2)))
    problem = rg.Problem(M, rg.SquaredLoss(np.ones(20)))
    speeds = theory.kernel_speeds(problem, M.point(net.init(0)), 0.3)
    assert speeds.least == 0
    assert 0 < speeds.largest < 1 / 0.7


@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("natural", [False, True])
@pytest.mark.parametrize("damping", [0.3, "kernel", "shifted"])
def test_gap_stays_below_its_bound(loss, natural, damping):
    problem, x = wide(loss)
    problem = problem.natural() if natural else problem
    flow = rg.levenberg_marquardt_flow(problem, x, 6.0, damping, tolerance=1e-9)
    least = 0.0
    if loss == "logistic":
        ideal = rg.Problem(
            rg.ImmersedManifold(rg.autograd_immersion(lambda u: u, dim=x.size)), problem.loss
        )
        least = rg.minimize(ideal, ideal.manifold.point(x.outputs), tolerance=1e-13).cost
    bound = theory.damped_gap_bound(problem, flow, damping, least)
    gap = flow.losses - least
    assert np.all(gap <= bound * (1 + 1e-6) + 1e-12)
    assert bound[0] == pytest.approx(gap[0])
    assert bound[-1] < bound[0]


def test_bound_is_attained_by_a_single_mode():
    # one output: the kernel has one eigenvalue, and the bound is the flow itself
    M = rg.ImmersedManifold(rg.autograd_immersion(lambda w: 0.1 * w[:1] + 0.2 * w[1:], dim=2))
    problem = rg.Problem(M, rg.SquaredLoss(np.array([1.0])))
    flow = rg.levenberg_marquardt_flow(problem, M.point([0.0, 0.0]), 3.0, 0.5)
    assert theory.damped_gap_bound(problem, flow, 0.5) == pytest.approx(flow.losses, rel=1e-6)


@pytest.mark.parametrize("eta", [0.25, 0.5, 1.0])
def test_contraction_of_a_linear_step_is_below_its_bound_and_attains_it(eta):
    generator = np.random.default_rng(0)
    J = generator.normal(size=(4, 9))
    M = rg.ImmersedManifold(rg.autograd_immersion(lambda w: anp.dot(J, w), dim=9))
    x = M.point(generator.normal(size=9))
    problem = rg.Problem(M, rg.SquaredLoss(generator.normal(size=4)))
    speeds = theory.kernel_speeds(problem, x, 0.4)
    S_least, S_largest = speeds.least, speeds.largest
    bound = theory.contraction_bound(speeds, problem.loss, eta)
    assert bound == pytest.approx(1 - 2 * eta * S_least * (1 - eta * S_largest / 2))
    K = J @ J.T
    S = K @ np.linalg.inv(0.6 * K + 0.4 * np.eye(4))
    for _ in range(20):
        r = generator.normal(size=4)
        after = r - eta * S @ r
        assert after @ after <= bound * (r @ r) * (1 + 1e-12)


def test_bounds_that_say_nothing():
    problem, x = wide("squared")
    speeds = theory.kernel_speeds(problem, x, 1.0)
    assert theory.contraction_bound(speeds, problem.loss, 1.0) > 1  # too long a step
    assert theory.contraction_bound(speeds, rg.PoissonLoss(np.ones(8)), 1.0) == np.inf
    flow = rg.levenberg_marquardt_flow(problem, x, 0.1, 0.3)
    weighted = rg.Problem(problem.manifold.in_metric(np.arange(1.0, 9.0)), problem.loss)
    with pytest.raises(ValueError, match="metric must be"):
        theory.damped_gap_bound(weighted, flow, 0.3)
    with pytest.raises(ValueError, match="a search sets"):
        theory.kernel_speeds(problem, x, "gain-ratio")


def test_bound_of_another_problem_s_flow_is_refused():
    problem, x = wide("squared")
    flow = rg.levenberg_marquardt_flow(problem, x, 0.1, 0.3)
    other, _ = wide("squared", seed=1)
    with pytest.raises(ValueError, match="another problem"):
        theory.damped_gap_bound(other, flow, 0.3)
    larger, _ = wide("squared", n=10)
    with pytest.raises(ValueError, match="flow must be a trajectory of the problem"):
        theory.damped_gap_bound(larger, flow, 0.3)
    with pytest.raises(TypeError, match="flow must be a Trajectory"):
        theory.damped_gap_bound(problem, "flow", 0.3)
    with pytest.raises(TypeError, match="least_loss"):
        theory.damped_gap_bound(problem, flow, 0.3, "a")
    with pytest.raises(TypeError, match="speeds and loss"):
        theory.contraction_bound(None, problem.loss, 0.5)
