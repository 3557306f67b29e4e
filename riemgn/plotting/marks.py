"""Single points in R^3: the target of a fit, where paths start and end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from riemgn.arguments import vector
from riemgn.manifolds import Point
from riemgn.plotting.space import PLANE, POINT, axes_in_space, finish_in_space, room_for
from riemgn.plotting.style import ink

if TYPE_CHECKING:
    from mpl_toolkits.mplot3d import Axes3D


def target(
    y,
    ax: Axes3D | None = None,
    *,
    nearest: Point | None = None,
    label: str | None = "target y",
) -> Axes3D:
    """Draw the target y (3,) as a star, and if it is given a thin line to its nearest point.

    Raises:
        TypeError: y is not real.
        ValueError: It is not of shape (3,).
    """
    y = vector("y", y, 3)
    ends = y[None] if nearest is None else np.stack([y, vector("nearest", nearest, 3)])
    ax = axes_in_space(ax)
    room_for(ax, ends)
    star = {"marker": "*", "s": 190, "facecolor": ink(), "edgecolor": "white", "linewidth": 0.8}
    ax.scatter(*y, label=label, zorder=POINT, depthshade=False, **star)
    if nearest is not None:
        ax.plot(*ends.T, color=ink(), linewidth=1, linestyle=":", zorder=PLANE + 1)
    finish_in_space(ax)
    return ax


def mark(
    u,
    ax: Axes3D | None = None,
    *,
    label: str | None = None,
    colour: str = "white",
    marker: str = "o",
) -> Axes3D:
    """Draw one point u (3,), as where paths start or end."""
    u = vector("u", u, 3)
    ax = axes_in_space(ax)
    room_for(ax, u[None])
    dot = {"marker": marker, "s": 60, "facecolor": colour, "edgecolor": ink(), "linewidth": 1.2}
    ax.scatter(*u, label=label, zorder=POINT, depthshade=False, **dot)
    finish_in_space(ax)
    return ax
