"""What plotly draws of a surface, of paths and of points."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import binary_dilation

from riemgn.manifolds import ImmersedManifold
from riemgn.plotting.frames import outputs_over
from riemgn.plotting.meshes import SurfaceMesh
from riemgn.plotting.paths import BETWEEN, steps_of, walk_in_space
from riemgn.plotting.style import COLOURS, PURPLE
from riemgn.plotting.surfaces import LINES, MISSING, PLAIN, along, colour_scale, levels
from riemgn.plotting.walks import Walk, Walked

if TYPE_CHECKING:
    import plotly.graph_objects as go

_RISE = 0.01  # of a line above its surface, as a share of its longest side
_LEVEL_RISE = 0.005  # likewise, of a line of equal colour, which follows the mesh
_MARK_RISE = 0.03  # likewise, of a mark
_OUTPUTS = "u = (%{x:.4g}, %{y:.4g}, %{z:.4g})"
_ALONG = "u = (%{customdata[1]:.4g}, %{customdata[2]:.4g}, %{customdata[3]:.4g})"


def surface_traces(go, mesh: SurfaceMesh) -> list:
    """Return the surface, and where its colour is missing a grey one."""
    if mesh.colour is None:
        return [_sheet(go, mesh, mesh.outputs, **_of_one(PLAIN))]
    known = np.isfinite(mesh.colour.values)
    grey = f"no {mesh.colour.name}"
    if not known.any():
        return [_sheet(go, mesh, mesh.outputs, grey, **_of_one(MISSING))]
    low, high = mesh.colour.limits
    meaning = mesh.colour.meaning
    coloured = _sheet(
        go,
        mesh,
        np.where(known[..., None], mesh.outputs, np.nan),
        f"{meaning or 'colour'}: %{{surfacecolor:.4g}}",
        surfacecolor=mesh.colour.values,
        colorscale=_colours(mesh),
        cmin=low,
        cmax=high,
        colorbar={
            "title": {"text": meaning, "side": "top"},
            "orientation": "h",
            "len": 0.8,
            "thickness": 12,
            "y": 0,
            "yanchor": "top",
        },
    )
    if known.all():
        return [coloured]
    beside = binary_dilation(~known, np.ones((3, 3)))  # corners of faces that have no colour
    outputs = np.where(beside[..., None], mesh.outputs, np.nan)
    return [coloured, _sheet(go, mesh, outputs, grey, **_of_one(MISSING))]


def _sheet(go, mesh: SurfaceMesh, outputs: np.ndarray, told_too: str = "", **look) -> go.Surface:
    x, y, z = np.moveaxis(outputs, 2, 0)
    words = [_OUTPUTS, "w = (%{customdata[0]:.4g}, %{customdata[1]:.4g})", told_too]
    return go.Surface(
        x=x,
        y=y,
        z=z,
        customdata=mesh.params,
        name="surface",
        hovertemplate="<br>".join(line for line in words if line) + "<extra></extra>",
        lighting={"ambient": 0.75, "diffuse": 0.5, "specular": 0.05},
        **look,
    )


def _of_one(colour: str) -> dict:
    return {"colorscale": [[0, colour], [1, colour]], "showscale": False}


def _colours(mesh: SurfaceMesh) -> list[tuple[float, str]]:
    from matplotlib.colors import to_hex

    shares = np.linspace(0, 1, 32)
    shades = colour_scale(mesh.colour).get_cmap()(shares)
    return [(float(share), to_hex(shade)) for share, shade in zip(shares, shades, strict=True)]


def path_traces(go, manifold: ImmersedManifold, k: int, label: str, path: Walked) -> list:
    """Return the line of a path, and for a run the points at its iterations.

    A line that lies in the surface is drawn a little above and a little below it.
    """
    walked = walk_in_space(path)
    run = walked.unit == "iteration"
    w = steps_of(walked) if run else walked.params
    curve = walked.outputs if w is None else outputs_over(manifold, w)
    places = walked.places
    if run:
        places = np.interp(np.arange(len(w)) / BETWEEN, np.arange(len(places)), places)
    rise = 0.0 if w is None else _RISE * np.ptp(curve, axis=0).max() * _normals(manifold, w)
    colour = COLOURS[k % len(COLOURS)]
    look = {
        "legendgroup": label,
        "hovertemplate": f"{_ALONG}<br>{walked.unit} %{{customdata[0]:.4g}}<extra>{label}</extra>",
    }
    line = {
        "mode": "lines",
        "line": {"color": colour, "width": 7},
        "customdata": np.column_stack([places, curve]),
        **look,
    }
    traces = [_scatter(go, curve + rise, name=label, **line)]
    if w is not None:
        below = {**line, "hovertemplate": None, "hoverinfo": "skip"}
        traces.append(_scatter(go, curve - rise, name=f"{label}, below", showlegend=False, **below))
    if run:
        dots = {"color": colour, "size": 4, "line": {"color": "white", "width": 1}}
        traces.append(
            _scatter(
                go,
                walked.outputs,
                name=f"{label}, iterations",
                mode="markers",
                showlegend=False,
                marker=dots,
                customdata=np.column_stack([walked.places, walked.outputs]),
                **look,
            )
        )
    return traces


def _normals(manifold: ImmersedManifold, params: np.ndarray) -> np.ndarray:
    """Return unit normals at parameters (k, 2), (k, 3); zero where there is none."""
    J = np.array([manifold.immersion.jacobian(w) for w in params])
    crossed = np.cross(J[..., 0], J[..., 1])
    lengths = np.linalg.norm(crossed, axis=1, keepdims=True)
    return crossed / np.where(lengths > 0, lengths, 1.0)


def plane_trace(go, square: np.ndarray) -> go.Mesh3d:
    """Return the tangent plane whose square (4, 3) is given."""
    x, y, z = square.T
    return go.Mesh3d(
        x=x,
        y=y,
        z=z,
        i=[0, 0],
        j=[1, 2],
        k=[2, 3],
        color=PURPLE,
        opacity=0.5,
        name="tangent plane",
        showlegend=True,
        hoverinfo="name",
    )


def level_traces(go, mesh: SurfaceMesh, count: int = LINES) -> list:
    """Return the lines on a mesh along which its colour is one value, as one trace, if any.

    They are drawn a little above and a little below the surface.
    """
    ways = levels(mesh, count)
    if not ways:
        return []
    lifted = _LEVEL_RISE * mesh.extent * _grid_normals(mesh.outputs)
    gap = np.full((1, 3), np.nan)
    parts = [
        part
        for side in (mesh.outputs + lifted, mesh.outputs - lifted)
        for way in ways
        for part in (along(side, way), gap)
    ]
    look = {"mode": "lines", "line": {"color": "white", "width": 3}}
    name = f"lines of equal {mesh.colour.name}"
    return [
        _scatter(go, np.concatenate(parts), name=name, showlegend=False, hoverinfo="skip", **look)
    ]


def _grid_normals(outputs: np.ndarray) -> np.ndarray:
    """Return unit normals of a grid of outputs (a, b, 3); zero where there is none."""
    crossed = np.cross(np.gradient(outputs, axis=0), np.gradient(outputs, axis=1))
    lengths = np.linalg.norm(crossed, axis=2, keepdims=True)
    return np.nan_to_num(crossed / np.where(lengths > 0, lengths, 1.0))


def mark_traces(
    go, manifold: ImmersedManifold, x: Walk, extent: float, name: str, symbol: str
) -> list:
    """Return the mark of the last point of a walk, on both sides of a surface that is so large.

    Args:
        go: plotly's graph objects.
        manifold: The surface.
        x: The walk.
        extent: The longest side of the surface.
        name: In the legend.
        symbol: As plotly takes it.
    """
    u = x.outputs[-1]
    if x.params is None:
        return [point_trace(go, u, name, symbol)]
    rise = _MARK_RISE * extent * _normals(manifold, x.params[-1:])[0]
    return [
        point_trace(go, u + rise, name, symbol),
        point_trace(go, u - rise, f"{name}, below", symbol).update(showlegend=False),
    ]


def point_trace(
    go, u: np.ndarray, name: str, symbol: str, colour: str = "white", size: int = 8
) -> go.Scatter3d:
    """Return one point u (3,)."""
    return _scatter(
        go,
        u[None],
        mode="markers",
        name=name,
        marker={
            "color": colour,
            "size": size,
            "symbol": symbol,
            "line": {"color": "black", "width": 2},
        },
        hovertemplate=f"{_OUTPUTS}<extra>{name}</extra>",
    )


def _scatter(go, outputs: np.ndarray, **look) -> go.Scatter3d:
    x, y, z = outputs.T
    return go.Scatter3d(x=x, y=y, z=z, **look)
