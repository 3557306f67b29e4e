"""The figure of C6."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from riemgn.plotting.style import (
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    VERMILION,
    band,
    finish,
    prediction,
)
from riemgn.reproduction.claim import Verdict
from riemgn.reproduction.damping_verdict import LARGEST_RATE, LEAST_RATE, NAMES, SCHEDULES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLOURS = dict(zip(SCHEDULES, (BLUE, GREEN, VERMILION, ORANGE), strict=True))


def draw(verdict: Verdict, figure: Figure) -> None:
    """Draw rates beside lambda_min, one flow of each kind, and how lambda_min grows."""
    figure.set_size_inches(14, 4.6)
    by_rate, by_time, by_growth = figure.subplots(1, 3, width_ratios=(1.25, 1, 1))
    _draw_rates(by_rate, verdict.arrays)
    _draw_gaps(by_time, verdict.arrays)
    _draw_growth(by_growth, verdict.arrays)


def _draw_rates(axes: Axes, arrays: dict) -> None:
    x = np.median(arrays["least"], axis=0)
    for name in SCHEDULES:
        band(axes, x, arrays[f"{name}_rates"], NAMES[name], _COLOURS[name], marker="o", ms=4)
    for k, name in enumerate(SCHEDULES):
        y = np.median(arrays[f"{name}_linear"], axis=0)
        prediction(axes, x, y, "predicted" if k == 0 else None)
    axes.axhspan(LEAST_RATE, LARGEST_RATE, color=BLUE, alpha=0.12, linewidth=0)
    axes.set(xscale="log", yscale="log")
    axes.text(x[-1], 0.5 * LEAST_RATE, "2 / (1 + c)", ha="right", va="center", fontsize=9)
    finish(
        axes,
        "least kernel eigenvalue at the start",
        "late rate of the gap (1 / time)",
        "Rates over eight decades" if np.log10(x[-1] / x[0]) > 7.5 else "Rates over lambda_min",
    )


def _draw_gaps(axes: Axes, arrays: dict) -> None:
    for name in ("adaptive", "fixed"):
        t, first = arrays[f"{name}_times"], arrays[f"{name}_gaps"][0]
        axes.plot(t, arrays[f"{name}_gaps"] / first, color=_COLOURS[name], label=NAMES[name])
        bound = arrays[f"{name}_bounds"] / first
        prediction(axes, t, bound, "its bound" if name == "adaptive" else None)
    axes.set_yscale("log")
    least = np.min(arrays["least"])
    finish(axes, "time", "gap / first gap", f"At least eigenvalue {least:.0e}")


def _draw_growth(axes: Axes, arrays: dict) -> None:
    t = arrays["adaptive_times"]
    _draw_labelled(axes, t, arrays["straight_growth"], "small targets, width 2000", BLUE)
    colours = iter((PURPLE, GREEN, ORANGE, VERMILION))
    k = 0
    while f"curved_{k}_sizes" in arrays:
        width, distance = arrays[f"curved_{k}_sizes"]
        label = f"targets of size 1, width {width:.0f}, distance {distance:.0e}"
        t, growth = arrays[f"curved_{k}_times"], arrays[f"curved_{k}_growth"]
        _draw_labelled(axes, t, growth, label, next(colours))
        k += 1
    axes.set_yscale("log")
    finish(axes, "time", "least eigenvalue / its first", "Features raise it along the flow")


def _draw_labelled(axes: Axes, t: np.ndarray, growth: np.ndarray, label: str, colour: str) -> None:
    axes.plot(t, growth, color=colour)
    axes.annotate(
        label,
        (t[-1], growth[-1]),
        xytext=(0, 3),
        textcoords="offset points",
        ha="right",
        va="bottom",
        fontsize=9,
        color=colour,
    )
