"""Performance profiles: how often a method is the best, and how far behind it is elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from riemgn.comparison.profiles import performance_ratios
from riemgn.plotting.legends import legend_above_axes
from riemgn.plotting.spending import NAMES
from riemgn.plotting.style import axes_or_new, label_axes, look

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from riemgn.comparison import Comparison


def performance_profile(
    comparisons: Comparison | Mapping[str, Comparison],
    ax: Axes | None = None,
    *,
    measure: str = "seconds",
    accuracy: float = 1e-3,
) -> Axes:
    """Draw which share of problems each method solves within a factor of the best one.

    On the left it is how often a method is the best, on the right how often it solves a problem at
    all; what counts as solved, and arguments and errors, are those of
    `riemgn.comparison.performance_ratios`.
    """
    ratios = performance_ratios(comparisons, measure, accuracy)
    axes = axes_or_new(ax)
    finite = ratios.ratios[np.isfinite(ratios.ratios)]
    end = 1.1 * max(float(finite.max()), 2.0)
    entries = []
    for k, method in enumerate(ratios.methods):
        own = np.sort(ratios.ratios[:, k])
        steps = own[np.isfinite(own)]
        factors = np.concatenate([[1.0], steps, [end]])
        shares = np.concatenate([[0.0], np.arange(1, steps.size + 1), [steps.size]]) / own.size
        [line] = axes.plot(factors, shares, drawstyle="steps-post", label=method, **look(k))
        entries.append((method, line))
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlim(1.0, end)
    axes.set_ylim(-0.03, 1.03)
    count = len(ratios.problems)
    label_axes(
        axes,
        f"{NAMES[measure]}, multiple of the best method's",
        f"share of {count} problem{'s' * (count != 1)} solved to {accuracy:g}",
    )
    legend_above_axes(axes, entries)
    return axes
