"""How M bends: along a path in the direction of motion, and at a point along a normal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from riemgn.arguments import vector
from riemgn.errors import NumericalError
from riemgn.linalg.factor import rank_tolerance
from riemgn.manifolds import ImmersedManifold, Point
from riemgn.plotting.places import MOST_POINTS, Stations, label_along, stations
from riemgn.plotting.style import (
    BLUE,
    GREEN,
    VERMILION,
    axes_or_new,
    bounded_legend,
    ink,
    label_axes,
    muted,
    remark,
    whole_numbers,
)
from riemgn.plotting.walks import Walked

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FEW = 40  # points at which the largest curvature is sought
_FAR = 5  # times the largest curvature, from which the critical one would dwarf the picture
_MANY = 40  # bars from which each is too narrow for an edge


def curvature_profile(
    M: ImmersedManifold, path: Walked, ax: Axes | None = None, *, largest: bool = False
) -> Axes:
    """Draw the normal curvature of M along a path, in the direction in which the path goes on.

    The direction at w is J xi, xi the difference of the next parameters and w: of a Gauss-Newton
    step it is the tangent vector that was taken. The last point has none. Curvatures are those of
    docs/theory.md, section 2; where they are not defined, or the path rests, the line has a gap,
    and the legend says at how many points. Of a path with more than 200 points so many are drawn.

    Args:
        M: The manifold.
        path: A run with its points, a flow, or points (`riemgn.plotting.walk`).
        ax: Axes, or None for new ones.
        largest: Whether the largest normal curvature in any direction is drawn as well, with its
            upper bound as a band. A point then takes up to seconds, and 40 are drawn at most.

    Raises:
        TypeError: An argument is of another kind.
        ValueError: The path has outputs alone, or one point.
        NumericalError: The curvature is defined at no point.
    """
    along = stations(M, path, _FEW if largest else MOST_POINTS)
    if len(along.points) < 2:
        raise ValueError("path must have at least two points, got one")
    drawn = [_curvatures_ahead(M, along)]
    axes = axes_or_new(ax)
    line = {"color": BLUE, "linewidth": 1.8, "label": "in the direction of motion"}
    axes.plot(along.places[:-1], drawn[0], **line)
    if largest:
        drawn += _draw_largest(axes, M, along)
    gaps = sum(np.count_nonzero(np.isnan(values)) for values in drawn[:2])
    if gaps:
        remark(axes, f"{gaps} of {sum(values.size for values in drawn[:2])} values not defined")
    axes.set_yscale("log" if _is_positive(drawn) else "linear")
    label_along(axes, along, f"normal curvature ({_unit(M, along.points[0])})")
    bounded_legend(axes, frameon=False)
    return axes


def principal_curvatures(M: ImmersedManifold, x: Point, normal, ax: Axes | None = None) -> Axes:
    """Draw the principal curvatures at a point along a normal, and the critical one.

    Let r be the normal part of the vector. Half the squared distance to u + r has at the point u
    the Riemannian Hessian with the eigenvalues 1 - |r| kappa_i (docs/theory.md, section 2), so that
    u is not the nearest point of M where a curvature exceeds 1 / |r|. That value is drawn, and the
    legend tells how many curvatures exceed it. Lengths and angles are those of the metric of M.

    With the residual y - u as the normal, the loss is half the squared error in the metric of M,
    and a critical point at which a curvature exceeds 1 / |r| is no minimum of it. Of other losses
    the picture says nothing: `riemgn.survey` judges by the loss itself.

    Args:
        M: The manifold.
        x: A point of it.
        normal: An ambient vector (n,); its normal part counts, with its length.
        ax: Axes, or None for new ones.

    Raises:
        ValueError: The vector has another shape, or no normal part.
        NumericalError: The curvature is not defined at the point.
    """
    r = vector("normal", normal, x.size)
    curvatures = M.principal_curvatures(x, r)
    critical = 1 / float(M.norm(x, r - M.projection(x, r)))
    beyond = curvatures > critical
    axes = axes_or_new(ax)
    orders = np.arange(1, curvatures.size + 1)
    for those, colour, hatch, label in (
        (~beyond, BLUE, None, "up to it"),
        (beyond, VERMILION, "///", "above it: u is not nearest to u + r"),
    ):
        if those.any():
            edge = 0.4 if curvatures.size < _MANY else 0
            bars = {"color": colour, "hatch": hatch, "edgecolor": ink(), "linewidth": edge}
            name = f"{np.count_nonzero(those)} {label}"
            axes.bar(orders[those], curvatures[those], width=0.7, label=name, **bars)
    axes.axhline(0, color=muted(), linewidth=0.8)
    name = f"critical: 1 / |r| = {critical:.3g}"
    if critical <= _FAR * np.abs(curvatures).max():
        axes.axhline(critical, color=ink(), linewidth=1.3, linestyle="--", label=name)
    else:
        remark(axes, f"{name}, far above")
    whole_numbers(axes.xaxis)
    axes.set_xlim(0, curvatures.size + 1)
    label_axes(axes, "order", f"principal curvature ({_unit(M, x)})")
    bounded_legend(axes, framealpha=0.85, edgecolor="none")
    return axes


def _unit(M: ImmersedManifold, x: Point) -> str:
    if M.metric.root(x.outputs).is_identity:
        return "1 / unit of the outputs"
    return "1 / length in the metric of M"


def _curvatures_ahead(M: ImmersedManifold, along: Stations) -> np.ndarray:
    """Return the normal curvature at each point but the last, NaN where it is not defined.

    Raises:
        NumericalError: It is defined nowhere.
    """
    curvatures, trouble = np.full(len(along.points) - 1, np.nan), None
    for k, (x, step) in enumerate(zip(along.points[:-1], along.steps[:-1], strict=True)):
        v = x.jet.jvp(step)
        size = x.factor.singular_values()[0] * np.linalg.norm(step)
        if np.linalg.norm(v) <= rank_tolerance(*x.jet.shape) * size:
            continue  # the outputs rest
        try:
            curvatures[k] = M.normal_curvature(x, v)
        except NumericalError as error:
            trouble = error
    if trouble is not None and np.isnan(curvatures).all():
        raise trouble
    return curvatures


def _draw_largest(axes: Axes, M: ImmersedManifold, along: Stations) -> list[np.ndarray]:
    """Draw the largest normal curvature and what none exceeds; return the drawn values."""
    values, bounds = np.full((2, len(along.points)), np.nan)
    for k, x in enumerate(along.points):
        try:
            found = M.largest_normal_curvature(x)
        except NumericalError:
            continue  # a gap, which the caller counts
        values[k], bounds[k] = found.value, found.upper_bound
    dashed = {"color": GREEN, "linewidth": 1.8, "linestyle": "--"}
    axes.plot(along.places, values, label="in any direction, largest found", **dashed)
    shade = {"color": GREEN, "alpha": 0.2, "linewidth": 0, "label": "up to its bound"}
    axes.fill_between(along.places, values, bounds, **shade)
    return [values, bounds]


def _is_positive(drawn: list[np.ndarray]) -> bool:
    values = np.concatenate(drawn)
    values = values[np.isfinite(values)]
    return bool(values.size) and bool(values.min() > 0)
