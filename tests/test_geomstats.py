"""The geomstats adapter against closed forms, its batches, and what importing it leaves behind."""

import subprocess
import sys

import autograd
import geomstats.backend as gs
import numpy as np
import pytest
from geomstats.geometry.base import ImmersedSet
from geomstats_cases import Saddle, network_space, sphere, surface, torus

import riemgn as rg
from riemgn.geomstats import OutputMetric, OutputSet
from riemgn.geomstats.importing import require_array_backend


@pytest.fixture(scope="module")
def space():
    return surface(torus)


@pytest.fixture(scope="module")
def ball():
    return surface(sphere)


AT = np.array([1.1, 0.4])  # a point of the sphere
A, B = np.array([0.3, -0.5]), np.array([-0.2, 0.6])


# The set


def test_what_it_is():
    space, w = network_space()
    assert isinstance(space, ImmersedSet)
    assert isinstance(space.metric, OutputMetric)
    assert (space.dim, space.embedding_space.dim) == (9, 20)
    f = space.manifold.immersion
    np.testing.assert_array_equal(space.immersion(w), f(w))
    np.testing.assert_array_equal(space.jacobian_immersion(w), f.jacobian(w))
    xi = np.arange(9.0)
    np.testing.assert_allclose(space.tangent_immersion(xi, w), f.jacobian(w) @ xi, atol=1e-13)


def test_the_hessian_is_the_derivative_of_the_jacobian():
    space, w = network_space()
    step = 1e-6 * np.eye(9)
    J = space.jacobian_immersion
    wanted = np.stack([(J(w + h) - J(w - h)) / 2e-6 for h in step], axis=-1)
    np.testing.assert_allclose(space.hessian_immersion(w), wanted, atol=1e-8)


def test_points_and_tangent_vectors(space):
    one, many = space.random_point(seed=0), space.random_point(3, seed=0)
    assert one.shape == (2,)
    assert many.shape == (3, 2)
    np.testing.assert_array_equal(one, many[0])
    assert space.random_tangent_vec(one, n_samples=4).shape == (4, 2)
    assert space.random_tangent_vec(many).shape == (3, 2)
    assert space.to_tangent(np.ones(2), many).shape == (3, 2)
    with pytest.raises(ValueError, match="n_samples"):
        space.random_tangent_vec(many, n_samples=2)


def test_what_belongs(space):
    assert space.belongs(np.array([[0.1, 0.2], [np.nan, 0.0]])).tolist() == [True, False]
    assert not space.belongs(np.ones(3))
    assert space.is_tangent(np.ones(2))
    assert space.is_tangent(np.ones(2), np.ones((3, 2))).tolist() == [True] * 3
    assert not space.is_tangent(np.ones(3))
    assert not space.is_tangent(np.array([np.inf, 0.0]))


def test_ambient_vectors_are_projected(ball):
    u = np.array([[0.3, 0.9, 0.8], [1.0, -0.2, 0.4]])
    w = ball.projection(u, start=AT)
    nearest = u / np.linalg.norm(u, axis=1, keepdims=True)
    np.testing.assert_allclose(ball.immersion(w), nearest, atol=1e-7)
    np.testing.assert_array_equal(ball.projection(AT), AT)
    J = ball.jacobian_immersion(AT)
    np.testing.assert_allclose(
        ball.to_tangent(u, AT), np.linalg.lstsq(J, u.T, rcond=None)[0].T, atol=1e-12
    )
    with pytest.raises(ValueError, match="base_point must be given"):
        ball.to_tangent(u)


def test_no_nearest_point():
    space, _ = network_space()
    with pytest.raises(rg.NumericalError, match="no nearest point"):
        space.projection(np.random.default_rng(0).normal(size=20) * 1e3)


# The metric


def test_the_metric_of_the_torus(space):
    points = np.array([[0.3, 1.0], [1.2, -0.5]])
    wanted = [np.diag([1.0, (2 + np.cos(a)) ** 2]) for a in points[:, 0]]
    metric = space.metric
    np.testing.assert_allclose(metric.metric_matrix(points), wanted, atol=1e-12)
    np.testing.assert_allclose(metric.metric_matrix(points[0]), wanted[0], atol=1e-12)
    np.testing.assert_allclose(metric.cometric_matrix(points), np.linalg.inv(wanted), atol=1e-12)
    a = points[0, 0]
    slope = np.zeros((2, 2, 2))
    slope[1, 1, 0] = -2 * np.sin(a) * (2 + np.cos(a))
    np.testing.assert_allclose(metric.inner_product_derivative_matrix(points[0]), slope, atol=1e-12)


