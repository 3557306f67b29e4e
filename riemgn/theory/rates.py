"""The rate of a geometric decay, fitted to what was measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from riemgn.arguments import vector

# Blocks of neighbouring times that the jackknife leaves out in turn.
_BLOCKS = 10

# Times that a plateau takes to be one, and the factor above it where values still belong to it.
_PLATEAU = 4
_ABOVE_FLOOR = 10.0

# A tail is no plateau if it falls by so many standard errors, and at such a share of the rate of
# what was before: a gap measured from too low a loss creeps towards a constant without scatter.
_SIGNIFICANT = 3.0
_CREEPING = 0.02


@dataclass(frozen=True)
class RateFit:
    """A line through log gaps: gap ~ exp(intercept - rate t).

    Attributes:
        rate: The rate of decay.
        standard_error: Its standard error by the jackknife over blocks of neighbouring times, whose
            deviations from the line are alike.
        intercept: The logarithm of the fitted gap at t = 0.
        floor: The size of the rounding that the gap ends in; 0 where it does not.
        used: Which times the line is fitted to, booleans (m,).
    """

    rate: float
    standard_error: float
    intercept: float
    floor: float
    used: np.ndarray

    def __call__(self, times) -> np.ndarray:
        """Return the fitted gaps at times."""
        return np.exp(self.intercept - self.rate * np.asarray(times, dtype=np.float64))


def fit_rate(times, gaps) -> RateFit:
    """Return the rate of gaps that fall like exp(-rate t), by least squares of their logarithms.

    The squares are integrated over time by the trapezoidal rule: the line does not depend on where
    an integrator has put its steps.

    Where the gaps end in a floor, as differences of losses do in rounding, the floor and what is
    within a factor 10 of it is left out. A floor shows by gaps that are zero or negative, from the
    first of which on all is floor, or by a tail that does not fall: the split into a line and a
    constant that fits the logarithms best, where the tail's own slope is not significant or less
    than a fiftieth of that before.

    Args:
        times: (m,), increasing.
        gaps: The gaps there, (m,).

    Raises:
        TypeError: An argument does not hold numbers.
        ValueError: The shapes differ, the times do not increase, or fewer than three gaps are left
            above the floor.
    """
    t = vector("times", times)
    gap = vector("gaps", gaps, t.size)
    if np.any(np.diff(t) <= 0):
        raise ValueError("times must increase strictly")
    used, floor = _above_floor(t, gap)
    if np.count_nonzero(used) < 3:
        raise ValueError(
            f"gaps must have at least three positive values above their floor {floor:.1e}, got "
            f"{np.count_nonzero(used)} of {t.size}"
        )
    t, log_gap = t[used], np.log(gap[used])
    weights = _widths(t)
    slope, intercept = _line(t, log_gap, weights)
    return RateFit(-slope, _jackknife(t, log_gap, weights), intercept, float(floor), used)


def _above_floor(t: np.ndarray, gap: np.ndarray) -> tuple[np.ndarray, float]:
    """Return which gaps lie above the floor that they end in, and that floor."""
    m = int(np.argmax(gap <= 0)) if np.any(gap <= 0) else gap.size
    floor = float(np.max(np.abs(gap[m:]), initial=0.0))
    start = _plateau(t[:m], np.log(gap[:m]))
    floor = max(floor, float(np.max(gap[start:m], initial=0.0)))
    used = np.arange(gap.size) < start
    if floor > 0:
        below = used & (gap <= _ABOVE_FLOOR * floor)
        used[np.argmax(below) if below.any() else gap.size :] = False
    return used, floor


def _plateau(t: np.ndarray, log_gap: np.ndarray) -> int:
    """Return where the tail begins that no longer falls: the number of times where there is none.

    The split is the one with the least squares of a line before and a constant after.
    """
    m = t.size
    best, start = _squares_of_line(t, log_gap), m
    for k in range(3, m - _PLATEAU + 1):
        squares = _squares_of_line(t[:k], log_gap[:k]) + np.sum(
            (log_gap[k:] - log_gap[k:].mean()) ** 2
        )
        before = stats.linregress(t[:k], log_gap[:k]).slope
        if squares < best and not _falls(t[k:], log_gap[k:], _CREEPING * before):
            best, start = squares, k
    return start if start == m or _falls(t[:start], log_gap[:start], 0.0) else m


def _falls(t: np.ndarray, log_gap: np.ndarray, slope: float) -> bool:
    """Whether values fall faster than a slope, and by more than their scatter explains."""
    line = stats.linregress(t, log_gap)
    return bool(line.slope < min(slope, 0.0) and line.slope < -_SIGNIFICANT * line.stderr)


def _squares_of_line(t: np.ndarray, y: np.ndarray) -> float:
    if t.size < 3:
        return 0.0
    dt, dy = t - t.mean(), y - y.mean()
    slope = (dt @ dy) / (dt @ dt)
    return float(np.sum((dy - slope * dt) ** 2))


def _widths(t: np.ndarray) -> np.ndarray:
    """The weights of the trapezoidal rule."""
    steps = np.diff(t)
    return 0.5 * (np.append(steps, 0.0) + np.append(0.0, steps))


def _line(t: np.ndarray, y: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    """The slope and the intercept of a line through weighted values."""
    dt = t - np.average(t, weights=weights)
    mean = np.average(y, weights=weights)
    slope = (weights * dt) @ (y - mean) / ((weights * dt) @ dt)
    return float(slope), float(mean + slope * (dt[0] - t[0]))


def _jackknife(t: np.ndarray, y: np.ndarray, weights: np.ndarray) -> float:
    """The standard error of the slope, leaving out one block of neighbours after the other."""
    blocks = np.array_split(np.arange(t.size), min(_BLOCKS, t.size))
    slopes = np.array(
        [_line(*(np.delete(values, block) for values in (t, y, weights)))[0] for block in blocks]
    )
    count = slopes.size
    return float(np.sqrt((count - 1) / count * np.sum((slopes - slopes.mean()) ** 2)))
