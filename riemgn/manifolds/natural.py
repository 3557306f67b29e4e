"""The same manifold in the metric of a loss: steepest descent on it is generalised Gauss-Newton."""

from __future__ import annotations

import weakref

import numpy as np

from riemgn.arguments import vector
from riemgn.linalg import Factor, factorise, seen_through
from riemgn.linalg.roots import Root
from riemgn.losses import Loss
from riemgn.manifolds.immersed import ImmersedManifold, ambient
from riemgn.manifolds.point import Point


class NaturalManifold(ImmersedManifold):
    """An immersed manifold with the metric <a, b> = a^T H b, H = L L^T with the loss's root L.

    The gradient of the loss is then J (J^T H J)^+ J^T l', the generalised Gauss-Newton or natural
    gradient direction (docs/theory.md, section 3). First-order methods work with it; the second
    fundamental form of this metric is not defined here.
    """

    def __init__(self, manifold: ImmersedManifold, loss: Loss) -> None:
        super().__init__(manifold.immersion, manifold.retraction_name)
        self.loss = loss
        self._factored: tuple[weakref.ref, Factor] | None = None

    def inner_product(self, point: Point, tangent_vector_a, tangent_vector_b) -> float:
        """Return a^T H b = <L^T a, L^T b>."""
        a, b = np.asarray(tangent_vector_a), np.asarray(tangent_vector_b)
        root = self._root(point)
        return float(np.dot(root.transposed(a), root.transposed(b)))

    def norm(self, point: Point, tangent_vector) -> float:
        """Return sqrt(v^T H v) = |L^T v|."""
        return float(np.linalg.norm(self._root(point).transposed(np.asarray(tangent_vector))))

    def lift(self, point: Point, tangent_vector) -> np.ndarray:
        """Return the parameters xi = B^+ L^T v, (p,), with B = L^T J."""
        v = ambient("tangent_vector", tangent_vector, point)
        return self._factor(point).lift(self._root(point).transposed(v))

    def projection(self, point: Point, vector) -> np.ndarray:
        """Return the H-orthogonal projection J B^+ L^T v of an ambient vector."""
        return point.jet.jvp(self.lift(point, vector))

    to_tangent_space = projection

    def euclidean_to_riemannian_gradient(self, point: Point, euclidean_gradient) -> np.ndarray:
        """Return J B^+ s, where L s is the loss's gradient at the point."""
        xi = self._factor(point).lift(self.loss.whitened_gradient(point.outputs))
        return point.jet.jvp(xi)

    def christoffel(self, point: Point, xi, eta) -> np.ndarray:
        """Return Gamma(xi, eta) of the metric J^T H J, (p,), for parameter vectors xi, eta (p,).

        It is (B^T B)^+ J^T (H D^2 f[xi, eta] + l'''[J xi, J eta] / 2): docs/theory.md, section 3.
        """
        p = point.params.size
        xi, eta = vector("xi", xi, p), vector("eta", eta, p)
        jet, factor = point.jet, self._factor(point)
        bend = self._root(point).transposed(jet.second_derivative(xi, eta))
        turn = self.loss.third_derivative(point.outputs, jet.jvp(xi), jet.jvp(eta))
        return factor.lift(bend + 0.5 * factor.transposed_lift(jet.vjp(turn)))

    def weingarten(self, point: Point, tangent_vector, normal_vector) -> np.ndarray:
        """Raise NotImplementedError: the metric varies with the point."""
        raise NotImplementedError("weingarten is defined for the metric of R^n alone")

    second_fundamental_form = weingarten

    def __reduce__(self):
        base = ImmersedManifold(self.immersion, self.retraction_name)
        return NaturalManifold, (base, self.loss)

    def _root(self, point: Point) -> Root:
        return self.loss.hessian_root(point.outputs)

    def _factor(self, point: Point) -> Factor:
        if self._factored is None or self._factored[0]() is not point:
            seen = seen_through(point.jet, self._root(point))
            self._factored = (weakref.ref(point), factorise(seen))
        return self._factored[1]
