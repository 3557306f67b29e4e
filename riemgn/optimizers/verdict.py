"""What is true of the point at which a run ended, whatever ended it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from riemgn.manifolds import Point
from riemgn.optimizers.optimality import Optimality, model_promise, newton_length, optimality_at
from riemgn.problem import Problem

if TYPE_CHECKING:
    from riemgn.optimizers.records import Record

# Growth of |w| beyond which a run may be chasing an optimum at infinity.
_FAR_OUT = 10.0

# How many times its first size a negative loss has when it may be falling for ever.
_FALLEN = 1e3

# The share of |w| below which a last step is short.
_STILL = 1e-3

# The share of a run's way that a faded Jacobian does not see.
_HIDDEN = 0.9


def is_far_out(size: float, first_size: float) -> bool:
    """Whether |w| has grown so much that a run may be chasing an optimum at infinity."""
    return size > _FAR_OUT * first_size


def judged(problem: Problem, point: Point, tolerance: float) -> Optimality:
    """Return the optimality of a point; where it is doubtful, with the full model's promise.

    The promise stays infinite for more parameters than outputs, where the model has no minimum
    worth its n x p Jacobian, and where a second derivative raises an ArithmeticError.
    """
    optimality = optimality_at(problem, point)
    if optimality.is_met(tolerance) or point.params.size > point.size:
        return optimality
    try:
        return replace(optimality, model_promise=model_promise(problem, point))
    except ArithmeticError:
        return optimality


def runs_off(
    problem: Problem,
    history: Sequence[Record],
    point: Point,
    origin: np.ndarray,
    optimality: Optimality,
    tolerance: float,
) -> bool:
    """Return whether nothing is left to gain only because J fades as |w| goes to infinity.

    No finite point is then optimal. Either the cost settles at steps that are still long, or J has
    lost rank and hardly sees the way from the `origin` (p,) of the run any more.
    """
    first, last = history[0], history[-1]
    if not is_far_out(last.size, first.size) or optimality.residual_norm == 0:
        return False
    if not optimality.is_met(tolerance):
        return False
    if optimality.has_normal_residual(tolerance):
        fades = point.rank < min(point.jet.shape) and _unseen(point, origin) > _HIDDEN
        return fades and not _is_at_minimum(problem, point)
    if optimality.at_precision:
        return False
    return last.step > _STILL * last.size or not _is_at_minimum(problem, point)


def falls_for_ever(
    problem: Problem,
    history: Sequence[Record],
    point: Point,
    origin: np.ndarray,
    optimality: Optimality,
) -> bool:
    """Return whether little is left to gain only beside a loss that has fallen below any measure.

    Rounding of a loss of -1e20 hides any gain, but no point is optimal where there is always one:
    here where the loss is lower still twice as far from the `origin` (p,) of the run.
    """
    first, last = history[0], history[-1]
    if not (is_far_out(last.size, first.size) and last.cost < -_FALLEN * abs(first.cost)):
        return False
    if not optimality.at_precision:
        return False
    with np.errstate(all="ignore"):
        beyond = 2 * point.params - origin
        try:
            return problem.cost(Point(problem.manifold.immersion.at(beyond))) < last.cost
        except ArithmeticError:
            return False


def _is_at_minimum(problem: Problem, point: Point) -> bool:
    """Whether the full model has a minimum, and that is hardly a step away."""
    try:
        return newton_length(problem, point) <= _STILL
    except ArithmeticError:
        return False


def _unseen(point: Point, origin: np.ndarray) -> float:
    """The share of the way from the origin that lies in the null space of J."""
    with np.errstate(over="ignore"):
        way = point.params - origin
        way = way / np.max(np.abs(way))
    seen = point.factor.lift(point.jet.jvp(way))
    return float(np.linalg.norm(way - seen) / np.linalg.norm(way))
