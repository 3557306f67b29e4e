"""Test scores over several splits of a bundled data set, beside scikit-learn's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from riemgn.baselines import SOLVERS
from riemgn.datasets import describe
from riemgn.evaluation import Evaluation, evaluate

if TYPE_CHECKING:
    from rich.table import Table


@dataclass
class Scores:
    """Test scores on one data set, a value for each split.

    Attributes:
        name: The data set.
        score_name: What the scores are: "accuracy" or "R²".
        splits: The seeds of the splits.
        riemgn: The scores of `riemgn.fit`.
        baselines: scikit-learn's scores for each solver.
        seconds: The seconds that each fit of riemgn took.
    """

    name: str
    score_name: str = ""
    splits: list[int] = field(default_factory=list)
    riemgn: list[float] = field(default_factory=list)
    baselines: dict[str, list[float]] = field(default_factory=lambda: {s: [] for s in SOLVERS})
    seconds: list[float] = field(default_factory=list)

    def add(self, split: int, evaluation: Evaluation) -> None:
        """Add the scores of a split."""
        self.score_name = evaluation.score_name
        self.splits.append(split)
        self.riemgn.append(evaluation.test_score)
        self.seconds.append(evaluation.result.report.seconds)
        for solver, score in evaluation.baselines.items():
            self.baselines[solver].append(score)

    def to_dict(self) -> dict:
        """Return the scores in lists, strings and numbers."""
        return asdict(self)


def score_on(
    name: str,
    splits: Iterable[int],
    hidden: Sequence[int],
    activation: str = "tanh",
    note: Callable[[str, int], None] = lambda name, split: None,
) -> Scores:
    """Return the test scores on a bundled data set, one for each split.

    Args:
        name: The data set.
        splits: Seeds of the split into training and test rows, and of the fits.
        hidden: The widths of the hidden layers.
        activation: The name of the activation.
        note: Called with the name and the seed before each split.

    Raises:
        ValueError: A name or a width is not legal.
    """
    data, scores = describe(name), Scores(name)
    for split in splits:
        note(name, split)
        evaluation = evaluate(data, hidden, activation, seed=split)
        scores.add(split, evaluation.compared())
    return scores


def scores_table(results: Mapping[str, Scores]) -> Table:
    """Return a table of the mean scores and of those on the first split, as Markdown."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.MARKDOWN)
    table.add_column("data", no_wrap=True)
    table.add_column("score")
    table.add_column("splits", justify="right")
    for fitted in ("riemgn", *(f"MLP, {solver}" for solver in SOLVERS)):
        table.add_column(fitted, justify="right", no_wrap=True)
    table.add_column("on the first split", justify="right", no_wrap=True)
    table.add_column("seconds", justify="right")
    for scores in results.values():
        means = [_mean(values) for values in (scores.riemgn, *scores.baselines.values())]
        first = [f"{v[0]:.3f}" for v in (scores.riemgn, *scores.baselines.values())]
        seconds = f"{np.mean(scores.seconds):.1f}"
        splits = str(len(scores.splits))
        table.add_row(scores.name, scores.score_name, splits, *means, " / ".join(first), seconds)
    return table


def _mean(values: list[float]) -> str:
    """Return a mean with its standard error."""
    if len(values) < 2:
        return f"{values[0]:.3f}"
    return f"{np.mean(values):.3f} ± {np.std(values, ddof=1) / np.sqrt(len(values)):.3f}"
