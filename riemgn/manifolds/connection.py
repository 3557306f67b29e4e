"""The Levi-Civita connection in parameters: what it makes of a vector that is carried along."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from riemgn.immersions import Immersion
from riemgn.immersions.outputs import finite
from riemgn.linalg import factorise_at_rank, seen_through
from riemgn.manifolds.metrics import AmbientMetric
from riemgn.manifolds.sight import Sight


def christoffel(metric: AmbientMetric, sight: Sight, xi: np.ndarray, etas: np.ndarray):
    """Return Gamma(xi, eta_j) as columns, (p, m), for parameter vectors xi (p,), etas (p, m).

    docs/theory.md, sections 2 and 3.
    """
    jet, factor = sight.jet, sight.factor
    gamma = sight.lift(jet.second_derivatives(xi, etas))
    if metric.varies:
        u, along = jet.outputs, jet.jvp(xi)
        turns = [jet.vjp(metric.third_derivative(u, along, jet.jvp(eta))) for eta in etas.T]
        gamma += 0.5 * factor.lift(factor.transposed_lift(np.stack(turns, axis=1)))
    return gamma


class Connection:
    """The connection along paths of parameters on which the Jacobian keeps one rank.

    Args:
        immersion: The map f.
        metric: The metric of the ambient space.
        start: The sight of the path's start, which gives the rank.
    """

    def __init__(self, immersion: Immersion, metric: AmbientMetric, start: Sight) -> None:
        self.immersion = immersion
        self.metric = metric
        self.rank = start.rank
        self._latest = start

    def sight(self, w: np.ndarray) -> Sight:
        """Return the Jacobian at w (p,) as the metric sees it; the latest is kept.

        Raises:
            NumericalError: f or J is not finite there, or the rank is another one.
        """
        if not np.array_equal(w, self._latest.jet.params):
            jet = self.immersion.at(finite("the path of parameters", w, w))
            finite("the output vector", jet.outputs, w)
            root = self.metric.root(jet.outputs)
            factor = factorise_at_rank(seen_through(jet, root), self.rank)
            self._latest = Sight(jet, root, factor)
        return self._latest

    def turn(self, w: np.ndarray, velocity: np.ndarray, fields: np.ndarray) -> np.ndarray:
        """Return the rates (p, m) of vectors that are carried parallel along a path.

        They are -Gamma(w', zeta_j), and what keeps them tangent to the parameters' own domain. A
        geodesic is the path that so carries its own velocity.

        Args:
            w: The parameters, (p,).
            velocity: The path's velocity w', (p,).
            fields: The vectors zeta_j as columns, (p, m).

        Raises:
            NumericalError: As for `sight`; or a second derivative is not finite.
        """
        bend = self.immersion.bend
        rates = -christoffel(self.metric, self.sight(w), velocity, fields)
        for rate, zeta in zip(rates.T, fields.T, strict=True):
            # the domain's second fundamental form, quadratic, at two vectors
            rate += (bend(w, velocity + zeta) - bend(w, velocity - zeta)) / 4
        return finite("the connection", rates, w)


@dataclass(frozen=True)
class FrameUnits:
    """Parameters in the orthonormal frame of a point of full rank: errors are those of outputs.

    Attributes:
        lifts: The frame's lifts as columns, (p, p).
        coframe: Their inverse, (p, p).
    """

    lifts: np.ndarray
    coframe: np.ndarray

    def params(self, z: np.ndarray) -> np.ndarray:
        """Return the parameter vectors, (p,) or (p, m), of coordinates."""
        return self.lifts @ z

    def coordinates(self, xi: np.ndarray) -> np.ndarray:
        """Return the coordinates of parameter vectors, (p,) or (p, m)."""
        return self.coframe @ xi


@dataclass(frozen=True)
class ColumnUnits:
    """Each parameter in units of its column of the Jacobian, where that has no full frame.

    Attributes:
        norms: The columns' norms, (p,), positive.
    """

    norms: np.ndarray

    def params(self, z: np.ndarray) -> np.ndarray:
        """Return the parameter vectors, (p,) or (p, m), of coordinates."""
        return (z.T / self.norms).T

    def coordinates(self, xi: np.ndarray) -> np.ndarray:
        """Return the coordinates of parameter vectors, (p,) or (p, m)."""
        return (xi.T * self.norms).T


def units_at(sight: Sight) -> FrameUnits | ColumnUnits:
    """Return units of the parameters in which an error is one of the outputs at that point."""
    B = seen_through(sight.jet, sight.root)
    n, p = B.shape
    if sight.rank == p <= n and not B.streams:
        frame = sight.frame
        return FrameUnits(frame.lifts, frame.basis.T @ B.jacobian())
    squares = sum(np.sum(rows**2, axis=0) for _, rows in B.row_blocks())
    norms = np.sqrt(squares)
    return ColumnUnits(np.where(norms > 0, norms, norms.mean() or 1.0))
