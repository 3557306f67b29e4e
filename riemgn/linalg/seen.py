"""A differential seen through the root of a Hessian: B = L^T J, the map in damped systems."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from riemgn.linalg.factor import Differential
from riemgn.linalg.roots import Root
from riemgn.linalg.threads import gram, mapped, sum_in_order


class SeenThroughRoot:
    """B = L^T J as a `Differential` of its own."""

    def __init__(self, differential: Differential, root: Root) -> None:
        self._differential = differential
        self._root = root
        self.shape = differential.shape
        self.streams = differential.streams

    def jacobian(self) -> np.ndarray:
        """B, (n, p)."""
        return self._root.transposed(self._differential.jacobian())

    def row_blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Consecutive rows of B, each with its place."""
        for rows, J in self._differential.row_blocks():
            yield rows, self._root.rows(rows).transposed(J)

    def gram(self) -> np.ndarray:
        """B^T B, (p, p)."""
        if not self.streams:
            return gram(self.jacobian().T)
        return sum_of_grams(self.row_blocks())

    def kernel(self) -> np.ndarray:
        """B B^T = L^T K L, (n, n)."""
        return self._root.congruence(self._differential.kernel())

    def jvp(self, xi: np.ndarray) -> np.ndarray:
        """B xi, (n,)."""
        return self._root.transposed(self._differential.jvp(xi))

    def vjp(self, v: np.ndarray) -> np.ndarray:
        """B^T v, (p,)."""
        return self._differential.vjp(self._root.times(v))


def seen_through(differential: Differential, root: Root) -> Differential:
    """Return B = L^T J; the differential itself where L is the identity."""
    return differential if root.is_identity else SeenThroughRoot(differential, root)


def sum_of_grams(row_blocks: Iterator[tuple[slice, np.ndarray]]) -> np.ndarray:
    """Return the sum of the blocks' own Gram matrices, (p, p)."""
    return sum_in_order(mapped(lambda block: block[1].T @ block[1], row_blocks))
