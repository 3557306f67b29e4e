"""The figure of a fit: its loss, and the choice of its ridge."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from riemgn.fitting.ridge_path import FACTOR

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from riemgn.fitting import FitResult, FitStep

TRAINING, HELD_OUT, ALL_ROWS = "#1b6ca8", "#d1495b", "#2e7d4f"
MUTED = "#6b7280"


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
    _draw_history(panels[0], result)
    if chosen:
        _draw_ridge_path(panels[1], result)
    for axes in panels:
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25, linewidth=0.6)
        axes.legend(frameon=False, fontsize=9)
    heading = f"{title}: {unit(result)}" if title else unit(result)
    figure.suptitle(heading, fontsize=11, fontweight="bold")
    return figure


def _draw_history(axes: Axes, result: FitResult) -> None:
    """Draw the training and the held-out loss of every iterate."""
    held = [step for step in result.history if step.held_out_loss is not None]
    rest = [step for step in result.history if step.held_out_loss is None]
    ridge_chosen = any(step.phase == "ridge" for step in held)
    if held:
        fold = "first fold" if ridge_chosen else "rows kept"
        iterations = [step.iteration for step in held]
        axes.plot(iterations, [s.loss for s in held], color=TRAINING, label=f"training, {fold}")
        held_out = [step.held_out_loss for step in held]
        axes.plot(iterations, held_out, color=HELD_OUT, label="held out")
        if not ridge_chosen:
            best = int(np.argmin(held_out))
            _star(axes, iterations[best], held_out[best], "returned")
    if rest:
        marker = "o" if len(rest) == 1 else None
        axes.plot(
            [step.iteration for step in rest],
            [step.loss for step in rest],
            color=ALL_ROWS,
            marker=marker,
            label="training, all rows",
        )
    if ridge_chosen:
        _mark_strengths(axes, held)
    axes.set_yscale("log" if _spread(result.history) > 20 else "linear")
    axes.set_xlabel("iteration")
    axes.set_ylabel("loss a row")
    axes.set_title("Loss", fontsize=11)


def _mark_strengths(axes: Axes, steps: list[FitStep]) -> None:
    """Draw a thin line where the ridge changes."""
    changes = [after for before, after in pairwise(steps) if after.ridge != before.ridge]
    for k, step in enumerate(changes):
        label = f"ridge {FACTOR:g} times weaker" if k == 0 else None
        axes.axvline(step.iteration, color=MUTED, linewidth=0.6, linestyle=":", label=label)


def _draw_ridge_path(axes: Axes, result: FitResult) -> None:
    """Draw the held-out loss of each strength, every fold and their mean."""
    strengths = np.array([ridge for ridge, _ in result.report.ridge_path])
    losses = np.array([fold_losses for _, fold_losses in result.report.ridge_path])
    several = losses.shape[1] > 1
    if several:
        for i, fold in enumerate(losses.T):
            label = "single folds" if i == 0 else None
            axes.plot(strengths, fold, color=HELD_OUT, alpha=0.25, linewidth=1, label=label)
    mean = losses.mean(axis=1)
    label = f"mean of {losses.shape[1]} folds" if several else "held out"
    axes.plot(strengths, mean, color=HELD_OUT, marker="o", markersize=4, label=label)
    best = int(np.argmin(mean))
    _star(axes, strengths[best], mean[best], f"chosen: {strengths[best]:.3g}")
    axes.set_xscale("log")
    axes.invert_xaxis()
    axes.set_xlabel("ridge, weaker to the right")
    axes.set_ylabel("held-out loss a row")
    axes.set_title("Choice of the ridge", fontsize=11)


def _star(axes: Axes, x: float, y: float, label: str) -> None:
    """Mark a point with a star."""
    axes.plot(x, y, color="black", marker="*", markersize=13, linestyle="none", label=label)


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
