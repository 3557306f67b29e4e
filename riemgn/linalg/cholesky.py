"""Cholesky of equilibrated Gram matrices, refined to the accuracy of orthogonal factorisations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import lapack, solve_triangular

from riemgn.linalg.factor import (
    CHOLESKY_GUARD,
    EPS,
    Differential,
    Factor,
    by_columns,
    rank_tolerance,
)

# The share of a kernel's largest eigenvalue above which its others have 8 digits of a square.
_SQUARED_ENOUGH = 1e-8

# Squares below this have lost digits to underflow.
_LEAST_SQUARE = np.finfo(np.float64).tiny / EPS


@dataclass(frozen=True)
class EquilibratedCholesky:
    """C^T C = S G S of a positive definite G, with S = diag(scale) making a unit diagonal."""

    triangle: np.ndarray
    scale: np.ndarray
    reciprocal_condition: float

    @classmethod
    def of(cls, G: np.ndarray) -> EquilibratedCholesky | None:
        """Return the factor of G (p, p), or None where G is not numerically positive definite."""
        diagonal = np.diagonal(G)
        if not (np.all(diagonal > _LEAST_SQUARE) and np.all(np.isfinite(diagonal))):
            return None
        scale = 1 / np.sqrt(diagonal)
        scaled = G * scale
        scaled *= scale[:, None]
        # the matrix is symmetric: its transpose is the Fortran order that LAPACK wants
        norm = lapack.dlange("1", scaled.T)
        triangle, info = lapack.dpotrf(scaled.T, lower=0, clean=0, overwrite_a=1)
        if info != 0:
            return None
        rcond, _ = lapack.dpocon(triangle, norm, uplo="U")
        return cls(triangle, scale, float(rcond))

    def solve(self, b: np.ndarray) -> np.ndarray:
        """Return G^{-1} b for a vector or the columns of a matrix."""
        scale = self.scale if b.ndim == 1 else self.scale[:, None]
        x, _ = lapack.dpotrs(self.triangle, b * scale, lower=0)
        return scale * (x if b.ndim == x.ndim else x[:, 0])


def certainly_full_rank(cholesky: EquilibratedCholesky, n: int, p: int) -> bool:
    """Whether the factor proves that no singular value of the factorised map counts as zero.

    sigma_min / sigma_max is at least sqrt(rcond) / k for the equilibrated map of k columns, and
    undoing the equilibration costs at most the ratio of the extreme column norms and sqrt(k).
    """
    k = cholesky.scale.size
    norms = 1 / cholesky.scale
    spread = norms.min() / norms.max()
    least = np.sqrt(cholesky.reciprocal_condition) * spread / k**1.5
    return bool(least > 10 * rank_tolerance(n, p))


class GramFactor(Factor):
    """J of full column rank and cond(J) up to about 1e7, through the Cholesky factor of J^T J.

    Two refinements `d += G^{-1} J^T (b - J d)` bring the step to the accuracy of Householder QR.
    """

    def __init__(self, differential: Differential, cholesky: EquilibratedCholesky) -> None:
        self._differential = differential
        self._cholesky = cholesky
        self.rank = differential.shape[1]

    @classmethod
    def of(cls, differential: Differential) -> GramFactor | None:
        """Return the factor where the guard on the condition number allows it, else None."""
        cholesky = EquilibratedCholesky.of(differential.gram())
        if cholesky is None or cholesky.reciprocal_condition <= CHOLESKY_GUARD:
            return None
        if not certainly_full_rank(cholesky, *differential.shape):
            return None
        return cls(differential, cholesky)

    def lift(self, v: np.ndarray) -> np.ndarray:
        push, pull = self._products
        solve = self._cholesky.solve
        d = solve(pull(v))
        for _ in range(2):
            d += solve(pull(v - push(d)))
        return d

    def project(self, v: np.ndarray) -> np.ndarray:
        push, _ = self._products
        return push(self.lift(v))

    def transposed_lift(self, q: np.ndarray) -> np.ndarray:
        push, pull = self._products
        solve = self._cholesky.solve
        z = solve(q)
        for _ in range(2):
            z += solve(q - pull(push(z)))
        return push(z)

    def basis(self) -> np.ndarray:
        # Cholesky-QR twice: the first pass leaves cond(Q) of order 1, the second orthonormalises
        Q = self._differential.jacobian() * self._cholesky.scale
        Q = solve_triangular(self._cholesky.triangle, Q.T, trans="T", overwrite_b=True)
        second = np.linalg.cholesky(Q @ Q.T)
        return solve_triangular(second, Q, lower=True, overwrite_b=True).T

    def amplification(self) -> float:
        return float(1 / np.sqrt(self._cholesky.reciprocal_condition))

    def singular_values(self) -> np.ndarray:
        return np.linalg.svd(
            np.linalg.qr(self._differential.jacobian(), mode="r"), compute_uv=False
        )

    @cached_property
    def _products(self) -> tuple[Callable, Callable]:
        """The maps x -> J x and v -> J^T v: by J's array, or by its own rules where it streams."""
        J = self._differential
        if J.streams:
            return _columnwise(J.jvp), _columnwise(J.vjp)
        return J.jacobian().__matmul__, J.jacobian().T.__matmul__


class KernelFactor(Factor):
    """J of full row rank (p >= n), never formed, through the Cholesky factor of K = J J^T."""

    def __init__(self, differential: Differential, cholesky: EquilibratedCholesky) -> None:
        self._differential = differential
        self._cholesky = cholesky
        self.rank = differential.shape[0]

    @classmethod
    def of(cls, differential: Differential) -> KernelFactor | None:
        """Return the factor where the guard on the condition number allows it, else None."""
        cholesky = EquilibratedCholesky.of(differential.kernel())
        if cholesky is None or cholesky.reciprocal_condition <= CHOLESKY_GUARD:
            return None
        if not certainly_full_rank(cholesky, *differential.shape):
            return None
        return cls(differential, cholesky)

    def project(self, v: np.ndarray) -> np.ndarray:
        return v.copy()

    @by_columns
    def lift(self, v: np.ndarray) -> np.ndarray:
        J, solve = self._differential, self._cholesky.solve
        xi = J.vjp(solve(v))
        for _ in range(2):
            xi += J.vjp(solve(v - J.jvp(xi)))
        return xi

    @by_columns
    def transposed_lift(self, q: np.ndarray) -> np.ndarray:
        J, solve = self._differential, self._cholesky.solve
        y = solve(J.jvp(q))
        for _ in range(2):
            y += solve(J.jvp(q - J.vjp(y)))
        return y

    def basis(self) -> np.ndarray:
        return np.eye(self.rank)

    def singular_values(self) -> np.ndarray:
        values = np.linalg.eigvalsh(self._differential.kernel())[::-1]
        if values[-1] > _SQUARED_ENOUGH * values[0]:
            return np.sqrt(values)
        J = self._differential.jacobian()
        return np.linalg.svd(np.linalg.qr(J.T, mode="r"), compute_uv=False)


def _columnwise(product: Callable) -> Callable:
    """Let a product with one vector serve the columns of a matrix."""

    def each(v: np.ndarray) -> np.ndarray:
        return product(v) if v.ndim == 1 else np.stack([product(c) for c in v.T], axis=1)

    return each
