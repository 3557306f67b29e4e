"""The figure of C4."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from riemgn.reproduction.claim import Verdict
from riemgn.reproduction.style import (
    BLUE,
    GREEN,
    MUTED,
    ORANGE,
    PURPLE,
    VERMILION,
    band,
    finish,
    prediction,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLOURS = (BLUE, GREEN, PURPLE)
_DESCENT = (VERMILION, ORANGE)
_SHOWN = 0.2  # how far a relative rate is drawn from 1


def finite_median(values: Sequence[float]) -> float:
    """Return the median of what is not NaN, NaN where nothing is left."""
    values = np.asarray(values, dtype=float)
    there = values[~np.isnan(values)]
    return float(np.median(there)) if there.size else np.nan


def draw(verdict: Verdict, figure: Figure) -> None:
    """Draw both rates over the condition number, and that of Gauss-Newton over its median."""
    figure.set_size_inches(12.0, 4.8)
    rates, relative = figure.subplots(1, 2)
    arrays = verdict.arrays
    x = 10.0 ** arrays["decades"]
    claimed = arrays["claimed"]
    labels = list(dict.fromkeys(key.split("|")[0] for key in arrays if "|" in key))
    for k, (label, colour) in enumerate(zip(labels, _COLOURS, strict=False)):
        own = arrays[f"{label}|rate"]
        look = {"marker": "o", "markersize": 4}
        band(rates, x[claimed], own[:, claimed], f"Gauss-Newton, {label}", colour, **look)
        reference = np.array([[finite_median(row)] for row in own[:, claimed]])
        band(relative, x, own / reference, label, colour, **look)
        if f"{label}|steps" in arrays:
            steps = 10.0 ** arrays[f"{label}|steps"]
            look = {"marker": "s^"[k % 2], "markersize": 5, "linewidth": 1.0}
            descent = arrays[f"{label}|descent"]
            band(rates, steps, descent, f"gradient descent, {label}", _DESCENT[k % 2], **look)
    prediction(rates, x[claimed][1:], 4 / x[claimed][1:], "predicted: 4 / cond")
    rates.set(xscale="log", yscale="log")
    finish(
        rates,
        "condition number of J^T J where it starts",
        "fall of the log gap per time or step",
        "Rates over twelve decades",
    )
    relative.axvspan(x[claimed][0], x[claimed][-1], color=MUTED, alpha=0.08, linewidth=0)
    prediction(relative, [x[0], x[-1]], [1, 1], "no change")
    relative.set(xscale="log", ylim=(1 - _SHOWN, 1 + _SHOWN))
    relative.text(1.5, 1.01 - _SHOWN, "the claim's range", fontsize=8, color=MUTED)
    finish(
        relative,
        "condition number of J^T J at the start",
        "rate over its median up to 1e12",
        "Gauss-Newton, and where it ends",
    )
