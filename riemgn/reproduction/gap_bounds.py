"""What theory says of the gap along a Gauss-Newton flow, from moduli that were measured on it.

The arrays are those of `last_iterate.measure`: times, gaps, speeds V = |grad l|^2 and -2 int_0^t m,
each (m,), the rounding of a gap, and geodesic moduli at some of the times and at the optimum.
docs/theory.md, section 4.
"""

from __future__ import annotations

import numpy as np

# Gaps are compared in logarithms down to this share of the first, and no further than a thousand
# rounding errors, where log gap is known to 1e-3.
COMPARED, ROUNDINGS = 1e-9, 1e3


def identity_error(arrays: dict) -> float:
    """Return the largest |log(gap(t)/gap(0)) + 2 int_0^t m| down to what rounding allows."""
    used = _compared(arrays)
    if not used.any():
        return np.nan
    gaps = arrays["gaps"]
    return float(np.max(np.abs(np.log(gaps[used] / gaps[0]) - arrays["log_falls"][used])))


def least_pl_modulus(arrays: dict) -> float:
    """Return the least PL modulus on the path; it tends to a modulus of the optimum or above."""
    used = _compared(arrays)
    moduli = arrays["speeds"][used] / (2 * arrays["gaps"][used])
    return float(min(np.min(moduli, initial=np.inf), arrays["optimum_modulus"]))


def pl_bound(arrays: dict) -> np.ndarray:
    """Return gap(0) exp(-2 m t), m the least PL modulus, at every time."""
    return arrays["gaps"][0] * np.exp(-2 * least_pl_modulus(arrays) * arrays["times"])


def modulus_bound(arrays: dict) -> np.ndarray:
    """Return V_s / (2 h) exp(-2 h (t - s)) at every time t >= s, NaN before.

    s is the first time from which the geodesic modulus is never below half of that at the optimum,
    and h its least value from there on; where the start is convex enough, s = 0.
    """
    times, at, end = arrays["times"], arrays["sampled"], float(arrays["optimum_modulus"])
    bound = np.full(times.size, np.nan)
    ahead = np.minimum(np.minimum.accumulate(arrays["moduli"][::-1])[::-1], end)
    if end > 0 and np.any(ahead >= end / 2):
        first = int(np.argmax(ahead >= end / 2))
        begin, h = at[first], ahead[first]
        later = times[begin:] - times[begin]
        bound[begin:] = arrays["speeds"][begin] / (2 * h) * np.exp(-2 * h * later)
    return bound


def excess(gaps: np.ndarray, floor: float, bound: np.ndarray) -> float:
    """Return the largest log((gap - rounding) / bound): positive where a gap exceeds its bound.

    Gaps that are no larger than rounding, and NaN bounds, are left out; NaN if nothing is left.
    """
    above = (gaps > floor) & np.isfinite(bound)
    if not above.any():
        return np.nan
    return float(np.max(np.log((gaps[above] - floor) / bound[above])))


def _compared(arrays: dict) -> np.ndarray:
    gaps = arrays["gaps"]
    return gaps > max(COMPARED * gaps[0], ROUNDINGS * float(arrays["floor"]))
