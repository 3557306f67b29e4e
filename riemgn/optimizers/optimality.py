"""First-order optimality of a point, measured so that no unit and no scale matters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from riemgn.linalg import factorise, seen_through
from riemgn.linalg.spectral import SMALL, DampedSpectrum
from riemgn.manifolds import Point
from riemgn.problem import Problem

EPS = float(np.finfo(np.float64).eps)

# The most parameters for which a whole Hessian is formed to judge a doubtful end.
_MOST_PARAMETERS = 200


@dataclass(frozen=True)
class Optimality:
    """How near a point is to first-order optimality, in the metric of the loss.

    With H = L L^T the loss's Hessian and L s its gradient, P projects on the range of L^T J
    (docs/minimize.md).

    Attributes:
        gradient_norm: |P s|; for squared loss the norm of the Riemannian gradient on M.
        residual_norm: |s|.
        rounding: What rounding of the parameters and of the sum may do to the loss.
        model_promise: What the full second-order model promises to gain, where that was asked for
            and the model has a minimum. It settles the case of a minimum at which J loses rank: the
            cosine then keeps a direction that the Jacobian hardly sees.
        cost: The loss.
    """

    gradient_norm: float
    residual_norm: float
    rounding: float
    model_promise: float = np.inf
    cost: float = np.inf

    @property
    def tangent_cosine(self) -> float:
        """|P s| / |s|, the cosine between residual and tangent space; 0 where s = 0."""
        return self.gradient_norm / self.residual_norm if self.residual_norm > 0 else 0.0

    @property
    def promise(self) -> float:
        """|P s|^2 / 2, what the undamped Gauss-Newton model promises to gain."""
        return 0.5 * self.gradient_norm**2

    @property
    def at_precision(self) -> bool:
        """Whether all that is left to gain is below rounding."""
        return self._is_finite and self.promise <= self.rounding

    @property
    def _is_finite(self) -> bool:
        return bool(np.isfinite(self.gradient_norm) and np.isfinite(self.residual_norm))

    def is_met(self, tolerance: float) -> bool:
        """Whether the cosine is at most `tolerance`, or nothing is left to gain."""
        settled = self.at_precision or self.model_promise <= 10 * self.rounding
        return self._is_finite and (settled or self.has_normal_residual(tolerance))

    def has_normal_residual(self, tolerance: float) -> bool:
        """Whether the cosine is at most `tolerance`, and the promise that share of the loss.

        For squared loss the second follows from the first. Losses with saturated samples may have
        an |s| beyond any measure, which makes every cosine small.
        """
        small = self.promise <= tolerance * abs(self.cost) or self.promise == 0
        return small and self.tangent_cosine <= tolerance


def optimality_at(problem: Problem, point: Point) -> Optimality:
    """Return the optimality of a point through an orthogonal or equally accurate factor."""
    loss, jet = problem.loss, point.jet
    root = loss.hessian_root(point.outputs)
    s = loss.whitened_gradient(point.outputs)
    B = seen_through(jet, root)
    n, p = jet.shape
    units = problem.manifold.immersion.damping_scale(jet.params)
    if units is not None and p <= n and not B.streams and n * p * p <= SMALL:
        # the rank is that of relative changes: units of parameters do not matter
        gradient_norm = DampedSpectrum(B.jacobian(), units).range_norm(s)
    else:
        factor = point.factor if root.is_identity else factorise(B)
        gradient_norm = float(np.linalg.norm(factor.project(s)))
    with np.errstate(over="ignore"):
        reach = float(np.linalg.norm(root.transposed(jet.reach())))
        size = float(np.linalg.norm(root.transposed(point.outputs)))
    residual_norm, cost = float(np.linalg.norm(s)), problem.cost(point)
    return Optimality(
        gradient_norm, residual_norm, rounding(residual_norm, reach + size, cost), cost=cost
    )


def rounding(residual_norm: float, reach: float, cost: float) -> float:
    """Return what rounding may do to a loss whose outputs it moves by eps `reach`."""
    return 10 * EPS * (residual_norm * reach + abs(cost))


def model_promise(problem: Problem, point: Point) -> float:
    """Return what the full second-order model at a point promises to gain, infinite if unbounded.

    It is q^T (B^T B + S)^{-1} q / 2 with q the gradient by the parameters and
    S = sum_i g'_i Hess f_i. It is infinite for too many parameters, too.
    """
    model = _full_model(problem, point)
    return np.inf if model is None else 0.5 * float(model[0] @ model[1])


def newton_length(problem: Problem, point: Point) -> float:
    """Return how far the full model's minimum is, in shares of |w|; infinite where it has none."""
    model = _full_model(problem, point)
    size = float(np.linalg.norm(point.params))
    return np.inf if model is None else float(np.linalg.norm(model[1])) / max(size, EPS)


def _full_model(problem: Problem, point: Point) -> tuple[np.ndarray, np.ndarray] | None:
    """The descent direction -q (p,) and the step to the full model's minimum, if it has one."""
    loss, jet = problem.loss, point.jet
    p = point.params.size
    if p > _MOST_PARAMETERS:
        return None
    B = seen_through(jet, loss.hessian_root(point.outputs))
    gradient = loss.gradient(point.outputs)
    bends = [jet.hessian_vp(gradient, e) for e in np.eye(p)]
    with np.errstate(all="ignore"):  # what leaves the range of floats gives no answer
        H = B.gram() + np.stack(bends, axis=1)
        size = np.abs(np.diagonal(H))
        units = 1 / np.sqrt(np.where(size > 0, size, 1.0))
        H = H * units * units[:, None]
        H = 0.5 * H + 0.5 * H.T
    if not np.all(np.isfinite(H)):
        return None
    try:
        values, vectors = np.linalg.eigh(H)
    except np.linalg.LinAlgError:
        return None
    if values[0] <= p * EPS * values[-1]:
        return None
    descent = -jet.vjp(gradient)
    return descent, units * (vectors @ ((vectors.T @ (units * descent)) / values))
