"""The steps of descents in the parameters, and trials of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from riemgn.manifolds import Point
from riemgn.optimizers.allowance import Allowance
from riemgn.optimizers.parameter_cost import evaluated, gradient_at
from riemgn.problem import Problem

# The shares of a cost, and of the cost at the start, that count as rounding.
_ROUNDED, _FITTED = 1e-12, 1e-26


def rounding_of(cost: float, first: float) -> float:
    """Return what rounding may do to a cost, with the cost at the start; also near an exact fit."""
    return _ROUNDED * abs(cost) + _FITTED * abs(first)


class Steps(Protocol):
    """A rule that makes a step from a gradient; it may remember gradients before."""

    def moved(self, params: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        """Return the parameters (p,) after a step from these, with the gradient there."""


class GradientSteps:
    """w <- w - step J^T g."""

    def __init__(self, step: float) -> None:
        self._step = step

    def moved(self, params: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        return params - self._step * gradient


class AdamSteps:
    """D. P. Kingma and J. Ba, ICLR 2015, algorithm 1."""

    def __init__(
        self, step: float, first_decay: float, second_decay: float, epsilon: float
    ) -> None:
        self._step, self._epsilon = step, epsilon
        self._first, self._second = first_decay, second_decay
        self._powers = 1.0, 1.0
        self._mean = self._square = 0.0

    def moved(self, params: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        self._mean = self._first * self._mean + (1 - self._first) * gradient
        self._square = self._second * self._square + (1 - self._second) * gradient**2
        self._powers = first, second = (
            self._powers[0] * self._first,
            self._powers[1] * self._second,
        )
        root = np.sqrt(self._square / (1 - second)) + self._epsilon
        return params - self._step * (self._mean / (1 - first)) / root


class Trial:
    """The costs of the first steps from a point; it can be gone on with.

    Attributes:
        costs: From the start on; the last one is infinite where a step left the domain of f.
    """

    def __init__(self, problem: Problem, start: Point, steps: Steps) -> None:
        self.costs = [problem.cost(start)]
        self._problem = problem
        self._point: Point | None = start
        self._steps = steps

    def extend(self, length: int, score: Score, allowance: Allowance) -> None:
        """Go on to a number of steps, or to where the domain of f or the score ends it.

        Raises:
            Stopped: The allowance is used up.
        """
        while (
            len(self.costs) <= length
            and self._point is not None
            and not score.ends(self.costs, length)
        ):
            allowance.spend()
            try:
                gradient = gradient_at(self._problem, self._point)
                with np.errstate(all="ignore"):
                    params = self._steps.moved(self._point.params, gradient)
                self._point, cost = evaluated(self._problem, params)
            except ArithmeticError:  # a derivative that is not finite
                self._point, cost = None, np.inf
            self.costs.append(cost)


class Score(Protocol):
    """What a trial is judged by: the less the better."""

    def of(self, costs: Sequence[float]) -> float:
        """Return the score of a trial with these costs, infinite for one that is no choice."""

    def ends(self, costs: Sequence[float], length: int) -> bool:
        """Whether a trial of a length with these costs so far is no choice any more."""


class StableLoss:
    """The last cost of a stable trial.

    A trial is stable if no cost on the way is above that of the start, and no step of its later
    half raises the cost.
    """

    def of(self, costs: Sequence[float]) -> float:
        path = np.asarray(costs)
        if not np.all(path <= path[0]):
            return np.inf
        rises = np.diff(path[len(path) // 2 :]) > rounding_of(path[-1], path[0])
        return np.inf if np.any(rises) else float(path[-1])

    def ends(self, costs: Sequence[float], length: int) -> bool:
        if not costs[-1] <= costs[0]:
            return True
        late = len(costs) > 1 + length // 2
        return late and costs[-1] - costs[-2] > rounding_of(costs[-1], costs[0])


class LeastLoss:
    """The least cost of a trial that stays within the domain of f."""

    def of(self, costs: Sequence[float]) -> float:
        return float(min(costs)) if np.isfinite(costs[-1]) else np.inf

    def ends(self, costs: Sequence[float], length: int) -> bool:
        return False
