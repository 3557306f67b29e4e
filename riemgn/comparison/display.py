"""A comparison in words, in a table's cells, and in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from riemgn.markup import Markup, duration, escaped, sparkline, table, told

if TYPE_CHECKING:
    from riemgn.comparison.result import Comparison

HEADINGS = ("method", "loss", "gap", "time", "iterations", "evaluations", "optimal")

_ENDS = {
    "complete": "",
    "interrupted": "interrupted, and has the runs so far",
    "callback": "ended by the callback, and has the runs so far",
}


class MethodRow(NamedTuple):
    """A method in a table.

    Attributes:
        cells: Texts under `HEADINGS`.
        wins: Whether it is the winner.
    """

    cells: tuple[str, ...]
    wins: bool


def method_rows(comparison: Comparison) -> list[MethodRow]:
    """Return a row for each method, with medians over the starts."""
    best = comparison.winner() if comparison.has_winner else None
    summary = comparison.summary()
    return [
        MethodRow(_cells(method, summary.loc[method]), method == best)
        for method in comparison.methods
    ]


def in_words(comparison: Comparison) -> str:
    """Return a line for each method, the winner marked."""
    rows = method_rows(comparison)
    lines = [HEADINGS, *(row.cells for row in rows)]
    widths = [max(len(line[k]) for line in lines) for k in range(len(HEADINGS))]
    marks = [" ", *("*" if row.wins else " " for row in rows)]
    body = [
        f"{mark} {line[0]:<{widths[0]}}"
        + "".join(f"  {cell:>{width}}" for cell, width in zip(line[1:], widths[1:], strict=True))
        for mark, line in zip(marks, lines, strict=True)
    ]
    return "\n".join([_heading(comparison), *body, f"* {winner_words(comparison)}"])


def html_of(comparison: Comparison) -> str:
    """Return a table for a notebook: a row for each method, with a line of its first run's loss."""
    return (
        f"<p><b>{escaped(_heading(comparison))}</b></p>\n{summary_markup(comparison)}"
        f"<p>{escaped(winner_words(comparison))}</p>"
    )


def summary_markup(comparison: Comparison) -> Markup:
    """Return the table of the methods as HTML, with a line of each one's loss."""
    rows = []
    for row in method_rows(comparison):
        method, *cells = (cell.replace(" ", "\N{NO-BREAK SPACE}") for cell in row.cells)
        name = Markup(f"<b>{escaped(method)}</b> (winner)") if row.wins else method
        rows.append((name, *cells, _line(comparison, method)))
    return table((*HEADINGS, "loss by iteration"), rows)


def winner_words(comparison: Comparison) -> str:
    """Return what the winner is, or that there is none."""
    if not comparison.has_winner:
        return "no winner: every method failed from half of the starts or more"
    return (
        f"winner: {comparison.winner()}, by the least loss; losses within 0.001 of the decrease "
        "count as equal, and time decides"
    )


def ending_words(comparison: Comparison) -> str:
    """Return what cut the comparison short, or nothing."""
    return _ENDS[comparison.ended]


def _heading(comparison: Comparison) -> str:
    starts = len(comparison.seeds)
    counted = f"{starts} start{'s' * (starts != 1)}"
    medians = ", medians over them" if starts > 1 else ""
    end = ending_words(comparison)
    return f"Comparison on {comparison.problem}, {counted}{medians}" + (f"; {end}" if end else "")


def _cells(method: str, row) -> tuple[str, ...]:
    failed = f", {int(row['failed'])} failed" if row["failed"] else ""
    return (
        method,
        _number(row["loss"]),
        _number(row["gap"]),
        duration(float(row["seconds"])) if np.isfinite(row["seconds"]) else "-",
        _count(row["iterations"]),
        _count(row["evaluations"]),
        f"{int(row['successes'])} of {int(row['runs'])}{failed}",
    )


def _line(comparison: Comparison, method: str) -> Markup:
    runs = comparison.of(method)
    losses = runs[0].losses if runs else np.zeros(0)
    return sparkline(losses, f"loss of {method} by iteration")


def _number(value: float) -> str:
    return told(float(value)) if np.isfinite(value) else "-"


def _count(value: float) -> str:
    return f"{value:.0f}" if np.isfinite(value) else "-"
