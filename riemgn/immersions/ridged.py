"""A ridge as further outputs: the graph of an immersion, embedded beside its image."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np

from riemgn.arguments import positive, vector
from riemgn.immersions.algebra import Derived, DerivedJet
from riemgn.immersions.derivative_bounds import BoundsOnBall, DerivativeBounds
from riemgn.immersions.immersion import Immersion
from riemgn.linalg import DampedSystem, Factor, one_blas_thread, seen_through
from riemgn.linalg.ridged import RidgedFactor, RidgedKernel
from riemgn.linalg.roots import DirectSumRoot, IdentityRoot, Root


class Ridged(Derived):
    """w -> (f(w), sqrt(strength) (w - reference)), an embedding of the graph of f into R^(n+p).

    Half the squared length of the added rows is a ridge on the distance from the reference, and the
    geometry stays exact: the induced metric is J^T J + strength I (docs/theory.md, section 3).
    """

    def __init__(self, inner: Immersion, strength: float, reference) -> None:
        super().__init__(inner)
        self.strength = positive("strength", strength)
        self.reference = vector("reference", reference, inner.dim)

    @property
    def ambient_dim(self) -> int:
        """The length n + p of the outputs."""
        return self.inner.ambient_dim + self.dim

    @property
    def known_ambient_dim(self) -> int | None:
        """The length n + p of the outputs, None before the first evaluation."""
        n = self.inner.known_ambient_dim
        return None if n is None else n + self.dim

    def derivative_bounds(self, w, radius: float) -> DerivativeBounds | None:
        return self.inner.derivative_bounds(w, radius)  # the added rows are linear

    def derivative_bounds_in(self, w, frame) -> BoundsOnBall | None:
        return self.inner.derivative_bounds_in(w, frame)

    def at(self, w) -> RidgedJet:
        inner = self.inner.at(w)
        return RidgedJet(self, inner, inner.params)


class RidgedJet(DerivedJet):
    """The jet of `Ridged`: the inner derivatives above a multiple of the identity."""

    @property
    def _root(self) -> float:
        return float(np.sqrt(self.immersion.strength))

    def _evaluate(self) -> np.ndarray:
        return np.concatenate(
            [self.inner.outputs, self._root * (self.params - self.immersion.reference)]
        )

    @cached_property
    def _jacobian(self) -> np.ndarray:
        n, p = self.inner.shape
        J = np.zeros((n + p, p), order="F")
        J[:n] = self.inner.jacobian()
        J[n:].flat[:: p + 1] = self._root
        return J

    def row_blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        n, p = self.inner.shape
        yield from self.inner.row_blocks()
        yield slice(n, n + p), self._root * np.eye(p)

    def reach(self) -> np.ndarray:
        return np.concatenate([self.inner.reach(), self._root * np.abs(self.params)])

    def gram(self) -> np.ndarray:
        G = self.inner.gram()
        G.flat[:: G.shape[0] + 1] += self.immersion.strength
        return G

    def jvp(self, xi: np.ndarray) -> np.ndarray:
        return np.concatenate([self.inner.jvp(xi), self._root * xi])

    def vjp(self, v: np.ndarray) -> np.ndarray:
        n = self.inner.shape[0]
        return self.inner.vjp(v[:n]) + self._root * v[n:]

    def second_derivative(self, xi: np.ndarray, eta: np.ndarray) -> np.ndarray:
        return np.concatenate([self.inner.second_derivative(xi, eta), np.zeros(xi.size)])

    def second_derivatives(self, xi: np.ndarray, etas: np.ndarray) -> np.ndarray:
        return np.concatenate([self.inner.second_derivatives(xi, etas), np.zeros_like(etas)])

    def hessian_vp(self, normal: np.ndarray, xi: np.ndarray) -> np.ndarray:
        return self.inner.hessian_vp(normal[: self.inner.shape[0]], xi)

    def damped_system(self, root=None, scale: np.ndarray | None = None) -> DampedSystem:
        n, p = self.inner.shape
        own_root = _root_above_ridge(root, n)
        if p <= n or scale is not None or own_root is None:
            return super().damped_system(root, scale)
        return RidgedKernel(seen_through(self.inner, own_root), self.immersion.strength)

    def factor(self) -> Factor:
        n, p = self.inner.shape
        if p <= n:
            return super().factor()
        with one_blas_thread():
            return RidgedFactor(self.inner, self.immersion.strength)


def _root_above_ridge(root: Root | None, n: int) -> Root | None:
    """The part of a root that belongs to the first n outputs, if it is the identity on the rest."""
    if root is None or root.is_identity:
        return IdentityRoot()
    if isinstance(root, DirectSumRoot) and root.size == n and root.second.is_identity:
        return root.first
    return None
