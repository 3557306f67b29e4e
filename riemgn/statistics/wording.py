"""Statistics of a fit as text."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from riemgn.statistics.result import FitStatistics


def worded(statistics: FitStatistics) -> str:
    """Return the statistics as lines of text: the noise, a line a parameter, the verdict."""
    n, p = statistics.point.jet.shape
    lines = [f"{p} parameters, {n} outputs; {_noise(statistics)}", *_rows(statistics), ""]
    return "\n".join([*lines, *textwrap.wrap(statistics.verdict, 96)])


def _noise(statistics: FitStatistics) -> str:
    if not statistics.dispersion.is_estimated:
        return "the loss is a likelihood, standard errors are from its information"
    s = statistics.residual_standard_deviation
    return (
        f"residual standard deviation {s:.6g} on {statistics.degrees_of_freedom:g} "
        "degrees of freedom"
    )


def _rows(statistics: FitStatistics) -> list[str]:
    percent = f"{100 * statistics.confidence:g} %"
    cells = [["", "estimate", "standard error", f"linear {percent} interval"]]
    cells[0].append(f"profile {percent} interval")
    profiled = statistics.profiled
    rows = zip(
        statistics.names,
        statistics.estimates,
        statistics.standard_errors,
        statistics.intervals,
        strict=True,
    )
    for j, (name, estimate, error, linear) in enumerate(rows):
        profile = _interval(profiled[j]) if j in profiled else "-"
        cells.append([name, f"{estimate:.7g}", f"{error:.4g}", _interval(linear), profile])
    if not profiled:
        cells = [row[:-1] for row in cells]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [_aligned(row, widths) for row in cells]


def _interval(ends) -> str:
    lower, upper = ends
    left = "(" if np.isinf(lower) else "["
    right = ")" if np.isinf(upper) else "]"
    return f"{left}{lower:.6g}, {upper:.6g}{right}"


def _aligned(row: list[str], widths: list[int]) -> str:
    name, *numbers = row
    padded = [cell.rjust(width) for cell, width in zip(numbers, widths[1:], strict=True)]
    return "  ".join([name.ljust(widths[0]), *padded])
