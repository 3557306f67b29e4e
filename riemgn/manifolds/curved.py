"""The image of an immersion with its curvatures: extrinsic, intrinsic, and their means."""

from __future__ import annotations

import numpy as np

from riemgn.arguments import generator
from riemgn.linalg import one_blas_thread
from riemgn.manifolds import curvature, gauss, normal_curvature, principal
from riemgn.manifolds.normal_curvature import LargestNormalCurvature
from riemgn.manifolds.normals import grown, normal_projection, require_lifts, tamed
from riemgn.manifolds.point import Point
from riemgn.manifolds.principal import PrincipalCurvatures
from riemgn.manifolds.second_order import SecondOrderSubmanifold
from riemgn.manifolds.submanifold import ambient, checked_point
from riemgn.manifolds.volume import log_volume_element


class CurvedSubmanifold(SecondOrderSubmanifold):
    """The image M of an immersion with its curvatures, for a metric that is constant over R^n.

    The tangential part of every tangent vector counts. Where M is open in R^n, for p >= n and full
    rank, all curvatures but the parameter effects are zero; where the Jacobian loses rank they are
    those of its range with lifts of least norm; for the Hessian of a loss that varies they raise
    NotImplementedError. Formulas and signs are those of docs/theory.md, section 2.

    All of them raise `NumericalError` where the Jacobian is zero, is nearly rank-deficient (the
    error tells the rank), or a second derivative is not finite.
    """

    # How M bends in R^n

    @one_blas_thread()
    def shape_operator(self, point: Point, normal) -> np.ndarray:
        """Return the matrix <N, II(e_i, e_j)>, (r, r), of a normal (n,), e_i `tangent_basis`."""
        N = ambient("normal", normal, point)
        sight = self._curved_sight(point)
        seen, size = tamed(sight.root.transposed(N))
        S = principal.settled_shape(sight, normal_projection(sight, seen))
        return grown("the shape operator", S, size)

    @one_blas_thread()
    def principal_curvatures(self, point: Point, normal) -> np.ndarray:
        """Return the eigenvalues of the shape operator of a unit normal, ascending, (r,).

        They have the sign of <N, II(v, v)>: those of a sphere are negative along its outward
        normal. Their errors are of one size, that of rounding in the largest.

        Args:
            point: Where.
            normal: An ambient vector (n,); its normal part is scaled to length 1.

        Raises:
            ValueError: The normal part is zero, up to rounding.
        """
        N = ambient("normal", normal, point)
        return principal.principal_directions(self._curved_sight(point), N).curvatures

    @one_blas_thread()
    def principal_directions(self, point: Point, normal) -> PrincipalCurvatures:
        """Return the principal curvatures with their directions, orthonormal tangent vectors.

        Arguments and errors are those of `principal_curvatures`.
        """
        N = ambient("normal", normal, point)
        return principal.principal_directions(self._curved_sight(point), N)

    @one_blas_thread()
    def mean_curvature(self, point: Point) -> np.ndarray:
        """Return the normal vector (1 / r) sum_i II(e_i, e_i), (n,), r the dimension of M.

        With this convention a sphere's has the length of its reciprocal radius in any dimension.
        """
        sight = self._curved_sight(point)
        return curvature.frame_trace(sight) / sight.rank

    @one_blas_thread()
    def normal_curvature(self, point: Point, tangent_vector) -> float:
        """Return |II(v, v)| / |v|^2, the curvature in R^n of the geodesic along v (n,).

        Raises:
            ValueError: v is zero or normal to M.
        """
        v = ambient("tangent_vector", tangent_vector, point)
        sight = self._curved_sight(point)
        xi = sight.factor.lift(gauss.unit_tangent(sight, "tangent_vector", v))
        return float(np.linalg.norm(curvature.normal_bends(sight, xi, xi[:, None])))

    @one_blas_thread()
    def largest_normal_curvature(
        self, point: Point, seed: int | np.random.Generator | None = 0
    ) -> LargestNormalCurvature:
        """Return max |II(v, v)| over unit tangent vectors, its direction and a bound above it.

        This is the kappa of docs/theory.md, section 4. The maximum of a quartic may be a local one:
        it is climbed, to a relative 1e-12 a turn, from principal directions and from eight random
        ones (`seed`), and the highest place is told. `upper_bound` holds whatever was found.
        """
        draws = generator(seed)
        return normal_curvature.largest_normal_curvature(self._curved_sight(point), draws)

    @one_blas_thread()
    def rms_curvatures(self, point: Point) -> tuple[float, float]:
        """Return the root-mean-square curvatures (parameter effects, intrinsic), in 1 / outputs.

        The means of |P D^2 f[xi, xi]| and of |II(v, v)| over unit tangent vectors v with lifts xi,
        before the scaling by s sqrt(p F) with which `riemgn.fit_statistics` judges a fit
        (docs/theory.md, section 2). The first depends on the parametrisation. Where the Jacobian
        loses rank the mean is over its range, with lifts of least norm.
        """
        sight = self._curved_sight(point)
        require_lifts(sight)
        tangential, normal = curvature.frame_moments(sight)
        return tangential.root_mean_square, normal.root_mean_square

    # How M is curved within

    @one_blas_thread()
    def sectional_curvature(self, point: Point, tangent_a, tangent_b) -> float:
        """Return the curvature <R(a, b) b, a> / (|a|^2 |b|^2 - <a, b>^2) of a plane.

        It is positive on spheres, and depends on the plane alone.

        Raises:
            ValueError: a and b span no plane: the sine of their angle is 1e-8 or less.
        """
        a, b = ambient("tangent_a", tangent_a, point), ambient("tangent_b", tangent_b, point)
        return gauss.sectional_curvature(self._curved_sight(point), a, b)

    @one_blas_thread()
    def riemann(self, point: Point, a, b, c, d) -> float:
        """Return <R(a, b) c, d> = <II(a, d), II(b, c)> - <II(a, c), II(b, d)>.

        R(a, b) c = nabla_a nabla_b c - nabla_b nabla_a c - nabla_[a, b] c, as in geomstats, where
        this number is `covariant_riemann_tensor` with its indices along d, c, a, b.
        """
        named = {"a": a, "b": b, "c": c, "d": d}
        vectors = [ambient(name, v, point) for name, v in named.items()]
        return gauss.riemann(self._curved_sight(point), *vectors)

    @one_blas_thread()
    def ricci(self, point: Point, tangent_a, tangent_b) -> float:
        """Return the sum of <R(e_i, a) b, e_i> over an orthonormal frame, symmetric in a, b."""
        a, b = ambient("tangent_a", tangent_a, point), ambient("tangent_b", tangent_b, point)
        return gauss.ricci(self._curved_sight(point), a, b)

    @one_blas_thread()
    def ricci_curvature(self, point: Point) -> np.ndarray:
        """Return the Ricci curvature in `tangent_basis`, (r, r), by r^2 second derivatives."""
        return gauss.ricci_matrix(self._curved_sight(point))

    @one_blas_thread()
    def scalar_curvature(self, point: Point) -> float:
        """Return the trace of the Ricci curvature, r (r - 1) times a sphere's 1 / radius^2."""
        return gauss.scalar_curvature(self._curved_sight(point))

    # Volume

    def volume_element(self, point: Point) -> float:
        """Return sqrt(det(J^T H J)), the volume on M of the parameters' unit cube.

        It is zero where the Jacobian's rank is below the number of parameters, so always for p > n,
        and infinite where it overflows. Parameters on a domain count by its dimension, and the
        volume is that of a unit cube in its tangent space.
        """
        with np.errstate(over="ignore"):
            return float(np.exp(self.log_volume_element(point)))

    @one_blas_thread()
    def log_volume_element(self, point: Point) -> float:
        """Return the logarithm of the volume element, minus infinity where that is zero.

        It is defined in every metric.

        Raises:
            NumericalError: The Jacobian is nearly rank-deficient.
        """
        sight = self._sight(checked_point(point))
        if sight.rank < self.immersion.degrees_of_freedom:
            return -np.inf
        require_lifts(sight)
        return log_volume_element(sight)
