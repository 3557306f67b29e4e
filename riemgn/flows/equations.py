"""The flows whose state is the parameters: Levenberg-Marquardt's, and gradient flow."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from scipy.integrate import OdeSolver

from riemgn.errors import NumericalError
from riemgn.flows.equation import Equation, Moment, moment_at, nullity, root_mean_square
from riemgn.flows.exponential import ExponentialRungeKutta, StiffPart, stiff_part
from riemgn.flows.seen_errors import SeenDormandPrince
from riemgn.immersions.outputs import finite
from riemgn.linalg import precise_damped_system, seen_through
from riemgn.linalg.factor import Differential
from riemgn.manifolds import Point
from riemgn.optimizers.local_model import DampedModel
from riemgn.optimizers.prescribed import Prescribed
from riemgn.problem import Problem


class _InParameters(Equation):
    """A flow whose state is w - w0, with errors held down in the outputs, too.

    The latest point is kept, which is asked for more than once.
    """

    def __init__(self, problem: Problem, start: Point, tolerance: float) -> None:
        self._latest = start
        super().__init__(problem, start, tolerance)

    @property
    def origin(self) -> np.ndarray:
        return np.zeros(self.start.params.size)

    @property
    def reach(self) -> np.ndarray:
        return self.start.params

    def params(self, state: np.ndarray) -> np.ndarray:
        return self.start.params + self.unit * state

    def point(self, state: np.ndarray) -> Point:
        """Return the point of a state, where f is finite."""
        w = finite("the path of parameters", self.params(state), self.start.params)
        if not np.array_equal(w, self._latest.params):
            self._latest = Point(self.problem.manifold.immersion.at(w))
        finite("the output vector", self._latest.outputs, w)
        return self._latest

    def seen(self, state: np.ndarray) -> Differential:
        """Return the Jacobian at a state as the Hessian of the loss sees it."""
        point = self.point(state)
        return seen_through(point.jet, self.problem.loss.hessian_root(point.outputs))

    @property
    def residual(self) -> float:
        """What errors of the outputs are relative to: the residual at the start, as that sees it.

        It is no less than rounding allows.
        """
        loss, start = self.problem.loss, self.start
        seen = loss.whitened_gradient(start.outputs)
        errors = self._errors(
            lambda state: loss.whitened_gradient(self.point(state / self.unit).outputs), seen
        )
        reach = root_mean_square(start.jet.reach() + np.abs(start.outputs))
        return np.sqrt(seen.size) * self._least(root_mean_square(seen), errors, reach)


class DampedEquation(_InParameters):
    """w' = -[...]^{-1} J^T g, Levenberg-Marquardt's direction with a prescribed damping.

    Args:
        problem, start, tolerance: As for `Equation`.
        schedule: The damping.
    """

    def __init__(
        self, problem: Problem, start: Point, tolerance: float, schedule: Prescribed
    ) -> None:
        self._schedule = schedule
        super().__init__(problem, start, tolerance)

    @property
    def solver(self) -> Callable[..., OdeSolver]:
        return partial(SeenDormandPrince, seen=self.seen, reach=self.residual / self.unit)

    def rate(self, t: float, state: np.ndarray) -> np.ndarray:
        model = damped_model(self.problem, self.point(state))
        step, _ = self._schedule.direction(model)
        return finite("the damped direction", step, model.point.params) / self.unit

    def moment(self, state: np.ndarray) -> Moment:
        point = self.point(state)
        model = damped_model(self.problem, point)
        _, damping = self._schedule.direction(model)
        norm = float(np.linalg.norm(model.target))
        return Moment(
            point.params,
            point.outputs,
            self.problem.cost(point),
            gradient_norm := model.system.range_norm(model.target),
            gradient_norm / norm if norm > 0 else 0.0,
            float(model.kernel_eigenvalues[0]),
            damping,
        )


class GradientEquation(_InParameters):
    """w' = -J^T g, gradient flow in the parameters: stiff, with -J^T l'' J as its stiff part.

    The unit of the state is how far that part alone leads by the last time.

    Args:
        problem, start, tolerance: As for `Equation`.
        t_end: The last time.
    """

    times_a_step = 1  # its steps are short

    def __init__(self, problem: Problem, start: Point, tolerance: float, t_end: float) -> None:
        super().__init__(problem, start, tolerance)
        self.unit = 1.0
        velocity = self.rate(0.0, self.origin)
        stiff = self._stiff(self.origin)

        def way(rate: np.ndarray) -> np.ndarray:
            return t_end * stiff.phis({1: 1.0}, t_end, rate)

        errors = self._errors(lambda state: way(self.rate(0.0, state)), way(velocity))
        self.unit = self._least(
            root_mean_square(way(velocity)), errors, root_mean_square(self.reach)
        )

    @property
    def solver(self) -> Callable[..., OdeSolver]:
        reach = self.residual / self.unit
        return partial(ExponentialRungeKutta, stiff=self._stiff, reach=reach)

    def rate(self, t: float, state: np.ndarray) -> np.ndarray:
        point = self.point(state)
        q = point.jet.vjp(self.problem.loss.gradient(point.outputs))
        return -finite("J^T g", q, point.params) / self.unit

    def moment(self, state: np.ndarray) -> Moment:
        return moment_at(self.problem, self.point(state).seen_in(self.problem.manifold.metric), 1.0)

    def _stiff(self, state: np.ndarray) -> StiffPart:
        return stiff_part(self.seen(state))


def damped_model(problem: Problem, point: Point) -> DampedModel:
    """Return the damped steps at a point in the metric of the problem's manifold.

    Raises:
        NumericalError: The metric does not see the gradient of the loss, or the kernel overflows.
    """
    loss, metric = problem.loss, problem.manifold.metric
    target = metric.whitened(point.outputs, loss.gradient(point.outputs))
    if target is None:
        raise NumericalError(
            "the metric is the Hessian of another loss, through which this gradient is not seen"
        )
    system = precise_damped_system(point.jet, metric.root(point.outputs))
    return DampedModel(point, system, -target, nullity(problem))
