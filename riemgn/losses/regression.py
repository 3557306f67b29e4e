"""Losses of a residual u - y: squared and Huber."""

from __future__ import annotations

import numpy as np

from riemgn.arguments import positive
from riemgn.linalg.roots import DiagonalRoot
from riemgn.losses.loss import Loss, silently
from riemgn.losses.targets import flat_targets


class SquaredLoss(Loss):
    """g(u) = 1/2 |u - y|^2, with nu = mu = 1 and L = I.

    Args:
        y: Targets, shape (n,), or (samples, outputs), which is flattened sample by sample.

    Attributes:
        targets: y, read-only, shape (n,).

    Raises:
        TypeError: y is complex or not numbers.
        ValueError: y is empty, has another number of dimensions, or holds NaN or infinity.
    """

    strong_convexity = 1.0
    smoothness = 1.0
    hessian_lipschitz = 0.0
    nonnegative = True

    def __init__(self, y) -> None:
        self.targets = flat_targets("y", y)
        self.size = self.targets.size

    def __repr__(self) -> str:
        return f"SquaredLoss(size={self.size})"

    @silently
    def value(self, u) -> float:
        """Return 1/2 |u - y|^2."""
        residual = self._vector(u) - self.targets
        return 0.5 * float(np.dot(residual, residual))

    @silently
    def terms(self, u) -> np.ndarray:
        """Return 1/2 (u_i - y_i)^2, (n,)."""
        return 0.5 * (self._vector(u) - self.targets) ** 2

    @silently
    def gradient(self, u) -> np.ndarray:
        """Return u - y."""
        return self._vector(u) - self.targets

    def hessian_vp(self, u, v) -> np.ndarray:
        """Return a copy of v."""
        self._vector(u)
        return self._vector(v, "v").copy()

    def third_derivative(self, u, a, b) -> np.ndarray:
        """Return zeros."""
        self._vector(a, "a"), self._vector(b, "b")
        return np.zeros_like(self._vector(u))


class HuberLoss(Loss):
    """g(u) = sum h(u_i - y_i), h(r) = r^2/2 for |r| <= delta, else delta (|r| - delta/2).

    mu = 1, nu = 0. `hessian_vp` is the true Hessian, which is zero on outliers (|r| > delta). Its
    root could not reproduce their gradient, so `hessian_root` gives the weights of iteratively
    reweighted least squares, L = diag(sqrt(min(1, delta/|r|))), and s = g'(u) / sqrt(weight).
    L L^T is the least diagonal metric whose quadratic model lies above g everywhere: L s = g'(u)
    holds, steps on the linearised outputs never raise the loss, and they are longer than those of
    L = I. The price is linear rather than quadratic convergence while outliers remain.
    Reference: Huber and Ronchetti, Robust Statistics, 2nd edition 2009, chapter 7.

    Args:
        y: Targets, shape (n,), or (samples, outputs), which is flattened sample by sample.
        delta: The residual, in the targets' unit, from which the loss is linear; positive.

    Attributes:
        targets: y, read-only, shape (n,).
        delta: The threshold.

    Raises:
        TypeError: y or delta is complex or not numbers.
        ValueError: y is empty, has another number of dimensions, or holds NaN or infinity; delta
            is not positive.
    """

    smoothness = 1.0
    nonnegative = True

    def __init__(self, y, delta: float) -> None:
        self.targets = flat_targets("y", y)
        self.delta = positive("delta", delta)
        self.size = self.targets.size

    def __repr__(self) -> str:
        return f"HuberLoss(size={self.size}, delta={self.delta:g})"

    @silently
    def value(self, u) -> float:
        """Return the sum of h over the residuals."""
        return float(np.sum(self.terms(u)))

    @silently
    def terms(self, u) -> np.ndarray:
        """Return h(u_i - y_i), (n,)."""
        r = np.abs(self._vector(u) - self.targets)
        inner = np.minimum(r, self.delta)
        return inner * (r - 0.5 * inner)

    @silently
    def gradient(self, u) -> np.ndarray:
        """Return the residuals clipped to [-delta, delta]."""
        return np.clip(self._vector(u) - self.targets, -self.delta, self.delta)

    @silently
    def hessian_vp(self, u, v) -> np.ndarray:
        """Return v where |r| <= delta, else zero."""
        outside = np.abs(self._vector(u) - self.targets) > self.delta
        product = self._vector(v, "v").copy()
        product[outside] = 0.0
        return product

    def third_derivative(self, u, a, b) -> np.ndarray:
        """Return zeros, right everywhere but at |r| = delta, where no derivative exists."""
        self._vector(a, "a"), self._vector(b, "b")
        return np.zeros_like(self._vector(u))

    @silently
    def hessian_root(self, u) -> DiagonalRoot:
        """Return diag(sqrt(min(1, delta/|r|))), the metric of iteratively reweighted squares."""
        return DiagonalRoot(self._root_weights(u))

    @silently
    def whitened_gradient(self, u) -> np.ndarray:
        """Return r on inliers and sign(r) sqrt(delta |r|) on outliers."""
        return self.gradient(u) / self._root_weights(u)

    def _root_weights(self, u) -> np.ndarray:
        r = np.abs(self._vector(u) - self.targets)
        return np.sqrt(self.delta / np.maximum(r, self.delta))
