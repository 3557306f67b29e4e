"""A loss whose samples count by weights."""

from __future__ import annotations

import numpy as np

from riemgn.arguments import vector
from riemgn.linalg.roots import BlockRoot, DiagonalRoot, Root
from riemgn.losses.direct_sum import DirectSumLoss
from riemgn.losses.loss import Loss, silently


class WeightedLoss(Loss):
    """g(u) = sum_i w_i l_i(u_i), for a loss sum_i l_i(u_i) over samples.

    A weight of 2 is the sample twice. With S = diag(sqrt(w)), each weight repeated over the outputs
    of its sample, S commutes with the root L of the loss: L S is the root of g, S s its whitened
    gradient. nu is that of the loss times the least weight, mu and the Lipschitz constant of the
    Hessian are those of the loss times the largest.

    Args:
        loss: The loss, which must give its `terms`.
        weights: Positive weights (samples,), or one an output; leave out a sample of weight zero.

    Attributes:
        weights: The weights, read-only.

    Raises:
        TypeError: `loss` is no `Loss`, is a direct sum, or does not give its terms; the weights are
            no real numbers.
        ValueError: A weight is not positive and finite, or their number does not divide that of
            the loss's terms.
    """

    def __init__(self, loss: Loss, weights) -> None:
        if not isinstance(loss, Loss):
            raise TypeError(f"loss must be a Loss, got {type(loss).__name__}")
        if isinstance(loss, DirectSumLoss):
            raise TypeError(f"weight the parts of a sum, not the sum {loss!r}")
        if loss.size is None:
            raise ValueError(f"loss must have a known size, got {loss!r}")
        self.loss = loss
        self.weights = vector("weights", weights)
        self.weights.flags.writeable = False
        if self.weights.min() <= 0:
            index = int(np.argmin(self.weights))
            raise ValueError(f"weights must be > 0, got {self.weights[index]:g} at index [{index}]")
        if loss.terms(np.zeros(loss.size)).size % self.weights.size:
            raise ValueError(f"weights must be one a sample of {loss!r}, got {self.weights.size}")
        self.size = loss.size
        self.strong_convexity = loss.strong_convexity * float(self.weights.min())
        self.smoothness = loss.smoothness * float(self.weights.max())
        self.hessian_lipschitz = loss.hessian_lipschitz * float(self.weights.max())
        self.nonnegative = loss.nonnegative
        self.hessian_nullity = loss.hessian_nullity
        self._of_outputs = self._repeated(self.size)
        self._factors = np.sqrt(self._of_outputs)

    def __repr__(self) -> str:
        return f"WeightedLoss({self.loss!r}, total weight {self.weights.sum():g})"

    @property
    def targets(self) -> np.ndarray:
        """The targets of the loss; AttributeError if it has none."""
        return self.loss.targets

    @silently
    def value(self, u) -> float:
        """Return sum_i w_i l_i(u_i)."""
        return float(np.sum(self.terms(u)))

    @silently
    def terms(self, u) -> np.ndarray:
        """Return w_i l_i(u_i)."""
        terms = self.loss.terms(u)
        return self._repeated(terms.size) * terms

    @silently
    def gradient(self, u) -> np.ndarray:
        """Return the gradient of the loss times the weights."""
        return self._of_outputs * self.loss.gradient(u)

    @silently
    def hessian_vp(self, u, v) -> np.ndarray:
        """Return the Hessian product of the loss times the weights."""
        return self._of_outputs * self.loss.hessian_vp(u, v)

    @silently
    def third_derivative(self, u, a, b) -> np.ndarray:
        """Return the third derivative of the loss times the weights."""
        return self._of_outputs * self.loss.third_derivative(u, a, b)

    @silently
    def hessian_root(self, u) -> Root:
        """Return L S."""
        return _times_diagonal(self.loss.hessian_root(u), self._factors)

    @silently
    def whitened_gradient(self, u) -> np.ndarray:
        """Return S s."""
        return self._factors * self.loss.whitened_gradient(u)

    def _repeated(self, size: int) -> np.ndarray:
        """The weights, each repeated so that there are `size` in all."""
        return np.repeat(self.weights, size // self.weights.size)


def _times_diagonal(root: Root, factors: np.ndarray) -> Root:
    """Return L diag(factors), for factors that are constant on each block of L."""
    if isinstance(root, BlockRoot):
        return BlockRoot(root.blocks * factors.reshape(*root.blocks.shape[:2], 1))
    if root.is_identity:
        return DiagonalRoot(factors)
    if isinstance(root, DiagonalRoot):
        return DiagonalRoot(root.values * factors)
    raise TypeError(f"a loss with the root {root!r} cannot be weighted")
