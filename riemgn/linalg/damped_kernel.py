"""The n x n form of damped least squares, for p > n, through the tangent kernel."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from riemgn.errors import NumericalError
from riemgn.linalg.cholesky import EquilibratedCholesky
from riemgn.linalg.damped import DampedSystem, eigenvalues, refinements
from riemgn.linalg.factor import EPS, Differential
from riemgn.linalg.spectral import DampedSpectrum
from riemgn.linalg.threads import gram

# Shift of a singular kernel, in shares of its largest entry, that leaves its solves 6 digits.
_KERNEL_SHIFT = 1e-10

# Reciprocal condition of a kernel below which its least eigenvalue holds less than eleven digits.
_ROUNDED = 1e-5

# Reciprocal condition of a shifted kernel below which a small B is decomposed itself; how small.
_SQUARED_TOO_FAR = 1e-10
_CHEAP = 2e7


class DampedKernel(DampedSystem):
    """The n x n form, for p > n: `x = B^T (B B^T + damping I)^{-1} t`, without an n x p array.

    A scale D other than the identity enters as the map B D^{-1}, whose kernel needs J.
    """

    def __init__(self, B: Differential, scale: np.ndarray | None = None) -> None:
        self._B = B
        self.rows = B.shape[0]
        self._scale = scale
        self._kernel = B.kernel() if scale is None else gram(B.jacobian() / scale)
        self._solver: tuple[float, EquilibratedCholesky | None] | None = None

    def solve(self, t: np.ndarray, damping: float) -> np.ndarray:
        solver = self._factored(damping)
        if self._is_cheap and (solver is None or solver.reciprocal_condition < _SQUARED_TOO_FAR):
            return self._decomposed.solve(t, damping)
        if solver is None:
            return self._primal(self._spectral_dual(t, damping))
        # z may be far longer than x = D^{-2} B^T z: refining x beside it, with products by B, keeps
        # the digits that cancel there and those that B B^T rounded away
        z = solver.solve(t)
        x = self._primal(z)
        for _ in range(refinements(solver.reciprocal_condition)):
            change = solver.solve(t - self._B.jvp(x) - damping * z)
            z += change
            x += self._primal(change)
        return x

    @property
    def _is_cheap(self) -> bool:
        """Whether the singular values of B take little time and memory."""
        n, p = self._B.shape
        return n * n * p <= _CHEAP

    @cached_property
    def _decomposed(self) -> DampedSpectrum:
        return DampedSpectrum(self._B.jacobian(), self._scale)

    def _primal(self, z: np.ndarray) -> np.ndarray:
        """D^{-2} B^T z, (p,)."""
        x = self._B.vjp(z)
        return x if self._scale is None else x / self._scale**2

    def pull(self, t: np.ndarray) -> np.ndarray:
        return self._B.vjp(t)

    def push(self, x: np.ndarray) -> np.ndarray:
        return self._B.jvp(x)

    def range_norm(self, t: np.ndarray) -> float:
        if "_decomposed" in self.__dict__:
            return self._decomposed.range_norm(t)
        if self._cholesky(0.0) is not None:
            return float(np.linalg.norm(t))
        shift = _KERNEL_SHIFT * self.largest
        solver = self._cholesky(shift)
        outside = 0.0 if solver is None else shift * (t @ solver.solve(t))
        return float(np.sqrt(max(t @ t - outside, 0.0))) if shift > 0 else 0.0

    def reach(self, w: np.ndarray) -> float:
        size = w if self._scale is None else self._scale * w
        return float(np.sqrt(np.trace(self._kernel)) * np.linalg.norm(size))

    def norm(self, x: np.ndarray) -> float:
        return float(np.linalg.norm(x if self._scale is None else self._scale * x))

    def _factored(self, damping: float) -> EquilibratedCholesky | None:
        if self._solver is None or self._solver[0] != damping:
            self._solver = (damping, self._cholesky(damping))
        return self._solver[1]

    def _cholesky(self, damping: float) -> EquilibratedCholesky | None:
        """The factor of B B^T + damping I, None where that is singular to rounding."""
        shifted = self._kernel.copy()
        n = shifted.shape[0]
        shifted.flat[:: n + 1] += damping
        solver = EquilibratedCholesky.of(shifted)
        if solver is not None and solver.reciprocal_condition <= n * EPS:
            return None
        return solver

    def _spectral_dual(self, t: np.ndarray, damping: float) -> np.ndarray:
        """The dual where the shifted kernel is singular to rounding: its null space is cut."""
        values, vectors = self._spectrum
        cut = values.size * EPS * max(values[-1], 0.0)
        keep = values > cut
        return vectors[:, keep] @ ((vectors[:, keep].T @ t) / (values[keep] + damping))

    @cached_property
    def _spectrum(self) -> tuple[np.ndarray, np.ndarray]:
        try:
            return np.linalg.eigh(self._kernel)
        except np.linalg.LinAlgError as error:
            raise NumericalError(f"the tangent kernel has no eigenvalues: {error}") from None

    @property
    def largest(self) -> float:
        return float(np.max(np.diagonal(self._kernel)))

    def kernel_eigenvalues(self) -> np.ndarray:
        return self._eigenvalues.copy()

    @property
    def loses_digits(self) -> bool:
        """Whether the least eigenvalue of the kernel holds fewer than eleven digits."""
        values = self._eigenvalues
        return bool(values[0] < _ROUNDED * values[-1])

    @cached_property
    def _eigenvalues(self) -> np.ndarray:
        return eigenvalues(self._kernel)
