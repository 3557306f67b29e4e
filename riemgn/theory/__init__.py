"""The theory's quantities, measured: moduli, fitted rates, bounds and certificates."""

from riemgn.theory.certificate import Certificate, certificate
from riemgn.theory.kernel import (
    KernelSpeeds,
    contraction_bound,
    damped_gap_bound,
    kernel_speeds,
)
from riemgn.theory.lipschitz import LipschitzBound, jacobian_lipschitz
from riemgn.theory.moduli import (
    CurvatureBound,
    curvature_bound,
    geodesic_modulus,
    pl_moduli,
    riemannian_hessian,
)
from riemgn.theory.optimum import OptimumCertificate, optimum_certificate
from riemgn.theory.rates import RateFit, fit_rate

__all__ = [
    "Certificate",
    "CurvatureBound",
    "KernelSpeeds",
    "LipschitzBound",
    "OptimumCertificate",
    "RateFit",
    "certificate",
    "contraction_bound",
    "curvature_bound",
    "damped_gap_bound",
    "fit_rate",
    "geodesic_modulus",
    "jacobian_lipschitz",
    "kernel_speeds",
    "optimum_certificate",
    "pl_moduli",
    "riemannian_hessian",
]
