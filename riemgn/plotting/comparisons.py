"""Pictures of a comparison: losses against what was spent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from riemgn.arguments import choice
from riemgn.plotting.heights import Heights, LeastLoss, heights_of, telling
from riemgn.plotting.legends import Entries, legend_above_axes, legend_above_figure
from riemgn.plotting.spending import NAMES, places_along, scale_spending
from riemgn.plotting.style import axes_or_new, band, ink, label_axes, look

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from riemgn.comparison import Comparison, MethodRun

_FAINT = 0.1  # opacity of bands, of which several lie one above the other


def comparison_figure(comparison: Comparison) -> Figure:
    """Return a figure with the losses of a comparison against iterations and against seconds.

    Where two methods or more come to the same least loss, which an axis of losses would not tell
    apart, it is the gap to the least loss found.

    Raises:
        ValueError: No run succeeded.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4.2), layout="constrained", dpi=150)
    figure.get_layout_engine().set(w_pad=0.1, h_pad=0.1)  # inches
    left, right = figure.subplots(1, 2, sharey=True)
    least_loss = telling(comparison)
    entries = _draw(comparison, left, "iterations", least_loss)
    _draw(comparison, right, "seconds", least_loss)
    right.set_ylabel("")
    legend_above_figure(figure, entries)
    return figure


def comparison_curve(
    comparison: Comparison,
    ax: Axes | None = None,
    *,
    against: str = "iterations",
    least_loss: LeastLoss = None,
) -> Axes:
    """Draw the least loss so far of each method, or its gap, against what it had spent.

    The axis of what is spent is logarithmic where it is longer than a decade (that of iterations
    begins with 0). From several starts it is the median with the range over them; a run that has
    ended keeps its loss until the last of its method has. The axis of the loss is logarithmic where
    no loss is negative and they differ by more than a factor of 3, that of the gap where any gap is
    above rounding; what is rounding or zero is drawn at a dotted line. Methods that failed from
    every start are named. Names in a script that the font lacks need another font
    (`matplotlib.rcParams["font.family"]`).

    Args:
        comparison: The comparison.
        ax: Axes, or None for new ones.
        against: "iterations", "evaluations" or "seconds".
        least_loss: The loss to which the gap is drawn: a number, or "found", the least one that any
            method reached from the same start. None draws the loss.

    Raises:
        TypeError: `least_loss` is of another type.
        ValueError: `against` or `least_loss` is something else, or no run succeeded.
    """
    axes = axes_or_new(ax)
    legend_above_axes(axes, _draw(comparison, axes, against, least_loss))
    return axes


def _draw(comparison: Comparison, axes: Axes, against: str, least_loss: LeastLoss) -> Entries:
    """Draw everything but the legend, and return what belongs there."""
    choice("against", against, NAMES)
    runs = [run for run in comparison.runs if run.result is not None]
    if not runs:
        raise ValueError("comparison must have a run that did not fail")
    heights = heights_of(runs, least_loss)
    entries: list[tuple[str, Artist]] = []
    for k, method in enumerate(comparison.methods):
        own = [run for run in runs if run.method == method]
        if own:
            draw = _draw_run if len(own) == 1 else _draw_runs
            entries.append((method, draw(axes, own, against, heights, k)))
        elif comparison.of(method):
            entries.append((f"{method} failed", axes.plot([], [], linestyle="none")[0]))
    heights.scale(axes, runs)
    if heights.reach_bottom(runs):
        dotted = {"color": ink(), "linewidth": 1.0, "linestyle": ":", "zorder": 1}
        entries.append(("zero, to rounding", axes.axhline(heights.bottom, **dotted)))
    scale_spending(axes, runs, against)
    label_axes(axes, NAMES[against], heights.name)
    return entries


def _draw_run(
    axes: Axes, runs: Sequence[MethodRun], against: str, heights: Heights, k: int
) -> Artist:
    [run] = runs
    spent, drawn = run.spent(against), heights.of(run)
    [line] = axes.plot(spent, drawn, label=run.method, **look(k, drawn.size))
    if drawn.size > 1:
        axes.plot(spent[-1], drawn[-1], **look(k, 1), label="_end")
    return line


def _draw_runs(
    axes: Axes, runs: Sequence[MethodRun], against: str, heights: Heights, k: int
) -> Artist:
    places = places_along(runs, against)
    rows = [_held(run, heights, against, places) for run in runs]
    options = {name: value for name, value in look(k).items() if name != "color"}
    line = band(axes, places, rows, runs[0].method, look(k)["color"], **options)
    axes.collections[-1].set_alpha(_FAINT)
    return line


def _held(run: MethodRun, heights: Heights, against: str, places: np.ndarray) -> np.ndarray:
    """The height of a run at places, that of its last record up to there; its first one before."""
    at = np.searchsorted(run.spent(against), places, side="right") - 1
    return heights.of(run)[np.maximum(at, 0)]
