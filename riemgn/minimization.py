"""`riemgn.minimize`: from a point to an optimum, by any method, under one contract."""

from __future__ import annotations

from copy import deepcopy
from typing import Protocol

import numpy as np
from pymanopt.optimizers import TrustRegions
from pymanopt.optimizers.optimizer import Optimizer

from riemgn.arguments import choice, integer, positive
from riemgn.errors import NumericalError
from riemgn.losses import SquaredLoss
from riemgn.manifolds import ImmersedManifold, Point
from riemgn.optimizers.foreign import GradientDescent, PymanoptDescent, limits_of, unlimited
from riemgn.optimizers.gauss_newton import GaussNewton
from riemgn.optimizers.hybrid_newton import HybridNewton
from riemgn.optimizers.levenberg_marquardt import LevenbergMarquardt
from riemgn.optimizers.progress import shown
from riemgn.optimizers.records import Callback, Journal, Result, belonging
from riemgn.optimizers.stopping import (
    Criterion,
    Ending,
    FirstOrder,
    FlatValley,
    MaxEvaluations,
    MaxIterations,
    MaxTime,
    When,
)
from riemgn.problem import Problem

METHODS = ("auto", "gauss-newton", "levenberg-marquardt", "newton", "gradient-descent")

_MOST_ITERATIONS = 1000


class Descent(Protocol):
    """A method under way: it notes its iterates in a journal."""

    def descend(self, problem: Problem, point: Point, journal: Journal) -> tuple[Ending, str]:
        """Move until something ends the run, and return what."""


def minimize(
    problem: Problem,
    point: Point | None = None,
    method: str | Optimizer = "auto",
    callback: Callback | None = None,
    *,
    stop: Criterion | None = None,
    max_iterations: int | None = None,
    max_time: float | None = None,
    max_evaluations: int | None = None,
    tolerance: float = 1e-8,
    record_points: bool = False,
    verbosity: int = 0,
) -> Result:
    """Return the optimum that a method reaches from a point, with the history of the run.

    Every method keeps one contract: the records run from 0 to the returned point, which is the best
    one found; points whose cost is not finite are refused; `success` is True only where the point
    is first-order optimal; Ctrl-C returns the best point so far (docs/minimize.md).

    Args:
        problem: A `riemgn.Problem`.
        point: Where to start; a random point of the manifold if it is None.
        method: "auto" (accelerated Levenberg-Marquardt, then Newton on M), "gauss-newton",
            "levenberg-marquardt", "newton" (trust regions on M), "gradient-descent" (in the
            parameters), or an optimizer of riemgn's or pymanopt's. An instance is copied; its
            tolerances give way to `tolerance`, its limits hold where none are given here.
        callback: Called with the `Record` of every iterate; raising StopIteration ends the run.
        stop: A further criterion of `riemgn.optimizers`, or several combined with `&` and `|`.
        max_iterations: The most steps; 1000 by default.
        max_time: The most seconds, looked at after every step; unlimited by default.
        max_evaluations: The most points at which f is evaluated; unlimited by default.
        tolerance: The cosine between residual and tangent space at which a point counts as optimal.
            Where the residual vanishes, cost and step at machine precision take its place.
        record_points: Whether the history keeps every point, without its Jacobian.
        verbosity: 0 shows a line of progress where a terminal or a notebook is watched, and nothing
            otherwise; 1 prints every record.

    Raises:
        TypeError: An argument is of another type.
        ValueError: An argument has another value, or the point belongs to another manifold.
        riemgn.NumericalError: f or a derivative is not finite at the start.
    """
    start = belonging(problem, point)
    descent, own_limits = _descent(method)
    criteria = _limits(own_limits, max_iterations, max_time, max_evaluations)
    tolerance = positive("tolerance", tolerance, allow_zero=True)
    if not isinstance(descent, HybridNewton):  # which ends with a step from an optimal point
        criteria.append(FirstOrder(tolerance))
    if stop is not None:
        criteria.append(_checked_criterion(stop))
    criteria.append(FlatValley())
    with shown(integer("verbosity", verbosity, least=0)) as show:
        journal = Journal(callback, criteria, bool(record_points), tolerance, show)
        return run(descent, problem, start, journal)