def test_the_christoffel_symbols_of_the_torus(space):
    a = 0.7
    w, v = np.array([a, 0.2]), np.array([0.4, -1.1])
    wanted = np.zeros((2, 2, 2))
    wanted[0, 1, 1] = np.sin(a) * (2 + np.cos(a))
    wanted[1, 0, 1] = wanted[1, 1, 0] = -np.sin(a) / (2 + np.cos(a))
    np.testing.assert_allclose(space.metric.christoffels(w), wanted, atol=1e-10)
    rates = space.metric.geodesic_equation(np.stack([w, v]))
    np.testing.assert_array_equal(rates[0], v)
    np.testing.assert_allclose(rates[1], -np.einsum("kij,i,j->k", wanted, v, v), atol=1e-10)


def test_lengths_and_angles():
    space, w = network_space()
    a, b = np.random.default_rng(0).normal(size=(2, 9))
    G = space.jacobian_immersion(w).T @ space.jacobian_immersion(w)
    metric = space.metric
    np.testing.assert_allclose(metric.metric_matrix(w), G, rtol=1e-12)
    np.testing.assert_allclose(metric.inner_product(a, b, w), a @ G @ b, rtol=1e-12)
    np.testing.assert_allclose(metric.norm(a, w), np.sqrt(a @ G @ a), rtol=1e-12)
    np.testing.assert_allclose(metric.squared_norm(a, w), a @ G @ a, rtol=1e-12)
    np.testing.assert_allclose((4.0 * metric).norm(a, w), 2 * metric.norm(a, w), rtol=1e-12)


# The sphere, whose geodesics are great circles and whose curvature is 1


def test_the_curvature_of_the_sphere(ball):
    metric, G = ball.metric, ball.metric.metric_matrix(AT)
    wanted = np.einsum("ik,jl->ijkl", G, G) - np.einsum("il,jk->ijkl", G, G)
    np.testing.assert_allclose(metric.covariant_riemann_tensor(AT), wanted, atol=1e-12)
    raised = np.einsum("ki,jl->ijkl", G, np.eye(2)) - np.einsum("ji,kl->ijkl", G, np.eye(2))
    np.testing.assert_allclose(metric.riemann_tensor(AT), raised, atol=1e-12)
    np.testing.assert_allclose(metric.ricci_tensor(AT), G, atol=1e-12)
    np.testing.assert_allclose(metric.scalar_curvature(AT), 2, atol=1e-12)
    np.testing.assert_allclose(metric.sectional_curvature(A, B, AT), 1, atol=1e-12)
    np.testing.assert_allclose(
        metric.curvature(A, B, A, AT), (A @ G @ B) * A - (A @ G @ A) * B, atol=1e-12
    )
    u = ball.immersion(AT)
    np.testing.assert_allclose(metric.mean_curvature_vector(AT), -2 * u, atol=1e-12)
    np.testing.assert_allclose(
        metric.second_fundamental_form(AT), -u[:, None, None] * G, atol=1e-12
    )


@pytest.mark.slow
def test_the_geodesics_of_the_sphere(ball):
    metric, u, v = ball.metric, ball.immersion(AT), ball.tangent_immersion(A, AT)
    length = np.linalg.norm(v)
    end = metric.exp(A, AT)
    wanted = np.cos(length) * u + np.sin(length) * v / length
    np.testing.assert_allclose(ball.immersion(end), wanted, atol=1e-9)
    np.testing.assert_allclose(metric.log(end, AT), A, atol=1e-8)
    np.testing.assert_allclose(metric.dist(AT, end), length, atol=1e-9)
    np.testing.assert_allclose(metric.squared_dist(AT, end), length**2, atol=1e-9)
    half = metric.geodesic(AT, end_point=end)(0.5)
    assert half.shape == (1, 2)
    np.testing.assert_allclose(half[0], metric.exp(A / 2, AT), atol=1e-8)


def test_parallel_transport_on_the_sphere(ball):
    metric, u, v = ball.metric, ball.immersion(AT), ball.tangent_immersion(A, AT)
    length, end = np.linalg.norm(v), metric.exp(A, AT)
    across = np.cross(u, v / length)  # a geodesic carries what is at right angles to it unchanged
    xi = ball.to_tangent(across, AT)
    for given in ({"direction": A}, {"end_point": end}):
        carried = metric.parallel_transport(xi, AT, **given)
        np.testing.assert_allclose(ball.tangent_immersion(carried, end), across, atol=1e-8)
    for given in ({}, {"direction": A, "end_point": end}):
        with pytest.raises(ValueError, match="direction and end_point"):
            metric.parallel_transport(xi, AT, **given)


