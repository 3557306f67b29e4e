"""C6: its measurements beside independent ones, and schedules that must not pass for adaptive."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm
from scipy.optimize import minimize_scalar

import riemgn as rg
from riemgn.manifolds.metrics import LossHessian
from riemgn.plotting.style import new_figure
from riemgn.reproduction.claim import measured
from riemgn.reproduction.damped_flows import (
    followed,
    gradient_flow,
    late_rate,
    linear_gaps,
    optimum_rate,
    speed_ratio,
)
from riemgn.reproduction.damping import CLAIM
from riemgn.reproduction.paired import (
    logistic_optimum,
    nearly_linear_targets,
    paired_classes,
    paired_counts,
    paired_inputs,
    paired_regression,
)
from riemgn.theory import fit_rate

pytestmark = pytest.mark.slow

SMALL = {"seeds": 1, "n": 20, "distances": [1e-1, 1e-5], "curved": [1e-4]}


@pytest.fixture(scope="module")
def small():
    """The pieces of a small run, measured once."""
    return [measured(CLAIM.measure, arguments) for arguments in CLAIM.pieces(**SMALL)]


def with_sweep(small, **replaced):
    """The verdict where the sweep alone is measured anew, with other arguments."""
    return with_parts(small, {"sweep"}, **replaced)


def with_parts(small, parts, **replaced):
    """The verdict where some parts are measured anew, with other arguments."""
    anew = [
        measured(CLAIM.measure, piece.arguments, **replaced)
        if piece.arguments["part"] in parts
        else piece
        for piece in small
    ]
    return CLAIM.judge(anew)


def mean_flow(problem, point, t_end, damping, **options):
    """The Levenberg-Marquardt flow with the running mean of its outputs in place of the last."""
    flow = rg.levenberg_marquardt_flow(problem, point, t_end, damping, **options)
    counts = np.arange(1, len(flow) + 1)[:, None]
    outputs = np.cumsum(flow.outputs, axis=0) / counts
    losses = np.array([problem.loss.value(u) for u in outputs])
    return replace(flow, outputs=outputs, losses=losses)


def mean_params_flow(problem, point, t_end, damping, **options):
    """That flow with the running mean of its parameters, and all else left alone."""
    flow = rg.levenberg_marquardt_flow(problem, point, t_end, damping, **options)
    counts = np.arange(1, len(flow) + 1)[:, None]
    return replace(flow, params=np.cumsum(flow.params, axis=0) / counts)


def shortened_flow(problem, point, t_end, damping, **options):
    """That flow without its last third, which says that it is complete."""
    flow = rg.levenberg_marquardt_flow(problem, point, t_end, damping, **options)
    return flow[: 2 * len(flow) // 3]


def fast_flow(problem, point, t_end, damping, *, times, **options):
    """That flow at 1.4 times its speed, in the loss's metric alone."""
    fast = 1.4 if isinstance(problem.manifold.metric, LossHessian) else 1.0
    flow = rg.levenberg_marquardt_flow(
        problem, point, fast * t_end, damping, times=fast * times, **options
    )
    return replace(flow, times=times)


@pytest.mark.slow
def test_it_holds_at_a_small_size(small):
    verdict = CLAIM.judge(small)
    assert verdict.holds, [check for check in verdict.checks if not check.holds]
    CLAIM.draw(verdict, new_figure())


@pytest.mark.slow
@pytest.mark.parametrize(
    "replaced",
    [
        {"damping": 0.3},
        {"flow": gradient_flow},
        {"flow": mean_params_flow},
    ],
    ids=["fixed damping", "gradient flow", "mean of iterates"],
)
def test_it_does_not_hold_for(small, replaced):
    verdict = with_sweep(small, **replaced)
    assert not verdict.holds
    failing = [check.name for check in verdict.checks if not check.holds]
    assert any(name.startswith("adaptive, squared loss: least late rate") for name in failing)


