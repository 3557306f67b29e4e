"""The best stable step of gradient descent in the parameters, found by trials."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from riemgn.errors import NumericalError
from riemgn.manifolds import Point
from riemgn.optimizers.parameter_cost import evaluated, gradient_at
from riemgn.problem import Problem

# Factors of 2 / L that are tried first, as powers of 4; the grid goes on beyond its best end.
_FIRST_POWERS = range(-4, 3)
_MOST_POWERS = 30

# How often the spacing around the best factor is halved: from 4 to 4^(1/64), 2 %.
_HALVINGS = 6

_DENSE = 50  # up to so many parameters the Hessian is formed


@dataclass(frozen=True)
class StepSearch:
    """What a search for a step found.

    Attributes:
        step: The best stable step.
        evaluations: At how many points f was evaluated.
        tried: Every step tried with the cost at the end of its trial, infinite if not stable.
    """

    step: float
    evaluations: int
    tried: dict[float, float]


def best_stable_step(problem: Problem, point: Point, trial_steps: int) -> StepSearch:
    """Return the step with the lowest cost after a trial from a point.

    A trial makes `trial_steps` steps w <- w - step J^T g. A step is stable if no cost on the way is
    above that of the start. Tried are 2/L times powers of 4, L being the largest eigenvalue of the
    loss's Hessian by the parameters at the start in absolute value (on a convex quadratic 2/L is
    the limit of stability), on a grid that is extended until its best step is inside; then, with
    half the spacing each time, the neighbours of the best one, down to 2 %.

    Raises:
        riemgn.NumericalError: The Hessian is zero or not finite, or no step is stable.
    """
    unit = 2 / largest_curvature(problem, point)
    trials = _Trials(problem, point, trial_steps, unit)
    for power in _FIRST_POWERS:
        trials.cost(float(power))
    while trials.best in (edges := (min(trials.costs), max(trials.costs))):
        beyond = trials.best + (1 if trials.best == edges[1] else -1)
        if abs(beyond) > _MOST_POWERS:
            break
        trials.cost(beyond)
    if not np.isfinite(trials.costs[trials.best]):
        raise NumericalError("no step along the gradient is stable")
    for halving in range(1, _HALVINGS + 1):
        middle = trials.best
        for side in (-1, 1):
            trials.cost(middle + side * 0.5**halving)
    tried = {trials.step(power): cost for power, cost in sorted(trials.costs.items())}
    return StepSearch(trials.step(trials.best), trials.evaluations, tried)


def largest_curvature(problem: Problem, point: Point) -> float:
    """Return the largest absolute eigenvalue of the loss's Hessian by the parameters.

    The Hessian is J^T Hess l J + sum_i g_i Hess f_i.

    Raises:
        riemgn.NumericalError: It is zero, not finite, or not found.
    """
    from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh

    jet, outputs, p = point.jet, point.outputs, point.params.size
    gradient = problem.loss.gradient(outputs)

    def product(v: np.ndarray) -> np.ndarray:
        v = np.ravel(v)
        bent = jet.hessian_vp(gradient, v)
        return jet.vjp(problem.loss.hessian_vp(outputs, jet.jvp(v))) + bent

    try:
        if p <= _DENSE:
            values = np.linalg.eigvalsh(np.stack([product(e) for e in np.eye(p)]))
        else:
            start = np.random.default_rng(0).normal(size=p)
            H = LinearOperator((p, p), matvec=product, dtype=np.float64)
            values = eigsh(H, k=1, which="LM", v0=start, tol=1e-2, return_eigenvectors=False)
    except (np.linalg.LinAlgError, ArpackError) as error:
        raise NumericalError(f"no largest curvature at the start: {error}") from None
    largest = float(np.max(np.abs(values)))
    if not (np.isfinite(largest) and largest > 0):
        raise NumericalError(f"the largest curvature at the start is {largest}: give a step")
    return largest


@dataclass
class _Trials:
    """Trials so far: the cost at the end of each, by the power of 4 in its step."""

    problem: Problem
    start: Point
    steps: int
    unit: float
    costs: dict[float, float] = field(default_factory=dict)
    evaluations: int = 0

    @property
    def best(self) -> float:
        """The power with the lowest cost; the largest one of several."""
        return min(self.costs, key=lambda power: (self.costs[power], -power))

    def step(self, power: float) -> float:
        return self.unit * 4.0**power

    def cost(self, power: float) -> None:
        """Make a trial."""
        try:
            self.costs[power] = self._tried(self.step(power))
        except ArithmeticError:  # a derivative that is not finite
            self.costs[power] = np.inf

    def _tried(self, step: float) -> float:
        point = self.start
        first = cost = self.problem.cost(point)
        for _ in range(self.steps):
            with np.errstate(all="ignore"):
                params = point.params - step * gradient_at(self.problem, point)
            self.evaluations += 1
            point, cost = evaluated(self.problem, params)
            if not cost <= first:
                return np.inf
        return cost
