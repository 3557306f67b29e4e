"""Which part of a surface is drawn: a box of outputs, and grid lines that lie evenly in it."""

from __future__ import annotations

import numpy as np

from riemgn.arguments import matrix, told
from riemgn.linalg import one_blas_thread
from riemgn.manifolds import ImmersedManifold

REACH = 0.7  # how far a frame goes beyond what it is around, as a share of the longest side

_LINES = 24  # along each parameter, by which the movement of outputs is measured
_ROUNDS = 12  # each narrows the widest gap between lines about twentyfold
_EVEN = 3.0  # the most times the mean speed along a parameter with which lines stay evenly spaced
_LEAST = 0.25  # of the mean movement between lines, which none is taken to be below
_HALVINGS = 12
_BESIDE = ((-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1))


def frame_around(outputs: np.ndarray) -> np.ndarray | None:
    """Return the box of outputs (3, 2) around points (m, 3), or None if they are one point."""
    low, high = outputs.min(axis=0), outputs.max(axis=0)
    reach = REACH * float(np.max(high - low))
    return np.stack([low - reach, high + reach], axis=1) if reach > 0 else None


def checked_frame(within) -> np.ndarray:
    """Return a box of outputs as an array (3, 2).

    Raises:
        TypeError: It is not real.
        ValueError: It has another shape, or an empty side.
    """
    frame = matrix("within", within, columns=2)
    if len(frame) != 3 or np.any(frame[:, 0] >= frame[:, 1]):
        raise ValueError(
            f"within must be three times (low, high) with low < high, got {told(within)}"
        )
    return frame


@one_blas_thread()
def outputs_over(manifold: ImmersedManifold, params: np.ndarray) -> np.ndarray:
    """Return f(w) for parameters (..., p), (..., n); NaN where it is not finite."""
    f = manifold.immersion
    flat = np.array([f.at(w).outputs for w in params.reshape(-1, f.dim)])
    outputs = flat.reshape(*params.shape[:-1], f.ambient_dim)
    return np.where(np.isfinite(outputs).all(axis=-1, keepdims=True), outputs, np.nan)


