"""Derivatives of a map R^p -> R^n: by autograd, or by differences of a Jacobian that is given."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from autograd import grad, make_jvp
from autograd import numpy as anp
from autograd.core import JVPNode, VJPNode, make_vjp
from autograd.differential_operators import make_jvp_reversemode
from autograd.tracer import trace

from riemgn.immersions.outputs import require_vector
from riemgn.tracing import constant_derivatives, traced_alone

if TYPE_CHECKING:
    from riemgn.immersions.immersion import Immersion


class Traced:
    """Derivatives of an immersion written with autograd.numpy.

    Directional derivatives go forward, and fall back on reverse mode where autograd has no forward
    rule for one of the functions used.
    """

    def __init__(self, immersion: Immersion) -> None:
        self._immersion = immersion
        self._followed = False

    @traced_alone()
    def jacobian(self, w: np.ndarray) -> np.ndarray:
        self._require_trace(w)
        n, p = np.size(self._traceable(w)), w.size
        J = np.empty((n, p), order="F")
        if n < p:
            pull_back = make_vjp(self._traceable, w)[0]
            for i, row in enumerate(np.eye(n)):
                J[i] = pull_back(row)
        else:
            for j, column in enumerate(np.eye(p)):
                J[:, j] = self._push(w, column)
        return J

    @traced_alone()
    def jvp(self, w: np.ndarray, xi: np.ndarray) -> np.ndarray:
        self._require_trace(w)
        return self._push(w, xi)

    @traced_alone()
    def vjp(self, w: np.ndarray, v: np.ndarray) -> np.ndarray:
        self._require_trace(w)
        return np.asarray(make_vjp(self._traceable, w)[0](v), dtype=np.float64)

    @traced_alone()
    def second_derivative(self, w: np.ndarray, xi: np.ndarray, eta: np.ndarray) -> np.ndarray:
        self._require_trace(w)
        with constant_derivatives():
            try:
                return make_jvp(lambda z: make_jvp(self._traceable)(z)(xi)[1])(w)(eta)[1]
            except NotImplementedError:
                first = make_jvp_reversemode(self._traceable)
                return make_jvp_reversemode(lambda z: first(z)(xi))(w)(eta)

    @traced_alone()
    def hessian_vp(self, w: np.ndarray, normal: np.ndarray, xi: np.ndarray) -> np.ndarray:
        self._require_trace(w)
        gradient = grad(lambda z: anp.dot(normal, self._traceable(z)))
        with constant_derivatives():
            try:
                return make_jvp(gradient)(w)(xi)[1]
            except NotImplementedError:
                return grad(lambda z: anp.dot(gradient(z), xi))(w)

    def _push(self, w: np.ndarray, xi: np.ndarray) -> np.ndarray:
        try:
            return make_jvp(self._traceable)(w)(xi)[1]
        except NotImplementedError:
            return make_jvp_reversemode(self._traceable)(w)(xi)

    def _traceable(self, w):
        outputs = self._immersion(w)
        require_vector(outputs, self._immersion.known_ambient_dim)
        return outputs

    def _require_trace(self, w: np.ndarray) -> None:
        """Try once, before the first derivative, whether autograd can follow the function."""
        if not self._followed:
            require_dependence(self._immersion, w)
            self._followed = True


class DifferencedJacobian:
    """Derivatives from a Jacobian that is given: second ones by central differences of it.

    Their relative error is about eps^(2/3), 4e-11, times the curvature's own variation.
    """

    def __init__(self, jacobian: Callable[[np.ndarray], np.ndarray]) -> None:
        self._given = jacobian

    def jacobian(self, w: np.ndarray) -> np.ndarray:
        return self._given(w)

    def jvp(self, w: np.ndarray, xi: np.ndarray) -> np.ndarray:
        return np.array(self._given(w)) @ xi

    def vjp(self, w: np.ndarray, v: np.ndarray) -> np.ndarray:
        return np.array(self._given(w)).T @ v

    def second_derivative(self, w: np.ndarray, xi: np.ndarray, eta: np.ndarray) -> np.ndarray:
        return self._difference(w, eta) @ xi

    def hessian_vp(self, w: np.ndarray, normal: np.ndarray, xi: np.ndarray) -> np.ndarray:
        return self._difference(w, xi).T @ normal

    def _difference(self, w: np.ndarray, direction: np.ndarray) -> np.ndarray:
        length = np.linalg.norm(direction)
        if length == 0:
            return np.zeros_like(np.array(self._given(w)))
        step = np.cbrt(np.finfo(float).eps) * max(np.linalg.norm(w), 1.0) / length
        # copies: a user's function may hand back one buffer again and again
        ahead = np.array(self._given(w + step * direction))
        behind = np.array(self._given(w - step * direction))
        return (ahead - behind) / (2 * step)


def require_dependence(function: Callable, w: np.ndarray) -> None:
    """Raise where the function's output is no function of w as far as autograd can see.

    Plain numpy inside a function otherwise gives a zero Jacobian and only a warning.

    Raises:
        ValueError: The function uses plain numpy where autograd must follow it.
    """
    try:
        with constant_derivatives():
            value, node = trace(VJPNode.new_root(), function, w)
    except (TypeError, ValueError, AttributeError) as error:
        function(w)  # raises the function's own error, if it has one
        raise ValueError(
            f"autograd cannot differentiate the function ({error}); "
            "write it with autograd.numpy instead of numpy"
        ) from error
    if isinstance(value, (tuple, list)):
        return  # said more clearly where outputs are checked
    if node is None:
        raise ValueError(
            "autograd cannot differentiate the function: its output does not depend on w as "
            "autograd sees it; write the function with autograd.numpy instead of numpy"
        )


def can_be_traced(function: Callable, dim: int) -> bool:
    """Whether autograd can follow the function, tried at a vector of ones.

    Only what breaks a trace counts as a no (a value put into a numpy array, plain numpy on a box).
    """
    try:
        with np.errstate(all="ignore"), constant_derivatives():
            value, node = trace(JVPNode.new_root(np.ones(dim)), function, np.ones(dim))
    except (TypeError, ValueError, AttributeError, NotImplementedError):
        return False
    return node is not None and not isinstance(value, (tuple, list))
