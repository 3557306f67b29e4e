"""The exponential map as a retraction."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from riemgn.arguments import integer
from riemgn.manifolds.geodesics import Course
from riemgn.manifolds.retractions.retraction import Retraction

if TYPE_CHECKING:
    from riemgn.manifolds.immersed import ImmersedManifold
    from riemgn.manifolds.point import Point
    from riemgn.manifolds.sight import Sight


class GeodesicRetraction(Retraction):
    """v -> the end of the geodesic with velocity v after time 1: exact.

    Args:
        max_evaluations: How many Jacobians a geodesic may take; beyond them it is refused, as an
            optimizer's step that is far too long should be.
    """

    name = "geodesic"
    order = math.inf

    def __init__(self, max_evaluations: int = 1000) -> None:
        self.max_evaluations = integer("max_evaluations", max_evaluations)

    def retract(self, manifold: ImmersedManifold, point: Point, v: np.ndarray) -> Point:
        """Return the end of the geodesic.

        Raises:
            NumericalError: It breaks down before.
        """
        return manifold.exp(point, v, max_evaluations=self.max_evaluations)

    def inverse(self, manifold: ImmersedManifold, x: Point, y: Point) -> np.ndarray:
        """Return the logarithm of y at x, (n,)."""
        return manifold.log(x, y)

    def derivative(
        self, manifold: ImmersedManifold, point: Point, v: np.ndarray, a: np.ndarray
    ) -> np.ndarray:
        """Return Y(1), (n,), for the Jacobi field Y along the geodesic with Y(0) = 0, Y'(0) = a.

        Raises:
            NumericalError: The geodesic breaks down.
            NotImplementedError: The metric varies over R^n.
        """
        manifold._require_constant_metric("the derivative of the exponential map")
        a = manifold.projection(point, a)
        length = manifold.norm(point, a)
        if length == 0:
            return a
        fields = np.column_stack([np.zeros(a.size), a / length])
        velocity = manifold.projection(point, v)
        course = Variation(manifold, point, velocity, fields, max_evaluations=self.max_evaluations)
        _, vectors = course.run().end()
        return length * vectors[:, 1]


class Variation(Course):
    """A geodesic with a Jacobi field Y and its covariant derivative Y', Y'' = -R(Y, c') c'.

    By the Gauss equation R(Y, c') c' = W(Y, II(c', c')) - W(c', II(c', Y)), which takes no third
    derivatives of f (docs/theory.md, section 2). The fields are Y(0) and Y'(0), as columns.
    """

    def _rates(self, t: float, state: np.ndarray) -> np.ndarray:
        w, vectors = self.place(state)
        velocity, field, rate = vectors.T
        changes = self.connection.turn(w, velocity, vectors)
        changes[:, 1] += rate
        changes[:, 2] -= _tide(self.connection.sight(w), velocity, field)
        rates = np.empty((w.size, 4))
        rates[:, 0] = state.reshape(w.size, -1)[:, 1]
        rates[:, 1:] = self._units.coordinates(changes) / self._sizes
        return rates.ravel()


def _tide(sight: Sight, velocity: np.ndarray, field: np.ndarray) -> np.ndarray:
    """Return the lift of R(Y, c') c', (p,), for the lifts of c' and Y: zero where M is open."""
    jet, root, factor = sight.jet, sight.root, sight.factor
    if sight.rank == jet.shape[0]:
        return np.zeros(field.size)

    def lowered_normal(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        bend = jet.second_derivative(a, b)
        return root.times(root.transposed(bend - sight.project(bend)))

    pulled = jet.hessian_vp(lowered_normal(velocity, velocity), field)
    pulled -= jet.hessian_vp(lowered_normal(velocity, field), velocity)
    return factor.lift(factor.transposed_lift(pulled))
