"""Training on data: scaling, the choice of a ridge, early stopping, and predictions."""

from riemgn.fitting.entry import fit
from riemgn.fitting.model import Model
from riemgn.fitting.result import FitReport, FitResult, FitStep

__all__ = ["FitReport", "FitResult", "FitStep", "Model", "fit"]
