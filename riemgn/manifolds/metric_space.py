"""The image of an immersion as a metric space: geodesics, distances, parallel transport."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real

import numpy as np

from riemgn.arguments import integer
from riemgn.linalg import one_blas_thread
from riemgn.manifolds.curved import CurvedSubmanifold
from riemgn.manifolds.geodesics import Course, Geodesic
from riemgn.manifolds.integration import MOST_EVALUATIONS
from riemgn.manifolds.logarithm import logarithm
from riemgn.manifolds.parallel import carried
from riemgn.manifolds.point import Point
from riemgn.manifolds.submanifold import ambient, checked_point


class GeodesicSubmanifold(CurvedSubmanifold):
    """The image M of an immersion with its geodesics w'' = -Gamma(w', w'), in every metric.

    A geodesic keeps the rank of its start: where the Jacobian's rank turns into another one it
    ends, with a `NumericalError` that says where. Where M is open in R^n, for p >= n and full rank,
    geodesics of the dot product are straight lines (docs/theory.md, section 2).
    """

    @one_blas_thread()
    def exp(
        self, point: Point, tangent_vector, *, max_evaluations: int = MOST_EVALUATIONS
    ) -> Point:
        """Return the point where the geodesic with velocity v is after time 1: the same for v = 0.

        Args:
            point: The start.
            tangent_vector: v, (n,); its tangential part counts.
            max_evaluations: How many Jacobians may be factorised on the way.

        Raises:
            NumericalError: The geodesic breaks down before; it says at what time, |w|, rank and
                condition number, and why.
        """
        v = self._velocity(point, tangent_vector)
        integer("max_evaluations", max_evaluations)
        if not np.any(v):
            return point
        end, _ = Course(self, point, v, max_evaluations=max_evaluations).run().end()
        return end

    @one_blas_thread()
    def geodesic(
        self, point: Point, tangent_vector, *, max_evaluations: int = MOST_EVALUATIONS
    ) -> Geodesic:
        """Return the geodesic t -> g(t) from a point with a velocity (n,); see `Geodesic`."""
        v = self._velocity(point, tangent_vector)
        return Geodesic(self, point, v, integer("max_evaluations", max_evaluations))

    @one_blas_thread()
    def log(self, point_a: Point, point_b: Point) -> np.ndarray:
        """Return the tangent vector v at a, (n,), with exp(a, v) = b as outputs.

        It is found by shooting, within 1e-9 of the chord |u_b - u_a|, from the chord's projection;
        failing that, along a path between the parameters that is straightened. Where several
        geodesics join the points it is that of a short one, not always of the shortest.

        Raises:
            NumericalError: None was found, or the outputs of a point are not finite.
        """
        a, b = self._pair(point_a, point_b)
        return logarithm(self, a, b)

    @one_blas_thread()
    def dist(self, point_a: Point, point_b: Point) -> float:
        """Return the length of the geodesic that `log` finds: 0 for the same outputs.

        It is infinite where the outputs of a point are not finite, so that searches refuse it.

        Raises:
            NumericalError: No geodesic was found.
        """
        a, b = self._pair(point_a, point_b)
        if not (a.is_finite and b.is_finite):
            return np.inf
        return self.norm(a, logarithm(self, a, b))

    @one_blas_thread()
    def pair_mean(self, point_a: Point, point_b: Point) -> Point:
        """Return the middle of the geodesic from a to b, exp(a, log(a, b) / 2).

        Raises:
            NumericalError: As for `log`.
        """
        return self.exp(point_a, 0.5 * self.log(point_a, point_b))

    # Parallel transport

    @one_blas_thread()
    def parallel_transport(self, point: Point, tangent_vector, t) -> np.ndarray:
        """Return a tangent vector carried parallel along the geodesic of v to exp(point, v), (n,).

        It is an isometry of the tangent spaces.

        Args:
            point: The start.
            tangent_vector: v, (n,).
            t: What is carried: a tangent vector (n,), or several as columns, (n, m); or a number,
                for v itself carried along its own geodesic for that time.

        Raises:
            NumericalError: As for `exp`.
        """
        if isinstance(t, Real) and not isinstance(t, bool):
            return self.geodesic(point, tangent_vector).velocity(t)
        v = self._velocity(point, tangent_vector)
        fields = self.projection(point, ambient("t", t, point, ndim=(1, 2)))
        if not np.any(v):
            return fields
        columns = fields.reshape(point.size, -1)
        _, vectors = Course(self, point, v, columns).run().end()
        return vectors[:, 1:].reshape(fields.shape)

    @one_blas_thread()
    def geodesic_transport(self, point_a: Point, point_b: Point, tangent_vector_a) -> np.ndarray:
        """Return a tangent vector at a, (n,) or columns (n, m), carried along log(a, b) to b.

        Raises:
            NumericalError: As for `log`.
        """
        v = self.log(point_a, point_b)
        carried_vectors = ambient("tangent_vector_a", tangent_vector_a, point_a, ndim=(1, 2))
        return self.parallel_transport(point_a, v, carried_vectors)

    @one_blas_thread()
    def transport_along(
        self,
        curve: Callable[[float], np.ndarray],
        tangent_vector,
        *,
        span: tuple[float, float] = (0.0, 1.0),
        velocity: Callable[[float], np.ndarray] | None = None,
    ) -> np.ndarray:
        """Return a tangent vector carried parallel along any curve of parameters, at its end.

        Args:
            curve: Parameters w(t), (p,), smooth.
            tangent_vector: What is carried, tangent at the start, (n,), or columns (n, m).
            span: The first and the last time, in either order.
            velocity: w'(t), (p,); None for central differences of `curve`, of order 4, which also
                evaluate it up to 2e-3 of the span beyond its ends.

        Raises:
            ValueError: The span is not two finite times, or a curve's value is no vector (p,).
            NumericalError: The rank turns into another one on the way.
        """
        return carried(self, curve, tangent_vector, span, velocity)

    def _velocity(self, point: Point, tangent_vector) -> np.ndarray:
        v = ambient("tangent_vector", tangent_vector, point)
        return self.projection(point, v) if np.any(v) else v

    def _pair(self, point_a: Point, point_b: Point) -> tuple[Point, Point]:
        """Return two points of this manifold, or raise."""
        for name, point in (("point_a", point_a), ("point_b", point_b)):
            if not isinstance(point, Point):
                raise TypeError(
                    f"{name} must be a point of the manifold (manifold.point(w)), "
                    f"got {type(point).__name__}"
                )
            wanted = (checked_point(point_a).size, self.immersion.dim)
            if (point.size, point.params.size) != wanted:
                raise ValueError(
                    f"{name} must have (outputs, parameters) {wanted}, "
                    f"got {(point.size, point.params.size)}"
                )
            self._require_own(point)
        return point_a, point_b
