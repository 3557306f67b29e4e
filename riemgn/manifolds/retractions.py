"""Retractions: how a tangent vector at a point becomes another point of the manifold."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import numpy as np

from riemgn.arguments import choice

if TYPE_CHECKING:
    from riemgn.manifolds.immersed import ImmersedManifold
    from riemgn.manifolds.point import Point


class Retraction(ABC):
    """A way from a tangent vector at a point to another point, with its order.

    The curve t -> R(t v) starts with velocity v; for order 2 its covariant acceleration at 0
    vanishes besides (docs/theory.md, section 2).
    """

    name: str
    order: float

    @abstractmethod
    def retract(self, manifold: ImmersedManifold, point: Point, v: np.ndarray) -> Point:
        """Return the point of a tangent vector v (n,); the very point for v = 0."""


class ParametricRetraction(Retraction):
    """v -> f(w + xi) with xi the lift of v: a step of the parameters, of order 1."""

    name = "parametric"
    order = 1

    def retract(self, manifold: ImmersedManifold, point: Point, v: np.ndarray) -> Point:
        return manifold.moved(point, manifold.lift(point, v))


class CorrectedRetraction(Retraction):
    """v -> f(w + xi - Gamma(xi, xi) / 2): the geodesic up to its acceleration, of order 2."""

    name = "corrected"
    order = 2

    def retract(self, manifold: ImmersedManifold, point: Point, v: np.ndarray) -> Point:
        xi = manifold.lift(point, v)
        return manifold.moved(point, xi - 0.5 * manifold.christoffel(point, xi, xi))


RETRACTIONS = {kind.name: kind for kind in (ParametricRetraction, CorrectedRetraction)}


def named_retraction(given: str | Retraction) -> Retraction:
    """Return a retraction by its name, or the one that is given."""
    if isinstance(given, Retraction):
        return given
    return RETRACTIONS[choice("retraction", given, RETRACTIONS)]()