@pytest.mark.slow
def test_a_flow_that_is_cut_short_does_not_hold(small):
    failing = [c.name for c in with_sweep(small, flow=shortened_flow).checks if not c.holds]
    assert "adaptive flows that do not come to their last time" in failing


@pytest.mark.slow
def test_another_speed_in_the_metric_of_the_loss_does_not_hold(small):
    verdict = with_parts(small, {"logistic", "poisson", "breast_cancer"}, flow=fast_flow)
    failing = {c.name for c in verdict.checks if not c.holds}
    off = "late rate over that of the flow linear at the optimum, less 1"
    assert {
        f"{name}, loss's metric: {off}" for name in ("logistic and Poisson", "breast cancer")
    } <= failing


@pytest.mark.slow
def test_a_slightly_slower_flow_does_not_hold(small):
    def slow_flow(problem, point, t_end, damping, *, times, **options):
        flow = rg.levenberg_marquardt_flow(
            problem, point, 0.985 * t_end, damping, times=0.985 * times, **options
        )
        return replace(flow, times=times)

    failing = [c.name for c in with_sweep(small, flow=slow_flow).checks if not c.holds]
    assert [name for name in failing if name.startswith("small targets: late rate over that")]


@pytest.mark.slow
def test_outputs_and_losses_of_a_flow_are_not_believed():
    """A flow whose outputs and losses alone are averaged is measured as if they were not."""
    case = paired_regression(0.1, 0, 6, alpha=1.0)
    honest, lied = (
        followed(case.problem, case.point, "kernel", 1.0, flow, 1e-6)
        for flow in (rg.levenberg_marquardt_flow, mean_flow)
    )
    np.testing.assert_array_equal(honest.losses, lied.losses)
    np.testing.assert_array_equal(honest.outputs, lied.outputs)


@pytest.mark.slow
def test_pieces_are_deterministic():
    arguments = CLAIM.pieces(**SMALL)[0]
    first, second = (measured(CLAIM.measure, arguments).arrays for _ in range(2))
    assert first.keys() == second.keys()
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_inputs_come_in_pairs():
    X = paired_inputs(1e-3, np.random.default_rng(0), 40)
    np.testing.assert_allclose(np.linalg.norm(X[:20], axis=1), 1.0)
    apart = np.linalg.norm(X[20:] - X[:20], axis=1)
    assert np.all(apart < 1e-3 * 5)
    assert np.median(apart) == pytest.approx(1e-3 * np.sqrt(5), rel=0.3)


def test_the_least_eigenvalue_falls_like_the_square_of_the_distance():
    least = [
        np.linalg.svd(paired_regression(eps, 0, 10).point.jet.jacobian(), compute_uv=False)[-1] ** 2
        for eps in (1e-2, 1e-4)
    ]
    assert least[0] / least[1] == pytest.approx(1e4, rel=0.05)


@pytest.mark.parametrize("ridge", [1e-1, 1e-3])
def test_least_logistic_loss(ridge):
    case = paired_classes(0.1, 0, ridge, n=6)
    sample = minimize_scalar(
        lambda u: np.log1p(np.exp(-u)) + 0.5 * ridge * u**2, bracket=(0, 5), tol=1e-12
    )
    assert case.least_loss == pytest.approx(6 * sample.fun, rel=1e-12)
    h = 1e-4
    value = [np.log1p(np.exp(-u)) + 0.5 * ridge * u**2 for u in sample.x + h * np.array([-1, 0, 1])]
    assert case.curvature[0] == pytest.approx((value[0] - 2 * value[1] + value[2]) / h**2, rel=1e-4)


def test_least_poisson_loss():
    case = paired_counts(0.1, 0, 3.0, n=6)
    u = np.log(case.problem.loss.targets)
    assert case.least_loss == pytest.approx(case.problem.loss.value(u), rel=1e-13)
    assert np.linalg.norm(case.problem.loss.gradient(u)) < 1e-12
    np.testing.assert_allclose(case.curvature, (np.exp(u).min(), np.exp(u).max()))


