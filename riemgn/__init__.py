"""Riemannian geometry first in Gauss-Newton training of neural networks.

A network's outputs on its training inputs, as its weights move, sweep out a submanifold of R^n.
riemgn makes it a pymanopt manifold; Gauss-Newton is steepest descent on it (arXiv:2412.14031).
"""

from importlib import import_module

from riemgn import datasets
from riemgn.activations import Activation
from riemgn.comparison import Comparison, compare
from riemgn.errors import NumericalError
from riemgn.fitting import FitResult, fit
from riemgn.flows import (
    Trajectory,
    gauss_newton_flow,
    gradient_flow,
    levenberg_marquardt_flow,
    newton_flow,
    riemannian_gradient_flow,
)
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
    WeightedLoss,
)
from riemgn.manifolds import ImmersedManifold, OutputManifold, Point
from riemgn.minimization import minimize, resume
from riemgn.networks import Network
from riemgn.optimizers import GaussNewton, LevenbergMarquardt
from riemgn.problem import Problem
from riemgn.statistics import FitStatistics, fit_statistics

__version__ = "0.1.0"

# Names that are loaded on first use, and their modules; scikit-learn takes half a second to import.
_LATER = {
    "GaussNewtonClassifier": "estimators",
    "GaussNewtonRegressor": "estimators",
    "Survey": "surveying",
    "survey": "surveying",
}

# Modules that are loaded on first use.
_MODULES = ("plotting", "testing", "theory")

__all__ = [
    "Activation",
    "AutogradLoss",
    "Comparison",
    "DirectSumLoss",
    "FitResult",
    "FitStatistics",
    "GaussNewton",
    "GaussNewtonClassifier",
    "GaussNewtonRegressor",
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
    "Survey",
    "Trajectory",
    "WeightedLoss",
    "autograd_immersion",
    "compare",
    "datasets",
    "fit",
    "fit_statistics",
    "gauss_newton_flow",
    "gradient_flow",
    "levenberg_marquardt_flow",
    "minimize",
    "newton_flow",
    "plotting",
    "resume",
    "riemannian_gradient_flow",
    "survey",
    "testing",
    "theory",
]


def __getattr__(name: str):
    if name in _LATER:
        return getattr(import_module(f"riemgn.{_LATER[name]}"), name)
    if name in _MODULES:
        return import_module(f"riemgn.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER, *_MODULES})
