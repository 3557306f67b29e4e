"""What an optimizer leaves behind: a record of every iterate, and a result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from riemgn.manifolds import Point
from riemgn.optimizers.optimality import Optimality
from riemgn.optimizers.results import Result

__all__ = ["Callback", "Record", "Result"]


@dataclass(frozen=True)
class Record:
    """One iterate of a run.

    Attributes:
        iteration: 0 for the starting point.
        cost: The loss there.
        optimality: How near the point is to first-order optimality; where B is so ill-conditioned
            that this would take an orthogonal factorisation, a lower bound.
        size: |w|, the length of the parameters.
        step: The length of the parameter step that led here, 0 at the start.
        damping: The damping of that step; 0 for undamped methods.
        evaluations: At how many points f was evaluated so far, rejected ones included.
        seconds: Wall time since the run began.
        point: The point itself, for the callback; None in a history, which would otherwise keep
            every Jacobian of the run alive, unless it was asked to keep points.
    """

    iteration: int
    cost: float
    optimality: Optimality
    size: float
    step: float
    damping: float
    evaluations: int
    seconds: float
    point: Point | None

    @property
    def gradient_norm(self) -> float:
        """The Riemannian gradient's norm in the metric of the loss."""
        return self.optimality.gradient_norm

    @property
    def tangent_cosine(self) -> float:
        """The cosine between residual and tangent space, in the metric of the loss."""
        return self.optimality.tangent_cosine


Callback = Callable[[Record], None]
