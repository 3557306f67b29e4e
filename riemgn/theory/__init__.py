"""The theory's quantities, measured: moduli, fitted rates, bounds and certificates."""

from riemgn.theory.kernel import (
    KernelSpeeds,
    contraction_bound,
    damped_gap_bound,
    kernel_speeds,
)
from riemgn.theory.moduli import (
    CurvatureBound,
    curvature_bound,
    geodesic_modulus,
    pl_moduli,
    riemannian_hessian,
)
from riemgn.theory.rates import RateFit, fit_rate

__all__ = [
    "CurvatureBound",
    "KernelSpeeds",
    "RateFit",
    "contraction_bound",
    "curvature_bound",
    "damped_gap_bound",
    "fit_rate",
    "geodesic_modulus",
    "kernel_speeds",
    "pl_moduli",
    "riemannian_hessian",
]
