"""The flows of a loss: Gauss-Newton, Levenberg-Marquardt, gradient flow, Newton's in outputs."""

from __future__ import annotations

import numpy as np

from riemgn.arguments import integer, positive, told, vector
from riemgn.flows.equations import DampedEquation, GradientEquation
from riemgn.flows.integration import MOST_EVALUATIONS, Limits, followed
from riemgn.flows.riemannian import GaussNewtonEquation, OutputEquation
from riemgn.flows.trajectory import Trajectory
from riemgn.linalg.factor import EPS
from riemgn.manifolds import Point
from riemgn.optimizers.damping import Damping
from riemgn.optimizers.prescribed import Prescribed
from riemgn.optimizers.schedules import damping_schedule
from riemgn.optimizers.starts import checked_start, point_of
from riemgn.problem import Problem

LEAST_TOLERANCE = 1e-13


def gauss_newton_flow(
    problem: Problem,
    point: Point,
    t_end: float,
    *,
    times=None,
    tolerance: float = 1e-10,
    dense: bool = False,
    max_evaluations: int = MOST_EVALUATIONS,
    max_time: float | None = None,
) -> Trajectory:
    """Return the Gauss-Newton flow w' = -J^+ g, the Riemannian gradient flow u' = -P g on M.

    The metric is that of the problem's manifold: `problem.natural()` is the same problem in that of
    the loss's Hessian. It is integrated by Dormand and Prince's method of order 8 in coordinates in
    which errors are those of outputs, so that the curve in outputs does not depend on the
    parametrisation (docs/theory.md, section 4). Where the Jacobian's rank changes the flow ends;
    near such points parameters run away in finite time.

    Args:
        problem: A `riemgn.Problem`.
        point: The start.
        t_end: The last time. For half the squared error the gap falls like exp(-2 t) where M is
            flat.
        times: The times that the trajectory has, increasing, in [0, t_end]; by default those of the
            integrator's steps and, where these are long, three within each. With times that are
            asked for, the place where a flow ends early is in `ending` alone.
        tolerance: The error of a step, relative, and absolute in units of the speed at the start,
            but not below rounding: scaling outputs and targets leaves the curve as it is.
        dense: Whether the trajectory can be called with times between the steps.
        max_evaluations: How often the velocity may be evaluated.
        max_time: After how many seconds the flow ends; None for no limit.

    Returns:
        The trajectory as far as the flow went: `completed` and `ending` say whether that is t_end,
        or why not. Ctrl-C ends it, too.

    Raises:
        TypeError: An argument is of another type.
        ValueError: An argument has no possible value, or the point belongs to another manifold.
        riemgn.NumericalError: The cost or the velocity is not finite at the start.
    """
    limits = _limits(t_end, times, tolerance, dense, max_evaluations, max_time)
    return followed(GaussNewtonEquation(problem, _start(problem, point), limits.tolerance), limits)


def newton_flow(
    problem: Problem,
    point: Point,
    t_end: float,
    *,
    times=None,
    tolerance: float = 1e-10,
    dense: bool = False,
    max_evaluations: int = MOST_EVALUATIONS,
    max_time: float | None = None,
) -> Trajectory:
    """Return the Gauss-Newton flow in the metric of the loss's Hessian.

    For p >= n and full rank it is Newton's flow in output space, u' = -l''^{-1} g, along which the
    gradient falls as exp(-t) exactly, whatever nu and mu are; for p < n it is the flow of natural
    gradient (docs/theory.md, section 4). Arguments and errors are those of `gauss_newton_flow`.
    """
    limits = _limits(t_end, times, tolerance, dense, max_evaluations, max_time)
    start = _start(problem, point)
    return followed(GaussNewtonEquation(problem.natural(), start, limits.tolerance), limits)


def riemannian_gradient_flow(
    problem: Problem,
    point: Point,
    t_end: float,
    *,
    times=None,
    tolerance: float = 1e-10,
    max_evaluations: int = MOST_EVALUATIONS,
    max_time: float | None = None,
) -> Trajectory:
    """Return the flow u' = -P g on M, integrated in outputs: P is that at the nearest point of M.

    By claim C1 of docs/theory.md it is the curve of `gauss_newton_flow`; here no parameter is ever
    integrated, which costs a metric projection an evaluation. Arguments and errors are those of
    `gauss_newton_flow`, and a metric that varies raises NotImplementedError.
    """
    limits = _limits(t_end, times, tolerance, False, max_evaluations, max_time)
    return followed(OutputEquation(problem, _start(problem, point), limits.tolerance), limits)


