"""The order of a remainder, measured as its slope in a log-log fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

EPS = np.finfo(np.float64).eps

STEPS_PER_DECADE = 4
DECADES = 13  # down to steps of 1e-13
WINDOW = 4  # consecutive steps of a fit
WINDOWS = 4  # how many windows, from the smallest steps up, the straightest is chosen from

# Steps at which what a smooth remainder leaves is below its rounding.
_ROUNDING_STEPS = (1e-13, 1e-11)
_ABOVE_ROUNDING = 100.0
# A remainder that is this many times its threshold at one step, and below it at the next, ends.
_JUMP = 1e3
# The relative accuracy of the derivative that a vanishing remainder must at least confirm.
_CONFIRMED = 1e-2


@dataclass(frozen=True)
class Curve:
    """A remainder at falling steps and the slope of its logarithm.

    Attributes:
        steps: Falling step lengths t.
        errors: The size of the remainder at each.
        first: The index of the largest step of the fitted window.
        last: The index of its smallest step.
        slope: The slope in the window; infinite where the remainder is below rounding everywhere.
    """

    steps: np.ndarray
    errors: np.ndarray
    first: int
    last: int
    slope: float

    @property
    def vanishes(self) -> bool:
        """Whether there was no remainder to fit a slope to."""
        return np.isinf(self.slope)


def measured_slope(
    remainder: Callable[[float], float],
    *,
    size: float,
    term: float,
    order: int,
    accuracy: float = 1e-6,
) -> Curve:
    """Return the slope of a Taylor remainder at the smallest steps where it stands above rounding.

    The remainder is followed down from t = 1 until it falls below 100 times its rounding (measured
    at steps of 1e-11 and less) or below `accuracy` times the last term that the expansion keeps.
    A wrong term leaves a remainder of that term's own order, which is what the smallest steps show;
    at larger ones the next term may hide it.

    Args:
        remainder: t -> the size of f(t) less its expansion.
        size: The size of what is subtracted, whose rounding is eps times it.
        term: c, where the last term that the expansion keeps is of size c t^order.
        order: The order of that term.
        accuracy: The relative accuracy to which that term can be known.

    Raises:
        ArithmeticError: The remainder is not finite at the smallest steps, or raises there.
        NotImplementedError: Rounding hides the remainder.
    """
    floor = _ABOVE_ROUNDING * np.max([EPS * size, *(remainder(t) for t in _ROUNDING_STEPS)])
    if not np.isfinite(floor):
        raise ArithmeticError("the remainder is not finite at the smallest steps")

    def threshold(t: float) -> float:
        return max(floor, accuracy * term * t**order)

    steps, errors, above = _followed(remainder, threshold)
    if above.size < WINDOW:
        if floor > _CONFIRMED * term > 0:
            raise NotImplementedError("rounding hides the remainder")
        return Curve(steps, errors, 0, steps.size - 1, np.inf)
    if above[-1] + 1 < steps.size and errors[above[-1]] > _JUMP * threshold(steps[above[-1]]):
        return Curve(steps, errors, 0, steps.size - 1, np.inf)
    return _straightest(steps, errors, above)


def _followed(
    remainder: Callable[[float], float], threshold: Callable[[float], float]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return falling steps, the remainder there, and which are the lowest run above the threshold.

    Whole decades are tried down to two in a row below the threshold, then the steps between the
    lowest decades above it.
    """
    known: dict[int, float] = {}  # the remainder at 10^(-k / STEPS_PER_DECADE)

    def above(k: int) -> bool:
        t = 10.0 ** (-k / STEPS_PER_DECADE)
        if k not in known:
            known[k] = _outside_if_it_fails(remainder, t)
        return known[k] > threshold(t)

    decades = range(0, STEPS_PER_DECADE * DECADES + 1, STEPS_PER_DECADE)
    lowest = below = 0
    for k in decades:
        lowest, below = (k, 0) if above(k) else (lowest, below + 1)
        if below == 2:
            break
    finest = range(max(lowest - STEPS_PER_DECADE, 0), lowest + STEPS_PER_DECADE + 1)
    run = [k for k in finest if above(k)] if above(lowest) else []

    tried = [k for k in sorted(known) if np.isfinite(known[k])]
    steps = np.array([10.0 ** (-k / STEPS_PER_DECADE) for k in tried])
    errors = np.array([known[k] for k in tried])
    return steps, errors, np.flatnonzero(np.isin(tried, _last_run(run)))


def _outside_if_it_fails(remainder: Callable[[float], float], t: float) -> float:
    """Return the remainder, infinite for a step so long that it leaves the domain."""
    try:
        return remainder(t)
    except ArithmeticError:
        return np.inf


def _last_run(numbers: list[int]) -> list[int]:
    """Return the last of the runs of consecutive numbers."""
    gaps = [i for i, (a, b) in enumerate(pairwise(numbers), start=1) if b != a + 1]
    return numbers[gaps[-1] :] if gaps else numbers


def _straightest(steps: np.ndarray, errors: np.ndarray, above: np.ndarray) -> Curve:
    x, y = np.log(steps), np.log(errors)
    fits = []
    for end in range(above.size, max(WINDOW, above.size - WINDOWS + 1) - 1, -1):
        window = above[end - WINDOW : end]
        (slope, _), (residue, *_), *_ = np.polyfit(x[window], y[window], 1, full=True)
        fits.append((residue, slope, window))
    _, slope, window = min(fits, key=lambda fit: fit[0])
    return Curve(steps, errors, int(window[0]), int(window[-1]), float(slope))
