"""The terms of a run: its limits, its tolerance, and the criteria that these make."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from riemgn.optimizers.hybrid_newton import HybridNewton
from riemgn.optimizers.stopping import (
    Criterion,
    FirstOrder,
    FlatValley,
    MaxEvaluations,
    MaxIterations,
    MaxTime,
)


@dataclass(frozen=True)
class Terms:
    """On what terms `riemgn.minimize` runs a method.

    Attributes:
        max_iterations: The most steps.
        max_time: The most seconds; infinite without a limit.
        max_evaluations: The most points at which f is evaluated; None without a limit.
        tolerance: The tangent cosine that counts as optimal.
        record_points: Whether the history keeps the points.
    """

    max_iterations: int = 10_000
    max_time: float = np.inf
    max_evaluations: int | None = None
    tolerance: float = 1e-8
    record_points: bool = False

    def but(self, **given) -> Terms:
        """Return these terms with what is given, and not None, in their place."""
        return replace(self, **{name: value for name, value in given.items() if value is not None})

    def criteria(self, descent, stop: Criterion | None) -> list[Criterion]:
        """Return what may end a run of a descent, a user's own criterion included.

        Raises:
            TypeError: A limit is no number, or `stop` is no criterion.
            ValueError: A limit has no possible value.
        """
        criteria: list[Criterion] = [MaxIterations(self.max_iterations)]
        if not (isinstance(self.max_time, float) and self.max_time == np.inf):
            criteria.append(MaxTime(self.max_time))
        if self.max_evaluations is not None:
            criteria.append(MaxEvaluations(self.max_evaluations))
        if not isinstance(descent, HybridNewton):  # which ends with a step from an optimal point
            criteria.append(FirstOrder(self.tolerance))
        if stop is not None:
            criteria.append(_checked_criterion(stop))
        criteria.append(FlatValley())
        return criteria


def _checked_criterion(stop: Criterion) -> Criterion:
    if not isinstance(stop, Criterion):
        raise TypeError(
            f"stop must be a criterion of riemgn.optimizers, got {type(stop).__name__}; "
            "for a function of a record use riemgn.optimizers.When(function)"
        )
    return stop
