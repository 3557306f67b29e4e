"""`riemgn.minimize`: from a point to an optimum, by any method, under one contract."""

from __future__ import annotations

from copy import deepcopy
from os import PathLike
from typing import Protocol

import numpy as np
from pymanopt.optimizers import ConjugateGradient, TrustRegions
from pymanopt.optimizers.optimizer import Optimizer

from riemgn.arguments import choice, integer, positive, told
from riemgn.checkpoints import CheckpointKeeper, checked_path, checked_target, read_checkpoint
from riemgn.linalg import one_blas_thread
from riemgn.manifolds import Point
from riemgn.optimizers.far_start import brought_into_range
from riemgn.optimizers.foreign import PymanoptDescent, limits_of, unlimited
from riemgn.optimizers.gauss_newton import GaussNewton
from riemgn.optimizers.hybrid_newton import HybridNewton
from riemgn.optimizers.journal import Journal
from riemgn.optimizers.levenberg_marquardt import LevenbergMarquardt
from riemgn.optimizers.memory import descent_with, memory_before, recalled
from riemgn.optimizers.parameter_descents import (
    LBFGS,
    PARAMETER_DESCENTS,
    Adam,
    FixedStepDescent,
)
from riemgn.optimizers.progress import shown
from riemgn.optimizers.records import Callback, Result
from riemgn.optimizers.starts import belonging, checked_problem
from riemgn.optimizers.steepest_descent import GradientDescent
from riemgn.optimizers.stopping import Criterion, Ending
from riemgn.optimizers.terms import Terms
from riemgn.problem import Problem

# Where a method's own steps gain nothing more, though longer ones might.
_SHORT = "steps gain less than rounding, short of first-order optimality"

_NAMED = {
    "auto": HybridNewton,
    "gauss-newton": lambda: unlimited(GaussNewton()),
    "levenberg-marquardt": lambda: unlimited(LevenbergMarquardt()),
    "newton": lambda: PymanoptDescent(TrustRegions()),
    "conjugate-gradient": lambda: PymanoptDescent(ConjugateGradient()),
    "gradient-descent": GradientDescent,
    "lbfgs": LBFGS,
    "adam": Adam,
    "fixed-step": FixedStepDescent,
}
METHODS = tuple(_NAMED)


class Descent(Protocol):
    """A method under way: it notes its iterates in a journal."""

    def descend(self, problem: Problem, point: Point, journal: Journal) -> tuple[Ending, str]:
        """Move until something ends the run, and return what."""


Method = str | Optimizer | HybridNewton | LBFGS | Adam | FixedStepDescent


def minimize(
    problem: Problem,
    point: Point | None = None,
    method: Method = "auto",
    callback: Callback | None = None,
    *,
    stop: Criterion | None = None,
    max_iterations: int | None = None,
    max_time: float | None = None,
    max_evaluations: int | None = None,
    tolerance: float = 1e-8,
    record_points: bool = False,
    verbosity: int = 0,
    checkpoint: str | PathLike | None = None,
    checkpoint_seconds: float = 60,
) -> Result:
    """Return the optimum that a method reaches from a point, with the history of the run.

    Every method keeps one contract: the records run from 0 to the returned point, which is the best
    one found; points whose cost is not finite are refused; `success` is True only where the point
    is first-order optimal; Ctrl-C returns the best point so far (docs/minimize.md).

    Args:
        problem: A `riemgn.Problem`.
        point: Where to start; a random point of the manifold if it is None.
        method: "auto" (accelerated Levenberg-Marquardt, then Newton on M), "gauss-newton",
            "levenberg-marquardt", "newton" (trust regions on M), "conjugate-gradient" (on M); in
            the parameters "gradient-descent" (with a line search), "lbfgs" (scipy's), "adam"
            (with the best of some steps), "fixed-step" (gradient descent with its best stable
            step); or an optimizer of riemgn's or pymanopt's. An instance is copied; its tolerances
            give way to `tolerance`, its limits hold where none are given here.
        callback: Called with the `Record` of every iterate; raising StopIteration ends the run.
        stop: A further criterion of `riemgn.optimizers`, or several combined with `&` and `|`.
        max_iterations: The most steps; 10 000 by default.
        max_time: The most seconds, looked at after every step; unlimited by default. The search of
            a step by "adam" and "fixed-step" may take as long again, and so may what the methods in
            the parameters spend on judging their iterates; neither is counted.
        max_evaluations: The most points at which f is evaluated; unlimited by default. The search
            of a step may evaluate f at as many others.
        tolerance: The cosine between residual and tangent space at which a point counts as optimal.
            Where the residual vanishes, cost and step at machine precision take its place.
        record_points: Whether the history keeps every point, without its Jacobian.
        verbosity: 0 shows a line of progress where a terminal or a notebook is watched, and nothing
            otherwise; 1 prints every record.
        checkpoint: A file from which `riemgn.resume` continues the run. It is replaced as a whole,
            so that a crash at any moment leaves the one before; that of an older run is lost. A
            write that fails is logged as a warning on the logger `riemgn`, and the run goes on.
        checkpoint_seconds: The least time between two checkpoints; 0 writes one at every record.
            The last one is written when the run ends, however it ends.

    Raises:
        TypeError: An argument is of another type.
        ValueError: An argument has another value, the point belongs to another manifold, a file
            that is no checkpoint stands at `checkpoint`, or the method cannot be resumed.
        riemgn.NumericalError: f or a derivative is not finite at the start.
    """
    start = belonging(problem, point)
    descent, (own_iterations, own_time) = descent_by(method)
    terms = Terms(
        tolerance=positive("tolerance", tolerance, allow_zero=True),
        record_points=checked_flag("record_points", record_points),
    )
    terms = terms.but(max_iterations=own_iterations, max_time=own_time)
    terms = terms.but(
        max_iterations=max_iterations, max_time=max_time, max_evaluations=max_evaluations
    )
    criteria = terms.criteria(descent, stop)
    seconds = positive("checkpoint_seconds", checkpoint_seconds, allow_zero=True)
    keeper = None
    if checkpoint is not None:
        _check_resumable(method, descent)
        keeper = CheckpointKeeper(checked_target("checkpoint", checkpoint), seconds, terms, problem)
    with shown(integer("verbosity", verbosity, least=0)) as show:
        journal = Journal(
            callback, criteria, terms.record_points, terms.tolerance, show, keeper=keeper
        )
        return run(descent, problem, start, journal)


