"""The Jacobian of a point as a metric of the ambient space sees it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from riemgn.immersions import Jet
from riemgn.linalg import Factor, seen_through
from riemgn.linalg.roots import Root


@dataclass(frozen=True)
class TangentFrame:
    """An orthonormal frame of the tangent space with its lifts, as the metric sees it.

    Attributes:
        basis: L^T e_1, ..., L^T e_r as columns, (n, r), orthonormal in R^n.
        lifts: Parameter vectors xi_i with J xi_i = e_i as columns, (p, r).
    """

    basis: np.ndarray
    lifts: np.ndarray

    @property
    def rank(self) -> int:
        """The dimension r of the tangent space."""
        return self.basis.shape[1]

    def tangential(self, v: np.ndarray) -> np.ndarray:
        """Return the tangential part of vectors L^T v, (n,) or (n, m): all where M is open."""
        if self.rank == self.basis.shape[0]:
            return v
        return self.basis @ (self.basis.T @ v)


@dataclass(frozen=True)
class Sight:
    """A point's Jacobian J in the metric H = L L^T, through the factorisation of B = L^T J.

    Every method takes one vector, or several as the columns of a matrix.
    """

    jet: Jet
    root: Root
    factor: Factor

    @property
    def rank(self) -> int:
        """The dimension of the tangent space."""
        return self.factor.rank

    def lift(self, v: np.ndarray) -> np.ndarray:
        """Return B^+ L^T v, (p,): the parameters of least norm of the tangential part of v."""
        return self.factor.lift(self.root.transposed(v))

    def project(self, v: np.ndarray) -> np.ndarray:
        """Return the H-orthogonal projection J B^+ L^T v on the tangent space, (n,)."""
        if self.rank == self.jet.shape[0]:
            return v.copy()
        return self.tangent_of(self.root.transposed(v))

    def tangent_of(self, seen: np.ndarray) -> np.ndarray:
        """Return the tangent vector J B^+ s, (n,), that the metric sees as the projection of s."""
        if self.root.is_identity:
            return self.factor.project(seen)
        return self._pushed(self.factor.lift(seen))

    def raised(self, q: np.ndarray) -> np.ndarray:
        """Return the tangent vector J (B^T B)^+ q, (n,), whose product with J xi is q^T xi."""
        seen = self.factor.transposed_lift(q)
        if self.root.is_identity:
            return seen
        return self._pushed(self.factor.lift(seen))

    @cached_property
    def frame(self) -> TangentFrame:
        """The orthonormal frame that the factorisation gives, with lifts of least norm."""
        basis = self.factor.basis()
        return TangentFrame(basis, self.factor.lift(basis))

    @cached_property
    def sizes(self) -> np.ndarray:
        """What a relative change of each column of B is relative to, (p,).

        It is the column's norm, or that of B where the rank falls: what is cut there is as large.
        """
        p = self.jet.shape[1]
        if self.rank < p:
            return np.full(p, self.factor.singular_values()[0])
        blocks = seen_through(self.jet, self.root).row_blocks()
        return np.sqrt(sum(np.einsum("ij,ij->j", rows, rows) for _, rows in blocks))

    @cached_property
    def amplification(self) -> float:
        """How far lifts of unit tangent vectors amplify a relative change of each column of B."""
        return self.factor.amplification()

    def tangent_basis(self) -> np.ndarray:
        """Return e_1, ..., e_r, H-orthonormal, as columns, (n, r)."""
        if self.root.is_identity:
            return self.factor.basis()
        return self._pushed(self.frame.lifts)

    def _pushed(self, xi: np.ndarray) -> np.ndarray:
        if xi.ndim == 1:
            return self.jet.jvp(xi)
        if xi.shape[1] == 0:
            return np.zeros((self.jet.shape[0], 0))
        return np.stack([self.jet.jvp(column) for column in xi.T], axis=1)
