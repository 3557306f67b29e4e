"""The loss as a function of the parameters, as descents in R^p ask for it."""

from __future__ import annotations

import numpy as np

from riemgn.errors import NumericalError
from riemgn.linalg import seen_through
from riemgn.manifolds import Point
from riemgn.optimizers.journal import Journal
from riemgn.optimizers.optimality import Optimality, optimality_at, rounding
from riemgn.problem import Problem


class ParameterCost:
    """Cost and gradient by the parameters; it counts evaluations and notes iterates.

    Judging an iterate costs more than a step does, and serves no descent in the parameters. The
    clock of the run stands still meanwhile (`Journal.judging`), and a lower bound of the gradient
    on M is enough while that calls no point optimal. A factorisation that then finds otherwise is
    followed by the next one after twice as many iterates as the one before.

    Args:
        problem: The problem.
        journal: Where evaluations are counted and iterates noted.
    """

    def __init__(self, problem: Problem, journal: Journal) -> None:
        self._problem = problem
        self._journal = journal
        self._until_next, self._distance = 1, 1  # iterates from one factorisation to the next

    def at(self, params: np.ndarray) -> tuple[Point | None, float]:
        """Return the point of parameters (p,) and its cost; (None, inf) outside the domain of f.

        Raises:
            Stopped: A limit forbids another evaluation.
        """
        self._journal.spend()
        return evaluated(self._problem, params)

    def gradient(self, point: Point) -> np.ndarray:
        """Return the gradient by the parameters, (p,)."""
        return gradient_at(self._problem, point)

    def note(self, point: Point, cost: float, gradient: np.ndarray) -> None:
        """Note an iterate with its gradient by the parameters, (p,).

        Raises:
            Stopped: A criterion or the callback ends the run here.
        """
        with self._journal.judging():
            optimality = self._judged(point, cost, gradient)
        self._journal.note(point, cost, optimality)

    def is_optimal(self, point: Point) -> bool:
        """Whether a point is first-order optimal within the tolerance of the run."""
        with self._journal.judging():
            return optimality_at(self._problem, point).is_met(self._journal.tolerance)

    def _judged(self, point: Point, cost: float, gradient: np.ndarray) -> Optimality:
        self._until_next -= 1
        below = optimality_below(self._problem, point, gradient, cost)
        if not below.is_met(self._journal.tolerance):
            return below
        if self._until_next > 0:
            return OptimalityBound(**vars(below))
        self._until_next = self._distance
        self._distance *= 2
        return optimality_at(self._problem, point)


class OptimalityBound(Optimality):
    """A lower bound of the gradient on M that is small: it proves no point optimal."""

    @property
    def at_precision(self) -> bool:
        return False

    def has_normal_residual(self, tolerance: float) -> bool:
        return False


def evaluated(problem: Problem, params: np.ndarray) -> tuple[Point | None, float]:
    """Return the point of parameters (p,) and its cost; (None, inf) outside the domain of f."""
    if not np.all(np.isfinite(params)):
        return None, np.inf
    try:
        point = Point(problem.manifold.immersion.at(params))
        cost = float(problem.cost(point))
    except ArithmeticError:
        return None, np.inf
    return (point, cost) if np.isfinite(cost) else (None, np.inf)


def gradient_at(problem: Problem, point: Point) -> np.ndarray:
    """Return J^T g, the gradient of the loss by the parameters, (p,).

    Raises:
        riemgn.NumericalError: It is not finite.
    """
    gradient = point.jet.vjp(problem.loss.gradient(point.outputs))
    if not np.all(np.isfinite(gradient)):
        raise NumericalError("the gradient by the parameters holds NaN or infinity")
    return gradient


def optimality_below(
    problem: Problem, point: Point, gradient: np.ndarray, cost: float
) -> Optimality:
    """Return the optimality of a point with a lower bound of the gradient on M, without a factor.

    |P s| is the largest <s, B xi> / |B xi| over all xi; the bound takes xi = B^T s, the gradient by
    the parameters, and needs two products with J. What rounding does is bounded below as well.

    Args:
        problem: The problem.
        point: The point.
        gradient: Of the loss by the parameters, (p,).
        cost: The loss.
    """
    jet, loss = point.jet, problem.loss
    root = loss.hessian_root(point.outputs)
    B = seen_through(jet, root)
    length, seen = np.linalg.norm(gradient), np.linalg.norm(B.jvp(gradient))
    residual_norm = float(np.linalg.norm(loss.whitened_gradient(point.outputs)))
    below = float(length * (length / seen)) if seen > 0 else 0.0
    reach = float(np.linalg.norm(B.jvp(point.params)))
    size = float(np.linalg.norm(root.transposed(point.outputs)))
    lost = rounding(residual_norm, reach + size, cost)
    return Optimality(min(below, residual_norm), residual_norm, lost, cost=cost)
