"""An immersion whose parameters live on a manifold D embedded in R^p."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np
from pymanopt.manifolds.manifold import Manifold

from riemgn.arguments import vector
from riemgn.immersions.algebra import Derived, DerivedJet
from riemgn.immersions.domain import Domain
from riemgn.immersions.immersion import Immersion


class OnDomain(Derived):
    """f on a domain D, by the derivatives of f(pi(w)) at w in D, pi the closest-point map of D.

    D pi is the projection P on the tangent space of D, so that J P is the Jacobian: its rank is at
    most D's dimension, and lifts of least norm are tangent to D. D^2 pi is the derivative of P. A
    vector w near D stands for its closest point (docs/theory.md, section 2).

    Args:
        inner: The immersion f, defined near D.
        domain: D, a pymanopt manifold (see `riemgn.immersions.domain.Domain`).

    Raises:
        TypeError: `domain` is no pymanopt manifold.
        ValueError: It is not embedded in R^p.
    """

    def __init__(self, inner: Immersion, domain: Manifold) -> None:
        super().__init__(inner)
        self.domain = Domain(domain, inner.dim)

    @property
    def degrees_of_freedom(self) -> int:
        """The dimension of D."""
        return self.domain.dim

    def at(self, w) -> OnDomainJet:
        inner = self.inner.at(self.domain.nearest(vector("w", w, self.dim)))
        return OnDomainJet(self, inner, inner.params)

    def as_params(self, given) -> np.ndarray:
        return self.domain.point(given)

    def moved(self, w: np.ndarray, step: np.ndarray) -> np.ndarray:
        return self.domain.moved(w, step)

    def bend(self, w: np.ndarray, xi: np.ndarray) -> np.ndarray:
        """Return II(xi, xi), (p,), of D in R^p: what keeps a curve of velocity xi on D."""
        along = self.domain.projection(w, xi)
        return self.domain.turn(w, along, along)

    def damping_scale(self, w0: np.ndarray) -> None:
        """None: a step is measured in the metric of D."""

    def random_params(self, generator: np.random.Generator) -> np.ndarray:
        return self.domain.random(generator)

    # Algebra: of f, on the same domain

    def scaled(self, alpha: float) -> OnDomain:
        return self._with(self.inner.scaled(alpha))

    def centred(self, w0) -> OnDomain:
        return self._with(self.inner.centred(self.as_params(w0)))

    def ridged(self, strength: float, reference) -> OnDomain:
        return self._with(self.inner.ridged(strength, reference))

    def reparametrised(self, A) -> Immersion:
        """Refuse: A z lies on D for no linear space of z.

        Raises:
            ValueError: Always.
        """
        raise ValueError("parameters on a domain have no linear change: give f(A z) a domain")

    def _with(self, inner: Immersion) -> OnDomain:
        return OnDomain(inner, self.domain.manifold)

    def __repr__(self) -> str:
        return f"OnDomain({self.inner!r}, {self.domain!r})"


def on_domain(immersion: Immersion, domain: Manifold | None) -> Immersion:
    """Return an immersion on a domain; itself where there is none, or no immersion to restrict."""
    if domain is None or not isinstance(immersion, Immersion):
        return immersion
    return OnDomain(immersion, domain)


class OnDomainJet(DerivedJet):
    """The jet of `OnDomain`, by the chain rule with the closest-point map."""

    def _evaluate(self) -> np.ndarray:
        return self.inner.outputs

    def row_blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        for rows, J in self.inner.row_blocks():
            yield rows, self._projected_rows(J)

    @cached_property
    def _jacobian(self) -> np.ndarray:
        return np.asfortranarray(self._projected_rows(self.inner.jacobian()))

    def _projected_rows(self, J: np.ndarray) -> np.ndarray:
        """J P, (rows, p)."""
        n, p = self.shape
        if n <= p:
            return np.stack([self._project(row) for row in J])
        # twice, as Domain.projection is
        return J @ self._projector @ self._projector

    @cached_property
    def _projector(self) -> np.ndarray:
        return self.immersion.domain.projector(self.params)

    def jvp(self, xi: np.ndarray) -> np.ndarray:
        return self.inner.jvp(self._project(xi))

    def vjp(self, v: np.ndarray) -> np.ndarray:
        return self._project(self.inner.vjp(v))

    def second_derivative(self, xi: np.ndarray, eta: np.ndarray) -> np.ndarray:
        a, b = self._project(xi), self._project(eta)
        bend = self._turn(a, eta) + self._turn(b, xi - a)
        return self.inner.second_derivative(a, b) + self.inner.jvp(bend)

    def hessian_vp(self, normal: np.ndarray, xi: np.ndarray) -> np.ndarray:
        a, g = self._project(xi), self.inner.vjp(normal)
        bent = self._project(self.inner.hessian_vp(normal, a))
        return bent + self._turn(a, g) + self._turn(self._project(g), xi - a)

    def reach(self) -> np.ndarray:
        return self.inner.reach()

    def _project(self, xi: np.ndarray) -> np.ndarray:
        return self.immersion.domain.projection(self.params, xi)

    def _turn(self, xi: np.ndarray, v: np.ndarray) -> np.ndarray:
        return self.immersion.domain.turn(self.params, xi, v)
