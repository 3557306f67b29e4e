"""The jet of an immersion: its value with its derivatives at one w."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from riemgn.immersions.outputs import checked_outputs, finite
from riemgn.linalg import (
    DampedSystem,
    Factor,
    IdentityRoot,
    damped_system,
    factorise,
    gram,
    sum_of_grams,
)

if TYPE_CHECKING:
    from riemgn.immersions.immersion import Immersion


class Jet:
    """An immersion at one w: outputs f(w) and derivatives, each computed on first use and kept.

    It is what a factorisation needs to know of J (`riemgn.linalg.Differential`).
    """

    streams = False

    def __init__(self, immersion: Immersion, params: np.ndarray) -> None:
        self.immersion = immersion
        self.params = params
        self.params.flags.writeable = False
        with np.errstate(all="ignore"):
            self.outputs = self._evaluate()
        self.outputs.flags.writeable = False
        self.shape = (self.outputs.size, params.size)

    def _evaluate(self) -> np.ndarray:
        return checked_outputs(self.immersion(self.params), self.immersion.ambient_dim)

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(state)
        for array in (self.params, self.outputs):
            array.flags.writeable = False

    @property
    def is_finite(self) -> bool:
        """Whether all outputs are finite."""
        return bool(np.all(np.isfinite(self.outputs)))

    @cached_property
    def _jacobian(self) -> np.ndarray:
        with np.errstate(all="ignore"):
            J = np.array(self.immersion.jacobian(self.params), dtype=np.float64, order="F")
        if J.shape != self.shape:
            raise ValueError(f"jacobian must return shape {self.shape}, got {J.shape}")
        return finite("the Jacobian", J, self.params)

    def jacobian(self) -> np.ndarray:
        """Return J = Df(w), (n, p), in Fortran order."""
        return self._jacobian

    def row_blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield consecutive rows of J, each with its place: here all at once."""
        yield slice(0, self.shape[0]), self.jacobian()

    def gram(self) -> np.ndarray:
        """Return J^T J, (p, p)."""
        return sum_of_grams(self.row_blocks()) if self.streams else gram(self.jacobian().T)

    def kernel(self) -> np.ndarray:
        """Return J J^T, (n, n)."""
        if self.immersion.overrides("tangent_kernel"):
            return np.array(self.immersion.tangent_kernel(self.params), dtype=np.float64)
        J = self.jacobian()
        with np.errstate(all="ignore"):
            return J @ J.T

    def jvp(self, xi: np.ndarray) -> np.ndarray:
        """Return J xi, (n,)."""
        if self.immersion.overrides("jvp"):
            return np.array(self.immersion.jvp(self.params, xi), dtype=np.float64)
        return self.jacobian() @ xi

    def vjp(self, v: np.ndarray) -> np.ndarray:
        """Return J^T v, (p,)."""
        if self.immersion.overrides("vjp"):
            return np.array(self.immersion.vjp(self.params, v), dtype=np.float64)
        return self.jacobian().T @ v

    def second_derivative(self, xi: np.ndarray, eta: np.ndarray) -> np.ndarray:
        """Return D^2 f[xi, eta], (n,); NaN where f has no finite second derivative."""
        return self._bend(self.immersion.second_derivative, xi, eta, self.shape[0])

    def second_derivatives(self, xi: np.ndarray, etas: np.ndarray) -> np.ndarray:
        """Return D^2 f[xi, eta_j] as columns, (n, m), for parameter vectors eta_j (p, m)."""
        return np.stack([self.second_derivative(xi, eta) for eta in etas.T], axis=1)

    def hessian_vp(self, normal: np.ndarray, xi: np.ndarray) -> np.ndarray:
        """Return sum_i normal_i Hess f_i xi, (p,); NaN where f has no finite second derivative."""
        return self._bend(self.immersion.hessian_vp, normal, xi, self.shape[1])

    def _bend(self, derivative: Callable, a: np.ndarray, b: np.ndarray, size: int) -> np.ndarray:
        if np.all(np.isfinite(a)) and np.all(np.isfinite(b)):
            with np.errstate(all="ignore"), suppress(ArithmeticError):
                return derivative(self.params, a, b)
        return np.full(size, np.nan)

    def reach(self) -> np.ndarray:
        """Return |J| |w|, (n,): how far a relative change of every parameter may move each output.

        For more parameters than outputs it is |J w| + |f|, which needs no J.
        """
        n, p = self.shape
        size = np.abs(self.params)
        if p > n:
            return np.abs(self.jvp(self.params)) + np.abs(self.outputs)
        return np.concatenate([np.abs(rows) @ size for _, rows in self.row_blocks()])

    def factor(self) -> Factor:
        """Return the factorisation of J (see `riemgn.linalg.factorise`)."""
        return factorise(self)

    def damped_system(self, root=None, scale: np.ndarray | None = None) -> DampedSystem:
        """Return the damped least squares of L^T J (see `riemgn.linalg.damped_system`)."""
        return damped_system(self, IdentityRoot() if root is None else root, scale)
