"""Line searchers for pymanopt's descent methods whose first trial is the unit step."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from riemgn.arguments import positive

NO_DESCENT = "the line search along the Riemannian gradient finds no lower cost"
AT_PRECISION = "cost and step are at machine precision"

# Steps that leave the cost as it is while the gradient may still fall.
_IDLE_STEPS = 2

_ROUNDING = 100 * float(np.finfo(np.float64).eps)


@dataclass
class UnitStepBacktracking:
    """Armijo backtracking from the unit step, which on an output manifold is the Gauss-Newton step.

    A trial whose cost is not finite is refused. Where the promised decrease is below the
    rounding of the cost, a cost that does not rise is enough for two steps more.
    """

    contraction: float = 0.5
    sufficient_decrease: float = 1e-4
    most_trials: int = 40
    reason: str = field(default=NO_DESCENT, init=False)
    _idle: int = field(default=0, init=False)

    def search(self, objective, manifold, x, d, f0, df0):
        """Return (step norm, new point), or (0, x) where no trial lowered the cost enough."""
        alpha = 1.0
        for _ in range(self.most_trials):
            trial, cost = _tried(objective, manifold, x, alpha * d)
            promised = alpha * -df0
            if cost < f0 and cost <= f0 - self.sufficient_decrease * promised:
                self._idle = 0
                return alpha * manifold.norm(x, d), trial
            if promised <= _ROUNDING * abs(f0):
                return self._idle_step(manifold, x, d, trial, cost <= f0, alpha)
            alpha *= self.contraction
        return 0.0, x

    def _idle_step(self, manifold, x, d, trial, stays: bool, alpha: float):
        """What is left to gain is below rounding: go on for a few steps, or end."""
        if alpha == 1.0:
            self.reason = AT_PRECISION
        self._idle += 1
        if stays and self._idle <= _IDLE_STEPS:
            return alpha * manifold.norm(x, d), trial
        return 0.0, x


@dataclass
class FixedStep:
    """Always the same step length: the classical iteration at 1, Euler's on the flow below it."""

    length: float = 1.0
    reason: str = field(default="the step leaves the domain", init=False)

    def __post_init__(self) -> None:
        self.length = positive("step_size", self.length)

    def search(self, objective, manifold, x, d, f0, df0):
        """Return (step norm, new point), or (0, x) where the step leaves the domain."""
        trial, cost = _tried(objective, manifold, x, self.length * d)
        return (self.length * manifold.norm(x, d), trial) if np.isfinite(cost) else (0.0, x)


def _tried(objective, manifold, x, v):
    try:
        trial = manifold.retraction(x, v)
        return trial, objective(trial)
    except ArithmeticError:  # outside the domain of f
        return x, np.inf
