"""The iterates of a fit, noted as they come."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

import numpy as np

from riemgn.fitting.result import FitStep
from riemgn.fitting.ridge_path import Fold
from riemgn.fitting.training import Training
from riemgn.optimizers.records import Record


class Diary:
    """Notes the iterates of a fit and tells the callback.

    Args:
        callback: Called with each step.
        earlier: The steps of a fit that is carried on. Its last iterate is the start, which is
            therefore not noted again, and its seconds count.

    Attributes:
        history: The iterates of every phase, of the first fold where there are several.
        taken: The number of steps taken, in all folds.
    """

    def __init__(
        self, callback: Callable[[FitStep], None], earlier: Iterable[FitStep] = ()
    ) -> None:
        self.history = list(earlier)
        self.taken = 0
        self._callback = callback
        self._repeats = bool(self.history)
        self._earlier_seconds = self.history[-1].seconds if self.history else 0.0
        self._began = time.perf_counter()

    @property
    def seconds(self) -> float:
        """The time since the fit began, after that of the fit carried on."""
        return self._earlier_seconds + time.perf_counter() - self._began

    def note_fold(self, folds: list[Fold], ridge: float, number: int, record: Record) -> None:
        """Note an iterate of the ridge path; of the first fold only it enters the history."""
        if number == 0:
            held_out_loss = folds[0].held_out_loss()
            self._note("ridge", folds[0].training, ridge, record, held_out_loss)
        else:
            self.taken += record.iteration > 0

    def note_early(self, fold: Fold, ridge: float, record: Record) -> None:
        """Note an iterate of a training that is stopped early."""
        self._note("early stopping", fold.training, ridge, record, fold.held_out_loss())

    def note_all(self, training: Training, ridge: float, record: Record) -> None:
        """Note an iterate of the training on all rows."""
        self._note("fit", training, ridge, record, None)

    def _note(
        self,
        phase: str,
        training: Training,
        ridge: float,
        record: Record,
        held_out_loss: float | None,
    ) -> None:
        if self._repeats:
            self._repeats = False
            return
        self.taken += record.iteration > 0
        step = FitStep(
            phase=phase,
            iteration=len(self.history),
            ridge=ridge,
            loss=training.mean_loss(np.asarray(record.point)),
            held_out_loss=held_out_loss,
            gradient_norm=float(record.gradient_norm),
            seconds=self.seconds,
        )
        self.history.append(step)
        try:
            self._callback(step)
        except StopIteration:
            # it ends the whole fit, not only this minimisation, as Ctrl-C does
            raise KeyboardInterrupt from None
