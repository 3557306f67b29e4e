"""The figure of claim C5: what flows do at each output scale, a line for each initialisation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from riemgn.plotting.style import COLOURS, MUTED, band, finish, ink

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    from riemgn.reproduction.claim import Verdict


def draw(verdict: Verdict, figure: Figure) -> None:
    """Draw arrivals, late rates, losses and distances against the output scale."""
    figure.set_size_inches(12.5, 8.6)
    axes = figure.subplots(2, 2, sharex=True).ravel()
    arrays = verdict.arrays
    lines = [_draw_start(axes, arrays, k) for k in range(arrays["starts"].size)]
    axes[1].axhline(2.0, color=MUTED, linewidth=0.9, linestyle=":")
    predicted = axes[3].plot([], [], color=ink(), linewidth=1.0, linestyle="--")
    threshold = axes[0].plot([], [], color=MUTED, linewidth=1.2, linestyle="-.")
    test = axes[2].plot([], [], color=MUTED, linewidth=1.2, linestyle=":", marker="x")
    for ax in axes:
        ax.set_xscale("log", base=2)
    axes[0].set_ylim(-0.03, 1.05)
    axes[1].set_ylim(0, 2.2)
    axes[2].set_ylim(bottom=0)
    axes[3].set_yscale("log")
    finish(axes[0], "", "share of flows", "Flows that arrive")
    finish(axes[1], "", "late rate of the gap", "Rate: to 2 as $\\alpha$ grows")
    finish(
        axes[2],
        "output scale $\\alpha$",
        "loss over the first; test error",
        "Loss at the end of flows that arrive",
    )
    finish(axes[3], "output scale $\\alpha$", "|w - w0| over |w0|", "Distance travelled")
    handles = [*lines, *predicted, *threshold, *test]
    names = [
        *map(str, arrays["starts"]),
        "predicted: 2 h(w0), |J⁺g| over |w0| at the start",
        "sufficient $\\alpha$, median",
        "test error, variances",
    ]
    figure.legend(handles, names, loc="outside lower center", ncol=4, frameon=False, fontsize=9)


def _draw_start(axes: list[Axes], arrays: dict, k: int) -> Line2D:
    alphas, colour = arrays["alphas"], _colours(arrays["starts"].size)[k]
    there = np.where(arrays[f"arrived_{k}"] > 0, 1.0, np.nan)
    look = {"marker": "o", "markersize": 4, "linewidth": 1.6}
    [line] = axes[0].plot(alphas, arrays[f"arrived_{k}"].mean(axis=0), color=colour, **look)
    for ax in axes[:2]:
        ax.axvline(np.median(arrays[f"threshold_{k}"]), color=colour, linestyle="-.", alpha=0.8)
    for ax, name in ((axes[1], "rate"), (axes[2], "loss"), (axes[3], "relative_distance")):
        band(ax, alphas, arrays[f"{name}_{k}"] * there, None, colour, "quartiles", **look)
    dashed = {"color": ink(), "linewidth": 0.9, "linestyle": "--"}
    axes[1].plot(alphas, 2 * np.median(arrays[f"start_modulus_{k}"], axis=0), **dashed)
    axes[3].plot(alphas, np.median(arrays[f"predicted_distance_{k}"], axis=0), **dashed)
    if np.isfinite(arrays[f"test_error_{k}"]).any():
        errors = arrays[f"test_error_{k}"] * there
        marked = {"linestyle": ":", "marker": "x", "linewidth": 1.2}
        band(axes[2], alphas, errors, None, colour, "quartiles", **marked)
    return line


def _colours(count: int) -> tuple[str, ...]:
    return (*COLOURS, "#7a4b2a", MUTED)[:count]
