"""Counting the distinct points at which a solver evaluates a function."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from autograd.tracer import getval, isbox


class Counted:
    """A function R^p -> R^n that counts the distinct points at which it was evaluated.

    Derivatives by autograd evaluate it at points that are known already and cost none; those by
    differences evaluate it at new ones.
    """

    def __init__(self, function: Callable) -> None:
        self._function = function
        self._seen: set[bytes] = set()

    @property
    def points(self) -> int:
        """How many distinct points there were so far."""
        return len(self._seen)

    def __call__(self, w):
        at = w
        while isbox(at):
            at = getval(at)
        self._seen.add(np.asarray(at, dtype=float).tobytes())
        return self._function(w)
