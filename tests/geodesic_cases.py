"""Surfaces whose geodesics are known, derivatives written out; and geodesics by other means."""

import numpy as np
import scipy.integrate

import riemgn as rg


class Revolution(rg.Immersion):
    """(r cos a, r sin a, z) for a profile s -> ((r, r', r''), (z, z', z'')); w = (s, a)."""

    dim, ambient_dim = 2, 3

    def __init__(self, profile):
        self.profile = profile

    def __call__(self, w):
        (r, *_), (z, *_) = self.profile(w[0])
        return np.array([r * np.cos(w[1]), r * np.sin(w[1]), z])

    def jacobian(self, w):
        (r, dr, _), (_, dz, _) = self.profile(w[0])
        c, s = np.cos(w[1]), np.sin(w[1])
        return np.array([[dr * c, -r * s], [dr * s, r * c], [dz, 0.0]])

    def hessians(self, w):
        (r, dr, ddr), (_, _, ddz) = self.profile(w[0])
        c, s = np.cos(w[1]), np.sin(w[1])
        return np.array(
            [
                [[ddr * c, -dr * s], [-dr * s, -r * c]],
                [[ddr * s, dr * c], [dr * c, -r * s]],
                [[ddz, 0.0], [0.0, 0.0]],
            ]
        )

    def second_derivative(self, w, xi, eta):
        return self.hessians(w) @ xi @ eta

    def hessian_vp(self, w, normal, xi):
        return np.tensordot(normal, self.hessians(w), 1) @ xi


class Cusp(rg.Immersion):
    """w -> (w^2, w^3), which has no tangent at 0."""

    dim, ambient_dim = 1, 2

    def __call__(self, w):
        return np.array([w[0] ** 2, w[0] ** 3])

    def jacobian(self, w):
        return np.array([[2 * w[0]], [3 * w[0] ** 2]])

    def second_derivative(self, w, xi, eta):
        return np.array([2.0, 6 * w[0]]) * xi * eta


def circle(radius, offset=0.0):
    def profile(s):
        c, d = radius * np.cos(s), radius * np.sin(s)
        return (offset + d, c, -d), (c, -d, -c)

    return profile


PROFILES = {
    "sphere": circle(1.0),  # w = (colatitude, longitude)
    "torus": circle(1.0, offset=2.0),
    "cylinder": lambda s: ((1.0, 0.0, 0.0), (s, 1.0, 0.0)),
    "catenoid": lambda s: ((np.cosh(s), np.sinh(s), np.cosh(s)), (s, 1.0, 0.0)),
    "cone": lambda s: ((0.6 * s, 0.6, 0.0), (0.8 * s, 0.8, 0.0)),
}


def surface(name, w, **options):
    M = rg.ImmersedManifold(Revolution(PROFILES[name]), **options)
    return M, M.point(w)


def great_circle(x, v, t):
    """The point and the velocity of the unit sphere's geodesic at time t."""
    u, speed = np.asarray(x), np.linalg.norm(v)
    c, s = np.cos(speed * t), np.sin(speed * t)
    return c * u + s * v / speed, speed * (c * v / speed - s * u)


def connection(f, root=None):
    """(w, xi, eta) -> Gamma(xi, eta) by numpy's least squares, for a constant root L."""
    root = np.eye(f.ambient_dim) if root is None else root

    def gamma(w, xi, eta):
        bend = root.T @ f.second_derivative(w, xi, eta)
        return np.linalg.lstsq(root.T @ f.jacobian(w), bend, rcond=None)[0]

    return gamma


def integrated(gamma, w, velocity, t, fields=(), tolerance=1e-12):
    """w, w' and carried vectors after time t, by scipy and a connection of one's own."""
    p, count = w.size, 2 + len(fields)

    def rates(_, state):
        w, velocity, *carried = state.reshape(count, p)
        turns = [-gamma(w, velocity, zeta) for zeta in (velocity, *carried)]
        return np.concatenate([velocity, *turns])

    start = np.concatenate([w, velocity, *fields])
    solution = scipy.integrate.solve_ivp(
        rates, (0, t), start, method="DOP853", rtol=tolerance, atol=tolerance / 100
    )
    return solution.y[:, -1].reshape(count, p)


def small_network(widths=(2, 2, 1), samples=20, seed=2, **options):
    """A network with well-conditioned Jacobian, and a tangent vector made by a step of 1/4."""
    draws = np.random.default_rng(seed)
    M = rg.OutputManifold(
        rg.Network(widths).scaled(2.0), draws.normal(size=(samples, widths[0])), **options
    )
    x = M.point(1.5 * draws.normal(size=M.immersion.dim))
    step = draws.normal(size=M.immersion.dim)
    return M, x, x.jacobian @ (0.25 * step / np.linalg.norm(step))
