"""Paths in R^n or in the parameters, seen in their first two principal components."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from riemgn.arguments import choice
from riemgn.plotting.style import axes_or_new, bounded_legend, finish, ink, look
from riemgn.plotting.walks import Walk, Walked, walks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_START = {"marker": "o", "markersize": 8}
_END = {"marker": "*", "markersize": 13}
_SPACES = {"outputs": "outputs", "params": "parameters"}


@dataclass(frozen=True, eq=False)
class Components:
    """The first two principal components of paths, from all their points together.

    Attributes:
        coordinates: Those of each path's points, (m, 2).
        shares: Of the variance, (2,).
    """

    coordinates: list[np.ndarray]
    shares: np.ndarray


def principal_components(
    paths: Walked | Sequence[Walked] | Mapping[str, Walked],
    ax: Axes | None = None,
    *,
    of: str = "outputs",
) -> Axes:
    """Draw paths in the first two principal components of all their points.

    The points count alike, whichever path they are on. The axes tell the shares of the variance
    that is seen. The signs of the components are such that the first path ends to the right of its
    start, and above.

    Args:
        paths: A path (`riemgn.plotting.walk`), a list of paths, or a mapping from labels to paths.
        ax: Axes, or None for new ones.
        of: The "outputs" or the "params".

    Raises:
        TypeError: A path is something else.
        ValueError: There is no path, all points are the same, paths differ in dimension, or one
            has outputs alone where parameters are wanted.
    """
    choice("of", of, _SPACES)
    drawn = walks(paths)
    if not drawn:
        raise ValueError("paths must hold at least one path, got none")
    found = components([_points(path, of) for _, path in drawn])
    axes = axes_or_new(ax)
    for k, ((label, _), places) in enumerate(zip(drawn, found.coordinates, strict=True)):
        options = look(k, len(places))
        axes.plot(*places.T, label=label, **options)
        for end, mark in ((places[:1], _START), (places[-1:], _END)):
            face = {"markerfacecolor": options["color"], "markeredgecolor": ink(), "zorder": 4}
            axes.plot(*end.T, linestyle="none", **mark, **face)
    for name, mark in (("start", _START), ("end", _END)):
        axes.plot([], [], color=ink(), linestyle="none", label=name, **mark)
    names = [
        f"{which} component, {100 * share:.3g} % of the variance"
        for which, share in zip(("first", "second"), found.shares, strict=True)
    ]
    finish(axes, *names, f"Principal components of the {_SPACES[of]}")
    bounded_legend(axes, kept=("start", "end"), framealpha=0.85, edgecolor="none")
    return axes


def components(paths: Sequence[np.ndarray]) -> Components:
    """Return the first two principal components of points (m, d) of paths, by one SVD.

    Raises:
        ValueError: All points are the same, or paths differ in their dimension d.
    """
    dimensions = {points.shape[1] for points in paths}
    if len(dimensions) > 1:
        listed = " and ".join(map(str, sorted(dimensions)))
        raise ValueError(f"paths must have one dimension, got {listed}")
    points = np.concatenate(paths)
    centred = points - points.mean(axis=0)
    size = np.abs(points).max()
    if np.abs(centred).max() <= points.shape[0] * np.finfo(np.float64).eps * size:
        raise ValueError(f"paths must have points that differ, got {len(points)} equal ones")
    _, values, directions = np.linalg.svd(centred, full_matrices=False)
    seen = centred @ directions[:2].T
    places = np.zeros((len(points), 2))  # the second is zero where there is one dimension or point
    places[:, : seen.shape[1]] = seen
    places *= np.where(places[len(paths[0]) - 1] < places[0], -1.0, 1.0)
    shares = np.zeros(2)
    above_rounding = values > max(centred.shape) * np.finfo(np.float64).eps * values[0]
    variances = np.where(above_rounding, values / values[0], 0) ** 2
    shares[: variances[:2].size] = variances[:2] / variances.sum()
    return Components(np.split(places, np.cumsum([len(path) for path in paths])[:-1]), shares)


def _points(path: Walk, of: str) -> np.ndarray:
    points = path.outputs if of == "outputs" else path.params
    if points is None:
        raise ValueError("paths must have parameters for of='params', got outputs alone")
    return points
