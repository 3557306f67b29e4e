"""Runs of methods on problems, repeated, and what is reported of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from riemgn.benchmark.problems import RECIPES, FitProblem, Recipe
from riemgn.benchmark.solvers import traced
from riemgn.benchmark.traces import Limits, Trace

_WARM_UP = (Recipe("warm-up", 50, (3, 4, 1)), Recipe("warm-up", 20, (3, 8, 1)))
# The moments at which losses are compared, as shares of the slowest method's time.
MOMENTS = (0.1, 0.3, 1.0)


@dataclass(frozen=True)
class Row:
    """One method on one problem.

    Attributes:
        problem, seed, n, p, method: What was run.
        reached: Whether the gradient's tolerance was met.
        iterations: Steps taken, one Jacobian each.
        cpu, wall: Seconds to the last iterate; the median where the run was repeated.
        loss: The loss there.
        gradient_share: |J^T r|_inf there as a share of that at the start.
        ending: Why the run ended.
        path: (CPU seconds, loss) of every iterate.
    """

    problem: str
    seed: int
    n: int
    p: int
    method: str
    reached: bool
    iterations: int
    cpu: float
    wall: float
    loss: float
    gradient_share: float
    ending: str
    path: list[tuple[float, float]]

    @classmethod
    def of(cls, method: str, traces: list[Trace]) -> Row:
        """Return the row of a run and its repetitions, which differ in their times alone."""
        trace = sorted(traces, key=lambda run: run.cpu[-1:])[(len(traces) - 1) // 2]
        n, p = trace.problem.shape
        ran = bool(trace.losses)
        return cls(
            problem=trace.problem.name,
            seed=trace.problem.seed,
            n=n,
            p=p,
            method=method,
            reached=trace.reached,
            iterations=trace.iterations if ran else 0,
            cpu=trace.cpu[-1] if ran else 0.0,
            wall=median(run.wall[-1] for run in traces) if ran else 0.0,
            loss=trace.losses[-1] if ran else float("nan"),
            gradient_share=trace.gradient_share if ran else float("nan"),
            ending=trace.ending,
            path=list(zip(trace.cpu, trace.losses, strict=True)),
        )

    @property
    def ran(self) -> bool:
        """Whether the method could take the problem at all."""
        return bool(self.path)

    def loss_at(self, seconds: float) -> float:
        """Return the lowest loss known after that much CPU time."""
        return min((loss for cpu, loss in self.path if cpu <= seconds), default=self.path[0][1])


def warm_up(method: str) -> None:
    """Run a method on tiny problems, so that imports and first calls are not timed."""
    for recipe in _WARM_UP:
        traced(method, recipe.problem(0), Limits(seconds=5.0))


def measured(method: str, problem: FitProblem, limits: Limits, repeats: int) -> Row:
    """Return the row of a method on a problem; a run that reaches its goal is repeated."""
    traces = [traced(method, problem, limits)]
    if traces[0].reached:
        traces += [traced(method, problem, limits) for _ in range(repeats - 1)]
    return Row.of(method, traces)


def cases(names: Iterable[str], seeds: Iterable[int]) -> list[FitProblem]:
    """Return the problems of those names and seeds."""
    return [RECIPES[name].problem(seed) for name in names for seed in seeds]
