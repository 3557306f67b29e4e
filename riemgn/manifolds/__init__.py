"""The geometry: points, manifolds and their retractions."""

from riemgn.manifolds.immersed import ImmersedManifold, OutputManifold
from riemgn.manifolds.point import Point

__all__ = ["ImmersedManifold", "OutputManifold", "Point"]
