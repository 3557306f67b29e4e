"""The figure of claim C3: the fall of the gap, and late rates beside what theory says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from riemgn.plotting.style import COLOURS, MUTED, band, finish, ink, prediction

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from riemgn.reproduction.claim import Verdict

_LEAST_GAP = 1e-13  # over the first: below it gaps are rounding


def draw(verdict: Verdict, figure: Figure) -> None:
    """Draw the fall of the gap, the rate against the scale, and rates against moduli."""
    figure.set_size_inches(13.0, 5.8)
    grid = figure.add_gridspec(2, 3, height_ratios=(3, 1))
    falls, pairs = figure.add_subplot(grid[:, 0]), figure.add_subplot(grid[:, 2])
    rates = figure.add_subplot(grid[0, 1])
    shares = figure.add_subplot(grid[1, 1], sharex=rates)
    arrays = verdict.arrays
    colours = dict(zip(map(str, arrays["labels"]), (*COLOURS, "#7a4b2a"), strict=False))
    _draw_falls(falls, arrays, colours)
    _draw_sweep(rates, shares, arrays)
    _draw_pairs(pairs, arrays, colours)
    handles = [falls.plot([], [], color=colour, linewidth=3)[0] for colour in colours.values()]
    figure.legend(
        handles, list(colours), loc="outside lower center", ncol=4, frameon=False, fontsize=9
    )


def _draw_falls(axes: Axes, arrays: dict, colours: dict[str, str]) -> None:
    for k, label in enumerate(arrays["labels"]):
        times, gaps, bound = arrays[f"fall_{k}"]
        end = _first_below(gaps, max(_LEAST_GAP, 10 * float(arrays[f"floor_{k}"])))
        axes.plot(times[:end], gaps[:end], color=colours[str(label)], linewidth=1.8)
        end = _first_below(bound, _LEAST_GAP)
        name = "bound gap(0) exp(-2 m t)" if k == 0 else None
        axes.plot(times[:end], bound[:end], color=ink(), linewidth=0.9, linestyle="--", label=name)
    axes.set_yscale("log")
    axes.set_ylim(_LEAST_GAP, 3)
    axes.set_xlim(0, 40)
    finish(axes, "time t", "gap over the first", "The gap of the last iterate")


def _first_below(values: np.ndarray, least: float) -> int:
    below = ~(values > least)
    return int(np.argmax(below)) if below.any() else values.size


def _draw_sweep(axes: Axes, shares: Axes, arrays: dict) -> None:
    alphas = arrays["alphas"]
    if not alphas.size:
        return
    band(axes, alphas, arrays["rates"], "late rate, median and range", COLOURS[0], marker="o")
    h = np.where(np.isfinite(arrays["rates"]), arrays["optimum_moduli"], np.nan)
    seen = np.isfinite(h).any(axis=0)
    if seen.any():
        moduli = np.nanmedian(h[:, seen], axis=0)
        prediction(axes, alphas[seen], 2 * moduli, "2 h at the optimum, median")
    axes.axhline(2.0, color=MUTED, linewidth=0.9, linestyle=":")
    axes.set_xscale("log", base=2)
    axes.set_ylim(0, 2.15)
    finish(axes, "", "late rate of the gap", "Regression: to the rate 2 as $\\alpha$ grows")
    axes.legend(frameon=False, fontsize=9, loc="lower right")
    axes.tick_params(labelbottom=False)
    shares.bar(alphas, arrays["arrivals"].mean(axis=0), width=0.5 * alphas, color=COLOURS[0])
    shares.set_ylim(0, 1.05)
    finish(shares, "output scale $\\alpha$", "share arriving")


def _draw_pairs(axes: Axes, arrays: dict, colours: dict[str, str]) -> None:
    labels, pairs = arrays["rate_labels"], arrays["rate_pairs"]
    named = np.isin(labels, list(colours))
    dots = {"alpha": 0.85, "linewidth": 0}
    axes.scatter(*pairs[~named].T, s=22, color=MUTED, label="regression, other $\\alpha$", **dots)
    for label, colour in colours.items():
        axes.scatter(*pairs[labels == label].T, s=36, color=colour, **dots)
    prediction(axes, [0, 2.05], [0, 2.05], "equal: the asymptotic rate")
    axes.set_xlim(0, 2.1)
    axes.set_ylim(0, 2.15)
    finish(axes, "2 h at the optimum", "late rate of the gap", "Every flow: rate and modulus")
    axes.legend(frameon=False, fontsize=9, loc="lower right")
