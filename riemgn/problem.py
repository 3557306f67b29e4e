"""A loss on a manifold of outputs, as a pymanopt problem with analytic derivatives."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pymanopt

from riemgn.display import problem_card
from riemgn.errors import NumericalError
from riemgn.losses import AutogradLoss, Loss
from riemgn.manifolds import ImmersedManifold, Point


class Problem(pymanopt.Problem):
    """Minimise a loss of the outputs over a manifold of outputs; every pymanopt optimizer takes it.

    The cost of a point outside the domain of f is infinite, so that optimizers refuse it.

    Args:
        manifold: The manifold M.
        loss: A `riemgn.losses.Loss`, or any `autograd.numpy` function of the outputs (n,).

    Raises:
        ValueError: The loss expects another number of outputs than M has.
    """

    def __init__(self, manifold: ImmersedManifold, loss: Loss | Callable) -> None:
        if not isinstance(manifold, ImmersedManifold):
            raise TypeError(
                f"manifold must be a riemgn.ImmersedManifold, got {type(manifold).__name__}"
            )
        if isinstance(loss, type):
            raise TypeError(f"loss must be a loss or a function, got the class {loss.__name__}")
        if not (isinstance(loss, Loss) or callable(loss)):
            raise TypeError(f"loss must be a loss or a function, got {type(loss).__name__}")
        self.loss = loss if isinstance(loss, Loss) else AutogradLoss(loss)
        n = manifold.immersion.known_ambient_dim
        if None not in (n, self.loss.size) and n != self.loss.size:
            raise ValueError(
                f"loss expects {self.loss.size} outputs, the manifold's points have {n}"
            )
        on_manifold = pymanopt.function.numpy(manifold)
        super().__init__(
            manifold,
            on_manifold(self._cost_of),
            euclidean_gradient=on_manifold(self._gradient_of),
            euclidean_hessian=on_manifold(self._hessian_of),
        )

    def natural(self) -> Problem:
        """Return this problem in the metric of the loss: its gradient flow is natural gradient."""
        return Problem(self.manifold.in_metric(self.loss), self.loss)

    def _cost_of(self, point: Point) -> float:
        if isinstance(point, Point) and not point.is_finite:
            return np.inf
        value = self.loss.value(np.asarray(point))
        return value if np.isfinite(value) else np.inf

    def _gradient_of(self, point: Point) -> np.ndarray:
        return _finite("gradient", self.loss.gradient(np.asarray(point)))

    def _hessian_of(self, point: Point, vector: np.ndarray) -> np.ndarray:
        return _finite("Hessian product", self.loss.hessian_vp(np.asarray(point), vector))

    def __reduce__(self):
        return Problem, (self.manifold, self.loss)

    def __repr__(self) -> str:
        return f"Problem({self.loss!r} on {self.manifold})"

    def _repr_html_(self) -> str:
        return problem_card(self)


def _finite(what: str, array: np.ndarray) -> np.ndarray:
    if not np.all(np.isfinite(array)):
        raise NumericalError(f"the loss's {what} holds NaN or infinity at this point")
    return array
