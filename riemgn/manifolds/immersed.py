"""The image of an immersion as a pymanopt manifold whose points know their parameters."""

from __future__ import annotations

from copy import copy

import numpy as np
from pymanopt.manifolds.manifold import Manifold

from riemgn.errors import NumericalError
from riemgn.immersions import Immersion
from riemgn.immersions.on_domain import on_domain
from riemgn.linalg import one_blas_thread
from riemgn.manifolds.metric_space import GeodesicSubmanifold
from riemgn.manifolds.point import Point
from riemgn.manifolds.retractions import Retraction, named_retraction
from riemgn.manifolds.submanifold import ambient, checked_point
from riemgn.networks import Network


class ImmersedManifold(GeodesicSubmanifold):
    """The image M of an immersion f: R^p -> R^n, with the metric of R^n unless another is given.

    Points are `Point`s, tangent vectors are ambient vectors (n,), the metric is the dot product and
    transport is projection at the new point. Where the Jacobian loses rank the tangent space is its
    range and lifts have least norm. For p >= n and full rank M is open in R^n: every ambient vector
    is tangent (docs/theory.md, section 2).

    Args:
        immersion: The map f.
        retraction: "parametric" (order 1), "corrected", "projection", "orthographic" (order 2) or
            "geodesic" (exact), or a `Retraction`.
        metric: None for the dot product, a positive weight of the outputs (n,), a positive definite
            matrix (n, n), or a `Loss`, whose Hessian is then the metric.
        domain: Where the parameters live: None for R^p, or a pymanopt manifold embedded in R^p
            (Sphere, Oblique, Stiefel, Euclidean, a Product of such), on which f is then restricted.

    Raises:
        TypeError: An argument is of another type.
        ValueError: A name is misspelt, a metric is not positive definite or of another size, or a
            domain is not embedded in R^p.
    """

    def __init__(
        self,
        immersion: Immersion,
        retraction: str | Retraction = "parametric",
        metric=None,
        domain: Manifold | None = None,
    ) -> None:
        super().__init__(on_domain(immersion, domain), metric)
        self._retraction = named_retraction(retraction)

    @property
    def retraction_name(self) -> str:
        """The name of the manifold's retraction."""
        return self._retraction.name

    @property
    def retraction_order(self) -> float:
        """The order of the manifold's retraction: 1, 2, or infinity for geodesics."""
        return self._retraction.order

    # Moving about

    @one_blas_thread()
    @np.errstate(all="ignore")
    def retraction(self, point: Point, tangent_vector) -> Point:
        """Return the point that the manifold's retraction makes of a tangent vector.

        The outputs there may be infinite or NaN where the step leaves the domain of f
        (`Point.is_finite` says so); an optimizer must refuse such a point.
        """
        v = ambient("tangent_vector", tangent_vector, point)
        return self._retraction.retract(self, point, v) if np.any(v) else point

    @one_blas_thread()
    @np.errstate(all="ignore")
    def inverse_retraction(self, point_a: Point, point_b: Point) -> np.ndarray:
        """Return the tangent vector at a, (n,), that the manifold's retraction takes to b.

        Raises:
            NumericalError: There is none, or it is too long to be found.
            NotImplementedError: The retraction has no inverse.
        """
        ambient("point_b", checked_point(point_b).outputs, point_a)
        v = self._retraction.inverse(self, point_a, point_b)
        return ambient("the inverse retraction", v, point_a)

    @one_blas_thread()
    @np.errstate(all="ignore")
    def differentiated_retraction(self, point: Point, tangent_vector, direction) -> np.ndarray:
        """Return the derivative of the retraction at v in a direction a: tangent at R(v), (n,).

        It transports a along v, linearly, by the identity for v = 0 (Absil, Mahony and Sepulchre
        2008, section 8.1.2).

        Raises:
            NumericalError: R(v) is not finite, or R has no derivative there.
            NotImplementedError: The retraction gives no derivative.
        """
        v = ambient("tangent_vector", tangent_vector, point)
        a = ambient("direction", direction, point)
        if not np.any(v):
            return self.projection(point, a)
        moved = self._retraction.derivative(self, point, v, a)
        return ambient("the differentiated retraction", moved, point)

    def moved(self, point: Point, step: np.ndarray) -> Point:
        """Return the point that a step of the parameters (p,) leads to: the same for none.

        Raises:
            NumericalError: The parameters overflow.
        """
        if not np.any(step):
            return point
        with np.errstate(over="ignore"):
            w = self.immersion.moved(point.params, step)
        if not np.all(np.isfinite(w)):
            raise NumericalError("the step leads to parameters that are not finite")
        return Point(self.immersion.at(w))

    def transport(self, point_a: Point, point_b: Point, tangent_vector_a) -> np.ndarray:
        """Return the projection of a tangent vector at a on the tangent space at b."""
        v = ambient("tangent_vector_a", tangent_vector_a, point_a, ndim=(1, 2))
        return self.projection(point_b, v)

    # Chords, for searches

    def by_chords(self) -> ImmersedManifold:
        """Return the same manifold with chords for geodesics in `log`, `dist` and `pair_mean`.

        pymanopt's searches without derivatives ask for thousands of them, between points so far
        apart that a geodesic is dear, or does not exist; a chord costs one projection.
        Another metric is chosen before (`in_metric`).
        """
        searched = copy(self)
        searched.log = searched.chord_log
        searched.dist = searched.chord_dist
        searched.pair_mean = searched.chord_mean
        return searched

    def chord_dist(self, point_a: Point, point_b: Point) -> float:
        """Return the chord's length in the metric at a: the geodesic distance up to third order.

        It is infinite where the outputs of a point are not finite, so that searches refuse it.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            chord = np.subtract(point_b, point_a)
            return self.norm(point_a, chord) if np.all(np.isfinite(chord)) else np.inf

    def chord_log(self, point_a: Point, point_b: Point) -> np.ndarray:
        """Return the chord's projection P (u_b - u_a), (n,): the inverse orthographic retraction.

        It is the logarithm up to second order, and minus the gradient of half the squared chord.
        """
        return self.projection(point_a, np.subtract(point_b, point_a))

    def chord_mean(self, point_a: Point, point_b: Point) -> Point:
        """Return the point that the retraction makes of half the chord's projection.

        Where M bends so much that this leads farther from a than b is, the way is halved again.
        """
        chord, step = self.chord_dist(point_a, point_b), 0.5 * self.chord_log(point_a, point_b)
        if not np.isfinite(chord):
            raise NumericalError("the distance of the points overflows")
        mean = self.retraction(point_a, step)
        while self.chord_dist(point_a, mean) > chord:
            step *= 0.5
            mean = self.retraction(point_a, step)
        return mean


class OutputManifold(ImmersedManifold):
    """The manifold of a network's outputs on its training inputs X, as its weights move.

    Args:
        network: A `riemgn.Network`.
        X: Inputs, (samples, network.inputs).
        retraction: As for `ImmersedManifold`.
        metric: As for `ImmersedManifold`.
        domain: As for `ImmersedManifold`; weights are flat layer by layer (`riemgn.Network`).
    """

    def __init__(
        self,
        network: Network,
        X,
        retraction: str | Retraction = "parametric",
        metric=None,
        domain: Manifold | None = None,
    ) -> None:
        if not isinstance(network, Network):
            raise TypeError(f"network must be a riemgn.Network, got {type(network).__name__}")
        self.network = network
        super().__init__(network.immersion(X), retraction, metric, domain)
