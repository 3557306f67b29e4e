"""Damped least squares: `min |B x - t|^2 + damping |D x|^2` for B = L^T J, solved again and again.

A system is built once at a point; solving it with another damping evaluates no Jacobian and no Gram
matrix anew. B is the Jacobian J seen through the root L of a loss Hessian H = L L^T, and D a
diagonal that says in which units the parameters are measured.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property

import numpy as np
import scipy.linalg
from scipy.linalg import lapack, solve_triangular

from riemgn.errors import NumericalError
from riemgn.linalg.cholesky import EquilibratedCholesky
from riemgn.linalg.factor import CHOLESKY_GUARD, EPS
from riemgn.linalg.orthogonal import HouseholderQR
from riemgn.linalg.threads import gram


def refinements(reciprocal_condition: float) -> int:
    """Return how many refinements bring a Cholesky solve to about 1e-9: each gains eps / rcond."""
    return 0 if reciprocal_condition > 1e-7 else 1 if reciprocal_condition > 1e-11 else 2


class DampedSystem(ABC):
    """The damped normal equations at one point, for every damping."""

    @abstractmethod
    def solve(self, t: np.ndarray, damping: float) -> np.ndarray:
        """Return the x (p,) that minimises `|B x - t|^2 + damping |D x|^2` for t (n,)."""

    @abstractmethod
    def pull(self, t: np.ndarray) -> np.ndarray:
        """Return B^T t, (p,): the descent direction of `|B x - t|^2 / 2` at x = 0."""

    @property
    @abstractmethod
    def largest(self) -> float:
        """The largest diagonal entry of the matrix that the damping is added to, in D's units."""

    rows: int

    @abstractmethod
    def push(self, x: np.ndarray) -> np.ndarray:
        """Return B x, (n,)."""

    @abstractmethod
    def range_norm(self, t: np.ndarray) -> float:
        """Return |P t|, P the projection on the range of B.

        Where that would take an orthogonal factorisation, it is a lower bound without the
        directions whose singular values are below about 1e-5 of the largest.
        """

    @abstractmethod
    def reach(self, w: np.ndarray) -> float:
        """Return about `| |B| |w| |`, what a relative change of every parameter may do to B w."""

    @property
    def floor(self) -> float:
        """The damping below which a smaller one changes no step by more than rounding."""
        return 1e-16 * self.largest

    @abstractmethod
    def kernel_eigenvalues(self) -> np.ndarray:
        """Return the eigenvalues of B D^{-2} B^T, least first, without the n - p that are zero."""

    def least_kernel_eigenvalue(self, nullity: int = 0) -> float:
        """Return the least eigenvalue of B D^{-2} B^T but `nullity` that are structural zeros."""
        values = self.kernel_eigenvalues()
        index = nullity - (self.rows - values.size)
        return float(values[index]) if index >= 0 else 0.0

    def norm(self, x: np.ndarray) -> float:
        """Return |D x|, the length of a step in the damping's units."""
        return float(np.linalg.norm(x))


class GramSystem(DampedSystem):
    """The p x p form, for p <= n: Cholesky of `B^T B + damping D^2` under its condition guard.

    A subclass says how B multiplies, and what solves the system beyond the guard.
    """

    def __init__(self, gram: np.ndarray, n: int, scale: np.ndarray | None) -> None:
        self.scale = np.ones(gram.shape[0]) if scale is None else scale
        self._gram = gram
        self.rows = n
        self._solver: tuple[float, EquilibratedCholesky | None] | None = None
        self._pulled: tuple[np.ndarray, np.ndarray] | None = None

    @abstractmethod
    def _pull(self, t: np.ndarray) -> np.ndarray:
        """B^T t."""

    @abstractmethod
    def _orthogonal(self, damping: float):
        """A solver of the stacked [B; sqrt(damping) D] that squares no condition number."""

    def solve(self, t: np.ndarray, damping: float) -> np.ndarray:
        solver = self._factored(damping)
        if not isinstance(solver, EquilibratedCholesky):
            return solver.solve(t)
        x = solver.solve(self.pull(t))
        for _ in range(refinements(solver.reciprocal_condition)):
            gradient = self._pull(t - self.push(x)) - damping * self.scale**2 * x
            x += solver.solve(gradient)
        return x

    def pull(self, t: np.ndarray) -> np.ndarray:
        # one pass over B for the same t at every damping
        if self._pulled is None or not np.array_equal(self._pulled[0], t):
            self._pulled = (t.copy(), self._pull(t))
        return self._pulled[1].copy()

    def range_norm(self, t: np.ndarray) -> float:
        q = self.pull(t)
        solver = _shifted_cholesky(self._gram, self.scale, 0.0)
        if solver is not None and solver.reciprocal_condition > CHOLESKY_GUARD:
            x = solver.solve(q)
            x += solver.solve(self._pull(t - self.push(x)))
            return float(np.linalg.norm(self.push(x)))
        solver = self.preconditioner(0.0)
        return float(np.sqrt(max(q @ solver.solve(q), 0.0)))

    def preconditioner(self, damping: float) -> EquilibratedCholesky:
        """Return the Cholesky factor of B^T B + damping D^2, shifted until it is safely definite.

        Raises:
            NumericalError: B^T B is zero or not finite.
        """
        return definite_cholesky(self._gram, self.scale, damping, self.largest)

    def gram_product(self, x: np.ndarray) -> np.ndarray:
        """Return B^T B x, (p,)."""
        return self._gram @ x

    def reach(self, w: np.ndarray) -> float:
        return float(np.sqrt(np.diagonal(self._gram)) @ np.abs(w))

    def _factored(self, damping: float):
        if self._solver is None or self._solver[0] != damping:
            solver = _shifted_cholesky(self._gram, self.scale, damping)
            if solver is None or solver.reciprocal_condition <= CHOLESKY_GUARD:
                solver = self._orthogonal(damping)
            self._solver = (damping, solver)
        return self._solver[1]

    @property
    def largest(self) -> float:
        return float(np.max(np.diagonal(self._gram) / self.scale**2))

    def kernel_eigenvalues(self) -> np.ndarray:
        # those of D^{-1} B^T B D^{-1}
        return eigenvalues(self._gram / np.multiply.outer(self.scale, self.scale))

    def norm(self, x: np.ndarray) -> float:
        return float(np.linalg.norm(self.scale * x))


