"""The equations of the flows: each has a state, the parameters that belong to it, and its rate."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.integrate import DOP853, OdeSolver

from riemgn.errors import NumericalError
from riemgn.flows.exponential import ExponentialRungeKutta, StiffPart, stiff_part
from riemgn.immersions.outputs import finite
from riemgn.linalg import precise_damped_system, seen_through
from riemgn.manifolds import Point
from riemgn.manifolds.connection import ColumnUnits, Connection, FrameUnits, units_at
from riemgn.manifolds.metrics import AmbientMetric, LossHessian
from riemgn.manifolds.retractions.nearest import Foot, nearest
from riemgn.manifolds.sight import Sight
from riemgn.optimizers.local_model import DampedModel
from riemgn.optimizers.prescribed import Prescribed
from riemgn.problem import Problem

NO_DIRECTION = "the Jacobian is zero at the start: no direction lowers the loss"

# The share of what rounding is relative to below which no unit of a state goes: with it an error of
# 1e-10 units is no less than rounding.
_FAINT = 1e-5


@dataclass(frozen=True)
class Moment:
    """What a trajectory keeps of one time besides the time itself.

    Attributes:
        params: w, (p,).
        outputs: f(w), (n,).
        loss: The loss there.
        gradient_norm: The norm of its Riemannian gradient.
        tangent_cosine: That over the norm of the whole gradient.
        least_eigenvalue: That of the kernel or of the Gram matrix.
        damping: rho.
    """

    params: np.ndarray
    outputs: np.ndarray
    loss: float
    gradient_norm: float
    tangent_cosine: float
    least_eigenvalue: float
    damping: float


class Equation(ABC):
    """A flow as an ordinary differential equation y' = F(y) of a state y, in units of its speed.

    y is measured in units of its own speed at the start, so that the error of a step is relative
    to what the flow does there in a unit of time; but not in smaller ones than rounding allows.

    Args:
        problem: The problem; its manifold's metric is that of the flow.
        start: Where it begins.

    Attributes:
        times_a_step: How many times of a step are kept where none are asked for, its end included.
    """

    times_a_step = 4

    def __init__(self, problem: Problem, start: Point) -> None:
        self.problem = problem
        self.start = start
        self.unit = 1.0
        speed, faintest = _rms(self.rate(0.0, self.origin)), _FAINT * _rms(self.reach)
        self.unit = max(speed, faintest) or 1.0

    @property
    @abstractmethod
    def origin(self) -> np.ndarray:
        """The state at the start."""

    @property
    @abstractmethod
    def reach(self) -> np.ndarray:
        """What the rounding of a state at the start is relative to, entry by entry."""

    @abstractmethod
    def params(self, state: np.ndarray) -> np.ndarray:
        """Return the parameters w (p,) of a state."""

    @abstractmethod
    def rate(self, t: float, state: np.ndarray) -> np.ndarray:
        """Return F, of the state's shape.

        Raises:
            NumericalError: It is not defined there.
        """

    @abstractmethod
    def moment(self, state: np.ndarray) -> Moment:
        """Return what a trajectory keeps of a state."""

    @property
    def solver(self) -> Callable[..., OdeSolver]:
        """What makes the integrator of a rate, as scipy's classes do."""
        return DOP853

    def arrive(self, state: np.ndarray) -> None:
        """Take note of a state that a step has reached."""
        return

    def amplifications(self, state: np.ndarray) -> tuple[float, float]:
        """Return by how much rounding in the velocity is amplified: since the start, and in all."""
        return 1.0, 1.0

    def told(self, state: np.ndarray) -> str:
        """Return what is said of the place where a flow breaks down."""
        return _told(Point(self.problem.manifold.immersion.at(self.params(state))))


