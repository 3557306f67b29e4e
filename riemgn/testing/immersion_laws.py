"""Laws of an immersion: its derivatives are those of its values, and agree with each other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from riemgn.immersions import Immersion, Jet
from riemgn.testing.arrays import disagreement
from riemgn.testing.laws import Residual, Slope, law
from riemgn.testing.slopes import EPS, measured_slope

PAIRS = 3
LARGEST_KERNEL = 3000

# Rounding, amplified by sums and by what f itself does. Second derivatives may be differences of
# the Jacobian, which leave eps^(2/3).
FIRST_ORDER = 1e5 * EPS
SECOND_ORDER = 1e4 * EPS ** (2 / 3)


@dataclass(frozen=True)
class ImmersionCase:
    """An immersion at parameters w, with random directions.

    Attributes:
        immersion: The map f.
        params: w, (p,).
        seed: Of the directions.
    """

    immersion: Immersion
    params: np.ndarray
    seed: int

    def begin(self, name: str) -> None:
        """Do nothing: directions are the same for all laws."""

    @cached_property
    def jet(self) -> Jet:
        """The jet of f at w."""
        return self.immersion.at(self.params.copy())

    @cached_property
    def jacobian(self) -> np.ndarray:
        """J at w, (n, p), by the immersion's own method."""
        return np.array(self.immersion.jacobian(self.params.copy()))

    @cached_property
    def directions(self) -> np.ndarray:
        """Random changes of the parameters in their own units, as rows, (3, p)."""
        return self._generator(0).normal(size=(PAIRS, self.params.size)) * self._units

    @cached_property
    def others(self) -> np.ndarray:
        """Other such changes, (3, p)."""
        return self._generator(1).normal(size=(PAIRS, self.params.size)) * self._units

    @cached_property
    def normals(self) -> np.ndarray:
        """Random ambient vectors as rows, (3, n)."""
        return self._generator(2).normal(size=(PAIRS, self.immersion.ambient_dim))

    def at(self, t: float, xi: np.ndarray) -> np.ndarray:
        """Return f(w + t xi), (n,); infinite outside the domain of f."""
        try:
            return np.array(self.immersion(self.params + t * xi), dtype=np.float64)
        except ArithmeticError:
            return np.full(self.jet.outputs.size, np.inf)

    def second(self, xi: np.ndarray, eta: np.ndarray) -> np.ndarray:
        """Return D^2 f[xi, eta], (n,)."""
        return self.immersion.second_derivative(self.params, xi, eta)

    @property
    def _units(self) -> np.ndarray:
        size = np.abs(self.params)
        known = size[size > 0]
        return np.where(size > 0, size, np.median(known) if known.size else 1.0)

    def _generator(self, stream: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, stream])


@law("values are finite vectors")
def values_are_finite_vectors(case: ImmersionCase) -> Residual:
    """f(w) is a real vector of length ambient_dim without NaN or infinity."""
    value = np.asarray(case.immersion(case.params.copy()))
    wanted = (case.immersion.ambient_dim,)
    if value.shape != wanted or value.dtype.kind not in "fiu":
        raise ValueError(f"f(w) is {value.dtype} of shape {value.shape}, wanted real {wanted}")
    return Residual(float(np.sum(~np.isfinite(value))), 0.0)


@law("values are repeatable")
def values_are_repeatable(case: ImmersionCase) -> Residual:
    """At one w there is one value, and one Jacobian, however often they are asked."""
    f, w = case.immersion, case.params
    first, between, second = np.array(f(w.copy())), f(w + case.directions[0]), f(w.copy())
    del between  # another evaluation must leave no trace in the next
    J = np.array(f.jacobian(w.copy()))
    return Residual(max(disagreement(first, second), disagreement(J, case.jacobian)), 0.0)


@law("parameters are left alone")
def parameters_are_left_alone(case: ImmersionCase) -> Residual:
    """No method writes into the parameters that it is given."""
    f, w = case.immersion, case.params.copy()
    xi, v = case.directions[0], case.normals[0]
    f(w), f.jacobian(w), f.jvp(w, xi), f.vjp(w, v), f.second_derivative(w, xi, xi)
    return Residual(float(np.sum(w != case.params)), 0.0)


@law("jet agrees with the values")
def jet_agrees_with_the_values(case: ImmersionCase) -> Residual:
    """The jet at w, on which the manifold works, has f's values and f's Jacobian."""
    jet = case.jet
    value = disagreement(jet.outputs, case.immersion(case.params.copy()))
    return Residual(max(value, disagreement(jet.jacobian(), case.jacobian)), FIRST_ORDER)


@law("jacobian is the derivative")
def jacobian_is_the_derivative(case: ImmersionCase) -> Slope:
    """f(w + t xi) - f(w) - t J xi falls as t^2."""
    terms = [case.jacobian @ xi for xi in case.directions]
    return Slope(_remainder_slope(case, terms, None), 2)


@law("jvp is J xi")
def jvp_is_j_xi(case: ImmersionCase) -> Residual:
    """The product of the Jacobian with a parameter vector is that of the matrix."""
    jvps = [case.immersion.jvp(case.params, xi) for xi in case.directions]
    in_jet = [case.jet.jvp(xi) for xi in case.directions]
    wanted = list(case.directions @ case.jacobian.T)
    return Residual(max(disagreement(jvps, wanted), disagreement(in_jet, wanted)), FIRST_ORDER)


