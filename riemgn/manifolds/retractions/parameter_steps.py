"""Retractions that step in the parameters: along the lift, or along the geodesic's parabola."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from riemgn.errors import NumericalError
from riemgn.linalg.factor import EPS
from riemgn.manifolds.retractions.retraction import Retraction

if TYPE_CHECKING:
    from riemgn.immersions import Immersion
    from riemgn.manifolds.immersed import ImmersedManifold
    from riemgn.manifolds.point import Point
    from riemgn.manifolds.sight import Sight

# The share of a step of the parameters that may lie outside the range of J^T.
_UNSEEN = 1e-6

# The length of a correction, relative to the step, up to which its rounding is not looked at, and
# the rounding allowed beyond.
_SHORT = 0.1
_LARGEST_NOISE = 1e-4

_MOST_NEWTON_STEPS = 30
_MOST_HALVINGS = 8
_MOST_DOMAIN_STEPS = 100

# Gaps, relative to the whole step: up to one Newton stops, up to the other it has converged.
_AT_ROUNDING = 1e-15
_CONVERGED = 1e-10


class ParametricRetraction(Retraction):
    """v -> f(w + xi) with xi the lift of v: a step of the parameters, of order 1."""

    name = "parametric"
    order = 1

    def retract(self, manifold: ImmersedManifold, point: Point, v: np.ndarray) -> Point:
        return manifold.moved(point, manifold.lift(point, v))

    def inverse(self, manifold: ImmersedManifold, x: Point, y: Point) -> np.ndarray:
        """Return J (w_y - w_x), (n,).

        Raises:
            NumericalError: The step of the parameters is not the lift of a tangent vector.
        """
        return x.jet.jvp(lifted_step(manifold, x, y))

    def derivative(
        self, manifold: ImmersedManifold, point: Point, v: np.ndarray, a: np.ndarray
    ) -> np.ndarray:
        """Return J(y) eta, (n,), with eta the lift of a."""
        _require_flat(manifold.immersion)
        return self.retract(manifold, point, v).jet.jvp(manifold.lift(point, a))


class CorrectedRetraction(Retraction):
    """v -> f(w + xi - Gamma(xi, xi) / 2): the geodesic up to its acceleration, of order 2."""

    name = "corrected"
    order = 2

    def retract(self, manifold: ImmersedManifold, point: Point, v: np.ndarray) -> Point:
        """Return the point.

        Raises:
            NumericalError: The Jacobian is nearly rank-deficient, and the correction so long that
                its rounding would show.
        """
        xi = manifold.lift(point, v)
        correction = 0.5 * manifold.christoffel(point, xi, xi)
        _require_digits(manifold._sight(point), correction, xi)
        return manifold.moved(point, xi - correction)

    def inverse(self, manifold: ImmersedManifold, x: Point, y: Point) -> np.ndarray:
        """Return v, (n,), with lift xi and xi - Gamma(xi, xi) / 2 = w_y - w_x: by Newton's method.

        It works in coordinates of an orthonormal tangent frame, with as many second derivatives a
        step as there are dimensions.

        Raises:
            NumericalError: The step of the parameters is not the lift of a tangent vector, or the
                iteration does not converge, as where y is too far.
        """
        return _solved(manifold, x, lifted_step(manifold, x, y))

    def derivative(
        self, manifold: ImmersedManifold, point: Point, v: np.ndarray, a: np.ndarray
    ) -> np.ndarray:
        """Return J(y) (eta - Gamma(xi, eta)), (n,), with xi, eta the lifts of v, a."""
        _require_flat(manifold.immersion)
        xi, eta = manifold.lift(point, v), manifold.lift(point, a)
        y = self.retract(manifold, point, v)
        return y.jet.jvp(eta - manifold.christoffel(point, xi, eta))


def _require_digits(sight: Sight, correction: np.ndarray, xi: np.ndarray) -> None:
    """Raise where the rounding of a correction (p,) is no small share of the step xi (p,)."""
    share = np.abs(correction).max() / np.abs(xi).max() if np.any(xi) else 0.0
    if share > _SHORT and EPS * sight.amplification * share > _LARGEST_NOISE:
        raise NumericalError(
            f"the Jacobian, of rank {sight.rank} for {xi.size} parameters, is nearly "
            f"rank-deficient: a correction {share:.1e} times as long as the step has no digits"
        )


def lifted_step(manifold: ImmersedManifold, x: Point, y: Point) -> np.ndarray:
    """Return the step of the parameters from x to y, (p,), as the lift of a tangent vector at x.

    Raises:
        NumericalError: It has a part that J does not see; or it is too long to be found, where the
            parameters live on a domain.
    """
    step = _step_between(manifold.immersion, x.params, y.params)
    rank, p = manifold._sight(x).rank, step.size
    if rank < p:
        unseen = step - manifold.lift(x, x.jet.jvp(step))
        if np.linalg.norm(unseen) > _UNSEEN * np.linalg.norm(step):
            raise NumericalError(
                f"the parameters of the points differ by what the Jacobian, of rank {rank} for "
                f"{p} parameters, does not see: no tangent vector leads from one to the other"
            )
    return step


def _step_between(immersion: Immersion, w: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return the step with immersion.moved(w, step) = target."""
    if immersion.domain is None:
        return target - w
    step = np.zeros(w.size)
    size = np.linalg.norm(target - w)
    for _ in range(_MOST_DOMAIN_STEPS):
        rest = immersion.domain.projection(w, target - immersion.moved(w, step))
        if not np.linalg.norm(rest) > _AT_ROUNDING * (np.linalg.norm(w) + size):
            return step
        step = step + rest
    raise NumericalError(
        f"the step of the parameters on their domain was not found: it misses by "
        f"{np.linalg.norm(rest):.1e} over a chord of {size:.1e}"
    )


