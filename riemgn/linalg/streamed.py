"""Factors of a tall J too large to be held: row blocks are made, used and forgotten.

The triangle R of J = Q R is built block by block; Q is replaced by J R^{-1}, applied through
products with J. One refinement of these seminormal equations makes a step as accurate as that of QR
where cond(J) is up to about 1e8 (Bjorck, Numerical Methods for Least Squares Problems, 1996,
section 2.5).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np
from scipy.linalg import lapack

from riemgn.linalg.cholesky import EquilibratedCholesky
from riemgn.linalg.damped import GramSystem
from riemgn.linalg.factor import EPS, Differential, Factor, by_columns, numerical_rank

_BLOCK = 32


def triangle(row_blocks: Iterator[tuple[slice, np.ndarray]], p: int) -> np.ndarray:
    """Return R, (p, p), of the QR of stacked row blocks, one after the other."""
    R = np.zeros((p, p), order="F")
    for _, rows in row_blocks:
        block = np.array(rows, order="F")
        R, _, _, info = lapack.dtpqrt(0, min(_BLOCK, p), R, block, overwrite_a=1, overwrite_b=1)
        if info != 0:
            raise ValueError(f"dtpqrt refused its argument {-info}")
    return np.triu(R)


class SeminormalFactor(Factor):
    """A streamed J through its triangle R = U S V^T, cut where the rank falls."""

    def __init__(self, differential: Differential) -> None:
        n, p = differential.shape
        self._differential = differential
        _, self._all, Vt = np.linalg.svd(triangle(differential.row_blocks(), p))
        self.rank = numerical_rank(self._all, n, p)
        # J W has orthonormal columns
        self._W = Vt[: self.rank].T / self._all[: self.rank]

    def _solve(self, q: np.ndarray) -> np.ndarray:
        """(J^T J)^+ q."""
        return self._W @ (self._W.T @ q)

    @by_columns
    def lift(self, v: np.ndarray) -> np.ndarray:
        J = self._differential
        xi = self._solve(J.vjp(v))
        return xi + self._solve(J.vjp(v - J.jvp(xi)))

    @by_columns
    def project(self, v: np.ndarray) -> np.ndarray:
        return self._differential.jvp(self.lift(v))

    @by_columns
    def transposed_lift(self, q: np.ndarray) -> np.ndarray:
        J = self._differential
        y = J.jvp(self._solve(q))
        return y + J.jvp(self._solve(q - J.vjp(y)))

    def basis(self) -> np.ndarray:
        return np.linalg.qr(
            np.concatenate([J @ self._W for _, J in self._differential.row_blocks()])
        )[0]

    def singular_values(self) -> np.ndarray:
        return self._all

    def amplification(self) -> float:
        # one refinement leaves the square of what seminormal equations lose
        condition = self.condition_number
        return condition * max(1.0, condition**2 * EPS)


class StreamedGram(GramSystem):
    """The damped p x p form of a streamed B, p <= n."""

    def __init__(self, differential: Differential, scale: np.ndarray | None = None) -> None:
        self._differential = differential
        super().__init__(differential.gram(), differential.shape[0], scale)

    def push(self, x: np.ndarray) -> np.ndarray:
        return self._differential.jvp(x)

    def _pull(self, t: np.ndarray) -> np.ndarray:
        return self._differential.vjp(t)

    def _orthogonal(self, damping: float) -> SeminormalStack:
        return SeminormalStack(self, self._triangle, damping)

    @cached_property
    def _triangle(self) -> np.ndarray:
        return triangle(self._differential.row_blocks(), self._differential.shape[1])


class SeminormalStack:
    """Corrected seminormal equations with the triangle of the stacked [B; sqrt(damping) D]."""

    def __init__(self, system: StreamedGram, R: np.ndarray, damping: float) -> None:
        self._system = system
        self._damping = damping
        p = R.shape[0]
        rows = np.diag(np.sqrt(damping) * system.scale)
        stacked = triangle(iter([(slice(0, p), R), (slice(p, 2 * p), rows)]), p)
        self._cholesky = EquilibratedCholesky(stacked, np.ones(p), np.nan)

    def solve(self, t: np.ndarray) -> np.ndarray:
        """Return the minimiser of `|B x - t|^2 + damping |D x|^2`."""
        system, damping = self._system, self._damping
        x = self._cholesky.solve(system.pull(t))
        gradient = system._pull(t - system.push(x)) - damping * system.scale**2 * x
        return x + self._cholesky.solve(gradient)
