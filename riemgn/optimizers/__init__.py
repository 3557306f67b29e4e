"""Optimizers, on the manifold and in the parameters; damping, records and stopping criteria."""

from riemgn.optimizers.damping import Damping, GainRatio
from riemgn.optimizers.flow_steps import EulerSteps, TaylorSteps
from riemgn.optimizers.gauss_newton import GaussNewton
from riemgn.optimizers.levenberg_marquardt import LevenbergMarquardt
from riemgn.optimizers.parameter_descents import LBFGS, Adam, FixedStepDescent
from riemgn.optimizers.prescribed import Fixed, KernelAdaptive, KernelShifted, Prescribed
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
    "LBFGS",
    "Adam",
    "CostBelow",
    "CostSettled",
    "Criterion",
    "Damping",
    "Ending",
    "EulerSteps",
    "Fixed",
    "FixedStepDescent",
    "GainRatio",
    "GaussNewton",
    "GradientNorm",
    "KernelAdaptive",
    "KernelShifted",
    "LevenbergMarquardt",
    "MaxEvaluations",
    "MaxIterations",
    "MaxTime",
    "Prescribed",
    "Record",
    "Result",
    "StepBelow",
    "TangentCosine",
    "TaylorSteps",
    "When",
]
