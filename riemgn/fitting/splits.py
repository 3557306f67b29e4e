"""Rows set apart: the test rows of a command, and the folds on which `fit` validates."""

from __future__ import annotations

import numpy as np


def held_out(
    rows: int, share: float, generator: np.random.Generator, labels: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the indices of the rows that stay and of those held out, both sorted.

    Args:
        rows: The number of rows, at least 2.
        share: The share to hold out, in (0, 1); at least one row is held out and one stays.
        generator: The source of the draw.
        labels: Class labels (rows,): each class then gives its share, to within one row.
    """
    count = min(max(round(share * rows), 1), rows - 1)
    order = _shuffled(rows, generator, labels)
    taken = ((np.arange(count) + 0.5) * rows / count).astype(int)
    held = np.zeros(rows, dtype=bool)
    held[order[taken]] = True
    return np.flatnonzero(~held), np.flatnonzero(held)


def folds(
    rows: int, count: int, generator: np.random.Generator, labels: np.ndarray | None = None
) -> np.ndarray:
    """Return each row's fold, integers below `count`, (rows,); every class is spread evenly."""
    fold = np.empty(rows, dtype=int)
    fold[_shuffled(rows, generator, labels)] = np.arange(rows) % count
    return fold


def _shuffled(rows: int, generator: np.random.Generator, labels: np.ndarray | None) -> np.ndarray:
    """Return a random order of the rows, class by class where there are labels."""
    order = generator.permutation(rows)
    if labels is None:
        return order
    return order[np.argsort(labels[order], kind="stable")]
