"""Retractions: how a tangent vector at a point becomes another point of the manifold."""

from __future__ import annotations

from numbers import Real
from types import MappingProxyType

from riemgn.arguments import choice
from riemgn.manifolds.retractions.geodesic import GeodesicRetraction
from riemgn.manifolds.retractions.nearest import ProjectionRetraction
from riemgn.manifolds.retractions.orthographic import OrthographicRetraction
from riemgn.manifolds.retractions.parameter_steps import CorrectedRetraction, ParametricRetraction
from riemgn.manifolds.retractions.retraction import Retraction

__all__ = ["RETRACTIONS", "Retraction", "named_retraction"]

RETRACTIONS = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            ParametricRetraction,
            CorrectedRetraction,
            ProjectionRetraction,
            OrthographicRetraction,
            GeodesicRetraction,
        )
    }
)


def named_retraction(given: str | Retraction) -> Retraction:
    """Return a retraction by its name, or the one that is given.

    Raises:
        ValueError: No retraction has that name (the message suggests the nearest), or one that is
            given bears the name of another.
        TypeError: It is neither, or its name or order are of another type.
    """
    if not isinstance(given, Retraction):
        return RETRACTIONS[choice("retraction", given, RETRACTIONS, "a Retraction")]()
    name, order = getattr(given, "name", None), getattr(given, "order", None)
    if not isinstance(name, str):
        raise TypeError(f"retraction must have a string as its name, got {name!r}")
    if isinstance(order, bool) or not isinstance(order, Real):
        raise TypeError(f"retraction {name!r} must have a number as its order, got {order!r}")
    if name in RETRACTIONS and not isinstance(given, RETRACTIONS[name]):
        raise ValueError(f"retraction: {name!r} is the name of one of riemgn's; choose another")
    return given
