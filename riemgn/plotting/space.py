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

_LEAST_SIDE = 0.125  # of an axis, as a share of the longest one
_SHORT_SIDE = 0.2  # likewise, of an axis with a single tick
_STRETCHED_SIDE = 0.5  # likewise, where a unit is no longer the same along all axes
_LONGEST = 0.66  # of a side, as a share of the diagonal, with which the box fills that room
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
    """Widen the axes to outputs (..., 3), before these are drawn."""
    seen = outputs.reshape(-1, 3)
    seen = seen[np.isfinite(seen).all(axis=1)]
    if len(seen):
        ax.auto_scale_xyz(*seen.T, had_data=ax.has_data())


def finish_in_space(ax: Axes3D) -> None:
    """Give axes on which something was drawn their proportions, labels and legend.

    A unit is as long along each axis, and a short axis is widened. Where that would leave two
    axes too short to be read, they are stretched instead, and their labels give the scale.
    """
    lengths = np.ptp(limits_of(ax), axis=1)
    sides, stretches = box_sides(lengths)
    if np.any(sides > lengths):
        middle = limits_of(ax).mean(axis=1)
        ax.auto_scale_xyz(*np.stack([middle - 0.5 * sides, middle + 0.5 * sides]).T, had_data=True)
        sides = np.ptp(limits_of(ax), axis=1)
    drawn = sides * stretches
    room = _ROOM * min(1.0, _LONGEST * float(np.linalg.norm(drawn) / drawn.max()))
    ax.set_box_aspect(drawn, zoom=room)
    for k, axis in enumerate((ax.xaxis, ax.yaxis, ax.zaxis)):
        axis.set_label_text(axis_label(k, stretches[k]), fontsize=10)
        axis.set_tick_params(labelsize=8)
        axis.set_major_locator(_few_ticks(4 if drawn[k] > _SHORT_SIDE * drawn.max() else 1))
        axis.set_pane_color((0.5, 0.5, 0.5, 0.06))
    ax.grid(False)
    if ax.get_legend_handles_labels()[1]:
        ax.legend(frameon=False, fontsize=9, loc="upper left")


def box_sides(lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the sides of the axes for lengths (3,) of what they show, and how each is stretched.

    One short side is made longer. Two short ones, between which nothing would be seen, are
    stretched.
    """
    least = _LEAST_SIDE * lengths.max()
    short = lengths < least
    if short.sum() < 2:
        return np.maximum(lengths, least), np.ones(3)
    return lengths, np.where(short, _STRETCHED_SIDE * lengths.max() / lengths, 1.0)


def axis_label(k: int, stretch: float) -> str:
    """Return the label of the axis of output k, counted from 0."""
    return f"output {k + 1}" + (f" ({stretch:.0f} : 1)" if stretch > 1 else "")


def limits_of(ax: Axes3D) -> np.ndarray:
    """Return the ends of the three axes, (3, 2)."""
    return np.array([ax.get_xlim3d(), ax.get_ylim3d(), ax.get_zlim3d()])


def _few_ticks(most: int):
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(most, steps=[1, 2, 2.5, 5, 10], min_n_ticks=min(most, 2))
