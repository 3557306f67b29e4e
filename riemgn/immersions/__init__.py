"""Immersions: maps f from R^p to R^n with their derivatives."""

from riemgn.immersions.autodiff import autograd_immersion
from riemgn.immersions.derivative_bounds import DerivativeBounds
from riemgn.immersions.feedforward import FeedforwardImmersion
from riemgn.immersions.immersion import Immersion
from riemgn.immersions.jet import Jet

__all__ = [
    "DerivativeBounds",
    "FeedforwardImmersion",
    "Immersion",
    "Jet",
    "autograd_immersion",
]
