"""What plotly draws of a surface, of paths and of points."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import binary_dilation

from riemgn.manifolds import ImmersedManifold
from riemgn.plotting.frames import outputs_over
from riemgn.plotting.meshes import SurfaceMesh
from riemgn.plotting.paths import BETWEEN, steps_of, walk_in_space
from riemgn.plotting.style import COLOURS, PURPLE, ink
from riemgn.plotting.surfaces import MISSING, PLAIN, colour_scale
from riemgn.plotting.walks import Walked

if TYPE_CHECKING:
    import plotly.graph_objects as go

_RISE = 0.004  # of a line above its surface, as a share of its longest side
_OUTPUTS = "u = (%{x:.4g}, %{y:.4g}, %{z:.4g})"
_ALONG = "u = (%{customdata[1]:.4g}, %{customdata[2]:.4g}, %{customdata[3]:.4g})"


def surface_traces(go, mesh: SurfaceMesh) -> list:
    """Return the surface, and where its colour is missing a grey one."""
    if mesh.colour is None:
        return [_sheet(go, mesh, mesh.outputs, **_of_one(PLAIN))]
    known = np.isfinite(mesh.colour.values)
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
        colorbar={"title": {"text": meaning, "side": "right"}, "len": 0.7},
    )
    if known.all():
        return [coloured]
    beside = binary_dilation(~known, np.ones((3, 3)))  # corners of faces that have no colour
    outputs = np.where(beside[..., None], mesh.outputs, np.nan)
    return [coloured, _sheet(go, mesh, outputs, f"no {meaning or 'colour'}", **_of_one(MISSING))]


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


def point_trace(go, u: np.ndarray, name: str, symbol: str) -> go.Scatter3d:
    """Return one point u (3,)."""
    return _scatter(
        go,
        u[None],
        mode="markers",
        name=name,
        marker={"color": ink(), "size": 6, "symbol": symbol},
        hovertemplate=f"{_OUTPUTS}<extra>{name}</extra>",
    )


def _scatter(go, outputs: np.ndarray, **look) -> go.Scatter3d:
    x, y, z = outputs.T
    return go.Scatter3d(x=x, y=y, z=z, **look)
