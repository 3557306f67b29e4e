"""Principal curvatures: how far, and in which directions, M bends most towards a normal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from riemgn.manifolds.curvature import seen_bends, shape_operator
from riemgn.manifolds.gauss import NO_ANGLE
from riemgn.manifolds.normals import is_normal, normal_projection, unit
from riemgn.manifolds.sight import Sight


@dataclass(frozen=True)
class PrincipalCurvatures:
    """The eigenvalues and eigenvectors of a shape operator along a unit normal N.

    Attributes:
        curvatures: <N, II(v_i, v_i)>, ascending, (r,).
        directions: Orthonormal tangent vectors v_i as columns, (n, r).
    """

    curvatures: np.ndarray
    directions: np.ndarray


def principal_directions(sight: Sight, normal: np.ndarray) -> PrincipalCurvatures:
    """Return the principal curvatures along the normal part of N (n,), with their directions."""
    curvatures, coordinates = np.linalg.eigh(settled_shape(sight, unit_normal(sight, normal)))
    return PrincipalCurvatures(curvatures, sight.tangent_basis() @ coordinates)


def settled_shape(sight: Sight, normal: np.ndarray) -> np.ndarray:
    """Return the shape operator (r, r) of a seen normal (n,), or zero where it is rounding.

    Raises:
        NumericalError: Its largest eigenvalue is neither zero nor more than rounding.
    """
    S = shape_operator(sight, normal)
    curvatures, coordinates = np.linalg.eigh(S)
    most = np.argmax(np.abs(curvatures))
    if curvatures[most] == 0:
        return S
    xi = sight.frame.lifts @ coordinates[:, most]
    bend = seen_bends(sight.jet, sight.root, xi, xi[:, None])
    size = abs(curvatures[most]) / np.linalg.norm(normal)
    return S if is_normal(sight, bend, size) else np.zeros_like(S)


def unit_normal(sight: Sight, normal: np.ndarray) -> np.ndarray:
    """Return the normal part of L^T N at length 1, (n,), for an ambient vector N (n,).

    Raises:
        ValueError: There is none but rounding.
    """
    part = normal_projection(sight, unit(sight.root.transposed(normal)))
    share = np.linalg.norm(part)
    if share <= NO_ANGLE:
        raise ValueError(
            f"normal must have a part normal to the manifold, whose dimension is {sight.rank} in "
            f"R^{normal.size} here, got none"
        )
    return part / share
