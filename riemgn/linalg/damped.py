"""Damped least squares: `min |B x - t|^2 + damping |D x|^2` for B = L^T J, solved again and again.

A system is built once at a point; solving it with another damping evaluates no Jacobian and no Gram
matrix anew. B is the Jacobian J seen through the root L of a loss Hessian H = L L^T, and D a diagonal
that says in which units the parameters are measured.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property

import numpy as np
import scipy.linalg
from scipy.linalg import lapack, solve_triangular

from riemgn.errors import NumericalError
from riemgn.linalg.cholesky import EquilibratedCholesky
from riemgn.linalg.factor import CHOLESKY_GUARD, Differential
from riemgn.linalg.orthogonal import HouseholderQR
from riemgn.linalg.threads import gram

def _refinements(reciprocal_condition: float) -> int:
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
        """An upper estimate of the largest eigenvalue that the damping competes with."""

    @abstractmethod
    def least_kernel_eigenvalue(self, nullity: int = 0) -> float:
        """Return the least eigenvalue of B B^T after `nullity` that are zero by structure."""

    def norm(self, x: np.ndarray) -> float:
        """Return |D x|, the length of a step in the damping's units."""
        return float(np.linalg.norm(x))


class DampedGram(DampedSystem):
    """The p x p form, for p <= n: Cholesky of `B^T B + damping D^2`, orthogonal where it is too ill-conditioned."""

    def __init__(self, B: np.ndarray, scale: np.ndarray | None = None) -> None:
        self._B = B
        self._scale = np.ones(B.shape[1]) if scale is None else scale
        self._gram = gram(B.T) if B.T.flags.c_contiguous else B.T @ B
        self._solver: tuple[float, EquilibratedCholesky | StackedQR] | None = None
        self._pulled: tuple[np.ndarray, np.ndarray] | None = None

    def solve(self, t: np.ndarray, damping: float) -> np.ndarray:
        solver = self._factored(damping)
        if isinstance(solver, StackedQR):
            return solver.solve(t)
        x = solver.solve(self.pull(t))
        for _ in range(_refinements(solver.reciprocal_condition)):
            gradient = self._B.T @ (t - self._B @ x) - damping * self._scale**2 * x
            x += solver.solve(gradient)
        return x

    def pull(self, t: np.ndarray) -> np.ndarray:
        # one pass over B for the same t at every damping
        if self._pulled is None or self._pulled[0] is not t:
            self._pulled = (t, self._B.T @ t)
        return self._pulled[1]

    def _factored(self, damping: float) -> EquilibratedCholesky | StackedQR:
        if self._solver is None or self._solver[0] != damping:
            shifted = self._gram.copy()
            shifted.flat[:: shifted.shape[0] + 1] += damping * self._scale**2
            solver = EquilibratedCholesky.of(shifted)
            if solver is None or solver.reciprocal_condition <= CHOLESKY_GUARD:
                solver = StackedQR(self._qr, self._scale, damping)
            self._solver = (damping, solver)
        return self._solver[1]

    @cached_property
    def _qr(self) -> HouseholderQR:
        return HouseholderQR(self._B)

    @property
    def largest(self) -> float:
        return float(np.max(np.diagonal(self._gram) / self._scale**2))

    def least_kernel_eigenvalue(self, nullity: int = 0) -> float:
        n, p = self._B.shape
        # B B^T has n - p zeros more than B^T B where p < n, and n of B^T B's p values else
        index = nullity - max(n - p, 0) + max(p - n, 0)
        return float(max(np.linalg.eigvalsh(self._gram)[index], 0.0)) if index >= 0 else 0.0

    def norm(self, x: np.ndarray) -> float:
        return float(np.linalg.norm(self._scale * x))


class StackedQR:
    """QR of the stacked [B; sqrt(damping) D], from the QR of B: no Gram matrix, no squared condition."""

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


