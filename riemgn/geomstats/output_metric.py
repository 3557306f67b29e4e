"""The metric J^T J of an output manifold, with all that geomstats asks of a metric."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from geomstats.geometry.pullback_metric import PullbackMetric

from riemgn.geomstats import tensors
from riemgn.geomstats.batches import Points, coordinates
from riemgn.geomstats.geodesics import IntegratedExp, ShootingLog
from riemgn.manifolds import Point, gauss
from riemgn.manifolds.curvature import frame_trace
from riemgn.manifolds.normals import require_lifts
from riemgn.manifolds.sight import Sight

if TYPE_CHECKING:
    from riemgn.geomstats.output_set import OutputSet


class OutputMetric(PullbackMetric):
    """The pullback J^T J of the dot product of R^n by f, as geomstats' `PullbackMetric`.

    Points are parameters w (..., p), tangent vectors parameter vectors xi (..., p); everything is
    broadcast over leading axes. Geodesics, logarithms and curvatures are those of
    `riemgn.ImmersedManifold` in these coordinates, through an orthogonal factorisation of J, never
    inv(J^T J); conventions of sign and of the order of indices are geomstats'.

    Where J loses rank the metric is singular. Christoffel symbols and all that moves along
    geodesics then use lifts of least norm; the cometric and curvatures raise `NumericalError` with
    the rank. Where J is nearly rank-deficient all of these raise it.

    Args:
        space: An `OutputSet`.
        signature: As for geomstats' metrics.
    """

    _space: OutputSet

    def _instantiate_solvers(self) -> None:
        self.exp_solver = IntegratedExp(self._space.manifold)
        self.log_solver = ShootingLog(self._space.manifold)

    # The metric

    def metric_matrix(self, base_point) -> np.ndarray:
        """Return J^T J, (..., p, p)."""
        return self._points(base_point).each(lambda x: x.jet.gram())

    def cometric_matrix(self, base_point) -> np.ndarray:
        """Return the inverse of J^T J, (..., p, p)."""
        return self._points(base_point).each(lambda x: tensors.cometric(self._full_sight(x)))

    def inner_product(self, tangent_vec_a, tangent_vec_b, base_point) -> np.ndarray:
        """Return <J a, J b>, (...)."""
        a, b = self._vectors(tangent_vec_a=tangent_vec_a, tangent_vec_b=tangent_vec_b)
        return self._points(base_point).each(lambda x, a, b: x.jet.jvp(a) @ x.jet.jvp(b), a, b)

    def norm(self, vector, base_point) -> np.ndarray:
        """Return |J xi|, (...)."""
        (xi,) = self._vectors(vector=vector)
        return self._points(base_point).each(lambda x, xi: np.linalg.norm(x.jet.jvp(xi)), xi)

    def inner_product_derivative_matrix(self, base_point) -> np.ndarray:
        """Return the derivatives d_k g_ij of the metric at [i, j, k], (..., p, p, p)."""
        return self._points(base_point).each(lambda x: tensors.metric_derivative(x.jet))

    # The connection

    def christoffels(self, base_point) -> np.ndarray:
        """Return Gamma^k_ij = (J^+ D^2 f[e_i, e_j])_k at [k, i, j], (..., p, p, p)."""

        def symbols(x: Point) -> np.ndarray:
            self._sight(x)
            return self._space.manifold.christoffel_symbols(x)

        return self._points(base_point).each(symbols)

    def geodesic_equation(self, state) -> np.ndarray:
        """Return (w', -Gamma(w', w')), (..., 2, p), for positions and velocities (..., 2, p)."""
        state = coordinates("state", state, self._space.dim)
        if state.shape[-2:-1] != (2,):
            raise ValueError(
                f"state must have shape (..., 2, {self._space.dim}), got {state.shape}"
            )
        velocity = state[..., 1, :]

        def acceleration(x: Point, v: np.ndarray) -> np.ndarray:
            self._sight(x)
            return -self._space.manifold.christoffel(x, v, v)

        accelerations = self._points(state[..., 0, :], "state").each(acceleration, velocity)
        return np.stack([velocity, accelerations], axis=-2)

    def parallel_transport(
        self, tangent_vec, base_point, direction=None, end_point=None
    ) -> np.ndarray:
        """Return tangent vectors carried along geodesics, (..., p), at the geodesics' ends.

        Args:
            tangent_vec: Parameter vectors (..., p).
            base_point: Parameters (..., p).
            direction: Initial velocities (..., p) of the geodesics, unless
            end_point: their ends are given, parameters (..., p).

        Raises:
            ValueError: Neither or both of `direction` and `end_point` are given.
            NumericalError: A geodesic breaks down, or none is found.
        """
        if (direction is None) == (end_point is None):
            raise ValueError("one of direction and end_point must be given, and not both")
        (xi,), starts = self._vectors(tangent_vec=tangent_vec), self._points(base_point)
        if end_point is None:
            return starts.each(self._carried_along, xi, *self._vectors(direction=direction))
        return starts.each(self._carried_to, xi, *self._vectors(end_point=end_point))

    # Distances

    def dist(self, point_a, point_b) -> np.ndarray:
        """Return the length of the geodesic from a to b that `log` finds, (...)."""
        M, (b,) = self._space.manifold, self._vectors(point_b=point_b)
        return self._points(point_a, "point_a").each(lambda x, w: M.dist(x, M.point(w)), b)

    def squared_dist(self, point_a, point_b) -> np.ndarray:
        """Return the square of `dist`, (...)."""
        return self.dist(point_a, point_b) ** 2

    # Curvature

    def second_fundamental_form(self, base_point) -> np.ndarray:
        """Return II(e_i, e_j), the normal part of D^2 f[e_i, e_j], at [:, i, j], (..., n, p, p)."""
        return self._curved(tensors.second_fundamental_form, base_point)

    def mean_curvature_vector(self, base_point) -> np.ndarray:
        """Return the sum of II over an orthonormal frame, (..., n): as geomstats' not over p."""
        return self._curved(frame_trace, base_point)

    def riemann_tensor(self, base_point) -> np.ndarray:
        """Return dx^l(R(e_j, e_k) e_i) at [i, j, k, l], (..., p, p, p, p)."""
        return self._curved(tensors.riemann, base_point)

    def covariant_riemann_tensor(self, base_point) -> np.ndarray:
        """Return <R(e_k, e_l) e_j, e_i> at [i, j, k, l], (..., p, p, p, p)."""
        return self._curved(tensors.covariant_riemann, base_point)

    def curvature(self, tangent_vec_a, tangent_vec_b, tangent_vec_c, base_point) -> np.ndarray:
        """Return R(a, b) c, (..., p)."""
        vectors = self._vectors(
            tangent_vec_a=tangent_vec_a, tangent_vec_b=tangent_vec_b, tangent_vec_c=tangent_vec_c
        )
        return self._curved(tensors.curvature, base_point, *vectors)

    def sectional_curvature(self, tangent_vec_a, tangent_vec_b, base_point) -> np.ndarray:
        """Return the curvatures of the planes that a and b span, (...).

        Raises:
            ValueError: They span none.
        """
        a, b = self._vectors(tangent_vec_a=tangent_vec_a, tangent_vec_b=tangent_vec_b)
        return self._curved(tensors.sectional, base_point, a, b)

    def ricci_tensor(self, base_point) -> np.ndarray:
        """Return the Ricci curvature, (..., p, p)."""
        return self._curved(tensors.ricci, base_point)

    def scalar_curvature(self, base_point) -> np.ndarray:
        """Return the trace of the Ricci curvature in the metric, (...)."""
        return self._curved(gauss.scalar_curvature, base_point)

    # Point by point

    def _points(self, params, name: str = "base_point") -> Points:
        return Points.of(self._space.manifold, params, name)

    def _vectors(self, **vectors) -> list[np.ndarray]:
        return [coordinates(name, value, self._space.dim) for name, value in vectors.items()]

    def _curved(self, tensor: Callable, base_point, *vectors: np.ndarray) -> np.ndarray:
        points = self._points(base_point)
        return points.each(lambda x, *v: tensor(self._full_sight(x), *v), *vectors)

    def _sight(self, x: Point) -> Sight:
        """Return the Jacobian where its lifts have digits, or raise."""
        sight = x.seen_in(self._space.manifold.metric)
        require_lifts(sight)
        return sight

    def _full_sight(self, x: Point) -> Sight:
        """Return the Jacobian where parameters are coordinates, or raise."""
        sight = self._sight(x)
        tensors.require_full_rank(sight)
        return sight

    def _carried_along(self, x: Point, xi: np.ndarray, direction: np.ndarray) -> np.ndarray:
        M, v = self._space.manifold, x.jet.jvp(direction)
        return M.lift(M.exp(x, v), M.parallel_transport(x, v, x.jet.jvp(xi)))

    def _carried_to(self, x: Point, xi: np.ndarray, end: np.ndarray) -> np.ndarray:
        M = self._space.manifold
        y = M.point(end)
        return M.lift(y, M.geodesic_transport(x, y, x.jet.jvp(xi)))
