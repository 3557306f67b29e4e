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
        if since_best(losses) == 0:
            fold.best_params = fold.training.params
        elif since_best(losses) >= PATIENCE:
            raise StopIteration

    result = fold.training.minimise(ridge, limits, note)
    return result, losses


def since_best(losses: list[float]) -> int:
    """Return how many steps ago the held-out loss was least."""
    return len(losses) - 1 - int(np.argmin(losses))
