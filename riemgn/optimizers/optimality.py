"""First-order optimality of a point, measured so that no unit and no scale matters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from riemgn.linalg import factorise, seen_through
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
    """

    gradient_norm: float
    residual_norm: float
    rounding: float
    model_promise: float = np.inf

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
        return self.promise <= self.rounding

    def is_met(self, tolerance: float) -> bool:
        """Whether the cosine is at most `tolerance`, or nothing is left to gain."""
        settled = self.at_precision or self.model_promise <= 10 * self.rounding
        return settled or self.tangent_cosine <= tolerance


def optimality_at(problem: Problem, point: Point) -> Optimality:
    """Return the optimality of a point through an orthogonal or equally accurate factor."""
    loss, jet = problem.loss, point.jet
    root = loss.hessian_root(point.outputs)
    s = loss.whitened_gradient(point.outputs)
    B = seen_through(jet, root)
    factor = point.factor if root.is_identity else factorise(B)
    with np.errstate(over="ignore"):
        reach = np.linalg.norm(root.transposed(jet.reach()))
    residual_norm = float(np.linalg.norm(s))
    return Optimality(
        float(np.linalg.norm(factor.project(s))),
        residual_norm,
        rounding(residual_norm, float(reach), problem.cost(point)),
    )


def rounding(residual_norm: float, reach: float, cost: float) -> float:
    """Return what rounding may do to a loss whose outputs move by eps `reach` with rounded w."""
    return 10 * EPS * (residual_norm * reach + abs(cost))


def model_promise(problem: Problem, point: Point) -> float:
    """Return what the full second-order model at a point promises to gain.

    It is q^T (B^T B + S)^{-1} q / 2 with q the gradient by the parameters and
    S = sum_i g'_i Hess f_i. Infinite where the model has no minimum, or for too many parameters.
    """
    loss, jet = problem.loss, point.jet
    p = point.params.size
    if p > _MOST_PARAMETERS:
        return np.inf
    B = seen_through(jet, loss.hessian_root(point.outputs))
    gradient = loss.gradient(point.outputs)
    bends = [jet.hessian_vp(gradient, e) for e in np.eye(p)]
    with np.errstate(all="ignore"):  # what leaves the range of floats gives no answer
        G = B.gram()
        units = 1 / np.sqrt(np.where(np.diagonal(G) > 0, np.diagonal(G), 1.0))
        H = (G + np.stack(bends, axis=1)) * units * units[:, None]
        H = 0.5 * H + 0.5 * H.T
    if not np.all(np.isfinite(H)):
        return np.inf
    try:
        values, vectors = np.linalg.eigh(H)
    except np.linalg.LinAlgError:
        return np.inf
    if values[0] <= p * EPS * values[-1]:
        return np.inf
    q = vectors.T @ (units * jet.vjp(gradient))
    return 0.5 * float(q @ (q / values))
