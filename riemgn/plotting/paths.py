"""Paths on a surface in R^3: runs, flows, geodesics."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from riemgn.arguments import integer, positive, told, vector
from riemgn.manifolds import ImmersedManifold, Point
from riemgn.plotting.frames import outputs_over
from riemgn.plotting.meshes import surface_manifold
from riemgn.plotting.space import PATH, axes_in_space, finish_in_space, room_for
from riemgn.plotting.style import BLUE, GREEN
from riemgn.plotting.walks import Walk, Walked, walk
from riemgn.problem import Problem

if TYPE_CHECKING:
    from mpl_toolkits.mplot3d import Axes3D

BETWEEN = 24  # points drawn for each step of a run on a surface

_ON_SURFACE = 1e-6  # of the outputs' size: how far a path may be from the surface's outputs
_ALONG = 1e-12  # of a velocity: a tangential part that is rounding
_FAINT = 0.4  # opacity behind a surface
_BEHIND = {"linestyle": ":", "linewidth": 1.6, "alpha": 0.8, "path_effects": []}


def path(
    path: Walked,
    ax: Axes3D | None = None,
    *,
    on: ImmersedManifold | Problem | None = None,
    label: str | None = None,
    colour: str = BLUE,
    linestyle="-",
) -> Axes3D:
    """Draw the points of a run, a flow or a curve in R^3, in their order.

    Where a surface on the same axes hides it from where these are seen, it is dotted.

    Args:
        path: A `Result` of `minimize(..., record_points=True)`, a `Trajectory`, points, or outputs
            (m, 3). The points of a run have markers.
        ax: Three-dimensional axes, or None for new ones.
        on: The surface on which each step is drawn, as the image of the straight line between the
            parameters; None for a straight line between the outputs.
        label: In the legend.
        colour: Of the line.
        linestyle: As matplotlib takes it.

    Raises:
        TypeError: An argument is of another type.
        ValueError: The points have another number of outputs, or a run did not record them; `on` is
            no surface in R^3, or not that of the points; or it is given for outputs alone.
    """
    from riemgn.plotting.artists import SpaceLine

    walked = walk_in_space(path)
    curve = walked.outputs if on is None else steps_on(surface_manifold(on), walked)
    ax = axes_in_space(ax)
    room_for(ax, curve)
    line = {"color": colour, "linewidth": 2.2, "linestyle": linestyle, "zorder": PATH}
    ax.add_line(SpaceLine(curve, _BEHIND, label=label, path_effects=_halo(3.6), **line))
    if walked.unit == "iteration":
        dots = {"color": colour, "linestyle": "none", "marker": "o", "markersize": 4.5}
        edge = {"markeredgecolor": "white", "markeredgewidth": 0.7}
        faint = {"alpha": _FAINT}
        ax.add_line(SpaceLine(walked.outputs, faint, **dots, **edge, zorder=PATH))
    finish_in_space(ax)
    return ax


def geodesic(
    M: ImmersedManifold | Problem,
    x: Point,
    towards,
    ax: Axes3D | None = None,
    *,
    t_end: float = 1.0,
    count: int = 100,
    label: str | None = "geodesic",
    colour: str = GREEN,
) -> Axes3D:
    """Draw the geodesic from a point with a velocity, or to another point.

    Args:
        M: The manifold, or a problem on it.
        x: Where it starts.
        towards: Its velocity (3,), of which the tangential part counts; or a `Point`, which it
            reaches at time 1.
        ax: Three-dimensional axes, or None for new ones.
        t_end: The last time drawn.
        count: How many points are drawn.
        label: In the legend.
        colour: Of the line.

    Raises:
        TypeError: An argument is of another type.
        ValueError: M is no surface in R^3, an argument has no possible value, or the geodesic would
            stay where it is.
        riemgn.NumericalError: The geodesic breaks down, or there is none between the points.
    """
    curve = geodesic_points(M, x, towards, t_end=t_end, count=count)
    return path(curve, ax, label=label, colour=colour, linestyle=(0, (4, 1.5)))


def geodesic_points(
    M: ImmersedManifold | Problem, x: Point, towards, *, t_end: float = 1.0, count: int = 100
) -> list[Point]:
    """Return points at equal distances along a geodesic; the arguments are those of `geodesic`."""
    manifold = surface_manifold(M)
    if isinstance(towards, Point):
        v = manifold.log(x, towards)
        if not np.any(v):
            raise ValueError("towards must be another point than x")
    else:
        v = vector("towards", towards, 3)
        if not np.any(v):
            raise ValueError("towards must not be zero: it is the velocity of the geodesic")
        if np.linalg.norm(manifold.projection(x, v)) <= _ALONG * np.linalg.norm(v):
            raise ValueError(f"towards must not be normal to the surface, got {told(towards)}")
    times = np.linspace(0, positive("t_end", t_end), integer("count", count, least=2))
    return manifold.geodesic(x, v)(times)


def walk_in_space(path: Walked) -> Walk:
    """Return the points of a path of three outputs, or raise ValueError or TypeError."""
    walked = walk(path)
    if walked.outputs.shape[1] != 3:
        raise ValueError(f"path must have 3 outputs, got {walked.outputs.shape[1]}")
    return walked


def check_on(manifold: ImmersedManifold, way: Walk, name: str) -> None:
    """Raise ValueError unless a path's outputs are those of a surface at its parameters.

    A path whose parameters are not known is taken as it is.
    """
    if way.params is None:
        return
    if way.params.shape[1] != 2:
        raise ValueError(f"{name} must have points of 2 parameters, got {way.params.shape[1]}")
    apart = np.abs(outputs_over(manifold, way.params) - way.outputs).max(axis=1)
    wrong = ~(apart <= _ON_SURFACE * np.abs(way.outputs).max())
    if wrong.any():
        raise ValueError(f"{name} must be on the manifold drawn: its point {wrong.argmax()} is not")


def steps_on(manifold: ImmersedManifold, walked: Walk) -> np.ndarray:
    """Return outputs along the images of the straight lines between parameters, (k, 3).

    Raises:
        ValueError: The parameters are not known, or not two, or the points are not on the surface.
    """
    steps = steps_of(walked)
    check_on(manifold, walked, "path")
    return outputs_over(manifold, steps)


def steps_of(walked: Walk) -> np.ndarray:
    """Return parameters along the straight lines between those of a path, (k, 2).

    Raises:
        ValueError: The parameters are not known, or not two.
    """
    w = walked.params
    if w is None or w.shape[1] != 2:
        raise ValueError("a path on a surface must have points that know their two parameters")
    shares = np.arange(BETWEEN) / BETWEEN
    steps = w[:-1, None] + shares[:, None] * (w[1:] - w[:-1])[:, None]
    return np.vstack([steps.reshape(-1, 2), w[-1:]])


def _halo(width: float) -> list:
    """Return effects that set a line off from the surface below it."""
    from matplotlib.patheffects import Normal, Stroke

    return [Stroke(linewidth=width, foreground="white", alpha=0.85), Normal()]
