"""Descents in the parameters: L-BFGS, Adam and gradient descent with a fixed step.

They know nothing of the manifold, and are what its methods are measured against. They keep the
contract of `riemgn.minimize`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from riemgn.arguments import integer, positive, told
from riemgn.manifolds import Point
from riemgn.optimizers.parameter_cost import ParameterCost
from riemgn.optimizers.records import Journal
from riemgn.optimizers.step_search import best_stable_step
from riemgn.optimizers.stopping import Ending
from riemgn.problem import Problem

_UNLIMITED = 10**9
_LEAVES = "the step leaves the domain"

# A trial outside the domain of f is told to scipy as a parabola with its minimum at a tenth of the
# step: with slope -d at the start it lies 4 d higher there, with slope 9 d.
_OUTSIDE_RISE, _OUTSIDE_SLOPE = 4.0, 9.0


@dataclass(frozen=True)
class LBFGS:
    """scipy's L-BFGS-B without bounds.

    Its own tolerances and limits are switched off: those of the run decide. A trial at which the
    loss is not finite makes its line search try a tenth of that step.

    Attributes:
        memory: How many pairs of steps and gradient differences it keeps.
    """

    memory: int = 10

    def __post_init__(self) -> None:
        integer("memory", self.memory)

    def descend(self, problem: Problem, point: Point, journal: Journal) -> tuple[Ending, str]:
        """Move by scipy's loop until something ends the run, and return what."""
        from scipy.optimize import minimize

        told_to_scipy = _ToldToScipy(ParameterCost(problem, journal), point, problem.cost(point))
        minimize(
            told_to_scipy.cost_and_gradient,
            point.params.copy(),
            jac=True,
            method="L-BFGS-B",
            callback=told_to_scipy.note,
            options={
                "maxcor": self.memory,
                "ftol": 0.0,
                "gtol": 0.0,
                "maxiter": _UNLIMITED,
                "maxfun": _UNLIMITED,
            },
        )
        return told_to_scipy.ending()


class _ToldToScipy:
    """Cost and gradient as scipy asks for them, and its iterates as the journal takes them."""

    def __init__(self, cost: ParameterCost, start: Point, first: float) -> None:
        self._cost = cost
        self._iterate = self._latest = (start, first, cost.gradient(start))
        cost.note(*self._iterate)

    def cost_and_gradient(self, params: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the cost and its gradient (p,)."""
        point, cost, gradient = self._latest
        if not np.array_equal(params, point.params):
            point, cost = self._cost.at(params.copy())
            if point is None:
                return self._outside(params)
            gradient = self._cost.gradient(point)
            self._latest = point, cost, gradient
        return cost, gradient.copy()

    def note(self, params: np.ndarray) -> None:
        """Note an iterate, the latest point at which scipy asked for cost and gradient."""
        if not np.array_equal(params, self._latest[0].params):
            self.cost_and_gradient(params)
        self._iterate = self._latest
        self._cost.note(*self._iterate)

    def ending(self) -> tuple[Ending, str]:
        """Return what scipy's end means: its line search found no lower cost."""
        if self._cost.is_optimal(self._iterate[0]):
            return Ending.PRECISION, Ending.PRECISION.value
        return Ending.STUCK, "the line search finds no lower cost"

    def _outside(self, params: np.ndarray) -> tuple[float, np.ndarray]:
        point, cost, gradient = self._iterate
        with np.errstate(all="ignore"):
            descent = abs(gradient @ (params - point.params))
        if not np.isfinite(descent):
            descent = abs(cost)
        return cost + _OUTSIDE_RISE * descent, -_OUTSIDE_SLOPE * gradient


@dataclass(frozen=True)
class Adam:
    """Adam on all samples at once (D. P. Kingma and J. Ba, ICLR 2015, algorithm 1).

    Its loss may rise on the way; the result is the best iterate.

    Attributes:
        step: The length of a step in each parameter, their alpha.
        first_decay: Of the mean of gradients, in [0, 1), their beta_1.
        second_decay: Of the mean of squared gradients, in [0, 1), their beta_2.
        epsilon: What is added to the root of that mean.
    """

    step: float = 1e-3
    first_decay: float = 0.9
    second_decay: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        positive("step", self.step)
        _decay("first_decay", self.first_decay)
        _decay("second_decay", self.second_decay)
        positive("epsilon", self.epsilon)

    def descend(self, problem: Problem, point: Point, journal: Journal) -> tuple[Ending, str]:
        """Move until something ends the run, and return what."""
        counted, cost = ParameterCost(problem, journal), problem.cost(point)
        mean = square = np.zeros(point.params.size)
        first = second = 1.0
        while point is not None:
            gradient = counted.gradient(point)
            counted.note(point, cost, gradient)
            mean = self.first_decay * mean + (1 - self.first_decay) * gradient
            square = self.second_decay * square + (1 - self.second_decay) * gradient**2
            first, second = first * self.first_decay, second * self.second_decay
            root = np.sqrt(square / (1 - second)) + self.epsilon
            point, cost = counted.at(point.params - self.step * (mean / (1 - first)) / root)
        return Ending.STUCK, _LEAVES


@dataclass(frozen=True)
class FixedStepDescent:
    """Gradient descent w <- w - step J^T g with one step for the whole run.

    Without a step it takes the best stable one of `riemgn.optimizers.step_search`: of those tried,
    the one with the lowest loss after `trial_steps` steps from the start. The search is not charged
    to the run; `result.log` tells the step and at how many points the search evaluated f. Further
    on the step may turn out too long; the result is the best iterate.

    Attributes:
        step: The factor of the gradient, None to search it.
        trial_steps: The steps of a trial.
    """

    step: float | None = None
    trial_steps: int = 200

    def __post_init__(self) -> None:
        if self.step is not None:
            positive("step", self.step)
        integer("trial_steps", self.trial_steps)

    def descend(self, problem: Problem, point: Point, journal: Journal) -> tuple[Ending, str]:
        """Move until something ends the run, and return what."""
        counted, cost = ParameterCost(problem, journal), problem.cost(point)
        gradient = counted.gradient(point)
        counted.note(point, cost, gradient)
        step = self._step(problem, point, journal)
        while True:
            with np.errstate(over="ignore"):
                params = point.params - step * gradient
            point, cost = counted.at(params)
            if point is None:
                return Ending.STUCK, _LEAVES
            gradient = counted.gradient(point)
            counted.note(point, cost, gradient)

    def _step(self, problem: Problem, point: Point, journal: Journal) -> float:
        if self.step is not None:
            return self.step
        with journal.aside():
            search = best_stable_step(problem, point, self.trial_steps)
        journal.log.update(step=search.step, tuning_evaluations=search.evaluations)
        return search.step


PARAMETER_DESCENTS = (LBFGS, Adam, FixedStepDescent)


def _decay(name: str, value) -> None:
    if not positive(name, value, allow_zero=True) < 1:
        raise ValueError(f"{name} must be in [0, 1), got {told(value)}")
