"""The figure of C4."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from riemgn.plotting.style import (
    BLUE,
    GREEN,
    MUTED,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    band,
    finish,
    prediction,
)
from riemgn.reproduction.claim import Verdict

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLOURS = (SKY, BLUE, GREEN, PURPLE)
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
    labels = list(dict.fromkeys(key.split("|")[0] for key in arrays if "|" in key))
    stepped = [label for label in labels if f"{label}|steps" in arrays]
    for label, colour in zip(labels, _COLOURS, strict=False):
        own, claimed = arrays[f"{label}|rate"], arrays[f"{label}|claimed"]
        look = {"marker": "o", "markersize": 4}
        band(rates, x[claimed], own[:, claimed], f"Gauss-Newton, {label}", colour, **look)
        reference = np.array([[finite_median(row)] for row in own[:, claimed]])
        own = np.clip(own / reference, 1 - 2 * _SHOWN, 1 + 2 * _SHOWN)
        band(relative, x, own, label, colour, spread="quartiles", **look)
    for label, colour, marker in zip(stepped, _DESCENT, "s^", strict=False):
        steps = 10.0 ** arrays[f"{label}|steps"]
        look = {"marker": marker, "markersize": 5, "linewidth": 1.0}
        band(rates, steps, arrays[f"{label}|descent"], f"gradient descent, {label}", colour, **look)
        prediction(rates, steps, 4 / steps, "predicted: 4 / cond" if colour == VERMILION else None)
    rates.set(xscale="log", yscale="log")
    finish(
        rates,
        "condition number of J^T J where it starts",
        "fall of the log gap per time or step",
        "Rates over twelve decades",
    )
    relative.axvspan(1, 1e12, color=MUTED, alpha=0.08, linewidth=0)
    prediction(relative, [x[0], x[-1]], [1, 1], "no change")
    relative.set(xscale="log", ylim=(1 - _SHOWN, 1 + _SHOWN))
    relative.text(1.5, 1.01 - _SHOWN, "the claim's range", fontsize=8, color=MUTED)
    finish(
        relative,
        "condition number of J^T J at the start",
        "rate over its median in the claim's range",
        "Gauss-Newton, and where rounding ends it",
    )
    relative.legend(frameon=False, fontsize=9, loc="upper left")