def _require_flat(immersion: Immersion) -> None:
    if immersion.domain is not None:
        raise NotImplementedError(
            "steps of the parameters on a domain have no derivative in riemgn: retractions "
            "'projection', 'orthographic' and 'geodesic' have one"
        )


def _solved(manifold: ImmersedManifold, x: Point, step: np.ndarray) -> np.ndarray:
    """Return the tangent vector with xi - Gamma(xi, xi) / 2 = step, near that with lift `step`."""
    sight = manifold._sight(x)
    frame = sight.frame

    def coordinates(xi: np.ndarray) -> np.ndarray:
        return frame.basis.T @ sight.root.transposed(x.jet.jvp(xi))

    def gap(c: np.ndarray) -> np.ndarray:
        xi = frame.lifts @ c
        return whole - c + 0.5 * coordinates(manifold.christoffel(x, xi, xi))

    def turn(c: np.ndarray) -> np.ndarray:
        xi = frame.lifts @ c
        turns = [coordinates(manifold.christoffel(x, xi, eta)) for eta in frame.lifts.T]
        return np.stack(turns, axis=1)

    whole = coordinates(step)
    length = np.linalg.norm(whole)
    c, rest = whole, gap(whole)
    for _ in range(_MOST_NEWTON_STEPS):
        if np.linalg.norm(rest) <= _AT_ROUNDING * length:
            break
        correction = _newton_step(turn(c), rest)
        for halvings in range(_MOST_HALVINGS):
            trial = c + 0.5**halvings * correction
            left = gap(trial)
            if np.linalg.norm(left) < np.linalg.norm(rest):
                break
        else:
            break
        c, rest = trial, left
    missed = np.linalg.norm(rest)
    if not missed <= _CONVERGED * length:
        raise NumericalError(
            f"the corrected retraction could not be inverted at a point of rank {sight.rank}: the "
            f"best tangent vector misses by {missed / length:.1e} of the step, which may be long"
        )
    if length > 0 and _folded(turn(c)):
        raise NumericalError(
            f"the corrected retraction could not be inverted at a point of rank {sight.rank}: the "
            "tangent vector that leads to the other point lies beyond a fold of the retraction"
        )
    return x.jet.jvp(frame.lifts @ c)


def _newton_step(turn: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """Return a with (I - turn) a = rest, of least norm where the map is singular."""
    return np.linalg.lstsq(np.eye(rest.size) - turn, rest, rcond=None)[0]


def _folded(turn: np.ndarray) -> bool:
    """Whether I - s turn is singular for some s in [0, 1]: then v is not the one next to zero."""
    values = np.linalg.eigvals(turn)
    real = values.real[np.abs(values.imag) <= 1e-12 * np.abs(values)]
    return bool(np.any(real >= 1))
