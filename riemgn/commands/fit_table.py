"""The table that `riemgn fit` prints."""

from __future__ import annotations

import numpy as np
from rich import box
from rich.table import Table
from rich.text import Text

from riemgn.datasets import Dataset
from riemgn.evaluation import Evaluation
from riemgn.reports import fit_words


def fit_table(data: Dataset, evaluation: Evaluation) -> Table:
    """Return the table of a fit: the regime, the geometry, the loss and the scores."""
    table = Table(
        title=Text(fit_words.title(data)),
        title_style="bold",
        title_justify="left",
        show_header=False,
        box=box.ROUNDED,
    )
    table.add_column(style="cyan", no_wrap=True)
    table.add_column()
    sections = (
        fit_words.what(data, evaluation),
        fit_words.geometry(evaluation),
        fit_words.loss(evaluation),
    )
    for section in sections:
        for name, value in section:
            table.add_row(name, Text(value))
        table.add_section()
    for name, value in _scores(evaluation):
        table.add_row(name, value)
    return table


def _scores(evaluation: Evaluation) -> list[tuple[str, Text | str]]:
    name = evaluation.score_name
    rows: list[tuple[str, Text | str]] = [(f"training {name}", f"{evaluation.training_score:.3f}")]
    scores = fit_words.scores(evaluation)
    if not scores:
        return [*rows, (f"test {name}", "no test rows")]
    best = np.nanmax(list(scores.values()))
    for label, score in scores.items():
        style = "bold green" if score == best else ""
        own = label == "riemgn"
        suffix = f"  ({evaluation.test_rows} rows)" if own else ""
        value = Text(f"{score:.3f}", style=style) + Text(suffix, style="dim")
        rows.append((f"test {name}" if own else f"  {label}", value))
    return rows
