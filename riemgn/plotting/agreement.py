"""Predictions against what was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from riemgn.arguments import vector
from riemgn.plotting.style import BLUE, axes_or_new, finish, ink

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MANY = 200  # points above which each is drawn fainter


def predictions(y, predicted, ax: Axes | None = None, *, name: str = "target") -> Axes:
    """Draw predictions over measured values, with the line on which they agree.

    Args:
        y: What was measured, (m,).
        predicted: Predictions of it, (m,).
        ax: Axes, or None for new ones.
        name: What was measured, for the labels.

    Raises:
        TypeError: An argument does not hold numbers.
        ValueError: The shapes differ, or a value is not finite.
    """
    y = vector("y", y)
    predicted = vector("predicted", predicted, y.size)
    axes = axes_or_new(ax)
    alpha = 0.85 if y.size <= _MANY else 0.5
    dots = {"marker": "o", "markersize": 5, "linestyle": "none", "markeredgewidth": 0}
    axes.plot(y, predicted, color=BLUE, alpha=alpha, label=f"{y.size} rows", **dots)
    ends = np.array([min(y.min(), predicted.min()), max(y.max(), predicted.max())])
    axes.plot(ends, ends, color=ink(), linewidth=1, linestyle="--", label="prediction = target")
    finish(axes, f"{name}, measured", f"{name}, predicted")
    return axes
