"""The ridge chosen on held-out rows: from a strong one downwards, until they are served worse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from riemgn.fitting.training import HeldOut, Limits, Training
from riemgn.optimizers.records import Record

FACTOR = 4.0  # from one strength to the next
STRENGTHS = 20  # at most
PATIENCE = 2  # strengths without a better held-out loss that end the path
LIMITS = Limits(iterations=10, tolerance=1e-3)


@dataclass
class Fold:
    """A training and the rows that it does not see, with its parameters at the best strength."""

    training: Training
    held_out: HeldOut
    best_params: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.best_params = self.training.params

    def held_out_loss(self) -> float:
        """Return the held-out loss a row where the training stands."""
        return self.held_out.mean_loss(self.training.network, self.training.params)


@dataclass
class RidgePath:
    """Strengths of the ridge, strongest first, with the held-out loss a row of every fold.

    Each fold's network is carried from strength to strength, so that the path is also an early
    stopping: it begins at the start's constant outputs and frees the weights step by step.

    Attributes:
        folds: The trainings.
        strengths: The strengths tried.
        losses: For each strength the held-out loss a row of every fold.
    """

    folds: list[Fold]
    strengths: list[float] = field(default_factory=list)
    losses: list[list[float]] = field(default_factory=list)

    def walk(self, strongest: float, watch: Callable[[float, int, Record], None]) -> None:
        """Go down the path from the strongest ridge, until the held-out loss stops falling.

        Args:
            strongest: The first strength; each next one is `FACTOR` times smaller.
            watch: Called with the strength, the fold's number and the record of every iterate.
        """
        for k in range(STRENGTHS):
            ridge = strongest / FACTOR**k
            losses = []
            for i, fold in enumerate(self.folds):
                fold.training.minimise(ridge, LIMITS, partial(watch, ridge, i))
                losses.append(fold.held_out_loss())
            self.strengths.append(ridge)
            self.losses.append(losses)
            if self.best == k:
                for fold in self.folds:
                    fold.best_params = fold.training.params
            elif k - self.best >= PATIENCE:
                return

    @property
    def mean_losses(self) -> np.ndarray:
        """The held-out loss a row at each strength, the mean over folds."""
        return np.mean(self.losses, axis=1)

    @property
    def best(self) -> int:
        """The index of the strength with the least held-out loss."""
        return int(np.argmin(self.mean_losses))

    @property
    def ridge(self) -> float | None:
        """The strength with the least held-out loss; None before the first one is done."""
        return self.strengths[self.best] if self.strengths else None
