"""The algebra of immersions: one made of another by scaling, shifting and reparametrising."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np

from riemgn.arguments import matrix, positive, vector
from riemgn.immersions.derivative_bounds import BoundsOnBall, DerivativeBounds
from riemgn.immersions.immersion import Immersion, StructuredImmersion
from riemgn.immersions.jet import Jet
from riemgn.immersions.outputs import finite


class Derived(StructuredImmersion):
    """An immersion made of another one, with the same parameters and outputs unless it says so."""

    def __init__(self, inner: Immersion) -> None:
        if inner.domain is not None:
            raise ValueError(
                f"{type(self).__name__} is not defined for parameters on a domain ({inner.domain}):"
                " change the immersion first and restrict it to the domain last"
            )
        self.inner = inner
        self.dim = inner.dim

    @property
    def ambient_dim(self) -> int:
        """The length n of the outputs."""
        return self.inner.ambient_dim

    @property
    def known_ambient_dim(self) -> int | None:
        """The length n of the outputs, None before the first evaluation."""
        return self.inner.known_ambient_dim

    def damping_scale(self, w0: np.ndarray) -> np.ndarray | None:
        return self.inner.damping_scale(w0)

    def random_params(self, generator: np.random.Generator) -> np.ndarray:
        return self.inner.random_params(generator)


class DerivedJet(Jet):
    """The jet of a derived immersion, from the jet of the other one."""

    def __init__(self, immersion: Derived, inner: Jet, params: np.ndarray) -> None:
        self.inner = inner
        super().__init__(immersion, params)

    @property
    def streams(self) -> bool:
        """Whether the inner Jacobian is too large to be held."""
        return self.inner.streams


class Affine(Derived):
    """w -> alpha f(w) + shift."""

    def __init__(self, inner: Immersion, alpha: float, shift: np.ndarray | None = None) -> None:
        super().__init__(inner)
        self.alpha = positive("alpha", alpha)
        self.shift = 0.0 if shift is None else shift

    @property
    def output_scale(self) -> float:
        """Alpha times the scale of the inner immersion."""
        return self.alpha * self.inner.output_scale

    def derivative_bounds(self, w, radius: float) -> DerivativeBounds | None:
        bounds = self.inner.derivative_bounds(w, radius)
        return None if bounds is None else bounds.scaled(self.alpha)

    def derivative_bounds_in(self, w, frame) -> BoundsOnBall | None:
        inner = self.inner.derivative_bounds_in(w, frame)
        return None if inner is None else lambda radius: inner(radius).scaled(self.alpha)

    def at(self, w) -> AffineJet:
        inner = self.inner.at(w)
        return AffineJet(self, inner, inner.params)


class AffineJet(DerivedJet):
    """The jet of `Affine`: alpha times the inner derivatives."""

    def _evaluate(self) -> np.ndarray:
        return self.immersion.alpha * self.inner.outputs + self.immersion.shift

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

    def second_derivatives(self, xi: np.ndarray, etas: np.ndarray) -> np.ndarray:
        return self.immersion.alpha * self.inner.second_derivatives(xi, etas)

    def hessian_vp(self, normal: np.ndarray, xi: np.ndarray) -> np.ndarray:
        return self.inner.hessian_vp(self.immersion.alpha * normal, xi)


class Reparametrised(Derived):
    """z -> f(A z) for a matrix A (p, q): the same manifold reparametrised, if A is invertible."""

    def __init__(self, inner: Immersion, A) -> None:
        super().__init__(inner)
        self.A = matrix("A", A)
        if self.A.shape[0] != inner.dim:
            raise ValueError(f"A must have {inner.dim} rows, one a parameter, got {self.A.shape}")
        self.dim = self.A.shape[1]

    @property
    def output_scale(self) -> float:
        """The scale of the inner immersion."""
        return self.inner.output_scale

    def derivative_bounds(self, w, radius: float) -> DerivativeBounds | None:
        """Return those of the inner map in the frame A: at most |A|^2 and |A|^3 times its own."""
        radius = positive("radius", radius, allow_zero=True)
        on_ball = self.inner.derivative_bounds_in(self.A @ vector("w", w, self.dim), self.A)
        return None if on_ball is None else on_ball(radius)

    def derivative_bounds_in(self, w, frame) -> BoundsOnBall | None:
        frame = matrix("frame", frame)
        return self.inner.derivative_bounds_in(self.A @ vector("w", w, self.dim), self.A @ frame)

    def at(self, w) -> ReparametrisedJet:
        z = vector("w", w, self.dim)
        with np.errstate(all="ignore"):
            inner = self.inner.at(finite("A z", self.A @ z, z))
        return ReparametrisedJet(self, inner, z)

    def damping_scale(self, w0: np.ndarray) -> np.ndarray | None:
        return Immersion.damping_scale(self, w0)

    def random_params(self, generator: np.random.Generator) -> np.ndarray:
        return np.linalg.lstsq(self.A, self.inner.random_params(generator), rcond=None)[0]


class ReparametrisedJet(DerivedJet):
    """The jet of `Reparametrised`, by the chain rule."""

    def _evaluate(self) -> np.ndarray:
        return self.inner.outputs

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

    def second_derivatives(self, xi: np.ndarray, etas: np.ndarray) -> np.ndarray:
        A = self.immersion.A
        return self.inner.second_derivatives(A @ xi, A @ etas)

    def hessian_vp(self, normal: np.ndarray, xi: np.ndarray) -> np.ndarray:
        A = self.immersion.A
        return A.T @ self.inner.hessian_vp(normal, A @ xi)
