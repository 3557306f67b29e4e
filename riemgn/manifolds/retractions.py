"""Retractions: how a tangent vector at a point becomes another point of the manifold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from riemgn.arguments import choice

if TYPE_CHECKING:
    from riemgn.manifolds.immersed import ImmersedManifold
    from riemgn.manifolds.point import Point


class ParametricRetraction:
    """v -> f(w + xi) with xi the lift of v: a step of the parameters, of order 1."""

    name = "parametric"
    order = 1

    def step(self, manifold: ImmersedManifold, point: Point, xi: np.ndarray) -> np.ndarray:
        """Return the parameter step (p,) that a lifted tangent vector xi (p,) becomes."""
        return xi


class CorrectedRetraction:
    """v -> f(w + xi - Gamma(xi, xi) / 2): the geodesic up to its acceleration, of order 2."""

    name = "corrected"
    order = 2

    def step(self, manifold: ImmersedManifold, point: Point, xi: np.ndarray) -> np.ndarray:
        """Return the parameter step (p,) that a lifted tangent vector xi (p,) becomes."""
        return xi - 0.5 * manifold.christoffel(point, xi, xi)


RETRACTIONS = {kind.name: kind for kind in (ParametricRetraction, CorrectedRetraction)}


def retraction(name: str) -> ParametricRetraction | CorrectedRetraction:
    """Return the retraction of that name."""
    return RETRACTIONS[choice("retraction", name, RETRACTIONS)]()
