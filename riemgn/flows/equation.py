"""An equation of a flow: its state, the parameters that belong to it, and its rate."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.integrate import DOP853, OdeSolver

from riemgn.errors import NumericalError
from riemgn.linalg.factor import EPS
from riemgn.manifolds import Point
from riemgn.manifolds.metrics import LossHessian
from riemgn.manifolds.sight import Sight
from riemgn.problem import Problem

# The largest share of what rounding is relative to below which no unit of a state goes: with it an
# error of 1e-10 units is no less than rounding.
_FAINTEST = 1e-5

# How many roundings of the start are tried to see what they make of the velocity.
ROUNDINGS = 3


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
    to what the flow does there in a unit of time; but not in smaller ones than rounding allows at
    the tolerance of a step.

    Args:
        problem: The problem; its manifold's metric is that of the flow.
        start: Where it begins.
        tolerance: The error of a step in these units.

    Attributes:
        times_a_step: How many times of a step are kept where none are asked for, its end included.
    """

    times_a_step = 4

    def __init__(self, problem: Problem, start: Point, tolerance: float) -> None:
        self.problem = problem
        self.start = start
        self.tolerance = tolerance
        self.unit = 1.0
        velocity = self.rate(0.0, self.origin)
        errors = self._errors(lambda state: self.rate(0.0, state), velocity)
        self.unit = self._least(root_mean_square(velocity), errors, root_mean_square(self.reach))

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

    def rounded_states(self) -> list[np.ndarray]:
        """Return states (m,), in units of 1, that differ from the start by rounding alone."""
        generator, size = np.random.default_rng(0), np.abs(self.reach)
        return [EPS * size * generator.choice([-1.0, 1.0], size.size) for _ in range(ROUNDINGS)]

    def _errors(
        self, function: Callable[[np.ndarray], np.ndarray], value: np.ndarray
    ) -> list[np.ndarray] | None:
        """Return what rounding makes of a function of states in units of 1 and its start's value.

        It is None where a state is none of the flow's: the rank changes, or f is not finite.
        """
        try:
            return [function(state) - value for state in self.rounded_states()]
        except NumericalError:
            return None

    def _least(self, size: float, errors: list[np.ndarray] | None, reach: float) -> float:
        """Return a unit of that size, or the least of which the tolerance exceeds rounding.

        Args:
            size: The size of what is measured.
            errors: What rounding makes of it; None where that is not known.
            reach: What rounding is relative to at least.
        """
        faintest = _FAINTEST * reach
        if errors is not None:
            faintest = min(faintest, root_mean_square(np.array(errors)) / self.tolerance)
        return max(size, faintest) or 1.0

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
        return place_of(Point(self.problem.manifold.immersion.at(self.params(state))))


def moment_at(problem: Problem, sight: Sight, damping: float) -> Moment:
    """Return what a trajectory keeps of a place that the metric of the problem's manifold sees."""
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
    zeros = nullity(problem) - max(n - p, 0)
    freedom = problem.manifold.immersion.degrees_of_freedom
    zeros = max(zeros, min(n, p) - min(n, freedom), 0)
    return float(sight.factor.singular_values()[-1 - zeros] ** 2)


def nullity(problem: Problem) -> int:
    """Return how many eigenvalues of the kernel are zero by the structure of the metric alone."""
    metric = problem.manifold.metric
    return problem.loss.hessian_nullity if isinstance(metric, LossHessian) else 0


def root_mean_square(values: np.ndarray) -> float:
    """Return the root of the mean of the squares of all values."""
    return float(np.sqrt(np.mean(values**2)))


def place_of(point: Point) -> str:
    """Return what is said of a point where a flow breaks down."""
    return (
        f"|w| = {np.linalg.norm(point.params):.3g}, rank {point.rank}, "
        f"condition number {point.condition_number:.1e}"
    )
