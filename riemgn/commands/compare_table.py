"""The table that `riemgn compare` prints."""

from __future__ import annotations

from rich import box
from rich.table import Table
from rich.text import Text

from riemgn.commands.compare_problem import Trained
from riemgn.comparison import Comparison
from riemgn.comparison.display import HEADINGS, ending_words, method_rows, winner_words
from riemgn.reports.compare import COUNTED


def compare_table(subject: Trained, comparison: Comparison) -> Table:
    """Return the table of a comparison: a row for each method, the winner in bold."""
    table = Table(
        title=Text(subject.title),
        title_style="bold",
        title_justify="left",
        box=box.ROUNDED,
        caption=Text(_caption(comparison)),
        caption_justify="left",
    )
    table.add_column(HEADINGS[0], style="cyan", no_wrap=True)
    for heading in HEADINGS[1:-1]:
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column(HEADINGS[-1])
    for row in method_rows(comparison):
        style = "bold green" if row.wins else ""
        table.add_row(*(Text(cell, style=style) for cell in row.cells))
    return table


def _caption(comparison: Comparison) -> str:
    starts = len(comparison.seeds)
    medians = f"medians over {starts} starts: " if starts > 1 else ""
    ending = ending_words(comparison)
    lines = [medians + COUNTED, winner_words(comparison), ending]
    return "\n".join(line for line in lines if line)
