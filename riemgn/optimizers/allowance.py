"""What may be spent before a run, on the choice of its step."""

from __future__ import annotations

import time
from collections.abc import Iterable

import numpy as np

from riemgn.optimizers.endings import Stopped
from riemgn.optimizers.stopping import Criterion, Ending, MaxEvaluations, MaxIterations, MaxTime


class Allowance:
    """As much again as a run: its seconds, its evaluations of f, and its iterations for each trial.

    Args:
        seconds: The most seconds from now on.
        evaluations: The most points at which f is evaluated.
        iterations: The most steps of a trial.

    Attributes:
        seconds: As given.
        iterations: As given.
        spent: At how many points f was evaluated so far.
    """

    def __init__(
        self, seconds: float = np.inf, evaluations: float = np.inf, iterations: float = np.inf
    ) -> None:
        self.iterations = iterations
        self.spent = 0
        self.seconds = seconds
        self._evaluations = evaluations
        self._began = time.perf_counter()

    @classmethod
    def like(cls, criteria: Iterable[Criterion]) -> Allowance:
        """Return the allowance of a run with these criteria, whose limits are among them."""
        most = {MaxTime: np.inf, MaxEvaluations: np.inf, MaxIterations: np.inf}
        for one in criteria:
            if isinstance(one, MaxTime):
                most[MaxTime] = min(most[MaxTime], one.seconds)
            elif isinstance(one, (MaxEvaluations, MaxIterations)):
                most[type(one)] = min(most[type(one)], one.count)
        return cls(*most.values())

    def spend(self) -> None:
        """Count a further point at which f is to be evaluated.

        Raises:
            Stopped: The allowance is used up.
        """
        self.ask()
        if self.spent >= self._evaluations:
            raise Stopped(Ending.LIMIT, "the choice of a step has used up its evaluations")
        self.spent += 1

    def ask(self) -> None:
        """Raise `Stopped` if the seconds are used up."""
        if time.perf_counter() - self._began >= self.seconds:
            raise Stopped(Ending.LIMIT, f"the choice of a step has taken {self.seconds:g} s")
