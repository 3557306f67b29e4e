"""What Newton's methods on M share: steps along the corrected retraction, and where they end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from riemgn.manifolds.immersed import ImmersedManifold
    from riemgn.manifolds.point import Point

MOST_STEPS = 50

# What is left, relative to the tangent vector, from which on it has converged.
_CONVERGED = 1e-10


class Goal:
    """When a Newton iteration for a tangent vector v at a point has arrived.

    Attributes:
        length: |v|.
        rounding: The size of the errors of outputs nearby.
    """

    def __init__(self, manifold: ImmersedManifold, point: Point, v: np.ndarray) -> None:
        sizes = point.jet.reach() + 2 * np.abs(point.outputs) + np.abs(v)
        root = manifold._sight(point).root
        self.length = manifold.norm(point, v)
        self.rounding = float(np.finfo(np.float64).eps * np.linalg.norm(root.transposed(sizes)))

    def reached(self, left: float) -> bool:
        """Whether what is left is of the size of rounding."""
        return left <= self.rounding

    def met(self, left: float) -> bool:
        """Whether what is left is small enough where no further step helps."""
        return left <= max(_CONVERGED * self.length, 16 * self.rounding)

    def trials(
        self, manifold: ImmersedManifold, point: Point, s: np.ndarray, left: float
    ) -> Iterator[Point]:
        """Yield the points of s, s/2, s/4, s/8: of s alone where the goal is met."""
        xi = manifold.lift(point, s)
        bend = manifold.christoffel(point, xi, xi)
        for t in (1.0,) if self.met(left) else (1.0, 0.5, 0.25, 0.125):
            yield manifold.moved(point, t * xi - 0.5 * t**2 * bend)
