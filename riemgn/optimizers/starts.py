"""What every optimizer checks before it starts: the problem, the point and the limits."""

from __future__ import annotations

import numpy as np

from riemgn.arguments import integer, positive
from riemgn.errors import NumericalError
from riemgn.manifolds import Point
from riemgn.manifolds.submanifold import checked_point
from riemgn.problem import Problem


def checked_start(problem: Problem, initial_point: Point | None) -> Point:
    """Return the starting point of a run, a random one where none is given.

    Raises:
        TypeError, ValueError: As for `belonging`.
        NumericalError: The cost there is not finite.
    """
    point = belonging(problem, initial_point)
    if not np.isfinite(problem.cost(point)):
        raise NumericalError("the cost is not finite at the initial point")
    return point


def checked_problem(problem: Problem) -> Problem:
    """Return `problem` if it is a `riemgn.Problem`, or raise TypeError."""
    if not isinstance(problem, Problem):
        raise TypeError(f"problem must be a riemgn.Problem, got {type(problem).__name__}")
    return problem


def belonging(problem: Problem, initial_point: Point | None, name: str = "initial_point") -> Point:
    """Return a point of the problem's own manifold, a random one where none is given.

    Args:
        problem: The problem.
        initial_point: The point.
        name: The point's name for the caller, for the error.

    Raises:
        TypeError: `problem` is no `riemgn.Problem`, or `initial_point` no `Point`.
        ValueError: The point does not belong to the problem's manifold.
    """
    checked_problem(problem)
    if initial_point is None:
        initial_point = problem.manifold.random_point()
    if not isinstance(initial_point, Point):
        raise TypeError(
            f"{name} must be a point of the manifold (manifold.point(w)), "
            f"got {type(initial_point).__name__}"
        )
    immersion = problem.manifold.immersion
    if initial_point.jet.shape != (immersion.ambient_dim, immersion.dim):
        raise ValueError(
            f"{name} has (n, p) = {initial_point.jet.shape}, the problem's manifold "
            f"({immersion.ambient_dim}, {immersion.dim})"
        )
    point = initial_point
    if point.jet.immersion is not immersion:
        point = problem.manifold.point(point.params)
        if not np.array_equal(point.outputs, initial_point.outputs):
            raise ValueError(f"{name} is a point of another manifold than the problem's")
    return point


def point_of(problem: Problem, point: Point) -> Point:
    """Return a point of the problem's own manifold that has the parameters of a point.

    Raises:
        TypeError: `problem` is no `riemgn.Problem`, or `point` no `Point`.
        ValueError: The point does not belong to the problem's manifold.
    """
    checked_problem(problem)
    return belonging(problem, checked_point(point))


def checked_limits(
    max_iterations: int, max_time: float, min_gradient_norm: float
) -> dict[str, int | float]:
    """Return pymanopt's limits, checked.

    Raises:
        TypeError: One is no number.
        ValueError: One is negative or NaN; `max_time` alone may be infinite.
    """
    unlimited = isinstance(max_time, float) and max_time == np.inf
    return {
        "max_iterations": integer("max_iterations", max_iterations, least=0),
        "max_time": max_time if unlimited else positive("max_time", max_time),
        "min_gradient_norm": positive("min_gradient_norm", min_gradient_norm, allow_zero=True),
    }