def resume(
    path: str | PathLike,
    problem: Problem,
    callback: Callback | None = None,
    *,
    stop: Criterion | None = None,
    max_iterations: int | None = None,
    max_time: float | None = None,
    max_evaluations: int | None = None,
    checkpoint: str | PathLike | None = None,
    verbosity: int = 0,
) -> Result:
    """Continue a run of `riemgn.minimize` from its checkpoint, as if it had never been interrupted.

    The iterates that follow are those of an uninterrupted run to the last bit, on the same machine
    with the same libraries. The history begins with the records before the interruption; for these
    the callback is not called again. A run that had come to its end is returned as it was, unless a
    limit, a criterion or the callback ended it: such a run goes on where they now allow it.

    Args:
        path: The checkpoint.
        problem: The problem of the run; a file holds neither data nor functions.
        callback: As for `riemgn.minimize`.
        stop: A further criterion; that of the first call must be given again.
        max_iterations: The most steps of the whole run; those of the first call by default.
        max_time: The most seconds of the whole run; likewise.
        max_evaluations: The most points at which f is evaluated in the whole run; likewise.
        checkpoint: Where the run is kept from now on; the same file by default.
        verbosity: As for `riemgn.minimize`.

    Raises:
        FileNotFoundError: There is no file at `path`.
        TypeError: An argument is of another type.
        ValueError: The file is no checkpoint, a damaged one, or one of another format or of another
            problem; or an argument has another value.
    """
    saved = read_checkpoint(checked_path("path", path))
    start = saved.point_in(checked_problem(problem))
    terms = saved.terms.but(
        max_iterations=max_iterations, max_time=max_time, max_evaluations=max_evaluations
    )
    descent = descent_with(recalled(saved.memory))
    criteria = terms.criteria(descent, stop)
    target = checked_target("checkpoint", path if checkpoint is None else checkpoint)
    keeper = CheckpointKeeper(target, saved.seconds, terms, problem)
    with shown(integer("verbosity", verbosity, least=0)) as show, one_blas_thread():
        journal = Journal(
            callback, criteria, terms.record_points, terms.tolerance, show, keeper=keeper
        )
        journal.take_up(saved.history_in(problem), saved.origin, saved.best, start)
        if saved.ended is not None:
            journal.evaluations = saved.evaluations
            return _result(problem, journal, saved.ended)
        journal.memory = memory_before(descent)
        keeper.take_down(journal)
        return run(descent, problem, start, journal)


@one_blas_thread()
def run(descent: Descent, problem: Problem, start: Point, journal: Journal) -> Result:
    """Return the result of a descent from a point."""
    if not np.isfinite(problem.cost(start)):
        start = brought_into_range(problem, start, journal)
    ended = journal.followed(lambda: descent.descend(problem, start, journal))
    return _result(problem, journal, ended)


def _result(problem: Problem, journal: Journal, ended: tuple[Ending, str]) -> Result:
    """Return the result of a run that has ended; an end short of optimality is called so."""
    result = journal.result(problem, journal.kept_best(ended), journal.log)
    if result.ending in (Ending.OPTIMAL, Ending.PRECISION) and not result.success:
        result.ending = Ending.STUCK
        result.stopping_criterion = f"Terminated - {_SHORT}."
    return result


def descent_by(method: Method) -> tuple[Descent, tuple[int | None, float | None]]:
    """Return the run that a method's name or instance stands for, and the limits it brings.

    Raises:
        TypeError: `method` is neither a name nor an optimizer.
        ValueError: The name is unknown.
    """
    if isinstance(method, (LevenbergMarquardt, GaussNewton)):
        return unlimited(method), limits_of(method)
    if isinstance(method, Optimizer):
        return PymanoptDescent(method), limits_of(method)
    if isinstance(method, (HybridNewton, *PARAMETER_DESCENTS)):
        return deepcopy(method), (None, None)
    if isinstance(method, type):
        raise TypeError(f"method must be an instance, got the class {method.__name__}")
    return _NAMED[choice("method", method, METHODS)](), (None, None)


def checked_flag(name: str, value) -> bool:
    """Return True or False, or raise TypeError for anything else."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False, got {told(value)}")
    return bool(value)


def _check_resumable(method: Method, descent: Descent) -> None:
    try:
        memory_before(descent)
    except ValueError as error:
        raise ValueError(
            f"checkpoint: method {method!r} cannot be resumed, {error}; 'auto', 'gauss-newton' and "
            "'levenberg-marquardt' with riemgn's own dampings can"
        ) from None
