"""Householder QR, and the truncated SVD that it turns into where the rank falls."""

from __future__ import annotations

import numpy as np
from scipy.linalg import lapack, solve_triangular

from riemgn.linalg.factor import Factor, numerical_rank, rank_tolerance

_BLOCK = 32


class HouseholderQR:
    """J = Q R of a tall J (n x p, n >= p), with Q applied as blocked reflectors, never formed."""

    def __init__(self, J: np.ndarray) -> None:
        n, p = J.shape
        self.shape = (n, p)
        self._reflectors, self._blocks, info = lapack.dgeqrt(
            min(_BLOCK, p), np.array(J, order="F"), overwrite_a=1
        )
        if info != 0:
            raise ValueError(f"dgeqrt refused its argument {-info}")
        self.R = np.triu(self._reflectors[:p])

    def coordinates(self, v: np.ndarray) -> np.ndarray:
        """Return the first p entries of Q^T v."""
        return self._apply(v, trans="T")[: self.shape[1]]

    def combine(self, c: np.ndarray) -> np.ndarray:
        """Return Q [c; 0] for c of shape (p,) or (p, m)."""
        n, p = self.shape
        full = np.zeros((n, *c.shape[1:]), order="F")
        full[:p] = c
        return self._apply(full, trans="N")

    def _apply(self, v: np.ndarray, trans: str) -> np.ndarray:
        columns = np.array(v if v.ndim == 2 else v[:, None], dtype=np.float64, order="F")
        product, info = lapack.dgemqrt(
            self._reflectors, self._blocks, columns, side="L", trans=trans, overwrite_c=1
        )
        if info != 0:
            raise ValueError(f"dgemqrt refused its argument {-info}")
        return product if v.ndim == 2 else product[:, 0]


class TriangularFactor(Factor):
    """A tall J of full column rank, through its Householder QR."""

    def __init__(self, qr: HouseholderQR) -> None:
        self._qr = qr
        self.rank = qr.shape[1]

    def project(self, v: np.ndarray) -> np.ndarray:
        return self._qr.combine(self._qr.coordinates(v))

    def lift(self, v: np.ndarray) -> np.ndarray:
        return solve_triangular(self._qr.R, self._qr.coordinates(v), check_finite=False)

    def transposed_lift(self, q: np.ndarray) -> np.ndarray:
        return self._qr.combine(solve_triangular(self._qr.R, q, trans="T", check_finite=False))

    def basis(self) -> np.ndarray:
        return self._qr.combine(np.eye(self.rank))

    def amplification(self) -> float:
        R = self._qr.R / np.linalg.norm(self._qr.R, axis=0)
        rcond, _ = lapack.dtrcon(R)
        size = np.abs(R).sum(axis=0).max()
        return float(1 / (rcond * size)) if rcond else float("inf")

    def singular_values(self) -> np.ndarray:
        return np.linalg.svd(self._qr.R, compute_uv=False)

    def row_project(self, q: np.ndarray) -> np.ndarray:
        """Return the part of q (p,) in the range of J^T: here all of it."""
        return q.copy()

    def row_basis(self) -> np.ndarray:
        """Return an orthonormal basis of the range of J^T, (p, rank)."""
        return np.eye(self.rank)


class TruncatedFactor(Factor):
    """A tall J whose rank is below p: its QR with the SVD of R cut at that rank."""

    def __init__(
        self, qr: HouseholderQR, svd: tuple[np.ndarray, np.ndarray, np.ndarray], rank: int
    ) -> None:
        U, self._all, Vt = svd
        # a column of J that is zero has no part in any lift, not even by rounding
        Vt = Vt * np.any(qr.R, axis=0)
        self.rank = rank
        self._qr = qr
        self._U = U[:, : self.rank]
        self._V = Vt[: self.rank].T
        self._sigma = self._all[: self.rank]

    def project(self, v: np.ndarray) -> np.ndarray:
        return self._qr.combine(self._U @ (self._U.T @ self._qr.coordinates(v)))

    def lift(self, v: np.ndarray) -> np.ndarray:
        return (self._V / self._sigma) @ (self._U.T @ self._qr.coordinates(v))

    def transposed_lift(self, q: np.ndarray) -> np.ndarray:
        return self._qr.combine((self._U / self._sigma) @ (self._V.T @ q))

    def basis(self) -> np.ndarray:
        return self._qr.combine(self._U)

    def singular_values(self) -> np.ndarray:
        return self._all

    def row_project(self, q: np.ndarray) -> np.ndarray:
        """Return the part of q (p,) in the range of J^T."""
        return self._V @ (self._V.T @ q)

    def row_basis(self) -> np.ndarray:
        """Return an orthonormal basis of the range of J^T, (p, rank)."""
        return self._V


class WideFactor(Factor):
    """A wide J (p > n), through the factor of its transpose."""

    def __init__(self, transposed: TriangularFactor | TruncatedFactor) -> None:
        self._transposed = transposed
        self.rank = transposed.rank

    def project(self, v: np.ndarray) -> np.ndarray:
        return self._transposed.row_project(v)

    def lift(self, v: np.ndarray) -> np.ndarray:
        return self._transposed.transposed_lift(v)

    def transposed_lift(self, q: np.ndarray) -> np.ndarray:
        return self._transposed.lift(q)

    def basis(self) -> np.ndarray:
        return self._transposed.row_basis()

    def singular_values(self) -> np.ndarray:
        return self._transposed.singular_values()


def orthogonal_factor(J: np.ndarray) -> Factor:
    """Return the factor of J (n, p) by orthogonal transformations alone, for any shape and rank."""
    n, p = J.shape
    if p > n:
        return WideFactor(_tall_factor(J.T))
    return _tall_factor(J)


def orthogonal_factor_at_rank(J: np.ndarray, rank: int) -> Factor:
    """Return the factor of J (n, p) by its `rank` largest singular values, whatever the others."""
    n, p = J.shape
    if p > n:
        return WideFactor(_cut_factor(J.T, rank))
    return _cut_factor(J, rank)


def _cut_factor(J: np.ndarray, rank: int) -> TruncatedFactor:
    qr = HouseholderQR(J)
    return TruncatedFactor(qr, np.linalg.svd(qr.R), rank)


def _tall_factor(J: np.ndarray) -> TriangularFactor | TruncatedFactor:
    n, p = J.shape
    qr = HouseholderQR(J)
    rcond, _ = lapack.dtrcon(qr.R)
    # sigma_min / sigma_max >= rcond / p up to the estimator's factor: no SVD where rank is certain
    if rcond > 10 * p * rank_tolerance(n, p):
        return TriangularFactor(qr)
    svd = np.linalg.svd(qr.R)
    rank = numerical_rank(svd[1], n, p)
    return TriangularFactor(qr) if rank == p else TruncatedFactor(qr, svd, rank)
