"""The loss on a plane of R^n through a run's start, its optimum and the target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from riemgn.arguments import integer, told
from riemgn.manifolds import Point
from riemgn.plotting.planes import Plane, plane_of, target_of
from riemgn.plotting.style import axes_or_new, bounded_legend, ink, label_axes, look, muted
from riemgn.plotting.walks import Walk, Walked, walks
from riemgn.problem import Problem

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MARGIN = 0.18  # of the window around what is marked, a share of its width
_FLATTEST, _STEEPEST = 0.5, 0.8  # height over width of the window
_ROW = 0.07  # of the legend, a share of the window's height
_MOST_NAMES = 14  # in the legend, if it is to lie on the picture
_LEVELS = 14
_LINE = 1e-3  # least singular value of the tangent space's shadow up to which it is a line


def loss_slice(
    problem: Problem,
    start: Point,
    optimum: Point,
    paths: Walked | Sequence[Walked] | Mapping[str, Walked] = (),
    ax: Axes | None = None,
    *,
    resolution: int = 121,
) -> Axes:
    """Draw contours of the loss on the plane through the start, the optimum and the target.

    The picture has equal scales in units of the outputs, with the optimum as its origin. Where the
    loss has no target among the outputs, as that of class labels, the plane holds minus its
    gradient at the optimum instead; for half squared error the two planes are one. Where that
    leaves a line, as at an optimum that is the target, the plane is the one in which the paths
    depart most from the line; the label of the second axis says which one it is.

    Paths are projected on the plane, and the legend tells the share of their length that is seen
    there. Where the projection of the tangent space at the optimum is a line, it is drawn: it meets
    the residual at a right angle.

    Args:
        problem: A loss on a manifold.
        start: A point.
        optimum: Another one.
        paths: A path (`riemgn.plotting.walk`), a list of paths, or a mapping from labels to paths.
        ax: Axes, or None for new ones.
        resolution: Points of the grid in each direction at which the loss is evaluated.

    Raises:
        TypeError: An argument is of another kind.
        ValueError: Start and optimum have the same outputs, or there is one output; a path has no
            points, or something another number of outputs.
        NumericalError: The loss's gradient overflows at the start or the optimum.
    """
    _check(problem, start, optimum)
    integer("resolution", resolution, least=2)
    drawn = walks(paths)
    _check_size("paths", [path.outputs.shape[1] for _, path in drawn], optimum.size)
    plane = plane_of(problem, start, optimum, [path for _, path in drawn])
    target = target_of(problem.loss, plane.origin.size)
    marked = _marks(plane, start, optimum, target)
    shadows = [plane.coordinates(path.outputs) for _, path in drawn]
    names = len(drawn) + len(marked) + 1
    legend = _ROW * ((names + 1) // 2) if names <= _MOST_NAMES else 0.0
    window = _window(np.concatenate([*marked.values(), *shadows]), legend)
    axes = axes_or_new(ax)
    _draw_contours(axes, problem, plane, window, resolution)
    _draw_tangent_line(axes, problem, plane, optimum)
    for k, ((label, path), shadow) in enumerate(zip(drawn, shadows, strict=True)):
        name = _name(label, plane, path)
        axes.plot(*shadow.T, label=name, zorder=3, **look(k, len(shadow)))
    for (name, place), marker in zip(marked.items(), ("o", "D", "*"), strict=False):
        size = 14 if marker == "*" else 7
        dot = {"color": ink(), "marker": marker, "markersize": size, "linestyle": "none"}
        axes.plot(*place.T, label=name, zorder=4, markerfacecolor=_face(marker), **dot)
    axes.set(xlim=window[0], ylim=window[1])
    axes.set_aspect("equal")
    title = rf"Loss on a plane of $\mathbb{{R}}^{{{plane.origin.size}}}$"
    label_axes(axes, "from the start to the optimum", f"towards {plane.second}", title)
    inside = {"loc": "lower center", "ncols": 2, "fontsize": 8}
    bounded_legend(axes, _MOST_NAMES, tuple(marked), framealpha=0.85, edgecolor="none", **inside)
    return axes


def _check(problem: Problem, start: Point, optimum: Point) -> None:
    if not isinstance(problem, Problem):
        raise TypeError(f"problem must be a riemgn.Problem, got {told(problem)}")
    for name, point in (("start", start), ("optimum", optimum)):
        if not isinstance(point, Point):
            raise TypeError(f"{name} must be a point of the manifold, got {told(point)}")
        _check_size(name, [point.size], problem.manifold.immersion.ambient_dim)


def _check_size(name: str, sizes: Sequence[int], wanted: int) -> None:
    for size in sizes:
        if size != wanted:
            raise ValueError(f"{name} must have n = {wanted} outputs, got {size}")


def _marks(
    plane: Plane, start: Point, optimum: Point, target: np.ndarray | None
) -> dict[str, np.ndarray]:
    """Return the coordinates (1, 2) of what has a mark, by its name."""
    marked = {"start": start.outputs, "optimum": optimum.outputs}
    if target is not None:
        marked["target"] = target
    return {name: plane.coordinates(outputs[None]) for name, outputs in marked.items()}


def _window(places: np.ndarray, legend: float) -> np.ndarray:
    """Return the limits ((left, right), (low, high)) of a window around places (m, 2).

    A share of its height, at the bottom, is left free for the legend.
    """
    low, high = places.min(axis=0), places.max(axis=0)
    width, height = (1 + 2 * _MARGIN) * (high - low)
    height = max(height / (1 - legend), _FLATTEST * width)
    width = max(width, height / _STEEPEST)
    (x, y), down = (low + high) / 2, legend * height / 2
    return np.array(
        [[x - width / 2, x + width / 2], [y - down - height / 2, y - down + height / 2]]
    )


def _draw_contours(
    axes: Axes, problem: Problem, plane: Plane, window: np.ndarray, resolution: int
) -> None:
    x, y = (np.linspace(*limits, resolution) for limits in window)
    grid = np.stack(np.meshgrid(x, y), axis=-1)
    values = np.array([problem.loss.value(u) for u in plane.outputs(grid.reshape(-1, 2))])
    field = np.ma.masked_invalid(values.reshape(resolution, resolution))
    # levels that are even in the root of the loss: those of a square are circles at even distances
    low, high = field.min(), field.max()
    levels = low + (high - low) * np.linspace(0, 1, _LEVELS + 1)[1:-1] ** 2
    lines = {"colors": muted(), "linewidths": 0.7, "linestyles": "solid"}
    contours = axes.contour(x, y, field, levels=levels, **lines)
    axes.clabel(contours, levels[::3], fontsize=7, fmt="%.3g")


def _draw_tangent_line(axes: Axes, problem: Problem, plane: Plane, optimum: Point) -> None:
    """Draw the projection of the tangent space on the plane where that is a line."""
    basis = optimum.factor.basis()
    directions, values, _ = np.linalg.svd(plane.axes.T @ basis, full_matrices=False)
    if np.count_nonzero(values > _LINE) != 1:
        return
    axes.axline(
        (0, 0),
        tuple(directions[:, 0]),
        color=ink(),
        linewidth=1.0,
        linestyle=(0, (2, 2)),
        label="tangent space at the optimum",
    )


def _name(label: str | None, plane: Plane, path: Walk) -> str:
    return f"{label or 'path'} ({100 * plane.seen_length(path.outputs):.0f} % of its length)"


def _face(marker: str) -> str:
    """Return the colour inside a mark: the optimum's diamond is hollow, so that paths are seen."""
    return "none" if marker == "D" else ink()
