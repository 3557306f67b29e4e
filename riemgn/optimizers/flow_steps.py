"""The gradient flow c' = -grad l(c) in steps of a fixed size, on any pymanopt problem."""

from __future__ import annotations

import time
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
import pymanopt
from pymanopt.optimizers.optimizer import Optimizer, OptimizerResult

from riemgn.arguments import integer, positive
from riemgn.errors import NumericalError
from riemgn.manifolds import ImmersedManifold, Point
from riemgn.manifolds.retractions import RETRACTIONS
from riemgn.optimizers.starts import belonging, checked_limits
from riemgn.problem import Problem

# A remainder of less than this part of a step joins the step before: rounding makes such ones.
_NO_STEP_OF_ITS_OWN = 1e-6

_ASKED_OF_A_PROBLEM = ("manifold", "cost", "riemannian_gradient")


@dataclass(frozen=True)
class Iterate:
    """A point of the discrete flow at its time, with what a step needs there."""

    iteration: int
    time: float
    point: Any
    cost: float
    gradient: Any
    gradient_norm: float


class FlowSteps(Optimizer):
    """Steps x+ = R_x(displacement) of one size along the flow; a subclass says which displacement.

    Its arguments are those of `EulerSteps`.
    """

    def __init__(
        self,
        step_size: float,
        t_end: float,
        *,
        max_iterations: int = 1_000_000,
        max_time: float = 1000,
        verbosity: int = 0,
        log_verbosity: int = 0,
    ) -> None:
        super().__init__(
            **checked_limits(max_iterations, max_time, min_gradient_norm=0.0),
            min_step_size=0.0,
            verbosity=integer("verbosity", verbosity, least=0),
            log_verbosity=integer("log_verbosity", log_verbosity, least=0),
        )
        self._step_size = positive("step_size", step_size)
        self._t_end = positive("t_end", t_end)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(step_size={self._step_size:g}, t_end={self._t_end:g})"

    @abstractmethod
    def displacement(
        self, problem: pymanopt.Problem, point: Any, gradient: Any, duration: float
    ) -> Any:
        """Return the tangent vector at a point that a step of a duration retracts."""

    def run(
        self, problem: pymanopt.Problem, *, initial_point: Any | None = None
    ) -> OptimizerResult:
        """Follow the flow from `initial_point` (a random point if it is None) to `t_end`.

        A step to a point where the cost or the gradient is not finite, or that raises an
        ArithmeticError on its way, ends the run at the point before; `stopping_criterion` says so.

        Args:
            problem: A `pymanopt.Problem`, or a `riemgn.Problem`.
            initial_point: A point of its manifold.

        Returns:
            pymanopt's result. `iterations` counts the steps made, `time` the seconds, `step_size`
            is h, and `cost_evaluations` the points at which the cost was asked for.

        Raises:
            TypeError: The problem, or the point of a `riemgn.Problem`, is of another type.
            ValueError: The point belongs to another manifold than that of a `riemgn.Problem`.
            riemgn.NumericalError: The cost or the gradient is not finite at the start.
        """
        began = time.time()
        x = _start(_checked_problem(problem), initial_point)
        self._initialize_log(
            optimizer_parameters={"step_size": self._step_size, "t_end": self._t_end}
        )
        with np.errstate(all="ignore"):  # what leaves the range of floats is refused
            start = _evaluated(problem, 0, 0.0, x)
            return self._followed(problem, start, began)

    def _followed(self, problem: pymanopt.Problem, at: Iterate, began: float) -> OptimizerResult:
        tried = 1
        while True:
            self._note(at)
            ending = self._ending(at, began)
            if ending:
                break
            tried += 1
            try:
                at = self._next(problem, at)
            except (ArithmeticError, np.linalg.LinAlgError) as error:
                ending = f"Terminated - the step from time {at.time:g} fails: {error}."
                break
            except KeyboardInterrupt:
                if not isinstance(problem, pymanopt.Problem):
                    raise  # a run that is watched is ended by the one who watches it
                ending = f"Terminated - interrupted at time {at.time:g}."
                break
        return self._return_result(
            start_time=began,
            point=at.point,
            cost=at.cost,
            iterations=at.iteration,
            stopping_criterion=ending,
            cost_evaluations=tried,
            step_size=self._step_size,
            gradient_norm=at.gradient_norm,
        )

    def _next(self, problem: pymanopt.Problem, at: Iterate) -> Iterate:
        h, iteration = self._step_size, at.iteration + 1
        arrival, duration = iteration * h, h
        if arrival >= self._t_end - _NO_STEP_OF_ITS_OWN * h:
            arrival, duration = self._t_end, self._t_end - at.time
        step = self.displacement(problem, at.point, at.gradient, duration)
        return _evaluated(problem, iteration, arrival, problem.manifold.retraction(at.point, step))

    def _ending(self, at: Iterate, began: float) -> str | None:
        if at.time == self._t_end:
            return f"Terminated - time {at.time:g} of the flow reached after {at.iteration} steps."
        return self._check_stopping_criterion(start_time=began, iteration=at.iteration)

    def _note(self, at: Iterate) -> None:
        if self._verbosity >= 1:
            print(f"{at.iteration:6d}  {at.time:.6e}  {at.cost:+.12e}  {at.gradient_norm:.3e}")
        if self._log_verbosity == 0:
            return
        entry = {
            "iteration": at.iteration,
            "time": at.time,
            "point": at.point.bare() if isinstance(at.point, Point) else at.point,
            "cost": at.cost,
            "gradient_norm": at.gradient_norm,
        }
        for name, value in entry.items():
            self._log["iterations"][name].append(value)


