"""The abstract loss: what a subclass must give, and the defaults for the rest."""

from __future__ import annotations

import functools
import math
from abc import ABC, abstractmethod

import numpy as np

from riemgn.arguments import as_array
from riemgn.linalg.roots import IdentityRoot, Root

# A root's diagonal is kept above exp(-600/2), so that neither it, nor its reciprocal, nor the
# square of either leaves the range of floats.
LEAST_LOG_CURVATURE = -600.0


def silently(method):
    """Let a method overflow to infinity, or turn infinity into NaN, without a warning."""

    @functools.wraps(method)
    def quiet(*args, **kwargs):
        with np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore"):
            return method(*args, **kwargs)

    return quiet


class Loss(ABC):
    """A convex function g of the output vector u in R^n, summed (never averaged) over samples.

    A subclass gives `value`, `gradient` and `hessian_vp`, sets the attributes that it knows, and
    may override the rest. A loss is not changed after it is made.

    Attributes:
        size: n, the number of outputs that the loss expects, or None if it takes any.
        strong_convexity: nu, the largest number known with nu I <= Hess g everywhere; 0.0 if none.
        smoothness: mu, the least number known with Hess g <= mu I everywhere; infinity if none.
        hessian_lipschitz: The least Lipschitz constant of the Hessian that is known, in the
            spectral norm; infinity if none.
        nonnegative: Whether no term of g is ever negative, so that inf g >= 0.
        hessian_nullity: How many directions the Hessian annihilates whatever u is; eigenvalues of
            B B^T, B = L^T J, that are zero for this reason alone.
    """

    size: int | None = None
    strong_convexity: float = 0.0
    smoothness: float = math.inf
    hessian_lipschitz: float = math.inf
    nonnegative: bool = False
    hessian_nullity: int = 0

    @abstractmethod
    def value(self, u) -> float:
        """Return g(u): infinity where it overflows; for u not finite, infinity or NaN.

        Args:
            u: Outputs, array-like of shape (n,), sample-major.

        Raises:
            ValueError: u has another shape.
        """

    @abstractmethod
    def gradient(self, u) -> np.ndarray:
        """Return g'(u), a new array of shape (n,)."""

    def terms(self, u) -> np.ndarray:
        """Return the terms whose sum is g(u): one an output, or one a sample of several outputs.

        A `WeightedLoss` needs them; nothing else does.

        Raises:
            TypeError: The loss does not give its terms.
        """
        raise TypeError(f"{self!r} does not give the terms that it sums: override `terms`")

    @abstractmethod
    def hessian_vp(self, u, v) -> np.ndarray:
        """Return g''(u) v, a new array of shape (n,), for v of shape (n,)."""

    def third_derivative(self, u, a, b) -> np.ndarray:
        """Return g'''(u)[a, b, .], shape (n,).

        The default is a central difference of `hessian_vp` along a, of step
        h = (eps max(1, |u|_inf))^(1/3) in the largest entry. For a loss that varies on the unit
        scale, rounding (eps |u|/h) and truncation (h^2/6) are then balanced: the relative error is
        about 4e-11 for |u| <= 1, and grows as |u|^(2/3).
        """
        u, a, b = self._vector(u), self._vector(a, "a"), self._vector(b, "b")
        length = np.abs(a).max()
        if length == 0:
            return np.zeros_like(u)
        h = np.cbrt(np.finfo(float).eps * max(1.0, np.abs(u).max())) / length
        return (self.hessian_vp(u + h * a, b) - self.hessian_vp(u - h * a, b)) / (2 * h)

    def hessian_root(self, u) -> Root:
        """Return L with L L^T the Hessian at u, or a metric that stands for it.

        The default is the identity, the metric of R^n: Levenberg-Marquardt then uses the Jacobian
        only.
        """
        self._vector(u)
        return IdentityRoot()

    def whitened_gradient(self, u) -> np.ndarray:
        """Return s with L s = g'(u), L the operator of `hessian_root`, shape (n,).

        The default is the gradient, as L = I asks: override the two together.
        """
        return self.gradient(u)

    def _vector(self, u, name: str = "u") -> np.ndarray:
        """Return u as a float64 vector of the loss's size, NaN and infinity allowed, or raise."""
        array = as_array(name, u)
        if array.dtype != np.float64:
            if array.dtype.kind not in "fiub":
                raise TypeError(f"{name} must hold real numbers, got dtype {array.dtype}")
            array = array.astype(np.float64)
        if array.ndim != 1 or (self.size is not None and array.size != self.size):
            wanted = "n" if self.size is None else self.size
            raise ValueError(f"{name} must have shape ({wanted},), got {array.shape}")
        return array
