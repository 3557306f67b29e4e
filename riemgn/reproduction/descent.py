"""A flow together with the optimum of its own basin: how claims C3 and C5 see one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from riemgn.errors import NumericalError
from riemgn.flows import Trajectory, gauss_newton_flow
from riemgn.manifolds import Point
from riemgn.minimization import minimize
from riemgn.problem import Problem
from riemgn.reproduction.problems import Case
from riemgn.theory import fit_rate, riemannian_hessian

# A flow that runs into a point of lost rank takes ever shorter steps; others need a few hundred.
MOST_EVALUATIONS = 5000

# The share of the first gap from which on the flow is in the basin of the optimum that is found
# from its last point, and the window of the gap in which its late rate is fitted.
IN_BASIN = 1e-3
LATE = (1e-9, 1e-5)
LEAST_LATE = 5  # times in the window for a rate

# Rounding errors that losses carry: ten of each of the numbers that they are made of.
_ROUNDING = 10 * np.finfo(float).eps


@dataclass(frozen=True, eq=False)
class Descent:
    """A flow, and the optimum that is found from its last point.

    Attributes:
        problem: The problem, in the metric of the flow.
        flow: The flow, its outputs and losses evaluated anew at its parameters.
        optimum: The optimum, a point of the problem's manifold; None where the flow broke down.
        gaps: The loss less that of the optimum, (m,); NaN without one.
        floor: The size of the rounding error of a gap.
    """

    problem: Problem
    flow: Trajectory
    optimum: Point | None
    gaps: np.ndarray
    floor: float

    @property
    def in_basin(self) -> bool:
        """Whether the flow has come near its optimum."""
        return self.optimum is not None and bool(self.gaps[-1] <= IN_BASIN * self.gaps[0])

    @property
    def late(self) -> np.ndarray:
        """The times in the window of the late rate, booleans (m,)."""
        least, most = np.array(LATE) * self.gaps[0]
        return (self.gaps < most) & (self.gaps > max(least, self.floor))

    @property
    def arrived(self) -> bool:
        """Whether a late rate can be fitted."""
        return self.in_basin and np.count_nonzero(self.late) >= LEAST_LATE

    def gradient_norms(self) -> np.ndarray:
        """Return |grad l| at the parameters of every time, (m,), as the problem's metric sees it.

        NaN where the gap is NaN or no larger than its rounding.
        """
        norms = np.full(self.gaps.size, np.nan)
        for k in np.flatnonzero(self.gaps > self.floor):
            norms[k] = _gradient_norm(self.problem, self.flow.params[k])
        return norms

    def late_rate(self) -> float:
        """Return the rate at which the gap falls in the window, NaN where the flow is not there."""
        if not self.arrived:
            return np.nan
        return fit_rate(self.flow.times[self.late], self.gaps[self.late]).rate

    def linear_rate(self) -> float:
        """Return the rate that the linear flow c' = -Hess l(u*) c has in the same window.

        It begins at the first late time, c the tangential part of u - u* in an orthonormal frame at
        the optimum, and its gap is c^T Hess l c / 2 (docs/theory.md, section 4).
        """
        if not self.arrived:
            return np.nan
        sight = self.optimum.seen_in(self.problem.manifold.metric)
        times, begin = self.flow.times[self.late], np.argmax(self.late)
        away = sight.root.transposed(self.flow.outputs[begin] - self.optimum.outputs)
        moduli, directions = np.linalg.eigh(riemannian_hessian(self.problem, self.optimum))
        parts = directions.T @ (sight.frame.basis.T @ away)
        decays = np.exp(-2 * np.outer(times - times[0], moduli))
        return fit_rate(times, 0.5 * decays @ (moduli * parts**2)).rate


def descend(
    case: Case, problem: Problem, times: np.ndarray, flow: Callable[..., Trajectory]
) -> Descent:
    """Return the descent of a flow from the start of a case.

    Of the flow only times and parameters are believed: outputs and losses are evaluated at them,
    and a flow that does not come to the last of the times has not completed.

    Args:
        case: The case; its own problem, in the dot product, is the one that is minimised.
        problem: The same problem in the metric of the flow.
        times: The times to keep, from 0 to the last.
        flow: The flow, called as `riemgn.gauss_newton_flow`.
    """
    start = problem.manifold.point(case.point.params)
    run = evaluated(
        problem, flow(problem, start, times[-1], times=times, max_evaluations=MOST_EVALUATIONS)
    )
    run = replace(run, completed=run.completed and np.array_equal(run.times, times))
    floor = rounding(problem, start)
    if not run.completed:
        return Descent(problem, run, None, np.full(len(run), np.nan), floor)
    last = case.problem.manifold.point(run.params[-1])
    best = minimize(case.problem, last, tolerance=1e-12)
    optimum = problem.manifold.point(best.point.params)
    floor = max(floor, rounding(problem, optimum))
    return Descent(problem, run, optimum, run.losses - best.cost, floor)


def reference(
    descent: Descent,
    flow: Callable[..., Trajectory],
    descent_of: Callable[[Callable[..., Trajectory]], Descent],
) -> Descent:
    """Return the descent of the Gauss-Newton flow itself, whatever flow is under test.

    Args:
        descent: That of the flow under test, which is not run again where it is that flow.
        flow: The flow under test.
        descent_of: Returns the descent of a flow from the same start.
    """
    return descent if flow is gauss_newton_flow else descent_of(gauss_newton_flow)


def evaluated(problem: Problem, flow: Trajectory) -> Trajectory:
    """Return a flow whose outputs and losses are those of its parameters, whatever it says."""
    points = [problem.manifold.point(w) for w in flow.params]
    outputs = np.reshape([point.outputs for point in points], flow.outputs.shape)
    return replace(flow, outputs=outputs, losses=np.array([problem.cost(x) for x in points]))


def _gradient_norm(problem: Problem, params: np.ndarray) -> float:
    point, metric = problem.manifold.point(params), problem.manifold.metric
    seen = metric.whitened(point.outputs, problem.loss.gradient(point.outputs))
    if seen is None:
        raise NumericalError("the metric does not see the loss's gradient: it is singular")
    return float(np.linalg.norm(point.seen_in(metric).factor.project(seen)))


def rounding(problem: Problem, point: Point) -> float:
    """Return the size of the rounding error of the loss: that of its terms and of the outputs."""
    g = problem.loss.gradient(point.outputs)
    reach = point.jet.reach() + np.abs(point.outputs)
    return float(_ROUNDING * (problem.cost(point) + np.linalg.norm(g * reach)))


def denser_at_the_start(t_end: float, count: int) -> np.ndarray:
    """Return times from 0 to t_end whose distances grow in proportion to their number."""
    return t_end * np.linspace(0.0, 1.0, count) ** 2


def scale_of_deficit(case: Callable[[float], Case], deficit: float) -> float:
    """Return the output scale at which the geodesic modulus at the start is 1 - `deficit`.

    For the squared loss and a centred network it is 1 - c / alpha at the start exactly, and so it
    is at the optimum up to terms of order 1 / alpha^2: a prediction before the flow is run.

    Args:
        case: Makes the case of an output scale.
        deficit: What the modulus lacks to that of a flat manifold.
    """
    at_one = case(1.0)
    return (1 - np.linalg.eigvalsh(riemannian_hessian(at_one.problem, at_one.point))[0]) / deficit
