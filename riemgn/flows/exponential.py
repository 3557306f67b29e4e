"""An exponential Runge-Kutta method for stiff flows, whose stiff part is -B^T B at each step.

Cox and Matthews' method of order 4 (Journal of Computational Physics 176, 2002, equations 26 to
29), written with the differences that the stages make in the nonlinear part N(y) = F(y) - A y, so
that a step is the exponential Euler step and corrections to it. The error estimate is of order 2,
below that of the method: estimates of order 3 are blind where N changes with a stiff mode within
the first part of a step, and the error of the slow modes then goes unseen.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from copy import copy
from math import factorial

import numpy as np
import scipy.linalg
from scipy.integrate import DenseOutput, OdeSolver

from riemgn.linalg.factor import Differential

# |z| up to which a phi function is summed as a series, and the last power in it.
_SERIES = 1.0
_LAST_POWER = 18

_SAFETY, _LEAST_FACTOR, _LARGEST_FACTOR = 0.9, 0.2, 5.0

# How the differences of N enter a step, as multiples of phi functions: phi_1 of the rate itself,
# and these of the two middle stages and of the last one.
_EULER: Mapping[int, float] = {1: 1.0}
_MIDDLE: Mapping[int, float] = {2: 2.0, 3: -4.0}
_LAST: Mapping[int, float] = {2: -1.0, 3: 4.0}


def phi(k: int, z: np.ndarray) -> np.ndarray:
    """Return phi_k(z) for z <= 0: phi_0 = exp, phi_k(z) = (phi_{k-1}(z) - 1/(k-1)!) / z."""
    z = np.asarray(z, dtype=np.float64)
    small = np.abs(z) < _SERIES
    near, far = np.where(small, z, 0.0), np.where(small, -1.0, z)
    series = np.zeros_like(z)
    for j in range(_LAST_POWER, -1, -1):
        series = series * near + 1 / factorial(j + k)
    value = np.exp(far)
    for j in range(k):
        value = (value - 1 / factorial(j)) / far
    return np.where(small, series, value)


class StiffPart(ABC):
    """A = -B^T B at a place, (p, p), as far as exponential methods need to know it.

    Args:
        B: An (n, p) map.
    """

    def __init__(self, B: Differential) -> None:
        self._B = B

    def seen(self, x: np.ndarray) -> np.ndarray:
        """Return B x, (n,)."""
        return self._B.jvp(x)

    def bare(self) -> StiffPart:
        """Return what `phis` needs, without more of B than that."""
        return self

    @abstractmethod
    def times(self, x: np.ndarray) -> np.ndarray:
        """Return A x, (p,)."""

    @abstractmethod
    def phis(self, weights: Mapping[int, float], h: float, x: np.ndarray) -> np.ndarray:
        """Return the sum of weights[k] phi_k(h A) x over k, (p,)."""


class GramPart(StiffPart):
    """A through the eigenvalues of B^T B, for p <= n."""

    def __init__(self, B: Differential) -> None:
        super().__init__(B)
        values, self._vectors = scipy.linalg.eigh(B.gram(), check_finite=False)
        self._values = np.maximum(values, 0.0)

    def bare(self) -> StiffPart:
        part = copy(self)
        del part._B
        return part

    def times(self, x: np.ndarray) -> np.ndarray:
        return -(self._vectors @ (self._values * (self._vectors.T @ x)))

    def phis(self, weights: Mapping[int, float], h: float, x: np.ndarray) -> np.ndarray:
        factors = sum(c * phi(k, -h * self._values) for k, c in weights.items())
        return self._vectors @ (factors * (self._vectors.T @ x))


class KernelPart(StiffPart):
    """A through the eigenvalues of B B^T, for p > n: no (n, p) array is needed.

    phi_k(z) = 1/k! + z phi_{k+1}(z), so that phi_k(h A) = I/k! - h B^T phi_{k+1}(-h B B^T) B.
    """

    def __init__(self, B: Differential) -> None:
        super().__init__(B)
        values, self._vectors = scipy.linalg.eigh(B.kernel(), check_finite=False)
        self._values = np.maximum(values, 0.0)

    def times(self, x: np.ndarray) -> np.ndarray:
        return -self._B.vjp(self._B.jvp(x))

    def phis(self, weights: Mapping[int, float], h: float, x: np.ndarray) -> np.ndarray:
        factors = sum(c * phi(k + 1, -h * self._values) for k, c in weights.items())
        bent = self._vectors @ (factors * (self._vectors.T @ self._B.jvp(x)))
        whole = sum(c / factorial(k) for k, c in weights.items())
        return whole * x - h * self._B.vjp(bent)


def stiff_part(B: Differential) -> StiffPart:
    """Return -B^T B in the smaller of its two forms."""
    n, p = B.shape
    return KernelPart(B) if p > n else GramPart(B)


class ExponentialRungeKutta(OdeSolver):
    """y' = F(y) by exponential steps that solve y' = A y + constant exactly, A anew at each step.

    The error of a step is held down in y and in B y, where stiff directions count most.

    Args:
        fun, t0, y0, t_bound: As for scipy's solvers.
        stiff: From y to its `StiffPart`.
        reach: What an error in B y is relative to.
        rtol, atol: The error of a step, relative and absolute, as for scipy's solvers.
    """

    def __init__(
        self,
        fun: Callable[[float, np.ndarray], np.ndarray],
        t0: float,
        y0: np.ndarray,
        t_bound: float,
        *,
        stiff: Callable[[np.ndarray], StiffPart],
        reach: float,
        rtol: float,
        atol: float,
    ) -> None:
        super().__init__(fun, t0, y0, t_bound, vectorized=False)
        self._stiff, self._reach = stiff, reach
        self._rtol, self._atol = rtol, atol
        self.f = self.fun(t0, self.y)
        speed = self._size(self.f, np.abs(self.y))
        # where a step of explicit Euler would make an error of about the tolerance
        self.h_abs = min(abs(t_bound - t0), 0.01 / speed if speed > 0 else np.inf)

    def _step_impl(self) -> tuple[bool, str | None]:
        part = self._stiff(self.y)
        least = 10 * np.spacing(abs(self.t))
        while True:
            h = min(self.h_abs, abs(self.t_bound - self.t))
            if self.h_abs < least:
                return False, self.TOO_SMALL_STEP
            new, f, error, pieces = self._tried(part, h)
            share = max(
                self._size(error, np.maximum(np.abs(self.y), np.abs(new))),
                float(np.linalg.norm(part.seen(error))) / (self._rtol * self._reach),
            )
            if not np.isfinite(share):
                self.h_abs = _LEAST_FACTOR * h
                continue
            growth = _SAFETY * share ** (-1 / 3) if share > 0 else _LARGEST_FACTOR
            self.h_abs = h * min(max(growth, _LEAST_FACTOR), _LARGEST_FACTOR)
            if share <= 1:
                break
        self._latest = (part, h, self.y, *pieces)
        self.t, self.y, self.f = self.t + self.direction * h, new, f
        return True, None

    def _tried(self, part: StiffPart, h: float):
        """The new value and its rate, an estimate of its error, and what an interpolant needs."""
        y, f = self.y, self.f

        def bent(stage: np.ndarray) -> np.ndarray:
            return self.fun(self.t, stage) - f - part.times(stage - y)

        a = y + 0.5 * h * part.phis(_EULER, 0.5 * h, f)
        bend_a = bent(a)
        b = y + 0.5 * h * part.phis(_EULER, 0.5 * h, f + bend_a)
        bend_b = bent(b)
        ahead = f + part.times(a - y) + 2 * bend_b
        bend_c = bent(a + 0.5 * h * part.phis(_EULER, 0.5 * h, ahead))
        middle = 0.5 * (bend_a + bend_b)
        new = (
            y
            + h * part.phis(_EULER, h, f)
            + 2 * h * part.phis(_MIDDLE, h, middle)
            + h * part.phis(_LAST, h, bend_c)
        )
        # what is left out where N is taken for a line through its first and last value
        error = h * part.phis(_MIDDLE, h, 2 * middle - bend_c)
        return new, self.fun(self.t + h, new), error, (f, middle, bend_c)

    def _size(self, error: np.ndarray, reach: np.ndarray) -> float:
        return float(np.sqrt(np.mean((error / (self._atol + self._rtol * reach)) ** 2)))

    def _dense_output_impl(self) -> DenseOutput:
        return _Interpolant(self.t_old, self.t, *self._latest)


class _Interpolant(DenseOutput):
    """A step's continuous extension of order 3: N is a parabola through its three stages."""

    def __init__(self, t_old, t, part, h, y, f, middle, last) -> None:
        super().__init__(t_old, t)
        self._part, self._h, self._y, self._f = part.bare(), h, y, f
        self._slope, self._bend = 4 * middle - last, 2 * last - 4 * middle

    def _call_impl(self, t):
        if np.ndim(t):
            return np.stack([self._at(s) for s in t], axis=1)
        return self._at(t)

    def _at(self, t: float) -> np.ndarray:
        way = abs(t - self.t_old)
        share, part = way / self._h, self._part
        return (
            self._y
            + way * part.phis(_EULER, way, self._f)
            + way * share * part.phis({2: 1.0}, way, self._slope)
            + 2 * way * share**2 * part.phis({3: 1.0}, way, self._bend)
        )
