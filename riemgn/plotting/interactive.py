"""Surfaces to turn with the mouse, by plotly, which is an extra of riemgn's, "interactive"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from riemgn.arguments import told, vector
from riemgn.manifolds import ImmersedManifold, Point
from riemgn.plotting.meshes import MARGIN, surface_manifold, surface_mesh
from riemgn.plotting.paths import check_on, walk_in_space
from riemgn.plotting.scenes import MARGIN as SCENE_MARGIN
from riemgn.plotting.scenes import scene_of
from riemgn.plotting.space import axis_label, box_sides
from riemgn.plotting.style import ink
from riemgn.plotting.tangents import PLANE_SHARE, tangent_square
from riemgn.plotting.traces import (
    level_traces,
    mark_traces,
    path_traces,
    plane_trace,
    point_trace,
    surface_traces,
)
from riemgn.plotting.walks import Walked, walk
from riemgn.problem import Problem

if TYPE_CHECKING:
    import plotly.graph_objects as go

# From where matplotlib looks, too, and so far away that all is seen on a narrow screen.
_CAMERA = {"eye": {"x": 1.4, "y": -2.4, "z": 1.6}, "center": {"x": -0.07, "y": -0.04, "z": -0.1}}


def interactive_surface(
    M: ImmersedManifold | Problem,
    *,
    around=None,
    box=None,
    within=None,
    margin: float = MARGIN,
    resolution: int | None = None,
    colour=None,
    paths: Mapping[str, Walked] | None = None,
    tangent_at: Point | None = None,
    target=None,
) -> go.Figure:
    """Return a plotly figure of a surface, with what is to be seen on it.

    It is shown in a notebook, and `figure.write_html(path)` writes a page. Over the surface the
    mouse tells outputs, parameters and colour, over a path where one is along it. Colours of text
    and page are those of the present theme (`riemgn.plotting.theme`).

    Args:
        M: The manifold, or a problem on it.
        around: As for `surface_mesh`; where neither it nor `box` is given, the paths.
        box: As for `surface_mesh`, and so are the following four.
        within: The outputs drawn, (low, high) for each of the three; None for all.
        margin: How far the surface goes beyond `around`.
        resolution: Points along each parameter.
        colour: None, "gaussian", "mean", "normal", "loss", or values.
        paths: Runs, flows, points or outputs (m, 3), by their labels.
        tangent_at: A point whose tangent plane is drawn.
        target: y, (3,).

    Raises:
        ImportError: plotly is not installed.
        TypeError: An argument is of another type.
        ValueError: M is no surface in R^3, a path is not on it, or an argument has no possible
            value.
    """
    go = _plotly()
    manifold = surface_manifold(M)
    if paths is not None and not isinstance(paths, Mapping):
        raise TypeError(f"paths must map labels to runs or flows, got {told(paths)}")
    ways = {} if paths is None else dict(paths)
    if around is None and box is None and ways:
        around = ways
    mesh = surface_mesh(
        M, around, box=box, within=within, margin=margin, resolution=resolution, colour=colour
    )
    figure = go.Figure(surface_traces(go, mesh))
    _add_paths(go, figure, manifold, ways)
    if tangent_at is not None:
        square = tangent_square(manifold, tangent_at, PLANE_SHARE * mesh.extent)
        figure.add_trace(plane_trace(go, square))
    if target is not None:
        figure.add_trace(_target_trace(go, vector("target", target, 3)))
    figure.update_layout(_layout(figure))
    return figure


def interactive_surface_with_paths(
    problem: Problem,
    x: Point,
    *,
    paths: Mapping[str, Walked] | None = None,
    margin: float = SCENE_MARGIN,
    resolution: int | None = None,
    colour="loss",
) -> go.Figure:
    """Return the picture of `surface_with_paths` as a plotly figure; its arguments are the same.

    Lines of equal colour are drawn, too. In `interactive_surface` there are none.

    Raises:
        ImportError: plotly is not installed.
        TypeError: An argument is of another type.
        ValueError: The manifold is no surface in R^3, or an argument has no possible value.
        riemgn.NumericalError: The loss or a derivative is not finite at x.
    """
    go = _plotly()
    scene = scene_of(problem, x, paths)
    mesh = scene.mesh(problem, x, margin, resolution, colour)
    manifold, extent = problem.manifold, mesh.extent
    figure = go.Figure(surface_traces(go, mesh))
    if mesh.colour is not None:
        figure.add_traces(level_traces(go, mesh))
    _add_paths(go, figure, manifold, scene.paths)
    square = tangent_square(manifold, x, 0.5 * (scene.plane_size or 2 * PLANE_SHARE * extent))
    figure.add_trace(plane_trace(go, square))
    figure.add_traces(mark_traces(go, manifold, walk(x), extent, "start", "circle"))
    figure.add_traces(mark_traces(go, manifold, scene.best, extent, scene.name_of_end, "diamond"))
    if scene.target is not None:
        figure.add_trace(_target_trace(go, scene.target))
    figure.update_layout(_layout(figure))
    return figure


def _add_paths(
    go, figure: go.Figure, manifold: ImmersedManifold, ways: Mapping[str, Walked]
) -> None:
    for k, (label, way) in enumerate(ways.items()):
        check_on(manifold, walk_in_space(way), f"paths[{label!r}]")
        figure.add_traces(path_traces(go, manifold, k, str(label), way))


def _target_trace(go, y: np.ndarray) -> go.Scatter3d:
    from matplotlib.colors import to_hex

    return point_trace(go, y, "target y", "cross", colour=to_hex(ink()))


def _plotly():
    try:
        import plotly.graph_objects as go
    except ImportError:
        raise ImportError("an interactive surface needs plotly: pip install plotly") from None
    return go


def _layout(figure: go.Figure) -> dict:
    import matplotlib
    from matplotlib.colors import to_hex

    paper, text = to_hex(matplotlib.rcParams["figure.facecolor"]), to_hex(ink())
    return {
        "paper_bgcolor": paper,
        "font": {"color": text},
        "scene": {"camera": _CAMERA, **_axes(figure, text)},
        "legend": {
            "orientation": "h",
            "x": 0,
            "y": 1,
            "yanchor": "bottom",
            "bgcolor": "rgba(0,0,0,0)",
        },
        "margin": {"l": 0, "r": 0, "t": 10, "b": 70},
    }


def _axes(figure: go.Figure, text: str) -> dict:
    """Return the three axes, in the scale that `riemgn.plotting.space.box_sides` gives them."""
    there = np.concatenate([np.stack([t.x, t.y, t.z], axis=-1).reshape(-1, 3) for t in figure.data])
    low, high = np.nanmin(there, axis=0), np.nanmax(there, axis=0)
    sides, stretches = box_sides(high - low)
    axes = {
        f"{letter}axis": {
            "title": {"text": axis_label(k, stretches[k])},
            "showbackground": False,
            "showgrid": False,
            "showspikes": False,
            "zeroline": False,
            "showline": True,
            "linecolor": text,
        }
        for k, letter in enumerate("xyz")
    }
    if np.all(stretches == 1):
        return {"aspectmode": "data", **axes}
    shares = sides * stretches / (sides * stretches).max()
    ratio = dict(zip("xyz", shares.tolist(), strict=True))
    return {"aspectmode": "manual", "aspectratio": ratio, **axes}
