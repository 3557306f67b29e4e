"""How much more than the best method each one spends, over several problems."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from riemgn.arguments import choice, positive, told
from riemgn.comparison.result import Comparison
from riemgn.comparison.runs import MEASURES, MethodRun


@dataclass(frozen=True, eq=False)
class PerformanceRatios:
    """What each method spends on each problem, as a multiple of the least that any spends.

    Attributes:
        methods: The labels.
        problems: The label of the comparison and the seed of each problem.
        ratios: (problems, methods), at least 1; infinite where a method does not solve a problem.
        measure: What is spent.
        accuracy: What counts as solved.
    """

    methods: tuple[str, ...]
    problems: tuple[tuple[str, int], ...]
    ratios: np.ndarray
    measure: str
    accuracy: float

    def share(self, method: str, factor: float) -> float:
        """Return the share of problems that a method solves within a factor of the best one."""
        column = self.ratios[:, self.methods.index(choice("method", method, self.methods))]
        return float(np.mean(column <= factor))


def performance_ratios(
    comparisons: Comparison | Mapping[str, Comparison],
    measure: str = "seconds",
    accuracy: float = 1e-3,
) -> PerformanceRatios:
    """Return the ratios of E. D. Dolan and J. J. More (Math. Programming 91, 2002, 201-213).

    Every start of every comparison is a problem. A run solves it once its loss is at most
    best + accuracy (start - best), where best is the least loss that any method reached from that
    start (J. J. More and S. M. Wild, SIAM J. Optim. 20, 2009, 172-191).

    Args:
        comparisons: A comparison, or several by the names of their problems; all of them with the
            same methods.
        measure: "seconds", "evaluations" or "iterations".
        accuracy: A share of the decrease, in (0, 1).

    Raises:
        TypeError: An argument is of another type.
        ValueError: An argument has another value, methods differ, or no start has a run of every
            method.
    """
    choice("measure", measure, MEASURES)
    if not positive("accuracy", accuracy) < 1:
        raise ValueError(f"accuracy must be in (0, 1), got {told(accuracy)}")
    named = _named(comparisons)
    methods = next(iter(named.values())).methods
    problems, rows = [], []
    for name, comparison in named.items():
        if set(comparison.methods) != set(methods):
            raise ValueError(
                f"comparisons must have the same methods, got {', '.join(methods)} and "
                f"{', '.join(comparison.methods)}"
            )
        for seed, runs in comparison.complete_starts.items():
            problems.append((name, seed))
            rows.append(_ratios([runs[method] for method in methods], measure, accuracy))
    if not rows:
        raise ValueError("comparisons must have a start from which every method was run")
    return PerformanceRatios(methods, tuple(problems), np.array(rows), measure, accuracy)


def _named(comparisons) -> dict[str, Comparison]:
    if isinstance(comparisons, Comparison):
        return {"": comparisons}
    if not (isinstance(comparisons, Mapping) and comparisons):
        raise TypeError(
            f"comparisons must be a comparison or a mapping to some, got {told(comparisons)}"
        )
    for name, comparison in comparisons.items():
        if not isinstance(name, str):
            raise TypeError(f"comparisons must have names that are strings, got {told(name)}")
        if not isinstance(comparison, Comparison):
            raise TypeError(f"comparisons must hold comparisons, got {told(comparison)}")
    return dict(comparisons)


def _ratios(runs: list[MethodRun], measure: str, accuracy: float) -> np.ndarray:
    """The ratios of runs from one start, (methods,)."""
    best = min(run.loss for run in runs)
    first = max(run.losses[0] for run in runs if run.result is not None)
    if not best < first:  # nobody has spent anything on a start that solves the problem
        return np.array([np.inf if run.result is None else 1.0 for run in runs])
    enough = best + accuracy * (first - best)
    spent = np.array([run.spent_to(enough, measure) for run in runs])
    return spent / spent.min()
