"""What is measured of one damped flow: gaps beside their bound, the late rate, parameter speeds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import riemgn as rg
from riemgn.flows import Trajectory
from riemgn.flows.entry import prescribed
from riemgn.flows.equations import damped_model
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
    }


def followed(
    problem: Problem, point: Point, damping, t_end: float, flow: Flow, tolerance: float
) -> Trajectory:
    """Return a flow at times that are equally far apart."""
    times = np.linspace(0.0, t_end, POINTS)
    return flow(problem, point, t_end, damping, times=times, tolerance=tolerance)


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
    late = (times >= 0.5 * t_end) & (gaps >= RESOLVED * gaps[0])
    if np.count_nonzero(late) < 3:
        return np.nan
    return fit_rate(times[late], gaps[late]).rate


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
