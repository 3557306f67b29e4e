"""Which part of a surface is drawn: a box of outputs, and grid lines that lie evenly in it."""

from __future__ import annotations

import numpy as np

from riemgn.arguments import matrix, told
from riemgn.linalg import one_blas_thread
from riemgn.manifolds import ImmersedManifold

REACH = 0.7  # how far a frame goes beyond what it is around, as a share of the longest side

_LINES = 24  # along each parameter, between which bends are measured
_ROUNDS = 4  # each narrows the widest gap between lines about twentyfold
_EVEN = 2.5  # the most times the mean bend along a parameter with which lines stay evenly spaced
_UNIFORM = 0.2  # the share of lines that are evenly spaced whatever bends
_STRAIGHT = 0.1  # what a straight way counts, as a share of its length
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
    """Return values of both parameters, closer to each other where the surface bends more.

    They are evenly spaced where that is nearly so already. What is beyond the frame does not count,
    and a part of the box in which nothing is in the frame, or all is one point, is left out.

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
        outputs = outputs_over(manifold, grid(*(_with_middles(values) for values in coarse)))
        bends = [_bends(outputs, frame), _bends(outputs.swapaxes(0, 1), frame)]
        if not all(bent.any() for bent in bends):
            return lines
        pairs = list(zip(coarse, bends, strict=True))
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


def _with_middles(values: np.ndarray) -> np.ndarray:
    return np.interp(np.arange(2 * len(values) - 1) / 2, np.arange(len(values)), values)


def _bends(outputs: np.ndarray, frame: np.ndarray | None) -> np.ndarray:
    """Return how much the lines of a grid bend from every second row to the next, the most over b.

    That is the root of a middle's distance from its chord, times the extent, and a share of the
    length. It is measured up to the frame's edge, and is zero for ways beyond it.

    Args:
        outputs: (2 a + 1, b, 3).
        frame: A box of outputs (3, 2), or None for all of them.

    Returns:
        (a,).
    """
    known = np.isfinite(outputs).all(axis=-1)
    if not known.any():
        return np.zeros(len(outputs) // 2)
    extent = np.ptp(outputs[known], axis=0).max()
    if frame is not None:
        known, extent = _in_frame(outputs, frame), np.ptp(frame, axis=1).max()
        outputs = np.clip(outputs, frame[:, 0], frame[:, 1])
    first, middle, last = outputs[:-2:2], outputs[1:-1:2], outputs[2::2]
    length = np.linalg.norm(middle - first, axis=-1) + np.linalg.norm(last - middle, axis=-1)
    bent = _STRAIGHT * length + np.sqrt(extent * _from_chord(first, middle, last))
    counted = (known[:-2:2] | known[1:-1:2] | known[2::2]) & np.isfinite(bent)
    return np.where(counted, bent, 0.0).max(axis=1)


def _from_chord(first: np.ndarray, middle: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Return the distances of middles (..., 3) from the chords between two ends each, (...)."""
    chord, way = last - first, middle - first
    square = np.sum(chord**2, axis=-1)
    share = np.sum(way * chord, axis=-1) / np.where(square > 0, square, 1.0)
    return np.linalg.norm(way - np.clip(share, 0.0, 1.0)[..., None] * chord, axis=-1)


def _is_even(lines: np.ndarray, bends: np.ndarray) -> bool:
    """Whether a surface bends with similar rates between lines, and everywhere."""
    fastest = np.max(bends / np.diff(lines)) * (lines[-1] - lines[0])
    return bool(bends[0] > 0 and bends[-1] > 0 and fastest <= _EVEN * bends.sum())


def _evened(lines: np.ndarray, bends: np.ndarray, count: int) -> np.ndarray:
    """Return lines closer where a surface bends more, from the first bend to the last."""
    first, last = np.flatnonzero(bends)[[0, -1]]
    used, kept = bends[first : last + 1], lines[first : last + 2]
    way = np.concatenate([[0.0], np.cumsum(used)]) / used.sum()
    along = (kept - kept[0]) / (kept[-1] - kept[0])
    share = (1 - _UNIFORM) * way + _UNIFORM * along
    return np.interp(np.linspace(0.0, 1.0, count), share, kept)


def _spread(values: np.ndarray, most: int) -> np.ndarray:
    """Return some of many values, the first and the last among them in size."""
    values = np.unique(values)
    return values[np.unique(np.linspace(0, len(values) - 1, most).round().astype(int))]
