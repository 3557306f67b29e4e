"""Statistics of a fit: covariance, confidence intervals, and whether they can be trusted."""

from riemgn.statistics.entry import fit_statistics
from riemgn.statistics.profile import End, Profile, ProfileInterval
from riemgn.statistics.result import FitStatistics

__all__ = ["End", "FitStatistics", "Profile", "ProfileInterval", "fit_statistics"]
