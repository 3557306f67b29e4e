"""The image of an immersion to second order: connection, Hessian, second fundamental form."""

from __future__ import annotations

import numpy as np

from riemgn.arguments import vector
from riemgn.errors import NumericalError
from riemgn.linalg import one_blas_thread, seen_through
from riemgn.manifolds.connection import christoffel
from riemgn.manifolds.curvature import second_fundamental_form, weingarten
from riemgn.manifolds.normals import require_lifts
from riemgn.manifolds.point import Point
from riemgn.manifolds.sight import Sight
from riemgn.manifolds.submanifold import Submanifold, ambient, checked_point


class SecondOrderSubmanifold(Submanifold):
    """The image M of an immersion with what its second derivatives tell of one pair of vectors.

    For a constant weight all of it is that of L^T f in R^n. For the Hessian of a loss, where that
    varies over R^n, the Christoffel symbols alone are defined; what else is asked for raises
    NotImplementedError.

    Where the Jacobian is nearly, but not numerically, rank-deficient the second fundamental form
    and the Weingarten map hold no digits: they raise `NumericalError` with the rank. Christoffel
    symbols and Hessians, with which optimizers work, do not.
    """

    # What optimizers use

    @one_blas_thread()
    def christoffel(self, point: Point, xi, eta) -> np.ndarray:
        """Return Gamma(xi, eta) = J^+ D^2 f[xi, eta], (p,), for parameter vectors xi, eta (p,).

        In a metric H = L L^T it is (B^T B)^+ J^T (H D^2 f[xi, eta] + H'[J xi, J eta] / 2) with
        B = L^T J: docs/theory.md, sections 2 and 3; through the orthogonal factorisation, never
        inv(J^T J).
        """
        p = checked_point(point).params.size
        xi, eta = vector("xi", xi, p), vector("eta", eta, p)
        return christoffel(self.metric, self._sight(point), xi, eta[:, None])[:, 0]

    @one_blas_thread()
    def metric_matrix(self, point: Point) -> np.ndarray:
        """Return the metric in the parameters, J^T H J, (p, p); J^T J without a weight."""
        root = self.metric.root(checked_point(point).outputs)
        return seen_through(point.jet, root).gram()

    @one_blas_thread()
    def christoffel_symbols(self, point: Point) -> np.ndarray:
        """Return all symbols Gamma[k, i, j], (p, p, p), of the metric in the parameters.

        The upper index comes first, as in geomstats. It takes p (p + 1) / 2 second derivatives, and
        8 p^3 bytes beside p n of them: 1 MB for 50 parameters, 1 GB for 500.
        """
        p = checked_point(point).params.size
        sight, units, gamma = self._sight(point), np.eye(p), np.empty((p, p, p))
        for i, unit in enumerate(units):
            columns = christoffel(self.metric, sight, unit, units[:, i:])
            gamma[:, i, i:] = gamma[:, i:, i] = columns
        return gamma

    @one_blas_thread()
    def euclidean_to_riemannian_hessian(
        self, point: Point, euclidean_gradient, euclidean_hessian, tangent_vector
    ) -> np.ndarray:
        """Return P l'' v + W(v, g - P g), (n,): the Riemannian Hessian along a tangent vector v.

        docs/theory.md, section 2.
        """
        self._require_constant_metric("the Hessian")
        g = ambient("euclidean_gradient", euclidean_gradient, point)
        bent = ambient("euclidean_hessian", euclidean_hessian, point)
        v = ambient("tangent_vector", tangent_vector, point)
        sight = self._sight(point)
        if sight.root.is_identity:
            normal = g - sight.project(g)
            return sight.project(bent) + self._weingarten(point, v, normal)
        gradient = self.euclidean_to_riemannian_gradient(point, g)
        normal = g - sight.root.times(sight.root.transposed(gradient))
        return sight.raised(point.jet.vjp(bent)) + self._weingarten(point, v, normal)

    # The second fundamental form

    @one_blas_thread()
    def second_fundamental_form(self, point: Point, tangent_a, tangent_b) -> np.ndarray:
        """Return II(a, b) = (I - P) D^2 f[xi, eta], (n,), with xi, eta the lifts of a, b.

        It is zero where M is open in R^n.

        Raises:
            NumericalError: The Jacobian is zero or nearly rank-deficient, or a second derivative
                is not finite.
        """
        a, b = ambient("tangent_a", tangent_a, point), ambient("tangent_b", tangent_b, point)
        sight = self._curved_sight(point, "the second fundamental form")
        return second_fundamental_form(sight, a, b)

    @one_blas_thread()
    def weingarten(self, point: Point, tangent_vector, normal_vector) -> np.ndarray:
        """Return the Weingarten map J^{+T} (sum_i N_i Hess f_i) xi, (n,), with xi the lift of v.

        `<W(v, N), z> = <N, II(v, z)>`: docs/theory.md, section 2. Zero where M is open in R^n.

        Raises:
            NumericalError: The Jacobian is zero or nearly rank-deficient, or a Hessian product is
                not finite.
        """
        v = ambient("tangent_vector", tangent_vector, point)
        normal = ambient("normal_vector", normal_vector, point)
        return weingarten(self._curved_sight(point, "the Weingarten map"), v, normal)

    def _weingarten(self, point: Point, v: np.ndarray, normal: np.ndarray) -> np.ndarray:
        """Return W(v, N) for H N given: zero where M is open in R^n."""
        if point.rank == point.size:
            return np.zeros(point.size)
        sight = self._sight(point)
        return sight.raised(point.jet.hessian_vp(normal, sight.lift(v)))

    # Where it is defined

    def _curved_sight(self, point: Point, what: str = "curvature") -> Sight:
        """Return the point's Jacobian where its second-order quantities have digits, or raise."""
        checked_point(point)
        self._require_constant_metric(what)
        sight = self._sight(point)
        if sight.rank == 0:
            raise NumericalError(
                "the Jacobian is zero here: there is no tangent space to be curved"
            )
        if sight.rank < point.size:
            require_lifts(sight)
        return sight

    def _require_constant_metric(self, what: str) -> None:
        if self.metric.varies:
            raise NotImplementedError(
                f"{what} is not defined in riemgn for a metric that varies over R^n"
            )
