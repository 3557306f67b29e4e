"""Line searchers for pymanopt's descent methods whose first trial is the unit step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from riemgn.arguments import positive
from riemgn.errors import NumericalError

_ROUNDING = 10 * float(np.finfo(np.float64).eps)


@dataclass
class UnitStepBacktracking:
    """Armijo backtracking from the unit step, which on an output manifold is the Gauss-Newton step.

    A trial whose cost is not finite is refused. Where the decrease that Armijo asks for is below
    the rounding of the cost, a cost that does not rise is enough.
    """

    contraction: float = 0.5
    sufficient_decrease: float = 1e-4
    most_trials: int = 40

    def search(self, objective, manifold, x, d, f0, df0):
        """Return (step norm, new point), or (0, x) where no trial lowered the cost enough."""
        alpha = 1.0
        for _ in range(self.most_trials):
            trial, cost = _tried(objective, manifold, x, alpha * d)
            asked = self.sufficient_decrease * alpha * -df0
            if cost <= f0 - asked or (cost <= f0 and asked <= _ROUNDING * abs(f0)):
                return alpha * manifold.norm(x, d), trial
            alpha *= self.contraction
        return 0.0, x


@dataclass
class FixedStep:
    """Always the same step length: the classical iteration at 1, Euler's on the flow below it."""

    length: float = 1.0

    def __post_init__(self) -> None:
        self.length = positive("step_size", self.length)

    def search(self, objective, manifold, x, d, f0, df0):
        """Return (step norm, new point), or (0, x) where the step leaves the domain."""
        trial, cost = _tried(objective, manifold, x, self.length * d)
        return (self.length * manifold.norm(x, d), trial) if np.isfinite(cost) else (0.0, x)


def _tried(objective, manifold, x, v):
    try:
        trial = manifold.retraction(x, v)
    except NumericalError:
        return x, np.inf
    return trial, objective(trial)
