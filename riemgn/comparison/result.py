"""What a comparison of methods found: tables, a winner, a figure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from riemgn.arguments import choice, positive
from riemgn.comparison.display import html_of, in_words
from riemgn.comparison.runs import MEASURES, MethodRun, checked_loss, finite_or_none
from riemgn.comparison.tables import runs_table, summary_table
from riemgn.comparison.winning import Standing, standing_of

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
        """The runs by start and method, of starts that every method has finished; not all failed.

        A run that Ctrl-C cut short has not finished.
        """
        return {
            seed: runs
            for seed, runs in self._finished_starts().items()
            if any(run.result is not None for run in runs.values())
        }

    def _finished_starts(self) -> dict[int, dict[str, MethodRun]]:
        return {
            seed: runs
            for seed, runs in self.by_start().items()
            if len(runs) == len(self.methods) and not any(run.is_cut for run in runs.values())
        }

    def table(self) -> pd.DataFrame:
        """Return a row for each run.

        Columns: method, seed, iterations and seconds to the returned point, evaluations (all of
        them), tuning_evaluations (before the run, not charged), seconds_to_winning_loss (see
        `winner`; infinite where it is not reached), loss, gap (to the least loss that any method
        reached from that start), gradient_norm (on M), tangent_cosine, success, reason. Numbers are
        NaN where the method failed, and the reason is its error.
        """
        return runs_table(self.runs, self.standing().loss)

    def summary(self) -> pd.DataFrame:
        """Return a row for each method, with medians over the starts.

        Columns: runs, failed, cut (short by Ctrl-C), successes, loss (the median; a failed run
        counts as infinite), loss_least, loss_most, gap, iterations, evaluations, seconds,
        seconds_least, seconds_most (what is spent is that of the runs that did not fail), and
        seconds_to_winning_loss and evaluations_to_winning_loss, by which `winner` is decided.
        """
        return summary_table(self.methods, self.runs, self.standing())

    def winner(self, accuracy: float = 1e-3) -> str:
        """Return the label of the method that did best.

        The least median loss over the starts decides. Others come near it if their median loss is
        at most the winning loss, least + accuracy (start - least), with the median loss of the
        starts. Of these it is the one with the least median seconds to the winning loss; where
        others are within a millisecond or a tenth of that, the one of them with the fewest
        evaluations of f to it. Where no start is improved on there is nothing to be quick at, and
        equals draw. Only starts that every method has finished count.

        Raises:
            TypeError: `accuracy` is no number.
            ValueError: It is negative; or there is no winner: several draw, or no method has
                succeeded in more than half of its runs (see `standing`).
        """
        winners = self.standing(accuracy).winners
        if len(winners) == 1:
            return winners[0]
        if winners:
            raise ValueError(f"there is no winner: {', '.join(winners)} draw")
        if not self._finished_starts():
            raise ValueError("there is no winner: from no start have all methods finished")
        raise ValueError("no method has succeeded in half of its runs: there is no winner")

    @property
    def has_winner(self) -> bool:
        """Whether one method did best."""
        return len(self.standing().winners) == 1

    def standing(self, accuracy: float = 1e-3) -> Standing:
        """Return the winning loss, what each method spent to reach it, and who wins by what.

        Raises:
            TypeError, ValueError: As for `winner`, by `accuracy` alone.
        """
        share = positive("accuracy", accuracy, allow_zero=True)
        starts = list(self._finished_starts().values())
        return standing_of(self.methods, starts, share) if starts else Standing()

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
            TypeError: `loss` is no real number.
            ValueError: It is NaN, or there is no such measure.
        """
        import pandas as pd

        choice("measure", measure, MEASURES)
        loss = checked_loss(loss)
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
        standing = self.standing()
        return {
            "problem": self.problem,
            "budget": dict(self.budget),
            "ended": self.ended,
            "methods": list(self.methods),
            "winner": standing.winners[0] if len(standing.winners) == 1 else None,
            "draw": list(standing.winners) if len(standing.winners) > 1 else [],
            "winning_loss": finite_or_none(standing.loss),
            "seconds_to_winning_loss": _finite(standing.seconds),
            "evaluations_to_winning_loss": _finite(standing.evaluations),
            "runs": [
                run.to_dict()
                | {
                    "seconds_to_winning_loss": finite_or_none(
                        run.spent_to(standing.loss, "seconds")
                    )
                }
                for run in self.runs
            ],
        }

    def __repr__(self) -> str:
        return in_words(self)

    def _repr_html_(self) -> str:
        return html_of(self)


def _finite(spent: dict[str, float]) -> dict[str, float | None]:
    return {method: finite_or_none(value) for method, value in spent.items()}
