"""What an immersion's function may return, one real vector, and its derivatives: no NaN."""

from __future__ import annotations

import numpy as np
from autograd.tracer import getval

from riemgn.errors import NumericalError


def require_vector(value, size: int | None) -> None:
    """Raise where a returned value, traced by autograd or not, is no real vector.

    Args:
        value: What the function returned.
        size: The length wanted, None where any will do.

    Raises:
        TypeError: It is a tuple, complex, or not numbers.
        ValueError: It is no vector, or not of length `size`.
    """
    if isinstance(value, (tuple, list)):
        raise TypeError(
            f"the function must return one array of shape (n,), got a {type(value).__name__}; "
            "join the parts with autograd.numpy.concatenate or stack"
        )
    outputs = np.asarray(getval(value))
    if outputs.dtype.kind not in "fiu":
        raise TypeError(f"the function must return real numbers, got dtype {outputs.dtype}")
    wanted = "n" if size is None else size
    if outputs.ndim != 1 or outputs.size == 0 or size not in (None, outputs.size):
        raise ValueError(f"the function must return shape ({wanted},), got {outputs.shape}")


def checked_outputs(value, size: int | None) -> np.ndarray:
    """Return what a function gave as an own float64 vector, in which NaN is let through."""
    require_vector(value, size)
    return np.array(value, dtype=np.float64)


def finite(what: str, array: np.ndarray, params: np.ndarray) -> np.ndarray:
    """Return `array`, or raise NumericalError that says where it stopped being finite."""
    if not np.isfinite(array).all():
        with np.errstate(over="ignore"):
            size = np.linalg.norm(params)
        raise NumericalError(f"{what} holds NaN or infinity at |w| = {size:.3g}")
    return array
