"""The image of an immersion as a pymanopt manifold whose points know their parameters."""

from __future__ import annotations

import numpy as np
from pymanopt.manifolds.manifold import RiemannianSubmanifold

from riemgn.arguments import as_array, generator, real_array, vector
from riemgn.errors import NumericalError
from riemgn.immersions import Immersion
from riemgn.immersions.outputs import finite
from riemgn.linalg import one_blas_thread
from riemgn.manifolds import curvature
from riemgn.manifolds.point import Point
from riemgn.manifolds.retractions import retraction as named_retraction
from riemgn.networks import Network


class ImmersedManifold(RiemannianSubmanifold):
    """The image M of an immersion f: R^p -> R^n, with the metric of R^n.

    Points are `Point`s, tangent vectors are ambient vectors (n,), the metric is the dot product and
    transport is projection at the new point. Where the Jacobian loses rank the tangent space is its
    range and lifts have least norm. For p >= n and full rank M is open in R^n: every ambient vector
    is tangent (docs/theory.md, section 2).

    Args:
        immersion: The map f.
        retraction: "parametric" (order 1) or "corrected" (order 2).
    """

    def __init__(self, immersion: Immersion, retraction: str = "parametric") -> None:
        if not isinstance(immersion, Immersion):
            raise TypeError(
                "immersion must be a riemgn.Immersion (riemgn.autograd_immersion makes one of a "
                f"function), got {type(immersion).__name__}"
            )
        self.immersion = immersion
        self._retraction = named_retraction(retraction)
        super().__init__("output manifold", 0)  # name and dimension are asked of f when needed

    def __str__(self) -> str:
        n, p = self.immersion.ambient_dim, self.immersion.dim
        kind = "open subset" if p >= n else f"{p}-dimensional submanifold"
        return f"{type(self).__name__}: {kind} of R^{n}, {p} parameters"

    __repr__ = __str__

    @property
    def dim(self) -> int:
        """The dimension min(n, p) at points of full rank."""
        return min(self.immersion.ambient_dim, self.immersion.dim)

    @property
    def retraction_name(self) -> str:
        """The name of the manifold's retraction."""
        return self._retraction.name

    @property
    def typical_dist(self) -> float:
        """A length on M for trust regions: sqrt(dim), as in R^dim.

        It knows nothing of the units of the targets: where residuals are far from 1 in size, give
        pymanopt's trust regions a `Delta_bar` of the residual's length.
        """
        return float(np.sqrt(self.dim))

    # Points

    def point(self, params) -> Point:
        """Return the point f(w) of parameters w (p,).

        Raises:
            ValueError: w has another shape, or is not finite.
            TypeError: w is not real.
            NumericalError: f(w) is not finite.
        """
        w = vector("params", params, self.immersion.dim)
        point = Point(self.immersion.at(w))
        finite("the output vector", point.outputs, w)
        return point

    def random_point(self, seed: int | np.random.Generator | None = None) -> Point:
        """Return the point of random parameters: a network's initial ones, else standard normal."""
        return self.point(self.immersion.random_params(generator(seed)))

    def random_tangent_vector(
        self, point: Point, seed: int | np.random.Generator | None = None
    ) -> np.ndarray:
        """Return a tangent vector (n,) of norm 1, uniform over directions."""
        size = checked_point(point).size
        v = self.projection(point, generator(seed).normal(size=size))
        return v / self.norm(point, v) if point.rank else v

    def zero_vector(self, point: Point) -> np.ndarray:
        """Return the zero of the tangent space, (n,)."""
        return np.zeros(checked_point(point).size)

    # First order

    def inner_product(self, point: Point, tangent_vector_a, tangent_vector_b) -> float:
        """Return the dot product of two tangent vectors; infinite where it overflows."""
        a = ambient("tangent_vector_a", tangent_vector_a, point)
        b = ambient("tangent_vector_b", tangent_vector_b, point)
        with np.errstate(over="ignore"):
            return float(np.dot(a, b))

    def norm(self, point: Point, tangent_vector) -> float:
        """Return the Euclidean norm of a tangent vector; infinite where its square overflows."""
        v = ambient("tangent_vector", tangent_vector, point)
        with np.errstate(over="ignore"):
            return float(np.linalg.norm(v))

    @one_blas_thread()
    def projection(self, point: Point, vector) -> np.ndarray:
        """Return the orthogonal projection Q Q^T v of an ambient vector on the tangent space.

        Several vectors may be the columns of a matrix, here and in `lift`.

        Raises:
            ValueError: The vector has another length.
            TypeError: It is not real.
            NumericalError: It holds NaN or infinity.
        """
        v = ambient("vector", vector, point, ndim=(1, 2))
        return point.factor.project(v)

    to_tangent_space = projection

    @one_blas_thread()
    def lift(self, point: Point, tangent_vector) -> np.ndarray:
        """Return the parameter vector xi = J^+ v, (p,), of least norm."""
        v = ambient("tangent_vector", tangent_vector, point, ndim=(1, 2))
        return point.factor.lift(v)

    @one_blas_thread()
    def tangent_basis(self, point: Point) -> np.ndarray:
        """Return an orthonormal basis of the tangent space, (n, rank)."""
        return checked_point(point).factor.basis()

    # Second order

    @one_blas_thread()
    def christoffel(self, point: Point, xi, eta) -> np.ndarray:
        """Return Gamma(xi, eta) = J^+ D^2 f[xi, eta], (p,), for parameter vectors xi, eta (p,).

        docs/theory.md, section 2; through the orthogonal factorisation, never inv(J^T J).
        """
        p = checked_point(point).params.size
        xi, eta = vector("xi", xi, p), vector("eta", eta, p)
        return point.factor.lift(point.jet.second_derivative(xi, eta))

    @one_blas_thread()
    def second_fundamental_form(self, point: Point, tangent_a, tangent_b) -> np.ndarray:
        """Return II(a, b) = (I - P) D^2 f[xi, eta], (n,), with xi, eta the lifts of a, b."""
        a, b = ambient("tangent_a", tangent_a, point), ambient("tangent_b", tangent_b, point)
        xi, eta = self.lift(point, a), self.lift(point, b)
        bend = point.jet.second_derivative(xi, eta)
        return bend - self.projection(point, bend)

    @one_blas_thread()
    def weingarten(self, point: Point, tangent_vector, normal_vector) -> np.ndarray:
        """Return the Weingarten map J^{+T} (sum_i N_i Hess f_i) xi, (n,), with xi the lift of v.

        `<W(v, N), z> = <N, II(v, z)>`: docs/theory.md, section 2. Zero where M is open in R^n.
        """
        tangent_vector = ambient("tangent_vector", tangent_vector, point)
        normal_vector = ambient("normal_vector", normal_vector, point)
        if point.rank == point.size:
            return np.zeros(point.size)
        curved = point.jet.hessian_vp(normal_vector, self.lift(point, tangent_vector))
        return point.factor.transposed_lift(curved)

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
        frame = curvature.tangent_frame(checked_point(point))
        return curvature.rms_curvatures(point.jet, frame)

    # Moving about

    @one_blas_thread()
    def retraction(self, point: Point, tangent_vector) -> Point:
        """Return the point that the manifold's retraction makes of a tangent vector.

        The outputs there may be infinite or NaN where the step leaves the domain of f
        (`Point.is_finite` says so); an optimizer must refuse such a point.
        """
        xi = self.lift(point, ambient("tangent_vector", tangent_vector, point))
        if not np.any(xi):
            return point
        with np.errstate(over="ignore"):
            w = point.params + self._retraction.step(self, point, xi)
        if not np.all(np.isfinite(w)):
            raise NumericalError("the retraction leads to parameters that are not finite")
        return Point(self.immersion.at(w))

    def transport(self, point_a: Point, point_b: Point, tangent_vector_a) -> np.ndarray:
        """Return the projection of a tangent vector at a on the tangent space at b."""
        return self.projection(point_b, tangent_vector_a)

    def dist(self, point_a: Point, point_b: Point) -> float:
        """Return the length of the chord |u_b - u_a|: the geodesic distance up to third order.

        It is infinite where the outputs of a point are not finite, so that searches refuse it.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            chord = float(np.linalg.norm(np.subtract(point_b, point_a)))
        return np.inf if np.isnan(chord) else chord

    def log(self, point_a: Point, point_b: Point) -> np.ndarray:
        """Return the chord's projection P (u_b - u_a), (n,): the inverse orthographic retraction.

        It is the logarithm up to second order, and minus the gradient of half the squared chord.
        """
        return self.projection(point_a, np.subtract(point_b, point_a))

    def pair_mean(self, point_a: Point, point_b: Point) -> Point:
        """Return the point half-way along the logarithm from a to b.

        Where M bends so much that this leads farther from a than b is, the way is halved again.
        """
        chord, step = self.dist(point_a, point_b), 0.5 * self.log(point_a, point_b)
        if not np.isfinite(chord):
            raise NumericalError("the distance of the points overflows")
        mean = self.retraction(point_a, step)
        while self.dist(point_a, mean) > chord:
            step *= 0.5
            mean = self.retraction(point_a, step)
        return mean


def checked_point(point: Point) -> Point:
    """Return what is a point, or raise TypeError."""
    if not isinstance(point, Point):
        raise TypeError(
            f"point must be a point of the manifold (manifold.point(w)), got {type(point).__name__}"
        )
    return point


def ambient(name: str, value, point: Point, ndim: int | tuple[int, ...] = 1) -> np.ndarray:
    """Return an ambient vector (n,) at a point, or with ndim 2 several as columns, or raise.

    Such vectors are computed, most of them by an optimizer: NaN is numerical trouble there.
    """
    checked_point(point)
    given = as_array(name, value)
    if given.dtype.kind == "f" and not np.all(np.isfinite(given)):
        raise NumericalError(f"{name} holds NaN or infinity")
    v = real_array(name, given, ndim=ndim)
    if v.shape[0] != point.size:
        raise ValueError(f"{name} must have {point.size} rows, got shape {v.shape}")
    return v


class OutputManifold(ImmersedManifold):
    """The manifold of a network's outputs on its training inputs X, as its weights move.

    Args:
        network: A `riemgn.Network`.
        X: Inputs, (samples, network.inputs).
        retraction: As for `ImmersedManifold`.
    """

    def __init__(self, network: Network, X, retraction: str = "parametric") -> None:
        if not isinstance(network, Network):
            raise TypeError(f"network must be a riemgn.Network, got {type(network).__name__}")
        self.network = network
        super().__init__(network.immersion(X), retraction)
