"""The Gauss-Newton model of a loss at a point, and the trials that a step search makes with it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from riemgn.errors import NumericalError
from riemgn.linalg import DampedSystem
from riemgn.manifolds import Point
from riemgn.problem import Problem


@dataclass(frozen=True)
class Trial:
    """An accepted step: where it leads and how well the model foresaw it.

    Attributes:
        point: The new point.
        cost: The loss there.
        damping: The damping of the step.
        gain_ratio: The decrease of the loss over the model's.
    """

    point: Point
    cost: float
    damping: float
    gain_ratio: float


class LocalModel:
    """g(f(w + x)) to second order in the outputs: `|B x - t|^2 / 2`, B = L^T J and L t = -g'.

    Everything that does not depend on the damping is computed once.
    """

    def __init__(
        self, problem: Problem, point: Point, cost: float, scale: np.ndarray | None
    ) -> None:
        self.problem = problem
        self.point = point
        self.cost = cost
        self.root = problem.loss.hessian_root(point.outputs)
        self.target = -problem.loss.whitened_gradient(point.outputs)
        self.system: DampedSystem = point.jet.damped_system(self.root, scale)
        self._latest: tuple[float, np.ndarray] | None = None
        if not np.isfinite(self.system.largest):
            raise NumericalError("the Gram matrix or the kernel of the Jacobian overflows")

    @cached_property
    def descent(self) -> np.ndarray:
        """-J^T g', the steepest descent of the loss in parameters, (p,)."""
        return self.system.pull(self.target)

    def step(self, damping: float) -> np.ndarray:
        """Return the damped Gauss-Newton step (p,)."""
        if self._latest is None or self._latest[0] != damping:
            self._latest = (damping, self.system.solve(self.target, damping))
        return self._latest[1]

    def acceleration(self, step: np.ndarray, damping: float) -> np.ndarray:
        """Return -(damped)^+ L^T D^2 f[step, step], (p,): the geodesic's bend along the step."""
        bend = self.point.jet.second_derivative(step, step)
        return self.system.solve(-self.root.transposed(bend), damping)

    def predicted_decrease(self, step: np.ndarray, damping: float) -> float:
        """Return the decrease of the model along a damped step, free of cancellation."""
        return 0.5 * float(self.descent @ step + damping * self.system.norm(step) ** 2)

    def gradient_norm(self, step: np.ndarray) -> float:
        """Return sqrt(q^T x) for the damped step x: the gradient's norm on the graph."""
        return float(np.sqrt(max(self.descent @ step, 0.0)))

    def tried(self, step: np.ndarray) -> tuple[Point, float]:
        """Return the point a parameter step away and its cost, infinite outside the domain."""
        with np.errstate(over="ignore"):
            w = self.point.params + step
        if not np.all(np.isfinite(w)):
            return self.point, np.inf
        try:
            point = Point(self.problem.manifold.immersion.at(w))
            return point, self.problem.cost(point)
        except ArithmeticError:  # outside the domain of f
            return self.point, np.inf
