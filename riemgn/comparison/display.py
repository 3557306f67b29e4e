"""A comparison in words, in a table's cells, and in a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from riemgn.markup import Markup, duration, escaped, sparkline, table, verbatim

if TYPE_CHECKING:
    from riemgn.comparison.result import Comparison

HEADINGS = ("method", "loss", "gap", "time", "to win", "iterations", "evaluations", "optimal")

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
    winners = comparison.standing().winners
    best = winners if len(winners) == 1 else ()
    summary = comparison.summary()
    return [
        MethodRow(_cells(method, summary.loc[method]), method in best)
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
    return "\n".join(
        [
            _heading(comparison),
            *body,
            f"* {winner_words(comparison)}",
            *(f"! {line}" for line in failure_words(comparison)),
        ]
    )


def html_of(comparison: Comparison) -> str:
    """Return a table for a notebook: a row for each method, with a line of its first run's loss."""
    return (
        f"<p><b>{escaped(_heading(comparison))}</b></p>\n{summary_markup(comparison)}"
        f"<p>{escaped(winner_words(comparison))}</p>"
        + "".join(f"<p>{escaped(line)}</p>" for line in failure_words(comparison))
    )


def summary_markup(comparison: Comparison) -> Markup:
    """Return the table of the methods as HTML, with a line of each one's loss."""
    rows = []
    for row in method_rows(comparison):
        method, *cells = (cell.replace(" ", "\N{NO-BREAK SPACE}") for cell in row.cells)
        name = Markup(f"<b>{escaped(method)}</b> (winner)") if row.wins else verbatim(method)
        rows.append((name, *cells, _line(comparison, method)))
    return table((*HEADINGS, "loss by iteration"), rows)


def winner_words(comparison: Comparison) -> str:
    """Return what the winner is and by what, or that there is none; and what "to win" means."""
    standing = comparison.standing()
    if standing.by == "nothing":
        return f"no winner: {_why_none(comparison)}"
    loss = f"a loss of {number(standing.loss)}"
    share = "the least and 0.001 of the decrease to it"
    if standing.by == "loss":
        named = f"winner: {standing.winners[0]}, by the least loss"
    elif standing.by == "time":
        named = f"winner: {standing.winners[0]}, by the time to {loss}"
    elif standing.by == "evaluations":
        spent = count(standing.evaluations[standing.winners[0]])
        named = (
            f"winner: {standing.winners[0]}, by the fewest evaluations, {spent}, to {loss}; times "
            "to it within 10 % or 1 ms count as equal"
        )
    else:
        named = f"a draw between {_listed(standing.winners)}"
    return f"{named}; to win: the time to {loss}, {share}"


def failure_words(comparison: Comparison) -> list[str]:
    """Return a line for each reason for which runs of a method failed."""
    reasons: dict[tuple[str, str], list[int]] = {}
    for run in comparison.runs:
        if run.result is None:
            reasons.setdefault((run.method, run.failure), []).append(run.seed)
    return [
        f"{method} failed from start{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}: "
        f"{' '.join(failure.split())}"
        for (method, failure), seeds in reasons.items()
    ]


def number(value: float, digits: int = 4) -> str:
    """Return a number in a cell, "-" for one that is not finite."""
    return f"{value:.{digits}g}" if np.isfinite(value) else "-"


def count(value: float) -> str:
    """Return a count, or a mean of counts, in a cell; "-" for one that is not finite."""
    return f"{value:.0f}" if np.isfinite(value) else "-"


def seconds(value: float) -> str:
    """Return seconds in a cell, "-" for what is not finite."""
    return duration(float(value)) if np.isfinite(value) else "-"


def ending_words(comparison: Comparison) -> str:
    """Return what cut the comparison short, or nothing."""
    return _ENDS[comparison.ended]


def _heading(comparison: Comparison) -> str:
    starts = len(comparison.seeds)
    counted = f"{starts} start{'s' * (starts != 1)}"
    medians = ", medians over them" if starts > 1 else ""
    end = ending_words(comparison)
    return f"Comparison on {comparison.problem}, {counted}{medians}" + (f"; {end}" if end else "")


def _listed(labels: Sequence[str]) -> str:
    return f"{', '.join(labels[:-1])} and {labels[-1]}"


def _why_none(comparison: Comparison) -> str:
    if comparison.ended != "complete" and not comparison.complete_starts:
        return "from no start have all methods finished"
    return "every method failed from half of the starts or more"


def _cells(method: str, row) -> tuple[str, ...]:
    failed = f", {int(row['failed'])} failed" if row["failed"] else ""
    cut = f", {int(row['cut'])} cut short" if row["cut"] else ""
    return (
        method,
        number(row["loss"]),
        number(row["gap"]),
        seconds(row["seconds"]),
        seconds(row["seconds_to_winning_loss"]),
        count(row["iterations"]),
        count(row["evaluations"]),
        f"{int(row['successes'])} of {int(row['runs'])}{failed}{cut}",
    )


def _line(comparison: Comparison, method: str) -> Markup:
    runs = comparison.of(method)
    losses = runs[0].losses if runs else np.zeros(0)
    return sparkline(losses, f"loss of {method} by iteration")
