"""Pictures of comparisons: losses against what was spent, performance profiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from riemgn.arguments import choice
from riemgn.comparison.profiles import performance_ratios
from riemgn.plotting.style import axes_or_new, band, finish, look, remark

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from riemgn.comparison import Comparison, MethodRun

_WIDE = 3  # the largest over the least loss from which a logarithmic axis shows more
_POWERS = 100  # and from which ticks are written as powers of ten
_PLACES = 200  # at which losses of several starts are compared
_LEAST_SECONDS = 1e-3  # the left end of an axis of seconds, unless all ends sooner

_ACROSS = 6  # labels in a row above a figure
_FAINT = 0.1  # opacity of bands, of which several lie one above the other

_LABELS = {
    "iterations": "iterations",
    "evaluations": "evaluations of f",
    "seconds": "seconds",
}


def comparison_figure(comparison: Comparison) -> Figure:
    """Return a figure with the losses of a comparison against iterations and against seconds."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4.2), layout="constrained", dpi=150)
    figure.get_layout_engine().set(w_pad=0.1, h_pad=0.1)  # inches
    left, right = figure.subplots(1, 2, sharey=True)
    comparison_curve(comparison, left, against="iterations")
    comparison_curve(comparison, right, against="seconds")
    right.set_ylabel("")
    handles, labels = left.get_legend_handles_labels()
    for axes in (left, right):
        axes.get_legend().remove()
    columns = min(len(labels), _ACROSS)
    figure.legend(handles, labels, loc="outside upper center", ncols=columns, frameon=False)
    return figure


def comparison_curve(
    comparison: Comparison, ax: Axes | None = None, *, against: str = "iterations"
) -> Axes:
    """Draw the least loss so far of each method against what it had spent.

    The axis of what is spent is logarithmic (that of iterations begins with 0). From several starts
    it is the median with the range over them; a run that has ended keeps its loss until the last of
    its method has. The axis of the loss is logarithmic where losses are positive and differ by more
    than a factor of 3. Methods that failed from every start are named.

    Args:
        comparison: The comparison.
        ax: Axes, or None for new ones.
        against: "iterations", "evaluations" or "seconds".

    Raises:
        ValueError: `against` is something else, or no run succeeded.
    """
    choice("against", against, _LABELS)
    ran = {
        method: [run for run in comparison.of(method) if run.result is not None]
        for method in comparison.methods
    }
    losses = [run.losses for runs in ran.values() for run in runs]
    if not losses:
        raise ValueError("comparison must have a run that did not fail")
    axes = axes_or_new(ax)
    for k, (method, runs) in enumerate(ran.items()):
        if not runs:
            remark(axes, f"{method} failed")
        elif len(runs) == 1:
            _draw_run(axes, runs[0], against, k)
        else:
            _draw_runs(axes, runs, against, k)
    _scale(axes, [run for runs in ran.values() for run in runs], against)
    _scale_losses(axes, np.concatenate(losses))
    finish(axes, _LABELS[against], "least loss so far")
    _legend_above(axes)
    return axes


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
    for k, method in enumerate(ratios.methods):
        own = np.sort(ratios.ratios[:, k])
        steps = own[np.isfinite(own)]
        factors = np.concatenate([[1.0], steps, [end]])
        shares = np.concatenate([[0.0], np.arange(1, steps.size + 1), [steps.size]]) / own.size
        options = look(k)
        axes.plot(factors, shares, drawstyle="steps-post", label=method, **options)
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlim(1.0, end)
    axes.set_ylim(-0.03, 1.03)
    count = len(ratios.problems)
    finish(
        axes,
        f"{_LABELS[measure]}, multiple of the best method's",
        f"share of {count} problem{'s' * (count != 1)} solved to {accuracy:g}",
    )
    _legend_above(axes)
    return axes


def _draw_run(axes: Axes, run: MethodRun, against: str, k: int) -> None:
    spent, losses = run.spent(against), run.losses
    axes.plot(spent, losses, label=run.method, **look(k, losses.size))
    if losses.size > 1:
        axes.plot(spent[-1], losses[-1], **look(k, 1), label="_end")


def _draw_runs(axes: Axes, runs: Sequence[MethodRun], against: str, k: int) -> None:
    last = max(run.spent(against)[-1] for run in runs)
    if against == "iterations":
        places = np.unique(np.round(np.geomspace(1, last + 1, _PLACES)) - 1)
    else:
        first = min(run.spent(against)[0] for run in runs)
        places = np.geomspace(max(first, 1e-6), max(last, 2e-6), _PLACES)
    rows = [_held(run, against, places) for run in runs]
    options = {name: value for name, value in look(k).items() if name != "color"}
    band(axes, places, rows, runs[0].method, look(k)["color"], **options)
    axes.collections[-1].set_alpha(_FAINT)


def _held(run: MethodRun, against: str, places: np.ndarray) -> np.ndarray:
    """The loss of a run at places, that of its last record up to there; its first one before."""
    at = np.searchsorted(run.spent(against), places, side="right") - 1
    return run.losses[np.maximum(at, 0)]


def _scale(axes: Axes, runs: Sequence[MethodRun], against: str) -> None:
    last = max(run.spent(against)[-1] for run in runs)
    if against == "iterations":
        axes.set_xscale("symlog", linthresh=1, linscale=0.3)
        axes.set_xlim(0, 1.2 * max(last, 1))
        return
    axes.set_xscale("log")
    if against == "seconds":
        axes.set_xlim(min(_LEAST_SECONDS, last / 10), 1.2 * last)


def _legend_above(axes: Axes) -> None:
    """Put the legend above the axes, where it hides no line."""
    place = {"loc": "lower left", "bbox_to_anchor": (0.0, 1.0), "ncols": 3}
    axes.legend(frameon=False, fontsize=9, **place)


def _scale_losses(axes: Axes, losses: np.ndarray) -> None:
    from matplotlib.ticker import LogFormatter

    if not (losses.min() > 0 and losses.max() > _WIDE * losses.min()):
        return
    axes.set_yscale("log")
    if losses.max() < _POWERS * losses.min():
        axes.yaxis.set_major_formatter(LogFormatter())
        axes.yaxis.set_minor_formatter(LogFormatter())
