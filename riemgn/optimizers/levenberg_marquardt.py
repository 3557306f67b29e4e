"""Levenberg-Marquardt: damped Gauss-Newton in ambient space, Riemannian descent on the graph."""

from __future__ import annotations

import time
from copy import deepcopy

from pymanopt.optimizers.optimizer import Optimizer

from riemgn.arguments import integer
from riemgn.linalg import one_blas_thread
from riemgn.manifolds import Point
from riemgn.optimizers.damping import Damping
from riemgn.optimizers.endings import worded
from riemgn.optimizers.journal import Journal
from riemgn.optimizers.local_model import LocalModel
from riemgn.optimizers.records import Callback, Result
from riemgn.optimizers.schedules import damping_schedule
from riemgn.optimizers.starts import checked_limits, checked_start
from riemgn.optimizers.stopping import Ending
from riemgn.problem import Problem


class LevenbergMarquardt(Optimizer):
    """Levenberg-Marquardt for any p and n, in the smaller of its two forms.

    For p <= n the p x p system is solved by Cholesky under a condition guard and orthogonally
    beyond it; for p > n the n x n tangent kernel is built layer by layer and no (n, p) array
    exists. Losses other than the squared one enter through a root of their Hessian (generalised
    Gauss-Newton). It is Riemannian gradient descent on the graph of f with the metric
    `damping D^2 (+) H` (docs/theory.md, section 3).

    Args:
        damping: "gain-ratio" (Nielsen's rule with geodesic acceleration), "kernel" or "shifted"
            (tied to the least eigenvalue of the tangent kernel, p >= n), a fixed rho in (0, 1], or
            a schedule object (`riemgn.optimizers.Damping`).
        max_iterations, max_time: Limits; the best point so far is returned.
        min_gradient_norm: Ends the run where the gradient's norm is at most this on the graph, in
            the metric of the method, and on M.
        verbosity: 0 is silent, 1 prints a line an iteration.
        log_verbosity: 1 keeps every iterate in `result.log`.
    """

    def __init__(
        self,
        damping: str | float | Damping = "gain-ratio",
        *,
        max_iterations: int = 1000,
        max_time: float = 1000,
        min_gradient_norm: float = 1e-9,
        verbosity: int = 0,
        log_verbosity: int = 0,
    ) -> None:
        super().__init__(
            **checked_limits(max_iterations, max_time, min_gradient_norm),
            verbosity=integer("verbosity", verbosity, least=0),
            log_verbosity=integer("log_verbosity", log_verbosity, least=0),
        )
        self._damping = damping_schedule(damping)

    def __repr__(self) -> str:
        return f"LevenbergMarquardt({self._damping!r})"

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
        point = checked_start(problem, initial_point)
        journal = Journal(callback)
        with one_blas_thread():
            ended = journal.followed(lambda: self.descend(problem, point, journal))
            return journal.result(problem, ended, self._log)

    def descend(self, problem: Problem, point: Point, journal: Journal) -> tuple[Ending, str]:
        """Move until something ends the run, and return what."""
        self._initialize_log(optimizer_parameters={"damping": self._damping})
        schedule = journal.memory = deepcopy(self._damping)
        scale = schedule.scale(problem.manifold.immersion, journal.origin_of(point))
        began, cost, damping = time.time(), problem.cost(point), 0.0
        while True:
            model = LocalModel(problem, point, cost, scale, journal.spend)
            graph_gradient = schedule.measure(model)
            self._note(journal, model, graph_gradient, damping)
            reason = self._check_stopping_criterion(
                start_time=began, iteration=len(journal.records) - 1
            )
            if reason:
                return Ending.LIMIT, worded(reason)
            # M's gradient, which wants a factorisation of its own, is asked for last
            if graph_gradient <= self._min_gradient_norm:
                gradient_norm = _gradient_norm(problem, point)
                if gradient_norm <= self._min_gradient_norm:
                    return Ending.OPTIMAL, f"gradient norm {gradient_norm:.1e} reached"
            trial = schedule.search(model)
            if trial is None:
                return schedule.ending, schedule.reason
            point, cost, damping = trial.point, trial.cost, trial.damping
            # the memory of the Jacobian just left serves the next one
            del model, trial
            journal.let_go()

    def _note(
        self, journal: Journal, model: LocalModel, graph_gradient: float, damping: float
    ) -> None:
        iteration = len(journal.records)
        if self._verbosity >= 1:
            print(f"{iteration:5d}  {model.cost:+.12e}  {graph_gradient:.3e}  {damping:.1e}")
        if self._log_verbosity > 0:  # without the Jacobians of the whole run
            self._add_log_entry(
                iteration=iteration,
                point=model.point.bare(),
                cost=model.cost,
                gradient_norm=graph_gradient,
                damping=damping,
            )
        optimality = model.confirmed_optimality(journal.tolerance)
        journal.note(model.point, model.cost, optimality, damping)


def _gradient_norm(problem: Problem, point: Point) -> float:
    return problem.manifold.norm(point, problem.riemannian_gradient(point))
