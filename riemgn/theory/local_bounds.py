"""Bounds of an immersion's derivatives near a point, in coordinates where J is orthonormal there.

With J = Q R and z = R (w' - w) lengths of z are lengths of outputs to first order, whatever units
the parameters have and however ill-conditioned J is (docs/theory.md, section 4).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from riemgn.immersions.derivative_bounds import ROUNDING, BoundsOnBall
from riemgn.linalg import one_blas_thread
from riemgn.manifolds.curvature import accelerations
from riemgn.manifolds.sight import Sight

# n m min(n, m), m = p (p + 1) / 2, up to which the second derivative is held (about a second).
SMALL = 2e9


@dataclass(frozen=True)
class Ball:
    """What holds of phi(z) = f(w + R^-1 z), Dphi(0) = Q, on a ball |z| <= r.

    Attributes:
        radius: r, in outputs.
        second: A bound L2 of |D^2 phi[z, z]|, unit z: that of the layers, or bend + L3 r.
        third: A bound L3 of |D^3 phi[z, z, z]|.
        turn: A bound of |Dphi(z) - Q|, the integral of the second derivative.
        reach: A lower bound of the integral of 1 - turn from 0 to r. A path that leaves the ball is
            at least so long in outputs, as sigma_min(Dphi) >= 1 - turn.
        normal_curvature: A bound of |II(v, v)| / |v|^2; infinite where turn >= 1.
    """

    radius: float
    second: float
    third: float
    turn: float
    reach: float
    normal_curvature: float


@dataclass(frozen=True)
class LocalBounds:
    """Bounds of the map phi(z) = f(w + R^-1 z) on balls about 0, where Dphi = Q.

    Attributes:
        layered: Those of the immersion.
        bend: A bound of |D^2 phi(0)[z, z]| for unit z.
        normal_bend: A bound of its part normal to the range of Q.
    """

    layered: BoundsOnBall
    bend: float
    normal_bend: float

    @property
    def unknown(self) -> str:
        """Why second derivatives are not bounded near the point; '' where they are."""
        if np.isfinite(self.layered(0.0).second):
            return ""
        return "the second derivative has no known bound (is the activation's infinite?)"

    def on_ball(self, r: float) -> Ball:
        """Return what holds on |z| <= r.

        With N = I - Q Q^T, E = Dphi(z) - Q and P the projection on the range of Dphi(z):
        (I - P) Q = -(I - P) N E (I + Q^T E)^-1, of norm at most omega = |N E| / (1 - turn), where
        |N E| <= (normal_bend + L3 r / 2) r. So the normal part of D^2 phi is at most
        normal_bend + L3 r + omega L2, and no more than L2; and unit z make tangent vectors of
        length 1 - turn or more.
        """
        bounds = self.layered(r)
        change = bounds.third * r if r > 0 else 0.0
        L2 = min(bounds.second, self.bend + change)
        turn = min(bounds.second, self.bend + change / 2) * r
        lost = min(bounds.second / 2, self.bend / 2 + change / 6) * r**2
        curvature = np.inf
        if turn < 1:
            rotation = (self.normal_bend + change / 2) * r / (1 - turn) if r > 0 else 0.0
            bent = rotation * L2 if L2 > 0 else 0.0
            curvature = min(L2, self.normal_bend + change + bent) / (1 - turn) ** 2
        return Ball(r, L2, bounds.third, turn, r - lost, curvature)


def local_bounds(sight: Sight, scale: float = 1.0) -> LocalBounds | None:
    """Return the bounds near a point of full rank p <= n, None where the immersion knows none.

    Args:
        sight: The point's Jacobian in the dot product.
        scale: alpha: the bounds are of f / alpha, in its own outputs.
    """
    immersion, jet = sight.jet.immersion, sight.jet
    frame = scale * sight.frame.lifts
    inner = immersion.derivative_bounds_in(jet.params, frame)
    if inner is None:
        return None
    bend, normal = _bends_at(sight)
    return LocalBounds(lambda r: inner(r).scaled(1 / scale), scale * bend, scale * normal)


@one_blas_thread()
def _bends_at(sight: Sight) -> tuple[float, float]:
    """Bounds of |D^2 f[xi, xi]| and of its normal part for unit J xi; infinite where too large.

    They are singular values of the second derivative as a linear map on the symmetric matrices, in
    which every z z^T has length 1.
    """
    n, p = sight.jet.shape
    m = p * (p + 1) // 2
    if n * m * min(n, m) > SMALL:
        return np.inf, np.inf
    columns = []
    for _, bends in accelerations(sight.jet, sight.frame):
        bends[:, 1:] *= np.sqrt(2)
        columns.append(bends)
    bends = np.concatenate(columns, axis=1)
    normal = bends - sight.frame.tangential(bends)
    whole, normal = (float(np.linalg.norm(part, 2)) for part in (bends, normal))
    return whole * (1 + ROUNDING), normal + whole * ROUNDING
