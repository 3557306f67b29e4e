"""What the laws of manifolds and problems work on: a point, vectors there, and how exact they are.

Methods that draw take their numbers from the case's generator, which every law starts anew: what
a law measures does not depend on the laws before it.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from zlib import crc32

import numpy as np
import pymanopt
from pymanopt.manifolds.manifold import Manifold

from riemgn.testing.arrays import (
    alike,
    disagreement,
    flat,
    normal_like,
    numpy_seeded,
    size_of,
    size_of_difference,
)
from riemgn.testing.model_cost import ModelCost, embedded
from riemgn.testing.slopes import EPS

# How much more than eps is left by formulas of a few products at points of condition near 1.
AMPLIFICATION = 1e4

# The least accuracy at which a wrong factor still shows.
LEAST_ACCURACY = 1e-2


@dataclass
class ManifoldCase:
    """A pymanopt manifold at a point.

    Attributes:
        manifold: The manifold M.
        point: The point x.
        seed: Of all that is drawn.
        facts: What is known of the point besides.
    """

    manifold: Manifold
    point: Any
    seed: int
    facts: dict = field(default_factory=dict)
    generator: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        self.begin("")

    # how near x the laws that need two points look, in lengths of M
    reach = 0.3

    def begin(self, name: str) -> None:
        """Start the generator anew, for a law of that name."""
        self.generator = np.random.default_rng([self.seed, crc32(name.encode())])

    @cached_property
    def problem(self):
        """A problem on M: here of a quadratic cost that is made up."""
        own = np.random.default_rng([self.seed, 1])
        return ModelCost(self.manifold, self.point, self.tangent(), own)

    @property
    def accuracy(self) -> float:
        """The relative rounding of what M computes here."""
        return AMPLIFICATION * EPS

    @property
    def second_accuracy(self) -> float:
        """The relative rounding of what depends on second derivatives of M."""
        return self.accuracy

    @property
    def frame_accuracy(self) -> float:
        """The relative rounding of second derivatives in an orthonormal tangent frame."""
        return self.second_accuracy

    @property
    def distance_accuracy(self) -> float:
        """The absolute rounding of distances, many of which are arc cosines near 1."""
        return 10 * np.sqrt(EPS)

    @property
    def standstill(self) -> float:
        """How far a retraction of zero may go, relative to the point's size."""
        return self.accuracy

    @property
    def position_size(self) -> float:
        """The size whose relative rounding is that of a point's place."""
        return size_of(self.point)

    @property
    def tangent_dimension(self) -> int:
        """The dimension of the tangent space at the point."""
        return self.manifold.dim

    # Vectors

    def tangent(self, point=None):
        """Return a random tangent vector, at x unless another point is given."""
        with numpy_seeded(self.generator):
            return self.manifold.random_tangent_vector(self.point if point is None else point)

    def direction(self):
        """Return a tangent vector of norm 1 along which M is best known."""
        v = self.tangent()
        return v / self.manifold.norm(self.point, v)

    def ambient(self):
        """Return a random ambient vector."""
        return normal_like(self.embedded(self.tangent()), self.generator)

    def normal(self):
        """Return an ambient vector of norm 1 that is normal to M.

        Raises:
            NotImplementedError: M is open, or ambient vectors are not compared with tangent ones.
        """
        self.require_ambient_tangents()
        given = self.ambient()
        rest = given - self.manifold.projection(self.point, given)
        if size_of(rest) < 1e-6 * size_of(given):
            raise NotImplementedError("M is open in its ambient space: there are no normals")
        return rest / self.manifold.norm(self.point, rest)

    # What tangent vectors are

    def embedded(self, v, point=None):
        """Return a tangent vector as an ambient one."""
        return embedded(self.manifold, self.point if point is None else point, v)

    @cached_property
    def has_ambient_tangents(self) -> bool:
        """Whether tangent vectors are ambient vectors as they are."""
        v = self.tangent()
        seen = self.embedded(v)
        return alike(seen, v) and disagreement(seen, v) == 0

    def require_ambient_tangents(self) -> None:
        """Raise NotImplementedError unless tangent vectors are ambient vectors as they are."""
        if not self.has_ambient_tangents:
            raise NotImplementedError("tangent vectors are not written as ambient ones")

    def require_comparable_points(self) -> None:
        """Raise NotImplementedError unless x + v makes sense in the ambient space."""
        if not alike(self.embedded(self.tangent()), self.point):
            raise NotImplementedError("points and tangent vectors are not written alike")

    @cached_property
    def is_induced(self) -> bool:
        """Whether the metric is that of the ambient space."""
        v, z = self.tangent(), self.tangent()
        a, b = self.embedded(v), self.embedded(z)
        inner = self.manifold.inner_product(self.point, v, z)
        gap = abs(inner - flat(a) @ flat(b))
        return alike(a, self.point) and gap <= self.accuracy * size_of(a) * size_of(b)

    def require_constant_metric(self) -> None:
        """Raise NotImplementedError unless covariant derivatives are projected ones."""
        if not self.is_induced:
            raise NotImplementedError("the metric is not that of the ambient space")

    def require_smooth_projection(self) -> None:
        """Raise NotImplementedError unless tangent spaces turn smoothly around x."""

    # Moving

    def retracted(self, v):
        """Return the point that the retraction makes of v."""
        return self.manifold.retraction(self.point, v)

    def exp(self, v, point=None):
        """Return the point that the exponential map makes of v.

        Raises:
            NotImplementedError: M has none, or takes a retraction for one.
        """
        with warnings.catch_warnings():
            warnings.filterwarnings("error", "Exponential map", RuntimeWarning)
            try:
                return self.manifold.exp(self.point if point is None else point, v)
            except RuntimeWarning as told:
                raise NotImplementedError(str(told)) from None

    def second_order_curve(self, v):
        """Return t -> a point on a curve through x with velocity v and no acceleration on M.

        Raises:
            NotImplementedError: M has neither exp nor a retraction that is known to be such.
        """
        self.exp(0.1 * v)
        return lambda t: self.exp(t * v)

    @property
    def retraction_order(self) -> float:
        """The order that M declares for its retraction, else 1."""
        return getattr(self.manifold, "retraction_order", 1)

    def gap(self, a, b) -> float:
        """Return how far two points are apart: their arrays, or their distance where M tells."""
        apart = size_of_difference(a, b)
        try:
            return float(np.fmin(apart, self.manifold.dist(a, b)))
        except (NotImplementedError, ArithmeticError):
            return apart

    def nearby(self):
        """Return a tangent vector and the point that the retraction makes of it, near x."""
        v = self.reach * self.direction()
        return v, self.retracted(v)


class ProblemCase:
    """A problem at a point of its manifold: the manifold's case with the user's own problem."""

    def __init__(self, geometry: ManifoldCase, problem: pymanopt.Problem) -> None:
        self.geometry = geometry
        self.problem = problem

    def __getattr__(self, name: str):
        return getattr(self.geometry, name)
