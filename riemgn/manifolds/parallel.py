"""Parallel transport along any curve of parameters."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from riemgn.arguments import vector
from riemgn.manifolds.connection import Connection, units_at
from riemgn.manifolds.integration import Integration
from riemgn.manifolds.submanifold import Submanifold, ambient

# Distance of the points of a central difference, as a share of the span.
_DIFFERENCE = 1e-3


def carried(
    manifold: Submanifold,
    curve: Callable[[float], np.ndarray],
    tangent_vector,
    span: tuple[float, float],
    velocity: Callable[[float], np.ndarray] | None,
) -> np.ndarray:
    """Return a tangent vector carried along a curve: zeta' = -Gamma(w', zeta) in its lift zeta.

    The arguments are those of `GeodesicSubmanifold.transport_along`.
    """
    start, end = vector("span", span, 2)
    for name, given in (("curve", curve), ("velocity", velocity)):
        if not (callable(given) or (given is None and name == "velocity")):
            raise TypeError(f"{name} must be a function of time, got {type(given).__name__}")
    p = manifold.immersion.dim

    def w(t: float) -> np.ndarray:
        return vector("curve(t)", curve(t), p)

    if velocity is None:
        rate = _difference(w, _DIFFERENCE * (end - start))
    else:

        def rate(t: float) -> np.ndarray:
            return vector("velocity(t)", velocity(t), p)

    point = manifold.point(w(start))
    v = ambient("tangent_vector", tangent_vector, point, ndim=(1, 2))
    sight = manifold._sight(point)
    connection, units = Connection(manifold.immersion, manifold.metric, sight), units_at(sight)
    zeta = units.coordinates(sight.lift(v))
    if start == end or not np.any(zeta):
        return sight.project(v)
    size = np.linalg.norm(zeta, axis=0, keepdims=True)
    size[size == 0] = 1.0

    def rates(t: float, state: np.ndarray) -> np.ndarray:
        fields = units.params(state.reshape(p, -1))
        turn = connection.turn(w(t), rate(t), fields)
        return units.coordinates(turn).ravel()

    def told(state: np.ndarray) -> str:
        return f"rank {connection.rank}"

    integration = Integration(rates, (zeta / size).ravel(), (start, end), told)
    for _ in integration.steps():
        pass
    fields = units.params(integration.y.reshape(zeta.shape) * size)
    jet = connection.sight(w(end)).jet
    if fields.ndim == 1:
        return jet.jvp(fields)
    return np.stack([jet.jvp(field) for field in fields.T], axis=1)


def _difference(w: Callable[[float], np.ndarray], h: float) -> Callable[[float], np.ndarray]:
    """Return the central difference of order 4 with step h."""

    def rate(t: float) -> np.ndarray:
        near, far = w(t + h) - w(t - h), w(t + 2 * h) - w(t - 2 * h)
        return (8 * near - far) / (12 * h)

    return rate
