"""The same manifold in the metric of a loss: steepest descent on it is generalised Gauss-Newton."""

from __future__ import annotations

import weakref

import numpy as np

from riemgn.linalg import Factor, factorise, seen_through
from riemgn.losses import Loss
from riemgn.manifolds.immersed import ImmersedManifold
from riemgn.manifolds.point import Point


class NaturalManifold(ImmersedManifold):
    """An immersed manifold with the metric <a, b> = a^T H b, H = L L^T the loss Hessian at a point.

    The gradient of the loss is then J (J^T H J)^+ J^T l', the generalised Gauss-Newton or natural
    gradient direction (docs/theory.md, section 3). First-order methods work with it; the second
    fundamental form of this metric is not defined here.
    """

    def __init__(self, manifold: ImmersedManifold, loss: Loss) -> None:
        super().__init__(manifold.immersion, manifold.retraction_name)
        self.loss = loss
        self._factored: tuple[weakref.ref, Factor] | None = None

    def inner_product(self, point: Point, tangent_vector_a, tangent_vector_b) -> float:
        """Return a^T H b."""
        return float(np.dot(tangent_vector_a, self.loss.hessian_vp(point, tangent_vector_b)))

    def norm(self, point: Point, tangent_vector) -> float:
        """Return sqrt(v^T H v)."""
        return float(np.sqrt(max(self.inner_product(point, tangent_vector, tangent_vector), 0.0)))

    def lift(self, point: Point, tangent_vector) -> np.ndarray:
        """Return the parameters xi = B^+ L^T v, (p,), with B = L^T J."""
        root = self.loss.hessian_root(point.outputs)
        return self._factor(point).lift(root.transposed(np.asarray(tangent_vector)))

    def projection(self, point: Point, vector) -> np.ndarray:
        """Return the H-orthogonal projection J B^+ L^T v of an ambient vector."""
        return point.jet.jvp(self.lift(point, vector))

    to_tangent_space = projection

    def euclidean_to_riemannian_gradient(self, point: Point, euclidean_gradient) -> np.ndarray:
        """Return J B^+ s, where L s is the loss's gradient at the point."""
        xi = self._factor(point).lift(self.loss.whitened_gradient(point.outputs))
        return point.jet.jvp(xi)

    def weingarten(self, point: Point, tangent_vector, normal_vector) -> np.ndarray:
        """Raise NotImplementedError: the metric varies with the point."""
        raise NotImplementedError("weingarten is defined for the metric of R^n alone")

    second_fundamental_form = christoffel = weingarten

    def _factor(self, point: Point) -> Factor:
        if self._factored is None or self._factored[0]() is not point:
            seen = seen_through(point.jet, self.loss.hessian_root(point.outputs))
            self._factored = (weakref.ref(point), factorise(seen))
        return self._factored[1]