class GaussNewtonEquation(Equation):
    """w' = -J^+ g, the Riemannian gradient flow, in coordinates of the frame at the start.

    In these an error is one of the outputs, so that the flow in outputs does not depend on the
    parametrisation. The rank of J stays that of the start (docs/theory.md, section 4).
    """

    damping = 0.0

    def __init__(self, problem: Problem, start: Point) -> None:
        manifold = problem.manifold
        sight = start.seen_in(manifold.metric)
        if sight.rank == 0:
            raise NumericalError(NO_DIRECTION)
        self._connection = Connection(manifold.immersion, manifold.metric, sight)
        self._units = units_at(sight)
        self._at_start = _amplifications(sight, self._units)[0]
        super().__init__(problem, start)

    @property
    def origin(self) -> np.ndarray:
        return np.zeros(self.start.params.size)

    @property
    def reach(self) -> np.ndarray:
        return self.start.jet.reach() + np.abs(self.start.outputs)

    def params(self, state: np.ndarray) -> np.ndarray:
        return self.start.params + self._units.params(self.unit * state)

    def rate(self, t: float, state: np.ndarray) -> np.ndarray:
        sight = self._connection.sight(self.params(state))
        g = self.problem.loss.gradient(sight.jet.outputs)
        xi = lifted_gradient(self.problem.manifold.metric, sight, g)
        return -finite("J^+ g", self._units.coordinates(xi), sight.jet.params) / self.unit

    def amplifications(self, state: np.ndarray) -> tuple[float, float]:
        now, whole = _amplifications(self._connection.sight(self.params(state)), self._units)
        return now / self._at_start, whole

    def moment(self, state: np.ndarray) -> Moment:
        return _moment(self.problem, self._connection.sight(self.params(state)), self.damping)


class OutputEquation(Equation):
    """u' = -P g at the point of M that is nearest to u: the same flow, with outputs as its state.

    The parameters serve to find that point, and are never integrated.
    """

    def __init__(self, problem: Problem, start: Point) -> None:
        problem.manifold._require_constant_metric("the nearest point")
        self._reached = start
        sight = start.seen_in(problem.manifold.metric)
        if sight.rank == 0:
            raise NumericalError(NO_DIRECTION)
        self._rank = sight.rank
        self._units = units_at(sight)
        self._at_start = _amplifications(sight, self._units)[0]
        super().__init__(problem, start)

    @property
    def origin(self) -> np.ndarray:
        return np.zeros(self.start.size)

    @property
    def reach(self) -> np.ndarray:
        return self.start.jet.reach() + np.abs(self.start.outputs)

    def params(self, state: np.ndarray) -> np.ndarray:
        return self._nearest(state).params

    def rate(self, t: float, state: np.ndarray) -> np.ndarray:
        return -self.problem.riemannian_gradient(self._nearest(state)) / self.unit

    def moment(self, state: np.ndarray) -> Moment:
        sight = self._nearest(state).seen_in(self.problem.manifold.metric)
        return _moment(self.problem, sight, 0.0)

    def arrive(self, state: np.ndarray) -> None:
        self._reached = self._nearest(state)

    def amplifications(self, state: np.ndarray) -> tuple[float, float]:
        sight = self._reached.seen_in(self.problem.manifold.metric)
        now, whole = _amplifications(sight, self._units)
        return now / self._at_start, whole

    def told(self, state: np.ndarray) -> str:
        return _told(self._reached)

    def _nearest(self, state: np.ndarray) -> Point:
        manifold, target = self.problem.manifold, self.start.outputs + self.unit * state
        finite("the outputs on the way", target, self._reached.params)
        gap = target - self._reached.outputs
        if not np.any(gap):
            return self._reached
        foot = nearest(Foot(manifold, self._reached, target), gap).point
        rank = foot.seen_in(manifold.metric).rank
        if rank != self._rank:
            raise NumericalError(f"the Jacobian's rank turns from {self._rank} to {rank}")
        return foot


class _InParameters(Equation):
    """A flow whose state is w - w0; the latest point is kept, which is asked for more than once."""

    def __init__(self, problem: Problem, start: Point) -> None:
        self._latest = start
        super().__init__(problem, start)

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


