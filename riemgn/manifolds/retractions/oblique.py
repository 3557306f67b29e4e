"""Projections on one tangent space along the normal space of another."""

from __future__ import annotations

import numpy as np

from riemgn.errors import NumericalError
from riemgn.manifolds.sight import Sight

# The least cosine between two tangent spaces, and the largest relative residual, that leave the
# result half of its digits.
_LEAST_COSINE = 1e-8
_LARGEST_RESIDUAL = 1e-8


def oblique_projection(onto: Sight, normal_to: Sight, d: np.ndarray) -> np.ndarray:
    """Return the vector b, (n,), of one tangent space with d - b normal to another.

    With orthonormal frames E and F of the two it is b = E (F^T E)^-1 F^T d, in the metric's eyes.

    Args:
        onto: The point in whose tangent space b lies, with frame E.
        normal_to: The point to whose tangent space d - b is normal, with frame F.
        d: An ambient vector, (n,).

    Raises:
        NumericalError: No such vector exists, or the spaces are so nearly perpendicular, or so
            different in dimension, that it is not determined.
    """
    E, F = onto.frame.basis, normal_to.frame.basis
    right = F.T @ normal_to.root.transposed(d)
    if not np.any(right):
        return np.zeros(d.size)
    if E.shape[1] > F.shape[1]:
        raise NumericalError(_refused(onto, normal_to, "the larger one holds several answers"))
    U, cosines, Vt = np.linalg.svd(F.T @ E, full_matrices=False)
    if cosines.size == 0 or cosines[-1] < _LEAST_COSINE:
        raise NumericalError(_refused(onto, normal_to, "a direction of one is normal to the other"))
    c = Vt.T @ ((U.T @ right) / cosines)
    missed = np.linalg.norm(F.T @ (E @ c) - right)
    if missed > _LARGEST_RESIDUAL * np.linalg.norm(right):
        raise NumericalError(_refused(onto, normal_to, f"what is left is {missed:.1e}"))
    return onto.tangent_basis() @ c


def _refused(onto: Sight, normal_to: Sight, why: str) -> str:
    return (
        f"tangent spaces of dimension {onto.rank} and {normal_to.rank} (the ranks of the "
        f"Jacobians) do not project on one another: {why}"
    )
