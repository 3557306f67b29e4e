"""Activation functions with their first and second derivatives and the bounds of all three.

Every function works elementwise on float64 arrays of any shape. Training calls them on the whole
of a layer at each step, where fresh memory costs more than arithmetic: so each fills one new array
in place wherever its formula allows, and derivatives reuse the value instead of a transcendental
function. Errors are a few units in the last place of the result or, where that is larger, of the
function's bound (of 1 where there is none).

In the tails, where units saturate, derivatives keep a relative accuracy of about 1e-14 down to
underflow: the directions of a Jacobian's columns depend on it, and so does every lift. Entries that
cancel are computed anew there (`riemgn.activation_tails`); where there are none, the look costs one
pass over the array. Values keep their digits in left tails.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real
from types import MappingProxyType

import numpy as np
from scipy import special

from riemgn import activation_tails as tails
from riemgn.arguments import choice

ROOT_PI = math.sqrt(math.pi)
ROOT_TWO_PI = math.sqrt(2.0 * math.pi)
X_TANH_X = 1.1996786402577337  # the positive solution of x tanh x = 1
SILU_THIRD = 0.3081815157964791  # -silu'''(z) at z = 1.0319582417807491

NOT_SMOOTH = re.compile("(leaky|p|r)?relu6?|[sc]?elu|hard(tanh|sigmoid|swish)|softsign|heaviside")


@dataclass(frozen=True)
class Activation:
    """A twice continuously differentiable function, applied to each neuron.

    Make your own with three functions of arrays; write them at the top of a module so that
    networks which use them can be pickled. The derivatives get the value as well, because many of
    them are cheap polynomials in it.

    Attributes:
        name: What the activation is called in descriptions and messages.
        value: `z -> sigma(z)`, elementwise, returning a new array.
        first: `(z, a) -> sigma'(z)`, where `a = sigma(z)`.
        second: `(z, a) -> sigma''(z)`, where `a = sigma(z)`.
        bound: The supremum of `|sigma|`, infinity where there is none.
        slope_bound: The supremum of `|sigma'|`.
        curvature_bound: The supremum of `|sigma''|`.
        third_bound: The supremum of `|sigma'''|`, infinity where none is known.

    Raises:
        TypeError: A field is of another type.
        ValueError: The name is empty, or a bound is negative or NaN.
    """

    name: str
    value: Callable[[np.ndarray], np.ndarray]
    first: Callable[[np.ndarray, np.ndarray], np.ndarray]
    second: Callable[[np.ndarray, np.ndarray], np.ndarray]
    bound: float = math.inf
    slope_bound: float = math.inf
    curvature_bound: float = math.inf
    third_bound: float = math.inf

    def __post_init__(self):
        if not isinstance(self.name, str):
            raise TypeError(f"name must be a string, got {self.name!r}")
        if not self.name:
            raise ValueError("name must not be empty")
        for field in ("value", "first", "second"):
            if not callable(getattr(self, field)):
                raise TypeError(f"{field} must be a function, got {getattr(self, field)!r}")
        for field in ("bound", "slope_bound", "curvature_bound", "third_bound"):
            supremum = getattr(self, field)
            if isinstance(supremum, bool) or not isinstance(supremum, Real):
                raise TypeError(f"{field} must be a number or infinity, got {supremum!r}")
            if not supremum >= 0:
                raise ValueError(f"{field} must be >= 0, got {supremum!r}")
            object.__setattr__(self, field, float(supremum))

    def __repr__(self) -> str:
        return f"Activation({self.name!r})"


def activation(wanted: str | Activation) -> Activation:
    """Return the one of `ACTIVATIONS` of that name; an `Activation` comes back as it is.

    Raises:
        TypeError: `wanted` is neither a string nor an `Activation`.
        ValueError: No activation has that name (the message suggests the nearest), or the name is
            that of a function without two continuous derivatives, such as relu.
    """
    if isinstance(wanted, Activation):
        return wanted
    if isinstance(wanted, str) and NOT_SMOOTH.fullmatch(re.sub("[^a-z0-9]", "", wanted.lower())):
        raise ValueError(
            f"activation {wanted!r} has no two continuous derivatives, which the geometry of the "
            "output manifold needs; smooth alternatives are 'softplus', 'gelu' and 'silu'"
        )
    return ACTIVATIONS[choice("activation", wanted, ACTIVATIONS)]


def _new(z: np.ndarray) -> np.ndarray:
    return np.empty_like(z, dtype=np.float64)


def _tanh(z: np.ndarray) -> np.ndarray:
    return np.tanh(z)


def _tanh_first(z: np.ndarray, a: np.ndarray) -> np.ndarray:
    slope = np.square(a, out=_new(a))
    slope = np.subtract(1.0, slope, out=slope)
    if slope.min(initial=1.0) < 0.05:
        tails.mend(slope, slope < 0.05, z, tails.tanh_slope)
    return slope


def _tanh_second(z: np.ndarray, a: np.ndarray) -> np.ndarray:
    curvature = _tanh_first(z, a)
    curvature *= a
    curvature *= -2.0
    return curvature


# |tanh'| and |tanh'''| are largest at 0, |tanh''| where tanh z = 1 / sqrt(3).
TANH = Activation("tanh", _tanh, _tanh_first, _tanh_second, 1.0, 1.0, 4.0 / math.sqrt(27.0), 2.0)


def _reciprocal_one_plus_exp(z: np.ndarray, out: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):  # 1 / (1 + inf) is the limit, 0
        np.exp(z, out=out)
    out += 1.0
    return np.reciprocal(out, out=out)


def _sigmoid(z: np.ndarray) -> np.ndarray:
    negative = np.negative(z, out=_new(z))
    return _reciprocal_one_plus_exp(negative, out=negative)


def _sigmoid_first(z: np.ndarray, a: np.ndarray) -> np.ndarray:
    slope = np.subtract(1.0, a, out=_new(a))
    slope *= a
    if a.max(initial=0.0) > 0.96:
        tails.mend(slope, a > 0.96, z, tails.sigmoid_slope)
    return slope


def _sigmoid_second(z: np.ndarray, a: np.ndarray) -> np.ndarray:
    curvature = np.multiply(a, 2.0, out=_new(a))  # a (1 - a) (1 - 2 a), in one array
    curvature -= 3.0
    curvature *= a
    curvature += 1.0
    curvature *= a
    if a.max(initial=0.0) > 0.96:
        tails.mend(curvature, a > 0.96, z, tails.sigmoid_right_curvature)
    return curvature


# As for tanh, of which this is a copy at half the scale: 0, and tanh(z / 2) = 1 / sqrt(3).
SIGMOID = Activation(
    "sigmoid", _sigmoid, _sigmoid_first, _sigmoid_second, 1.0, 0.25, 1.0 / math.sqrt(108.0), 0.125
)


def _softplus(z: np.ndarray) -> np.ndarray:
    a = np.minimum(z, 700.0, out=_new(z))  # from 37 on, softplus(z) rounds to z
    np.exp(a, out=a)
    np.log1p(a, out=a)
    return np.maximum(a, z, out=a)


def _softplus_first(z: np.ndarray, a: np.ndarray) -> np.ndarray:
    slope = np.negative(a, out=_new(a))  # sigmoid(z) = 1 - exp(-softplus(z))
    np.expm1(slope, out=slope)
    return np.negative(slope, out=slope)


def _softplus_second(z: np.ndarray, a: np.ndarray) -> np.ndarray:
    return _sigmoid_first(z, _softplus_first(z, a))


# The slope nears its bound as z grows; the curvature is largest at 0, and its slope is sigmoid''.
SOFTPLUS = Activation(
    "softplus",
    _softplus,
    _softplus_first,
    _softplus_second,
    slope_bound=1.0,
    curvature_bound=0.25,
    third_bound=SIGMOID.curvature_bound,
)


def _silu(z: np.ndarray) -> np.ndarray:
    a = _sigmoid(z)
    a *= z
    return a


def _silu_first(z: np.ndarray, a: np.ndarray) -> np.ndarray:
    slope = _reciprocal_one_plus_exp(z, out=_new(z))
    slope *= np.subtract(a, 1.0, out=_new(a))
    slope += 1.0  # 1 - (1 - a) sigmoid(-z), where no large terms cancel
    if z.min(initial=0.0) < -3.0:
        tails.mend(slope, z < -3.0, z, tails.silu_left_slope)
    return slope


def _silu_second(z: np.ndarray, a: np.ndarray) -> np.ndarray:
    e = tails.falling(z)  # the function is even: so its tail keeps its digits
    rest = 1.0 + e
    size = np.abs(z)
    size *= (1.0 - e) / rest
    return e / np.square(rest) * (2.0 - size)


# The slope is largest at z = 2 X_TANH_X, the curvature at 0, and its slope,
# -(1 - T^2) (6 T + z (1 - 3 T^2)) / 8 with T = tanh(z/2), where z T (2 - 3 T^2) = 2 (1 - 3 T^2).
SILU = Activation(
    "silu",
    _silu,
    _silu_first,
    _silu_second,
    slope_bound=0.5 * (1.0 + X_TANH_X),
    curvature_bound=0.5,
    third_bound=SILU_THIRD,
)


def _gelu(z: np.ndarray) -> np.ndarray:
    a = special.ndtr(z, out=_new(z))
    a *= z
    return a


def _gelu_first(z: np.ndarray, a: np.ndarray) -> np.ndarray:
    slope = tails.quick_bell(z, rate=0.5)
    slope *= z
    slope /= ROOT_TWO_PI
    slope += _normal_distribution(z, a)
    if z.min(initial=0.0) < -5.0:
        tails.mend(slope, z < -5.0, z, tails.gelu_left_slope)
    return slope


def _gelu_second(z: np.ndarray, a: np.ndarray) -> np.ndarray:
    curvature = _new(z)
    np.clip(z, -40.0, 40.0, out=curvature)  # the bell is 0 beyond
    np.square(curvature, out=curvature)
    np.subtract(2.0, curvature, out=curvature)
    curvature *= tails.bell(z, rate=0.5)
    curvature /= ROOT_TWO_PI
    return curvature


def _normal_distribution(z: np.ndarray, a: np.ndarray) -> np.ndarray:
    """Return Phi(z) from `a = z Phi(z)`: a division where Phi itself would cost an erf."""
    phi = np.abs(z, out=_new(z))
    tiny = phi < 1e-150
    np.divide(a, z, out=phi, where=~tiny)
    phi[tiny] = 0.5
    return phi


# The slope is largest at sqrt(2), the curvature at 0, and its slope, (z^3 - 4 z) exp(-z^2/2) over
# the root of 2 pi, where z^4 - 7 z^2 + 4 = 0.
GELU_TURN = math.sqrt((7.0 - math.sqrt(33.0)) / 2.0)
GELU = Activation(
    "gelu",
    _gelu,
    _gelu_first,
    _gelu_second,
    slope_bound=0.5 * (1.0 + math.erf(1.0)) + 1.0 / (math.e * ROOT_PI),
    curvature_bound=2.0 / ROOT_TWO_PI,
    third_bound=GELU_TURN * (4.0 - GELU_TURN**2) * math.exp(-0.5 * GELU_TURN**2) / ROOT_TWO_PI,
)


def _sin(z: np.ndarray) -> np.ndarray:
    return np.sin(z)


def _sin_first(z: np.ndarray, a: np.ndarray) -> np.ndarray:
    return np.cos(z)


def _sin_second(z: np.ndarray, a: np.ndarray) -> np.ndarray:
    return np.negative(a)


# The slope is largest at 0, the curvature at pi / 2.
SIN = Activation("sin", _sin, _sin_first, _sin_second, 1.0, 1.0, 1.0, 1.0)


def _erf(z: np.ndarray) -> np.ndarray:
    return special.erf(z)


def _erf_first(z: np.ndarray, a: np.ndarray) -> np.ndarray:
    slope = tails.bell(z, rate=1.0)
    slope *= 2.0 / ROOT_PI
    return slope


def _erf_second(z: np.ndarray, a: np.ndarray) -> np.ndarray:
    curvature = tails.bell(z, rate=1.0)
    curvature *= z
    curvature *= -4.0 / ROOT_PI
    return curvature


# The slope is largest at 0, and so is that of the curvature, which is largest at 1 / sqrt(2).
ERF_CURVATURE = math.sqrt(8.0 / (math.pi * math.e))
ERF = Activation(
    "erf", _erf, _erf_first, _erf_second, 1.0, 2.0 / ROOT_PI, ERF_CURVATURE, 4.0 / ROOT_PI
)


def _identity(z: np.ndarray) -> np.ndarray:
    return np.array(z, dtype=np.float64)


def _identity_first(z: np.ndarray, a: np.ndarray) -> np.ndarray:
    return np.ones_like(z, dtype=np.float64)


def _identity_second(z: np.ndarray, a: np.ndarray) -> np.ndarray:
    return np.zeros_like(z, dtype=np.float64)


IDENTITY = Activation(
    "identity", _identity, _identity_first, _identity_second, math.inf, 1.0, 0.0, 0.0
)

ACTIVATIONS = MappingProxyType(
    {a.name: a for a in (TANH, SIGMOID, SOFTPLUS, GELU, SILU, SIN, ERF, IDENTITY)}
)
