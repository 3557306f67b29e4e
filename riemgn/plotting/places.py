"""The points of a path as points of a manifold, no more of them than a picture shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from riemgn.arguments import told
from riemgn.manifolds import ImmersedManifold, Point
from riemgn.plotting.style import label_axes, whole_numbers
from riemgn.plotting.walks import Walked, walk

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_POINTS = 200
_AXES = {"iteration": "iteration", "time": "time", "point": "point"}


@dataclass(frozen=True, eq=False)
class Stations:
    """Points along a path at which a picture evaluates something.

    Attributes:
        places: Where they are along the path, (m,).
        unit: What places count: "iteration", "time" or "point".
        points: m points.
        steps: From each to the next point of the whole path, in parameters, (m, p); 0 at its end.
    """

    places: np.ndarray
    unit: str
    points: list[Point]
    steps: np.ndarray


def stations(M: ImmersedManifold, path: Walked, most: int = MOST_POINTS) -> Stations:
    """Return the points of a path, or no more than `most` at even distances in their order.

    Args:
        M: The manifold.
        path: As for `riemgn.plotting.walk`.
        most: How many points at most.

    Raises:
        TypeError: M is no manifold, or the path is something else.
        ValueError: The path has outputs alone.
    """
    if not isinstance(M, ImmersedManifold):
        raise TypeError(f"M must be a riemgn.ImmersedManifold, got {told(M)}")
    along = walk(path)
    if along.params is None:
        raise ValueError("path must have its parameters, got outputs alone")
    m = len(along.places)
    kept = np.unique(np.linspace(0, m - 1, min(m, most)).round().astype(int))
    steps = np.diff(along.params, axis=0, append=along.params[-1:])
    points = [M.point(w) for w in along.params[kept]]
    return Stations(along.places[kept], along.unit, points, steps[kept])


def label_along(axes: Axes, along: Stations, ylabel: str) -> None:
    """Label axes whose first one goes along a path; a legend is left to the caller."""
    if along.unit != "time":
        whole_numbers(axes.xaxis)
    label_axes(axes, _AXES[along.unit], ylabel)
