"""Gauss-Newton, Levenberg-Marquardt, damping, records and stopping criteria."""

from riemgn.optimizers.damping import Damping, Fixed, GainRatio, KernelAdaptive
from riemgn.optimizers.gauss_newton import GaussNewton
from riemgn.optimizers.levenberg_marquardt import LevenbergMarquardt
from riemgn.optimizers.records import Record, Result
from riemgn.optimizers.stopping import (
    CostBelow,
    CostSettled,
    Criterion,
    Ending,
    GradientNorm,
    MaxEvaluations,
    MaxIterations,
    MaxTime,
    StepBelow,
    TangentCosine,
    When,
)

__all__ = [
    "CostBelow",
    "CostSettled",
    "Criterion",
    "Damping",
    "Ending",
    "Fixed",
    "GainRatio",
    "GaussNewton",
    "GradientNorm",
    "KernelAdaptive",
    "LevenbergMarquardt",
    "MaxEvaluations",
    "MaxIterations",
    "MaxTime",
    "Record",
    "Result",
    "StepBelow",
    "TangentCosine",
    "When",
]
