"""A fixed ridge, with the iterate kept that serves held-out rows best."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from riemgn.fitting.ridge_path import Fold
from riemgn.fitting.training import Limits
from riemgn.optimizers.records import Record, Result

PATIENCE = 10  # steps without a better held-out loss that end the training


def stop_early(
    fold: Fold,
    ridge: float,
    limits: Limits,
    watch: Callable[[Record], None],
    losses: list[float],
) -> Result:
    """Minimise, and leave the fold's best parameters at the iterate of least held-out loss.

    Args:
        fold: The training and the rows held out.
        ridge: The strength.
        limits: Where to end.
        watch: Called with the record of every iterate.
        losses: Takes the held-out loss a row of every iterate, right after it.
    """

    def note(record: Record) -> None:
        losses.append(fold.held_out_loss())
        if since_best(losses) == 0:
            fold.best_params = fold.training.params
        watch(record)
        if since_best(losses) >= PATIENCE:
            raise StopIteration

    return fold.training.minimise(ridge, limits, note)


def since_best(losses: list[float]) -> int:
    """Return how many steps ago the held-out loss was least."""
    return len(losses) - 1 - int(np.argmin(losses))
