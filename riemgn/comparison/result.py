"""What a comparison of methods found: tables, a winner, a figure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from riemgn.arguments import choice, positive, told
from riemgn.comparison.display import html_of, in_words
from riemgn.comparison.runs import MEASURES, MethodRun
from riemgn.comparison.tables import median, runs_table, summary_table

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Runs of several methods from the same starts with the same budget.

    Attributes:
        runs: The runs, by method and then by start.
        methods: The labels of the methods, in the order in which they were given.
        problem: The problem in words.
        budget: What every run might spend, by the names of `riemgn.compare`'s arguments.
        ended: "complete"; else "interrupted" or "callback", by which runs are missing.
    """

    runs: tuple[MethodRun, ...]
    methods: tuple[str, ...]
    problem: str
    budget: dict
    ended: str = "complete"

    @property
    def seeds(self) -> tuple[int, ...]:
        """The starts, in their order."""
        return tuple(dict.fromkeys(run.seed for run in self.runs))

    def of(self, method: str) -> list[MethodRun]:
        """Return the runs of a method, by start.

        Raises:
            ValueError: There is no such method.
        """
        choice("method", method, self.methods)
        return [run for run in self.runs if run.method == method]

    def by_start(self) -> dict[int, dict[str, MethodRun]]:
        """Return the runs by start and method."""
        return {
            seed: {run.method: run for run in self.runs if run.seed == seed} for seed in self.seeds
        }

    @property
    def complete_starts(self) -> dict[int, dict[str, MethodRun]]:
        """The runs by start and method, from starts with every method, not all of which failed."""
        return {
            seed: runs
            for seed, runs in self.by_start().items()
            if len(runs) == len(self.methods)
            and any(run.result is not None for run in runs.values())
        }

    def table(self) -> pd.DataFrame:
        """Return a row for each run.

        Columns: method, seed, iterations and seconds to the returned point, evaluations (all of
        them), tuning_evaluations (before the run, not charged), loss, gap (to the least loss that
        any method reached from that start), gradient_norm (on M), tangent_cosine, success, reason.
        Numbers are NaN where the method failed, and the reason is its error.
        """
        return runs_table(self.runs)

    def summary(self) -> pd.DataFrame:
        """Return a row for each method, with medians over the starts.

        Columns: runs, failed, successes, loss (the median; a failed run counts as infinite),
        loss_least, loss_most, gap, iterations, evaluations, seconds, seconds_least, seconds_most;
        what is spent is that of the runs that did not fail.
        """
        return summary_table(self.methods, self.table())

    def winner(self, accuracy: float = 1e-3) -> str:
        """Return the label of the method that did best.

        The least median loss over the starts decides. Where others come near it, time does: of the
        methods whose median loss is at most least + accuracy (start - least), with the median loss
        of the starts, it is the one with the least median seconds to a loss that low; among equals
        the one given first.

        Raises:
            TypeError: `accuracy` is no number.
            ValueError: It is negative, or no method has a run that did not fail.
        """
        share = positive("accuracy", accuracy, allow_zero=True)
        medians = {method: median(run.loss for run in self.of(method)) for method in self.methods}
        least = min(medians.values())
        if not np.isfinite(least):
            raise ValueError("no method has succeeded in half of its runs: there is no winner")
        first = median(run.losses[0] for run in self.runs if run.result is not None)
        enough = least + share * max(first - least, 0.0)
        near = [method for method in self.methods if medians[method] <= enough]
        seconds = {method: self._median_spent(method, enough, "seconds") for method in near}
        return min(near, key=lambda method: (seconds[method], medians[method]))

    def seconds_to(self, loss: float) -> pd.DataFrame:
        """Return the seconds to a loss, a row for each start and a column for each method.

        They are infinite where it is not reached, and NaN where a run is missing.
        """
        return self.spent_to(loss, "seconds")

    def iterations_to(self, loss: float) -> pd.DataFrame:
        """Return the iterations to a loss, likewise."""
        return self.spent_to(loss, "iterations")

    def evaluations_to(self, loss: float) -> pd.DataFrame:
        """Return the evaluations of f to a loss, likewise."""
        return self.spent_to(loss, "evaluations")

    def spent_to(self, loss: float, measure: str) -> pd.DataFrame:
        """Return one of these by its name: "seconds", "iterations" or "evaluations".

        Raises:
            TypeError: `loss` is no number.
            ValueError: There is no such measure.
        """
        import pandas as pd

        choice("measure", measure, MEASURES)
        if isinstance(loss, (bool, str)) or not np.isscalar(loss):
            raise TypeError(f"loss must be a number, got {told(loss)}")
        rows = {
            seed: {method: run.spent_to(loss, measure) for method, run in runs.items()}
            for seed, runs in self.by_start().items()
        }
        frame = pd.DataFrame.from_dict(rows, orient="index", columns=list(self.methods))
        return frame.rename_axis(index="seed", columns="method")

    def plot(self) -> Figure:
        """Return a figure with the loss of each method against iterations and against seconds."""
        from riemgn.plotting.comparisons import comparison_figure

        return comparison_figure(self)

    def to_dict(self) -> dict:
        """Return everything in lists, strings and numbers, histories included."""
        return {
            "problem": self.problem,
            "budget": dict(self.budget),
            "ended": self.ended,
            "methods": list(self.methods),
            "winner": self.winner() if self.has_winner else None,
            "runs": [run.to_dict() for run in self.runs],
        }

    @property
    def has_winner(self) -> bool:
        """Whether some method has succeeded in at least half of its runs."""
        return any(
            np.isfinite(median(run.loss for run in self.of(method))) for method in self.methods
        )

    def _median_spent(self, method: str, loss: float, measure: str) -> float:
        return median(run.spent_to(loss, measure) for run in self.of(method))

    def __repr__(self) -> str:
        return in_words(self)

    def _repr_html_(self) -> str:
        return html_of(self)
