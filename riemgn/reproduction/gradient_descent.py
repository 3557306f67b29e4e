"""Gradient descent at its best step, measured near an optimum (C4)."""

from __future__ import annotations

import math

import numpy as np

from riemgn.flows import gradient_flow
from riemgn.manifolds import Point
from riemgn.problem import Problem
from riemgn.reproduction.stretched import Stretched, slowest_mode
from riemgn.theory import fit_rate

MOST_EVALUATIONS = 2000

# Gradient descent starts near the optimum, along the slowest mode of the Hessian there, with a gap
# of 1000 times what rounding can do to the loss. Nearer its fall would drown; from farther away the
# largest eigenvalue differs from that at the optimum by more than the share 1 / cond that the best
# step leaves to stability.
ABOVE_ROUNDING = 1e3

# Up to this condition number of J^T J the steps of gradient descent are made one by one; from there
# on their rate is that of its flow over the length of a step, from which it differs by a share
# 1 / cond.
LARGEST_STEPPED = 1e4
MOST_STEPS = 20_000


def _rate(times: np.ndarray, gaps: np.ndarray) -> float:
    """Return the fitted rate, NaN where too little of the decay lies above rounding."""
    try:
        return fit_rate(times, gaps).rate
    except ValueError:
        return np.nan


def descent_rate(at: Stretched, problem: Problem, decades: float) -> dict[str, float]:
    """Return the fall of the log gap in a step of the best length for both ends of the spectrum."""
    mode, optimum = slowest_mode(at, problem), at.point
    start_gap = ABOVE_ROUNDING * _rounding(problem, at.origin)
    aside = np.sqrt(2 * start_gap / mode.least) * mode.direction
    start = at.problem.manifold.point(optimum.params + aside)
    least_loss, length = at.problem.cost(optimum), 2 / (mode.least + mode.largest)
    two_folds = 1 / mode.least  # the gap falls as exp(-2 mode.least time)
    if 10.0**decades <= LARGEST_STEPPED:
        steps = min(math.ceil(two_folds / length) + 50, MOST_STEPS)
        fall = _rate(np.arange(steps + 1), _losses(at.problem, start, length, steps) - least_loss)
    else:
        times = np.linspace(0.0, two_folds, 41)
        path = gradient_flow(
            at.problem, start, two_folds, times=times, max_evaluations=MOST_EVALUATIONS
        )
        fall = length * _rate(times[: len(path)], path.losses - least_loss)
    return {"descent": fall, "hessian": mode.largest / mode.least}


def _rounding(problem: Problem, point: Point) -> float:
    """Return what the rounding of outputs can do to the loss at a point."""
    g = problem.loss.gradient(point.outputs)
    return float(np.finfo(np.float64).eps * np.linalg.norm(point.jet.reach()) * np.linalg.norm(g))


@np.errstate(all="ignore")
def _losses(problem: Problem, start: Point, length: float, steps: int) -> np.ndarray:
    """Return the losses of steps z - length J^T g, (steps + 1,), NaN where they have diverged."""
    f, loss, z = problem.manifold.immersion, problem.loss, start.params
    losses = np.full(steps + 1, np.nan)
    for k in range(steps + 1):
        if not np.all(np.isfinite(z)):
            break
        jet = f.at(z)
        losses[k] = loss.value(jet.outputs)
        z = z - length * jet.vjp(loss.gradient(jet.outputs))
    return losses
