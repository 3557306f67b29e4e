"""Descents in the parameters: L-BFGS, Adam and gradient descent with a fixed step.

They know nothing of the manifold, and are what its methods are measured against. They keep the
contract of `riemgn.minimize`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from riemgn.arguments import integer, positive, told
from riemgn.manifolds import Point
from riemgn.optimizers.allowance import Allowance
from riemgn.optimizers.journal import Journal
from riemgn.optimizers.parameter_cost import ParameterCost
from riemgn.optimizers.parameter_steps import AdamSteps, GradientSteps
from riemgn.optimizers.step_search import StepSearch, best_adaptive_step, best_stable_step
from riemgn.optimizers.stopping import Ending
from riemgn.problem import Problem

TRIAL_STEPS = 2000  # of the longest trials of a step

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

    Its loss may rise on the way; the result is the best iterate. Without a step it takes the best
    one of trials from the start (`riemgn.optimizers.step_search.best_adaptive_step`), at
    half-decades. They are not charged to the run, and may take as many seconds and evaluations
    again; `result.log` tells the step and at how many points f was evaluated to find it.

    Attributes:
        step: The length of a step in each parameter, their alpha (1e-3 in their paper), None to
            search it.
        first_decay: Of the mean of gradients, in [0, 1), their beta_1.
        second_decay: Of the mean of squared gradients, in [0, 1), their beta_2.
        epsilon: What is added to the root of that mean.
        trial_steps: The steps of the longest trials; no more than the run may make.
    """

    step: float | None = None
    first_decay: float = 0.9
    second_decay: float = 0.999
    epsilon: float = 1e-8
    trial_steps: int = TRIAL_STEPS

    def __post_init__(self) -> None:
        _check_step(self.step)
        _check_decay("first_decay", self.first_decay)
        _check_decay("second_decay", self.second_decay)
        positive("epsilon", self.epsilon)
        integer("trial_steps", self.trial_steps)

    def descend(self, problem: Problem, point: Point, journal: Journal) -> tuple[Ending, str]:
        """Move until something ends the run, and return what."""
        return _descended(self, problem, point, journal)

    def steps(self, step: float) -> AdamSteps:
        """Return the rule with a step."""
        return AdamSteps(step, self.first_decay, self.second_decay, self.epsilon)

    def searched(self, problem: Problem, point: Point, allowance: Allowance) -> StepSearch:
        """Return the best step."""
        return best_adaptive_step(problem, point, self.steps, self.trial_steps, allowance)


@dataclass(frozen=True)
class FixedStepDescent:
    """Gradient descent w <- w - step J^T g with one step for the whole run.

    Without a step it takes the best stable one of trials from the start
    (`riemgn.optimizers.step_search.best_stable_step`). They are not charged to the run, and may
    take as many seconds and evaluations again; `result.log` tells the step and at how many points f
    was evaluated to find it. Later than the trials the step may turn out too long; the result is
    the best iterate.

    Attributes:
        step: The factor of the gradient, None to search it.
        trial_steps: The steps of the longest trials; no more than the run may make.
    """

    step: float | None = None
    trial_steps: int = TRIAL_STEPS

    def __post_init__(self) -> None:
        _check_step(self.step)
        integer("trial_steps", self.trial_steps)

    def descend(self, problem: Problem, point: Point, journal: Journal) -> tuple[Ending, str]:
        """Move until something ends the run, and return what."""
        return _descended(self, problem, point, journal)

    def steps(self, step: float) -> GradientSteps:
        """Return the rule with a step."""
        return GradientSteps(step)

    def searched(self, problem: Problem, point: Point, allowance: Allowance) -> StepSearch:
        """Return the best stable step."""
        return best_stable_step(problem, point, self.trial_steps, allowance)


PARAMETER_DESCENTS = (LBFGS, Adam, FixedStepDescent)


def chooses_its_step(method) -> bool:
    """Whether a method tries steps before its run."""
    return isinstance(method, (Adam, FixedStepDescent)) and method.step is None


def _descended(
    method: Adam | FixedStepDescent, problem: Problem, point: Point, journal: Journal
) -> tuple[Ending, str]:
    """Make a method's steps until something ends the run, and return what."""
    counted, cost = ParameterCost(problem, journal), problem.cost(point)
    gradient = counted.gradient(point)
    counted.note(point, cost, gradient)
    rule = method.steps(_step_of(method, problem, point, journal))
    while True:
        with np.errstate(over="ignore"):
            params = rule.moved(point.params, gradient)
        point, cost = counted.at(params)
        if point is None:
            return Ending.STUCK, _LEAVES
        gradient = counted.gradient(point)
        counted.note(point, cost, gradient)


def _step_of(
    method: Adam | FixedStepDescent, problem: Problem, point: Point, journal: Journal
) -> float:
    if method.step is not None:
        return method.step
    with journal.aside():
        search = method.searched(problem, point, journal.as_much_again())
    journal.log.update(step=search.step, tuning_evaluations=search.evaluations)
    return search.step


def _check_step(step) -> None:
    if step is not None:
        positive("step", step)


def _check_decay(name: str, value) -> None:
    if not positive(name, value, allow_zero=True) < 1:
        raise ValueError(f"{name} must be in [0, 1), got {told(value)}")
