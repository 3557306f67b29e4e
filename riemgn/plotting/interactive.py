"""Surfaces to turn with the mouse, by plotly, which is an extra of riemgn's, "interactive"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from riemgn.arguments import told, vector
from riemgn.manifolds import ImmersedManifold, Point
from riemgn.plotting.meshes import MARGIN, surface_manifold, surface_mesh
from riemgn.plotting.scenes import MARGIN as SCENE_MARGIN
from riemgn.plotting.scenes import scene_of
from riemgn.plotting.style import ink
from riemgn.plotting.tangents import PLANE_SHARE, tangent_square
from riemgn.plotting.traces import path_traces, plane_trace, point_trace, surface_traces
from riemgn.plotting.walks import Walked
from riemgn.problem import Problem

if TYPE_CHECKING:
    import plotly.graph_objects as go

_EYE = {"x": 0.95, "y": -1.65, "z": 1.1}  # from where matplotlib looks, too


def interactive_surface(
    M: ImmersedManifold | Problem,
    *,
    around=None,
    box=None,
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
        box: As for `surface_mesh`, and so are the following three.
        margin: How far the surface goes beyond `around`.
        resolution: Points along each parameter.
        colour: None, "gaussian", "mean", "normal", "loss", or values.
        paths: Runs, flows, points or outputs (m, 3), by their labels.
        tangent_at: A point whose tangent plane is drawn.
        target: y, (3,).

    Raises:
        ImportError: plotly is not installed.
        TypeError: An argument is of another type.
        ValueError: M is no surface in R^3, or an argument has no possible value.
    """
    go = _plotly()
    manifold = surface_manifold(M)
    if paths is not None and not isinstance(paths, Mapping):
        raise TypeError(f"paths must map labels to runs or flows, got {told(paths)}")
    ways = {} if paths is None else dict(paths)
    if around is None and box is None and ways:
        around = ways
    mesh = surface_mesh(M, around, box=box, margin=margin, resolution=resolution, colour=colour)
    figure = go.Figure(surface_traces(go, mesh))
    for k, (label, way) in enumerate(ways.items()):
        figure.add_traces(path_traces(go, manifold, k, str(label), way))
    if tangent_at is not None:
        sides = np.nanmax(mesh.outputs, axis=(0, 1)) - np.nanmin(mesh.outputs, axis=(0, 1))
        square = tangent_square(manifold, tangent_at, PLANE_SHARE * float(sides.max()))
        figure.add_trace(plane_trace(go, square))
    if target is not None:
        figure.add_trace(point_trace(go, vector("target", target, 3), "target y", "cross"))
    figure.update_layout(_layout())
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

    Raises:
        ImportError: plotly is not installed.
        TypeError: An argument is of another type.
        ValueError: The manifold is no surface in R^3, or an argument has no possible value.
        riemgn.NumericalError: The loss or a derivative is not finite at x.
    """
    go = _plotly()
    scene = scene_of(problem, x, paths)
    figure = interactive_surface(
        problem,
        around=scene.seen_from(x),
        margin=margin,
        resolution=resolution,
        colour=colour,
        paths=scene.paths,
        tangent_at=x,
        target=scene.target,
    )
    figure.add_trace(point_trace(go, x.outputs, "start", "circle"))
    figure.add_trace(point_trace(go, scene.optimum, "optimum", "diamond"))
    return figure


def _plotly():
    try:
        import plotly.graph_objects as go
    except ImportError:
        raise ImportError("an interactive surface needs plotly: pip install plotly") from None
    return go


def _layout() -> dict:
    import matplotlib
    from matplotlib.colors import to_hex

    paper = to_hex(matplotlib.rcParams["figure.facecolor"])
    axis = {
        "showbackground": False,
        "showgrid": False,
        "showspikes": False,
        "zeroline": False,
        "showline": True,
        "linecolor": to_hex(ink()),
    }
    axes = {
        f"{letter}axis": {**axis, "title": {"text": f"output {k}"}}
        for k, letter in enumerate("xyz", start=1)
    }
    return {
        "paper_bgcolor": paper,
        "font": {"color": to_hex(ink())},
        "scene": {"aspectmode": "data", "camera": {"eye": _EYE}, **axes},
        "legend": {"x": 0, "y": 1, "bgcolor": "rgba(0,0,0,0)"},
        "margin": {"l": 0, "r": 0, "t": 10, "b": 0},
    }
