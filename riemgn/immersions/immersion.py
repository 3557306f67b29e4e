"""The abstract immersion f: R^p -> R^n."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from riemgn.arguments import matrix, vector
from riemgn.display import immersion_card
from riemgn.immersions.derivative_bounds import UNKNOWN, BoundsOnBall, DerivativeBounds
from riemgn.immersions.derivatives import DifferencedJacobian, Traced, can_be_traced
from riemgn.immersions.jet import Jet
from riemgn.immersions.outputs import finite

if TYPE_CHECKING:
    from riemgn.immersions.domain import Domain


class Immersion(ABC):
    """A smooth map from parameters w (p,) to outputs f(w) (n,), with its derivatives.

    A subclass gives `dim` (p), `ambient_dim` (n) and `__call__`, written with `autograd.numpy`;
    every derivative has a default and may be overridden. One that gives its own `jacobian` need not
    be traceable by autograd: its second derivatives are then differences of that Jacobian.
    """

    dim: int
    ambient_dim: int
    domain: Domain | None = None  # where parameters live, None for R^p

    @abstractmethod
    def __call__(self, w):
        """Return the outputs f(w), (n,)."""

    @property
    def known_ambient_dim(self) -> int | None:
        """The length n of the outputs, None where only an evaluation could tell it."""
        return self.ambient_dim

    @property
    def degrees_of_freedom(self) -> int:
        """The dimension of the space where parameters live: p for R^p."""
        return self.dim

    def as_params(self, given) -> np.ndarray:
        """Return what is given as parameters w (p,), or raise ValueError or TypeError."""
        return vector("params", given, self.dim)

    def at(self, w: np.ndarray) -> Jet:
        """Return the jet at w, which computes each derivative once and keeps it.

        Raises:
            ValueError: w has the wrong shape or is not finite, or f(w) is no vector of length n.
        """
        return Jet(self, vector("w", w, self.dim))

    def jacobian(self, w) -> np.ndarray:
        """Return J = Df(w), (n, p).

        Raises:
            riemgn.NumericalError: J holds NaN or infinity.
        """
        w = vector("w", w, self.dim)
        with np.errstate(all="ignore"):
            return finite("the Jacobian", self._derivatives.jacobian(w), w)

    def jvp(self, w, xi) -> np.ndarray:
        """Return J xi, (n,), for a parameter vector xi (p,)."""
        w, xi = (vector(k, a, self.dim) for k, a in (("w", w), ("xi", xi)))
        with np.errstate(all="ignore"):
            return finite("J xi", self._derivatives.jvp(w, xi), w)

    def vjp(self, w, v) -> np.ndarray:
        """Return J^T v, (p,), for an ambient vector v (n,)."""
        w, v = vector("w", w, self.dim), vector("v", v, self.ambient_dim)
        with np.errstate(all="ignore"):
            return finite("J^T v", self._derivatives.vjp(w, v), w)

    def second_derivative(self, w, xi, eta) -> np.ndarray:
        """Return D^2 f(w)[xi, eta], (n,)."""
        w, xi, eta = (vector(k, a, self.dim) for k, a in (("w", w), ("xi", xi), ("eta", eta)))
        with np.errstate(all="ignore"):
            bend = self._derivatives.second_derivative(w, xi, eta)
        return finite("D^2 f[xi, eta]", bend, w)

    def hessian_vp(self, w, normal, xi) -> np.ndarray:
        """Return sum_i normal_i Hess f_i(w) xi, (p,)."""
        w, xi = vector("w", w, self.dim), vector("xi", xi, self.dim)
        normal = vector("normal", normal, self.ambient_dim)
        with np.errstate(all="ignore"):
            return finite("the Hessian product", self._derivatives.hessian_vp(w, normal, xi), w)

    @property
    def output_scale(self) -> float:
        """The factor alpha > 0 that the outputs carry: f / alpha is the map without it."""
        return 1.0

    def derivative_bounds(self, w, radius: float) -> DerivativeBounds | None:
        """Return proved bounds of the second and third derivative on a ball; None if none is known.

        They hold for |D^2 f(w')[xi, xi]| and |D^3 f(w')[xi, xi, xi]|, unit xi (p,) and every w'
        with |w' - w| <= radius. The first is a Lipschitz constant of J on the ball in the spectral
        norm: a symmetric form <N, D^k f[., ...]> has its norm on the diagonal, so that
        |D^2 f[xi, eta]| is bounded by it too, for unit xi and eta. Override it for a map of yours.

        Args:
            w: The centre (p,).
            radius: At least 0.
        """
        return None

    def derivative_bounds_in(self, w, frame) -> BoundsOnBall | None:
        """Return radius -> `derivative_bounds` of z -> f(w + A z) on |z| <= radius, or None.

        Args:
            w: The centre (p,), where z = 0.
            frame: A, (p, q).
        """
        w, A = vector("w", w, self.dim), matrix("frame", frame)
        if self.derivative_bounds(w, 0.0) is None:
            return None
        length = float(np.linalg.norm(A, 2))

        def on_ball(radius: float) -> DerivativeBounds:
            known = self.derivative_bounds(w, length * radius)  # None where the ball is too large
            return UNKNOWN if known is None else known.stretched(length)

        return on_ball

    def tangent_kernel(self, w) -> np.ndarray:
        """Return the tangent kernel J J^T, (n, n)."""
        jet = self.at(w)
        return finite("the tangent kernel", jet.kernel(), jet.params)

    def damping_scale(self, w0: np.ndarray) -> np.ndarray | None:
        """Return D (p,), the units in which damping measures a step from w0; None for the identity.

        By default a relative change of each parameter, D = 1/|w0|; a parameter that starts at zero
        is measured as the median of the others.
        """
        size = np.abs(w0)
        usable = size > 1e-40 * size.max(initial=0.0)
        if not usable.any():
            return None
        return 1 / np.where(usable, size, np.median(size[usable]))

    def random_params(self, generator: np.random.Generator) -> np.ndarray:
        """Return random parameters (p,), standard normal unless a subclass knows better."""
        return generator.normal(size=self.dim)

    def moved(self, w: np.ndarray, step: np.ndarray) -> np.ndarray:
        """Return the parameters (p,) that a step from w leads to: w + step in R^p."""
        return w + step

    def bend(self, w: np.ndarray, xi: np.ndarray) -> np.ndarray:
        """Return the acceleration (p,) that keeps a curve of velocity xi in the parameters' domain.

        It is the second fundamental form of that domain, quadratic in xi: zero in R^p.
        """
        return np.zeros_like(w)

    def scaled(self, alpha: float) -> Immersion:
        """Return w -> alpha f(w)."""
        from riemgn.immersions.algebra import Affine

        return Affine(self, alpha)

    def centred(self, w0) -> Immersion:
        """Return w -> f(w) - f(w0).

        Raises:
            riemgn.NumericalError: f(w0) is not finite.
        """
        from riemgn.immersions.algebra import Affine

        jet = self.at(w0)
        return Affine(self, 1.0, shift=-finite("f at the centre w0", jet.outputs, jet.params))

    def reparametrised(self, A) -> Immersion:
        """Return z -> f(A z) for a matrix A (p, q)."""
        from riemgn.immersions.algebra import Reparametrised

        return Reparametrised(self, A)

    def ridged(self, strength: float, reference) -> Immersion:
        """Return w -> (f(w), sqrt(strength) (w - reference)), an immersion into R^(n+p)."""
        from riemgn.immersions.ridged import Ridged

        return Ridged(self, strength, reference)

    def overrides(self, derivative: str) -> bool:
        """Whether the subclass gives that derivative itself."""
        return getattr(type(self), derivative) is not getattr(Immersion, derivative)

    @cached_property
    def _derivatives(self) -> Traced | DifferencedJacobian:
        if self.overrides("jacobian") and not can_be_traced(self, self.dim):
            return DifferencedJacobian(self.jacobian)
        return Traced(self)

    def __repr__(self) -> str:
        n = self.known_ambient_dim
        return f"{type(self).__name__}(R^{self.dim} -> R^{'n' if n is None else n})"

    def _repr_html_(self) -> str:
        return immersion_card(self)


class StructuredImmersion(Immersion):
    """An immersion whose derivatives are those of its jets: a subclass gives `at` alone."""

    @abstractmethod
    def at(self, w) -> Jet:
        """Return the jet at w."""

    def overrides(self, derivative: str) -> bool:
        """False: the jets alone know the derivatives."""
        return False

    def __call__(self, w) -> np.ndarray:
        return self.at(w).outputs.copy()

    def jacobian(self, w) -> np.ndarray:
        return self.at(w).jacobian()

    def jvp(self, w, xi) -> np.ndarray:
        jet = self.at(w)
        with np.errstate(all="ignore"):
            return finite("J xi", jet.jvp(vector("xi", xi, self.dim)), jet.params)

    def vjp(self, w, v) -> np.ndarray:
        jet = self.at(w)
        with np.errstate(all="ignore"):
            return finite("J^T v", jet.vjp(vector("v", v, self.ambient_dim)), jet.params)

    def second_derivative(self, w, xi, eta) -> np.ndarray:
        jet, xi, eta = self.at(w), vector("xi", xi, self.dim), vector("eta", eta, self.dim)
        with np.errstate(all="ignore"):
            return finite("D^2 f[xi, eta]", jet.second_derivative(xi, eta), jet.params)

    def hessian_vp(self, w, normal, xi) -> np.ndarray:
        xi, normal = vector("xi", xi, self.dim), vector("normal", normal, self.ambient_dim)
        jet = self.at(w)
        with np.errstate(all="ignore"):
            return finite("the Hessian product", jet.hessian_vp(normal, xi), jet.params)

    def tangent_kernel(self, w) -> np.ndarray:
        jet = self.at(w)
        return finite("the tangent kernel", jet.kernel(), jet.params)
