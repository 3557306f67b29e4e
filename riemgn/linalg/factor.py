"""What every factorisation of a Jacobian J (n x p) offers, and the tolerances that choose between them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Protocol

import numpy as np

EPS = float(np.finfo(np.float64).eps)

# Reciprocal condition number of an equilibrated Gram matrix above which its Cholesky factor, with
# two refinements, serves as well as an orthogonal factorisation (docs/theory.md, section 6).
CHOLESKY_GUARD = 1e-14


def rank_tolerance(n: int, p: int) -> float:
    """Return the share of the largest singular value at or below which another one counts as zero."""
    return max(n, p) * EPS


class Differential(Protocol):
    """The linear map J at a point, as far as linear algebra needs to know it."""

    shape: tuple[int, int]

    def jacobian(self) -> np.ndarray:
        """J as an (n, p) Fortran-ordered array."""

    def gram(self) -> np.ndarray:
        """J^T J, (p, p)."""

    def kernel(self) -> np.ndarray:
        """J J^T, (n, n)."""

    def jvp(self, xi: np.ndarray) -> np.ndarray:
        """J xi, (n,)."""

    def vjp(self, v: np.ndarray) -> np.ndarray:
        """J^T v, (p,)."""


class Factor(ABC):
    """A factorised J: the projection onto its range and its pseudo-inverse, without ever forming them.

    Every method takes one vector, or several as the columns of a matrix.
    """

    rank: int

    @abstractmethod
    def project(self, v: np.ndarray) -> np.ndarray:
        """Return J J^+ v, the part of v (n,) in the range of J."""

    @abstractmethod
    def lift(self, v: np.ndarray) -> np.ndarray:
        """Return J^+ v, the least-squares solution (p,) of least norm."""

    @abstractmethod
    def transposed_lift(self, q: np.ndarray) -> np.ndarray:
        """Return J^{+T} q, the vector (n,) of least norm with J^T y nearest to q (p,)."""

    @abstractmethod
    def basis(self) -> np.ndarray:
        """Return an orthonormal basis of the range of J, (n, rank)."""

    @abstractmethod
    def singular_values(self) -> np.ndarray:
        """Return all min(n, p) singular values of J, largest first."""

    @property
    def condition_number(self) -> float:
        """The largest singular value over the smallest that counts: of J on its own rank."""
        values = self.singular_values()
        return float(values[0] / values[self.rank - 1]) if self.rank else float("inf")
