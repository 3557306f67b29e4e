"""How a check opens its case: at a point that is given, or at a random one."""

from __future__ import annotations

import numpy as np
import pymanopt
from pymanopt.manifolds.manifold import Manifold

from riemgn.manifolds import ImmersedManifold, Point
from riemgn.testing.arrays import numpy_seeded
from riemgn.testing.cases import ManifoldCase, ProblemCase
from riemgn.testing.immersed_case import ImmersedCase


def manifold_case(manifold: Manifold, point, seed: int) -> ManifoldCase:
    """Return the case of a manifold at a point, or at a random one.

    Raises:
        ValueError: The Jacobian is zero at the point, or the parameters given have another shape.
    """
    if not isinstance(manifold, ImmersedManifold):
        return ManifoldCase(
            manifold, _random_point(manifold, seed) if point is None else point, seed
        )
    if point is None:
        point = manifold.random_point(seed)
    elif not isinstance(point, Point):
        point = manifold.point(point)
    if point.rank == 0:
        raise ValueError(
            "point: the Jacobian is zero there, and there is no tangent space to check"
        )
    facts = {"rank": point.rank, "condition number": f"{point.condition_number:.2g}"}
    return ImmersedCase(manifold, point, seed, facts)


def problem_case(problem: pymanopt.Problem, point, seed: int) -> ProblemCase:
    """Return the case of a problem at a point of its manifold, or at a random one."""
    return ProblemCase(manifold_case(problem.manifold, point, seed), problem)


def _random_point(manifold: Manifold, seed: int):
    with numpy_seeded(np.random.default_rng(seed)):
        return manifold.random_point()
