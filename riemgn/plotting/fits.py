"""The figure of a fit: its loss, and the choice of its ridge."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from riemgn.fitting.ridge_path import FACTOR
from riemgn.plotting.style import VERMILION, axes_or_new, finish, ink, label_axes, look, muted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from riemgn.fitting import FitResult, FitStep

_HELD_OUT = look(1)
_LEGEND = 0.3  # room for three names above the lines, a share of their height


def loss_figure(result: FitResult, title: str = "") -> Figure:
    """Return a figure of the loss of a fit against its iterations.

    Where the ridge was chosen on held-out rows, a second panel has the held-out loss against it.

    Args:
        result: What `fit` returned.
        title: A heading.
    """
    from matplotlib.figure import Figure

    chosen = len(result.report.ridge_path) > 0
    figure = Figure(figsize=(10 if chosen else 6, 4), layout="constrained", dpi=150)
    figure.get_layout_engine().set(w_pad=0.1, h_pad=0.1)  # inches
    panels = figure.subplots(1, 2 if chosen else 1, squeeze=False)[0]
    fit_curve(result, panels[0])
    if chosen:
        ridge_curve(result, panels[1])
    heading = f"{title}: {unit(result)}" if title else unit(result)
    figure.suptitle(heading, fontsize=11, fontweight="bold")
    return figure


def fit_curve(result: FitResult, ax: Axes | None = None) -> Axes:
    """Draw the loss a row of every iterate of a fit, on training rows and on rows held out.

    Args:
        result: What `fit` returned.
        ax: Axes, or None for new ones.
    """
    axes = axes_or_new(ax)
    held = [step for step in result.history if step.held_out_loss is not None]
    rest = [step for step in result.history if step.held_out_loss is None]
    ridge_chosen = any(step.phase == "ridge" for step in held)
    if held:
        fold = "first fold" if ridge_chosen else "rows kept"
        iterations = [step.iteration for step in held]
        axes.plot(iterations, [s.loss for s in held], label=f"training, {fold}", **look(0))
        held_out = [step.held_out_loss for step in held]
        axes.plot(iterations, held_out, label="held out", **_HELD_OUT)
        if not ridge_chosen:
            best = int(np.argmin(held_out))
            _star(axes, iterations[best], held_out[best], "returned")
    if rest:
        iterations = [step.iteration for step in rest]
        options = look(2, len(rest))
        axes.plot(iterations, [s.loss for s in rest], label="training, all rows", **options)
    if ridge_chosen:
        _mark_strengths(axes, held)
    axes.set_yscale("log" if _spread(result.history) > 20 else "linear")
    finish(axes, "iteration", "loss a row", "Loss")
    return axes


def ridge_curve(result: FitResult, ax: Axes | None = None) -> Axes:
    """Draw the held-out loss of each strength of the ridge, every fold and their mean.

    Args:
        result: What `fit` returned.
        ax: Axes, or None for new ones.

    Raises:
        ValueError: The fit tried no strengths: its ridge was given.
    """
    if not result.report.ridge_path:
        raise ValueError("result must have chosen its ridge, which was given here")
    axes = axes_or_new(ax)
    strengths = np.array([ridge for ridge, _ in result.report.ridge_path])
    losses = np.array([fold_losses for _, fold_losses in result.report.ridge_path])
    several = losses.shape[1] > 1
    if several:
        for i, fold in enumerate(losses.T):
            label = "single folds" if i == 0 else None
            axes.plot(strengths, fold, color=VERMILION, alpha=0.35, linewidth=1, label=label)
    mean = losses.mean(axis=1)
    label = f"mean of {losses.shape[1]} folds" if several else "held out"
    axes.plot(strengths, mean, label=label, **_HELD_OUT, marker="o", markersize=4)
    best = int(np.argmin(mean))
    _star(axes, strengths[best], mean[best], f"chosen: {strengths[best]:.3g}")
    axes.set_xscale("log")
    axes.invert_xaxis()
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + _LEGEND * (high - low))
    label_axes(axes, "ridge, weaker to the right", "held-out loss a row", "Choice of the ridge")
    axes.legend(loc="upper center", frameon=False, fontsize=9)
    return axes


def _mark_strengths(axes: Axes, steps: list[FitStep]) -> None:
    """Draw a thin line where the ridge changes."""
    changes = [after for before, after in pairwise(steps) if after.ridge != before.ridge]
    for k, step in enumerate(changes):
        label = f"ridge {FACTOR:g} times weaker" if k == 0 else None
        axes.axvline(step.iteration, color=muted(), linewidth=0.6, linestyle=":", label=label)


def _star(axes: Axes, x: float, y: float, label: str) -> None:
    """Mark a point with a star."""
    star = {"marker": "*", "markersize": 13, "linestyle": "none"}
    axes.plot(x, y, color=ink(), label=label, **star)


def unit(result: FitResult) -> str:
    """Return the unit of the loss in words."""
    kind = result.model.target.kind
    return {
        "squared": "half squared error, standardised",
        "huber": "Huber loss, standardised",
        "poisson": "Poisson loss over the mean count",
        "logistic": "cross entropy, nats",
        "softmax": "cross entropy, nats",
    }.get(kind, "own loss")


def _spread(history: tuple[FitStep, ...]) -> float:
    losses = np.array([step.loss for step in history])
    least = losses.min(initial=np.inf)
    return losses.max(initial=0.0) / least if least > 0 else 1.0
