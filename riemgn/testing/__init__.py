"""Checks of a new immersion, manifold or problem against the laws of its mathematics.

Each runs a list of named laws, returns a report with the slope or residual of each, and raises
AssertionError naming the laws that fail. They take any pymanopt manifold and problem.
"""

from riemgn.testing.checks import check_immersion, check_manifold, check_problem
from riemgn.testing.laws import Law, Residual, Slope, Verdict, law
from riemgn.testing.report import Report
from riemgn.testing.slopes import Curve, measured_slope

__all__ = [
    "Curve",
    "Law",
    "Report",
    "Residual",
    "Slope",
    "Verdict",
    "check_immersion",
    "check_manifold",
    "check_problem",
    "law",
    "measured_slope",
]
