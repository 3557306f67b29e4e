"""An output scale that suffices for a rate: what is known before a flow is run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from riemgn.display import certificate_card
from riemgn.losses import Loss
from riemgn.manifolds import Point
from riemgn.optimizers.starts import point_of
from riemgn.problem import Problem
from riemgn.theory.local_bounds import Ball, LocalBounds, local_bounds
from riemgn.theory.moduli import geodesic_modulus

NO_BOUNDS = "no bounds of the map's derivatives are known: override `derivative_bounds`"

_RADII = 60  # of the ball that are tried before the best is refined
_HALVINGS = 60
_DECADES = 9
_FARTHEST = 1e6  # a ball's radius over the length of the path, where f is linear


@dataclass(frozen=True, repr=False)
class Certificate:
    """A scale that suffices for the Gauss-Newton flow from a point to converge at a rate.

    With f = alpha phi + constant the thresholds say from which alpha on each of two conditions
    holds on a ball about the start: *curvature*, that the geodesic modulus is at least nu / 2
    there, and *confinement*, that the flow does not leave it. They hold for the outputs of this
    start: for a centred network, f(w0) = 0, they do not depend on alpha; otherwise they belong to
    alpha phi shifted so that it starts at the present outputs f(w0).

    They are sufficient and far from necessary. Where the certificate does not apply
    nothing is guaranteed, and nothing is said against the rate.

    Attributes:
        applies: Whether both conditions hold at the present alpha.
        why: One sentence: that they hold, or what fails and by which factor.
        curvature_threshold: The alpha from which the modulus is at least nu / 2 in the ball.
        confinement_threshold: The alpha from which the path, with the modulus that its curvature
            leaves, stays in the ball.
        alpha_threshold: The larger one, least over radii of the ball; infinite where undefined.
        textbook_threshold: The same of docs/theory.md's plain conditions: half the least singular
            value lost, in the parameters' own coordinates.
        binding: "curvature" or "confinement", the larger one; "" where undefined.
        alpha: The present scale, `Immersion.output_scale`.
        radius: No parameters of the flow are farther from w0; 0 where nothing is guaranteed.
        modulus: The geodesic modulus h that is guaranteed along the flow, 0 if none.
        guaranteed_rate: 2 h: gap(t) <= gap(0) exp(-2 h t) for every t. 0 if none.
        measured_modulus: The modulus at the start itself, which guarantees nothing; NaN where the
            Jacobian is zero.
        least_singular_value: lambda, of Dphi(w0); NaN where it was not needed.
        lipschitz: The Lipschitz constant of Dphi on the ball, in the coordinates in which Dphi(w0)
            is orthonormal (outputs of phi); NaN where there is no ball.
    """

    applies: bool
    why: str
    curvature_threshold: float = np.inf
    confinement_threshold: float = np.inf
    alpha_threshold: float = np.inf
    textbook_threshold: float = np.inf
    binding: str = ""
    alpha: float = 1.0
    radius: float = 0.0
    modulus: float = 0.0
    guaranteed_rate: float = 0.0
    measured_modulus: float = np.nan
    least_singular_value: float = np.nan
    lipschitz: float = np.nan

    @property
    def head(self) -> str:
        """Whether it applies, in words."""
        return "applies" if self.applies else "does not apply"

    def rows(self) -> list[tuple[str, float]]:
        """Return its numbers with their names, for tables."""
        return [
            ("output scale", self.alpha),
            ("sufficient scale", self.alpha_threshold),
            ("  for the curvature", self.curvature_threshold),
            ("  for the confinement", self.confinement_threshold),
            ("  by the plain conditions", self.textbook_threshold),
            ("guaranteed rate of the gap", self.guaranteed_rate),
            ("guaranteed modulus", self.modulus),
            ("measured modulus at the start", self.measured_modulus),
            ("radius of the ball, parameters", self.radius),
            ("least singular value", self.least_singular_value),
        ]

    def __str__(self) -> str:
        lines = [f"certificate {self.head}: {self.why}"]
        return "\n".join(lines + [f"  {name:<32}{value:.4g}" for name, value in self.rows()])

    def __repr__(self) -> str:
        rate = f"; rate {self.guaranteed_rate:.4g}" if self.applies else ""
        return f"Certificate({self.head}: {self.why}{rate})"

    def _repr_html_(self) -> str:
        return certificate_card(f"Certificate {self.head}", self)


def certificate(problem: Problem, point: Point) -> Certificate:
    """Return the certificate of the Gauss-Newton flow of a problem from a point.

    docs/theory.md, section 4. The coordinates are those in which Dphi(w0) is orthonormal, and the
    radius of the ball is that which makes the larger threshold least. Beyond it the guaranteed
    modulus is the best that any smaller ball gives at the present scale.

    Args:
        problem: A `riemgn.Problem` in the dot product.
        point: The start, a point of its manifold.

    Raises:
        TypeError, ValueError: `problem` is no riemgn problem, or the point not of its manifold.
        riemgn.NumericalError: A derivative at the start is not finite.
    """
    x = point_of(problem, point)
    immersion = problem.manifold.immersion
    alpha = immersion.output_scale
    measured = geodesic_modulus(problem, x) if x.rank else np.nan
    refusal = why_not_defined(problem, x) or _why_no_rate(problem.loss)
    if refusal:
        return Certificate(False, refusal, alpha=alpha, measured_modulus=measured)
    sight = x.seen_in(problem.manifold.metric)
    bounds = local_bounds(sight, alpha)
    least = 1 / (alpha * float(np.linalg.norm(sight.frame.lifts, 2)))
    known = {"alpha": alpha, "measured_modulus": measured, "least_singular_value": least}
    if bounds is None or bounds.unknown:
        return Certificate(False, bounds.unknown if bounds else NO_BOUNDS, **known)
    start = Start.of(problem.loss, x, sight.project)
    conditions = Conditions(start, bounds)
    ball = conditions.best_ball(alpha)
    curvature, confinement = conditions.curvature(ball), conditions.confinement(ball)
    known |= {
        "curvature_threshold": curvature,
        "confinement_threshold": confinement,
        "alpha_threshold": max(curvature, confinement),
        "textbook_threshold": textbook_threshold(immersion, x.params, start, least),
        "binding": "curvature" if curvature >= confinement else "confinement",
        "lipschitz": ball.second,
    }
    if alpha < max(curvature, confinement):
        return Certificate(False, _why_too_small(alpha, curvature, confinement), **known)
    ball = conditions.least_ball(alpha, ball)
    h = conditions.modulus(ball, alpha)
    why = f"alpha = {alpha:.4g} is at least the sufficient {max(curvature, confinement):.4g}"
    guaranteed = {"radius": ball.radius / least, "modulus": h, "guaranteed_rate": 2 * h}
    return Certificate(True, why, **known | guaranteed)


@dataclass(frozen=True)
class Start:
    """What the conditions ask of the loss at the start.

    Attributes:
        strong_convexity: nu.
        gap: A bound of l(u0) - inf l.
        gradient: A bound G of |g| on the sublevel set.
        tangential: |P g| at the start.
    """

    strong_convexity: float
    gap: float
    gradient: float
    tangential: float

    @classmethod
    def of(cls, loss: Loss, x: Point, project: Callable) -> Start:
        """Return it for a point: l(u0) - inf l <= |g|^2 / (2 nu), and <= l(u0) where l >= 0."""
        g, nu = loss.gradient(x.outputs), loss.strong_convexity
        gap = float(g @ g) / (2 * nu)
        if loss.nonnegative:
            gap = min(gap, loss.value(x.outputs))
        # |g|^2 <= 2 mu (l - inf l), and l falls
        gradient = float(np.sqrt(2 * loss.smoothness * gap))
        return cls(nu, gap, gradient, float(np.linalg.norm(project(g))))

    def path(self, h: float) -> float:
        """A bound of the flow's length in outputs where the modulus is at least h.

        |grad l| falls by h per unit of length, so it is at most |P g| / h; and from
        |grad l|^2 >= 2 h gap at most sqrt(2 gap / h).
        """
        return min(self.tangential / h, np.sqrt(2 * self.gap / h))


@dataclass(frozen=True)
class Conditions:
    """The two conditions on the scale, on a ball in outputs of phi."""

    start: Start
    bounds: LocalBounds

    def modulus(self, ball: Ball, alpha: float) -> float:
        """The geodesic modulus nu - kappa G in the ball, kappa that of phi over alpha."""
        return self.start.strong_convexity - ball.normal_curvature * self.start.gradient / alpha

    def curvature(self, ball: Ball) -> float:
        """The scale from which the modulus is at least nu / 2 in the ball."""
        return 2 * ball.normal_curvature * self.start.gradient / self.start.strong_convexity

    def confinement(self, ball: Ball) -> float:
        """The scale from which the path stays in the ball, if the curvature condition holds."""
        least = self.curvature(ball)
        if not (ball.reach > 0 and np.isfinite(least)):
            return np.inf
        enough = self.start.path(self.start.strong_convexity / 2) / ball.reach
        if enough <= least:
            return enough
        for _ in range(_HALVINGS):
            middle = 0.5 * (least + enough)
            if middle * ball.reach >= self.start.path(self.modulus(ball, middle)):
                enough = middle
            else:
                least = middle
        return enough

    def threshold(self, ball: Ball) -> float:
        """The scale from which both hold."""
        return max(self.curvature(ball), self.confinement(ball))

    def hold(self, ball: Ball, alpha: float) -> bool:
        """Whether the modulus is at least nu / 2 in the ball and the path stays in it."""
        h = self.modulus(ball, alpha)
        enough = h >= 0.5 * self.start.strong_convexity
        return bool(enough and alpha * ball.reach >= self.start.path(h))

    def best_ball(self, alpha: float) -> Ball:
        """The ball for which the sufficient scale is least."""
        farthest = _FARTHEST * max(self.start.path(self.start.strong_convexity / 2) / alpha, 1e-300)
        bend = self.bounds.on_ball(0.0).second
        if bend > 0:
            farthest = min(farthest, 1 / bend)
        logs = np.log(farthest) - np.log(10) * np.linspace(_DECADES, 0, _RADII)

        def sufficient(log_r: float) -> float:
            return self.threshold(self.bounds.on_ball(float(np.exp(log_r))))

        values = [sufficient(log_r) for log_r in logs]
        k = int(np.argmin(values))
        around = logs[max(k - 1, 0)], logs[min(k + 1, _RADII - 1)]
        found = minimize_scalar(sufficient, bounds=around, method="bounded")
        best = found.x if found.fun < values[k] else logs[k]
        return self.bounds.on_ball(float(np.exp(best)))

    def least_ball(self, alpha: float, feasible: Ball) -> Ball:
        """A ball as small as bisection finds on which both conditions hold at this scale."""
        below, ball = 0.0, feasible
        for _ in range(_HALVINGS):
            middle = self.bounds.on_ball(0.5 * (below + ball.radius))
            if self.hold(middle, alpha):
                ball = middle
            else:
                below = middle.radius
        return ball


def textbook_threshold(immersion, w: np.ndarray, start: Start, least: float) -> float:
    """Return the larger threshold of docs/theory.md for the ball of radius lambda / (2 L2).

    max(8 L2 G / (lambda^2 nu), (4 L2 / lambda^2) sqrt(2 gap / (nu / 2))), L2 that of the ball.
    """
    alpha, nu = immersion.output_scale, start.strong_convexity

    def lipschitz(radius: float) -> float:
        known = immersion.derivative_bounds(w, radius)
        return np.inf if known is None else known.second / alpha

    at_start = lipschitz(0.0)
    if at_start == 0:
        return 0.0
    inside, outside = 0.0, least / (2 * at_start)
    for _ in range(_HALVINGS):
        middle = 0.5 * (inside + outside)
        if middle * lipschitz(middle) <= least / 2:
            inside = middle
        else:
            outside = middle
    steep = least / (2 * inside) if inside > 0 else np.inf
    needed = max(8 * start.gradient / nu, 4 * np.sqrt(4 * start.gap / nu))
    return float(steep * needed / least**2)


def why_not_defined(problem: Problem, x: Point) -> str:
    """Return why no bounds near a point are defined: the metric, the domain or the rank; or ''."""
    metric, (n, p) = problem.manifold.metric, x.jet.shape
    if not metric.root(x.outputs).is_identity:
        kind = "varies over R^n" if metric.varies else "is weighted"
        return f"the metric {kind} ({metric!r}): bounds are known in the dot product only"
    if problem.manifold.immersion.domain is not None:
        return "the parameters live on a domain: bounds are known in R^p only"
    if p > n:
        return f"there are more parameters than outputs (p = {p} > n = {n})"
    if x.rank < p:
        return f"the Jacobian is rank-deficient at the point (rank {x.rank} < p = {p})"
    return ""


def _why_no_rate(loss: Loss) -> str:
    if not loss.strong_convexity > 0:
        return f"the loss is not known to be strongly convex (nu = 0, {loss!r}): add a ridge"
    if not np.isfinite(loss.smoothness):
        return f"the loss is not known to be smooth (mu is infinite, {loss!r})"
    return ""


def _why_too_small(alpha: float, curvature: float, confinement: float) -> str:
    failing = {"curvature": curvature, "confinement": confinement}
    told = [
        f"the {name} condition fails by a factor of {needed / alpha:.3g}"
        for name, needed in failing.items()
        if alpha < needed
    ]
    return f"alpha = {alpha:.4g} is too small: {' and '.join(told)}"
