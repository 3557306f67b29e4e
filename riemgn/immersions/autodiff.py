"""Any autograd function as an immersion."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from autograd.tracer import isbox

from riemgn.arguments import integer, vector
from riemgn.immersions.immersion import Immersion
from riemgn.immersions.outputs import checked_outputs


class AutogradImmersion(Immersion):
    """The immersion of a function R^p -> R^n written with autograd.numpy."""

    def __init__(self, function: Callable, dim: int, ambient_dim: int | None = None) -> None:
        if not callable(function):
            raise TypeError(f"function must be callable, got {type(function).__name__}")
        self.function = function
        self.dim = integer("dim", dim)
        self._ambient_dim = None if ambient_dim is None else integer("ambient_dim", ambient_dim)

    @property
    def ambient_dim(self) -> int:
        """The length n of the outputs: as given, or as first seen (asked before, at w = 1)."""
        if self._ambient_dim is None:
            with np.errstate(all="ignore"):
                self._ambient_dim = checked_outputs(self.function(np.ones(self.dim)), None).size
        return self._ambient_dim

    @property
    def known_ambient_dim(self) -> int | None:
        """The length n of the outputs, None before the first evaluation."""
        return self._ambient_dim

    def __call__(self, w):
        if isbox(w):
            return self.function(w)
        w = vector("w", w, self.dim)
        with np.errstate(all="ignore"):
            outputs = checked_outputs(self.function(w), self._ambient_dim)
        self._ambient_dim = outputs.size
        return outputs

    def __repr__(self) -> str:
        name = getattr(self.function, "__name__", type(self.function).__name__)
        return f"autograd_immersion({name}, dim={self.dim})"


def autograd_immersion(
    function: Callable, dim: int, ambient_dim: int | None = None
) -> AutogradImmersion:
    """Return any `autograd.numpy` function R^p -> R^n as an immersion.

    Args:
        function: Takes w (p,) and returns outputs (n,).
        dim: The number of parameters p.
        ambient_dim: The number of outputs n; found by evaluation where it is not given.

    Raises:
        ValueError: When a derivative is asked of a function that uses plain numpy.
    """
    return AutogradImmersion(function, dim, ambient_dim)
