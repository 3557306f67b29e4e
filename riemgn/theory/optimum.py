"""A certificate at a computed optimum: one critical point near it, and how near."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from riemgn.display import certificate_card
from riemgn.linalg import one_blas_thread
from riemgn.losses import Loss
from riemgn.manifolds import Point
from riemgn.manifolds.sight import Sight
from riemgn.optimizers.starts import point_of
from riemgn.problem import Problem
from riemgn.theory.certificate import NO_BOUNDS, why_not_defined
from riemgn.theory.local_bounds import Ball, LocalBounds, local_bounds

_HALVINGS = 80
_TRIALS = 30
_PIECES = 64
_FARTHEST = 1e12  # a ball's radius, over 1 + |u|, that is taken for all of R^p


@dataclass(frozen=True, repr=False)
class OptimumCertificate:
    """What is proved about the critical points of the loss near a point w.

    Lengths are those of R (w' - w) with J = Q R at w: outputs, to first order.

    Attributes:
        applies: Whether the loss is strictly convex in a ball about w and has a minimum in it.
        why: One sentence: what is proved, or what fails.
        modulus: The least eigenvalue of R^-T D^2 (l o f) R^-1 at w; at a critical point that of the
            Riemannian Hessian. NaN where it is not defined.
        radius: There is at most one critical point with |R (w' - w)| < radius, and exactly one if
            the certificate applies. 0 if nothing is proved.
        distance: The critical point is no farther than that from w; infinite if none is proved.
        is_strict_minimum: Whether a critical point is proved, which then is a strict minimum.
    """

    applies: bool
    why: str
    modulus: float = np.nan
    radius: float = 0.0
    distance: float = np.inf
    is_strict_minimum: bool = False

    @property
    def head(self) -> str:
        """Whether it applies, in words."""
        return "applies" if self.applies else "does not apply"

    def rows(self) -> list[tuple[str, float]]:
        """Return its numbers with their names, for tables."""
        return [
            ("modulus", self.modulus),
            ("one critical point within", self.radius),
            ("it lies within", self.distance),
        ]

    def __str__(self) -> str:
        lines = [f"optimum certificate {self.head}: {self.why}"]
        return "\n".join(lines + [f"  {name:<32}{value:.4g}" for name, value in self.rows()])

    def __repr__(self) -> str:
        return f"OptimumCertificate({self.head}: {self.why})"

    def _repr_html_(self) -> str:
        return certificate_card(f"Optimum certificate {self.head}", self)


@one_blas_thread()
def optimum_certificate(problem: Problem, point: Point) -> OptimumCertificate:
    """Return what is proved about critical points of the loss near a computed optimum.

    In z = R (w' - w) the loss F(z) has the Hessian Q^T l'' Q + sum_i g_i R^-T Hess f_i R^-1 at
    z = 0, with the least eigenvalue h. On |z| <= r, with L2 and L3 bounds of the second and the
    third derivative of f in these coordinates, e = |Dphi(z) - Q| and d = r + L2 r^2 / 2 bounds of
    how far J and the outputs move, and M the Lipschitz constant of l'', no eigenvalue is below

        h(r) = h - [2 mu e + M d (1 + e)^2 + L2 mu d + |g| L3 r].

    So F is strictly convex where h(r) > 0. With q the gradient Q^T g at z = 0 it has a minimum in
    |z| <= r if the integral of h from 0 to r is at least |q|, for r times their difference is a
    lower bound of z^T grad F(z) on the sphere (docs/theory.md, section 4). All of it is proved but
    for rounding in the derivatives at w.

    Args:
        problem: A `riemgn.Problem` in the dot product.
        point: The optimum as it was computed, a point of its manifold.

    Raises:
        TypeError, ValueError: `problem` is no riemgn problem, or the point not of its manifold.
        riemgn.NumericalError: A derivative at the point is not finite.
    """
    x = point_of(problem, point)
    refusal = why_not_defined(problem, x) or _why_no_change_known(problem.loss)
    if refusal:
        return OptimumCertificate(False, refusal)
    sight = x.seen_in(problem.manifold.metric)
    bounds = local_bounds(sight)
    g = problem.loss.gradient(x.outputs)
    h = float(np.linalg.eigvalsh(hessian_in_outputs(problem.loss, sight, g))[0])
    if bounds is None or bounds.unknown:
        return OptimumCertificate(False, bounds.unknown if bounds else NO_BOUNDS, h)
    if not np.isfinite(bounds.on_ball(0.0).third):
        return OptimumCertificate(False, "the third derivative has no known bound", h)
    if h <= 0:
        return OptimumCertificate(False, f"the loss is not convex at the point: {h:.3g}", h)
    convexity = Convexity(problem.loss, bounds, h, float(np.linalg.norm(g)))
    radius = convexity.radius(_FARTHEST * (1 + float(np.linalg.norm(x.outputs))))
    slope = float(np.linalg.norm(sight.frame.basis.T @ g))
    distance = convexity.distance(slope, radius)
    if distance is None:
        why = f"the gradient on the manifold, {slope:.3g}, is too large for a minimum to be proved"
        return OptimumCertificate(False, why, h, radius)
    why = f"one critical point within {radius:.3g} in outputs, a strict minimum"
    return OptimumCertificate(True, why, h, radius, distance, True)


def hessian_in_outputs(loss: Loss, sight: Sight, g: np.ndarray) -> np.ndarray:
    """Return Q^T l'' Q + sum_i g_i R^-T Hess f_i R^-1, (p, p), for J = Q R and g = l'(u)."""
    Q, lifts = sight.frame.basis, sight.frame.lifts
    bent = np.stack([loss.hessian_vp(sight.jet.outputs, e) for e in Q.T], axis=1)
    turned = np.stack([sight.jet.hessian_vp(g, xi) for xi in lifts.T], axis=1)
    H = Q.T @ bent + lifts.T @ turned
    return 0.5 * (H + H.T)


@dataclass(frozen=True)
class Convexity:
    """The modulus of the loss in the coordinates z on balls about a point."""

    loss: Loss
    bounds: LocalBounds
    at_point: float
    gradient: float

    def modulus(self, ball: Ball) -> float:
        """h(r), a lower bound of the eigenvalues of the Hessian on the ball."""
        if not np.isfinite(ball.second + ball.third):
            return -np.inf
        mu, M, r = self.loss.smoothness, self.loss.hessian_lipschitz, ball.radius
        d = r + 0.5 * ball.second * r**2
        change = mu * (2 * ball.turn + ball.second * d) + self.gradient * ball.third * r
        return self.at_point - change - M * d * (1 + ball.turn) ** 2

    def radius(self, farthest: float) -> float:
        """A radius as large as bisection finds on which the modulus is positive."""
        if self.modulus(self.bounds.on_ball(farthest)) > 0:
            return farthest
        inside, outside = 0.0, farthest
        for _ in range(_HALVINGS):
            middle = np.sqrt(inside * outside) if inside > 0 else 1e-3 * outside
            if self.modulus(self.bounds.on_ball(middle)) > 0:
                inside = middle
            else:
                outside = middle
        return float(inside)

    def distance(self, slope: float, radius: float) -> float | None:
        """A radius r < radius with `slope` at most the integral of h to r; None if none is found.

        First the least r with slope <= r h(r), to which steps r = slope / h(r) rise; then sums of
        h at the outer ends of equal pieces, which the integral exceeds, for h falls.
        """
        r = slope / self.at_point
        for _ in range(_TRIALS):
            h = self.modulus(self.bounds.on_ball(r)) if r < radius else 0.0
            if h <= 0:
                break
            if r * h >= slope:
                return float(r)
            r = (1 + 1e-9) * slope / h
        radii = radius * np.arange(1, _PIECES) / _PIECES
        moduli = [self.modulus(self.bounds.on_ball(r)) for r in radii]
        enough = np.flatnonzero(np.cumsum(moduli) * radius / _PIECES >= slope)
        return float(radii[enough[0]]) if enough.size else None


def _why_no_change_known(loss: Loss) -> str:
    if not np.isfinite(loss.smoothness):
        return f"the loss is not known to be smooth (mu is infinite, {loss!r})"
    if not np.isfinite(loss.hessian_lipschitz):
        return f"the loss's Hessian is not known to be Lipschitz continuous ({loss!r})"
    return ""
