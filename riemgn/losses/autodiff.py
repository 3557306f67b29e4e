"""A loss given by any autograd function of the outputs."""

from __future__ import annotations

from collections.abc import Callable

import autograd.numpy as anp
import numpy as np
from autograd import grad
from autograd.tracer import isbox

from riemgn.arguments import integer
from riemgn.linalg.roots import DiagonalRoot
from riemgn.losses.loss import Loss, silently
from riemgn.tracing import traced_alone


class AutogradLoss(Loss):
    """g(u) = function(u), with all derivatives by automatic differentiation.

    Nothing is known of its convexity, so nu = 0 and mu = infinity. Two Hessian products tell
    whether the Hessian is diagonal and positive: L is then its root, as for every loss that is a
    sum over outputs. Otherwise L is a multiple of the identity, of the Hessian's mean curvature,
    so that a factor on the loss changes no step. Subclass and override to say more.

    Args:
        function: A scalar function of a vector of outputs, written with `autograd.numpy`; convex,
            which is not checked.
        size: The number of outputs, or None if any will do.

    Raises:
        TypeError: `function` is not callable or returns a complex number, or `size` is no integer.
        ValueError: `function` returns no scalar, or its derivative is asked for and it does not
            depend on u as autograd sees it, the sign of plain numpy inside it.
    """

    def __init__(self, function: Callable, size: int | None = None) -> None:
        if not callable(function):
            raise TypeError(f"function must be callable, got {type(function).__name__}")
        self.function = function
        self.size = None if size is None else integer("size", size)

    def __repr__(self) -> str:
        name = getattr(self.function, "__name__", type(self.function).__name__)
        return f"AutogradLoss({name}, size={self.size})"

    @silently
    def value(self, u) -> float:
        """Return function(u)."""
        result = np.asarray(self.function(self._vector(u)))
        if np.iscomplexobj(result):
            raise TypeError(f"function must return a real number, got {result}")
        if result.shape != ():
            raise ValueError(f"function must return a scalar, got shape {result.shape}")
        return float(result)

    @silently
    @traced_alone()
    def gradient(self, u) -> np.ndarray:
        """Return the gradient, by one backward pass."""
        return grad(self._traced)(self._vector(u))

    @silently
    @traced_alone()
    def hessian_vp(self, u, v) -> np.ndarray:
        """Return the Hessian-vector product, the gradient of a directional derivative."""
        return grad(_slope(self._traced, self._vector(v, "v")))(self._vector(u))

    @silently
    @traced_alone()
    def third_derivative(self, u, a, b) -> np.ndarray:
        """Return the gradient of a second directional derivative, exact to rounding."""
        first = _slope(self._traced, self._vector(a, "a"))
        return grad(_slope(first, self._vector(b, "b")))(self._vector(u))

    def hessian_root(self, u) -> DiagonalRoot:
        """Return the root of the Hessian if it is diagonal, else of its mean curvature."""
        return DiagonalRoot(np.sqrt(self._curvatures(u)))

    @silently
    def whitened_gradient(self, u) -> np.ndarray:
        """Return g'(u) over the diagonal of `hessian_root`."""
        return self.gradient(u) / np.sqrt(self._curvatures(u))

    @silently
    def _curvatures(self, u) -> np.ndarray:
        """The Hessian's diagonal (n,), or n times an estimate of its mean eigenvalue."""
        u = self._vector(u)
        signs = np.random.default_rng(0).choice([-1.0, 1.0], size=u.size)
        summed, signed = self.hessian_vp(u, np.ones(u.size)), self.hessian_vp(u, signs)
        largest = np.abs(summed).max()
        is_diagonal = np.abs(signed - signs * summed).max() <= 1e-9 * largest
        if is_diagonal and summed.min() > 1e-9 * largest:
            return summed
        mean = float(signs @ signed) / u.size  # Hutchinson's estimate of trace / n
        return np.full(u.size, mean if np.isfinite(mean) and mean > 0 else 1.0)

    def _traced(self, u):
        """Call the function on traced outputs, and raise where the trace is lost."""
        try:
            result = self.function(u)
        except (TypeError, ValueError, AttributeError) as error:
            raise ValueError(
                f"function cannot be traced; write it with autograd.numpy, not numpy: {error}"
            ) from error
        if not isbox(result):
            raise ValueError(
                "function does not depend on u as far as autograd can see; "
                "write it with autograd.numpy, not numpy"
            )
        if result.shape != ():
            raise ValueError(f"function must return a scalar, got shape {result.shape}")
        return result


def _slope(function: Callable, direction: np.ndarray) -> Callable:
    """Return u -> D function(u)[direction].

    The zero term keeps it a traced function of u where the derivative is constant; autograd would
    warn otherwise.
    """
    derivative = grad(function)
    return lambda u: anp.dot(derivative(u), direction) + 0.0 * anp.sum(u)