@law("vjp is J^T v")
def vjp_is_jt_v(case: ImmersionCase) -> Residual:
    """The product of the transposed Jacobian with an ambient vector is that of the matrix."""
    vjps = [case.immersion.vjp(case.params, v) for v in case.normals]
    in_jet = [case.jet.vjp(v) for v in case.normals]
    wanted = list(case.normals @ case.jacobian)
    return Residual(max(disagreement(vjps, wanted), disagreement(in_jet, wanted)), FIRST_ORDER)


@law("jvp and vjp are adjoint")
def jvp_and_vjp_are_adjoint(case: ImmersionCase) -> Residual:
    """<J xi, v> = <xi, J^T v>."""
    f, w = case.immersion, case.params
    pairs = list(zip(case.directions, case.normals, strict=True))
    left = [f.jvp(w, xi) @ v for xi, v in pairs]
    right = [xi @ f.vjp(w, v) for xi, v in pairs]
    return Residual(disagreement(left, right), FIRST_ORDER)


@law("second derivative is that of the values")
def second_derivative_is_that_of_the_values(case: ImmersionCase) -> Slope:
    """f(w + t xi) - f(w) - t J xi - t^2/2 D^2 f[xi, xi] falls as t^3."""
    terms = [case.jacobian @ xi for xi in case.directions]
    bends = [case.second(xi, xi) for xi in case.directions]
    return Slope(_remainder_slope(case, terms, bends), 3)


@law("second derivative is symmetric")
def second_derivative_is_symmetric(case: ImmersionCase) -> Residual:
    """D^2 f[xi, eta] = D^2 f[eta, xi]."""
    pairs = list(zip(case.directions, case.others, strict=True))
    left = [case.second(xi, eta) for xi, eta in pairs]
    right = [case.second(eta, xi) for xi, eta in pairs]
    return Residual(disagreement(left, right, _rounding_scale(case)), SECOND_ORDER)


@law("second derivative is bilinear")
def second_derivative_is_bilinear(case: ImmersionCase) -> Residual:
    """D^2 f[2 xi - 3 eta, zeta] = 2 D^2 f[xi, zeta] - 3 D^2 f[eta, zeta]."""
    (xi, eta, _), (zeta, _, _) = case.directions, case.others
    left = case.second(2 * xi - 3 * eta, zeta)
    right = 2 * case.second(xi, zeta) - 3 * case.second(eta, zeta)
    return Residual(disagreement(left, right, _rounding_scale(case)), SECOND_ORDER)


@law("hessian_vp is the second derivative along a normal")
def hessian_vp_is_the_second_derivative(case: ImmersionCase) -> Residual:
    """<sum_i N_i Hess f_i xi, eta> = <N, D^2 f[xi, eta]>."""
    triples = list(zip(case.normals, case.directions, case.others, strict=True))
    f, w = case.immersion, case.params
    left = [f.hessian_vp(w, N, xi) @ eta for N, xi, eta in triples]
    right = [N @ case.second(xi, eta) for N, xi, eta in triples]
    return Residual(disagreement(left, right, _rounding_scale(case)), SECOND_ORDER)


@law("tangent kernel is J J^T")
def tangent_kernel_is_jjt(case: ImmersionCase) -> Residual:
    """The tangent kernel is the Jacobian times its transpose."""
    if case.immersion.ambient_dim > LARGEST_KERNEL:
        raise NotImplementedError(f"more than {LARGEST_KERNEL} outputs: the kernel is too large")
    kernel = case.immersion.tangent_kernel(case.params)
    return Residual(disagreement(kernel, case.jacobian @ case.jacobian.T), FIRST_ORDER)


IMMERSION_LAWS = (
    values_are_finite_vectors,
    values_are_repeatable,
    parameters_are_left_alone,
    jet_agrees_with_the_values,
    jacobian_is_the_derivative,
    jvp_is_j_xi,
    vjp_is_jt_v,
    jvp_and_vjp_are_adjoint,
    second_derivative_is_that_of_the_values,
    second_derivative_is_symmetric,
    second_derivative_is_bilinear,
    hessian_vp_is_the_second_derivative,
    tangent_kernel_is_jjt,
)


def _remainder_slope(case: ImmersionCase, terms, bends):
    """Return the curve of the Taylor remainder of f along all directions together."""
    start = np.array(case.immersion(case.params.copy()), dtype=np.float64)

    def remainder(t: float) -> float:
        rest = [
            case.at(t, xi) - start - t * v for xi, v in zip(case.directions, terms, strict=True)
        ]
        if bends is not None:
            rest = [r - 0.5 * t**2 * b for r, b in zip(rest, bends, strict=True)]
        return float(np.linalg.norm(rest))

    last, order = (terms, 1) if bends is None else (np.multiply(bends, 0.5), 2)
    return measured_slope(
        remainder, size=np.linalg.norm(start), term=float(np.linalg.norm(last)), order=order
    )


def _rounding_scale(case: ImmersionCase) -> float:
    """The size below which a second derivative is rounding: that of the first, a millionth."""
    return 1e-6 * float(np.linalg.norm(case.directions @ case.jacobian.T))
