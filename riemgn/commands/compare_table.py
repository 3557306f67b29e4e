"""The table that `riemgn compare` prints."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from riemgn.commands.compare_problem import Trained
from riemgn.comparison import Comparison
from riemgn.comparison.display import HEADINGS, ending_words, method_rows, winner_words
from riemgn.reports.compare import COUNTED

_NARROW = {"iterations": "itera-\ntions", "evaluations": "evalu-\nations"}


def compare_table(subject: Trained, comparison: Comparison, console: Console) -> Table:
    """Return the table of a comparison: a row for each method, the winner in bold.

    Where a console is too narrow for it, it has no rules between its columns.
    """
    table = Table(box=box.ROUNDED)
    _fill(table, comparison, HEADINGS)
    if console.measure(table, options=console.options.update(width=1000)).maximum > console.width:
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
        _fill(table, comparison, [_NARROW.get(heading, heading) for heading in HEADINGS])
    table.title, table.title_style, table.title_justify = Text(subject.title), "bold", "left"
    table.caption, table.caption_justify = Text(_caption(comparison)), "left"
    return table


def _fill(table: Table, comparison: Comparison, headings: list[str] | tuple[str, ...]) -> None:
    table.add_column(headings[0], style="cyan", no_wrap=True)
    for heading in headings[1:-1]:
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column(headings[-1])
    for row in method_rows(comparison):
        style = "bold green" if row.wins else ""
        table.add_row(*(Text(cell, style=style) for cell in row.cells))


def _caption(comparison: Comparison) -> str:
    starts = len(comparison.seeds)
    medians = f"medians over {starts} starts: " if starts > 1 else ""
    ending = ending_words(comparison)
    lines = [medians + COUNTED, winner_words(comparison), ending]
    return "\n".join(line for line in lines if line)
