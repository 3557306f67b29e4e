"""The largest normal curvature max |II(v, v)| over unit tangent vectors v, with a bound above it.

The maximum of <N, II(v, v)> over v and unit normals N is climbed in turns: N along II(v, v), then v
the eigenvector of the shape operator of N whose eigenvalue is largest in size. No turn falls. The
bound is the largest singular value of II as a linear map on the symmetric matrices with their
Frobenius norm, in which every v v^T has length 1 (docs/theory.md, section 2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh

from riemgn.errors import NumericalError
from riemgn.immersions.outputs import finite
from riemgn.manifolds.curvature import accelerations, normal_bends, shape_operator
from riemgn.manifolds.normals import FrameNormals
from riemgn.manifolds.sight import Sight

TOLERANCE = 1e-12  # share of its value by which a turn must raise it to go on
MOST_TURNS = 1000
RANDOM_STARTS = 8
LEADING_STARTS = 4

# n m min(n, m), m = r (r + 1) / 2, up to which II is held and decomposed (about a second).
SMALL = 2e9
_BOUND_TOLERANCE = 1e-8


@dataclass(frozen=True)
class LargestNormalCurvature:
    """The largest normal curvature that was found.

    Attributes:
        value: |II(v, v)|.
        direction: The unit tangent vector v, (n,).
        upper_bound: What no |II(v, v)| exceeds: at most sqrt(r) times the largest.
    """

    value: float
    direction: np.ndarray
    upper_bound: float


class FormInFrame(Protocol):
    """II in a tangent frame: its normals are vectors of some R^k with the dot product."""

    rank: int
    upper_bound: float

    def leading_directions(self) -> list[np.ndarray]:
        """Principal directions along the normals in which II is largest, (r,) each."""

    def along(self, c: np.ndarray) -> np.ndarray:
        """II(v, v) for coordinates c (r,) of v, (k,)."""

    def bent_most(self, normal: np.ndarray, c: np.ndarray) -> np.ndarray:
        """The principal direction (r,) along a normal whose curvature is largest in size.

        c is a first guess.
        """


def largest_normal_curvature(sight: Sight, seed: np.random.Generator) -> LargestNormalCurvature:
    """Climb from the leading directions and from random ones, and return the highest place."""
    n, m = sight.jet.shape[0], sight.rank * (sight.rank + 1) // 2
    form = HeldForm(sight) if n * m * min(n, m) <= SMALL else FormByProducts(sight, seed)
    starts = form.leading_directions() + list(seed.normal(size=(RANDOM_STARTS, form.rank)))
    _, c = max((climbed(form, c / np.linalg.norm(c)) for c in starts), key=lambda end: end[0])
    xi = sight.frame.lifts @ c
    value = float(np.linalg.norm(normal_bends(sight, xi, xi[:, None])))
    # the bound is attained by some manifolds, where rounding may put it below
    return LargestNormalCurvature(value, sight.tangent_basis() @ c, max(form.upper_bound, value))


def climbed(form: FormInFrame, c: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the value and the coordinates (r,) at which turns from c no longer rise."""
    normal = form.along(c)
    value = float(np.linalg.norm(normal))
    for _ in range(MOST_TURNS):
        if value == 0:
            break
        ahead = form.bent_most(normal / value, c)
        normal = form.along(ahead)
        reached = float(np.linalg.norm(normal))
        if reached <= value * (1 + TOLERANCE):
            break
        value, c = reached, ahead
    return value, c


class HeldForm:
    """II held as an array (k, r, r), in the principal axes of its values."""

    def __init__(self, sight: Sight) -> None:
        self.rank = r = sight.rank
        normals, upper = FrameNormals(sight), []
        for _, bends in accelerations(sight.jet, sight.frame, sight.root):
            _, bent = normals.split(bends)
            bent[:, 1:] *= np.sqrt(2)
            upper.append(bent)
        columns = normals.share() * np.concatenate(upper, axis=1)
        _, values, Vt = np.linalg.svd(columns, full_matrices=False)
        self.upper_bound = float(values[0])
        self._array = np.zeros((values.size, r, r))
        rows, columns = np.triu_indices(r)
        entries = values[:, None] * Vt / np.where(rows == columns, 1, np.sqrt(2))
        self._array[:, rows, columns] = self._array[:, columns, rows] = entries

    def leading_directions(self) -> list[np.ndarray]:
        return [_largest_in_size(S) for S in self._array[:LEADING_STARTS]]

    def along(self, c: np.ndarray) -> np.ndarray:
        return self._array @ c @ c

    def bent_most(self, normal: np.ndarray, c: np.ndarray) -> np.ndarray:
        return _largest_in_size(np.tensordot(normal, self._array, axes=1))


class FormByProducts:
    """II through second derivatives in one direction and Hessian products, never held."""

    def __init__(self, sight: Sight, seed: np.random.Generator) -> None:
        self.rank = sight.rank
        self._sight = sight
        n, start = sight.jet.shape[0], self.along(seed.normal(size=self.rank))
        squared = LinearOperator((n, n), matvec=self._squared, dtype=np.float64)
        value, self._leading = _largest_pair(squared, start, _BOUND_TOLERANCE)
        self.upper_bound = float(np.sqrt(max(value, 0.0)))

    def leading_directions(self) -> list[np.ndarray]:
        return [_largest_in_size(shape_operator(self._sight, self._leading))]

    def along(self, c: np.ndarray) -> np.ndarray:
        return self._summed(np.ones(1), c[:, None])

    def bent_most(self, normal: np.ndarray, c: np.ndarray) -> np.ndarray:
        jet, lifts = self._sight.jet, self._sight.frame.lifts
        covector = self._sight.root.times(normal)

        def turned(a: np.ndarray) -> np.ndarray:
            return lifts.T @ jet.hessian_vp(covector, lifts @ a.ravel())

        r = self.rank
        S = LinearOperator((r, r), matvec=turned, dtype=np.float64)
        return _largest_pair(S, c, 0.0)[1]

    def _squared(self, normal: np.ndarray) -> np.ndarray:
        """The map N -> sum_ij <N, II_ij> II_ij, (n,), whose eigenvalues are squared."""
        return self._summed(*np.linalg.eigh(shape_operator(self._sight, normal.ravel())))

    def _summed(self, factors: np.ndarray, C: np.ndarray) -> np.ndarray:
        """The sum of factors (m,) times II(v, v) for the columns (r, m) of coordinates of v."""
        jet, frame, lifts = self._sight.jet, self._sight.frame, self._sight.frame.lifts @ C
        bend = sum(x * jet.second_derivative(a, a) for x, a in zip(factors, lifts.T, strict=True))
        seen = self._sight.root.transposed(finite("a second derivative of f", bend, jet.params))
        return seen - frame.tangential(seen)


def _largest_in_size(S: np.ndarray) -> np.ndarray:
    """The eigenvector of the eigenvalue of largest size."""
    eigenvalues, vectors = np.linalg.eigh(S)
    return vectors[:, np.argmax(np.abs(eigenvalues))]


def _largest_pair(A: LinearOperator, start: np.ndarray, tolerance: float):
    """The eigenvalue of largest size with its eigenvector, by Lanczos steps from a start."""
    if not np.any(start):
        return 0.0, start
    try:
        values, vectors = eigsh(A, k=1, v0=start, tol=tolerance)
    except ArpackError as error:
        raise NumericalError(f"the largest normal curvature was not found: {error}") from None
    return values[0], vectors[:, 0]
