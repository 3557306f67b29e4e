"""Gauss-Newton: pymanopt's steepest descent on the output manifold, trying the unit step first."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
from pymanopt.optimizers import SteepestDescent

from riemgn.arguments import choice, positive
from riemgn.manifolds import Point
from riemgn.optimizers.line_search import FixedStep, UnitStepBacktracking
from riemgn.optimizers.records import (
    ENDINGS,
    Callback,
    Journal,
    Result,
    checked_limits,
    checked_start,
)
from riemgn.problem import Problem


class GaussNewton(SteepestDescent):
    """Riemannian steepest descent whose unit step is the Gauss-Newton step.

    For losses other than the squared one it descends in the metric of the loss Hessian
    (`Problem.natural`), which makes it generalised Gauss-Newton. The loop is pymanopt's.

    Args:
        step_size: "armijo" (backtracking from the unit step) or a fixed length; 1.0 with squared
            loss is the classical iteration.
        max_iterations, max_time, min_gradient_norm, min_step_size: As in pymanopt; norms are those
            of the metric that the method descends in.
        verbosity: 0 is silent.
        log_verbosity: 1 keeps pymanopt's log, with the returned point as its last entry.
    """

    def __init__(
        self,
        step_size: float | str = "armijo",
        *,
        max_iterations: int = 1000,
        max_time: float = 1000,
        min_gradient_norm: float = 1e-9,
        min_step_size: float = 0.0,
        verbosity: int = 0,
        log_verbosity: int = 0,
    ) -> None:
        if isinstance(step_size, str):
            choice("step_size", step_size, ["armijo"])
            searcher = UnitStepBacktracking()
        else:
            searcher = FixedStep(step_size)
        super().__init__(
            searcher,
            **checked_limits(max_iterations, max_time, min_gradient_norm),
            # pymanopt compares with <, and a searcher that finds no step answers 0
            min_step_size=max(
                positive("min_step_size", min_step_size, allow_zero=True),
                float(np.finfo(np.float64).tiny),
            ),
            verbosity=verbosity,
            log_verbosity=log_verbosity,
        )

    def run(
        self,
        problem: Problem,
        *,
        initial_point: Point | None = None,
        callback: Callback | None = None,
    ) -> Result:
        """Run from `initial_point` (a random point if it is None) and return a `Result`.

        Args:
            problem: A `riemgn.Problem`.
            initial_point: A point of its manifold.
            callback: Called with the `Record` of every iterate; raising StopIteration ends the run.

        Raises:
            TypeError: The problem, the point or the callback is of another type.
            ValueError: The point belongs to another manifold.
            riemgn.NumericalError: The cost, or a derivative, is not finite at the start. Later on
                such trouble, as Ctrl-C, ends the run at its last point.
        """
        x = checked_start(problem, initial_point)
        flat = problem.loss.hessian_root(x.outputs).is_identity
        descended = problem if flat else problem.natural()
        journal = Journal(callback)
        self.line_searcher = _Journalled(deepcopy(self._line_searcher), journal)
        try:
            reason = self._descend(descended, x, journal)
        except ENDINGS as ending:
            reason = journal.reason(ending)
        finally:
            self.line_searcher = None  # it holds the run's last point
        self._complete_log(journal)
        return journal.result(problem, reason, self._log)

    def _descend(self, problem: Problem, x: Point, journal: Journal) -> str:
        """Run pymanopt's loop, note the returned point, and return the reason for its end."""
        norm = problem.manifold.norm
        gradient_norm = norm(x, problem.riemannian_gradient(x))
        self._initialize_log()
        if gradient_norm <= self._min_gradient_norm:
            journal.note(x, problem.cost(x), gradient_norm)
            return f"Terminated - gradient norm {gradient_norm:.1e} at the start."
        if self._max_iterations == 0:
            journal.note(x, problem.cost(x), gradient_norm)
            return "Terminated - max iterations reached at the start."
        run = super().run(problem, initial_point=x, reuse_line_searcher=True)
        if run.step_size > 0:
            gradient = problem.riemannian_gradient(run.point)
            journal.note(run.point, run.cost, norm(run.point, gradient))
        elif "min step_size" in run.stopping_criterion:
            return f"Terminated - {self.line_searcher.reason}."
        return run.stopping_criterion

    def _add_log_entry(self, *, iteration: int, point: Point, **entries) -> None:
        # counted from 0 as in the history, and without the Jacobians of the whole run
        if self._log_verbosity > 0:
            super()._add_log_entry(iteration=iteration - 1, point=point.bare(), **entries)

    def _complete_log(self, journal: Journal) -> None:
        """Add the returned point, which pymanopt leaves out of its log."""
        last = journal.records[-1]
        if self._log_verbosity > 0 and len(self._log["iterations"]["point"]) < len(journal.records):
            self._add_log_entry(
                iteration=last.iteration + 1,
                point=journal.point,
                cost=last.cost,
                gradient_norm=last.gradient_norm,
            )


class _Journalled:
    """A line searcher that first notes the iterate from which the search starts."""

    def __init__(self, searcher: UnitStepBacktracking | FixedStep, journal: Journal) -> None:
        self._searcher = searcher
        self._journal = journal

    @property
    def reason(self) -> str:
        """Why the last search found no step."""
        return self._searcher.reason

    def search(self, objective, manifold, x, d, f0, df0):
        """Note x and search along d."""
        self._journal.note(x, f0, float(np.sqrt(-df0)))
        return self._searcher.search(objective, manifold, x, d, f0, df0)
