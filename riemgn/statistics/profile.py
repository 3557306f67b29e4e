"""The profile likelihood of one parameter, and the interval that it gives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

import numpy as np
from scipy.optimize import brentq

from riemgn.errors import NumericalError
from riemgn.statistics.path import ProfilePath

# The longest way from the estimate, in standard errors: a profile that stays low is open-ended.
_FARTHEST = 2.0**24
# The way from which on a profile is asked whether it flattens, in the same unit.
_FLAT_FROM = 16.0


class End(Enum):
    """What kind of end of an interval a profile gave."""

    CROSSING = "the profile crosses its quantile"
    OPEN = "the profile stays below its quantile however far the parameter goes"
    EDGE = "the profile jumps: the model has no finite outputs, or no such fit, beyond"


@dataclass(frozen=True)
class ProfileInterval:
    """A profile-likelihood interval, whose ends need not lie at equal distances.

    Attributes:
        lower, upper: Its ends; infinite where the profile is open there.
        lower_end, upper_end: What kinds of ends they are.
    """

    lower: float
    upper: float
    lower_end: End = End.CROSSING
    upper_end: End = End.CROSSING

    def __iter__(self) -> Iterator[float]:
        return iter((self.lower, self.upper))


class Profile:
    """The best fits along one parameter. tau is a straight line for a linear model.

    Source: Bates and Watts (1988), section 6.1.
    """

    def __init__(self, path: ProfilePath) -> None:
        self._path = path

    def tau(self, value: float) -> float:
        """Return sign(v - w_j) sqrt(2 (loss(v) - loss)) / s for the parameter held at v.

        It is infinite where the model has no finite outputs.

        Raises:
            TypeError, ValueError: The value is no finite real number; or the fit there is better
                than the optimum, which is therefore none.
            NumericalError: The fits could not be followed to that value.
        """
        return self._path.tau(value)

    def params(self, value: float) -> np.ndarray:
        """Return all parameters (p,) of the best fit with this one held at a value."""
        return self._path.at(value).params.copy()

    def interval(self, quantile: float) -> ProfileInterval:
        """Return where tau crosses -quantile and quantile, to 1e-9 of a standard error.

        Raises:
            ValueError: A better fit than the optimum was found on the way.
            NumericalError: The fits could not be followed, or one at an end did not converge.
        """
        lower, lower_end = self._end(-1.0, quantile)
        upper, upper_end = self._end(1.0, quantile)
        return ProfileInterval(lower, upper, lower_end, upper_end)

    def _end(self, side: float, quantile: float) -> tuple[float, End]:
        """Step outwards, a standard error of tau or a doubling at a time, until tau crosses."""
        path = self._path
        near, reached, far = 0.0, 0.0, 1.0
        while far <= _FARTHEST:
            reach = path.walk(path.estimate + side * far * path.unit, quantile)
            root = abs(path.tau(reach))
            if root >= quantile:
                return self._crossing(side * near, (reach - path.estimate) / path.unit, quantile)
            gain, doublings = root - reached, np.log2(_FARTHEST / far)
            if far >= _FLAT_FROM and far == 2 * near and root + doublings * gain < quantile:
                break
            wanted = min(1.0, 1.05 * (quantile - root))
            step = wanted * (far - near) / gain if gain > 0 else np.inf
            near, reached, far = far, root, min(far + step, 2 * far)
        return side * np.inf, End.OPEN

    def _crossing(self, near: float, far: float, quantile: float) -> tuple[float, End]:
        path = self._path

        def beyond(steps: float) -> float:
            root = abs(path.tau(path.estimate + steps * path.unit))
            return min(root, 2 * quantile) - quantile

        steps = float(brentq(beyond, near, far, xtol=1e-9))
        end = path.estimate + steps * path.unit
        if abs(beyond(steps)) > 1e-3 * quantile:
            return end, End.EDGE
        if not path.has_converged(end):
            raise NumericalError(
                f"the fit with parameter {path.held} held at {end:.9g} did not converge: the "
                "interval reaches beyond that value, how far is not known"
            )
        return end, End.CROSSING
