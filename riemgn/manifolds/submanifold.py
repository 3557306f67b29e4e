"""The image of an immersion to first order: points, tangent spaces, metric, gradients."""

from __future__ import annotations

from copy import copy

import numpy as np
from pymanopt.manifolds.manifold import RiemannianSubmanifold

from riemgn.arguments import as_array, generator, real_array
from riemgn.display import manifold_card, outputs_of
from riemgn.errors import NumericalError
from riemgn.immersions import Immersion
from riemgn.immersions.outputs import finite
from riemgn.linalg import one_blas_thread
from riemgn.manifolds.metrics import AmbientMetric, ambient_metric
from riemgn.manifolds.point import Point
from riemgn.manifolds.sight import Sight


class Submanifold(RiemannianSubmanifold):
    """The image M of an immersion f: R^p -> R^n with the metric of the ambient space.

    Points are `Point`s, tangent vectors are ambient vectors (n,). Where the Jacobian loses rank
    the tangent space is its range and lifts have least norm (docs/theory.md, section 2).

    Args:
        immersion: The map f.
        metric: As for `ImmersedManifold`.
    """

    def __init__(self, immersion: Immersion, metric=None) -> None:
        if not isinstance(immersion, Immersion):
            raise TypeError(
                "immersion must be a riemgn.Immersion (riemgn.autograd_immersion makes one of a "
                f"function), got {type(immersion).__name__}"
            )
        self.immersion = immersion
        self.metric: AmbientMetric = ambient_metric(metric, immersion.known_ambient_dim)
        super().__init__("output manifold", 0)  # name and dimension are asked of f when needed

    def __str__(self) -> str:
        n, freedom = outputs_of(self.immersion), self.immersion.degrees_of_freedom
        if n is None:
            n, kind = "n", "subset"
        else:
            kind = "open subset" if freedom >= n else f"{freedom}-dimensional submanifold"
        domain = "" if self.immersion.domain is None else f" on {self.immersion.domain!r}"
        return f"{type(self).__name__}: {kind} of R^{n}, {self.immersion.dim} parameters{domain}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return manifold_card(self)

    def in_metric(self, metric) -> Submanifold:
        """Return the same manifold in another metric (a weight, a loss, or None for R^n's)."""
        manifold = copy(self)
        manifold.metric = ambient_metric(metric, self.immersion.known_ambient_dim)
        return manifold

    @property
    def dim(self) -> int:
        """The dimension at points of full rank: the lesser of n and p, or of the domain's own."""
        return min(self.immersion.ambient_dim, self.immersion.degrees_of_freedom)

    @property
    def typical_dist(self) -> float:
        """A length on M for trust regions: sqrt(dim), as in R^dim.

        It knows nothing of the units of the targets: where residuals are far from 1 in size, give
        pymanopt's trust regions a `Delta_bar` of the residual's length.
        """
        return float(np.sqrt(self.dim))

    # Points

    def point(self, params) -> Point:
        """Return the point f(w) of parameters w (p,), on a domain also given in its own form.

        Raises:
            ValueError: w has another shape, is not finite, or is not on the domain.
            TypeError: w is not real.
            NumericalError: f(w) is not finite.
        """
        w = self.immersion.as_params(params)
        point = Point(self.immersion.at(w))
        finite("the output vector", point.outputs, w)
        return point

    def domain_point(self, point: Point):
        """Return a point's parameters as a point of the domain: an array, or a list of arrays.

        Raises:
            ValueError: The parameters live in R^p; a point's `params` are they.
        """
        if self.immersion.domain is None:
            raise ValueError("the manifold has no domain; a point's params are its parameters")
        return self.immersion.domain.own(checked_point(point).params.copy())

    def random_point(self, seed: int | np.random.Generator | None = None) -> Point:
        """Return the point of random parameters: a network's initial ones, else standard normal."""
        return self.point(self.immersion.random_params(generator(seed)))

    def random_tangent_vector(
        self, point: Point, seed: int | np.random.Generator | None = None
    ) -> np.ndarray:
        """Return a tangent vector (n,) of norm 1, uniform over directions in the metric."""
        drawn = generator(seed).normal(size=checked_point(point).size)
        v = self._sight(point).tangent_of(drawn)
        return v / self.norm(point, v) if point.rank else v

    def zero_vector(self, point: Point) -> np.ndarray:
        """Return the zero of the tangent space, (n,)."""
        return np.zeros(checked_point(point).size)

    # The metric

    def inner_product(self, point: Point, tangent_vector_a, tangent_vector_b) -> float:
        """Return a^T H b, the dot product without a weight; infinite where it overflows."""
        a = ambient("tangent_vector_a", tangent_vector_a, point)
        b = ambient("tangent_vector_b", tangent_vector_b, point)
        root = self.metric.root(point.outputs)
        with np.errstate(over="ignore"):
            return float(np.dot(root.transposed(a), root.transposed(b)))

    def norm(self, point: Point, tangent_vector) -> float:
        """Return sqrt(v^T H v), the Euclidean norm without a weight; infinite on overflow."""
        v = ambient("tangent_vector", tangent_vector, point)
        with np.errstate(over="ignore"):
            return float(np.linalg.norm(self.metric.root(point.outputs).transposed(v)))

    @one_blas_thread()
    def projection(self, point: Point, vector) -> np.ndarray:
        """Return the orthogonal projection of an ambient vector on the tangent space, (n,).

        It is Q Q^T v for the dot product, J B^+ L^T v with B = L^T J for a weight H = L L^T.
        Several vectors may be the columns of a matrix, here and in `lift`.

        Raises:
            ValueError: The vector has another length.
            TypeError: It is not real.
            NumericalError: It holds NaN or infinity.
        """
        v = ambient("vector", vector, point, ndim=(1, 2))
        return self._sight(point).project(v)

    to_tangent_space = projection

    @one_blas_thread()
    def lift(self, point: Point, tangent_vector) -> np.ndarray:
        """Return the parameter vector xi = J^+ v, (p,), of least norm; B^+ L^T v for a weight."""
        v = ambient("tangent_vector", tangent_vector, point, ndim=(1, 2))
        return self._sight(point).lift(v)

    @one_blas_thread()
    def tangent_basis(self, point: Point) -> np.ndarray:
        """Return an orthonormal basis of the tangent space, (n, rank)."""
        return self._sight(checked_point(point)).tangent_basis()

    # Gradients

    @one_blas_thread()
    def euclidean_to_riemannian_gradient(self, point: Point, euclidean_gradient) -> np.ndarray:
        """Return the tangent vector (n,) that represents the derivative g in the metric.

        It is P g for the dot product, else J B^+ s with L s = g (docs/theory.md, section 3).
        """
        g = ambient("euclidean_gradient", euclidean_gradient, point)
        sight = self._sight(point)
        if sight.root.is_identity:
            return sight.project(g)
        seen = self.metric.whitened(point.outputs, g)
        if seen is None:
            return sight.raised(point.jet.vjp(g))
        return sight.tangent_of(seen)

    def _sight(self, point: Point) -> Sight:
        self._require_own(point)
        return point.seen_in(self.metric)

    def _require_own(self, point: Point) -> None:
        """Raise where a point of another immersion is none of this one: where f(w) differs."""
        f, w = self.immersion, point.params
        if point.jet.immersion is f:
            return
        if w.size == f.dim:
            outputs = f.at(w).outputs
            size = np.abs(point.outputs).max()
            if outputs.shape == point.shape and np.allclose(
                outputs, point.outputs, rtol=1e-9, atol=1e-12 * size, equal_nan=True
            ):
                return
        raise ValueError(
            "point must be a point of this manifold: f at its parameters is not its output vector"
        )


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
