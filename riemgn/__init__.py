"""Riemannian geometry first in Gauss-Newton training of neural networks.

A network's outputs on its training inputs, as its weights move, sweep out a submanifold of R^n.
riemgn makes it a pymanopt manifold; Gauss-Newton is steepest descent on it (arXiv:2412.14031).
"""

from riemgn import datasets
from riemgn.activations import Activation
from riemgn.errors import NumericalError
from riemgn.fitting import FitResult, fit
from riemgn.immersions import Immersion, autograd_immersion
from riemgn.losses import (
    AutogradLoss,
    DirectSumLoss,
    HuberLoss,
    LogisticLoss,
    Loss,
    PoissonLoss,
    SoftmaxLoss,
    SquaredLoss,
)
from riemgn.manifolds import ImmersedManifold, OutputManifold, Point
from riemgn.networks import Network
from riemgn.optimizers import GaussNewton, LevenbergMarquardt
from riemgn.problem import Problem

__version__ = "0.1.0"

__all__ = [
    "Activation",
    "AutogradLoss",
    "DirectSumLoss",
    "FitResult",
    "GaussNewton",
    "HuberLoss",
    "ImmersedManifold",
    "Immersion",
    "LevenbergMarquardt",
    "LogisticLoss",
    "Loss",
    "Network",
    "NumericalError",
    "OutputManifold",
    "Point",
    "PoissonLoss",
    "Problem",
    "SoftmaxLoss",
    "SquaredLoss",
    "autograd_immersion",
    "datasets",
    "fit",
]
