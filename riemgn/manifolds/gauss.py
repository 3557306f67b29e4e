"""Curvatures within an output manifold, by the Gauss equation: R^n is flat, M bends in it.

With II the second fundamental form,
`<R(a, b) c, d> = <II(a, d), II(b, c)> - <II(a, c), II(b, d)>` (docs/theory.md, section 2).
"""

from __future__ import annotations

import numpy as np

from riemgn.manifolds.curvature import (
    frame_moments,
    frame_trace,
    normal_bends,
    seen_bends,
)
from riemgn.manifolds.normals import FrameNormals, grown, is_normal, normal_projection, tamed, unit
from riemgn.manifolds.sight import Sight

# Sine of the angle up to which a vector counts as lying in a space: far above rounding, and what
# is left of a vector outside it has half of its digits there.
NO_ANGLE = 1e-8


def sectional_curvature(sight: Sight, a: np.ndarray, b: np.ndarray) -> float:
    """Return the curvature of M along the plane of the tangential parts of a, b (n,).

    Raises:
        ValueError: They span no plane.
    """
    xi, eta = _least_cancelling(sight, sight.factor.lift(_orthonormal(sight, a, b))).T
    along_xi = seen_bends(sight.jet, sight.root, xi, np.stack([xi, eta], axis=1))
    along_eta = seen_bends(sight.jet, sight.root, eta, eta[:, None])
    first, mixed = along_xi.T
    return _gauss(sight, np.stack([first, along_eta[:, 0], mixed, mixed], axis=1))


def riemann(sight: Sight, a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray) -> float:
    """Return <R(a, b) c, d> for the tangential parts of a, b, c, d (n,)."""
    vectors, sizes = zip(*(tamed(v) for v in (a, b, c, d)), strict=True)
    lifts = sight.lift(np.stack(vectors, axis=1))
    ac, ad = seen_bends(sight.jet, sight.root, lifts[:, 0], lifts[:, 2:]).T
    bc, bd = seen_bends(sight.jet, sight.root, lifts[:, 1], lifts[:, 2:]).T
    R = _gauss(sight, np.stack([ad, bc, ac, bd], axis=1))
    return float(grown("<R(a, b) c, d>", R, *sizes))


def ricci(sight: Sight, a: np.ndarray, b: np.ndarray) -> float:
    """Return the sum over a frame of <R(e_i, a) b, e_i>, for the tangential parts of a, b (n,)."""
    (a, size_a), (b, size_b) = tamed(a), tamed(b)
    xi, eta = sight.lift(np.stack([a, b], axis=1)).T
    with_a, with_b = (normal_bends(sight, x, sight.frame.lifts) for x in (xi, eta))
    between = normal_bends(sight, xi, eta[:, None])[:, 0]
    total = sight.root.transposed(frame_trace(sight))
    return float(grown("Ric(a, b)", total @ between - np.sum(with_a * with_b), size_a, size_b))


def ricci_matrix(sight: Sight) -> np.ndarray:
    """Return the Ricci curvature in the tangent frame, (r, r)."""
    r, lifts, normals = sight.rank, sight.frame.lifts, FrameNormals(sight)
    total, matrix = sight.root.transposed(frame_trace(sight)), np.zeros((r, r))
    for i, xi in enumerate(lifts.T):
        _, bends = normals.split(seen_bends(sight.jet, sight.root, xi, lifts))
        matrix[i] += total @ bends
        matrix -= bends.T @ bends
    return 0.5 * normals.share() * (matrix + matrix.T)


def scalar_curvature(sight: Sight) -> float:
    """Return the trace of the Ricci curvature: |sum_i II_ii|^2 - sum_ij |II_ij|^2."""
    _, normal = frame_moments(sight)
    return normal.trace_square - normal.square


def unit_tangent(sight: Sight, name: str, v: np.ndarray) -> np.ndarray:
    """Return the tangential part of L^T v, (n,), at length 1.

    Raises:
        ValueError: v has none but rounding.
    """
    tangential = sight.factor.project(unit(sight.root.transposed(v)))
    share = np.linalg.norm(tangential)
    if share <= NO_ANGLE:
        raise ValueError(f"{name} must not be normal to the manifold, got no tangential part")
    return tangential / share


def _gauss(sight: Sight, bends: np.ndarray) -> float:
    """The product of the first two normal parts less that of the others, of accelerations (n, 4).

    Each needs digits only so far as the difference depends on it.
    """
    normals = normal_projection(sight, bends)
    sizes = np.linalg.norm(normals, axis=0)
    scale = sizes[0] * sizes[1] + sizes[2] * sizes[3]
    if scale == 0:
        return 0.0
    for j, partner in enumerate(sizes[[1, 0, 3, 2]]):
        if partner and not is_normal(sight, bends[:, j], scale / partner):
            normals[:, j] = 0.0
    return float(normals[:, 0] @ normals[:, 1] - normals[:, 2] @ normals[:, 3])


def _least_cancelling(sight: Sight, lifts: np.ndarray) -> np.ndarray:
    """The lifts (p, 2) of an orthonormal pair turned until they are orthogonal themselves.

    Where one direction of the plane bends far more than another, as beside a singular point, the
    pair then tells them apart, and the Gauss equation subtracts nothing that is in both products.
    """
    return lifts @ np.linalg.svd(sight.sizes[:, None] * lifts, full_matrices=False)[2].T


def _orthonormal(sight: Sight, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return orthonormal seen vectors that span the plane of a and b, (n, 2)."""
    first = unit_tangent(sight, "tangent_a", a)
    second = unit_tangent(sight, "tangent_b", b)
    rest = second - (first @ second) * first
    sine = np.linalg.norm(rest)
    if sine <= NO_ANGLE:
        raise ValueError(
            "tangent_a and tangent_b must span a plane: the sine of their angle is "
            f"{sine:.1e}, up to {NO_ANGLE:.0e} counts as none"
        )
    rest = rest / sine
    rest -= (first @ rest) * first
    return np.stack([first, rest], axis=1)
