"""Rows that count by weights, each row once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class WeightedRows:
    """Different rows with positive weights, in an order that is theirs and not the caller's.

    Attributes:
        X: Inputs (rows, inputs).
        y: Targets (rows, columns) or labels (rows,).
        weights: The weights (rows,).
    """

    X: np.ndarray
    y: np.ndarray
    weights: np.ndarray

    @classmethod
    def merged(cls, X: np.ndarray, y: np.ndarray, weights: np.ndarray) -> WeightedRows:
        """Return the rows of X and y, those that are equal once with the sum of their weights.

        A weight of 2 is then the row twice to the last digit, whatever a training does with the
        rows, and a training that takes them as they come does not depend on their order.
        """
        table = np.column_stack([X, y])
        order = np.lexsort(table.T[::-1])
        table = table[order]
        first = np.ones(len(X), dtype=bool)
        first[1:] = np.any(table[1:] != table[:-1], axis=1)
        kept = order[first]
        total = np.add.reduceat(weights[order], np.flatnonzero(first))
        return cls(X[kept], y[kept], total)

    def __len__(self) -> int:
        return len(self.X)
