"""Gauss-Newton: pymanopt's steepest descent on the output manifold, trying the unit step first."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
from pymanopt.optimizers import SteepestDescent

from riemgn.arguments import choice, integer, positive
from riemgn.manifolds import Point
from riemgn.manifolds.metrics import DotProduct
from riemgn.optimizers.endings import worded
from riemgn.optimizers.journal import Journal
from riemgn.optimizers.line_search import AT_PRECISION, FixedStep, UnitStepBacktracking
from riemgn.optimizers.optimality import optimality_at
from riemgn.optimizers.records import Callback, Result
from riemgn.optimizers.starts import checked_limits, checked_start
from riemgn.optimizers.stopping import Ending
from riemgn.problem import Problem


class GaussNewton(SteepestDescent):
    """Riemannian steepest descent whose unit step is the Gauss-Newton step.

    It descends in the metric of the loss Hessian (`Problem.natural`), the manifold's own for the
    squared loss, which makes it generalised Gauss-Newton. The loop is pymanopt's.

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
            verbosity=integer("verbosity", verbosity, least=0),
            log_verbosity=integer("log_verbosity", log_verbosity, least=0),
        )

    def __repr__(self) -> str:
        searcher = self._line_searcher
        step_size = searcher.length if isinstance(searcher, FixedStep) else "armijo"
        return f"GaussNewton({step_size!r})"

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
        journal = Journal(callback)
        ended = journal.followed(lambda: self.descend(problem, x, journal))
        self._complete_log(journal)
        return journal.result(problem, ended, self._log)

    def descend(self, problem: Problem, x: Point, journal: Journal) -> tuple[Ending, str]:
        """Move by pymanopt's loop until something ends the run, and return what."""
        flat = problem.loss.hessian_root(x.outputs).is_identity
        own = flat and isinstance(problem.manifold.metric, DotProduct)
        descended = problem if own else problem.natural()
        self._initialize_log()
        journal.memory = deepcopy(self._line_searcher)
        noted = NotedSearch(journal.memory, problem, journal)
        gradient_norm = descended.manifold.norm(x, descended.riemannian_gradient(x))
        if gradient_norm <= self._min_gradient_norm or self._max_iterations == 0:
            noted.note(x, problem.cost(x))
            if gradient_norm <= self._min_gradient_norm:
                return Ending.OPTIMAL, f"gradient norm {gradient_norm:.1e} at the start"
            return Ending.LIMIT, "max iterations reached at the start"
        self.line_searcher = noted
        try:
            run = super().run(descended, initial_point=x, reuse_line_searcher=True)
        finally:
            self.line_searcher = None  # it holds the run's last point
        if run.step_size > 0:
            noted.note(run.point, run.cost)
        elif "min step_size" in run.stopping_criterion:
            return noted.ending, noted.reason
        met = "gradient norm" in run.stopping_criterion
        return Ending.OPTIMAL if met else Ending.LIMIT, worded(run.stopping_criterion)

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


class NotedSearch:
    """A line searcher that first notes the iterate from which the search starts."""

    def __init__(
        self, searcher: UnitStepBacktracking | FixedStep, problem: Problem, journal: Journal
    ) -> None:
        self._searcher = searcher
        self._problem = problem
        self._journal = journal

    @property
    def reason(self) -> str:
        """Why the last search found no step."""
        return self._searcher.reason

    @property
    def ending(self) -> Ending:
        """The kind of end that this makes."""
        return Ending.PRECISION if self.reason == AT_PRECISION else Ending.STUCK

    def note(self, x: Point, cost: float) -> None:
        """Note an iterate."""
        self._journal.note(x, cost, optimality_at(self._problem, x))

    def search(self, objective, manifold, x, d, f0, df0):
        """Note x and search along d."""
        self.note(x, f0)
        return self._searcher.search(self._counted(objective), manifold, x, d, f0, df0)

    def _counted(self, objective):
        def cost(point: Point) -> float:
            self._journal.evaluations += 1
            return objective(point)

        return cost
