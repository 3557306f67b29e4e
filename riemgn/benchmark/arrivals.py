"""riemgn and scipy on one least-squares problem: where each arrives, and after how many points."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.optimize import least_squares

from riemgn.benchmark.evaluations import Counted
from riemgn.immersions import Immersion, autograd_immersion
from riemgn.losses import SquaredLoss
from riemgn.manifolds import ImmersedManifold
from riemgn.problem import Problem

OURS = "riemgn"
_TUNED = {"x_scale": "jac", "ftol": 1e-15, "xtol": 1e-15, "gtol": 1e-15, "max_nfev": 5000}


@dataclass(frozen=True)
class Fit:
    """The problem min |f(w) - y|^2 from a start.

    Attributes:
        immersion: f.
        y: Targets, (n,).
        start: Parameters, (p,).
    """

    immersion: Immersion
    y: np.ndarray
    start: np.ndarray

    def sum_of_squares(self, w: np.ndarray) -> float:
        """Return |f(w) - y|^2; infinity where it overflows or w is not finite."""
        if not np.all(np.isfinite(w)):
            return np.inf
        with np.errstate(all="ignore"):
            square = float(np.sum((self.immersion(w) - self.y) ** 2))
        return square if np.isfinite(square) else np.inf


@dataclass(frozen=True)
class Arrival:
    """Where a run ended.

    Attributes:
        method: A name from `METHODS`.
        params: The last parameters, (p,); the start's where the run failed.
        sum_of_squares: |f(w) - y|^2 there.
        points: Distinct points at which f was evaluated; 0 where they were not counted.
        ending: Why the run ended, in the solver's words.
        success: What the solver says of itself.
        seconds: Wall time.
    """

    method: str
    params: np.ndarray
    sum_of_squares: float
    points: int
    ending: str
    success: bool
    seconds: float


# A solver takes a fit and returns the parameters, why it ended, and whether it claims success.
Solver = Callable[[Fit], tuple[np.ndarray, str, bool]]


def by_riemgn(fit: Fit) -> tuple[np.ndarray, str, bool]:
    """Minimise by `riemgn.minimize` with nothing but its defaults."""
    from riemgn import minimize

    manifold = ImmersedManifold(fit.immersion)
    result = minimize(Problem(manifold, SquaredLoss(fit.y)), manifold.point(fit.start))
    return np.asarray(result.point.params), result.stopping_criterion, bool(result.success)


def by_scipy(method: str, options: dict, fit: Fit) -> tuple[np.ndarray, str, bool]:
    """Minimise by `scipy.optimize.least_squares`; without a `jac` in options, by differences."""
    with np.errstate(all="ignore"):
        result = least_squares(
            lambda w: fit.immersion(w) - fit.y, fit.start, method=method, **options
        )
    return result.x, result.message, bool(result.success)


def by_tuned_scipy(method: str, fit: Fit) -> tuple[np.ndarray, str, bool]:
    """The same with riemgn's Jacobian, scaled variables, and tolerances of 1e-15."""
    return by_scipy(method, {**_TUNED, "jac": fit.immersion.jacobian}, fit)


def by_patient_trf(fit: Fit) -> tuple[np.ndarray, str, bool]:
    """The method "trf" with riemgn's Jacobian, tolerances of 1e-12 and at most 1000 evaluations."""
    options = {"ftol": 1e-12, "xtol": 1e-12, "gtol": 1e-12, "max_nfev": 1000}
    return by_scipy("trf", {**options, "jac": fit.immersion.jacobian}, fit)


METHODS: dict[str, Solver] = {
    OURS: by_riemgn,
    "scipy lm": partial(by_scipy, "lm", {}),
    "scipy trf": partial(by_scipy, "trf", {}),
    "scipy lm, tuned": partial(by_tuned_scipy, "lm"),
    "scipy trf, tuned": partial(by_tuned_scipy, "trf"),
    "scipy trf, patient": by_patient_trf,
}
FUNCTION_METHODS = (OURS, "scipy lm", "scipy trf", "scipy lm, tuned", "scipy trf, tuned")
NETWORK_METHODS = (OURS, "scipy trf, patient")


def arrival(method: str, fit: Fit, counted: Counted | None = None) -> Arrival:
    """Run a method and return where it arrives; a run that raises stays at the start, and says so.

    Args:
        method: A name from `METHODS`.
        fit: What is minimised.
        counted: The function behind the fit's immersion, asked for its number of points.
    """
    began = time.perf_counter()
    try:
        params, ending, success = METHODS[method](fit)
    except Exception as error:  # whatever it is, it is that run's failure and is shown as such
        params, ending, success = fit.start, f"{type(error).__name__}: {error}", False
    seconds = time.perf_counter() - began
    points = counted.points if counted else 0
    square = fit.sum_of_squares(params)
    return Arrival(method, params, square, points, ending, success, seconds)


def arrival_of_function(
    method: str, function: Callable, y: np.ndarray, start: np.ndarray
) -> Arrival:
    """Run a method on min |function(w) - y|^2 and count the points; autograd traces `function`."""
    counted = Counted(function)
    immersion = autograd_immersion(counted, dim=start.size, ambient_dim=y.size)
    return arrival(method, Fit(immersion, y, start), counted)
