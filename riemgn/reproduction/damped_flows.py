"""What is measured of one damped flow: gaps beside their bound, the late rate, parameter speeds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

import riemgn as rg
from riemgn.flows import Trajectory
from riemgn.flows.entry import prescribed
from riemgn.flows.equations import damped_model
from riemgn.linalg import seen_through
from riemgn.manifolds import Point
from riemgn.problem import Problem
from riemgn.reproduction.paired import Wide
from riemgn.theory import damped_gap_bound, fit_rate, kernel_speeds

# Of a flow's steps. Once fast modes have come to rest beside slow ones, steps grow to the limit of
# stability, and fast modes carry an error of the tolerance in parameters, relative to the speed at
# the start, times the root of lambda_max in outputs. At 1e-6 that hides slow modes. The coarse
# tolerance serves for nearly linear f and schedules that leave no mode behind, whose rates are
# compared with those of linear f.
TOLERANCE = 1e-8
COARSE = 1e-6

# What checks allow for these errors in roots of gaps, relative to the first one, and in rates.
INTEGRATED = 1e-4

# Shares of the first gap below which that error would show in a fitted rate: there the residual is
# 1e-4 of its first length.
RESOLVED = 1e-8

# A flow lasts until the slowest mode of the residual has fallen by exp(-SLOWEST), and at most
# LONGEST where its steps are explicit: they follow the fastest mode, of a rate of about 1.
SLOWEST = 6.0
LONGEST = 12.0
POINTS = 25

_LAST = 1e-9  # by how much of it the last time may be short, for rounding

Flow = Callable[..., Trajectory]


def gradient_flow(problem: Problem, point: Point, t_end: float, damping, **options) -> Trajectory:
    """Return the gradient flow, called as a Levenberg-Marquardt flow is; rho is 1."""
    return rg.gradient_flow(problem, point, t_end, **options)


def horizon(problem: Problem, point: Point, damping, curvature: float = 1.0) -> float:
    """Return the time in which the slowest mode falls by exp(-SLOWEST), f being linear.

    Args:
        problem: In its metric.
        point: Of its manifold.
        damping: That of the flow.
        curvature: The least of the loss, as the metric sees it.
    """
    return SLOWEST / (curvature * kernel_speeds(problem, point, damping).least)


def measured_flow(
    name: str,
    case: Wide,
    damping,
    t_end: float,
    flow: Flow = rg.levenberg_marquardt_flow,
    problem: Problem | None = None,
    tolerance: float = TOLERANCE,
) -> dict[str, np.ndarray]:
    """Return what is measured of a flow with its bounds: arrays named after it.

    Args:
        name: What names of arrays begin with.
        case: The problem and its start.
        damping: That of the flow, as for `riemgn.levenberg_marquardt_flow`.
        t_end: The last time.
        flow: What follows it, called as `riemgn.levenberg_marquardt_flow`.
        problem: The problem in another metric than the case's.
        tolerance: Of the flow's steps.
    """
    problem = case.problem if problem is None else problem
    path = followed(problem, case.point, damping, t_end, flow, tolerance)
    return rate_arrays(name, case, path, t_end) | {
        f"{name}_bounds": damped_gap_bound(problem, path, damping, case.least_loss),
        f"{name}_speed_ratio": speed_ratio(problem, path.params, damping),
        f"{name}_optimum_rate": np.asarray(optimum_rate(problem, case, path, damping, t_end)),
    }


def followed(
    problem: Problem, point: Point, damping, t_end: float, flow: Flow, tolerance: float
) -> Trajectory:
    """Return a flow at times that are equally far apart; its parameters alone are believed.

    Outputs and losses are those of the parameters, and it is complete where it comes to t_end.
    """
    times = np.linspace(0.0, t_end, POINTS)
    path = flow(problem, point, t_end, damping, times=times, tolerance=tolerance)
    points = [problem.manifold.point(w) for w in path.params]
    return replace(
        path,
        outputs=np.array([x.outputs for x in points]),
        losses=np.array([problem.cost(x) for x in points]),
        completed=path.completed and bool(path.times[-1] >= (1 - _LAST) * t_end),
    )


def rate_arrays(name: str, case: Wide, path: Trajectory, t_end: float) -> dict[str, np.ndarray]:
    """Return a flow's gaps, eigenvalues and late rate, as arrays named after it."""
    gaps = path.losses - case.least_loss
    arrays = {
        "times": path.times,
        "gaps": gaps,
        "least_eigenvalues": path.least_eigenvalues,
        "rate": late_rate(path.times, gaps, t_end),
        "moved": np.linalg.norm(path.params[-1] - case.point.params),
        "completed": path.completed,
    }
    return {f"{name}_{key}": np.asarray(array) for key, array in arrays.items()}


