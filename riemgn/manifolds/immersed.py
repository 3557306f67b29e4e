"""The image of an immersion as a pymanopt manifold whose points know their parameters."""

from __future__ import annotations

import numpy as np

from riemgn.errors import NumericalError
from riemgn.immersions import Immersion
from riemgn.linalg import one_blas_thread
from riemgn.manifolds.curved import CurvedSubmanifold
from riemgn.manifolds.point import Point
from riemgn.manifolds.retractions import Retraction, named_retraction
from riemgn.manifolds.submanifold import ambient
from riemgn.networks import Network


class ImmersedManifold(CurvedSubmanifold):
    """The image M of an immersion f: R^p -> R^n, with the metric of R^n unless another is given.

    Points are `Point`s, tangent vectors are ambient vectors (n,), the metric is the dot product and
    transport is projection at the new point. Where the Jacobian loses rank the tangent space is its
    range and lifts have least norm. For p >= n and full rank M is open in R^n: every ambient vector
    is tangent (docs/theory.md, section 2).

    Args:
        immersion: The map f.
        retraction: "parametric" (order 1) or "corrected" (order 2), or a `Retraction`.
        metric: None for the dot product, a positive weight of the outputs (n,), a positive definite
            matrix (n, n), or a `Loss`, whose Hessian is then the metric.
    """

    def __init__(
        self, immersion: Immersion, retraction: str | Retraction = "parametric", metric=None
    ) -> None:
        super().__init__(immersion, metric)
        self._retraction = named_retraction(retraction)

    @property
    def retraction_name(self) -> str:
        """The name of the manifold's retraction."""
        return self._retraction.name

    # Moving about

    @one_blas_thread()
    def retraction(self, point: Point, tangent_vector) -> Point:
        """Return the point that the manifold's retraction makes of a tangent vector.

        The outputs there may be infinite or NaN where the step leaves the domain of f
        (`Point.is_finite` says so); an optimizer must refuse such a point.
        """
        v = ambient("tangent_vector", tangent_vector, point)
        return self._retraction.retract(self, point, v)

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


class OutputManifold(ImmersedManifold):
    """The manifold of a network's outputs on its training inputs X, as its weights move.

    Args:
        network: A `riemgn.Network`.
        X: Inputs, (samples, network.inputs).
        retraction: As for `ImmersedManifold`.
        metric: As for `ImmersedManifold`.
    """

    def __init__(
        self, network: Network, X, retraction: str | Retraction = "parametric", metric=None
    ) -> None:
        if not isinstance(network, Network):
            raise TypeError(f"network must be a riemgn.Network, got {type(network).__name__}")
        self.network = network
        super().__init__(network.immersion(X), retraction, metric)
