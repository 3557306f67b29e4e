"""Normal parts of accelerations, and whether they are more than rounding (docs/theory.md, 2).

A computed Jacobian is J + E, |E_j| about eps |J_j| for each column. That changes the normal part of
an acceleration a by E J^+ a, of length eps |D J^+ a|, D the columns' norms, and tangent vectors by
a share eps |D J^+|.
"""

from __future__ import annotations

import numpy as np

from riemgn.errors import NumericalError
from riemgn.manifolds.sight import Sight

EPS = float(np.finfo(np.float64).eps)
# The share of a tangent vector, and that of a normal part, that may be rounding: products of two
# normal parts of which one is far larger than the other then keep three digits.
TANGENT_DIGITS = 1e-6
DIGITS = 1e-4
# What the normal part of a flat manifold may come to, as a multiple of rounding (2 were seen).
NOISE = 10
# The share of an acceleration up to which rounding still tells that nothing is normal.
FLAT = 1e-12


def unit(v: np.ndarray) -> np.ndarray:
    """Return v (n,) at length 1, of any size; zero where it is zero."""
    largest = np.abs(v).max()
    if largest == 0:
        return v
    v = v / largest
    return v / np.linalg.norm(v)


def tamed(v: np.ndarray) -> tuple[np.ndarray, float]:
    """Return v (n,) over a power of two of its size, and that power: products then do not overflow.

    What is homogeneous in v loses nothing by it.
    """
    size = float(np.ldexp(1.0, int(np.frexp(np.abs(v).max())[1])))
    return (v / size, size) if 0 < size < np.inf else (v, 1.0)


def grown(what: str, value: np.ndarray, *sizes: float) -> np.ndarray:
    """Return a value times sizes.

    Raises:
        NumericalError: It overflows.
    """
    with np.errstate(over="ignore", under="ignore"):
        for size in sizes:
            value = value * size
    if not np.all(np.isfinite(value)):
        raise NumericalError(f"{what} overflows")
    return value


def normal_projection(sight: Sight, seen: np.ndarray) -> np.ndarray:
    """Return the normal part of vectors L^T v, (n,) or (n, m): zero where M is open in R^n."""
    if sight.rank == seen.shape[0]:
        return np.zeros_like(seen)
    normal = seen - sight.factor.project(seen)
    return normal - sight.factor.project(normal)  # what the first one left


def normal_parts(sight: Sight, bends: np.ndarray) -> np.ndarray:
    """Return the normal parts of L^T D^2 f, (n,) or (n, m).

    They are zero where M is open in R^n, and where none is more than rounding.

    Raises:
        NumericalError: They are neither zero nor more than rounding.
    """
    normals = normal_projection(sight, bends)
    if sight.rank == bends.shape[0]:
        return normals
    return normals if is_normal(sight, bends, np.linalg.norm(normals)) else np.zeros_like(bends)


def is_normal(sight: Sight, bends: np.ndarray, size: float) -> bool:
    """Whether normal parts of this size, of L^T D^2 f (n,) or (n, m), are more than rounding.

    Raises:
        NumericalError: They are neither zero nor more than rounding.
    """
    amplified = np.linalg.norm((sight.sizes * sight.factor.lift(bends).T).T)
    return _is_normal(sight, amplified, float(size), np.linalg.norm(bends))


class FrameNormals:
    """The normal parts of blocks of accelerations L^T D^2 f, through the tangent frame.

    Whether they are more than rounding is asked of all blocks together, at the end.
    """

    def __init__(self, sight: Sight) -> None:
        self._sight = sight
        self._is_open = sight.rank == sight.jet.shape[0]
        self._sized_lifts = sight.sizes[:, None] * sight.frame.lifts
        self._squares = np.zeros(3)

    def split(self, bends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the tangential and the normal parts, (n, m) each."""
        if self._is_open:
            return bends, np.zeros_like(bends)
        basis = self._sight.frame.basis
        coordinates = basis.T @ bends
        coordinates += basis.T @ (bends - basis @ coordinates)  # a basis is orthonormal but to eps
        tangential = basis @ coordinates
        normal = bends - tangential
        for i, part in enumerate((self._sized_lifts @ coordinates, normal, bends)):
            self._squares[i] += np.sum(part**2)
        return tangential, normal

    def share(self) -> float:
        """Return 1 where the normal parts are more than rounding, 0 where they are zero.

        Raises:
            NumericalError: They are neither.
        """
        return float(_is_normal(self._sight, *np.sqrt(self._squares)))


def require_lifts(sight: Sight) -> None:
    """Raise where lifts amplify rounding so far that tangent vectors lose their digits.

    Raises:
        NumericalError: The Jacobian is nearly rank-deficient.
    """
    if not EPS * sight.amplification <= TANGENT_DIGITS:
        raise NumericalError(f"the Jacobian is nearly rank-deficient here: {_told(sight)}")


def _is_normal(sight: Sight, amplified: float, normal: float, whole: float) -> bool:
    rounding = EPS * (amplified + whole)
    if rounding <= DIGITS * normal:
        return True
    if normal <= NOISE * rounding and rounding <= FLAT * whole:
        return False
    raise NumericalError(
        "the second derivatives are so nearly tangential here that their normal part is rounding: "
        f"{_told(sight)}"
    )


def _told(sight: Sight) -> str:
    n, p = sight.jet.shape
    condition = sight.factor.condition_number
    return f"rank {sight.rank} of a {n} x {p} Jacobian, condition number {condition:.1e}"
