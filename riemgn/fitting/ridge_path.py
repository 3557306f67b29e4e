"""The ridge chosen on held-out rows: from a strong one downwards, until they are served worse.

At the start's constant outputs a loss may be as good as flat, so that a strong ridge holds the
network there and a weaker one at first serves held-out rows no better. The path goes on over such a
plateau.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial

import numpy as np

from riemgn.fitting.constant_outputs import ConstantLosses, constant_losses
from riemgn.fitting.training import HeldOut, Limits, Training
from riemgn.optimizers.records import Record

FACTOR = 4.0  # from one strength to the next
STRENGTHS = 20  # at most
PATIENCE = 2  # strengths without a better held-out loss that end the path beyond its plateau
MARGIN = 0.1  # the share of a constant's held-out loss by which one is better that has learnt
MEMORY = 0.1  # the share of a constant's training loss below which the rows are learnt by heart
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

    def constant_losses(self) -> ConstantLosses:
        """Return the losses of the best constant outputs, of which a fit has learnt nothing."""
        return constant_losses(self.training, self.held_out)


@dataclass
class RidgePath:
    """Strengths of the ridge, strongest first, with the held-out loss a row of every fold.

    Each fold's network is carried from strength to strength, so that the path is also an early
    stopping: it begins at the start's constant outputs and frees the weights step by step.

    Attributes:
        folds: The trainings.
        strengths: The strengths tried.
        losses: For each strength the held-out loss a row of every fold.
        training_losses: For each strength the training loss a row of every fold.
    """

    folds: list[Fold]
    strengths: list[float] = field(default_factory=list)
    losses: list[list[float]] = field(default_factory=list)
    training_losses: list[list[float]] = field(default_factory=list)

    def walk(self, strongest: float, watch: Callable[[float, int, Record], None]) -> None:
        """Go down the path from the strongest ridge, until the held-out loss stops falling.

        It is not left on its plateau.

        Args:
            strongest: The first strength; each next one is `FACTOR` times smaller.
            watch: Called with the strength, the fold's number and the record of every iterate.
        """
        for k in range(STRENGTHS):
            ridge = strongest / FACTOR**k
            losses, training_losses = [], []
            for i, fold in enumerate(self.folds):
                result = fold.training.minimise(ridge, LIMITS, partial(watch, ridge, i))
                losses.append(fold.held_out_loss())
                training_losses.append(fold.training.mean_loss(np.asarray(result.point)))
            self.strengths.append(ridge)
            self.losses.append(losses)
            self.training_losses.append(training_losses)
            if self.best == k:
                for fold in self.folds:
                    fold.best_params = fold.training.params
            elif k - self.best >= PATIENCE and not self.on_plateau:
                return

    @property
    def on_plateau(self) -> bool:
        """Whether nothing is learnt yet: neither for the held-out rows, nor by heart."""
        constant = self._constant
        if self.mean_losses.min() < (1 - MARGIN) * constant.held_out:
            return False
        return float(np.mean(self.training_losses[-1])) > MEMORY * constant.training

    @cached_property
    def _constant(self) -> ConstantLosses:
        """The losses of constant outputs, the mean over folds."""
        return ConstantLosses(*np.mean([fold.constant_losses() for fold in self.folds], axis=0))

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
