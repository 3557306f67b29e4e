"""The figure of C7."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from riemgn.plotting.style import (
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    band,
    finish,
    prediction,
)
from riemgn.reproduction.claim import Verdict
from riemgn.reproduction.contraction_verdict import ETAS, GOAL, MOST_STEPS
from riemgn.reproduction.paired import FIXED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw(verdict: Verdict, figure: Figure) -> None:
    """Draw contractions beside lambda_min, gaps step by step, and iterations of the optimizer."""
    figure.set_size_inches(14, 4.6)
    by_least, by_step, by_iterations = figure.subplots(1, 3)
    _draw_contractions(by_least, verdict.arrays)
    _draw_gaps(by_step, verdict.arrays)
    _draw_iterations(by_iterations, verdict.arrays)


def _draw_contractions(axes: Axes, arrays: dict) -> None:
    x = np.median(arrays["least"], axis=0)
    for k, (eta, colour) in enumerate(zip(ETAS, (SKY, BLUE, PURPLE), strict=True)):
        band(axes, x, arrays[f"worst_{k}"], f"adaptive, eta = {eta:g}", colour, marker="o", ms=4)
        free = np.median(arrays[f"free_{k}"], axis=0)
        prediction(axes, x, free, "bounds" if k == 0 else None)
    fixed = arrays["fixed_worst"]
    band(axes, x, fixed, f"rho = {FIXED:g}, eta = 1", VERMILION, marker="o", ms=4)
    axes.set(xscale="log", ylim=(0, 1.55))
    finish(
        axes,
        "least kernel eigenvalue at the start",
        "worst late gap(k+1) / gap(k)",
        "Contraction of a step",
    )
    axes.legend(frameon=False, fontsize=9, ncol=2, loc="upper center")


def _draw_gaps(axes: Axes, arrays: dict) -> None:
    for k, (eta, colour) in enumerate(zip(ETAS, (SKY, BLUE, PURPLE), strict=True)):
        gaps = arrays[f"gaps_{k}"]
        axes.semilogy(gaps / gaps[0], color=colour, label=f"adaptive, eta = {eta:g}")
        allowed = np.concatenate([[1.0], np.cumprod(arrays[f"bounds_{k}"])])
        prediction(axes, np.arange(allowed.size), allowed, "bounds" if k == 0 else None)
    fixed = arrays["fixed_gaps"]
    axes.semilogy(fixed / fixed[0], color=VERMILION, label=f"rho = {FIXED:g}, eta = 1")
    least = np.min(arrays["least"])
    finish(axes, "step", "gap / first gap", f"At least eigenvalue {least:.0e}")


def _draw_iterations(axes: Axes, arrays: dict) -> None:
    x = np.median(arrays["least"], axis=0)
    named = (
        ("adaptive", "kernel-adaptive", BLUE),
        ("fixed", f"rho = {FIXED:g}", VERMILION),
        ("gain_ratio", "gain ratios", GREEN),
    )
    for name, label, colour in named:
        shown = np.nan_to_num(arrays[f"{name}_iterations"], nan=MOST_STEPS)
        band(axes, x, shown, label, colour, marker="o", ms=4)
    axes.axhline(MOST_STEPS, color=ORANGE, linewidth=1, label=f"limit of {MOST_STEPS}")
    axes.set(xscale="log", yscale="log")
    finish(
        axes,
        "least kernel eigenvalue at the start",
        f"iterations to {GOAL:g} of the gap",
        "The optimizer",
    )