class EulerSteps(FlowSteps):
    """Explicit Euler steps x+ = R_x(-h grad l) along the Riemannian gradient flow.

    At a fixed time the iterates are within O(h) of the flow, whatever the retraction: all have the
    velocity in common. On `problem.natural()` these are the steps of `GaussNewton(step_size=h)` on
    `problem`, which passes to the metric of the loss by itself and ends where the gradient
    vanishes. Here the metric is that of the problem's own manifold, and the run ends at its time,
    optimal or not.

    Args:
        step_size: h, in units of the flow's time.
        t_end: The time at which to arrive; the last step is shortened for that.
        max_iterations, max_time: Limits on steps and on seconds, which may end the run before.
        verbosity: 0 is silent, 1 prints a line a step.
        log_verbosity: 1 keeps every iterate in `result.log["iterations"]`: `iteration`, `time` (of
            the flow), `point`, `cost` and `gradient_norm`, the last entry that of the returned
            point; points of riemgn's without their Jacobians.

    Raises:
        TypeError: An argument is no number.
        ValueError: `step_size`, `t_end` or a limit is out of range.
    """

    def displacement(
        self, problem: pymanopt.Problem, point: Any, gradient: Any, duration: float
    ) -> Any:
        """Return -h grad l."""
        return -duration * gradient


class TaylorSteps(FlowSteps):
    """Second-order steps x+ = R_x(-h grad l + h^2/2 Hess l[grad l]) along the gradient flow.

    Along c' = -grad l(c) the covariant acceleration is D/dt c' = -Hess l[c'] = Hess l[grad l]. With
    a retraction of order 2 the curve h -> R_x(h v + h^2/2 a) has velocity v and covariant
    acceleration a at 0 (that of order 2 is exp_x up to O(h^3)), which are here those of the flow. A
    step then errs by O(h^3), and the iterates at a fixed time by O(h^2). A retraction of order 1
    adds an acceleration of its own, Gamma(xi, xi) for the parametric one with xi the lift of v
    (docs/theory.md, section 2), and order 1 is all that remains.

    On manifolds that do not state the order of their retraction, pymanopt's own, it is taken as it
    is: the order of the steps is 2 where the retraction's is, as for its spheres.

    Args:
        step_size, t_end, max_iterations, max_time, verbosity, log_verbosity: As for `EulerSteps`.

    Raises:
        TypeError: An argument is no number.
        ValueError: `step_size`, `t_end` or a limit is out of range.
    """

    def run(
        self, problem: pymanopt.Problem, *, initial_point: Any | None = None
    ) -> OptimizerResult:
        """Follow the flow as `EulerSteps.run` does.

        Raises:
            TypeError, riemgn.NumericalError: As for `EulerSteps.run`.
            ValueError: As there, or the manifold states a retraction of order 1.
            NotImplementedError: The problem has no `riemannian_hessian`, as in a metric that varies
                (`Problem.natural`).
        """
        _require_second_order(_checked_problem(problem).manifold)
        return super().run(problem, initial_point=initial_point)

    def displacement(
        self, problem: pymanopt.Problem, point: Any, gradient: Any, duration: float
    ) -> Any:
        """Return -h grad l + h^2/2 Hess l[grad l]."""
        acceleration = problem.riemannian_hessian(point, gradient)
        return -duration * gradient + 0.5 * duration**2 * acceleration


def _checked_problem(problem: pymanopt.Problem) -> pymanopt.Problem:
    if isinstance(problem, type) or not all(hasattr(problem, a) for a in _ASKED_OF_A_PROBLEM):
        raise TypeError(f"problem must be a pymanopt.Problem, got {type(problem).__name__}")
    return problem


def _start(problem: pymanopt.Problem, initial_point: Any | None) -> Any:
    if isinstance(problem, Problem):
        return belonging(problem, initial_point)
    return problem.manifold.random_point() if initial_point is None else initial_point


def _require_second_order(manifold: pymanopt.manifolds.manifold.Manifold) -> None:
    if isinstance(manifold, ImmersedManifold) and manifold.metric.varies:
        raise NotImplementedError(
            "TaylorSteps needs problem.riemannian_hessian, which a metric that varies over R^n, as "
            "that of problem.natural(), does not have; EulerSteps does without it"
        )
    order = getattr(manifold, "retraction_order", None)
    if order is not None and order < 2:
        serving = ", ".join(name for name, kind in RETRACTIONS.items() if kind.order >= 2)
        name = getattr(manifold, "retraction_name", str(manifold))
        raise ValueError(
            f"TaylorSteps needs a retraction of order 2, got {name!r} of order {order:g}; of order "
            f"2 or more are riemgn's {serving}"
        )


def _evaluated(problem: pymanopt.Problem, iteration: int, at: float, point: Any) -> Iterate:
    """Return the iterate that a point is.

    Raises:
        NumericalError: Its cost or its gradient is not finite.
    """
    cost = float(problem.cost(point))
    if not np.isfinite(cost):
        raise NumericalError(_not_finite("cost", iteration))
    gradient = problem.riemannian_gradient(point)
    norm = float(problem.manifold.norm(point, gradient))
    if not np.isfinite(norm):
        raise NumericalError(_not_finite("gradient's norm", iteration))
    return Iterate(iteration, at, point, cost, gradient, norm)


def _not_finite(what: str, iteration: int) -> str:
    where = "where it leads" if iteration else "at the initial point"
    return f"the {what} is not finite {where}"
