"""The set of a map's outputs as geomstats sees it: an `ImmersedSet` whose points are parameters."""

from __future__ import annotations

import numpy as np
from geomstats.geometry.base import ImmersedSet
from geomstats.geometry.euclidean import Euclidean

from riemgn.arguments import generator, integer
from riemgn.errors import NumericalError
from riemgn.geomstats import tensors
from riemgn.geomstats.batches import Points, coordinates
from riemgn.geomstats.output_metric import OutputMetric
from riemgn.immersions import Immersion
from riemgn.losses import SquaredLoss
from riemgn.manifolds import ImmersedManifold, Point
from riemgn.minimization import minimize
from riemgn.problem import Problem

ATOL = 1e-12  # geomstats' own


class OutputSet(ImmersedSet):
    """The image of an immersion f: R^p -> R^n in geomstats' terms, with riemgn's derivatives.

    Points are parameters w (..., p) and tangent vectors are parameter vectors xi (..., p), which
    mean f(w) and J xi in R^n; vectors come first and base points last. Points and vectors are
    broadcast over their leading axes, and every result is an array of numpy on both of geomstats'
    backends, numpy and autograd. The metric is an `OutputMetric`.

    Args:
        immersion: A `riemgn.Immersion` with p <= n.
        equip: Whether to attach the metric.

    Attributes:
        manifold: The same set as a `riemgn.ImmersedManifold`.

    Raises:
        TypeError: `immersion` is no `riemgn.Immersion`.
        ValueError: It has more parameters than outputs.
    """

    def __init__(self, immersion: Immersion, equip: bool = True) -> None:
        if not isinstance(immersion, Immersion):
            raise TypeError(f"immersion must be a riemgn.Immersion, got {type(immersion).__name__}")
        p, n = immersion.dim, immersion.ambient_dim
        if p > n:
            raise ValueError(
                f"immersion must have no more parameters than outputs, got {p} > {n}: "
                "the metric J^T J would be singular everywhere"
            )
        if immersion.domain is not None:
            raise ValueError(
                f"immersion must have parameters in R^p, its own live on {immersion.domain}: "
                "they are no coordinates of the set"
            )
        self.manifold = ImmersedManifold(immersion)
        super().__init__(dim=p, equip=equip)

    @staticmethod
    def default_metric() -> type[OutputMetric]:
        """The metric that the set is equipped with."""
        return OutputMetric

    def _define_embedding_space(self) -> Euclidean:
        return Euclidean(self.manifold.immersion.ambient_dim)

    # The immersion

    def immersion(self, point) -> np.ndarray:
        """Return f(w), (..., n)."""
        return self._points("point", point).each(lambda x: x.outputs)

    def tangent_immersion(self, tangent_vec, base_point) -> np.ndarray:
        """Return J xi, (..., n)."""
        xi = coordinates("tangent_vec", tangent_vec, self.dim)
        return self._points("base_point", base_point).each(lambda x, xi: x.jet.jvp(xi), xi)

    def jacobian_immersion(self, base_point) -> np.ndarray:
        """Return J, (..., n, p)."""
        return self._points("base_point", base_point).each(lambda x: x.jacobian)

    def hessian_immersion(self, base_point) -> np.ndarray:
        """Return D^2 f, (..., n, p, p)."""
        return self._points("base_point", base_point).each(lambda x: tensors.hessian(x.jet))

    # What belongs

    def belongs(self, point, atol: float = ATOL) -> np.ndarray:
        """Return whether a point has p finite coordinates and f is finite there, (...)."""
        w = np.asarray(point)
        if w.shape[-1:] != self.shape:
            return np.zeros(w.shape[:-1], dtype=bool)[()]
        rows = w.reshape(-1, self.dim)
        answers = [self._is_point(row) for row in rows]
        return np.array(answers, dtype=bool).reshape(w.shape[:-1])[()]

    def is_tangent(self, vector, base_point=None, atol: float = ATOL) -> np.ndarray:
        """Return whether a vector has p finite entries, (...): then it is a tangent vector."""
        xi = np.asarray(vector)
        if xi.shape[-1:] == self.shape:
            answer = np.isfinite(xi).all(axis=-1)
        else:
            answer = np.zeros(xi.shape[:-1], dtype=bool)
        return np.broadcast_to(answer, _batch(answer.shape, base_point)).copy()[()]

    def to_tangent(self, vector, base_point=None) -> np.ndarray:
        """Return the parameter vectors (..., p) of vectors, broadcast over base points.

        Vectors (..., p) are tangent as they are. Ambient vectors (..., n), n > p, are projected on
        the tangent space: the result is J^+ v, of least norm.
        """
        v = coordinates("vector", vector, self.dim, self.embedding_space.dim)
        if v.shape[-1] == self.dim:
            return np.broadcast_to(v, (*_batch(v.shape[:-1], base_point), self.dim)).copy()
        if base_point is None:
            raise ValueError("base_point must be given to project an ambient vector")
        return self._points("base_point", base_point).each(self.manifold.lift, v)

    def projection(self, point, start=None) -> np.ndarray:
        """Return the parameters (..., p) of the points nearest to ambient vectors (..., n).

        Parameters (..., p) are returned as they are: geomstats asks for both. Where n = p vectors
        are taken for parameters. A nearest point is found by `riemgn.minimize`: it is nearest
        among the points about it, and which one it is may depend on where the search starts.

        Args:
            point: Ambient vectors or parameters.
            start: Parameters (p,) to start from; None for the random ones of seed 0.

        Raises:
            NumericalError: The search does not converge.
        """
        u = coordinates("point", point, self.dim, self.embedding_space.dim)
        if u.shape[-1] == self.dim:
            return u
        first = self.random_point(seed=0) if start is None else start
        return self._points("start", first).each(self._nearest, u)

    def random_point(self, n_samples: int = 1, bound: float = 1.0, seed=None) -> np.ndarray:
        """Return random parameters, (p,) for one sample, else (n_samples, p).

        Args:
            n_samples: How many.
            bound: geomstats' argument, not used: they are spread as the immersion spreads them.
            seed: An integer, a numpy Generator, or None.
        """
        count, draws = integer("n_samples", n_samples), generator(seed)
        points = [self.manifold.immersion.random_params(draws) for _ in range(count)]
        return points[0] if count == 1 else np.stack(points)

    def random_tangent_vec(self, base_point=None, n_samples: int = 1, seed=None) -> np.ndarray:
        """Return standard normal parameter vectors, (..., p): one for each base point or sample.

        Args:
            base_point: Parameters (..., p).
            n_samples: How many; with several base points, as many as these.
            seed: An integer, a numpy Generator, or None.
        """
        count, batch = integer("n_samples", n_samples), _batch((), base_point)
        if count > 1 and batch not in ((), (count,)):
            raise ValueError(
                f"n_samples must be the number of base points, or 1, got {count} for {batch}"
            )
        shape = batch if count == 1 else (count,)
        return generator(seed).normal(size=(*shape, self.dim))

    def _points(self, name: str, params) -> Points:
        return Points.of(self.manifold, params, name)

    def _is_point(self, w: np.ndarray) -> bool:
        return bool(np.isfinite(w).all()) and self.manifold.immersion.at(w).is_finite

    def _nearest(self, start: Point, target: np.ndarray) -> np.ndarray:
        result = minimize(Problem(self.manifold, SquaredLoss(target)), start)
        if not result.success:
            raise NumericalError(
                f"no nearest point was found: {result.stopping_criterion}, "
                f"distance {np.linalg.norm(np.subtract(result.point, target)):.3g}"
            )
        return result.point.params


def _batch(shape: tuple[int, ...], base_point) -> tuple[int, ...]:
    """Return the leading axes of vectors together with those of base points (..., p)."""
    return shape if base_point is None else np.broadcast_shapes(shape, np.shape(base_point)[:-1])
