"""Jacobians above a ridge, [J; sqrt(ridge) I], for p > n: the ridge shifts the tangent kernel."""

from __future__ import annotations

import numpy as np

from riemgn.linalg.damped import DampedSystem
from riemgn.linalg.damped_kernel import DampedKernel
from riemgn.linalg.factor import Differential, Factor, by_columns


class RidgedKernel(DampedSystem):
    """The n x n form for `[J; sqrt(ridge) I]`, p > n: the ridge is a shift of the kernel.

    With c = damping + ridge, `(J^T J + c I)^{-1} q` for q = B^T t + sqrt(ridge) d splits into
    `B^T (B B^T + c I)^{-1} (t - sqrt(ridge)/c B d) + sqrt(ridge)/c d` (docs/theory.md, section 3).
    """

    def __init__(self, B: Differential, ridge: float) -> None:
        self._inner = DampedKernel(B)
        self._B = B
        self.rows = sum(B.shape)
        self._ridge = ridge

    def solve(self, t: np.ndarray, damping: float) -> np.ndarray:
        n = self._B.shape[0]
        shift = damping + self._ridge
        own = (np.sqrt(self._ridge) / shift) * t[n:]
        return self._inner.solve(t[:n] - self._B.jvp(own), shift) + own

    def pull(self, t: np.ndarray) -> np.ndarray:
        n = self._B.shape[0]
        return self._inner.pull(t[:n]) + np.sqrt(self._ridge) * t[n:]

    @property
    def largest(self) -> float:
        return self._inner.largest + self._ridge

    def kernel_eigenvalues(self) -> np.ndarray:
        n, p = self._B.shape
        return self._ridge + np.concatenate([np.zeros(p - n), self._inner.kernel_eigenvalues()])

    def push(self, x: np.ndarray) -> np.ndarray:
        """Return [B; sqrt(ridge) I] x, (n + p,)."""
        return np.concatenate([self._B.jvp(x), np.sqrt(self._ridge) * x])

    def range_norm(self, t: np.ndarray) -> float:
        return float(np.linalg.norm(self.push(self.solve(t, 0.0))))

    def reach(self, w: np.ndarray) -> float:
        return self._inner.reach(w) + float(np.sqrt(self._ridge) * np.linalg.norm(w))

    def metric_solve(self, q: np.ndarray) -> np.ndarray:
        """Return (B^T B + ridge I)^{-1} q, (p,)."""
        return self.solve(
            np.concatenate([np.zeros(self._B.shape[0]), q / np.sqrt(self._ridge)]), 0.0
        )


class RidgedFactor(Factor):
    """The factor of `[J; sqrt(ridge) I]`, p > n, whose rank is p, through the shifted kernel."""

    def __init__(self, differential: Differential, ridge: float) -> None:
        self._system = RidgedKernel(differential, ridge)
        self._differential = differential
        self._ridge = ridge
        self.rank = differential.shape[1]

    @by_columns
    def lift(self, v: np.ndarray) -> np.ndarray:
        return self._system.solve(v, 0.0)

    @by_columns
    def project(self, v: np.ndarray) -> np.ndarray:
        return self._system.push(self._system.solve(v, 0.0))

    @by_columns
    def transposed_lift(self, q: np.ndarray) -> np.ndarray:
        return self._system.push(self._system.metric_solve(q))

    def basis(self) -> np.ndarray:
        rows = np.sqrt(self._ridge) * np.eye(self.rank)
        return np.linalg.qr(np.concatenate([self._differential.jacobian(), rows]))[0]

    def singular_values(self) -> np.ndarray:
        return np.sqrt(self._system.kernel_eigenvalues()[::-1])