def grid(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the pairs of two lists of parameters (a,) and (b,), (a, b, 2)."""
    return np.stack(np.meshgrid(first, second, indexing="ij"), axis=-1)


def even_lines(
    manifold: ImmersedManifold,
    box: np.ndarray,
    known: np.ndarray,
    count: int,
    frame: np.ndarray | None = None,
) -> list[np.ndarray]:
    """Return values of both parameters between which outputs move by about the same length.

    They are evenly spaced where that is nearly so already. Movement beyond the frame does not
    count, and a part of the box in which nothing is in the frame is left out.

    Args:
        manifold: The surface.
        box: The range of each parameter, (2, 2).
        known: Parameters (m, 2) in the box with outputs in the frame.
        count: How many values.
        frame: A box of outputs (3, 2), or None for all of them.
    """
    coarse = [
        np.union1d(np.linspace(*side, _LINES), _spread(known[:, k], _LINES))
        for k, side in enumerate(box)
    ]
    lines = [np.linspace(*side, count) for side in box]
    for number in range(_ROUNDS):
        outputs = outputs_over(manifold, grid(*coarse))
        moved = [_movement(outputs, frame), _movement(outputs.swapaxes(0, 1), frame)]
        if not all(m.any() for m in moved):
            return lines
        pairs = list(zip(coarse, moved, strict=True))
        if number == 0 and all(_is_even(*pair) for pair in pairs):
            return lines
        lines = [_evened(*pair, count) for pair in pairs]
        coarse = [_evened(*pair, _LINES) for pair in pairs]
    return lines


def cut_to(
    manifold: ImmersedManifold, params: np.ndarray, outputs: np.ndarray, frame: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return a grid whose corners beyond the frame are drawn in to its edge, or are NaN.

    A corner with a neighbour in the frame moves towards it, to the last place in the frame.

    Args:
        manifold: The surface.
        params: (a, b, 2).
        outputs: (a, b, 3).
        frame: A box of outputs, (3, 2).
    """
    inside = _in_frame(outputs, frame)
    anchor = np.full((*inside.shape, 2), np.nan)
    for shift in _BESIDE:
        theirs, ours = _neighbours(inside.shape, shift)
        free = ~inside[ours] & inside[theirs] & np.isnan(anchor[ours][..., 0])
        anchor[ours] = np.where(free[..., None], params[theirs], anchor[ours])
    moved = np.isfinite(anchor[..., 0])
    cut_params, cut_outputs = params.copy(), np.where(inside[..., None], outputs, np.nan)
    if moved.any():
        cut_params[moved] = _last_inside(manifold, anchor[moved], params[moved], frame)
        cut_outputs[moved] = outputs_over(manifold, cut_params[moved])
    return cut_params, cut_outputs


def _neighbours(shape: tuple[int, int], shift: tuple[int, int]) -> tuple[tuple, tuple]:
    """Return slices of a grid, and of where their entries' neighbours by a shift are."""
    theirs = tuple(slice(max(s, 0), n + min(s, 0)) for s, n in zip(shift, shape, strict=True))
    ours = tuple(slice(max(-s, 0), n + min(-s, 0)) for s, n in zip(shift, shape, strict=True))
    return theirs, ours


def _last_inside(
    manifold: ImmersedManifold, inner: np.ndarray, outer: np.ndarray, frame: np.ndarray
) -> np.ndarray:
    """Return parameters (k, 2) on lines from within the frame to without, at its edge."""
    for _ in range(_HALVINGS):
        middle = 0.5 * (inner + outer)
        inside = _in_frame(outputs_over(manifold, middle), frame)[:, None]
        inner, outer = np.where(inside, middle, inner), np.where(inside, outer, middle)
    return inner


def _in_frame(outputs: np.ndarray, frame: np.ndarray) -> np.ndarray:
    return ((outputs >= frame[:, 0]) & (outputs <= frame[:, 1])).all(axis=-1)


def _movement(outputs: np.ndarray, frame: np.ndarray | None) -> np.ndarray:
    """Return how far outputs (a, b, 3) move in the frame from row to row, the most over b, (a-1,).

    It is measured to the frame's edge, and is zero between two outputs beyond it.
    """
    counted = np.isfinite(outputs).all(axis=-1)
    if frame is not None:
        counted = _in_frame(outputs, frame)
        outputs = np.clip(outputs, frame[:, 0], frame[:, 1])
    lengths = np.linalg.norm(np.diff(outputs, axis=0), axis=-1)
    counted = (counted[1:] | counted[:-1]) & np.isfinite(lengths)
    return np.where(counted, lengths, 0.0).max(axis=1)


def _is_even(lines: np.ndarray, moved: np.ndarray) -> bool:
    """Whether outputs move between lines with similar speeds, and everywhere."""
    fastest = np.max(moved / np.diff(lines)) * (lines[-1] - lines[0])
    return bool(moved[0] > 0 and moved[-1] > 0 and fastest <= _EVEN * moved.sum())


def _evened(lines: np.ndarray, moved: np.ndarray, count: int) -> np.ndarray:
    """Return lines between which equal lengths are moved, from the first movement to the last."""
    first, last = np.flatnonzero(moved)[[0, -1]]
    used = moved[first : last + 1]
    used = np.maximum(used, _LEAST * used.mean())
    way = np.concatenate([[0.0], np.cumsum(used)])
    return np.interp(np.linspace(0.0, way[-1], count), way, lines[first : last + 2])


def _spread(values: np.ndarray, most: int) -> np.ndarray:
    """Return some of many values, the first and the last among them in size."""
    values = np.unique(values)
    return values[np.unique(np.linspace(0, len(values) - 1, most).round().astype(int))]
