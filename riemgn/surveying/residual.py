"""The residual of a loss at a point, as the metric of M sees it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from riemgn.errors import NumericalError
from riemgn.linalg.roots import Root
from riemgn.manifolds import Point
from riemgn.manifolds.gauss import NO_ANGLE
from riemgn.problem import Problem


@dataclass(frozen=True, eq=False)
class Residual:
    """Minus the gradient of a loss in R^n, r = -H^-1 l' in the metric H = L L^T of M.

    For half squared error in the dot product it is y - u. All norms are those of the metric.

    Attributes:
        loss: The loss.
        root: L.
        seen: L^T r, (n,), or None where H may have no inverse.
        tangential_norm: That of the part tangent to M, the norm of the Riemannian gradient.
        normal_norm: That of the part normal to M, NaN where r is not known.
    """

    loss: float
    root: Root
    seen: np.ndarray | None
    tangential_norm: float
    normal_norm: float

    @property
    def why_unknown(self) -> str:
        """Why there is no residual, or ''."""
        if self.seen is not None:
            return ""
        return "the metric of M is the Hessian of another loss, which may have no inverse"

    @property
    def norm(self) -> float:
        """|r|, NaN where it is not known."""
        return float("nan") if self.seen is None else float(np.linalg.norm(self.seen))

    @property
    def tangent_cosine(self) -> float:
        """The cosine between r and the tangent space; 0 where r is zero."""
        return self.tangential_norm / self.norm if self.norm != 0 else 0.0

    @property
    def has_normal(self) -> bool:
        """Whether the normal part of r is more than rounding."""
        return self.normal_norm > NO_ANGLE * self.norm

    def vector(self) -> np.ndarray:
        """Return r, (n,)."""
        return self.root.solve_transposed(self.seen)


def residual_at(problem: Problem, x: Point) -> Residual:
    """Return the residual of a problem at a point.

    Raises:
        riemgn.NumericalError: The loss or its gradient is not finite, or the gradient is so large
            that its norm is not.
    """
    M = problem.manifold
    loss, g = float(problem.cost(x)), problem.euclidean_gradient(x)
    if not np.isfinite(loss):
        raise NumericalError("the loss is infinite at this point, or overflows")
    tangential_norm = float(M.norm(x, problem.riemannian_gradient(x)))
    seen = M.metric.whitened(x.outputs, g)
    normal_norm = float("nan")
    if seen is not None:
        seen = -seen
        normal_norm = _normal_norm(problem, x, seen)
    if not np.isfinite(tangential_norm) or (seen is not None and not np.isfinite(normal_norm)):
        raise NumericalError("the norm of the loss's gradient overflows at this point")
    return Residual(loss, M.metric.root(x.outputs), seen, tangential_norm, normal_norm)


def _normal_norm(problem: Problem, x: Point, seen: np.ndarray) -> float:
    sight = x.seen_in(problem.manifold.metric)
    if sight.rank == x.size:
        return 0.0
    return float(np.linalg.norm(seen - sight.factor.project(seen)))