def late_rate(times: np.ndarray, gaps: np.ndarray, t_end: float) -> float:
    """Return the rate of the gap in the second half of a flow; NaN where it is not resolved."""
    late = _late(times, gaps, t_end)
    if np.count_nonzero(late) < 3:
        return np.nan
    return fit_rate(times[late], gaps[late]).rate


def optimum_rate(problem: Problem, case: Wide, path: Trajectory, damping, t_end: float) -> float:
    """Return the late rate of the flow that is linear at the last point; NaN if not resolved.

    There u' = -A g with A = L^{-T} S L^{-1}, L the root of the metric and g = H (u - u*) for the
    loss's Hessian H: c = H^{1/2} (u - u*) falls like c' = -H^{1/2} A H^{1/2} c, and the gap is
    |c|^2 / 2 (docs/theory.md, section 4). It begins at the flow's first late time, and S comes from
    the singular value decomposition of the Jacobian at its last one.

    Args:
        problem: The problem in the metric of the flow.
        case: That of the flow, with a loss whose Hessian is diagonal.
        path: The flow.
        damping: That of the flow.
        t_end: Its last time.
    """
    late = _late(path.times, path.losses - case.least_loss, t_end)
    if np.count_nonzero(late) < 3:
        return np.nan
    loss, last = problem.loss, problem.manifold.point(path.params[-1])
    ones = np.ones(case.point.size)
    root = np.sqrt(loss.hessian_vp(last.outputs, ones))
    metric = problem.manifold.metric.root(last.outputs)
    seen = seen_through(last.jet, metric).jacobian()
    U, singular, _ = np.linalg.svd(seen, full_matrices=False)
    speeds = prescribed(damping).form(damped_model(problem, last)).speed(singular**2)
    # L is I or the root of the same diagonal Hessian, and H^{1/2} L^{-T} is diagonal
    turned = (root / metric.transposed(ones))[:, None] * U
    rates, modes = np.linalg.eigh((turned * speeds) @ turned.T)
    begin = path.outputs[late][0]
    away = loss.gradient(begin) / np.sqrt(loss.hessian_vp(begin, ones))
    times = path.times[late] - path.times[late][0]
    gaps = 0.5 * np.exp(-2 * np.outer(times, rates)) @ (modes.T @ away) ** 2
    return fit_rate(times, gaps).rate


def _late(times: np.ndarray, gaps: np.ndarray, t_end: float) -> np.ndarray:
    """The resolved times in the second half of a flow, booleans."""
    return (times >= 0.5 * t_end) & (gaps >= RESOLVED * gaps[0])


def linear_gaps(case: Wide, damping, times: np.ndarray) -> np.ndarray:
    """Return the gaps (m,) of a squared loss were f linear: every mode falls at its own speed.

    They come from the singular value decomposition of the Jacobian at the start alone.
    """
    U, singular, _ = np.linalg.svd(case.point.jet.jacobian(), full_matrices=False)
    form = prescribed(damping).form(damped_model(case.problem, case.point))
    speeds = form.speed(singular**2)
    modes = U.T @ case.problem.loss.gradient(case.point.outputs)
    return 0.5 * np.exp(-2 * np.outer(times, speeds)) @ modes**2


def speed_ratio(problem: Problem, params: np.ndarray, damping) -> float:
    """Return |w'| over its bound |g| / (2 sqrt(rho (1 - rho))), the largest at parameters (m, p).

    The bound is that of docs/theory.md, section 4; for rho = 1 there is none, and the ratio is 0.
    """
    schedule = prescribed(damping)
    ratios = []
    for w in params:
        model = damped_model(problem, problem.manifold.point(w))
        step, rho = schedule.direction(model)
        turned = 2 * np.sqrt(rho * (1 - rho)) * np.linalg.norm(step)
        ratios.append(turned / np.linalg.norm(model.target))
    return float(np.max(ratios))
