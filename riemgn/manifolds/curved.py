"""The image of an immersion to second order: Christoffel symbols, second fundamental form."""

from __future__ import annotations

import numpy as np

from riemgn.arguments import vector
from riemgn.errors import NumericalError
from riemgn.linalg import one_blas_thread
from riemgn.manifolds import curvature
from riemgn.manifolds.point import Point
from riemgn.manifolds.sight import Sight
from riemgn.manifolds.submanifold import Submanifold, ambient, checked_point

# Largest amplification of rounding by a lift that leaves second-order quantities four digits.
LARGEST_AMPLIFICATION = 1e-4 / np.finfo(np.float64).eps


class CurvedSubmanifold(Submanifold):
    """The image M of an immersion with what its second derivatives tell.

    For a constant weight all of it is that of L^T f in R^n. For the Hessian of a loss, which varies
    over R^n, the Christoffel symbols alone are defined; what else is asked for raises
    NotImplementedError.

    Where the Jacobian is nearly, but not numerically, rank-deficient these quantities hold no
    digits: they raise `NumericalError` with the rank, except Christoffel symbols and products,
    with which optimizers work.
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
        jet, sight = point.jet, self._sight(point)
        gamma = sight.lift(jet.second_derivative(xi, eta))
        if self.metric.varies:
            turn = self.metric.third_derivative(point.outputs, jet.jvp(xi), jet.jvp(eta))
            gamma += 0.5 * sight.factor.lift(sight.factor.transposed_lift(jet.vjp(turn)))
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
        return sight.raised(point.jet.vjp(bent)) + self._turned(point, v, normal)

    # The second fundamental form

    @one_blas_thread()
    def second_fundamental_form(self, point: Point, tangent_a, tangent_b) -> np.ndarray:
        """Return II(a, b) = (I - P) D^2 f[xi, eta], (n,), with xi, eta the lifts of a, b."""
        a, b = ambient("tangent_a", tangent_a, point), ambient("tangent_b", tangent_b, point)
        self._require_constant_metric("the second fundamental form")
        sight = self._sight(point)
        bend = point.jet.second_derivative(sight.lift(a), sight.lift(b))
        return bend - sight.project(bend)

    @one_blas_thread()
    def weingarten(self, point: Point, tangent_vector, normal_vector) -> np.ndarray:
        """Return the Weingarten map J^{+T} (sum_i N_i Hess f_i) xi, (n,), with xi the lift of v.

        `<W(v, N), z> = <N, II(v, z)>`: docs/theory.md, section 2. Zero where M is open in R^n.
        """
        v = ambient("tangent_vector", tangent_vector, point)
        normal = ambient("normal_vector", normal_vector, point)
        self._require_constant_metric("the Weingarten map")
        root = self._sight(point).root
        return self._weingarten(point, v, root.times(root.transposed(normal)))

    @one_blas_thread()
    def rms_curvatures(self, point: Point) -> tuple[float, float]:
        """Return the root-mean-square curvatures (parameter effects, intrinsic), in 1 / outputs.

        The means of |P D^2 f[xi, xi]| and of |II(v, v)| over unit tangent vectors v with lifts xi,
        before the scaling by s sqrt(p F) with which `riemgn.fit_statistics` judges a fit
        (docs/theory.md, section 2). The first depends on the parametrisation. Where the Jacobian
        loses rank the mean is over its range, with lifts of least norm.

        Raises:
            NumericalError: The Jacobian is zero, or a second derivative is not finite.
        """
        sight = self._curved_sight(point)
        return curvature.rms_curvatures(point.jet, sight.frame, sight.root)

    def _weingarten(self, point: Point, v: np.ndarray, normal: np.ndarray) -> np.ndarray:
        """Return W(v, N) for H N given: zero where M is open in R^n."""
        if point.rank == point.size:
            return np.zeros(point.size)
        return self._turned(point, v, normal)

    def _turned(self, point: Point, v: np.ndarray, normal: np.ndarray) -> np.ndarray:
        sight = self._sight(point)
        return sight.raised(point.jet.hessian_vp(normal, sight.lift(v)))

    def _curved_sight(self, point: Point) -> Sight:
        """Return the point's Jacobian where its second-order quantities have digits, or raise."""
        checked_point(point)
        self._require_constant_metric("curvature")
        sight = self._sight(point)
        if sight.rank == 0:
            raise NumericalError(
                "the Jacobian is zero here: there is no tangent space to be curved"
            )
        return sight

    def _require_constant_metric(self, what: str) -> None:
        if self.metric.varies:
            raise NotImplementedError(
                f"{what} is not defined in riemgn for a metric that varies over R^n"
            )
