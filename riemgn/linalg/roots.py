"""Roots L of a loss Hessian H = L L^T, applied to arrays without forming any of shape (n, n).

The generalised Gauss-Newton method needs B = L^T J or L^T K L, never H alone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from scipy.linalg import solve_triangular


class Root(ABC):
    """A linear operator L on R^n with L L^T the Hessian, or a metric, of a loss.

    Products accept a vector of shape (n,) or a matrix of shape (n, m). A Fortran-ordered matrix
    gives a Fortran-ordered product, and memory is then read in order.
    """

    is_identity = False

    @abstractmethod
    def times(self, v: np.ndarray) -> np.ndarray:
        """Return L v, of v's shape."""

    @abstractmethod
    def transposed(self, v: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Return L^T v, of v's shape; written into `out`, which must not overlap v, if given."""

    @abstractmethod
    def solve(self, v: np.ndarray) -> np.ndarray:
        """Return L^{-1} v, of v's shape; infinity or NaN where L has no inverse."""

    @abstractmethod
    def solve_transposed(self, v: np.ndarray) -> np.ndarray:
        """Return L^{-T} v, of v's shape; infinity or NaN where L has no inverse."""

    @abstractmethod
    def rows(self, rows: slice) -> Root:
        """Return the root of those consecutive outputs alone; they must not cut a block of L."""

    def congruence(self, K: np.ndarray) -> np.ndarray:
        """Return L^T K L for a symmetric K of shape (n, n); K is left as it is."""
        return self.transposed(self.transposed(K).T)


class IdentityRoot(Root):
    """L = I. Nothing is copied: products return their argument."""

    is_identity = True

    def __repr__(self) -> str:
        return "IdentityRoot()"

    def times(self, v: np.ndarray) -> np.ndarray:
        """Return v itself."""
        return v

    def transposed(self, v: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Return v itself, or `out` filled with v."""
        if out is None:
            return v
        np.copyto(out, v)
        return out

    def solve(self, v: np.ndarray) -> np.ndarray:
        """Return v itself."""
        return v

    solve_transposed = solve

    def rows(self, rows: slice) -> IdentityRoot:
        """Return the identity itself."""
        return self

    def congruence(self, K: np.ndarray) -> np.ndarray:
        """Return K itself."""
        return K


class DiagonalRoot(Root):
    """L = diag(values).

    Args:
        values: The diagonal, shape (n,).

    Raises:
        ValueError: `values` is not a vector.
    """

    def __init__(self, values: np.ndarray) -> None:
        self.values = np.asarray(values, dtype=np.float64)
        if self.values.ndim != 1:
            raise ValueError(f"values must have shape (n,), got {self.values.shape}")

    def __repr__(self) -> str:
        return f"DiagonalRoot(size={self.values.size})"

    def times(self, v: np.ndarray) -> np.ndarray:
        """Return values * v, row by row."""
        return self.transposed(v)

    def transposed(self, v: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Return values * v, row by row; `out` may be v."""
        _require_rows(v, self.values.size)
        out = _like(v) if out is None else out
        np.multiply(v.T, self.values, out=out.T)
        return out

    def solve(self, v: np.ndarray) -> np.ndarray:
        """Return v over the values row by row: L^{-1} v, and L^{-T} v."""
        _require_rows(v, self.values.size)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            return (v.T / self.values).T

    solve_transposed = solve

    def rows(self, rows: slice) -> DiagonalRoot:
        """Return the root with those values alone."""
        return DiagonalRoot(self.values[rows])

    def congruence(self, K: np.ndarray) -> np.ndarray:
        """Return K_ij values_i values_j; exactly symmetric if K is."""
        product = np.multiply.outer(self.values, self.values)
        product *= K
        return product


class BlockRoot(Root):
    """L block-diagonal, one k x k block a sample.

    Args:
        blocks: The blocks, shape (samples, k, k); n = samples * k.

    Raises:
        ValueError: `blocks` has another shape.
    """

    def __init__(self, blocks: np.ndarray) -> None:
        self.blocks = np.asarray(blocks, dtype=np.float64)
        if self.blocks.ndim != 3 or self.blocks.shape[1] != self.blocks.shape[2]:
            raise ValueError(f"blocks must have shape (samples, k, k), got {self.blocks.shape}")

    def __repr__(self) -> str:
        samples, k, _ = self.blocks.shape
        return f"BlockRoot(samples={samples}, k={k})"

    def times(self, v: np.ndarray) -> np.ndarray:
        """Return each block times its k rows of v."""
        return _blockwise(self.blocks, v, _like(v))

    def transposed(self, v: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Return each transposed block times its k rows of v."""
        return _blockwise(self.blocks.transpose(0, 2, 1), v, _like(v) if out is None else out)

    def solve(self, v: np.ndarray) -> np.ndarray:
        """Return each block's inverse times its k rows of v."""
        return _blockwise(_inverses(self.blocks), v, _like(v))

    def solve_transposed(self, v: np.ndarray) -> np.ndarray:
        """Return each transposed block's inverse times its k rows of v."""
        return _blockwise(_inverses(self.blocks).transpose(0, 2, 1), v, _like(v))

    def rows(self, rows: slice) -> BlockRoot:
        """Return the root of the samples whose k outputs these rows are."""
        k = self.blocks.shape[1]
        if rows.start % k or rows.stop % k:
            raise ValueError(f"rows {rows.start} to {rows.stop} cut a block of {k}")
        return BlockRoot(self.blocks[rows.start // k : rows.stop // k])


class DenseRoot(Root):
    """L a lower triangle, (n, n): the Cholesky factor of a matrix without structure."""

    def __init__(self, triangle: np.ndarray) -> None:
        self.triangle = triangle

    def __repr__(self) -> str:
        return f"DenseRoot(size={self.triangle.shape[0]})"

    def times(self, v: np.ndarray) -> np.ndarray:
        """Return L v."""
        return self.triangle @ v

    def transposed(self, v: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Return L^T v."""
        if out is None:
            return self.triangle.T @ v
        return np.matmul(self.triangle.T, v, out=out)

    def solve(self, v: np.ndarray) -> np.ndarray:
        """Return L^{-1} v."""
        return solve_triangular(self.triangle, v, lower=True, check_finite=False)

    def solve_transposed(self, v: np.ndarray) -> np.ndarray:
        """Return L^{-T} v."""
        return solve_triangular(self.triangle, v, lower=True, trans="T", check_finite=False)

    def rows(self, rows: slice) -> DenseRoot:
        """Return the root itself for all rows; its outputs cannot be parted.

        Raises:
            ValueError: Some rows are left out.
        """
        n = self.triangle.shape[0]
        if rows.indices(n) != (0, n, 1):
            raise ValueError(
                "metric (n, n) needs a Jacobian that is held at once, here it is read in row "
                "blocks; a weight (n,) does not"
            )
        return self


class DirectSumRoot(Root):
    """L = diag(L_1, L_2) for two consecutive parts of the output vector.

    Args:
        first: The root of the first part.
        size: The length of the first part.
        second: The root of the rest.
    """

    def __init__(self, first: Root, size: int, second: Root) -> None:
        self.first, self.size, self.second = first, size, second

    def __repr__(self) -> str:
        return f"DirectSumRoot({self.first!r}, {self.size}, {self.second!r})"

    @property
    def is_identity(self) -> bool:
        """Whether both parts are the identity."""
        return self.first.is_identity and self.second.is_identity

    def times(self, v: np.ndarray) -> np.ndarray:
        """Return L v, part by part."""
        out = _like(v)
        out[: self.size] = self.first.times(v[: self.size])
        out[self.size :] = self.second.times(v[self.size :])
        return out

    def transposed(self, v: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Return L^T v, part by part."""
        out = _like(v) if out is None else out
        self.first.transposed(v[: self.size], out=out[: self.size])
        self.second.transposed(v[self.size :], out=out[self.size :])
        return out

    def solve(self, v: np.ndarray) -> np.ndarray:
        """Return L^{-1} v, part by part."""
        head, tail = v[: self.size], v[self.size :]
        return np.concatenate([self.first.solve(head), self.second.solve(tail)])

    def solve_transposed(self, v: np.ndarray) -> np.ndarray:
        """Return L^{-T} v, part by part."""
        head, tail = v[: self.size], v[self.size :]
        solved = self.first.solve_transposed(head), self.second.solve_transposed(tail)
        return np.concatenate(solved)

    def rows(self, rows: slice) -> Root:
        """Return the root of rows that lie in one of the two parts."""
        if rows.stop <= self.size:
            return self.first.rows(rows)
        if rows.start >= self.size:
            return self.second.rows(slice(rows.start - self.size, rows.stop - self.size))
        raise ValueError(f"rows {rows.start} to {rows.stop} cut the sum at {self.size}")

    def congruence(self, K: np.ndarray) -> np.ndarray:
        """Return the four blocks L_i^T K_ij L_j; K itself where L is the identity."""
        if self.is_identity:
            return K
        head, tail = slice(None, self.size), slice(self.size, None)
        product = np.empty_like(K)
        product[head, head] = self.first.congruence(K[head, head])
        product[tail, tail] = self.second.congruence(K[tail, tail])
        lower = self.second.transposed(self.first.transposed(K[head, tail]).T)
        product[tail, head] = lower
        product[head, tail] = lower.T
        return product


def _like(v: np.ndarray) -> np.ndarray:
    """Return an unfilled float64 array of v's shape and memory order."""
    return np.empty_like(v, dtype=np.float64)


def _require_rows(v: np.ndarray, n: int) -> None:
    if v.shape[0] != n:
        raise ValueError(f"v must have {n} rows, got shape {v.shape}")


def _inverses(blocks: np.ndarray) -> np.ndarray:
    """Return the inverses of blocks (samples, k, k), NaN where one is singular."""
    try:
        return np.linalg.inv(blocks)
    except np.linalg.LinAlgError:
        return np.full_like(blocks, np.nan)


def _blockwise(blocks: np.ndarray, v: np.ndarray, out: np.ndarray) -> np.ndarray:
    """Write each block times its rows of v into `out`; splitting axis 0 makes views, no copies."""
    samples, k, _ = blocks.shape
    _require_rows(v, samples * k)
    rows = (samples, k, *v.shape[1:])
    if v.ndim == 1:
        np.einsum("sij,sj->si", blocks, v.reshape(rows), out=out.reshape(rows))
    else:
        np.matmul(blocks, v.reshape(rows), out=out.reshape(rows))
    return out
