"""A cost on any manifold whose derivatives in the ambient space are plain."""

from __future__ import annotations

import numpy as np
from pymanopt.manifolds.manifold import Manifold
from pymanopt.manifolds.product import Product

from riemgn.testing.arrays import alike, arrays_of, mapped, normal_like


class ModelCost:
    """1/2 <x - c, D (x - c)>, D a random diagonal over the rows, with what M makes of it.

    The centre c is random, but zero for matrices that M does not tell from their products with
    orthogonal ones from the right: the cost is then one on the quotient.
    """

    def __init__(self, manifold: Manifold, point, tangent, generator: np.random.Generator) -> None:
        self.manifold = manifold

        def rows(array: np.ndarray) -> np.ndarray:
            shape = array.shape if array.ndim < 2 else (array.shape[-2], 1)
            return generator.uniform(0.5, 2.0, size=shape)

        self._rows = [rows(array) for array in arrays_of(point)]
        self._centres = [
            np.zeros_like(array) if quotient else normal_like(array, generator)
            for array, quotient in zip(
                arrays_of(point), _are_quotients(manifold, point, tangent, generator), strict=True
            )
        ]

    def cost(self, point) -> float:
        """Return the cost of a point."""
        pulled = zip(self._rows, self._centres, arrays_of(point), strict=True)
        return 0.5 * float(sum(np.sum(d * np.abs(x - c) ** 2) for d, c, x in pulled))

    def euclidean_gradient(self, point):
        """Return D (x - c)."""
        weights, centres = iter(self._rows), iter(self._centres)
        return mapped(lambda x: next(weights) * (x - next(centres)), point)

    def euclidean_hessian(self, point, vector):
        """Return D v for an ambient vector v."""
        if not alike(vector, point):
            raise NotImplementedError("points and tangent vectors are not written alike")
        weights = iter(self._rows)
        return mapped(lambda v: next(weights) * v, vector)

    def riemannian_gradient(self, point):
        """Return what M makes of the gradient."""
        return self.manifold.euclidean_to_riemannian_gradient(point, self.euclidean_gradient(point))

    def riemannian_hessian(self, point, tangent_vector):
        """Return what M makes of the Hessian along a tangent vector."""
        bent = self.euclidean_hessian(point, embedded(self.manifold, point, tangent_vector))
        return self.manifold.euclidean_to_riemannian_hessian(
            point, self.euclidean_gradient(point), bent, tangent_vector
        )


def embedded(manifold: Manifold, point, v):
    """Return a tangent vector as an ambient one."""
    if isinstance(manifold, Product):  # which does not hand it on to its factors
        parts = zip(manifold.manifolds, point, v, strict=True)
        return type(v)([embedded(*part) for part in parts])
    return manifold.embedding(point, v)


def _are_quotients(
    manifold: Manifold, point, tangent, generator: np.random.Generator
) -> list[bool]:
    """Return for each array of a point whether x A, A skew, is no tangent direction there."""
    count = len(arrays_of(point))
    if not alike(embedded(manifold, point, tangent), point):
        return [True] * count

    def turned(x: np.ndarray) -> np.ndarray:
        if x.ndim < 2:
            return np.zeros_like(x)
        A = normal_like(np.zeros(2 * x.shape[-1:], dtype=x.dtype), generator)
        return x @ (A - A.conj().T)

    turn = mapped(turned, point)
    onto = embedded(manifold, point, manifold.projection(point, turn))
    sizes = [np.linalg.norm(array) for array in arrays_of(turn)]
    left = [np.linalg.norm(array) for array in arrays_of(onto)]
    return [bool(size > 0 and rest < 1e-6 * size) for size, rest in zip(sizes, left, strict=True)]
