"""Methods compared: the same starts and the same budget for each."""

from riemgn.comparison.entry import compare
from riemgn.comparison.profiles import performance_ratios
from riemgn.comparison.result import Comparison
from riemgn.comparison.runs import MEASURES, MethodRun
from riemgn.comparison.winning import Standing

__all__ = ["MEASURES", "Comparison", "MethodRun", "Standing", "compare", "performance_ratios"]
