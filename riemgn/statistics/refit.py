"""The constrained fit of a profile: all parameters but one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from riemgn.errors import NumericalError
from riemgn.immersions.restricted import Restricted
from riemgn.manifolds import ImmersedManifold, Point
from riemgn.minimization import minimize
from riemgn.problem import Problem


@dataclass(frozen=True)
class Refit:
    """The best fit with one parameter held.

    Attributes:
        params: All parameters, (p,).
        cost: The loss; infinite where the model has no finite outputs.
        gradient_norm: That of the loss in the free parameters, in the metric of the loss.
    """

    params: np.ndarray
    cost: float
    gradient_norm: float


def refit(problem: Problem, held: int, guesses: list[np.ndarray]) -> Refit:
    """Return the best fit with the parameter `held` as in the guesses, from the best of them.

    Args:
        problem: The problem of all parameters.
        held: The index of the parameter.
        guesses: Parameter vectors (p,) to start from, all with the same value of that parameter.
    """
    costs = [_cost(problem, guess) for guess in guesses]
    best = int(np.argmin(costs))
    start, cost = guesses[best], costs[best]
    if start.size == 1 or not np.isfinite(cost):
        return Refit(start, cost, 0.0)
    restricted = Restricted(problem.manifold.immersion, {held: start[held]})
    manifold = ImmersedManifold(restricted)
    try:
        point, optimality = _minimised(
            Problem(manifold, problem.loss), manifold.point(start[restricted.free])
        )
    except NumericalError:  # no derivatives at the start: outside the domain of f
        return Refit(start, np.inf, 0.0)
    return Refit(restricted.full(point.params), problem.cost(point), optimality)


def _minimised(problem: Problem, start: Point) -> tuple[Point, float]:
    """Return the minimum and the norm of the gradient there: the choice of the optimizer."""
    result = minimize(problem, start, max_iterations=200)
    return result.point, result.optimality.gradient_norm


def _cost(problem: Problem, params: np.ndarray) -> float:
    try:
        return problem.cost(Point(problem.manifold.immersion.at(params)))
    except ArithmeticError:  # a function's own, outside its domain
        return np.inf
