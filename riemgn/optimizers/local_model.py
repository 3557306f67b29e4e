"""The Gauss-Newton model of a loss at a point, and the trials that a step search makes with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from riemgn.errors import NumericalError
from riemgn.linalg import DampedSystem
from riemgn.manifolds import Point
from riemgn.optimizers.optimality import Optimality, optimality_at, rounding
from riemgn.problem import Problem

# The share of the cost by which a last step may raise it.
_SLACK = 1e-13


@dataclass(frozen=True)
class Trial:
    """An accepted step: where it leads and how well the model foresaw it.

    Attributes:
        point: The new point.
        cost: The loss there.
        damping: The damping of the step.
        gain_ratio: The decrease of the loss over the model's.
        model: The model at the new point, where the step's acceptance needed it.
    """

    point: Point
    cost: float
    damping: float
    gain_ratio: float
    model: LocalModel | None = None

    def modelled(self, before: LocalModel) -> Trial:
        """Return this trial with the model at its point, in the units of the one before."""
        if self.model is not None:
            return self
        return replace(self, model=before.moved(self.point, self.cost))

    def halves_cosine(self, before: LocalModel) -> bool:
        """Whether a trial that is `modelled` has less than half the tangent cosine."""
        cosine = self.model.optimality.tangent_cosine
        return cosine < 0.5 * before.optimality.tangent_cosine


class DampedModel:
    """Damped steps at a point: `|B x - t|^2 / 2`, B = L^T J, whatever the root L and the target t.

    Everything that does not depend on the damping is computed once.

    Args:
        point: The point.
        system: The damped least squares of B.
        target: t, (n,): L t is minus the gradient of the loss.
        nullity: How many eigenvalues of B B^T are zero by the structure of L alone.

    Raises:
        NumericalError: The Gram matrix or the kernel overflows.
    """

    def __init__(
        self,
        point: Point,
        system: DampedSystem,
        target: np.ndarray,
        nullity: int = 0,
    ) -> None:
        self.point = point
        self.system = system
        self.target = target
        self.nullity = nullity
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

    @cached_property
    def kernel_eigenvalues(self) -> np.ndarray:
        """The eigenvalues of the kernel B B^T that may differ from zero, least first."""
        zeros = self.nullity - max(self.system.rows - self.point.params.size, 0)
        return self.system.kernel_eigenvalues()[max(zeros, 0) :]


class LocalModel(DampedModel):
    """g(f(w + x)) to second order in the outputs: `|B x - t|^2 / 2`, B = L^T J and L t = -g'."""

    def __init__(
        self,
        problem: Problem,
        point: Point,
        cost: float,
        scale: np.ndarray | None,
        spend: Callable[[], None] = lambda: None,
    ) -> None:
        self.problem = problem
        self.cost = cost
        self._spend = spend  # told of every trial, and may forbid it
        self.scale = scale
        loss, u = problem.loss, point.outputs
        self.root = loss.hessian_root(u)
        system = point.jet.damped_system(self.root, scale)
        super().__init__(point, system, -loss.whitened_gradient(u), loss.hessian_nullity)

    def moved(self, point: Point, cost: float) -> LocalModel:
        """Return the model at another point, in the same units."""
        return LocalModel(self.problem, point, cost, self.scale, self._spend)

    @cached_property
    def optimality(self) -> Optimality:
        """The point's first-order optimality, a lower bound where B is ill-conditioned."""
        residual_norm = float(np.linalg.norm(self.target))
        jet = self.point.jet
        with np.errstate(over="ignore"):
            if jet.shape[1] > jet.shape[0]:
                reach = float(np.linalg.norm(self.root.transposed(jet.reach())))
            else:
                reach = self.system.reach(jet.params)
            reach += float(np.linalg.norm(self.root.transposed(jet.outputs)))
        return Optimality(
            self.system.range_norm(self.target),
            residual_norm,
            rounding(residual_norm, reach, self.cost),
            cost=self.cost,
        )

    @property
    def slack(self) -> float:
        """By how much a step at the end of a run may raise the cost: rounding, and hardly any."""
        return min(self.optimality.rounding, _SLACK * abs(self.cost))

    def confirmed_optimality(self, tolerance: float) -> Optimality:
        """Return `optimality`, through an orthogonal factor where the tolerance seems met."""
        if self.optimality.is_met(tolerance):
            return optimality_at(self.problem, self.point)
        return self.optimality

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
        self._spend()
        with np.errstate(over="ignore"):
            w = self.problem.manifold.immersion.moved(self.point.params, step)
        if not np.all(np.isfinite(w)):
            return self.point, np.inf
        try:
            point = Point(self.problem.manifold.immersion.at(w))
            return point, self.problem.cost(point)
        except ArithmeticError:  # outside the domain of f
            return self.point, np.inf
