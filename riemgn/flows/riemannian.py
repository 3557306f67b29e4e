"""The Riemannian gradient flow, with parameters or with outputs as its state."""

from __future__ import annotations

import numpy as np

from riemgn.errors import NumericalError
from riemgn.flows.equation import ROUNDINGS, Equation, Moment, moment_at, place_of
from riemgn.immersions.outputs import finite
from riemgn.linalg import seen_through
from riemgn.linalg.factor import EPS
from riemgn.manifolds import Point
from riemgn.manifolds.connection import ColumnUnits, Connection, FrameUnits, units_at
from riemgn.manifolds.metrics import AmbientMetric
from riemgn.manifolds.retractions.nearest import Foot, nearest
from riemgn.manifolds.sight import Sight
from riemgn.problem import Problem

NO_DIRECTION = "the Jacobian is zero at the start: no direction lowers the loss"


class GaussNewtonEquation(Equation):
    """w' = -J^+ g, the Riemannian gradient flow, in coordinates of the frame at the start.

    In these an error is one of the outputs, so that the flow in outputs does not depend on the
    parametrisation. The rank of J stays that of the start (docs/theory.md, section 4).
    """

    damping = 0.0

    def __init__(self, problem: Problem, start: Point, tolerance: float) -> None:
        manifold = problem.manifold
        sight = start.seen_in(manifold.metric)
        if sight.rank == 0:
            raise NumericalError(NO_DIRECTION)
        self._connection = Connection(manifold.immersion, manifold.metric, sight)
        self._units = units_at(sight)
        self._at_start = _amplifications(sight, self._units)[0]
        super().__init__(problem, start, tolerance)

    @property
    def origin(self) -> np.ndarray:
        return np.zeros(self.start.params.size)

    @property
    def reach(self) -> np.ndarray:
        return self.start.jet.reach() + np.abs(self.start.outputs)

    def params(self, state: np.ndarray) -> np.ndarray:
        return self.start.params + self._units.params(self.unit * state)

    def rounded_states(self) -> list[np.ndarray]:
        generator, w = np.random.default_rng(0), self.start.params
        signs = generator.choice([-1.0, 1.0], (ROUNDINGS, w.size))
        return [self._units.coordinates(EPS * sign * w) for sign in signs]

    def rate(self, t: float, state: np.ndarray) -> np.ndarray:
        sight = self._connection.sight(self.params(state))
        g = self.problem.loss.gradient(sight.jet.outputs)
        xi = lifted_gradient(self.problem.manifold.metric, sight, g)
        return -finite("J^+ g", self._units.coordinates(xi), sight.jet.params) / self.unit

    def amplifications(self, state: np.ndarray) -> tuple[float, float]:
        now, whole = _amplifications(self._connection.sight(self.params(state)), self._units)
        return now / self._at_start, whole

    def moment(self, state: np.ndarray) -> Moment:
        return moment_at(self.problem, self._connection.sight(self.params(state)), self.damping)


class OutputEquation(Equation):
    """u' = -P g at the point of M that is nearest to u: the same flow, with outputs as its state.

    The parameters serve to find that point, and are never integrated.
    """

    def __init__(self, problem: Problem, start: Point, tolerance: float) -> None:
        problem.manifold._require_constant_metric("the nearest point")
        self._reached = start
        sight = start.seen_in(problem.manifold.metric)
        if sight.rank == 0:
            raise NumericalError(NO_DIRECTION)
        self._rank = sight.rank
        self._units = units_at(sight)
        self._at_start = _amplifications(sight, self._units)[0]
        super().__init__(problem, start, tolerance)

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
        return moment_at(self.problem, sight, 0.0)

    def arrive(self, state: np.ndarray) -> None:
        self._reached = self._nearest(state)

    def amplifications(self, state: np.ndarray) -> tuple[float, float]:
        sight = self._reached.seen_in(self.problem.manifold.metric)
        now, whole = _amplifications(sight, self._units)
        return now / self._at_start, whole

    def told(self, state: np.ndarray) -> str:
        return place_of(self._reached)

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


def lifted_gradient(metric: AmbientMetric, sight: Sight, g: np.ndarray) -> np.ndarray:
    """Return the lift (p,) of the Riemannian gradient that represents a covector g (n,)."""
    seen = metric.whitened(sight.jet.outputs, g)
    if seen is None:
        seen = sight.factor.transposed_lift(sight.jet.vjp(g))
    return sight.factor.lift(seen)


def _amplifications(sight: Sight, units: FrameUnits | ColumnUnits) -> tuple[float, float]:
    """The Jacobian's condition number in the units of the start, and what lifts amplify now."""
    B = seen_through(sight.jet, sight.root)
    if B.streams:
        return 1.0, sight.amplification
    J = B.jacobian()
    values = np.linalg.svd(J @ units.params(np.eye(J.shape[1])), compute_uv=False)
    grown = values[0] / max(values[sight.rank - 1], np.finfo(np.float64).tiny)
    return float(grown), sight.amplification
