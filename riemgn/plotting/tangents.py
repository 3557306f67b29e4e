"""Tangent planes of a surface in R^3."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from riemgn.arguments import positive
from riemgn.manifolds import ImmersedManifold, Point
from riemgn.plotting.meshes import surface_manifold
from riemgn.plotting.space import PLANE, axes_in_space, finish_in_space, limits_of, room_for
from riemgn.plotting.style import PURPLE
from riemgn.problem import Problem

if TYPE_CHECKING:
    from mpl_toolkits.mplot3d import Axes3D

PLANE_SHARE = 0.2  # half the side of a tangent plane, as a share of the surface's longest side


def tangent_plane(
    M: ImmersedManifold | Problem,
    x: Point,
    ax: Axes3D | None = None,
    *,
    size: float | None = None,
    normal: bool = False,
    colour: str = PURPLE,
    label: str | None = "tangent plane",
) -> Axes3D:
    """Draw a square of the tangent plane at a point.

    Args:
        M: The manifold, or a problem on it.
        x: The point, in the middle.
        ax: Three-dimensional axes, or None for new ones.
        size: The square's side, in outputs; by default two fifths of the longest axis, and 1 on
            new axes.
        normal: Whether the unit normal is drawn too, as long as half the side.
        colour: Of the square.
        label: In the legend.

    Raises:
        TypeError: An argument is of another type.
        ValueError: M is no surface in R^3, x is not on it, or the tangent space at x is no plane.
    """
    from mpl_toolkits.mplot3d.art3d import Poly3DCollection

    fresh = ax is None
    ax = axes_in_space(ax)
    if size is not None:
        half = 0.5 * positive("size", size)
    else:
        half = 0.5 if fresh else PLANE_SHARE * float(np.ptp(limits_of(ax), axis=1).max())
    square = tangent_square(M, x, half)
    tip = x.outputs + half * unit_normal(square)
    room_for(ax, np.vstack([square, tip]) if normal else square)
    patch = Poly3DCollection(
        [square], facecolors=[colour], alpha=0.45, edgecolors=colour, linewidths=1, zorder=PLANE
    )
    patch.set_label(label)
    ax.add_collection3d(patch)
    if normal:
        ends = np.stack([x.outputs, tip])
        ax.plot(*ends.T, color=colour, linewidth=1.6, zorder=PLANE + 1)
    finish_in_space(ax)
    return ax


def tangent_square(M: ImmersedManifold | Problem, x: Point, half: float) -> np.ndarray:
    """Return the corners (4, 3) of a square of the tangent plane, 2 `half` wide, x in its middle.

    Raises:
        TypeError: An argument is of another type.
        ValueError: M is no surface in R^3, x is not on it, or the tangent space at x is no plane.
    """
    basis = surface_manifold(M).tangent_basis(x)
    if basis.shape[1] != 2:
        raise ValueError(f"the tangent space at x must be a plane, got rank {basis.shape[1]}")
    return x.outputs + half * np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) @ basis.T


def unit_normal(square: np.ndarray) -> np.ndarray:
    """Return the unit normal (3,) of a square (4, 3), by its corners' order."""
    crossed = np.cross(square[1] - square[0], square[3] - square[0])
    return crossed / np.linalg.norm(crossed)
