"""Checks of arguments at the public boundary: each returns a clean value or raises one line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from numbers import Integral, Real

import numpy as np

_NO_NUMBERS = (bool, np.timedelta64)  # though Python counts them as such
_LONGEST = 80  # characters of a value in an error


def real_array(name: str, value, *, ndim: int | tuple[int, ...]) -> np.ndarray:
    """Return `value` as a finite float64 array that shares no memory with a caller's later writes.

    Integers, booleans and shorter floats are widened, which loses nothing.

    Args:
        name: The argument's name, for the error.
        value: Array-like of real numbers.
        ndim: The number of dimensions wanted, or those allowed.

    Raises:
        TypeError: `value` is complex, or not numbers.
        ValueError: It has another number of dimensions, is empty, or holds NaN or infinity.
    """
    given = as_array(name, value)
    if given.dtype.kind == "c":
        raise TypeError(f"{name} must be real, got dtype {given.dtype}")
    if given.dtype.kind not in "fiub":
        raise TypeError(f"{name} must hold numbers, got dtype {given.dtype}")
    allowed = (ndim,) if isinstance(ndim, int) else ndim
    if given.ndim not in allowed:
        wanted = " or ".join(f"{d}-d" for d in allowed)
        raise ValueError(f"{name} must be {wanted}, got shape {given.shape}")
    if given.size == 0:
        raise ValueError(f"{name} is empty: shape {given.shape}")
    array = np.array(given, dtype=np.float64, order="C")
    if not np.isfinite(array).all():
        where = np.argwhere(~np.isfinite(array))[0]
        index = ", ".join(str(i) for i in where)
        raise ValueError(f"{name} must be finite, got {array[tuple(where)]} at index [{index}]")
    return array


def as_array(name: str, value) -> np.ndarray:
    """Return `value` as an array of whatever it holds; ValueError where its rows differ."""
    try:
        return np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name} must be a rectangular array of numbers: {error}") from None


def vector(name: str, value, size: int | None = None) -> np.ndarray:
    """Return `value` as a finite float64 vector of length `size`, or raise (see `real_array`)."""
    array = real_array(name, value, ndim=1)
    if size is not None and array.size != size:
        raise ValueError(f"{name} must have shape ({size},), got {array.shape}")
    return array


def matrix(name: str, value, columns: int | None = None) -> np.ndarray:
    """Return `value` as a finite float64 matrix with `columns` columns, or raise."""
    array = real_array(name, value, ndim=2)
    if columns is not None and array.shape[1] != columns:
        raise ValueError(f"{name} must have shape (rows, {columns}), got {array.shape}")
    return array


def positive(name: str, value, *, allow_zero: bool = False) -> float:
    """Return `value` as a positive (or non-negative) finite float, or raise."""
    bound = ">= 0" if allow_zero else "> 0"
    if isinstance(value, _NO_NUMBERS) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number {bound}, got {told(value)}")
    try:
        number = float(value)
    except OverflowError:  # an integer beyond the floats
        number = np.inf
    if not np.isfinite(number) or number < 0 or (number == 0 and not allow_zero):
        raise ValueError(f"{name} must be a finite number {bound}, got {told(value)}")
    return number


def finite_number(name: str, value, otherwise: str = "") -> float:
    """Return `value` as a finite float of any sign, or raise; `otherwise` is as for `choice`."""
    if isinstance(value, _NO_NUMBERS) or not isinstance(value, Real):
        wanted = f"a number, {otherwise}" if otherwise else "a number"
        raise TypeError(f"{name} must be {wanted}, got {told(value)}")
    if not np.isfinite(value):
        raise ValueError(f"{name} must be finite, got {told(value)}")
    return float(value)


def integer(name: str, value, *, least: int = 1) -> int:
    """Return `value` as an int of at least `least`, or raise."""
    if isinstance(value, _NO_NUMBERS) or not isinstance(value, Integral):
        raise TypeError(f"{name} must be an integer >= {least}, got {told(value)}")
    if value < least:
        raise ValueError(f"{name} must be an integer >= {least}, got {told(value)}")
    return int(value)


def choice(name: str, value, allowed: Iterable[str], otherwise: str = "") -> str:
    """Return `value` if it is one of `allowed`; else raise ValueError naming the nearest one.

    `otherwise` says what else the argument may be.
    """
    options = list(allowed)
    listed = ", ".join(options) + (f", or {otherwise}" if otherwise else "")
    if not isinstance(value, str):
        raise TypeError(f"{name} must be one of {listed}, got {told(value)}")
    if value in options:
        return value
    near = difflib.get_close_matches(value, options, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"unknown {name} {value!r}{hint} (one of {listed})")


def generator(seed: int | np.random.Generator | None) -> np.random.Generator:
    """Return a Generator from a seed, a Generator (used as it is) or None (fresh entropy)."""
    if isinstance(seed, np.random.Generator):
        return seed
    if seed is None:
        return np.random.default_rng()
    return np.random.default_rng(integer("seed", seed, least=0))


def told(value) -> str:
    """Return a value as an error tells it: on one line, and not at length."""
    line = " ".join(repr(value).split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 4]} ..."
