"""Fits and their statistics in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from riemgn.display.numbers import number
from riemgn.display.runs import loss_line
from riemgn.markup import Markup, card, duration, table, verbatim
from riemgn.regimes import CONDITIONS

if TYPE_CHECKING:
    from riemgn.fitting import FitResult
    from riemgn.fitting.result import FitReport
    from riemgn.statistics import FitStatistics

_MOST_PARAMETERS = 30  # that a table shows


def fit_card(result: FitResult) -> str:
    """Return what a fit came to, and the losses of its last phase."""
    rows = [("network", repr(result.network)), *_reported(result.report)]
    history = result.history
    last = history[-1].phase if history else ""
    losses = np.array([step.loss for step in history if step.phase == last], dtype=np.float64)
    return card("Fit", [*rows, *loss_line(losses)])


def report_card(report: FitReport) -> str:
    """Return what happened in a fit."""
    return card("Fit", _reported(report))


def _reported(report: FitReport) -> list[tuple[str, str]]:
    return [
        ("regime", f"{report.regime} ({CONDITIONS[report.regime]})"),
        ("outputs n", str(report.n)),
        ("parameters p", str(report.p)),
        ("method", report.method),
        ("rows", str(report.rows)),
        ("rank", number(report.rank)),
        ("condition number", number(report.condition_number, 3)),
        ("loss a row", number(report.loss, 4)),
        ("held-out loss a row", number(report.held_out_loss, 4)),
        ("ridge", number(report.ridge, 4)),
        ("steps", f"{report.iterations} of the last phase, {report.steps} in all"),
        ("time", duration(report.seconds)),
        ("ended", report.stopping),
    ]


def statistics_card(statistics: FitStatistics) -> str:
    """Return the parameters with their errors and intervals; profiles if they are known."""
    n, p = statistics.point.jet.shape
    rows = [("parameters p", str(p)), ("outputs n", str(n))]
    if statistics.dispersion.is_estimated:
        deviation = number(statistics.residual_standard_deviation)
        rows.append(("residual standard deviation", deviation))
        rows.append(("degrees of freedom", number(statistics.degrees_of_freedom)))
    else:
        rows.append(("noise", "known: the loss is a likelihood"))
    return Markup(card("Fit statistics", rows) + _parameters(statistics))


def _parameters(statistics: FitStatistics) -> Markup:
    percent = f"{100 * statistics.confidence:g} %"
    headings = ["parameter", "estimate", "standard error", f"linear {percent} interval"]
    profiled = statistics.profiled
    if profiled:
        headings.append(f"profile {percent} interval")
    shown = range(min(len(statistics.names), _MOST_PARAMETERS))
    estimates, errors = statistics.estimates, statistics.standard_errors
    intervals = statistics.intervals
    rows = []
    for j in shown:
        linear = _interval(intervals[j])
        cells = [
            verbatim(statistics.names[j]),
            number(estimates[j], 7),
            number(errors[j], 4),
            linear,
        ]
        if profiled:
            cells.append(_interval(profiled[j]) if j in profiled else "-")
        rows.append(cells)
    left = len(statistics.names) - len(rows)
    if left:
        rows.append([f"{left} more", *("…" for _ in headings[1:])])
    return table(headings, rows)


def _interval(ends) -> str:
    lower, upper = ends
    return f"{number(lower)} to {number(upper)}"
