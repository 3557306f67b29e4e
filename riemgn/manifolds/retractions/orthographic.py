"""The orthographic retraction: out of the tangent space along the normal space of its point."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from riemgn.errors import NumericalError
from riemgn.manifolds.retractions.newton import MOST_STEPS, Goal
from riemgn.manifolds.retractions.oblique import oblique_projection
from riemgn.manifolds.retractions.retraction import Retraction

if TYPE_CHECKING:
    from riemgn.manifolds.immersed import ImmersedManifold
    from riemgn.manifolds.point import Point


class OrthographicRetraction(Retraction):
    """v -> the point y of M with u_y - u - v normal at x: of order 2, with the chord for inverse.

    Source: Absil and Malick (2012), section 4.
    """

    name = "orthographic"
    order = 2

    def retract(self, manifold: ImmersedManifold, point: Point, v: np.ndarray) -> Point:
        """Return the point, by damped Newton steps along oblique projections.

        Raises:
            NumericalError: The steps do not converge, as where M turns back before v ends.
            NotImplementedError: The metric varies over R^n.
        """
        manifold._require_constant_metric("the orthographic retraction")
        at_x = manifold._sight(point)
        v = at_x.project(v)

        def rest(y: Point) -> np.ndarray:
            return at_x.project(point.outputs + v - y.outputs)

        goal = Goal(manifold, point, v)
        y, left = point, goal.length
        for _ in range(MOST_STEPS):
            if goal.reached(left):
                return y
            s = oblique_projection(manifold._sight(y), at_x, rest(y))
            for trial in goal.trials(manifold, y, s, left):
                remains = manifold.norm(point, rest(trial)) if trial.is_finite else np.inf
                if remains < left:
                    break
            else:
                break
            y, left = trial, remains
        if goal.met(left):
            return y
        raise NumericalError(
            f"the orthographic retraction did not converge: at a point of rank {y.rank} it misses "
            f"a tangent vector of length {goal.length:.1e} by {left:.1e}"
        )

    def inverse(self, manifold: ImmersedManifold, x: Point, y: Point) -> np.ndarray:
        """Return the chord's projection P (u_y - u_x), (n,)."""
        manifold._require_constant_metric("the orthographic retraction")
        return manifold.projection(x, y.outputs - x.outputs)

    def derivative(
        self, manifold: ImmersedManifold, point: Point, v: np.ndarray, a: np.ndarray
    ) -> np.ndarray:
        """Return the tangent vector b at y, (n,), with b - a normal at x."""
        y = self.retract(manifold, point, v)
        return oblique_projection(manifold._sight(y), manifold._sight(point), a)