def definite_cholesky(
    gram: np.ndarray, scale: np.ndarray, damping: float, largest: float
) -> EquilibratedCholesky:
    """Return the factor of gram + damping D^2 with the least damping that makes it safe."""
    shift = max(damping, 10 * scale.size * EPS * largest)
    solver = _shifted_cholesky(gram, scale, shift)
    while solver is None and 0 < shift < np.inf:
        shift *= 10
        solver = _shifted_cholesky(gram, scale, shift)
    if solver is None:
        raise NumericalError("the Gram matrix of the Jacobian is zero or not finite")
    return solver


def _shifted_cholesky(
    gram: np.ndarray, scale: np.ndarray, damping: float
) -> EquilibratedCholesky | None:
    shifted = gram.copy()
    shifted.flat[:: shifted.shape[0] + 1] += damping * scale**2
    return EquilibratedCholesky.of(shifted)


class DampedGram(GramSystem):
    """The p x p form of a B that is held, with Householder QR beyond the guard."""

    def __init__(self, B: np.ndarray, scale: np.ndarray | None = None) -> None:
        self._B = B
        super().__init__(gram(B.T), B.shape[0], scale)

    def push(self, x: np.ndarray) -> np.ndarray:
        return self._B @ x

    def _pull(self, t: np.ndarray) -> np.ndarray:
        return self._B.T @ t

    def _orthogonal(self, damping: float) -> StackedQR:
        return StackedQR(self._qr, self.scale, damping)

    @cached_property
    def _qr(self) -> HouseholderQR:
        return HouseholderQR(self._B)


class StackedQR:
    """QR of stacked [B; sqrt(damping) D] from that of B: no Gram matrix squares the condition."""

    def __init__(self, qr: HouseholderQR, scale: np.ndarray, damping: float) -> None:
        self._qr = qr
        p = scale.size
        rows = np.asfortranarray(np.diag(np.sqrt(damping) * scale))
        self._R, self._reflectors, self._blocks, info = lapack.dtpqrt(
            p, min(32, p), np.asfortranarray(qr.R), rows
        )
        if info != 0:
            raise ValueError(f"dtpqrt refused its argument {-info}")

    def solve(self, t: np.ndarray) -> np.ndarray:
        p = self._R.shape[0]
        top = np.asfortranarray(self._qr.coordinates(t)[:, None])
        rotated, _, info = lapack.dtpmqrt(
            p, self._reflectors, self._blocks, top, np.zeros((p, 1), order="F"), trans="T"
        )
        if info != 0:
            raise ValueError(f"dtpmqrt refused its argument {-info}")
        R = np.triu(self._R)
        if np.all(np.diagonal(R) != 0):
            return solve_triangular(R, rotated[:, 0], check_finite=False)
        return scipy.linalg.lstsq(R, rotated[:, 0], check_finite=False)[0]


def eigenvalues(symmetric: np.ndarray) -> np.ndarray:
    """The eigenvalues, least first; those that rounding made negative are zero."""
    return np.maximum(scipy.linalg.eigvalsh(symmetric, check_finite=False), 0.0)
