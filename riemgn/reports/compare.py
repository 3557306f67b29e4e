"""The page of a comparison: who won, the curves, every run."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from riemgn import markup
from riemgn.comparison import Comparison, performance_ratios
from riemgn.comparison.display import (
    count,
    ending_words,
    number,
    seconds,
    summary_markup,
    winner_words,
)
from riemgn.markup import Markup, in_powers, verbatim
from riemgn.plotting import comparison_curve, performance_profile
from riemgn.plotting.heights import telling
from riemgn.reports.frame import Part, paragraph, picture, report

COUNTED = "time and iterations to the returned point, evaluations of the whole run"

_ACCURACY = 1e-3


def compare_page(
    name: str, subject: str, comparison: Comparison, settings: Mapping[str, object]
) -> str:
    """Return the page of a comparison.

    Args:
        name: Of the data.
        subject: What was trained, in a line; text as `riemgn.markup.in_powers` takes it.
        comparison: The comparison.
        settings: The options that it was run with.
    """
    parts = [
        Part("Methods", _methods(comparison)),
        Part("How the loss fell", _curves(comparison)),
        Part("Runs", _runs(comparison)),
    ]
    if len(comparison.seeds) > 1:
        parts.insert(2, Part("Performance profiles", _profiles(comparison)))
    return report(f"Methods compared on {name}", _lead(subject, comparison), parts, settings)


def _lead(subject: str, comparison: Comparison) -> Markup:
    starts, methods = len(comparison.seeds), len(comparison.methods)
    counted = f"{methods} method{'s' * (methods != 1)} from {starts} start{'s' * (starts != 1)}"
    ending = ending_words(comparison)
    winners = comparison.standing().winners
    best = f" It is a draw between {' and '.join(winners)}." if winners else ""
    if len(winners) == 1:
        best = f" The winner is {winners[0]}."
    cut_short = f" The comparison was {ending}." if ending else ""
    return Markup(f"{counted}, on {in_powers(subject)}.{verbatim(best)}{cut_short}")


def _methods(comparison: Comparison) -> str:
    budget = comparison.budget
    words = (
        f"Each run had at most {_limits(budget)}. "
        "The loss is summed over rows and includes the ridge. The gap is to the least loss that "
        "any method reached from the same start. Optimal means that the tangent cosine is at most "
        f"{budget['tolerance']:g}, or that nothing is left to gain in this arithmetic. "
        f"The table has {COUNTED}."
    )
    winner = winner_words(comparison)
    medians = " Numbers are medians over the starts." if len(comparison.seeds) > 1 else ""
    return (
        summary_markup(comparison)
        + paragraph(verbatim(f"{winner[0].upper()}{winner[1:]}."))
        + paragraph(words + medians)
    )


def _limits(budget: Mapping[str, object]) -> str:
    limits = [f"{budget['max_time']:g} s", f"{budget['max_iterations']} iterations"]
    if budget["max_evaluations"] is not None:
        limits.append(f"{budget['max_evaluations']} evaluations")
    return ", ".join(limits[:-1]) + f" and {limits[-1]}"


def _curves(comparison: Comparison) -> str:
    over = " Median over the starts, and the range." if len(comparison.seeds) > 1 else ""
    least_loss = telling(comparison)
    drawn = "The least loss so far"
    if least_loss is not None:
        drawn += ", less the least one that any method reached from the same start,"
    return "".join(
        picture(
            lambda ax, against=against: comparison_curve(
                comparison, ax, against=against, least_loss=least_loss
            ),
            f"{drawn} against {what}.{over}",
        )
        for against, what in (("iterations", "iterations"), ("seconds", "seconds of wall time"))
    )


def _profiles(comparison: Comparison) -> str:
    if not comparison.complete_starts:
        return paragraph("There is no start from which every method was run.")
    ratios = performance_ratios(comparison, "seconds", _ACCURACY)
    words = (
        f"The share of the {len(ratios.problems)} starts from which a method reaches the least "
        f"loss found, to {_ACCURACY:g} of the decrease, within a multiple of the quickest "
        "method's time."
    )
    return picture(
        lambda ax: performance_profile(comparison, ax, measure="seconds", accuracy=_ACCURACY), words
    )


def _runs(comparison: Comparison) -> str:
    table = comparison.table()
    rows = [
        (
            verbatim(row.method),
            str(row.seed),
            number(row.loss),
            number(row.gradient_norm, digits=2),
            count(row.iterations),
            count(row.evaluations),
            seconds(row.seconds),
            seconds(row.seconds_to_winning_loss),
            _sentence(row.reason),
        )
        for row in table.itertuples()
    ]
    tuned = int(np.nansum(table["tuning_evaluations"].to_numpy(dtype=float)))
    words = f"Choosing steps took {tuned} further evaluations, which are not charged."
    return markup.table(_HEADINGS, rows) + (paragraph(words) if tuned else "")


_HEADINGS = (
    "method",
    "seed",
    "loss",
    "gradient",
    "iterations",
    "evaluations",
    "time",
    "to win",
    "why it ended",
)


def _sentence(reason: str) -> Markup:
    """Return a reason in a cell that stays wide enough to be read on a phone."""
    return Markup(
        f'<span style="display: inline-block; min-width: 11rem; white-space: normal">'
        f"{in_powers(reason)}</span>"
    )
