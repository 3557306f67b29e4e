"""Curvatures of a surface in R^3 over a grid of its parameters."""

from __future__ import annotations

import numpy as np

from riemgn.errors import NumericalError
from riemgn.immersions import Immersion
from riemgn.linalg import one_blas_thread

# Condition number of the Jacobian from which a curvature has fewer than half of its digits.
LARGEST_CONDITION = 1e8

_ROUNDING = 64 * np.finfo(np.float64).eps


def gaussian_curvature(shapes: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Return the determinants of shape operators (..., 2, 2), (...); zero where they are rounding.

    Args:
        shapes: As `shape_operators` returns them.
        errors: Likewise.
    """
    K = shapes[..., 0, 0] * shapes[..., 1, 1] - shapes[..., 0, 1] ** 2
    return _settled(K, errors * np.linalg.norm(shapes, axis=(-2, -1)))


def mean_curvature(shapes: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Return half the traces of shape operators (..., 2, 2), (...); zero where they are rounding.

    The sign is that of the normal: a sphere's is negative along its outward normal.
    """
    return _settled(0.5 * np.trace(shapes, axis1=-2, axis2=-1), errors)


def largest_normal_curvature(shapes: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Return the largest eigenvalue in size of shape operators (..., 2, 2), (...), no sign."""
    half_trace = 0.5 * np.trace(shapes, axis1=-2, axis2=-1)
    half_gap = np.hypot(0.5 * (shapes[..., 0, 0] - shapes[..., 1, 1]), shapes[..., 0, 1])
    return _settled(np.abs(half_trace) + half_gap, errors)


@one_blas_thread()
def shape_operators(f: Immersion, params: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return <N, II(e_i, e_j)> in an orthonormal tangent frame, and the size of its rounding.

    N is the unit vector along the cross product of the Jacobian's columns (do Carmo 1976, section
    3.3). Both are NaN where the Jacobian's condition number is above 1e8, or a derivative is not
    finite.

    Args:
        f: An immersion R^2 -> R^3.
        params: (..., 2).

    Returns:
        The shape operators (..., 2, 2) and their errors (...).
    """
    jacobians = np.full((*params.shape[:-1], 3, 2), np.nan)
    bends = np.full((*params.shape[:-1], 3, 2, 2), np.nan)
    for place in np.ndindex(params.shape[:-1]):
        jet = f.at(params[place])
        try:
            jacobians[place] = jet.jacobian()
        except NumericalError:
            continue  # no curvature there
        first = jet.second_derivatives(np.array([1.0, 0.0]), np.eye(2))
        last = jet.second_derivative(np.array([0.0, 1.0]), np.array([0.0, 1.0]))
        bends[place] = np.stack([first, np.column_stack([first[:, 1], last])], axis=1)
    return _in_frame(jacobians, bends)


def _in_frame(jacobians: np.ndarray, bends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the shape operators and their errors from J (..., 3, 2) and D^2 f (..., 3, 2, 2)."""
    known = np.all(np.isfinite(jacobians), axis=(-2, -1))
    J = np.where(known[..., None, None], jacobians, np.eye(3, 2))
    U, sizes, Vt = np.linalg.svd(J)
    known &= sizes[..., 1] * LARGEST_CONDITION >= sizes[..., 0]
    known &= sizes[..., 0] > 0
    sizes = np.where(known[..., None], sizes, 1.0)
    lifts = np.swapaxes(Vt, -2, -1) / sizes[..., None, :]
    turned = np.swapaxes(lifts, -2, -1)[..., None, :, :] @ bends @ lifts[..., None, :, :]
    normals = U[..., 2] * _side(U[..., 2], J)[..., None]
    shapes = np.einsum("...k,...kij->...ij", normals, turned)
    bent = np.sqrt(np.sum(turned**2, axis=(-3, -2, -1)))
    errors = _ROUNDING * sizes[..., 0] / sizes[..., 1] * bent
    return np.where(known[..., None, None], shapes, np.nan), np.where(known, errors, np.nan)


def _side(normals: np.ndarray, J: np.ndarray) -> np.ndarray:
    """Return 1 or -1: whether normals (..., 3) are along the cross products of J's columns."""
    crossed = np.cross(J[..., 0], J[..., 1])
    return np.where(np.sum(normals * crossed, axis=-1) < 0, -1.0, 1.0)


def _settled(values: np.ndarray, errors: np.ndarray) -> np.ndarray:
    return np.where(np.abs(values) <= errors, 0.0, values)
