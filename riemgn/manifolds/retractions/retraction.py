"""What a retraction is: a way from a tangent vector at a point to another point."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from riemgn.manifolds.immersed import ImmersedManifold
    from riemgn.manifolds.point import Point


class Retraction(ABC):
    """A way R from a tangent vector v at a point x to another point, with its order.

    The curve t -> R(t v) starts with velocity v; for order 2 its covariant acceleration at 0
    vanishes besides (docs/theory.md, section 2). Make your own with a name, an order and `retract`;
    without the other two methods the manifold has no inverse retraction and no differentiated one.

    Attributes:
        name: What it is called in descriptions and messages.
        order: 1, 2, or infinity for the exponential map.
    """

    name: str
    order: float

    @abstractmethod
    def retract(self, manifold: ImmersedManifold, point: Point, v: np.ndarray) -> Point:
        """Return R(v) for a tangent vector v (n,), which is not zero."""

    def inverse(self, manifold: ImmersedManifold, x: Point, y: Point) -> np.ndarray:
        """Return the tangent vector v at x, (n,), with R(v) = y."""
        raise NotImplementedError(f"the {self.name} retraction gives no inverse")

    def derivative(
        self, manifold: ImmersedManifold, point: Point, v: np.ndarray, a: np.ndarray
    ) -> np.ndarray:
        """Return the derivative of R at v in the direction a: a tangent vector (n,) at R(v)."""
        raise NotImplementedError(f"the {self.name} retraction gives no derivative")
