"""The Poisson loss of counts, with the logarithm of the rate as output."""

from __future__ import annotations

import numpy as np

from riemgn.linalg.roots import DiagonalRoot
from riemgn.losses.loss import LEAST_LOG_CURVATURE, Loss, silently
from riemgn.losses.targets import count_targets


class PoissonLoss(Loss):
    """g(u) = sum exp(u_i) - c_i u_i: the negative log-likelihood of counts c at log-rates u.

    Terms that do not depend on u are left out. The Hessian diag(exp(u)) is unbounded: nu = 0,
    mu = infinity. L = diag(exp(u/2)), s = exp(u/2) - c exp(-u/2); below u = -600 L is held at
    exp(-300), and L s = g'(u) still holds.

    Args:
        counts: Non-negative numbers c, shape (n,), or (samples, outputs), flattened sample by
            sample. They need not be integers.

    Attributes:
        targets: The counts, read-only, shape (n,).

    Raises:
        TypeError: The counts are complex or not numbers.
        ValueError: They are empty, negative, NaN or infinite, or of another number of dimensions.
    """

    def __init__(self, counts) -> None:
        self.targets = count_targets(counts)
        self.size = self.targets.size

    def __repr__(self) -> str:
        return f"PoissonLoss(size={self.size})"

    @silently
    def value(self, u) -> float:
        """Return the sum of exp(u) - c u."""
        return float(np.sum(self.terms(u)))

    @silently
    def terms(self, u) -> np.ndarray:
        """Return exp(u_i) - c_i u_i, (n,)."""
        u = self._vector(u)
        rates = np.exp(u)
        return np.where(rates == np.inf, rates, rates - self.targets * u)

    @silently
    def gradient(self, u) -> np.ndarray:
        """Return exp(u) - c."""
        return np.exp(self._vector(u)) - self.targets

    @silently
    def hessian_vp(self, u, v) -> np.ndarray:
        """Return exp(u) v."""
        return np.exp(self._vector(u)) * self._vector(v, "v")

    @silently
    def third_derivative(self, u, a, b) -> np.ndarray:
        """Return exp(u) a b."""
        return np.exp(self._vector(u)) * self._vector(a, "a") * self._vector(b, "b")

    @silently
    def hessian_root(self, u) -> DiagonalRoot:
        """Return diag(exp(u/2))."""
        return DiagonalRoot(np.exp(self._half(self._vector(u))))

    @silently
    def whitened_gradient(self, u) -> np.ndarray:
        """Return g'(u) exp(-u/2), from its two terms where g'(u) itself nears overflow."""
        u = self._vector(u)
        half = self._half(u)
        terms = np.exp(u - half) - self.targets * np.exp(-half)
        return np.where(u > 700.0, terms, self.gradient(u) * np.exp(-half))

    @staticmethod
    def _half(u: np.ndarray) -> np.ndarray:
        return 0.5 * np.maximum(u, LEAST_LOG_CURVATURE)
