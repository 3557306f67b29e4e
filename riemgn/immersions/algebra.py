"""The algebra of immersions: one made of another by scaling, shifting, reparametrising, ridging."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np

from riemgn.arguments import matrix, positive, vector
from riemgn.immersions.immersion import Immersion, Jet, StructuredImmersion, finite
from riemgn.linalg import DampedSystem, Factor, one_blas_thread, seen_through
from riemgn.linalg.ridged import RidgedFactor, RidgedKernel
from riemgn.linalg.roots import DirectSumRoot, IdentityRoot, Root


class Affine(StructuredImmersion):
    """w -> alpha f(w) + shift."""

    def __init__(self, inner: Immersion, alpha: float, shift: np.ndarray | None = None) -> None:
        self.inner = inner
        self.alpha = positive("alpha", alpha)
        self.shift = 0.0 if shift is None else shift
        self.dim = inner.dim

    @property
    def ambient_dim(self) -> int:
        """The length n of the outputs."""
        return self.inner.ambient_dim

    @property
    def known_ambient_dim(self) -> int | None:
        """The length n of the outputs, None before the first evaluation."""
        return self.inner.known_ambient_dim

    def at(self, w) -> AffineJet:
        return AffineJet(self, self.inner.at(w))

    def damping_scale(self, w0: np.ndarray) -> np.ndarray | None:
        return self.inner.damping_scale(w0)

    def random_params(self, generator: np.random.Generator) -> np.ndarray:
        return self.inner.random_params(generator)


class AffineJet(Jet):
    """The jet of `Affine`: alpha times the inner derivatives."""

    def __init__(self, immersion: Affine, inner: Jet) -> None:
        self.inner = inner
        super().__init__(immersion, inner.params)

    def _evaluate(self) -> np.ndarray:
        return self.immersion.alpha * self.inner.outputs + self.immersion.shift

    @property
    def streams(self) -> bool:
        """Whether the inner Jacobian is too large to be held."""
        return self.inner.streams

    def row_blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        for rows, J in self.inner.row_blocks():
            yield rows, self.immersion.alpha * J

    @cached_property
    def _jacobian(self) -> np.ndarray:
        alpha = self.immersion.alpha
        return self.inner.jacobian() if alpha == 1 else alpha * self.inner.jacobian()

    def kernel(self) -> np.ndarray:
        return np.float64(self.immersion.alpha) ** 2 * self.inner.kernel()

    def jvp(self, xi: np.ndarray) -> np.ndarray:
        return self.immersion.alpha * self.inner.jvp(xi)

    def vjp(self, v: np.ndarray) -> np.ndarray:
        return self.inner.vjp(self.immersion.alpha * v)

    def second_derivative(self, xi: np.ndarray, eta: np.ndarray) -> np.ndarray:
        return self.immersion.alpha * self.inner.second_derivative(xi, eta)

    def hessian_vp(self, normal: np.ndarray, xi: np.ndarray) -> np.ndarray:
        return self.inner.hessian_vp(self.immersion.alpha * normal, xi)


class Reparametrised(StructuredImmersion):
    """z -> f(A z) for a matrix A (p, q): the same manifold reparametrised, if A is invertible."""

    def __init__(self, inner: Immersion, A) -> None:
        self.inner = inner
        self.A = matrix("A", A)
        if self.A.shape[0] != inner.dim:
            raise ValueError(f"A must have {inner.dim} rows, one a parameter, got {self.A.shape}")
        self.dim = self.A.shape[1]

    @property
    def ambient_dim(self) -> int:
        """The length n of the outputs."""
        return self.inner.ambient_dim

    @property
    def known_ambient_dim(self) -> int | None:
        """The length n of the outputs, None before the first evaluation."""
        return self.inner.known_ambient_dim

    def at(self, w) -> ReparametrisedJet:
        return ReparametrisedJet(self, vector("w", w, self.dim))

    def random_params(self, generator: np.random.Generator) -> np.ndarray:
        return np.linalg.lstsq(self.A, self.inner.random_params(generator), rcond=None)[0]


class ReparametrisedJet(Jet):
    """The jet of `Reparametrised`, by the chain rule."""

    def __init__(self, immersion: Reparametrised, params: np.ndarray) -> None:
        with np.errstate(all="ignore"):
            w = finite("A z", immersion.A @ params, params)
        self.inner = immersion.inner.at(w)
        super().__init__(immersion, params)

    def _evaluate(self) -> np.ndarray:
        return self.inner.outputs

    @property
    def streams(self) -> bool:
        """Whether the inner Jacobian is too large to be held."""
        return self.inner.streams

    def row_blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        for rows, J in self.inner.row_blocks():
            yield rows, J @ self.immersion.A

    @cached_property
    def _jacobian(self) -> np.ndarray:
        # (A^T J^T)^T keeps the Fortran order of J
        return (self.immersion.A.T @ self.inner.jacobian().T).T

    def jvp(self, xi: np.ndarray) -> np.ndarray:
        return self.inner.jvp(self.immersion.A @ xi)

    def vjp(self, v: np.ndarray) -> np.ndarray:
        return self.immersion.A.T @ self.inner.vjp(v)

    def second_derivative(self, xi: np.ndarray, eta: np.ndarray) -> np.ndarray:
        A = self.immersion.A
        return self.inner.second_derivative(A @ xi, A @ eta)

    def hessian_vp(self, normal: np.ndarray, xi: np.ndarray) -> np.ndarray:
        A = self.immersion.A
        return A.T @ self.inner.hessian_vp(normal, A @ xi)


class Ridged(StructuredImmersion):
    """w -> (f(w), sqrt(strength) (w - reference)), an embedding of the graph of f into R^(n+p).

    Half the squared length of the added rows is a ridge on the distance from the reference, and the
    geometry stays exact: the induced metric is J^T J + strength I (docs/theory.md, section 3).
    """

    def __init__(self, inner: Immersion, strength: float, reference) -> None:
        self.inner = inner
        self.strength = positive("strength", strength)
        self.reference = vector("reference", reference, inner.dim)
        self.dim = inner.dim

    @property
    def ambient_dim(self) -> int:
        """The length n + p of the outputs."""
        return self.inner.ambient_dim + self.dim

    @property
    def known_ambient_dim(self) -> int | None:
        """The length n + p of the outputs, None before the first evaluation."""
        n = self.inner.known_ambient_dim
        return None if n is None else n + self.dim

    def at(self, w) -> RidgedJet:
        return RidgedJet(self, self.inner.at(w))

    def damping_scale(self, w0: np.ndarray) -> np.ndarray | None:
        return self.inner.damping_scale(w0)

    def random_params(self, generator: np.random.Generator) -> np.ndarray:
        return self.inner.random_params(generator)


class RidgedJet(Jet):
    """The jet of `Ridged`: the inner derivatives above a multiple of the identity."""

    def __init__(self, immersion: Ridged, inner: Jet) -> None:
        self.inner = inner
        self._root = np.sqrt(immersion.strength)
        super().__init__(immersion, inner.params)

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

    @property
    def streams(self) -> bool:
        """Whether the inner Jacobian is too large to be held."""
        return self.inner.streams

    def row_blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        n, p = self.inner.shape
        yield from self.inner.row_blocks()
        yield slice(n, n + p), self._root * np.eye(p)

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
