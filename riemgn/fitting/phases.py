"""The phases of a fit: the choice of the ridge, early stopping, the training on all rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from riemgn.fitting.diary import Diary
from riemgn.fitting.early_stopping import PATIENCE, since_best, stop_early
from riemgn.fitting.ridge_path import Fold, RidgePath
from riemgn.fitting.splits import folds
from riemgn.fitting.targets import Target
from riemgn.fitting.training import HeldOut, Limits, Training, ran_out
from riemgn.losses import Loss
from riemgn.networks import Network
from riemgn.optimizers.records import Result

FEW_ROWS = 1000  # up to so many rows every fold is used
ENOUGH_HELD_OUT = 250  # rows; with more rows, folds are added until so many have been held out
STRONGEST = 4.0  # the first ridge of the path, over the number of rows


@dataclass(frozen=True)
class Task:
    """All training rows on the standardised scale, and what is trained on them.

    Attributes:
        network: The network.
        start: The parameters (p,) from which the ridge measures.
        X: Inputs (rows, inputs).
        target: The targets with their rows.
        method: One of `riemgn.fitting.training.METHODS`.
        weights: Positive weights of the rows, None where they count alike.
        reached: The parameters (p,) at which training begins, None for `start`.
    """

    network: Network
    start: np.ndarray
    X: np.ndarray
    target: Target
    method: str
    weights: np.ndarray | None = None
    reached: np.ndarray | None = None

    @property
    def beginning(self) -> np.ndarray:
        """The parameters (p,) at which training begins."""
        return self.start if self.reached is None else self.reached

    @property
    def total_weight(self) -> float:
        """The number of rows, or the sum of their weights."""
        return self._weight(slice(None))

    def training(self, rows: np.ndarray | slice = slice(None)) -> Training:
        """Return a training on some rows, standing at the beginning."""
        training = Training(
            self.network,
            self.start,
            self.X[rows],
            self._loss(rows),
            self.method,
            self._weight(rows),
        )
        training.params = self.beginning
        return training

    def folds(self, share: float, draws: np.random.Generator) -> list[Fold]:
        """Return trainings with a share of the rows held out; with many rows a few suffice."""
        rows = len(self.X)
        count = min(round(1 / share), rows)
        used = count if rows <= FEW_ROWS else min(count, -(-ENOUGH_HELD_OUT * count // rows))
        fold_of = folds(rows, count, draws, self.target.labels)
        return [self._fold(fold_of == i) for i in range(used)]

    def _fold(self, held: np.ndarray) -> Fold:
        held_out = HeldOut(self.X[held], self._loss(held), self._weight(held))
        return Fold(self.training(~held), held_out)

    def _loss(self, rows: np.ndarray | slice) -> Loss:
        weights = None if self.weights is None else self.weights[rows]
        return self.target.loss(self.target.rows[rows], weights)

    def _weight(self, rows: np.ndarray | slice) -> float:
        return len(self.X[rows]) if self.weights is None else float(self.weights[rows].sum())


@dataclass
class Run:
    """A fit under way; `KeyboardInterrupt` in any phase leaves the best parameters so far.

    Attributes:
        task: What is fitted.
        limits: Where the last phase ends.
        diary: The iterates so far.
        params: The best parameters so far, (p,).
        ridge: The strength of the ridge, None until it is given or chosen.
        path: The strengths tried.
        held_out_loss: The least held-out loss a row.
        iterations: The steps of the last phase that led to the parameters.
        last: What the optimizer returned from the last phase, None if that did not end.
        ran_out: Whether the last phase ended at the limit of its iterations.
    """

    task: Task
    limits: Limits
    diary: Diary
    params: np.ndarray
    ridge: float | None = None
    path: RidgePath | None = None
    held_out_loss: float | None = None
    iterations: int = 0
    last: Result | None = None
    ran_out: bool = False

    def choose_ridge(self, folds: list[Fold]) -> None:
        """Walk down the ridge path; all rows are then fitted from where the first fold was best."""
        self.path = RidgePath(folds)
        try:
            self.path.walk(STRONGEST * self.task.total_weight, partial(self.diary.note_fold, folds))
        finally:
            self.params, self.ridge = folds[0].best_params, self.path.ridge
            if self.path.strengths:
                self.held_out_loss = float(self.path.mean_losses.min())

    def stop_early(self, fold: Fold) -> None:
        """Train on the rows of a fold, and keep the iterate that serves the others best."""
        note = partial(self.diary.note_early, fold, self.ridge)
        losses: list[float] = []
        try:
            self.last = stop_early(fold, self.ridge, self.limits, note, losses)
        finally:
            self.params = fold.best_params
            if losses:
                self.held_out_loss, self.iterations = min(losses), int(np.argmin(losses))
        self.ran_out = ran_out(self.last, self.limits) and since_best(losses) < PATIENCE

    def train(self) -> None:
        """Train on all rows from the parameters reached so far."""
        training = self.task.training()
        training.params = self.params
        note = partial(self.diary.note_all, training, self.ridge)
        try:
            self.last = training.minimise(self.ridge, self.limits, note)
        finally:
            self.params, self.iterations = training.params, training.iterations
        self.ran_out = ran_out(self.last, self.limits)


def run_phases(
    task: Task,
    ridge: float | None,
    share: float,
    limits: Limits,
    draws: np.random.Generator,
    diary: Diary,
) -> Run:
    """Go through the phases that a fit needs.

    Args:
        task: What is fitted.
        ridge: The strength of the ridge, None if it is to be chosen.
        share: The share of rows held out, 0 for none.
        limits: Where the last phase ends.
        draws: The source of the folds.
        diary: Where iterates are noted.
    """
    run = Run(task, limits, diary, task.beginning, ridge)
    try:
        if ridge is None:
            run.choose_ridge(task.folds(share, draws))
        if ridge is not None and share > 0:
            run.stop_early(task.folds(share, draws)[0])
        else:
            run.train()
    except KeyboardInterrupt:
        run.last = None
    return run
