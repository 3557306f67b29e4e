"""The points along a run, a flow or a curve, which pictures of paths draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from riemgn.arguments import told
from riemgn.flows import Trajectory
from riemgn.manifolds import Point
from riemgn.optimizers.results import Result


@dataclass(frozen=True, eq=False)
class Walk:
    """Points in their order.

    Attributes:
        places: Where they are along the walk, (m,).
        unit: What places count: "iteration", "time" or "point".
        outputs: (m, n).
        params: (m, p), or None where only outputs are known.
    """

    places: np.ndarray
    unit: str
    outputs: np.ndarray
    params: np.ndarray | None


Walked = Result | Trajectory | Sequence[Point] | np.ndarray


def walk(path: Walked) -> Walk:
    """Return the points of a path.

    Args:
        path: A `Result` of `minimize(..., record_points=True)`, a `Trajectory`, a sequence of
            points, or outputs (m, n).

    Raises:
        TypeError: It is something else.
        ValueError: The run did not record its points, there is no point, outputs have another
            shape, or something is not finite.
    """
    walked = _walked(path)
    for values in (walked.outputs, walked.params):
        if values is not None and not np.isfinite(values).all():
            k = int(np.argmin(np.isfinite(values).all(axis=1)))
            raise ValueError(f"path must be finite, got {told(values[k])} as its point {k}")
    return walked


def _walked(path: Walked) -> Walk:
    if isinstance(path, Trajectory):
        return Walk(path.times, "time", path.outputs, path.params)
    if isinstance(path, Result):
        points = [record.point for record in path.history]
        if not points or any(x is None for x in points):
            raise ValueError("path must have its points: run minimize with record_points=True")
        iterations = np.array([record.iteration for record in path.history])
        return _of_points(points, iterations, "iteration")
    if isinstance(path, Point):
        return _of_points([path], np.arange(1), "point")
    if isinstance(path, (list, tuple)) and path and all(isinstance(x, Point) for x in path):
        return _of_points(path, np.arange(len(path)), "point")
    if np.iscomplexobj(path):
        raise TypeError(f"path must be real, got dtype {np.asarray(path).dtype}")
    try:
        outputs = np.asarray(path, dtype=np.float64)
    except (TypeError, ValueError):
        raise TypeError(
            f"path must be a run, a flow, points or outputs (m, n), got {type(path).__name__}"
        ) from None
    if outputs.ndim != 2 or len(outputs) == 0:
        raise ValueError(f"path must have shape (m, n) with m >= 1, got {outputs.shape}")
    return Walk(np.arange(len(outputs)), "point", outputs, None)


def _of_points(points: Sequence[Point], places: np.ndarray, unit: str) -> Walk:
    outputs = np.array([x.outputs for x in points])
    return Walk(places, unit, outputs, np.array([x.params for x in points]))


def walks(paths: Walked | Sequence[Walked] | Mapping[str, Walked]) -> list[tuple[str | None, Walk]]:
    """Return the points of one path, of several, or of paths by their labels, each with its label.

    Args:
        paths: A path as `walk` takes it, a list of such paths, or a mapping from labels to them;
            a list of points is one path, an empty one is no path.

    Raises:
        TypeError: There is something else among them.
        ValueError: As in `walk`.
    """
    if isinstance(paths, Mapping):
        return [(str(label), walk(path)) for label, path in paths.items()]
    several = isinstance(paths, (list, tuple)) and not any(isinstance(x, Point) for x in paths)
    if several and all(isinstance(path, (Result, Trajectory)) or _is_path(path) for path in paths):
        return [(None, walk(path)) for path in paths]
    return [(None, walk(paths))]


def _is_path(path) -> bool:
    """Whether something in a list is a path of its own, and not one row of outputs."""
    if isinstance(path, np.ndarray):
        return path.ndim == 2
    return isinstance(path, (list, tuple)) and any(isinstance(x, Point) for x in path)
