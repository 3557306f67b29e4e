"""The methods compared: each fits a problem and notes its iterates in a trace."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
from scipy.optimize import least_squares
from threadpoolctl import threadpool_limits

from riemgn.benchmark.problems import FitProblem
from riemgn.benchmark.traces import Limits, RunEnded, Trace
from riemgn.losses import SquaredLoss
from riemgn.manifolds import ImmersedManifold
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
    """Fit by `scipy.optimize.least_squares`, its own tolerances as small as it takes them."""
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


def by_scipy_lm(problem: FitProblem, trace: Trace) -> str:
    """Fit by MINPACK's Levenberg-Marquardt method."""
    n, p = problem.shape
    if p > n:
        raise NotImplementedError("needs p <= n")
    return by_scipy("lm", problem, trace)


def by_scipy_trf(problem: FitProblem, trace: Trace) -> str:
    """Fit by scipy's trust-region reflective method, here without bounds."""
    return by_scipy("trf", problem, trace)


def by_torch(problem: FitProblem, trace: Trace) -> str:
    """Fit by torch-levenberg-marquardt."""
    from riemgn.benchmark.torch_solver import fit

    return fit(problem, trace)


SOLVERS: dict[str, Solver] = {
    "riemgn": by_riemgn,
    "scipy-lm": by_scipy_lm,
    "scipy-trf": by_scipy_trf,
    "torch-lm": by_torch,
}


def installed() -> list[str]:
    """Return the names of the methods whose packages are here."""
    has_torch = find_spec("torch") and find_spec("torch_levenberg_marquardt")
    return [name for name in SOLVERS if name != "torch-lm" or has_torch]


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
