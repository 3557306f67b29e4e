"""Convex losses of the output vector, summed over samples, with their moduli and Hessian roots."""

from riemgn.losses.autodiff import AutogradLoss
from riemgn.losses.classification import LogisticLoss, SoftmaxLoss
from riemgn.losses.direct_sum import DirectSumLoss
from riemgn.losses.loss import Loss
from riemgn.losses.poisson import PoissonLoss
from riemgn.losses.regression import HuberLoss, SquaredLoss
from riemgn.losses.weighted import WeightedLoss

__all__ = [
    "AutogradLoss",
    "DirectSumLoss",
    "HuberLoss",
    "LogisticLoss",
    "Loss",
    "PoissonLoss",
    "SoftmaxLoss",
    "SquaredLoss",
    "WeightedLoss",
]
