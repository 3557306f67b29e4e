"""The geomstats adapter against closed forms, and what importing it leaves behind."""

import subprocess
import sys

import autograd.numpy as anp
import numpy as np
import pytest

import riemgn as rg
from riemgn.geomstats import ImmersedSet, OutputSet


def torus(w):
    ring = 2 + anp.cos(w[0])
    return anp.array([ring * anp.cos(w[1]), ring * anp.sin(w[1]), anp.sin(w[0])])


@pytest.fixture(scope="module")
def space():
    return OutputSet(rg.autograd_immersion(torus, dim=2))


def test_the_metric_of_the_torus(space):
    points = np.array([[0.3, 1.0], [1.2, -0.5]])
    wanted = [np.diag([1.0, (2 + np.cos(a)) ** 2]) for a in points[:, 0]]
    np.testing.assert_allclose(space.metric.metric_matrix(points), wanted, atol=1e-12)
    np.testing.assert_allclose(space.metric.metric_matrix(points[0]), wanted[0], atol=1e-12)


def test_the_christoffel_symbols_of_the_torus(space):
    a = 0.7
    gamma = space.metric.christoffels(np.array([a, 0.2]))
    wanted = np.zeros((2, 2, 2))
    wanted[0, 1, 1] = np.sin(a) * (2 + np.cos(a))
    wanted[1, 0, 1] = wanted[1, 1, 0] = -np.sin(a) / (2 + np.cos(a))
    np.testing.assert_allclose(gamma, wanted, atol=1e-10)


def test_a_networks_metric_is_its_gram_matrix():
    X = np.random.default_rng(0).normal(size=(12, 2))
    net = rg.Network([2, 2, 1])
    f, w = net.immersion(X), net.init(seed=0)
    J = f.jacobian(w)
    space = OutputSet(f)
    assert isinstance(space, ImmersedSet)
    np.testing.assert_allclose(space.metric.metric_matrix(w), J.T @ J, rtol=1e-12)
    assert space.hessian_immersion(w).shape == (12, 9, 9)


def test_points_and_tangent_vectors(space):
    one, many = space.random_point(seed=0), space.random_point(3, seed=0)
    assert one.shape == (2,)
    assert many.shape == (3, 2)
    assert space.belongs(one)
    assert space.belongs(many).tolist() == [True, True, True]
    assert space.to_tangent(np.ones(2), many).shape == (3, 2)
    assert space.is_tangent(np.ones(2), one)
    assert not space.is_tangent(np.ones(3), one)


def test_no_immersion():
    with pytest.raises(TypeError, match="immersion must be"):
        OutputSet(torus)


@pytest.mark.parametrize("handlers", ["", "logging.basicConfig();"])
def test_the_root_logger_is_left_alone(handlers):
    code = (
        f"import logging; {handlers} root = logging.getLogger(); before = (root.level, "
        "list(root.handlers)); import riemgn.geomstats; "
        "assert (root.level, list(root.handlers)) == before"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)
