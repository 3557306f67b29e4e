"""The metric projection: the point of M that is nearest to an ambient point."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from riemgn.errors import NumericalError
from riemgn.manifolds.retractions.newton import MOST_STEPS, Goal
from riemgn.manifolds.retractions.oblique import oblique_projection
from riemgn.manifolds.retractions.retraction import Retraction

if TYPE_CHECKING:
    from riemgn.manifolds.immersed import ImmersedManifold
    from riemgn.manifolds.point import Point

EPS = np.finfo(np.float64).eps

_MOST_PRODUCTS = 100

# Where Newton's steps do not help: dampings in shares of the largest entry of B^T B.
_DAMPINGS = 10.0 ** np.arange(-5, 4)


class ProjectionRetraction(Retraction):
    """v -> the point of M nearest to u + v: of order 2, and independent of the parameters.

    Damped Newton steps on M, each lowering the distance, lead from x to the foot of u + v: a local
    minimum of the distance, which stays below |v|. Source: Absil and Malick (2012), section 3.
    """

    name = "projection"
    order = 2

    def retract(self, manifold: ImmersedManifold, point: Point, v: np.ndarray) -> Point:
        """Return the nearest point.

        Raises:
            NumericalError: The steps do not converge.
            NotImplementedError: The metric varies over R^n.
        """
        return self._foot(manifold, point, v).point

    def inverse(self, manifold: ImmersedManifold, x: Point, y: Point) -> np.ndarray:
        """Return the tangent vector v at x, (n,), with u_x + v - u_y normal at y.

        Raises:
            NumericalError: The tangent spaces do not determine it.
        """
        manifold._require_constant_metric("the metric projection")
        at_x, at_y = manifold._sight(x), manifold._sight(y)
        return oblique_projection(at_x, at_y, y.outputs - x.outputs)

    def derivative(
        self, manifold: ImmersedManifold, point: Point, v: np.ndarray, a: np.ndarray
    ) -> np.ndarray:
        """Return s, (n,), with s - W(s, N) = P_y a, where N = u + v - u_y is the gap at y.

        Raises:
            NumericalError: u + v lies at or beyond a focal point, where y is not the nearest.
        """
        foot = self._foot(manifold, point, v)
        s, convex = foot.solve(foot.project(manifold.projection(point, a)))
        if not convex:
            raise NumericalError("the point u + v lies beyond a focal point of the manifold")
        return s

    def _foot(self, manifold: ImmersedManifold, point: Point, v: np.ndarray) -> Foot:
        manifold._require_constant_metric("the metric projection")
        v = manifold.projection(point, v)
        return nearest(Foot(manifold, point, point.outputs + v), v)


@dataclass(frozen=True)
class Foot:
    """A point of M as the foot of a target in R^n: how far that is, and in which direction."""

    manifold: ImmersedManifold
    point: Point
    target: np.ndarray

    @cached_property
    def gap(self) -> np.ndarray:
        """N = target - u, (n,)."""
        return self.target - self.point.outputs

    @cached_property
    def distance(self) -> float:
        """|N|; infinite where f is not finite."""
        return self.length(self.gap) if self.point.is_finite else np.inf

    @cached_property
    def tangential(self) -> np.ndarray:
        """P N, (n,): minus the gradient of half the squared distance."""
        return self.project(self.gap)

    @cached_property
    def slope(self) -> float:
        """|P N|."""
        return self.length(self.tangential)

    def length(self, v: np.ndarray) -> float:
        return self.manifold.norm(self.point, v)

    def project(self, v: np.ndarray) -> np.ndarray:
        return self.manifold._sight(self.point).project(v)

    def hessian(self, s: np.ndarray) -> np.ndarray:
        """Return s - W(s, N), (n,): the Hessian of half the squared distance along s."""
        return s - self.manifold._weingarten(self.point, s, self._lowered_normal)

    @cached_property
    def _lowered_normal(self) -> np.ndarray:
        root = self.manifold._sight(self.point).root
        return root.times(root.transposed(self.gap - self.tangential))

    def solve(self, b: np.ndarray, tolerance: float = EPS) -> tuple[np.ndarray, bool]:
        """Return s with Hessian s = b for a tangent vector b, and whether the Hessian is convex.

        By conjugate gradients; where they meet a direction that is not convex, s is what they had.
        """
        inner = self.manifold.inner_product
        s, r, d = np.zeros(b.size), b, b
        square = start = inner(self.point, b, b)
        for _ in range(_MOST_PRODUCTS):
            if square <= tolerance**2 * start:
                break
            bent = self.hessian(d)
            curvature = inner(self.point, d, bent)
            if not curvature > 0:
                return (s if np.any(s) else b), False
            s = s + (square / curvature) * d
            r = r - (square / curvature) * bent
            before, square = square, inner(self.point, r, r)
            d = r + (square / before) * d
        return s, True


def nearest(foot: Foot, v: np.ndarray) -> Foot:
    """Return the foot of the same target to which damped Newton steps lead.

    Args:
        foot: Where they start, at the distance |v| from the target.
        v: The tangent vector there.

    Raises:
        NumericalError: They do not converge.
    """
    goal, rank = Goal(foot.manifold, foot.point, v), foot.point.rank
    for _ in range(MOST_STEPS):
        if goal.reached(foot.slope):
            break
        nearer = _step(foot, goal)
        if nearer is None:
            break
        foot = nearer
    # where rank has fallen the steps have led to an edge of M, as where units saturate
    if goal.met(foot.slope) and foot.point.rank >= rank:
        return foot
    raise NumericalError(
        f"the metric projection did not converge: from a point of rank {rank} it came to one of "
        f"rank {foot.point.rank}, where the gap has a tangential part of {foot.slope:.1e}, for a "
        f"tangent vector of length {goal.length:.1e}"
    )


def _step(foot: Foot, goal: Goal) -> Foot | None:
    """Return the foot after the first step that helps: of Newton, or else of Levenberg-Marquardt.

    None where none does.
    """
    s, _ = foot.solve(foot.tangential, tolerance=min(0.1, foot.slope / goal.length))
    newton = goal.trials(foot.manifold, foot.point, s, foot.slope)
    damped = () if goal.met(foot.slope) else _damped_trials(foot)
    for point in chain(newton, damped):
        trial = Foot(foot.manifold, point, foot.target)
        gain = foot.distance - trial.distance
        if gain > goal.rounding or (gain > -goal.rounding and trial.slope < foot.slope):
            return trial
    return None


def _damped_trials(foot: Foot) -> Iterator[Point]:
    """Yield the points of damped steps of the parameters, each shorter than the one before."""
    point, root = foot.point, foot.manifold._sight(foot.point).root
    scale = foot.manifold.immersion.damping_scale(point.params)
    system, seen = point.jet.damped_system(root, scale), root.transposed(foot.gap)
    for share in _DAMPINGS:
        yield foot.manifold.moved(point, system.solve(seen, share * system.largest))
