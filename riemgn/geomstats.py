"""An output manifold as a geomstats `ImmersedSet` with analytic derivatives.

Not imported by `import riemgn`: geomstats chooses its backend for the whole process when it is
imported, and sets up the root logger, which is put back here as it was.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np

from riemgn.arguments import generator, integer
from riemgn.immersions import Immersion


def _importing_quietly() -> type:
    """Import geomstats without its changes to the root logger, and return its `ImmersedSet`."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    try:
        from geomstats.geometry.base import ImmersedSet
    finally:
        root.setLevel(level)
        root.handlers[:] = handlers
    return ImmersedSet


ImmersedSet = _importing_quietly()


class OutputSet(ImmersedSet):
    """The image of an immersion f in geomstats' terms: points are parameters, (..., p).

    The metric is geomstats' `PullbackMetric`. Jacobian and Hessian of the immersion are riemgn's,
    so that the numpy backend serves. Where J loses rank the metric is singular.

    Args:
        immersion: A `riemgn.Immersion` with p <= n.
        equip: Whether to attach the metric.
    """

    def __init__(self, immersion: Immersion, equip: bool = True) -> None:
        if not isinstance(immersion, Immersion):
            raise TypeError(f"immersion must be a riemgn.Immersion, got {type(immersion).__name__}")
        self.riemgn_immersion = immersion
        super().__init__(dim=immersion.dim, equip=equip)

    def _define_embedding_space(self):
        from geomstats.geometry.euclidean import Euclidean

        return Euclidean(self.riemgn_immersion.ambient_dim)

    def immersion(self, point) -> np.ndarray:
        """Return f(w), (..., n), for points (..., p)."""
        return _each(self.riemgn_immersion, point)

    def jacobian_immersion(self, base_point) -> np.ndarray:
        """Return J, (..., n, p)."""
        return _each(self.riemgn_immersion.jacobian, base_point)

    def hessian_immersion(self, base_point) -> np.ndarray:
        """Return D^2 f, (..., n, p, p)."""
        return _each(self._hessian, base_point)

    def _hessian(self, w: np.ndarray) -> np.ndarray:
        jet, units = self.riemgn_immersion.at(w), np.eye(w.size)
        rows = [np.stack([jet.second_derivative(a, b) for b in units], axis=-1) for a in units]
        return np.stack(rows, axis=-2)

    def belongs(self, point, atol: float = 1e-12) -> np.ndarray:
        """Return whether f is finite there, (...,): every parameter vector is a point."""
        finite = np.isfinite(self.immersion(point)).all(axis=-1)
        return bool(finite) if np.ndim(finite) == 0 else finite

    def is_tangent(self, vector, base_point=None, atol: float = 1e-12) -> np.ndarray:
        """Return whether a vector has p entries, (...,): then it is a tangent vector."""
        vector = np.asarray(vector)
        answer = np.full(vector.shape[:-1], vector.shape[-1] == self.dim)
        return bool(answer) if answer.ndim == 0 else answer

    def to_tangent(self, vector, base_point) -> np.ndarray:
        """Return the vector itself, broadcast over base points: coordinates are intrinsic."""
        shape = np.broadcast_shapes(np.shape(vector), np.shape(base_point))
        return np.broadcast_to(vector, shape).copy()

    def random_point(self, n_samples: int = 1, bound=None, seed=None) -> np.ndarray:
        """Return random parameters, (p,) for one sample, else (n_samples, p)."""
        count, draws = integer("n_samples", n_samples), generator(seed)
        points = [self.riemgn_immersion.random_params(draws) for _ in range(count)]
        return points[0] if count == 1 else np.stack(points)


def _each(function: Callable, points) -> np.ndarray:
    """Apply a function of one parameter vector to the last axis of an array."""
    points = np.asarray(points, dtype=np.float64)
    flat = [np.asarray(function(w)) for w in points.reshape(-1, points.shape[-1])]
    return np.stack(flat).reshape(points.shape[:-1] + flat[0].shape)
