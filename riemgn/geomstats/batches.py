"""geomstats' batches: any number of points and vectors, broadcast over their leading axes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from autograd.tracer import isbox

from riemgn.arguments import as_array, real_array
from riemgn.manifolds import ImmersedManifold, Point


def coordinates(name: str, value, *sizes: int) -> np.ndarray:
    """Return vectors (..., size) of one of the sizes that are allowed, or raise.

    Raises:
        TypeError: They are not real numbers, or are being traced by autograd.
        ValueError: They have another size, or hold NaN or infinity.
    """
    if isbox(value):
        raise TypeError(
            f"{name} is traced by autograd: the derivatives of an OutputSet are analytic "
            "(jacobian_immersion, christoffels, log, ...), and it cannot be differentiated through"
        )
    array = real_array(name, value, ndim=max(1, as_array(name, value).ndim))
    if array.shape[-1] not in sizes:
        wanted = " or ".join(f"(..., {size})" for size in sizes)
        raise ValueError(f"{name} must have shape {wanted}, got {array.shape}")
    return array


@dataclass(frozen=True)
class Points:
    """A batch of points of a manifold, one for each parameter vector of an array (..., p)."""

    points: list[Point]
    shape: tuple[int, ...]

    @classmethod
    def of(cls, manifold: ImmersedManifold, params, name: str = "base_point") -> Points:
        """Return the points of parameters (..., p)."""
        w = coordinates(name, params, manifold.immersion.dim)
        rows = w.reshape(-1, w.shape[-1])
        return cls([manifold.point(row) for row in rows], w.shape[:-1])

    def each(self, function: Callable, *vectors: np.ndarray) -> np.ndarray:
        """Return function(point, *vectors), (..., *its shape), broadcast over leading axes.

        Raises:
            ValueError: The leading axes do not fit together.
        """
        batches = [self.shape, *(v.shape[:-1] for v in vectors)]
        try:
            shape = np.broadcast_shapes(*batches)
        except ValueError:
            listed = " and ".join(str(batch) for batch in batches)
            raise ValueError(f"batches of points and vectors do not fit: {listed}") from None
        order = np.arange(len(self.points)).reshape(self.shape)
        which = np.broadcast_to(order, shape)
        spread = [np.broadcast_to(v, (*shape, v.shape[-1])) for v in vectors]
        values = [
            np.asarray(function(self.points[which[i]], *(v[i] for v in spread)))
            for i in np.ndindex(shape)
        ]
        return np.reshape(values, (*shape, *values[0].shape))[()]
