"""Damped steps one by one, and how much each contracts the gap of a squared loss (C7)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from riemgn.flows.entry import prescribed
from riemgn.flows.equations import damped_model
from riemgn.reproduction.paired import Wide
from riemgn.theory import KernelSpeeds, contraction_bound

_EPS = float(np.finfo(np.float64).eps)

# Steps end where rounding is a hundredth of the residual.
_RESOLVED = 100.0

Iterate = Callable[[list[np.ndarray]], np.ndarray]


class Steps(NamedTuple):
    """What k steps have done.

    Attributes:
        gaps: At the start and after every step, (k + 1,).
        bounds: What theory allows gap_{k+1} / gap_k to be for linear f, (k,).
        bends: How far f may bend on the step, relative to the residual, (k,): the root of a ratio
            may exceed that of its bound by this.
        rounded: Rounding errors of outputs relative to the residual, (k,).
        least: lambda_min of the kernel at the start.
    """

    gaps: np.ndarray
    bounds: np.ndarray
    bends: np.ndarray
    rounded: np.ndarray
    least: float

    @property
    def contractions(self) -> np.ndarray:
        """gap_{k+1} / gap_k, (k,)."""
        return self.gaps[1:] / self.gaps[:-1]


def last(iterates: list[np.ndarray]) -> np.ndarray:
    """Return the last of the parameters met so far, which the claims speak of."""
    return iterates[-1]


def damped_steps(
    case: Wide, damping, step_size: float, count: int, share: float, iterate: Iterate = last
) -> Steps:
    """Return what steps w - eta [...]^{-1} J^T g do, until the gap is a share of its first value.

    f bends on a step of length d by at most L2 d^2 / 2, L2 the proved Lipschitz constant of J on a
    ball that holds every iterate. With |g|^2 = 2 gap the root of the gap after a step is at most
    that of the bound for linear f and this length over the root of 2.

    Args:
        case: A problem with squared loss.
        damping: As for `riemgn.levenberg_marquardt_flow`.
        step_size: eta.
        count: The most steps.
        share: Of the first gap; a residual that nears rounding ends the steps, too.
        iterate: From the parameters met so far to those whose gap is measured.
    """
    problem, point, schedule = case.problem, case.point, prescribed(damping)
    met, gaps, speeds, lengths, residuals, rounded = [point.params], [], [], [], [], []
    for _ in range(count):
        model = damped_model(problem, point)
        form, values = schedule.form(model), model.kernel_eigenvalues
        ends = values[[0, -1]]
        gaps.append(problem.cost(problem.manifold.point(iterate(met))))
        residual = float(np.linalg.norm(model.target))
        reach = np.linalg.norm(point.jet.reach() + np.abs(point.outputs))
        if gaps[-1] <= share * gaps[0] or residual <= _RESOLVED * _EPS * reach:
            break
        step = step_size * form.direction(model)
        speeds.append(KernelSpeeds(*map(float, (*form.speed(ends), *ends)), form.damping))
        lengths.append(float(np.linalg.norm(step)))
        residuals.append(residual)
        rounded.append(_EPS * reach / residual)
        point = problem.manifold.point(point.params + step)
        met.append(point.params)
    else:
        gaps.append(problem.cost(problem.manifold.point(iterate(met))))
    radius = max(float(np.linalg.norm(w - met[0])) for w in met)
    curved = problem.manifold.immersion.derivative_bounds(met[0], radius).second
    rounding = np.array(rounded)
    bends = 0.5 * curved * np.array(lengths) ** 2 / np.array(residuals) + rounding
    bounds = [contraction_bound(s, problem.loss, step_size) for s in speeds]
    least = speeds[0].least_eigenvalue
    return Steps(np.array(gaps), np.array(bounds), bends, rounding, least)


def first_bend(case: Wide, damping) -> float:
    """Return |f(w + d) - f(w) - J d| / |g| for the first step d of length eta = 1, as measured."""
    model = damped_model(case.problem, case.point)
    step = prescribed(damping).form(model).direction(model)
    ahead = case.problem.manifold.point(case.point.params + step).outputs
    bend = ahead - case.point.outputs - case.point.jet.jvp(step)
    return float(np.linalg.norm(bend) / np.linalg.norm(model.target))


def linear_steps(case: Wide, factors: Callable[[np.ndarray], np.ndarray], count: int) -> np.ndarray:
    """Return the gaps (count + 1,) of steps on a squared loss were f linear.

    Args:
        case: The problem.
        factors: From the eigenvalues of the kernel at the start to what a step multiplies the
            residual's modes by.
        count: The number of steps.
    """
    U, singular, _ = np.linalg.svd(case.point.jet.jacobian(), full_matrices=False)
    modes = U.T @ case.problem.loss.gradient(case.point.outputs)
    powers = factors(singular**2) ** np.arange(count + 1)[:, None]
    return 0.5 * (powers**2) @ modes**2
