"""Geodesics of an output manifold in parameters, as the solvers that geomstats' metrics ask."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from geomstats.numerics.geodesic import ExpSolver, LogSolver

from riemgn.geomstats.batches import Points, coordinates
from riemgn.manifolds import ImmersedManifold


class IntegratedExp(ExpSolver):
    """The exponential map and geodesics of `ImmersedManifold`, at its integrators' tolerance.

    Where J loses rank the geodesic starts with the lift of least norm of J xi.

    Args:
        manifold: The manifold.
    """

    def __init__(self, manifold: ImmersedManifold) -> None:
        super().__init__(solves_ivp=True)
        self.manifold = manifold

    def exp(self, tangent_vec, base_point) -> np.ndarray:
        """Return the parameters (..., p) at which the geodesics of tangent vectors (..., p) end."""
        M, xi = self.manifold, coordinates("tangent_vec", tangent_vec, self.manifold.immersion.dim)
        return Points.of(M, base_point).each(lambda x, xi: M.exp(x, x.jet.jvp(xi)).params, xi)

    def geodesic_ivp(self, tangent_vec, base_point) -> Callable:
        """Return the geodesics as a function of times (m,) with values (..., m, p)."""
        M, xi = self.manifold, coordinates("tangent_vec", tangent_vec, self.manifold.immersion.dim)
        starts = Points.of(M, base_point)

        def path(t) -> np.ndarray:
            times = np.atleast_1d(np.asarray(t, dtype=np.float64))

            def at_times(x, xi):
                curve = M.geodesic(x, x.jet.jvp(xi))
                return np.stack([curve(time).params for time in times])

            return starts.each(at_times, xi)

        return path


class ShootingLog(LogSolver):
    """The logarithm of `ImmersedManifold`, lifted to parameters.

    It aims at the outputs of the end point: where a network's units can be permuted, and other
    parameters give the same outputs, the geodesic may end at those.

    Args:
        manifold: The manifold.
    """

    def __init__(self, manifold: ImmersedManifold) -> None:
        super().__init__(solves_bvp=False)
        self.manifold = manifold

    def log(self, point, base_point) -> np.ndarray:
        """Return the parameter vectors (..., p) whose geodesics from base points end at points.

        Raises:
            NumericalError: No geodesic is found, with what it misses.
        """
        M = self.manifold
        ends = coordinates("point", point, M.immersion.dim)
        return Points.of(M, base_point).each(lambda x, w: M.lift(x, M.log(x, M.point(w))), ends)
