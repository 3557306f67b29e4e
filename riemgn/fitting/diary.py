"""The iterates of a fit, noted as they come."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from riemgn.fitting.result import FitStep
from riemgn.fitting.ridge_path import Fold
from riemgn.fitting.training import Training
from riemgn.optimizers.records import Record


class Diary:
    """Notes the iterates of a fit and tells the callback.

    Attributes:
        history: The iterates of every phase, of the first fold where there are several.
        taken: The number of steps taken, in all folds.
    """

    def __init__(self, callback: Callable[[FitStep], None]) -> None:
        self.history: list[FitStep] = []
        self.taken = 0
        self._callback = callback
        self._began = time.perf_counter()

    @property
    def seconds(self) -> float:
        """The time since the fit began."""
        return time.perf_counter() - self._began

    def note_fold(self, phase: str, fold: Fold, ridge: float, record: Record, shown: bool) -> None:
        """Note an iterate of a training with rows held out."""
        self._note(phase, fold.training, ridge, record, fold.held_out_loss() if shown else None)

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
        self.taken += record.iteration > 0
        if held_out_loss is None and phase != "fit":
            return
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