@pytest.mark.parametrize("damping", ["kernel", "shifted", 0.3])
def test_linear_gaps_solve_the_linear_equation(damping):
    """Beside scipy's integration of u' = -S g, S from the definition with the kernel's inverse."""
    case = paired_regression(0.1, 0, 6, alpha=1.0)
    J, y = case.point.jet.jacobian(), case.problem.loss.targets
    K = J @ J.T
    least = np.linalg.eigvalsh(K)[0]
    shift, length = {
        "kernel": (least, 1 + least if least <= 1 else 1.0),
        "shifted": (least, 1.0),
        0.3: (0.3 / 0.7, 1 / 0.7),
    }[damping]
    S = length * K @ np.linalg.inv(K + shift * np.eye(6))
    times = np.linspace(0, 3, 7)
    solved = solve_ivp(
        lambda t, u: -S @ (u - y), (0, 3), np.zeros(6), t_eval=times, rtol=1e-10, atol=1e-12
    )
    expected = 0.5 * np.sum((solved.y - y[:, None]) ** 2, axis=0)
    np.testing.assert_allclose(linear_gaps(case, damping, times), expected, rtol=1e-7)


@pytest.mark.parametrize("metric", ["dot product", "loss"])
def test_optimum_rate_is_that_of_the_linear_equation(metric):
    """Beside u' = -A H (u - u*) by matrix exponentials, A with the kernel's inverse."""
    case = paired_classes(0.1, 0, 0.1, n=6)
    problem = case.problem.natural() if metric == "loss" else case.problem
    end = 12.0 if metric == "loss" else 50.0
    path = followed(problem, case.point, "kernel", end, rg.levenberg_marquardt_flow, 1e-8)
    last, loss = problem.manifold.point(path.params[-1]), case.problem.loss
    u = logistic_optimum(0.1) * (2 * loss.targets - 1)
    H = np.diag(loss.hessian_vp(u, np.ones(6)))
    L = np.sqrt(H) if metric == "loss" else np.eye(6)
    J = L @ last.jet.jacobian()
    K = J @ J.T
    least = np.linalg.eigvalsh(K)[0]
    length = 1 + least if least <= 1 else 1.0
    inverse = np.linalg.inv(L)
    A = inverse @ (length * K @ np.linalg.inv(K + least * np.eye(6))) @ inverse
    late = (path.times >= 0.5 * end) & (path.losses - case.least_loss >= 1e-8 * path.losses[0])
    times, start = path.times[late], path.outputs[late][0] - u
    away = np.array([expm(-(t - times[0]) * A @ H) @ start for t in times])
    expected = fit_rate(times, 0.5 * np.sum(away @ H * away, axis=1)).rate
    measured_rate = optimum_rate(problem, case, path, "kernel", end)
    assert measured_rate == pytest.approx(expected, rel=5e-3)


def test_speed_ratio_is_that_of_the_parameters():
    case = paired_regression(0.1, 0, 6, alpha=1.0)
    J, g = case.point.jet.jacobian(), -case.problem.loss.targets
    rho = 0.3
    w = J.T @ np.linalg.solve((1 - rho) * J @ J.T + rho * np.eye(6), g)
    expected = np.linalg.norm(w) / (np.linalg.norm(g) / (2 * np.sqrt(rho * (1 - rho))))
    assert speed_ratio(case.problem, case.point.params[None], rho) == pytest.approx(expected)


def test_late_rate_leaves_out_what_is_not_resolved():
    times = np.linspace(0, 10, 21)
    gaps = np.exp(-2 * times) + 1e-9
    assert late_rate(times, gaps, 10.0) == pytest.approx(2.0, rel=0.03)
    assert np.isnan(late_rate(times, np.exp(-9 * times), 10.0))


def test_targets_are_small_where_pairs_are_close():
    assert nearly_linear_targets(0.1) == 1.0
    assert nearly_linear_targets(1e-4) == pytest.approx(1e-4)
