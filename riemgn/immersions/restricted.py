"""An immersion with some of its parameters held: the map of the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

import numpy as np

from riemgn.arguments import integer, vector
from riemgn.immersions.algebra import Derived, DerivedJet
from riemgn.immersions.immersion import Immersion


class Restricted(Derived):
    """z -> f(w) with w_j held at given values and the other parameters z (p - k,), in their order.

    Args:
        inner: The immersion f.
        held: The value of each held parameter by its index j, at least one and fewer than p.

    Raises:
        TypeError: An index is no integer, or a value no real number.
        ValueError: An index is negative or not below p, a value is not finite, or no parameter is
            held or none is left.
    """

    def __init__(self, inner: Immersion, held: Mapping[int, float]) -> None:
        if inner.domain is not None:
            raise ValueError(
                f"parameters on a domain ({inner.domain}) cannot be held one by one, as profile "
                "likelihoods do"
            )
        super().__init__(inner)
        if not isinstance(held, Mapping):
            raise TypeError(f"held must map indices to values, got {type(held).__name__}")
        indices = [integer("a held parameter's index", j, least=0) for j in held]
        if not 0 < len(indices) < inner.dim:
            raise ValueError(
                f"held must hold at least one of the {inner.dim} parameters and leave at least "
                f"one, got {len(indices)}"
            )
        if max(indices) >= inner.dim:
            raise ValueError(
                f"held names the parameter {max(indices)}, the last one is {inner.dim - 1}"
            )
        self._origin = np.zeros(inner.dim)
        self._origin[indices] = vector("the values held", list(held.values()))
        self.free = np.setdiff1d(np.arange(inner.dim), indices)
        self.dim = self.free.size

    def full(self, z: np.ndarray) -> np.ndarray:
        """Return all parameters w (p,) for the free ones z (p - k,)."""
        w = self._origin.copy()
        w[self.free] = z
        return w

    def direction(self, zeta: np.ndarray) -> np.ndarray:
        """Return the parameter vector (p,) of a vector of the free ones: zero where w is held.

        Several may be the columns of a matrix.
        """
        xi = np.zeros((self.inner.dim, *zeta.shape[1:]))
        xi[self.free] = zeta
        return xi

    def at(self, w) -> RestrictedJet:
        z = vector("w", w, self.dim)
        return RestrictedJet(self, self.inner.at(self.full(z)), z)

    def damping_scale(self, w0: np.ndarray) -> np.ndarray | None:
        scale = self.inner.damping_scale(self.full(w0))
        return None if scale is None else scale[self.free]

    def random_params(self, generator: np.random.Generator) -> np.ndarray:
        return self.inner.random_params(generator)[self.free]


class RestrictedJet(DerivedJet):
    """The jet of `Restricted`: the inner derivatives along the free parameters."""

    def _evaluate(self) -> np.ndarray:
        return self.inner.outputs

    def row_blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        for rows, J in self.inner.row_blocks():
            yield rows, J[:, self.immersion.free]

    @cached_property
    def _jacobian(self) -> np.ndarray:
        return self.inner.jacobian().T[self.immersion.free].T  # in Fortran order, as J is

    def jvp(self, xi: np.ndarray) -> np.ndarray:
        return self.inner.jvp(self.immersion.direction(xi))

    def vjp(self, v: np.ndarray) -> np.ndarray:
        return self.inner.vjp(v)[self.immersion.free]

    def second_derivative(self, xi: np.ndarray, eta: np.ndarray) -> np.ndarray:
        along = self.immersion.direction
        return self.inner.second_derivative(along(xi), along(eta))

    def second_derivatives(self, xi: np.ndarray, etas: np.ndarray) -> np.ndarray:
        along = self.immersion.direction
        return self.inner.second_derivatives(along(xi), along(etas))

    def hessian_vp(self, normal: np.ndarray, xi: np.ndarray) -> np.ndarray:
        product = self.inner.hessian_vp(normal, self.immersion.direction(xi))
        return product[self.immersion.free]
