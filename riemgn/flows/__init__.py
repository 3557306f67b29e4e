"""The continuous flows of a loss on a manifold of outputs, and their trajectories."""

from riemgn.flows.entry import (
    gauss_newton_flow,
    gradient_flow,
    levenberg_marquardt_flow,
    newton_flow,
    riemannian_gradient_flow,
)
from riemgn.flows.trajectory import Trajectory

__all__ = [
    "Trajectory",
    "gauss_newton_flow",
    "gradient_flow",
    "levenberg_marquardt_flow",
    "newton_flow",
    "riemannian_gradient_flow",
]
