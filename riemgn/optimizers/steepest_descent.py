"""Gradient descent in the parameters with a line search: pymanopt's steepest descent on R^p."""

from __future__ import annotations

import numpy as np
from pymanopt.manifolds import Euclidean
from pymanopt.optimizers import SteepestDescent

from riemgn.manifolds import Point
from riemgn.optimizers.endings import Stopped
from riemgn.optimizers.foreign import MOST_REFUSED, end_of, unlimited
from riemgn.optimizers.journal import Journal
from riemgn.optimizers.parameter_cost import ParameterCost
from riemgn.optimizers.stopping import Ending
from riemgn.problem import Problem


class GradientDescent:
    """Gradient descent in the parameters; its line search is pymanopt's."""

    def descend(self, problem: Problem, point: Point, journal: Journal) -> tuple[Ending, str]:
        """Move by pymanopt's loop until something ends the run, and return what."""
        watched = WatchedParameters(problem, journal, point)
        optimizer = unlimited(SteepestDescent())
        run = optimizer.run(watched, initial_point=point.params.copy())
        return Ending.STUCK, end_of(run.stopping_criterion)


class WatchedParameters:
    """What pymanopt asks of a problem over R^p; it notes iterates as descents in R^p do."""

    def __init__(self, problem: Problem, journal: Journal, start: Point) -> None:
        self.manifold = Euclidean(start.params.size)
        self._counted = ParameterCost(problem, journal)
        self._seen = start, problem.cost(start)
        self._iterate: Point | None = None
        self._refused = 0

    def preconditioner(self, point: np.ndarray, tangent_vector: np.ndarray) -> np.ndarray:
        """The identity."""
        return tangent_vector

    def cost(self, params: np.ndarray) -> float:
        """The cost, infinite outside the domain of f."""
        self._refused += 1
        if self._refused > MOST_REFUSED:
            words = f"{MOST_REFUSED} trial points in a row lowered the cost no more"
            raise Stopped(Ending.STUCK, words)
        return self._at(params)[1]

    def riemannian_gradient(self, params: np.ndarray) -> np.ndarray:
        """J^T g, asked for at iterates alone; twice where no step was found."""
        if self._iterate is not None and np.array_equal(params, self._iterate.params):
            raise Stopped(Ending.STUCK, "no step lowers the cost")
        point, cost = self._at(params)
        self._iterate, self._refused = point, 0
        gradient = self._counted.gradient(point)
        self._counted.note(point, cost, gradient)
        return gradient

    def _at(self, params: np.ndarray) -> tuple[Point | None, float]:
        if np.array_equal(params, self._seen[0].params):
            return self._seen
        point, cost = self._counted.at(params.copy())
        if point is not None:
            self._seen = point, cost
        return point, cost
