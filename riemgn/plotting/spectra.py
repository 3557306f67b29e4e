"""Singular values of the Jacobian and eigenvalues of the kernel, at a point and along a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from riemgn.arguments import choice, integer
from riemgn.linalg.factor import rank_tolerance
from riemgn.manifolds import ImmersedManifold, Point
from riemgn.plotting.legends import legend_above_axes
from riemgn.plotting.places import label_along, stations
from riemgn.plotting.style import BLUE, VERMILION, axes_or_new, finish, ink, muted, whole_numbers
from riemgn.plotting.walks import Walked

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_POWERS = {"jacobian": 1, "kernel": 2}
_NAMES = {"jacobian": "singular value of J", "kernel": r"eigenvalue of $K = J J^T$"}
_MOST_LINES = 40


def spectrum_along(
    M: ImmersedManifold,
    path: Walked,
    ax: Axes | None = None,
    *,
    of: str = "jacobian",
    count: int = _MOST_LINES,
) -> Axes:
    """Draw the spectrum of the Jacobian, or of the tangent kernel, along a path.

    It has min(n, p) lines, of which the largest and the least are highlighted; eigenvalues of the
    kernel that are zero because p < n are left out. Where the rank falls, the share of the largest
    value up to which others count as zero is drawn too. Of a path with more than 200 points so many
    are drawn, at even distances in their order.

    Args:
        M: The manifold.
        path: A run with its points, a flow, or points (`riemgn.plotting.walk`).
        ax: Axes, or None for new ones.
        of: The "jacobian" or the "kernel".
        count: How many lines are drawn at most, at even distances in their order; at least 2.

    Raises:
        TypeError: An argument is of another kind.
        ValueError: The path has outputs alone.
    """
    choice("of", of, _POWERS)
    integer("count", count, least=2)
    along = stations(M, path)
    places, points = along.places, along.points
    power = _POWERS[of]
    values = np.array([x.factor.singular_values() for x in points]) ** power
    axes = axes_or_new(ax)
    lines = np.unique(np.linspace(0, values.shape[1] - 1, count).round().astype(int))
    mark = {"marker": "o", "markersize": 4} if len(points) == 1 else {}
    inner = lines[1:-1]
    for i, k in enumerate(inner):
        label = _of_rest(inner.size, values.shape[1] - 2) if i == 0 else None
        axes.plot(places, _drawn(values[:, k]), color=muted(), linewidth=0.6, label=label, **mark)
    axes.plot(places, _drawn(values[:, 0]), color=BLUE, linewidth=1.8, label="largest", **mark)
    if values.shape[1] > 1:
        least = {"color": VERMILION, "linewidth": 1.8, "linestyle": "--"}
        axes.plot(places, _drawn(values[:, -1]), label="least", **least, **mark)
    if any(x.rank < values.shape[1] for x in points):
        cut = rank_tolerance(*points[0].jet.shape) ** power * values[:, 0]
        _draw_tolerance(axes, places, cut)
    axes.set_yscale("log")
    label_along(axes, along, _NAMES[of])
    handles, labels = axes.get_legend_handles_labels()
    legend_above_axes(axes, list(zip(labels, handles, strict=True)))  # lines fill the axes
    return axes


def singular_values(M: ImmersedManifold, x: Point, ax: Axes | None = None) -> Axes:
    """Draw the singular values of the Jacobian at a point, largest first.

    The legend tells the rank and the condition number on it; where the rank falls, the share of the
    largest value up to which others count as zero is drawn too.

    Args:
        M: The manifold.
        x: A point of it, or its parameters (p,).
        ax: Axes, or None for new ones.
    """
    point = x if isinstance(x, Point) else M.point(x)
    values = point.factor.singular_values()
    axes = axes_or_new(ax)
    orders = np.arange(1, values.size + 1)
    label = f"rank {point.rank} of {values.size}, condition number {point.condition_number:.3g}"
    dots = {"marker": "o", "markersize": 4, "linewidth": 0.8}
    axes.plot(orders, _drawn(values), color=BLUE, label=label, **dots)
    if point.rank < values.size:
        cut = rank_tolerance(*point.jet.shape) * values[0]
        _draw_tolerance(axes, orders[[0, -1]], np.full(2, cut))
    axes.set_yscale("log")
    whole_numbers(axes.xaxis)
    finish(axes, "order", _NAMES["jacobian"])
    return axes


def _draw_tolerance(axes: Axes, places: np.ndarray, cut: np.ndarray) -> None:
    dotted = {"color": ink(), "linewidth": 1.0, "linestyle": ":"}
    axes.plot(places, cut, label="rank tolerance: zero below it", **dotted)


def _drawn(values: np.ndarray) -> np.ndarray:
    """Return values (m,) with NaN in place of zeros, which a logarithmic axis cannot show."""
    return np.where(values > 0, values, np.nan)


def _of_rest(drawn: int, rest: int) -> str:
    return "the others" if drawn == rest else f"{drawn} of the other {rest}"
