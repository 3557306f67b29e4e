"""A plane of R^n, and which one a picture of a loss lies in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from riemgn.losses import Loss
from riemgn.manifolds import Point
from riemgn.plotting.walks import Walk
from riemgn.problem import Problem

# The share of what it is compared with from which a direction off the first axis is no rounding.
_LEAST_SHARE = 1e-6


@dataclass(frozen=True, eq=False)
class Plane:
    """A plane of R^n with coordinates in units of the outputs.

    Attributes:
        origin: (n,).
        axes: Two orthonormal vectors as columns, (n, 2).
        second: What the second axis points to, in words.
    """

    origin: np.ndarray
    axes: np.ndarray
    second: str

    def coordinates(self, outputs: np.ndarray) -> np.ndarray:
        """Return the coordinates (m, 2) of the orthogonal projections of outputs (m, n)."""
        return (outputs - self.origin) @ self.axes

    def outputs(self, coordinates: np.ndarray) -> np.ndarray:
        """Return the outputs (m, n) at coordinates (m, 2)."""
        return self.origin + coordinates @ self.axes.T

    def seen_length(self, outputs: np.ndarray) -> float:
        """Return the length of a path's projection over that of the path (m, n), 1 if it rests."""
        steps = np.diff(outputs, axis=0)
        length = np.linalg.norm(steps, axis=1).sum()
        return float(np.linalg.norm(steps @ self.axes, axis=1).sum() / length) if length else 1.0


def target_of(loss: Loss, n: int) -> np.ndarray | None:
    """Return the outputs (n,) that a loss of a residual is least at, or None.

    They are the loss's `targets`, if its gradient vanishes there: class labels and counts are no
    outputs.
    """
    target = np.asarray(getattr(loss, "targets", np.nan), dtype=np.float64)
    if target.shape != (n,) or np.any(loss.gradient(target)):
        return None
    return target


def plane_of(problem: Problem, start: Point, optimum: Point, paths: Sequence[Walk]) -> Plane:
    """Return the plane through two points in which the most is to be seen of a loss.

    Its first axis leads from the start to the optimum, its origin. The second one is orthogonal to
    it and points to the first of these that is not on that line up to rounding: the target, minus
    the loss's gradient at the optimum, where the paths depart most from the line, minus the
    gradient at the start, the Riemannian gradient there, any direction.

    Raises:
        ValueError: Both have the same outputs, or there is one output.
        NumericalError: The loss's gradient overflows at one of them.
    """
    ahead = optimum.outputs - start.outputs
    distance = float(np.linalg.norm(ahead))
    if distance <= np.finfo(np.float64).eps * np.linalg.norm(optimum.outputs):
        raise ValueError("start and optimum must have different outputs, got the same")
    if ahead.size < 2:
        raise ValueError("loss_slice needs at least two outputs, got one")
    first = ahead / distance
    candidates = _candidates(problem, start, optimum, paths, first, distance)
    words, second = next(
        (words, off / np.linalg.norm(off))
        for words, off, size in candidates
        if np.linalg.norm(off) > _LEAST_SHARE * size
    )
    return Plane(optimum.outputs, np.column_stack([first, second]), words)


def _candidates(
    problem: Problem,
    start: Point,
    optimum: Point,
    paths: Sequence[Walk],
    first: np.ndarray,
    distance: float,
) -> Iterator[tuple[str, np.ndarray, float]]:
    """Yield vectors (n,) orthogonal to the line, each with the size against which it is rounding.

    The last one is never rounding.
    """
    loss = problem.loss

    def off(vectors: np.ndarray) -> np.ndarray:
        for _ in range(2):  # the second time for what rounding left
            vectors = vectors - np.multiply.outer(vectors @ first, first)
        return vectors

    target = target_of(loss, first.size)
    if target is not None:
        yield "the target", off(target - optimum.outputs), distance
    here, there = problem.euclidean_gradient(start), problem.euclidean_gradient(optimum)
    unit = np.abs(here).max() or 1.0  # that no square leaves the range of floats
    here, there = here / unit, there / unit
    steepest = float(np.linalg.norm(here))
    yield "minus the gradient at the optimum", off(-there), steepest
    if paths:
        away = off(np.concatenate([path.outputs for path in paths]) - optimum.outputs)
        principal = off(np.linalg.svd(away, full_matrices=False)[2][0])
        heights = away @ principal
        yield "the paths", principal * heights[np.argmax(np.abs(heights))], distance
    yield "minus the gradient at the start", off(-here), steepest
    yield "steepest descent on M", off(-problem.riemannian_gradient(start)) / unit, steepest
    yield "any side", off(np.eye(first.size)[np.argmin(np.abs(first))]), 1.0
