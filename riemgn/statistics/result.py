"""The statistics of a fit, as `fit_statistics` returns them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from riemgn.arguments import choice, integer
from riemgn.display import statistics_card
from riemgn.manifolds import Point
from riemgn.manifolds.curvature import rms_curvatures
from riemgn.problem import Problem
from riemgn.statistics import trust
from riemgn.statistics.dispersion import (
    Dispersion,
    has_idle_logits,
    is_exact,
    is_resolved,
    is_squared,
)
from riemgn.statistics.information import Information
from riemgn.statistics.path import ProfilePath
from riemgn.statistics.profile import Profile, ProfileInterval

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False, eq=False)
class FitStatistics:
    """Estimates with their uncertainty (docs/theory.md, "Statistics of a fit").

    Attributes:
        problem: The problem that was fitted.
        point: Its minimum.
        confidence: The level of all intervals.
        names: Of the parameters, for tables.
        dispersion: The noise's scale and its degrees of freedom.
        information: What the data say of the parameters, and of which of them.
    """

    problem: Problem
    point: Point
    confidence: float
    names: tuple[str, ...]
    dispersion: Dispersion
    information: Information
    _profiles: dict[int, Profile] = field(default_factory=dict)
    _intervals: dict[int, ProfileInterval] = field(default_factory=dict)

    @property
    def estimates(self) -> np.ndarray:
        """The parameters, (p,), read-only."""
        return self.point.params

    @property
    def residual_standard_deviation(self) -> float:
        """The noise's s: sqrt(|residual|^2 / (n - rank)) of a squared loss, in its unit, else 1."""
        return self.dispersion.scale

    @property
    def degrees_of_freedom(self) -> float:
        """Those of s, n - rank for a squared loss; infinite where s is known."""
        return self.dispersion.degrees_of_freedom

    @property
    def quantile(self) -> float:
        """How many standard errors the linear intervals reach: Student's t, or normal."""
        return self.dispersion.quantile(self.confidence)

    @property
    def identifiable(self) -> np.ndarray:
        """Which parameters the data determine, (p,) booleans."""
        return self.information.identifiable

    @property
    def covariance(self) -> np.ndarray:
        """s^2 (B^T B)^{-1}, (p, p); infinite entries where parameters are not identifiable."""
        return self.information.covariance(self.dispersion.scale)

    @property
    def standard_errors(self) -> np.ndarray:
        """The roots of the covariance's diagonal, (p,)."""
        return self.information.standard_errors(self.dispersion.scale)

    @property
    def correlation(self) -> np.ndarray:
        """The correlation of the estimates, (p, p)."""
        return self.information.correlation

    @property
    def intervals(self) -> np.ndarray:
        """The linear intervals, estimate -+ quantile x standard error, (p, 2)."""
        reach = self.quantile * self.standard_errors
        return np.stack([self.estimates - reach, self.estimates + reach], axis=1)

    @cached_property
    def curvatures(self) -> tuple[float, float] | None:
        """Bates and Watts' curvatures (parameter effects, intrinsic), dimensionless.

        They are root mean squares times the radius s sqrt(r F(r, n - r)) of the confidence region,
        r the rank; None for a loss other than the squared one, for which they are not defined. They
        take r (r + 1) / 2 second derivatives, when first asked for.

        Raises:
            NumericalError: A second derivative is not finite.
        """
        if not is_squared(self.problem.loss):
            return None
        frame, root = self.information.frame, self.problem.loss.hessian_root(self.point.outputs)
        radius = self.dispersion.region_radius(self.confidence, frame.rank)
        parameter_effects, intrinsic = rms_curvatures(self.point.jet, frame, root)
        return radius * parameter_effects, radius * intrinsic

    def profile(self, parameter: int | str) -> Profile:
        """Return the profile likelihood of a parameter, given by its index or its name.

        Raises:
            ValueError: There is no such parameter, or the residual is zero but for rounding.
            TypeError: `parameter` is neither an integer nor a name.
        """
        j = self._index(parameter)
        if j not in self._profiles:
            self._require_resolution()
            self._profiles[j] = self._new_profile(j)
        return self._profiles[j]

    def profile_interval(self, parameter: int | str) -> ProfileInterval:
        """Return the profile-likelihood interval of a parameter, by its index or its name.

        All other parameters are fitted again at every value tried. An end is infinite where the
        profile stays below its quantile however far the parameter goes.

        Raises:
            ValueError: There is no such parameter, the residual is zero but for rounding, or the
                point is not the minimum, since a better fit was found on the way.
            NumericalError: The fits could not be followed, or one at an end did not converge.
        """
        j = self._index(parameter)
        if j not in self._intervals:
            self._intervals[j] = self.profile(j).interval(self.quantile)
        return self._intervals[j]

    def profile_intervals(self) -> np.ndarray:
        """Return the profile-likelihood intervals of all parameters, (p, 2); keeps them.

        Raises:
            ValueError, NumericalError: As `profile_interval` does.
        """
        return np.array([tuple(self.profile_interval(j)) for j in range(len(self.names))])

    @property
    def profiled(self) -> dict[int, ProfileInterval]:
        """The profile intervals computed so far, by index."""
        return dict(sorted(self._intervals.items()))

    @property
    def verdict(self) -> str:
        """Whether the linear intervals can be trusted, in plain sentences."""
        sentences = []
        if not self.identifiable.all():
            sentences.append(trust.of_rank(self.names, self.identifiable, self.information.rank))
        if has_idle_logits(self.problem, self.point, self.information.rank):
            sentences.append(trust.of_idle_logits())
        if is_exact(self.problem, self.point, self.dispersion):
            sentences.append(trust.of_exact_fit())
        elif self.curvatures is None:
            sentences.append(trust.without_curvatures())
        else:
            sentences.append(trust.of_curvatures(*self.curvatures))
        profiled = {j: tuple(i) for j, i in self.profiled.items() if self.identifiable[j]}
        if profiled:
            sentences.append(trust.of_profiles(self.names, self.intervals, profiled))
        return " ".join(sentences)

    def table(self) -> pd.DataFrame:
        """Return a pandas table, a row a parameter, with the profile intervals computed so far."""
        import pandas as pd

        columns = {
            "estimate": self.estimates,
            "standard error": self.standard_errors,
            "lower": self.intervals[:, 0],
            "upper": self.intervals[:, 1],
        }
        table = pd.DataFrame(columns, index=pd.Index(self.names, name="parameter"))
        for j, interval in self.profiled.items():
            table.loc[self.names[j], ["profile lower", "profile upper"]] = tuple(interval)
        return table

    def __str__(self) -> str:
        from riemgn.statistics.wording import worded

        return worded(self)

    def __repr__(self) -> str:
        n, p = self.point.jet.shape
        return f"FitStatistics({p} parameters, {n} outputs, confidence {self.confidence:g})"

    def _repr_html_(self) -> str:
        return statistics_card(self)

    def _index(self, parameter: int | str) -> int:
        if isinstance(parameter, str):
            return self.names.index(choice("parameter", parameter, self.names))
        j = integer("parameter", parameter, least=0)
        if j >= len(self.names):
            raise ValueError(f"parameter must be below {len(self.names)}, got {j}")
        return j

    def _require_resolution(self) -> None:
        """Raise where the loss is not known to the square of the noise."""
        if not is_resolved(self.problem, self.point, self.dispersion):
            raise ValueError(
                "the residual is zero but for rounding: a profile has no scale to be measured by"
            )

    def _new_profile(self, j: int) -> Profile:
        lifts = self.information.frame.lifts
        known = self.information.deviations[j]
        if known > 0:
            trace, unit = lifts @ lifts[j] / known**2, self.dispersion.scale * known
        else:  # nothing moves with it, and it has no standard error to step by
            trace, unit = np.eye(len(self.names))[j], abs(self.estimates[j]) or 1.0
        return Profile(
            ProfilePath(self.problem, self.estimates, j, trace, self.dispersion.scale, float(unit))
        )
