"""Damped least squares through one singular value decomposition, for small problems."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from riemgn.errors import NumericalError
from riemgn.linalg.cholesky import EquilibratedCholesky
from riemgn.linalg.damped import DampedSystem, definite_cholesky
from riemgn.linalg.factor import rank_tolerance

# n p min(n, p) up to which a decomposition costs less than what it saves (about a millisecond).
SMALL = 2e6


class DampedSpectrum(DampedSystem):
    """The system through B D^{-1} = U S V^T: any damping costs two products, no digit is squared.

    Singular values below rounding (docs/theory.md, section 6) are cut: a step then has the least
    norm in D's units.

    Attributes:
        singular_values: S without those that count as zero, largest first, (rank,).
        frame: D^{-1} V S^{-1}, (p, rank): B maps its columns to an orthonormal basis of its range.
        basis: U, (n, rank).
    """

    def __init__(self, B: np.ndarray, scale: np.ndarray | None = None) -> None:
        n, p = B.shape
        self.rows = n
        self.scale = np.ones(p) if scale is None else scale
        self._B = B
        try:
            U, values, Vt = np.linalg.svd(B / self.scale, full_matrices=False)
        except np.linalg.LinAlgError as error:
            raise NumericalError(
                f"the Jacobian ({n} x {p}) has no singular values: {error}"
            ) from None
        self._all = values
        rank = int(np.count_nonzero(values > rank_tolerance(n, p) * values[0]))
        self.singular_values = values[:rank]
        self.basis = U[:, :rank]
        self._directions = Vt[:rank].T / self.scale[:, None]

    @property
    def frame(self) -> np.ndarray:
        return self._directions / self.singular_values

    def solve(self, t: np.ndarray, damping: float) -> np.ndarray:
        S = self.singular_values
        return self._directions @ ((self.basis.T @ t) / (S + damping / S))

    def pull(self, t: np.ndarray) -> np.ndarray:
        return self._B.T @ t

    def push(self, x: np.ndarray) -> np.ndarray:
        return self._B @ x

    def gram_product(self, x: np.ndarray) -> np.ndarray:
        """Return B^T B x, (p,)."""
        return self._B.T @ (self._B @ x)

    def preconditioner(self, damping: float) -> EquilibratedCholesky:
        """Return the factor of B^T B + damping D^2, shifted until it is safely definite."""
        return definite_cholesky(self._B.T @ self._B, self.scale, damping, self.largest)

    def range_norm(self, t: np.ndarray) -> float:
        return float(np.linalg.norm(self.basis.T @ t))

    def reach(self, w: np.ndarray) -> float:
        return float(np.linalg.norm(np.abs(self._B) @ np.abs(w)))

    @cached_property
    def largest(self) -> float:
        # as in the other forms, so that a run does not depend on the form
        scaled = self._B / self.scale
        return float(np.max(np.sum(scaled**2, axis=0 if self.rows >= self.scale.size else 1)))

    @property
    def floor(self) -> float:
        S = self._all
        return float(max(S[-1], 1e-14 * S[0]) ** 2 * 1e-6)

    def kernel_eigenvalues(self) -> np.ndarray:
        return self._all[::-1] ** 2

    def norm(self, x: np.ndarray) -> float:
        return float(np.linalg.norm(self.scale * x))
