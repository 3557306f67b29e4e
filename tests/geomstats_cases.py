"""Spaces for the geomstats tests, with points that are near one another, and geomstats' laws."""

import inspect

import autograd.numpy as anp
import numpy as np
from geomstats.test.random import RandomDataGenerator

import riemgn as rg
from riemgn.geomstats import OutputSet


class Saddle(rg.Immersion):
    """The hyperbolic paraboloid (x, y, (x^2 - y^2) / 2), of which all points see each other."""

    dim, ambient_dim = 2, 3

    def __call__(self, w):
        return np.array([w[0], w[1], (w[0] ** 2 - w[1] ** 2) / 2])

    def jacobian(self, w):
        return np.array([[1.0, 0.0], [0.0, 1.0], [w[0], -w[1]]])

    def second_derivative(self, w, xi, eta):
        return np.array([0.0, 0.0, xi[0] * eta[0] - xi[1] * eta[1]])

    def hessian_vp(self, w, normal, xi):
        return normal[2] * np.array([xi[0], -xi[1]])


def torus(w):
    ring = 2 + anp.cos(w[0])
    return anp.array([ring * anp.cos(w[1]), ring * anp.sin(w[1]), anp.sin(w[0])])


def sphere(w):
    """The unit sphere by colatitude and longitude."""
    return anp.array([anp.sin(w[0]) * anp.cos(w[1]), anp.sin(w[0]) * anp.sin(w[1]), anp.cos(w[0])])


def surface(function):
    return OutputSet(rg.autograd_immersion(function, dim=2))


def network_space(widths=(2, 2, 1), samples=20, seed=1):
    """A network's outputs and parameters of it at which the Jacobian is well conditioned."""
    X = np.random.default_rng(3).normal(size=(samples, widths[0]))
    net = rg.Network(list(widths))
    return OutputSet(net.immersion(X)), 1.5 * net.init(seed=seed)


class NearbyData(RandomDataGenerator):
    """geomstats' random data within a small ball, in which every two points have a geodesic."""

    def __init__(self, space, centre, spread):
        super().__init__(space)
        self.centre, self.spread = centre, spread
        self.draws = np.random.default_rng(0)

    def random_point(self, n_points=1):
        size = (self.space.dim,) if n_points == 1 else (n_points, self.space.dim)
        return self.centre + self.spread * self.draws.normal(size=size)

    def random_tangent_vec(self, base_point):
        return self.spread * self.draws.normal(size=np.shape(base_point))


def laws(case):
    """Return the names of a geomstats test case's laws: its tests that need no expected value."""
    known = {"self", "n_points", "n_reps", "n_times", "atol"}
    tests = inspect.getmembers(case, inspect.isfunction)
    return {
        name
        for name, test in tests
        if name.startswith("test_") and set(inspect.signature(test).parameters) <= known
    }


def run_law(case, name, data, atol):
    """Run one law of a test case on a space, for one point and for two."""
    tests = case()
    tests.space, tests.data_generator = data.space, data
    tests.tangent_to_multiple = True
    tests.setup_method()
    wanted = inspect.signature(getattr(tests, name)).parameters
    for size in (1, 2) if "n_points" in wanted else (2,):
        given = {"n_points": size, "n_reps": 2, "n_times": size, "atol": atol}
        getattr(tests, name)(**{k: given[k] for k in wanted})