class DampedKernel(DampedSystem):
    """The n x n form, for p > n: `x = B^T (B B^T + damping I)^{-1} t`, with D = I and J never formed."""

    def __init__(self, differential: Differential, root) -> None:
        self._differential = differential
        self._root = root
        self._kernel = root.congruence(differential.kernel())
        self._solver: tuple[float, EquilibratedCholesky | None] | None = None

    def solve(self, t: np.ndarray, damping: float) -> np.ndarray:
        return self._differential.vjp(self._root.times(self.dual(t, damping)))

    def pull(self, t: np.ndarray) -> np.ndarray:
        return self._differential.vjp(self._root.times(t))

    def dual(self, t: np.ndarray, damping: float) -> np.ndarray:
        """Return z = (B B^T + damping I)^{-1} t, (n,); the solution is B^T z."""
        solver = self._factored(damping)
        if solver is None:
            return self._spectral_dual(t, damping)
        z = solver.solve(t)
        for _ in range(_refinements(solver.reciprocal_condition)):
            z += solver.solve(t - self._kernel @ z - damping * z)
        return z

    def _factored(self, damping: float) -> EquilibratedCholesky | None:
        if self._solver is None or self._solver[0] != damping:
            shifted = self._kernel.copy()
            shifted.flat[:: shifted.shape[0] + 1] += damping
            self._solver = (damping, EquilibratedCholesky.of(shifted))
        return self._solver[1]

    def _spectral_dual(self, t: np.ndarray, damping: float) -> np.ndarray:
        """The dual where rounding made the shifted kernel indefinite: its null space counts as zero."""
        values, vectors = self._spectrum
        cut = values.size * np.finfo(float).eps * max(values[-1], 0.0)
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

    def least_kernel_eigenvalue(self, nullity: int = 0) -> float:
        least = scipy.linalg.eigvalsh(
            self._kernel, subset_by_index=[nullity, nullity], check_finite=False
        )
        return float(max(least[0], 0.0))


class RidgedKernel(DampedSystem):
    """The n x n form for `[J; sqrt(ridge) I]`, p > n: the ridge is a shift of the kernel.

    With c = damping + ridge, `(J^T J + c I)^{-1} q` for q = B^T t + sqrt(ridge) d splits into
    `B^T (B B^T + c I)^{-1} (t - sqrt(ridge)/c B d) + sqrt(ridge)/c d` (docs/theory.md, section 3).
    """

    def __init__(self, differential: Differential, root, ridge: float) -> None:
        self._inner = DampedKernel(differential, root)
        self._root = root
        self._differential = differential
        self._ridge = ridge

    def solve(self, t: np.ndarray, damping: float) -> np.ndarray:
        n = self._differential.shape[0]
        shift = damping + self._ridge
        own = (np.sqrt(self._ridge) / shift) * t[n:]
        pushed = self._root.transposed(self._differential.jvp(own))
        return self._inner.solve(t[:n] - pushed, shift) + own

    def pull(self, t: np.ndarray) -> np.ndarray:
        n = self._differential.shape[0]
        return self._inner.pull(t[:n]) + np.sqrt(self._ridge) * t[n:]

    @property
    def largest(self) -> float:
        return self._inner.largest + self._ridge

    def least_kernel_eigenvalue(self, nullity: int = 0) -> float:
        return 0.0  # of [J; sqrt(ridge) I], whose n + p rows exceed its p columns


def damped_system(differential: Differential, root, scale: np.ndarray | None) -> DampedSystem:
    """Return the damped system of B = L^T J in its smaller form.

    Args:
        differential: J at a point, (n, p).
        root: L, a root of the loss Hessian (`riemgn.linalg.roots`).
        scale: The diagonal of D, (p,); None for the identity.
    """
    n, p = differential.shape
    if p <= n:
        return DampedGram(root.transposed(differential.jacobian()), scale)
    if scale is None:
        return DampedKernel(differential, root)
    return DampedGram(root.transposed(differential.jacobian()), scale)
