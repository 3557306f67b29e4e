"""Metrics of the ambient space: the dot product, a constant weight, or the Hessian of a loss."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
import scipy.linalg

from riemgn.arguments import real_array
from riemgn.linalg.roots import DenseRoot, DiagonalRoot, IdentityRoot, Root
from riemgn.losses import Loss


class AmbientMetric(ABC):
    """A metric <a, b> = a^T H(u) b on R^n, by a root H = L L^T.

    Seen through L^T the metric is the dot product: lengths, angles and projections are those of
    L^T a in R^n (docs/theory.md, section 2).
    """

    varies = False  # whether H depends on the point u

    @abstractmethod
    def root(self, u: np.ndarray) -> Root:
        """Return L at outputs u (n,)."""

    def third_derivative(self, u: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Return the vector (n,) of H's derivatives, H'(u)[., a, b], where H is a Hessian."""
        return np.zeros(u.size)

    def whitened(self, u: np.ndarray, g: np.ndarray) -> np.ndarray | None:
        """Return s with L s = g for a covector g (n,), or None where L may have no inverse."""
        return None


class DotProduct(AmbientMetric):
    """The metric of R^n."""

    def root(self, u: np.ndarray) -> IdentityRoot:
        return IdentityRoot()

    def whitened(self, u: np.ndarray, g: np.ndarray) -> np.ndarray:
        return g

    def __repr__(self) -> str:
        return "dot product"


class ConstantWeight(AmbientMetric):
    """The metric a^T H b of one positive definite H.

    Args:
        weight: H: its diagonal (n,), or all of it (n, n).

    Raises:
        ValueError: The weight is not positive definite, or not symmetric.
    """

    def __init__(self, weight) -> None:
        H = real_array("metric", weight, ndim=(1, 2))
        if H.ndim == 1:
            if not np.all(H > 0):
                raise ValueError(f"metric must be positive, got the weight {H.min()}")
            self._root: Root = DiagonalRoot(np.sqrt(H))
        else:
            self._root = DenseRoot(_cholesky(H))
        self.size = H.shape[0]

    def root(self, u: np.ndarray) -> Root:
        if u.size != self.size:
            raise ValueError(f"metric weighs {self.size} outputs, the point has {u.size}")
        return self._root

    def whitened(self, u: np.ndarray, g: np.ndarray) -> np.ndarray:
        return self.root(u).solve(g)

    def __repr__(self) -> str:
        return f"constant weight of {self.size} outputs"


class LossHessian(AmbientMetric):
    """The metric of a loss's Hessian: its gradient flow is that of natural gradient."""

    varies = True

    def __init__(self, loss: Loss) -> None:
        self.loss = loss

    def root(self, u: np.ndarray) -> Root:
        return self.loss.hessian_root(u)

    def third_derivative(self, u: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return self.loss.third_derivative(u, a, b)

    def whitened(self, u: np.ndarray, g: np.ndarray) -> np.ndarray | None:
        # a Hessian may be singular: the loss alone knows how its own gradient is seen through it
        own = np.array_equal(g, self.loss.gradient(u))
        return self.loss.whitened_gradient(u) if own else None

    def __repr__(self) -> str:
        return f"Hessian of {self.loss!r}"


def ambient_metric(given) -> AmbientMetric:
    """Return the metric that an argument means.

    Args:
        given: None for the dot product, a weight (n,) or (n, n), a `Loss`, or a metric itself.

    Raises:
        ValueError: A weight is not positive definite.
        TypeError: It is something else.
    """
    if given is None:
        return DotProduct()
    if isinstance(given, AmbientMetric):
        return given
    if isinstance(given, Loss):
        return LossHessian(given)
    if isinstance(given, (type, str)) or callable(given):
        raise TypeError(
            f"metric must be a weight (n,) or (n, n), a loss, or None, got {type(given).__name__}"
        )
    return ConstantWeight(given)


def _cholesky(H: np.ndarray) -> np.ndarray:
    if H.shape[0] != H.shape[1] or not np.allclose(H, H.T, rtol=1e-12, atol=0):
        raise ValueError(f"metric must be a symmetric matrix, got one of shape {H.shape}")
    try:
        return scipy.linalg.cholesky(H, lower=True)
    except np.linalg.LinAlgError:
        raise ValueError("metric must be positive definite") from None
