"""Which points are hidden by a surface, as it is seen: the sight line meets a nearer face."""

from __future__ import annotations

import numpy as np

_CHUNK = 32  # points at once, which on a line are near to each other
_NEAR = 0.5  # of a face's size, up to which distance from a point it is the point's own
_NO_AREA = 1e-20  # of a triangle in the picture, which is about 0.1 wide
_NEAREST = 0.01  # of the surface's extent, within which nothing hides


def hidden_by(points: np.ndarray, faces: np.ndarray, projection: np.ndarray) -> np.ndarray:
    """Return which points (k, 3) lie behind one of the faces, (k,).

    A point that lies in the surface is not hidden by the faces around it: one hides it only if it
    is farther in front of it than half its own size.

    Args:
        points: In R^3; one that is not finite is not hidden.
        faces: Their corners, (m, 4, 3).
        projection: To the picture, in homogeneous coordinates, (4, 4); the third one is the depth.
    """
    hidden = np.zeros(len(points), dtype=bool)
    known = np.flatnonzero(np.isfinite(points).all(axis=1))
    if len(faces) == 0 or len(known) == 0:
        return hidden
    seen, corners = _projected(points[known], projection), _projected(faces, projection)
    low, high = corners[..., :2].min(axis=1), corners[..., :2].max(axis=1)
    sizes = np.linalg.norm(np.ptp(faces, axis=1), axis=1)
    extent = np.linalg.norm(np.ptp(faces.reshape(-1, 3), axis=0))
    reach = np.maximum(_NEAR * sizes, _NEAREST * extent)
    for first in range(0, len(known), _CHUNK):
        part = slice(first, first + _CHUNK)
        point, face = _beneath(seen[part, :2], low, high)
        for triangle in ([0, 1, 2], [0, 2, 3]):
            weights = _barycentric(seen[part][point, :2], corners[face][:, triangle, :2])
            over = np.sum(weights * corners[face][:, triangle, 2], axis=1)
            place = np.einsum("ki,kij->kj", weights, faces[face][:, triangle])
            away = np.linalg.norm(place - points[known][part][point], axis=1)
            covers = (weights >= 0).all(axis=1) & (over < seen[part][point, 2])
            hidden[known[part][point[covers & (away > reach[face])]]] = True
    return hidden


def _beneath(points: np.ndarray, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return the pairs of points (k, 2) and rectangles (m, 2) with the points in them, by index."""
    near = np.flatnonzero(((low <= points.max(axis=0)) & (high >= points.min(axis=0))).all(axis=1))
    at = points[:, None]
    point, place = np.nonzero(((at >= low[near]) & (at <= high[near])).all(axis=-1))
    return point, near[place]


def _projected(points: np.ndarray, projection: np.ndarray) -> np.ndarray:
    homogeneous = points @ projection[:, :3].T + projection[:, 3]
    return homogeneous[..., :3] / homogeneous[..., 3:]


def _barycentric(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Return the weights of the corners (k, 3, 2) that give points (k, 2); NaN for no triangle."""
    a, b, c = np.moveaxis(triangles, 1, 0)
    whole = _area(b - a, c - a)
    whole = np.where(np.abs(whole) > _NO_AREA, whole, np.nan)
    second, third = _area(points - a, c - a) / whole, _area(b - a, points - a) / whole
    return np.stack([1 - second - third, second, third], axis=1)


def _area(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]
