"""Metrics of the ambient space: the dot product, a constant weight, or the Hessian of a loss."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property

import numpy as np
import scipy.linalg

from riemgn.arguments import real_array
from riemgn.linalg.roots import DenseRoot, DiagonalRoot, IdentityRoot, Root
from riemgn.losses import Loss

# By how much entries of a symmetric matrix may differ, relative to the diagonal.
_SYMMETRIC = 1e-10


class AmbientMetric(ABC):
    """A metric <a, b> = a^T H(u) b on R^n, by a root H = L L^T.

    Seen through L^T the metric is the dot product: lengths, angles and projections are those of
    L^T a in R^n (docs/theory.md, section 2).
    """

    varies = False  # whether H depends on the point u
    size: int | None = None  # the number n of outputs that H measures, None for any

    @abstractmethod
    def root(self, u: np.ndarray) -> Root:
        """Return L at outputs u (n,)."""

    def third_derivative(self, u: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Return the vector (n,) of H's derivatives, H'(u)[., a, b], where H is a Hessian."""
        return np.zeros(u.size)

    def whitened(self, u: np.ndarray, g: np.ndarray) -> np.ndarray | None:
        """Return s with L s = g for a covector g (n,), or None where L may have no inverse."""
        return None

    @abstractmethod
    def strong_convexity(self, loss: Loss) -> float:
        """Return the largest number known with l'' >= nu H everywhere, l the loss; 0.0 if none."""


class DotProduct(AmbientMetric):
    """The metric of R^n."""

    def root(self, u: np.ndarray) -> IdentityRoot:
        return IdentityRoot()

    def whitened(self, u: np.ndarray, g: np.ndarray) -> np.ndarray:
        return g

    def strong_convexity(self, loss: Loss) -> float:
        return loss.strong_convexity

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
                j = int(np.argmin(H))
                raise ValueError(f"metric must be positive, got the weight {H[j]:g} at index [{j}]")
            self._root: Root = DiagonalRoot(np.sqrt(H))
        else:
            self._root = DenseRoot(_cholesky(H))
        self.size = H.shape[0]

    def root(self, u: np.ndarray) -> Root:
        require_size(self, u.size)
        return self._root

    def whitened(self, u: np.ndarray, g: np.ndarray) -> np.ndarray:
        return self.root(u).solve(g)

    def strong_convexity(self, loss: Loss) -> float:
        # H <= |H| I, and nu I <= l''
        return loss.strong_convexity / self._largest_eigenvalue

    @cached_property
    def _largest_eigenvalue(self) -> float:
        if isinstance(self._root, DiagonalRoot):
            return float(self._root.values.max() ** 2)
        return float(np.linalg.norm(self._root.triangle, 2) ** 2)

    def __repr__(self) -> str:
        return f"constant weight of {self.size} outputs"


class LossHessian(AmbientMetric):
    """The metric of a loss's Hessian: its gradient flow is that of natural gradient.

    It varies over R^n unless the Hessian is known to be constant (`Loss.hessian_lipschitz` is 0),
    as that of squared loss, weighted or not.
    """

    def __init__(self, loss: Loss) -> None:
        self.loss = loss
        self.size = loss.size
        self.varies = loss.hessian_lipschitz > 0

    def root(self, u: np.ndarray) -> Root:
        require_size(self, u.size)
        return self.loss.hessian_root(u)

    def third_derivative(self, u: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return self.loss.third_derivative(u, a, b)

    def whitened(self, u: np.ndarray, g: np.ndarray) -> np.ndarray | None:
        # a Hessian may be singular: the loss alone knows how its own gradient is seen through it
        if np.array_equal(g, self.loss.gradient(u)):
            return self.loss.whitened_gradient(u)
        return None if self.varies else self.root(u).solve(g)

    def strong_convexity(self, loss: Loss) -> float:
        if loss is self.loss and not self.varies:
            return 1.0
        # H <= mu I, and nu I <= l''
        return loss.strong_convexity / self.loss.smoothness

    def __repr__(self) -> str:
        return f"Hessian of {self.loss!r}"


def ambient_metric(given, size: int | None = None) -> AmbientMetric:
    """Return the metric that an argument means.

    Args:
        given: None for the dot product, a weight (n,) or (n, n), a `Loss`, or a metric itself.
        size: n, where it is known.

    Raises:
        ValueError: A weight is not positive definite, or the metric measures another number of
            outputs.
        TypeError: It is something else.
    """
    metric = _meant(given)
    if size is not None:
        require_size(metric, size)
    return metric


def require_size(metric: AmbientMetric, size: int) -> None:
    """Raise ValueError where a metric does not measure vectors of n outputs."""
    if metric.size not in (None, size):
        raise ValueError(
            f"metric measures {metric.size} outputs, the manifold's points have {size}"
        )


def _meant(given) -> AmbientMetric:
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
    if H.shape[0] != H.shape[1]:
        raise ValueError(f"metric must be a vector (n,) or a matrix (n, n), got shape {H.shape}")
    diagonal = np.diagonal(H)
    if not np.all(diagonal > 0):
        j = int(np.argmin(diagonal))
        raise ValueError(f"metric must be positive definite, got {diagonal[j]:g} at [{j}, {j}]")
    # in units in which the diagonal is 1, so that the outputs may have units of their own
    unit = np.sqrt(diagonal)
    scaled = H / unit / unit[:, None]
    skew = np.abs(scaled - scaled.T).max()
    if skew > _SYMMETRIC:
        raise ValueError(
            f"metric must be symmetric, its entries differ by {skew:.1e} of the diagonal's size"
        )
    try:
        return unit[:, None] * scipy.linalg.cholesky((scaled + scaled.T) / 2, lower=True)
    except np.linalg.LinAlgError:
        raise ValueError("metric must be positive definite, got an indefinite matrix") from None
