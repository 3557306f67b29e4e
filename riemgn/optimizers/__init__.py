"""Gauss-Newton on pymanopt's steepest descent, Levenberg-Marquardt, damping and records."""

from riemgn.optimizers.damping import Damping, Fixed, GainRatio, KernelAdaptive
from riemgn.optimizers.gauss_newton import GaussNewton
from riemgn.optimizers.levenberg_marquardt import LevenbergMarquardt
from riemgn.optimizers.records import Record, Result

__all__ = [
    "Damping",
    "Fixed",
    "GainRatio",
    "GaussNewton",
    "KernelAdaptive",
    "LevenbergMarquardt",
    "Record",
    "Result",
]
