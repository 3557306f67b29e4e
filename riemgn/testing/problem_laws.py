"""Laws of problems: of the cost on the manifold, the preconditioner, and a riemgn loss."""

from __future__ import annotations

import numpy as np

from riemgn.losses import AutogradLoss, DirectSumLoss, HuberLoss, Loss, SquaredLoss, WeightedLoss
from riemgn.problem import Problem
from riemgn.testing.arrays import disagreement, size_of
from riemgn.testing.cases import ProblemCase
from riemgn.testing.cost_laws import COST_LAWS
from riemgn.testing.laws import Residual, Slope, law
from riemgn.testing.slopes import Curve, measured_slope

VECTORS = 3
ROUNDING = 1e-10  # of a loss's products, relative


@law("cost is finite and repeatable")
def cost_is_finite_and_repeatable(case: ProblemCase) -> Residual:
    """The cost at x is a finite real number, the same twice."""
    first, second = (float(case.problem.cost(case.point)) for _ in range(2))
    return Residual(abs(first - second) if np.isfinite(first) else np.inf, 0.0)


@law("preconditioner is symmetric and positive")
def preconditioner_is_symmetric_and_positive(case: ProblemCase) -> Residual:
    """<C v, z> = <v, C z> and <C v, v> > 0."""
    M, x, C = case.manifold, case.point, case.problem.preconditioner
    pairs = [(case.direction(), case.direction()) for _ in range(VECTORS)]
    left = [M.inner_product(x, C(x, v), z) for v, z in pairs]
    right = [M.inner_product(x, v, C(x, z)) for v, z in pairs]
    positive = all(M.inner_product(x, C(x, v), v) > 0 for v, _ in pairs)
    scale = 1e-2 * max(M.norm(x, C(x, v)) for v, _ in pairs)
    return Residual(disagreement(left, right, scale) if positive else np.inf, case.accuracy)


@law("preconditioner is tangent")
def preconditioner_is_tangent(case: ProblemCase) -> Residual:
    """C v is tangent for a tangent vector v."""
    x, v = case.point, case.direction()
    better = case.problem.preconditioner(x, v)
    onto = case.manifold.projection(x, case.embedded(better))
    return Residual(disagreement(onto, better), case.accuracy)


@law("loss gradient is the derivative of its value")
def loss_gradient_is_the_derivative(case: ProblemCase) -> Slope:
    """g(u + t a) - g(u) - t <g'(u), a> falls as t^2."""
    loss, u, vectors = _loss(case)
    slopes = vectors @ loss.gradient(u)
    start = loss.value(u)

    def rest(t: float) -> np.ndarray:
        return np.array([loss.value(u + t * a) for a in vectors]) - start - t * slopes

    return Slope(_slope(rest, abs(start), slopes), 2)


@law("loss Hessian is the derivative of its gradient")
def loss_hessian_is_the_derivative(case: ProblemCase) -> Slope:
    """g'(u + t a) - g'(u) - t g''(u) a falls as t^2."""
    loss, u, (a, *_) = _loss(case)
    start, bent = loss.gradient(u), loss.hessian_vp(u, a)

    def rest(t: float) -> np.ndarray:
        return loss.gradient(u + t * a) - start - t * bent

    return Slope(_slope(rest, size_of(start), bent), 2)


@law("loss Hessian is symmetric")
def loss_hessian_is_symmetric(case: ProblemCase) -> Residual:
    """<g'' a, b> = <a, g'' b>."""
    loss, u, (a, b, _) = _loss(case)
    left, right = loss.hessian_vp(u, a) @ b, a @ loss.hessian_vp(u, b)
    scale = 1e-3 * size_of(loss.hessian_vp(u, a)) * size_of(b)
    return Residual(disagreement(left, right, scale), ROUNDING)


@law("loss third derivative is that of its Hessian")
def loss_third_derivative_is_that_of_the_hessian(case: ProblemCase) -> Slope:
    """g''(u + t a) b - g''(u) b - t g'''(u)[a, b, .] falls as t^2."""
    loss, u, (a, b, _) = _loss(case)
    start, turn = loss.hessian_vp(u, b), loss.third_derivative(u, a, b)

    def rest(t: float) -> np.ndarray:
        return loss.hessian_vp(u + t * a, b) - start - t * turn

    return Slope(_slope(rest, size_of(start), turn), 2)


@law("loss Hessian root is a root of the Hessian")
def loss_root_is_a_root_of_the_hessian(case: ProblemCase) -> Residual:
    """L L^T a = g'' a."""
    loss, u, (a, *_) = _loss(case)
    if _stands_in(loss):
        raise NotImplementedError(f"the root of {type(loss).__name__} stands in for the Hessian's")
    root = loss.hessian_root(u)
    return Residual(disagreement(root.times(root.transposed(a)), loss.hessian_vp(u, a)), ROUNDING)


@law("loss whitened gradient is the gradient through the root")
def loss_whitened_gradient_is_the_gradient(case: ProblemCase) -> Residual:
    """L s = g'(u)."""
    loss, u, _ = _loss(case)
    through = loss.hessian_root(u).times(loss.whitened_gradient(u))
    return Residual(disagreement(through, loss.gradient(u)), ROUNDING)


LOSS_LAWS = (
    loss_gradient_is_the_derivative,
    loss_hessian_is_the_derivative,
    loss_hessian_is_symmetric,
    loss_third_derivative_is_that_of_the_hessian,
    loss_root_is_a_root_of_the_hessian,
    loss_whitened_gradient_is_the_gradient,
)

PROBLEM_LAWS = (
    cost_is_finite_and_repeatable,
    *COST_LAWS,
    preconditioner_is_symmetric_and_positive,
    preconditioner_is_tangent,
    *LOSS_LAWS,
)


def _loss(case: ProblemCase) -> tuple[Loss, np.ndarray, np.ndarray]:
    """Return the loss, the outputs, and random changes of them as rows, (3, n)."""
    if not isinstance(case.problem, Problem):
        raise NotImplementedError("the problem is not a riemgn.Problem: its cost has no loss")
    u = np.array(case.point)
    return case.problem.loss, u, case.generator.normal(size=(VECTORS, u.size))


def _stands_in(loss: Loss) -> bool:
    """Whether the root is that of another metric than the Hessian."""
    if isinstance(loss, WeightedLoss):
        return _stands_in(loss.loss)
    if isinstance(loss, DirectSumLoss):
        return _stands_in(loss.first) or _stands_in(loss.second)
    by_default = type(loss).hessian_root is Loss.hessian_root  # the identity
    return isinstance(loss, HuberLoss | AutogradLoss) or (
        by_default and not isinstance(loss, SquaredLoss)
    )


def _slope(rest, size: float, term: np.ndarray) -> Curve:
    return measured_slope(
        lambda t: size_of(rest(t)), size=size, term=size_of(term), order=1, accuracy=1e-6
    )
