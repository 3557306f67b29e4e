"""What every factorisation of a Jacobian J (n x p) offers, and the tolerances that choose one."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np

EPS = float(np.finfo(np.float64).eps)

# Reciprocal condition number of an equilibrated Gram matrix above which its Cholesky factor, with
# two refinements, serves as well as an orthogonal factorisation (docs/theory.md, section 6).
CHOLESKY_GUARD = 1e-14


def rank_tolerance(n: int, p: int) -> float:
    """Return the share of the largest singular value up to which another one counts as zero."""
    return max(n, p) * EPS


class Differential(Protocol):
    """The linear map J at a point, as far as linear algebra needs to know it.

    Where it `streams`, J is too large to be held and is read by `row_blocks` or through products.
    """

    shape: tuple[int, int]
    streams: bool

    def row_blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Consecutive rows of J, each with its place."""

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
    """A factorised J: the projection onto its range and its pseudo-inverse, neither ever formed.

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

    def amplification(self) -> float:
        """Return how far lifts of unit vectors amplify a relative change of each column of J.

        It is an estimate of |D J^+|, D the columns' norms, within a factor sqrt(p), or a bound of
        it: the condition number, unless a subclass knows better (docs/theory.md, section 2).
        """
        return self.condition_number


def numerical_rank(singular_values: np.ndarray, n: int, p: int) -> int:
    """Return how many singular values exceed max(n, p) eps times the largest.

    See docs/theory.md, section 6.
    """
    cut = rank_tolerance(n, p) * singular_values[0]
    return int(np.count_nonzero(singular_values > cut))


def by_columns(method: Callable) -> Callable:
    """Make a method of one vector serve the columns of a matrix, too."""

    @functools.wraps(method)
    def each(self, v: np.ndarray) -> np.ndarray:
        if v.ndim == 1:
            return method(self, v)
        return np.stack([method(self, column) for column in v.T], axis=1)

    return each
