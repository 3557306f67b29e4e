"""The result of a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pymanopt.optimizers.optimizer import OptimizerResult

from riemgn.display import result_card
from riemgn.display.numbers import number
from riemgn.optimizers.optimality import Optimality
from riemgn.optimizers.stopping import Ending

if TYPE_CHECKING:
    from riemgn.optimizers.records import Record


@dataclass(repr=False)
class Result(OptimizerResult):
    """pymanopt's result with the history of the run.

    Attributes:
        gradient_norm: The Riemannian gradient's norm on the manifold at the returned point.
        optimality: The point's first-order optimality, through an orthogonal factor.
        success: Whether the point is first-order optimal within the run's tolerance.
        ending: What kind of end the run came to; `stopping_criterion` says it in a sentence.
        history: The records, the last one that of the returned point.
    """

    history: list[Record] = field(default_factory=list)
    optimality: Optimality | None = None
    success: bool = False
    ending: Ending = Ending.LIMIT

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended the run."""
        return self.ending is Ending.INTERRUPTED

    @property
    def ended(self) -> str:
        """How the run ended, as `stopping_criterion` says it in pymanopt's manner."""
        return self.stopping_criterion.removeprefix("Terminated - ").removesuffix(".")

    def __repr__(self) -> str:
        return (
            f"Result(cost {number(self.cost, 9)}, gradient norm {number(self.gradient_norm, 2)}, "
            f"{self.iterations} iterations, {self.time:.2g} s: {self.ended})"
        )

    def _repr_html_(self) -> str:
        return result_card(self)
