"""Axes in three dimensions in which pictures of surfaces are drawn: scale, layers, look."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from riemgn.plotting.style import axes_or_new

if TYPE_CHECKING:
    from mpl_toolkits.mplot3d import Axes3D

SIZE = (7.0, 6.0)  # inches

# What is drawn over what. matplotlib orders whole objects by their middles, which hides lines in
# the surface that they lie on.
SURFACE, LEVELS, PLANE, PATH, POINT = 1, 2, 3, 5, 6

_ROOM = 0.92  # share of the axes that the box may fill, for labels beside it


def axes_in_space(ax: Axes3D | None) -> Axes3D:
    """Return three-dimensional axes, those given or new ones, that draw in the order above.

    Raises:
        TypeError: `ax` is no matplotlib axes.
        ValueError: It has two dimensions.
    """
    ax = axes_or_new(ax, "3d", SIZE)
    ax.computed_zorder = False
    return ax


def room_for(ax: Axes3D, outputs: np.ndarray) -> None:
    """Widen the axes to outputs (..., 3), before these are drawn, and give the axes their look.

    A unit is as long along each axis.
    """
    seen = outputs.reshape(-1, 3)
    seen = seen[np.isfinite(seen).all(axis=1)]
    if len(seen):
        ax.auto_scale_xyz(*seen.T, had_data=ax.has_data())
    ax.set_box_aspect([np.ptp(limits) for limits in limits_of(ax)], zoom=_ROOM)
    for k, axis in enumerate((ax.xaxis, ax.yaxis, ax.zaxis), start=1):
        axis.set_label_text(f"output {k}", fontsize=10)
        axis.set_tick_params(labelsize=8)
        axis.set_major_locator(_few_ticks())
        axis.set_pane_color((0.5, 0.5, 0.5, 0.06))
    ax.grid(False)


def limits_of(ax: Axes3D) -> np.ndarray:
    """Return the ends of the three axes, (3, 2)."""
    return np.array([ax.get_xlim3d(), ax.get_ylim3d(), ax.get_zlim3d()])


def legend(ax: Axes3D) -> None:
    """Give the axes a legend, if anything has a label."""
    if ax.get_legend_handles_labels()[1]:
        ax.legend(frameon=False, fontsize=9, loc="upper left")


def _few_ticks():
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(4, steps=[1, 2, 2.5, 5, 10])
