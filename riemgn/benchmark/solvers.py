"""The methods compared: each fits a problem and notes its iterates in a trace."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec

import numpy as np
from scipy.optimize import least_squares
from threadpoolctl import threadpool_limits

from riemgn.benchmark.problems import FitProblem
from riemgn.benchmark.traces import Limits, RunEnded, Trace
from riemgn.losses import SquaredLoss
from riemgn.manifolds import ImmersedManifold
from riemgn.minimization import minimize
from riemgn.optimizers import LevenbergMarquardt
from riemgn.problem import Problem

Solver = Callable[[FitProblem, Trace], str]
_EPS = float(np.finfo(np.float64).eps)
_NO_LIMIT = 10**9


def by_riemgn(problem: FitProblem, trace: Trace) -> str:
    """Fit by riemgn's Levenberg-Marquardt method with its defaults; return why it stopped."""
    manifold = ImmersedManifold(problem.immersion())
    fit = Problem(manifold, SquaredLoss(problem.y))
    optimizer = LevenbergMarquardt(
        max_iterations=_NO_LIMIT, max_time=_NO_LIMIT, min_gradient_norm=1e-300
    )
    trace.start()
    result = optimizer.run(
        fit,
        initial_point=manifold.point(problem.start),
        callback=lambda record: trace.note(record.point.params),
    )
    return result.stopping_criterion


def by_minimize(problem: FitProblem, trace: Trace) -> str:
    """Fit by `riemgn.minimize` with its defaults; return why it stopped."""
    manifold = ImmersedManifold(problem.immersion())
    fit = Problem(manifold, SquaredLoss(problem.y))
    trace.start()
    result = minimize(
        fit,
        manifold.point(problem.start),
        callback=lambda record: trace.note(record.point.params),
        max_iterations=_NO_LIMIT,
    )
    return result.stopping_criterion


class Residuals:
    """f(w) - y and its Jacobian for scipy; the Jacobian is riemgn's and shares the forward pass."""

    def __init__(self, problem: FitProblem, trace: Trace) -> None:
        self._immersion = problem.immersion()
        self._y = problem.y
        self._trace = trace
        self._jet = None

    def __call__(self, w: np.ndarray) -> np.ndarray:
        """Return the residuals (n,)."""
        self._trace.check_time()
        self._jet = self._immersion.at(w)
        return self._jet.outputs - self._y

    def jacobian(self, w: np.ndarray) -> np.ndarray:
        """Return J (n, p), and note w: scipy asks for J at the iterates alone."""
        if self._jet is None or not np.array_equal(self._jet.params, w):
            self._jet = self._immersion.at(w)
        J = self._jet.jacobian()
        self._trace.note(w)
        return J


def by_scipy(method: str, problem: FitProblem, trace: Trace) -> str:
    """Fit by `scipy.optimize.least_squares`, its own tolerances as small as it takes them.

    Raises:
        NotImplementedError: MINPACK's method "lm" was asked for a problem with p > n.
    """
    n, p = problem.shape
    if method == "lm" and p > n:
        raise NotImplementedError("needs p <= n")
    residuals = Residuals(problem, trace)
    tolerance = _EPS if method == "lm" else None
    trace.start()
    result = least_squares(
        residuals,
        problem.start,
        residuals.jacobian,
        method=method,
        ftol=tolerance,
        xtol=_EPS,
        gtol=tolerance,
        max_nfev=_NO_LIMIT,
    )
    return result.message


def by_torch(first_damping: float, problem: FitProblem, trace: Trace) -> str:
    """Fit by torch-levenberg-marquardt."""
    from riemgn.benchmark.torch_solver import fit

    return fit(problem, trace, first_damping)


# torch-lm's default first damping, 1e-3, leads it to poor minima of U2 and U3; 1 serves it better.
SOLVERS: dict[str, Solver] = {
    "riemgn": by_riemgn,
    "minimize": by_minimize,
    "scipy-lm": partial(by_scipy, "lm"),
    "scipy-trf": partial(by_scipy, "trf"),
    "torch-lm": partial(by_torch, 1e-3),
    "torch-lm-1": partial(by_torch, 1.0),
}


def installed() -> list[str]:
    """Return the names of the methods whose packages are here."""
    has_torch = find_spec("torch") and find_spec("torch_levenberg_marquardt")
    return [name for name in SOLVERS if has_torch or not name.startswith("torch")]


def traced(method: str, problem: FitProblem, limits: Limits) -> Trace:
    """Run a method on one BLAS thread until its limits, and return the trace.

    A method that cannot take the problem leaves an empty trace whose `ending` says why.
    """
    trace = Trace(problem, limits)
    with threadpool_limits(limits=1):
        try:
            reason = SOLVERS[method](problem, trace)
        except RunEnded:
            return trace
        except NotImplementedError as error:
            reason = str(error)
    trace.ending = trace.ending or reason
    return trace
