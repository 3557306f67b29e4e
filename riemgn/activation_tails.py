"""Derivatives of activations where units saturate, by formulas in which nothing cancels there.

They keep their relative accuracy, a few units in the last place, down to underflow. Most cost a
transcendental function of their own, and so serve only the entries that need them.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy import special

_PIECE = 4096


def mend(
    part: np.ndarray, far: np.ndarray, z: np.ndarray, exact: Callable[[np.ndarray], np.ndarray]
) -> None:
    """Put exact(z) into `part` where `far` says so, in pieces that stay in the cache."""
    places = np.flatnonzero(far)
    for start in range(0, places.size, _PIECE):
        piece = places[start : start + _PIECE]
        part.put(piece, exact(z.take(piece)))


def falling(z: np.ndarray) -> np.ndarray:
    """Return exp(-|z|)."""
    e = np.abs(z, out=np.empty_like(z, dtype=np.float64))
    np.negative(e, out=e)
    return np.exp(e, out=e)


def tanh_slope(z: np.ndarray) -> np.ndarray:
    """Return 1 - tanh(z)^2."""
    return 4.0 * sigmoid_slope(2.0 * np.clip(z, -400.0, 400.0))


def sigmoid_slope(z: np.ndarray) -> np.ndarray:
    """Return sigmoid(z) sigmoid(-z)."""
    e = falling(z)
    return e / np.square(1.0 + e)


def sigmoid_right_curvature(z: np.ndarray) -> np.ndarray:
    """Return the second derivative of sigmoid for z >= 0."""
    e = falling(z)
    return e * (e - 1.0) / (1.0 + e) ** 3


def silu_left_slope(z: np.ndarray) -> np.ndarray:
    """Return the slope of silu for z below its zero at -1.28."""
    e = falling(z)
    rest = 1.0 + e
    return e / rest * (1.0 + z / rest)


def gelu_left_slope(z: np.ndarray) -> np.ndarray:
    """Return the slope of gelu for z below its zero at -0.75: the bell is a factor."""
    z = np.clip(z, -40.0, 0.0)
    mills = 0.5 * special.erfcx(-z / math.sqrt(2.0))
    return (z / math.sqrt(2.0 * math.pi) + mills) * _exact_bell(z, rate=0.5)


def bell(z: np.ndarray, rate: float) -> np.ndarray:
    """Return exp(-rate z^2), for a rate of 1/2 or more, so that it is 0 from |z| = 40 on."""
    values = quick_bell(z, rate)
    if values.min(initial=1.0) < 1e-6:
        mend(values, values < 1e-6, z, lambda z: _exact_bell(z, rate))
    return values


def quick_bell(z: np.ndarray, rate: float) -> np.ndarray:
    """Return the bell with a relative error of up to rate z^2 units in the last place."""
    values = np.clip(z, -40.0, 40.0, out=np.empty_like(z, dtype=np.float64))
    np.square(values, out=values)
    values *= -rate
    return np.exp(values, out=values)


def _exact_bell(z: np.ndarray, rate: float) -> np.ndarray:
    """Return the bell with z^2 in two parts: an exact square, and what is left of it."""
    z = np.clip(z, -40.0, 40.0)
    head = z.astype(np.float32).astype(np.float64)
    return np.exp(-rate * np.square(head)) * np.exp(-rate * (z - head) * (z + head))