# Batches


def test_points_and_vectors_are_broadcast():
    metric = OutputSet(Saddle()).metric
    points = np.array([[[0.1, 0.2], [0.3, -0.1]]])  # (1, 2, 2)
    vectors = 0.1 * np.random.default_rng(0).normal(size=(3, 1, 2))
    ends = metric.exp(vectors, points)
    assert ends.shape == (3, 2, 2)
    np.testing.assert_array_equal(ends[2, 1], metric.exp(vectors[2, 0], points[0, 1]))
    assert metric.christoffels(points).shape == (1, 2, 2, 2, 2)
    assert metric.sectional_curvature(A, B, points).shape == (1, 2)
    path = metric.geodesic(points[0, 0], initial_tangent_vec=vectors[:, 0])
    assert path(np.linspace(0, 1, 4)).shape == (3, 4, 2)
    np.testing.assert_allclose(path([0.0, 1.0])[:, 1], ends[:, 0], atol=1e-9)
    with pytest.raises(ValueError, match=r"do not fit: \(2,\) and \(3,\)"):
        metric.norm(vectors[:, 0], points[0])


# Where the metric is singular


def twins():
    """Two equal neurons, whose columns of the Jacobian are equal: its rank is 5 of 9."""
    space, w = network_space()
    return space, np.concatenate([w[:2], w[:2], w[4:5], w[4:5], w[6:7], w[6:7], w[8:]])


def test_rank_deficient_points():
    space, w = twins()
    x = space.manifold.point(w)
    metric = space.metric
    assert x.rank == 5
    for refused in (
        metric.cometric_matrix,
        metric.riemann_tensor,
        metric.ricci_tensor,
        metric.scalar_curvature,
        metric.second_fundamental_form,
    ):
        with pytest.raises(rg.NumericalError, match="rank 5 of 9"):
            refused(w)
    J, D2 = space.jacobian_immersion(w), space.hessian_immersion(w)
    wanted = np.linalg.pinv(J, rcond=1e-12) @ D2.reshape(20, 81)
    np.testing.assert_allclose(metric.christoffels(w), wanted.reshape(9, 9, 9), atol=1e-9)
    xi = 0.01 * np.random.default_rng(0).normal(size=9)
    ours = space.manifold.exp(x, J @ xi)
    np.testing.assert_array_equal(metric.exp(xi, w), ours.params)
    np.testing.assert_allclose(J @ metric.log(ours.params, w), J @ xi, atol=1e-9)


def test_nearly_rank_deficient_points():
    space, w = twins()
    w[0] += 1e-11
    metric = space.metric
    for refused in (metric.christoffels, metric.riemann_tensor, metric.cometric_matrix):
        with pytest.raises(rg.NumericalError, match="nearly rank-deficient here: rank 8"):
            refused(w)


def test_permuted_units_are_one_point():
    space, w = network_space()
    permuted = w[[2, 3, 0, 1, 5, 4, 7, 6, 8]]
    np.testing.assert_allclose(space.immersion(permuted), space.immersion(w), atol=1e-14)
    assert space.metric.dist(w, permuted) < 1e-13


# What is refused


def test_no_immersion():
    with pytest.raises(TypeError, match="immersion must be"):
        OutputSet(torus)


def test_more_parameters_than_outputs():
    net = rg.Network([2, 5, 1])
    with pytest.raises(ValueError, match="21 > 3"):
        OutputSet(net.immersion(np.eye(3, 2)))


@pytest.mark.parametrize("bad", [np.ones(3), np.array([np.nan, 0.0]), "here", None])
def test_bad_points(bad, space):
    with pytest.raises((ValueError, TypeError), match="base_point"):
        space.metric.metric_matrix(bad)


def test_a_plane_that_is_none(space):
    with pytest.raises(ValueError, match="span"):
        space.metric.sectional_curvature(A, 2 * A, AT)


def test_it_is_not_differentiated_through(space):
    with pytest.raises(TypeError, match="traced by autograd"):
        autograd.grad(lambda w: space.metric.norm(A, w))(AT)


def test_other_backends(monkeypatch):
    require_array_backend()
    monkeypatch.setattr(gs, "__name__", "geomstats.pytorch")
    with pytest.raises(ImportError, match="got pytorch"):
        require_array_backend()


@pytest.mark.parametrize("handlers", ["", "logging.basicConfig();"])
def test_the_root_logger_is_left_alone(handlers):
    code = (
        f"import logging; {handlers} root = logging.getLogger(); before = (root.level, "
        "list(root.handlers)); import riemgn.geomstats; "
        "assert (root.level, list(root.handlers)) == before"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)