def levenberg_marquardt_flow(
    problem: Problem,
    point: Point,
    t_end: float,
    damping: str | float | Prescribed = "kernel",
    *,
    times=None,
    tolerance: float = 1e-8,
    dense: bool = False,
    max_evaluations: int = MOST_EVALUATIONS,
    max_time: float | None = None,
) -> Trajectory:
    """Return the Levenberg-Marquardt flow w' = -[(1 - rho) J^T H J + rho I]^{-1} J^T g.

    Dampings in the shifted form have the velocity -[J^T H J + c lambda_min I]^{-1} J^T g; "kernel"
    passes to it, with a jump by 1 / (1 + c lambda_min), where lambda_min exceeds 1.

    H is the metric of the problem's manifold: the identity, so that schedules see the Jacobian
    alone, or the loss's Hessian with `problem.natural()`. For p > n the tangent kernel serves, and
    no (n, p) array exists (docs/theory.md, sections 3 and 4).

    Args:
        problem: A `riemgn.Problem`.
        point: The start.
        t_end: The last time.
        damping: "kernel" (rho tied to the least eigenvalue of the tangent kernel, p >= n),
            "shifted" (its other form, for every eigenvalue), a fixed rho in (0, 1], or a schedule
            that prescribes the damping of a point (`riemgn.optimizers.Prescribed`). rho near 1 is
            stiff where the kernel has large eigenvalues; for rho = 1 see `gradient_flow`.
        times: As for `gauss_newton_flow`.
        tolerance: The error of a step in the parameters, as for `gauss_newton_flow`, and in the
            outputs relative to the residual at the start.
        dense: Likewise.
        max_evaluations: Likewise.
        max_time: Likewise.

    Raises:
        TypeError, ValueError, riemgn.NumericalError: As for `gauss_newton_flow`.
    """
    limits = _limits(t_end, times, tolerance, dense, max_evaluations, max_time)
    schedule, start = prescribed(damping), _start(problem, point)
    return followed(DampedEquation(problem, start, limits.tolerance, schedule), limits)


def gradient_flow(
    problem: Problem,
    point: Point,
    t_end: float,
    *,
    times=None,
    tolerance: float = 1e-5,
    dense: bool = False,
    max_evaluations: int = MOST_EVALUATIONS,
    max_time: float | None = None,
) -> Trajectory:
    """Return the gradient flow w' = -J^T g in the parameters.

    It is stiff, with rates up to mu times the largest eigenvalue of the tangent kernel, and
    integrated by an exponential method of order 4 that solves the part -J^T l'' J exactly: steps
    follow the curvature of f and l, not the largest eigenvalue (Cox and Matthews 2002). The error
    of a step is relative to the whole way in the parameters, and to the residual in the outputs.
    Arguments, returns and errors are those of `gauss_newton_flow`.
    """
    limits = _limits(t_end, times, tolerance, dense, max_evaluations, max_time)
    start = _start(problem, point)
    return followed(GradientEquation(problem, start, limits.tolerance, limits.t_end), limits)


def _start(problem: Problem, point: Point) -> Point:
    return checked_start(problem, point_of(problem, point))


def prescribed(damping: str | float | Damping) -> Prescribed:
    """Return the schedule that an argument stands for, which must be one that the point prescribes.

    Raises:
        TypeError: It is of another type.
        ValueError: It is set by a search, or is no fixed rho in (0, 1].
    """
    schedule = damping_schedule(damping)
    if not isinstance(schedule, Prescribed):
        raise ValueError(
            f"damping must be prescribed by the point for a flow ('kernel', 'shifted', a fixed rho "
            f"in (0, 1], a riemgn.optimizers.Prescribed), got {told(damping)}, which a search sets"
        )
    return schedule


def _limits(
    t_end: float,
    times,
    tolerance: float,
    dense: bool,
    max_evaluations: int,
    max_time: float | None,
) -> Limits:
    end = positive("t_end", t_end)
    tolerance = positive("tolerance", tolerance)
    if not LEAST_TOLERANCE <= tolerance < 1:
        raise ValueError(
            f"tolerance must be from {LEAST_TOLERANCE:g} to below 1, got {tolerance:g}"
        )
    if not isinstance(dense, (bool, np.bool_)):
        raise TypeError(f"dense must be True or False, got {told(dense)}")
    return Limits(
        end,
        None if times is None else _asked(times, end),
        tolerance,
        bool(dense),
        integer("max_evaluations", max_evaluations),
        np.inf if max_time in (None, np.inf) else positive("max_time", max_time),
    )


def _asked(times, end: float) -> np.ndarray:
    asked = vector("times", times)
    if np.any(np.diff(asked) <= 0):
        raise ValueError("times must increase strictly")
    if asked[0] < 0 or asked[-1] > end * (1 + 4 * EPS):  # a product of steps may round up
        raise ValueError(f"times must lie in [0, t_end] = [0, {end:g}], got {told(times)}")
    return np.minimum(asked, end)
