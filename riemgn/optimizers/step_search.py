"""The best step of a descent in the parameters, found by trials of growing length."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from riemgn.errors import NumericalError
from riemgn.manifolds import Point
from riemgn.optimizers.allowance import Allowance
from riemgn.optimizers.endings import Stopped
from riemgn.optimizers.parameter_steps import (
    GradientSteps,
    LeastLoss,
    Score,
    StableLoss,
    Steps,
    Trial,
    rounding_of,
)
from riemgn.problem import Problem

_SHORTEST = 8  # steps of the first trials

# The farthest that a grid is extended, in powers of its base.
_MOST_POWERS = 30

_DENSE = 50  # up to so many parameters the Hessian is formed


@dataclass(frozen=True)
class StepSearch:
    """What a search for a step found.

    Attributes:
        step: The best step.
        evaluations: At how many points f was evaluated.
        length: The steps of the longest trials that all candidates went through.
        tried: Every step tried with its score at the end of its own trial, infinite if not stable.
    """

    step: float
    evaluations: int
    length: int
    tried: dict[float, float]


@dataclass(frozen=True)
class Grid:
    """Steps unit * base^power.

    Attributes:
        unit: The step of power 0.
        base: The factor between powers.
        first: The powers that are tried first, one apart, the likeliest first.
        finest: The least distance of powers that is tried.
    """

    unit: float
    base: float
    first: tuple[int, ...]
    finest: float

    def step(self, power: float) -> float:
        """Return the step of a power."""
        return self.unit * self.base**power


def best_stable_step(
    problem: Problem, point: Point, trial_steps: int, allowance: Allowance | None = None
) -> StepSearch:
    """Return the step of gradient descent with the lowest cost after a trial from a point.

    Only stable trials count: no cost is above that of the start, and no step of the later half
    raises it. Trials begin with 8 steps at 2/L times powers of 4, L being the largest eigenvalue of
    the loss's Hessian by the parameters at the start in absolute value (on a convex quadratic 2/L
    is the limit of stability). From then on their length doubles, up to `trial_steps`, and the
    spacing about the best step halves, down to 9 %. As curvature grows on the way, a step that was
    the best of short trials may turn out unstable; the next shorter stable one takes its place. As
    it may grow further after the trials, the step is 9 % shorter than the best where the next
    longer one is unstable. The search ends early once the best trial gains nothing more.

    Args:
        problem: The problem.
        point: The start.
        trial_steps: The steps of the longest trials.
        allowance: What may be spent; once it is used up the best step so far is returned, 1/(2L)
            before there is any.

    Raises:
        riemgn.NumericalError: The Hessian is zero or not finite, no step is stable, or ever longer
            ones (up to 4^30 2/L) give ever lower costs.
        Stopped: The allowance is used up before L is known.
    """
    allowance = Allowance() if allowance is None else allowance
    unit = 2 / largest_curvature(problem, point, allowance)
    grid = Grid(unit, 4.0, (-1, 0, 1, -2, 2, -3, -4), 1 / 16)
    trials = _Trials(problem, point, grid, GradientSteps, StableLoss(), allowance)
    return trials.search(trial_steps, margin=grid.finest)


def best_adaptive_step(
    problem: Problem,
    point: Point,
    steps_of: Callable[[float], Steps],
    trial_steps: int,
    allowance: Allowance | None = None,
) -> StepSearch:
    """Return the step of an adaptive descent with the least cost in a trial from a point.

    Trials are as in `best_stable_step`, at half-decades, first those from 1e-4 to 1. Their costs
    may rise on the way.

    Args:
        problem: The problem.
        point: The start.
        steps_of: The rule of a step.
        trial_steps: The steps of the longest trials.
        allowance: What may be spent; once it is used up the best step so far is returned, 1e-3
            before there is any.

    Raises:
        riemgn.NumericalError: Every step leaves the domain of f, or ever longer ones (up to 1e30)
            give ever lower costs.
    """
    allowance = Allowance() if allowance is None else allowance
    grid = Grid(1.0, 10.0, (-3, -2, -1, -4, 0), 1 / 2)
    trials = _Trials(problem, point, grid, steps_of, LeastLoss(), allowance)
    return trials.search(trial_steps, margin=0.0)


def largest_curvature(problem: Problem, point: Point, allowance: Allowance | None = None) -> float:
    """Return the largest absolute eigenvalue of the loss's Hessian by the parameters.

    The Hessian is J^T Hess l J + sum_i g_i Hess f_i.

    Raises:
        riemgn.NumericalError: It is zero, not finite, or not found.
        Stopped: The seconds of the allowance are used up.
    """
    from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh

    allowance = Allowance() if allowance is None else allowance
    jet, outputs, p = point.jet, point.outputs, point.params.size
    gradient = problem.loss.gradient(outputs)

    def product(v: np.ndarray) -> np.ndarray:
        allowance.ask()
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
    """Trials so far, by the power of the grid's base in their step.

    Attributes:
        length: The steps of the longest trials that all candidates went through.
        best: The power of the best step so far.
    """

    problem: Problem
    start: Point
    grid: Grid
    steps_of: Callable[[float], Steps]
    score: Score
    allowance: Allowance
    trials: dict[float, Trial] = field(default_factory=dict)
    length: int = 0
    best: float = field(init=False)

    def __post_init__(self) -> None:
        self.best = self.grid.first[0]

    def search(self, longest: int, margin: float) -> StepSearch:
        """Return the best step of trials whose length doubles up to `longest`.

        It is shorter by the power `margin` where the next longer one is unstable.
        """
        longest = int(min(longest, self.allowance.iterations))
        try:
            self._go_through(longest)
        except Stopped:
            self._settle_for_less()
        longer = min((power for power in self.trials if power > self.best), default=np.inf)
        if np.isfinite(longer) and np.isinf(self._score_so_far(longer)):
            self.best -= margin
        tried = {self.grid.step(power): self._score_so_far(power) for power in sorted(self.trials)}
        return StepSearch(self.grid.step(self.best), self.allowance.spent, self.length, tried)

    def _go_through(self, longest: int) -> None:
        length, spacing = min(_SHORTEST, longest), 1.0
        for power in self.grid.first:
            self._score(power, length)
        self.best = min(self.trials, key=self._score_so_far)
        self._climb(spacing, length)
        while length < longest and not self._has_settled():
            length, spacing = min(2 * length, longest), max(spacing / 2, self.grid.finest)
            self._climb(spacing, length)

    def _climb(self, spacing: float, length: int) -> None:
        """Walk to a power whose neighbours have no lower score."""
        while True:
            held = self._score(self.best, length)
            around = {side: self._score(self.best + side * spacing, length) for side in (-1, 1)}
            side = min(around, key=around.get)
            if np.isinf(held) and np.isinf(around[side]):
                side = -1
            elif not around[side] < held - self._rounding(held):
                self.length = length
                return
            self.best += side * spacing
            self._check_reach(self.best)

    def _settle_for_less(self) -> None:
        """Take the best step of trials that were cut short; a shorter one where it is unstable."""
        if self.length == 0:
            self.best = min(self.trials, key=self._score_so_far, default=self.best)
        elif np.isinf(self._score_so_far(self.best)):
            stable = [p for p in self.trials if np.isfinite(self._score_so_far(p))]
            self.best = max((p for p in stable if p < self.best), default=self.best - 1)

    def _check_reach(self, power: float) -> None:
        if power < -_MOST_POWERS:
            raise NumericalError("no step along the gradient is stable")
        if power > _MOST_POWERS:
            raise NumericalError("ever longer steps give ever lower losses: give a step")

    def _score(self, power: float, length: int) -> float:
        if power not in self.trials:
            steps = self.steps_of(self.grid.step(power))
            self.trials[power] = Trial(self.problem, self.start, steps)
        trial = self.trials[power]
        trial.extend(length, self.score, self.allowance)
        return self.score.of(trial.costs)

    def _score_so_far(self, power: float) -> float:
        return self.score.of(self.trials[power].costs)

    def _has_settled(self) -> bool:
        """Whether costs in the later half of the best trial are all the same."""
        costs = self.trials[self.best].costs
        later = costs[len(costs) // 2 :]
        return max(later) - min(later) <= self._rounding(min(costs))

    def _rounding(self, score: float) -> float:
        first = self.trials[self.best].costs[0]
        return rounding_of(score, first) if np.isfinite(score) else 0.0
