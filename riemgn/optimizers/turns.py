"""Whose turn it is: the damped step's or the full model's, where progress is slow.

Neither wins everywhere. Along a bent valley the accelerated damped step gathers speed over many
steps that gain little each; where the Gauss-Newton model itself is wrong, the full model gains in
fifty steps what the damped step gains in hundreds. So each has a long turn, which it keeps while it
pays.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

# The share below which a turn gained nothing to speak of, whatever the other one gained.
_IDLE = 2e-4

# A full-model step costs about as much as two damped ones.
_DEARER = 2.0

_TINY = sys.float_info.min


@dataclass
class Turns:
    """Alternating turns of a slow run, each longer than the one before the last.

    Attributes:
        full: Whether it is the full model's turn.
        patience: The length of a turn in steps.
        most_patience: The length after which the run counts as settled.
        only_far: Whether the full model has no turns.
        worthwhile: The share of the cost that a turn must gain to be kept.
        left: Steps that are left of this turn.
        cost: The cost when the turn began; None before the first step.
        far_pace: What the damped step gained a step in its last turn, as a share of the cost.
        settled: Whether turns of every length were in vain.
    """

    full: bool = False
    patience: int = 50
    most_patience: int = 200
    only_far: bool = False
    worthwhile: float = 5e-3
    left: int = 0
    cost: float | None = None
    far_pace: float = 0.0
    settled: bool = False

    def step(self, before: float, after: float) -> None:
        """Count a step that led from one cost to another."""
        if self.cost is None:
            self.cost, self.left = before, self.patience
        self.left -= 1
        if self.left == 0:
            self._turn_over((self.cost - after) / max(abs(self.cost), _TINY))
            self.cost, self.left = after, self.patience

    def _turn_over(self, gain: float) -> None:
        pace = gain / self.patience
        pays = gain >= self.worthwhile
        if self.full:
            pays = pays or (gain >= _IDLE and pace > _DEARER * self.far_pace)
        else:
            self.far_pace = pace
        if pays:
            return
        if not self.full and not self.only_far:
            self.full = True
        elif self.patience >= self.most_patience:
            self.settled = True
        else:
            self.full = False
            self.patience *= 2
