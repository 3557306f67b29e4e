"""Manifolds for the tests: a network's outputs, and the sphere, and vectors at their points."""

import autograd.numpy as anp
import numpy as np

import riemgn as rg


def network_manifold(widths=(3, 3, 1), samples=40, seed=0, scale=3.0, **options):
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(samples, widths[0]))
    net = rg.Network(widths)
    w = net.init(seed=seed)
    M = rg.OutputManifold(net.scaled(scale), X, **options)
    return M, M.point(w)


def sphere(**options):
    """The unit sphere by longitude and latitude, whose geodesics are great circles."""

    def f(w):
        return anp.array(
            [anp.cos(w[1]) * anp.cos(w[0]), anp.cos(w[1]) * anp.sin(w[0]), anp.sin(w[1])]
        )

    M = rg.ImmersedManifold(rg.autograd_immersion(f, dim=2), **options)
    return M, M.point([0.3, 0.4])


def tangents(M, x, count=2):
    return [M.random_tangent_vector(x, seed=i) for i in range(count)]


def gentle_tangent(x, seed=0):
    """A unit tangent vector that small parameters make, along which M bends little."""
    v = x.jacobian @ np.random.default_rng(seed).normal(size=x.params.size)
    return v / np.linalg.norm(v)


def a_normal(M, x, seed=5):
    v = np.random.default_rng(seed).normal(size=x.size)
    return v - M.projection(x, v)
