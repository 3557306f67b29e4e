"""What a run did and when: every iterate of every method is judged by one code, off the clock."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np

from riemgn.benchmark.problems import FitProblem


class RunEnded(StopIteration):
    """Raised inside a solver when its run is to end."""


@dataclass(frozen=True)
class Limits:
    """When a run ends.

    Attributes:
        tolerance: |J^T r|_inf at the end as a share of its value at the start.
        seconds: The CPU time allowed.
    """

    tolerance: float = 1e-8
    seconds: float = 20.0


@dataclass
class Trace:
    """The iterates of one run, each with the CPU and wall time at which the solver had it.

    The clock stands still while an iterate is judged.

    Attributes:
        problem: What is being solved.
        limits: When the run ends.
        cpu: Process CPU seconds at each iterate.
        wall: Wall seconds at each iterate.
        losses: The loss at each iterate.
        gradients: |J^T r|_inf at each iterate.
        reached: Whether the last gradient met the tolerance.
        ending: Why the run ended.
    """

    problem: FitProblem
    limits: Limits
    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    gradients: list[float] = field(default_factory=list)
    reached: bool = False
    ending: str = ""

    def start(self) -> None:
        """Start the clock."""
        self._cpu_zero, self._wall_zero = time.process_time(), time.perf_counter()

    def note(self, w: np.ndarray) -> None:
        """Judge an iterate.

        Raises:
            RunEnded: The tolerance is met, or the time is up.
        """
        cpu, wall = time.process_time(), time.perf_counter()
        loss, gradient = self.problem.judge(w)
        self.cpu.append(cpu - self._cpu_zero)
        self.wall.append(wall - self._wall_zero)
        self.losses.append(loss)
        self.gradients.append(gradient)
        if gradient <= self.limits.tolerance * self.gradients[0]:
            self.reached, self.ending = True, "reached"
            raise RunEnded
        self.check_time(self.cpu[-1])
        self._cpu_zero += time.process_time() - cpu
        self._wall_zero += time.perf_counter() - wall

    def check_time(self, cpu: float | None = None) -> None:
        """Raise `RunEnded` when the time is up."""
        spent = time.process_time() - self._cpu_zero if cpu is None else cpu
        if spent > self.limits.seconds:
            self.ending = f"{self.limits.seconds:g} s are up"
            raise RunEnded

    @property
    def iterations(self) -> int:
        """The number of steps taken; one Jacobian each."""
        return len(self.losses) - 1

    @property
    def gradient_share(self) -> float:
        """The last gradient as a share of the first."""
        return self.gradients[-1] / self.gradients[0]
