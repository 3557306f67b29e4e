"""What C2 is compared with: least squares through the Gram matrix, which squares the condition."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from riemgn.errors import NumericalError
from riemgn.immersions.outputs import finite
from riemgn.manifolds import Point
from riemgn.problem import Problem


def normal_equations_flow(
    problem: Problem, start: Point, times: np.ndarray, steps: int
) -> np.ndarray:
    """Return the outputs of w' = -(J^T J)^-1 J^T g at times, as far as it goes, (m, n).

    The classical Runge-Kutta method takes steps of a fixed size, so that nothing but the solution
    of the linear systems depends on the parametrisation.

    Args:
        problem: The problem.
        start: Where the flow begins.
        times: Equidistant times, the first one 0.
        steps: How many steps are made from each to the next.
    """
    f, loss = problem.manifold.immersion, problem.loss

    def velocity(w: np.ndarray) -> np.ndarray:
        jet = f.at(finite("the path of parameters", w, start.params))
        return -solved(jet.jacobian(), loss.gradient(jet.outputs))

    w, h, outputs = start.params, (times[1] - times[0]) / steps, [start.outputs]
    for _ in times[1:]:
        try:
            for _ in range(steps):
                w = _runge_kutta(velocity, w, h)
            outputs.append(finite("f(w)", f.at(finite("w", w, w)).outputs, w))
        except NumericalError:  # where normal equations break down is what is measured
            break
    return np.array(outputs)


def solved(J: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Return (J^T J)^-1 J^T v, (p,).

    Raises:
        NumericalError: The Gram matrix is singular as it is rounded.
    """
    try:
        return np.linalg.solve(J.T @ J, J.T @ v)
    except np.linalg.LinAlgError as error:
        raise NumericalError(f"the Gram matrix is numerically singular: {error}") from None


def projected(J: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Return J (J^T J)^-1 J^T v, (n,), NaN where the Gram matrix is singular as it is rounded."""
    try:
        return J @ solved(J, v)
    except NumericalError:
        return np.full(v.size, np.nan)


def _runge_kutta(
    velocity: Callable[[np.ndarray], np.ndarray], w: np.ndarray, h: float
) -> np.ndarray:
    a = velocity(w)
    b = velocity(w + 0.5 * h * a)
    c = velocity(w + 0.5 * h * b)
    return w + h / 6 * (a + 2 * b + 2 * c + velocity(w + h * c))
