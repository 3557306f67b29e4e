"""A manifold that is a surface in R^3: its faces, and the level lines of their colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from riemgn.arguments import integer
from riemgn.manifolds import ImmersedManifold
from riemgn.plotting.meshes import MARGIN, SurfaceMesh, surface_mesh
from riemgn.plotting.space import LEVELS, SURFACE, axes_in_space, finish_in_space, room_for
from riemgn.plotting.surface_colour import SurfaceColour
from riemgn.problem import Problem

if TYPE_CHECKING:
    from matplotlib.cm import ScalarMappable
    from mpl_toolkits.mplot3d import Axes3D

# Perceptually even, and even in grey; the second one was made for surfaces (Moreland 2009).
SEQUENTIAL, DIVERGING = "viridis", "coolwarm"
PLAIN = "#a9bccd"
MISSING = "#a0a0a0"
LINES = 12

_LIGHTER = 0.35  # the share of white in the sequential colours, on which lines are seen
_LIGHT = np.array([-0.35, -0.5, 0.79])  # whence light comes
_SHADE = 0.3  # the share of brightness that a face along the light loses


def surface(
    M: ImmersedManifold | Problem,
    ax: Axes3D | None = None,
    *,
    around=None,
    box=None,
    within=None,
    margin: float = MARGIN,
    resolution: int | None = None,
    colour=None,
) -> Axes3D:
    """Draw the manifold of two parameters and three outputs, coloured by what `colour` says.

    Args:
        M: The manifold, or a problem on it.
        ax: Three-dimensional axes, or None for new ones.
        around: As for `surface_mesh`, and so are the other arguments.
        box: The parameters covered, in place of `around`.
        within: The outputs drawn, (low, high) for each of the three; None for all.
        margin: How far the surface goes beyond `around`.
        resolution: Points along each parameter.
        colour: None, "gaussian", "mean", "normal", "loss", or values.
    """
    mesh = surface_mesh(
        M, around, box=box, within=within, margin=margin, resolution=resolution, colour=colour
    )
    return mesh_surface(mesh, ax)


def mesh_surface(mesh: SurfaceMesh, ax: Axes3D | None = None) -> Axes3D:
    """Draw a mesh, with a colour bar if it has a colour.

    A face has the mean colour of its corners, and is left out where a corner is not finite. It
    hides what is drawn on the same axes by `path`, `geodesic` and `level_lines`, from where the
    axes are seen when they are drawn. Where no corner has a colour, words say so in place of a bar.
    """
    from matplotlib.colors import to_rgba

    from riemgn.plotting.artists import SurfaceFaces

    ax = axes_in_space(ax)
    room_for(ax, mesh.outputs)
    faces = corners(mesh.outputs)
    drawn = np.isfinite(faces).all(axis=(1, 2))
    colours = np.tile(to_rgba(PLAIN), (drawn.sum(), 1))
    if mesh.colour is not None:
        scale = colour_scale(mesh.colour)
        means = corners(mesh.colour.values).mean(axis=1)[drawn]
        colours = scale.to_rgba(np.ma.masked_invalid(means))
        if np.isfinite(means).any():
            _colour_bar(ax, scale, mesh)
        else:
            words = f"grey: no {mesh.colour.name} is finite here"
            ax.text2D(0.02, 0.02, words, transform=ax.transAxes, fontsize=9)
    lit = _lit(colours, faces[drawn])
    ax.add_collection3d(
        SurfaceFaces(faces[drawn], facecolors=lit, edgecolors=lit, linewidths=0.6, zorder=SURFACE)
    )
    finish_in_space(ax)
    return ax


def level_lines(mesh: SurfaceMesh, ax: Axes3D | None = None, *, count: int = LINES) -> Axes3D:
    """Draw the lines on a surface along which its colour is one value, for `count` values.

    The values are evenly spaced; a surface of one colour has no lines. What lies behind the
    surface is not drawn.

    Raises:
        ValueError: The mesh has no colour.
    """
    if mesh.colour is None:
        raise ValueError("mesh must have a colour, whose level lines are drawn")
    ax = axes_in_space(ax)
    room_for(ax, mesh.outputs)
    lines = [along(mesh.outputs, way) for way in levels(mesh, count)]
    if lines:
        from riemgn.plotting.artists import SurfaceLines

        look = {"colors": "white", "linewidths": 0.7, "alpha": 0.7}
        ax.add_collection3d(SurfaceLines(lines, zorder=LEVELS, **look))
    finish_in_space(ax)
    return ax


def corners(values: np.ndarray) -> np.ndarray:
    """Return what a grid (a, b, ...) has at the corners of its faces, (faces, 4, ...)."""
    around = (values[:-1, :-1], values[1:, :-1], values[1:, 1:], values[:-1, 1:])
    return np.stack(around, axis=2).reshape(-1, 4, *values.shape[2:])


def colour_scale(colour: SurfaceColour) -> ScalarMappable:
    """Return the map from values to colours."""
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import ListedColormap, Normalize

    if colour.signed:
        cmap = colormaps[DIVERGING]
    else:
        shades = colormaps[SEQUENTIAL](np.linspace(0, 1, 256))
        cmap = ListedColormap((1 - _LIGHTER) * shades + _LIGHTER)
    return ScalarMappable(Normalize(*colour.limits), cmap.with_extremes(bad=MISSING))


def levels(mesh: SurfaceMesh, count: int) -> list[np.ndarray]:
    """Return the level lines of a mesh's colour at evenly spaced values.

    Each line (k, 2) is told by places in the grid, in steps along its two axes.
    """
    from contourpy import contour_generator

    contours = contour_generator(z=np.ma.masked_invalid(mesh.colour.values))
    heights = np.linspace(*mesh.colour.limits, integer("count", count) + 2)[1:-1]
    return [line[:, ::-1] for height in heights for line in contours.lines(height)]


def along(values: np.ndarray, way: np.ndarray) -> np.ndarray:
    """Return values (a, b, 3) of a grid at places (k, 2) in it, (k, 3), interpolated linearly."""
    from scipy.ndimage import map_coordinates

    return np.stack([map_coordinates(v, way.T, order=1) for v in np.moveaxis(values, 2, 0)], axis=1)


def _lit(colours: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Return the colours (m, 4) of faces (m, 4, 3) as a lamp shows them, from both sides."""
    normals = np.cross(faces[:, 2] - faces[:, 0], faces[:, 3] - faces[:, 1])
    lengths = np.linalg.norm(normals, axis=1)
    facing = np.abs(normals @ _LIGHT) / np.where(lengths > 0, lengths, 1.0)
    return np.column_stack([colours[:, :3] * (1 - _SHADE * (1 - facing))[:, None], colours[:, 3]])


def _colour_bar(ax: Axes3D, scale: ScalarMappable, mesh: SurfaceMesh) -> None:
    colour = mesh.colour
    bar = ax.figure.colorbar(scale, ax=ax, shrink=0.6, pad=0.08, extend=colour.extends)
    words = [colour.meaning, "(grey: none)" if mesh.uncoloured.any() else ""]
    bar.set_label(" ".join(filter(None, words)), fontsize=10)
    bar.ax.tick_params(labelsize=8)
    bar.outline.set_visible(False)