def run(descent: Descent, problem: Problem, start: Point, journal: Journal) -> Result:
    """Return the result of a descent from a point."""
    if not np.isfinite(problem.cost(start)):
        start = _brought_into_range(problem, start, journal)
    ended = journal.followed(lambda: descent.descend(problem, start, journal))
    return journal.result(problem, ended, {})


def _descent(method: str | Optimizer) -> tuple[Descent, tuple[int | None, float | None]]:
    """Return the run that a method's name or instance stands for, and the limits it brings."""
    if isinstance(method, (LevenbergMarquardt, GaussNewton)):
        return unlimited(method), limits_of(method)
    if isinstance(method, Optimizer):
        return PymanoptDescent(method), limits_of(method)
    if isinstance(method, HybridNewton):
        return deepcopy(method), (None, None)
    if isinstance(method, type):
        raise TypeError(f"method must be an instance, got the class {method.__name__}")
    named = {
        "auto": HybridNewton,
        "gauss-newton": lambda: unlimited(GaussNewton()),
        "levenberg-marquardt": lambda: unlimited(LevenbergMarquardt()),
        "newton": lambda: PymanoptDescent(TrustRegions()),
        "gradient-descent": GradientDescent,
    }
    return named[choice("method", method, METHODS)](), (None, None)


def _limits(
    own: tuple[int | None, float | None],
    max_iterations: int | None,
    max_time: float | None,
    max_evaluations: int | None,
) -> list[Criterion]:
    iterations, seconds = own
    if max_iterations is not None:
        iterations = max_iterations
    if max_time is not None:
        seconds = max_time
    criteria: list[Criterion] = [
        MaxIterations(_MOST_ITERATIONS if iterations is None else iterations)
    ]
    if seconds is not None and seconds != np.inf:
        criteria.append(MaxTime(seconds))
    if max_evaluations is not None:
        criteria.append(MaxEvaluations(max_evaluations))
    return criteria


def _checked_criterion(stop: Criterion) -> Criterion:
    if not isinstance(stop, Criterion):
        raise TypeError(
            f"stop must be a criterion of riemgn.optimizers, got {type(stop).__name__}; "
            "for a function of a record use riemgn.optimizers.When(function)"
        )
    return stop


def _brought_into_range(problem: Problem, start: Point, journal: Journal) -> Point:
    """Return a point whose squared loss is finite, from a start whose residual's square overflows.

    The way there minimises the residual in units of its largest entry.

    Raises:
        riemgn.NumericalError: The cost is infinite for another reason.
    """
    if not (start.is_finite and isinstance(problem.loss, SquaredLoss)):
        raise NumericalError("the cost is not finite at the initial point")
    targets = problem.loss.targets
    unit = float(np.max(np.abs(start.outputs - targets)))
    scaled = Problem(
        ImmersedManifold(problem.manifold.immersion.scaled(1 / unit)), SquaredLoss(targets / unit)
    )
    in_range = When(lambda record: np.isfinite(problem.cost(_same(problem, record.point))))
    way = Journal(criteria=[MaxIterations(_MOST_ITERATIONS), in_range])
    reached = way.followed(
        lambda: HybridNewton().descend(scaled, scaled.manifold.point(start.params), way)
    )
    journal.evaluations += way.evaluations
    arrived = _same(problem, way.point)
    if not np.isfinite(problem.cost(arrived)):
        raise NumericalError(f"the cost stays beyond the range of floats: {reached[1]}")
    return arrived


def _same(problem: Problem, point: Point) -> Point:
    return Point(problem.manifold.immersion.at(point.params))
