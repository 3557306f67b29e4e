"""A start so far off that its squared loss is beyond the range of floats."""

from __future__ import annotations

import numpy as np

from riemgn.errors import NumericalError
from riemgn.losses import SquaredLoss
from riemgn.manifolds import ImmersedManifold, Point
from riemgn.optimizers.hybrid_newton import HybridNewton
from riemgn.optimizers.journal import Journal
from riemgn.optimizers.stopping import Ending, When
from riemgn.problem import Problem

# A cost that no rounding carries beyond the range of floats.
_IN_RANGE = 1e300


def brought_into_range(problem: Problem, start: Point, journal: Journal) -> Point:
    """Return a point whose squared loss is finite, from a start whose residual's square overflows.

    The way there minimises the residual in units of its largest entry, within the limits of the
    run; its seconds and evaluations are counted.

    Args:
        problem: The problem.
        start: The start.
        journal: That of the run, which has no record yet.

    Raises:
        riemgn.NumericalError: The cost is infinite for another reason, or stays so until a limit.
        KeyboardInterrupt: Ctrl-C on the way.
    """
    if not (start.is_finite and isinstance(problem.loss, SquaredLoss)):
        raise NumericalError("the cost is not finite at the initial point")
    targets = problem.loss.targets
    unit = float(np.max(np.abs(start.outputs - targets)))
    scaled = Problem(
        ImmersedManifold(problem.manifold.immersion.scaled(1 / unit)), SquaredLoss(targets / unit)
    )
    in_range = When(lambda record: unit * (unit * record.cost) < _IN_RANGE)
    way = Journal(criteria=[*journal.limits, in_range])
    ended = way.followed(
        lambda: HybridNewton().descend(scaled, scaled.manifold.point(start.params), way)
    )
    if ended[0] is Ending.INTERRUPTED:
        raise KeyboardInterrupt
    journal.evaluations += way.evaluations
    arrived = Point(problem.manifold.immersion.at(way.point.params))
    if not np.isfinite(problem.cost(arrived)):
        raise NumericalError(f"the cost stays beyond the range of floats: {ended[1]}")
    return arrived