class DampedEquation(_InParameters):
    """w' = -[...]^{-1} J^T g, Levenberg-Marquardt's direction with a prescribed damping.

    Args:
        problem, start: As for `Equation`.
        schedule: The damping.
    """

    def __init__(self, problem: Problem, start: Point, schedule: Prescribed) -> None:
        self._schedule = schedule
        super().__init__(problem, start)

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
        problem: As for `Equation`.
        start: Likewise.
        t_end: The last time.
    """

    times_a_step = 1  # its steps are short

    def __init__(self, problem: Problem, start: Point, t_end: float) -> None:
        super().__init__(problem, start)
        velocity = self.unit * self.rate(0.0, self.origin)
        way = t_end * self._stiff(self.origin).phis({1: 1.0}, t_end, velocity)
        self.unit = max(_rms(way), _FAINT * _rms(self.reach)) or 1.0

    @property
    def solver(self) -> Callable[..., OdeSolver]:
        seen = np.linalg.norm(self.problem.loss.whitened_gradient(self.start.outputs))
        rounding = _FAINT * np.linalg.norm(self.start.jet.reach() + np.abs(self.start.outputs))
        reach = float(max(seen, rounding)) / self.unit or 1.0
        return partial(ExponentialRungeKutta, stiff=self._stiff, reach=reach)

    def rate(self, t: float, state: np.ndarray) -> np.ndarray:
        point = self.point(state)
        q = point.jet.vjp(self.problem.loss.gradient(point.outputs))
        return -finite("J^T g", q, point.params) / self.unit

    def moment(self, state: np.ndarray) -> Moment:
        return _moment(self.problem, self.point(state).seen_in(self.problem.manifold.metric), 1.0)

    def _stiff(self, state: np.ndarray) -> StiffPart:
        point = self.point(state)
        return stiff_part(seen_through(point.jet, self.problem.loss.hessian_root(point.outputs)))


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
    return DampedModel(point, system, -target, _nullity(problem))


def lifted_gradient(metric: AmbientMetric, sight: Sight, g: np.ndarray) -> np.ndarray:
    """Return the lift (p,) of the Riemannian gradient that represents a covector g (n,)."""
    seen = metric.whitened(sight.jet.outputs, g)
    if seen is None:
        seen = sight.factor.transposed_lift(sight.jet.vjp(g))
    return sight.factor.lift(seen)


def _moment(problem: Problem, sight: Sight, damping: float) -> Moment:
    u = sight.jet.outputs
    g = problem.loss.gradient(u)
    seen = problem.manifold.metric.whitened(u, g)
    if seen is None:
        tangential = sight.factor.transposed_lift(sight.jet.vjp(g))
        gradient_norm, norm = float(np.linalg.norm(tangential)), np.nan
    else:
        gradient_norm = float(np.linalg.norm(sight.factor.project(seen)))
        norm = float(np.linalg.norm(seen))
    return Moment(
        sight.jet.params,
        u,
        problem.cost(Point(sight.jet)),
        gradient_norm,
        gradient_norm / norm if norm != 0 else 0.0,
        _least_eigenvalue(problem, sight),
        damping,
    )


def _least_eigenvalue(problem: Problem, sight: Sight) -> float:
    """The least eigenvalue of the kernel or the Gram matrix but for structural zeros."""
    n, p = sight.jet.shape
    zeros = _nullity(problem) - max(n - p, 0)
    freedom = problem.manifold.immersion.degrees_of_freedom
    zeros = max(zeros, min(n, p) - min(n, freedom), 0)
    return float(sight.factor.singular_values()[-1 - zeros] ** 2)


def _nullity(problem: Problem) -> int:
    metric = problem.manifold.metric
    return problem.loss.hessian_nullity if isinstance(metric, LossHessian) else 0


def _amplifications(sight: Sight, units: FrameUnits | ColumnUnits) -> tuple[float, float]:
    """The Jacobian's condition number in the units of the start, and what lifts amplify now."""
    B = seen_through(sight.jet, sight.root)
    if B.streams:
        return 1.0, sight.amplification
    J = B.jacobian()
    values = np.linalg.svd(J @ units.params(np.eye(J.shape[1])), compute_uv=False)
    grown = values[0] / max(values[sight.rank - 1], np.finfo(np.float64).tiny)
    return float(grown), sight.amplification


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2)))


def _told(point: Point) -> str:
    return (
        f"|w| = {np.linalg.norm(point.params):.3g}, rank {point.rank}, "
        f"condition number {point.condition_number:.1e}"
    )
