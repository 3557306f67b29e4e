"""Points and vectors of any pymanopt manifold as real vectors: arrays, tuples, lists of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

TINY = np.finfo(np.float64).tiny


def arrays_of(value) -> list[np.ndarray]:
    """Return the arrays that a point or a vector is made of, in order."""
    if isinstance(value, (list, tuple)):
        return [array for part in value for array in arrays_of(part)]
    return [np.asarray(value)]


def flat(value) -> np.ndarray:
    """Return all numbers of a point or a vector as one real vector."""
    parts = [array.ravel() for array in arrays_of(value)]
    return np.concatenate(
        [part.view(np.float64) if np.iscomplexobj(part) else part for part in map(_wide, parts)]
    )


def shaped_like(numbers: np.ndarray, template):
    """Return real numbers, in the order of `flat`, in the structure of a template."""
    cuts = np.cumsum([flat(array).size for array in arrays_of(template)])[:-1]
    parts = iter(np.split(numbers, cuts))

    def shaped(array: np.ndarray) -> np.ndarray:
        part = next(parts)
        return (part.copy().view(np.complex128) if np.iscomplexobj(array) else part).reshape(
            array.shape
        )

    return mapped(shaped, template)


def mapped(change: Callable[..., np.ndarray], *values):
    """Return what a function makes of each array of alike structures, in the first's structure."""
    first = values[0]
    if isinstance(first, (list, tuple)):
        parts = [mapped(change, *group) for group in zip(*values, strict=True)]
        return type(first)(*parts) if hasattr(first, "_fields") else type(first)(parts)
    return change(*map(np.asarray, values))


def alike(a, b) -> bool:
    """Whether two structures hold arrays of the same shapes."""
    return [x.shape for x in arrays_of(a)] == [x.shape for x in arrays_of(b)]


def normal_like(value, generator: np.random.Generator):
    """Return standard normal numbers in the structure of a point or a vector."""

    def drawn(array: np.ndarray) -> np.ndarray:
        numbers = generator.normal(size=array.shape)
        if np.iscomplexobj(array):
            return numbers + 1j * generator.normal(size=array.shape)
        return numbers

    return mapped(drawn, value)


def size_of(value) -> float:
    """Return the Euclidean norm of all numbers together."""
    return float(np.linalg.norm(flat(value)))


def size_of_difference(a, b) -> float:
    """Return the Euclidean norm of the difference of two points' or vectors' numbers."""
    return float(np.linalg.norm(flat(a) - flat(b)))


def disagreement(left, right, scale: float = 0.0) -> float:
    """Return |left - right| relative to the larger of them, and of a scale; NaN for NaN."""
    a, b = flat(left), flat(right)
    return float(np.linalg.norm(a - b) / max(np.linalg.norm(a), np.linalg.norm(b), scale, TINY))


@contextmanager
def numpy_seeded(generator: np.random.Generator) -> Iterator[None]:
    """Seed numpy's global state, from which pymanopt draws, and put it back afterwards."""
    state = np.random.get_state()  # noqa: NPY002
    np.random.seed(generator.integers(2**32))  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(state)  # noqa: NPY002


def _wide(part: np.ndarray) -> np.ndarray:
    kind = np.complex128 if np.iscomplexobj(part) else np.float64
    return np.ascontiguousarray(part, dtype=kind)
