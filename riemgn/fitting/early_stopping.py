"""A fixed ridge, with the iterate kept that serves held-out rows best."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from riemgn.fitting.ridge_path import Fold
from riemgn.fitting.training import Limits
from riemgn.optimizers.records import Record, Result

PATIENCE = 10  # steps without a better held-out loss that end the training


def stop_early(
    fold: Fold, ridge: float, limits: Limits, watch: Callable[[Record], None]
) -> tuple[Result, list[float]]:
    """Minimise, and leave the fold's best parameters at the iterate of least held-out loss.

    Returns:
        The optimizer's result, and the held-out loss a row of every iterate.
    """
    losses: list[float] = []

    def note(record: Record) -> None:
        losses.append(fold.held_out_loss())
        watch(record)
        best = int(np.argmin(losses))
        if best == len(losses) - 1:
            fold.best_params = fold.training.params
        elif len(losses) - 1 - best >= PATIENCE:
            raise StopIteration

    result = fold.training.minimise(ridge, limits, note)
    return result, losses
