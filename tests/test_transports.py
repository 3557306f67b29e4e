"""Transports of tangent vectors: projection, and the differentiated retraction."""

import numpy as np
import pytest
from manifold_cases import gentle_tangent, network_manifold, sphere, tangents

import riemgn as rg

EVERY = pytest.mark.parametrize(
    "retraction", ["parametric", "corrected", "projection", "orthographic", "geodesic"]
)
METRICS = {"dot product": None, "weight": np.linspace(0.5, 3.0, 40)}


def difference(M, x, v, a, h=1e-5):
    """The derivative of the retraction at v along a, by a central difference."""
    ahead, behind = (M.retraction(x, v + s * h * a).outputs for s in (1, -1))
    return (ahead - behind) / (2 * h)


@pytest.mark.parametrize("metric", METRICS)
def test_projection_is_the_nearest_tangent_vector(metric):
    M, x = network_manifold(metric=METRICS[metric])
    a, b = (gentle_tangent(x, seed) for seed in (0, 1))
    y = M.retraction(x, 0.5 * b)
    moved = M.transport(x, y, a)
    np.testing.assert_allclose(M.projection(y, moved), moved, atol=1e-11)
    for e in tangents(M, y, 4):
        assert M.inner_product(y, a - moved, e) == pytest.approx(0, abs=1e-11)
        assert M.norm(y, a - moved - 1e-3 * e) > M.norm(y, a - moved)
    np.testing.assert_allclose(M.transport(x, x, a), a, atol=1e-12)


@EVERY
@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("length", [1e-2, 1.0])
def test_the_differentiated_retraction_is_its_derivative(retraction, metric, length):
    M, x = network_manifold(retraction=retraction, metric=METRICS[metric])
    v, a = length * gentle_tangent(x), gentle_tangent(x, seed=7)
    got = M.differentiated_retraction(x, v, a)
    np.testing.assert_allclose(got, difference(M, x, v, a), atol=1e-8)
    y = M.retraction(x, v)
    np.testing.assert_allclose(M.projection(y, got), got, atol=1e-11)
    assert np.linalg.norm(got - M.transport(x, y, a)) > 1e-6 * length**2


@EVERY
def test_the_differentiated_retraction_is_linear(retraction):
    M, x = network_manifold(retraction=retraction)
    v, a, b = (gentle_tangent(x, seed) for seed in (0, 1, 2))
    got = M.differentiated_retraction(x, v, a - 2 * b)
    parts = [M.differentiated_retraction(x, v, c) for c in (a, b)]
    np.testing.assert_allclose(got, parts[0] - 2 * parts[1], atol=1e-9)
    np.testing.assert_array_equal(M.differentiated_retraction(x, v, np.zeros(40)), np.zeros(40))


@EVERY
def test_the_differentiated_retraction_tends_to_the_identity(retraction):
    M, x = network_manifold(retraction=retraction)
    v, a = gentle_tangent(x), gentle_tangent(x, seed=1)
    np.testing.assert_allclose(M.differentiated_retraction(x, np.zeros(40), a), a, atol=1e-14)
    gaps = [
        np.linalg.norm(M.differentiated_retraction(x, t * v, a) - a) for t in (1e-2, 1e-3, 1e-4)
    ]
    np.testing.assert_allclose(gaps[:-1], 10 * np.array(gaps[1:]), rtol=0.1)


@EVERY
def test_along_the_vector_it_is_the_velocity_of_the_retracted_curve(retraction):
    M, x = network_manifold(retraction=retraction)
    v, h = gentle_tangent(x), 1e-5
    ahead, behind = (M.retraction(x, (1 + s * h) * v).outputs for s in (1, -1))
    got = M.differentiated_retraction(x, v, v)
    np.testing.assert_allclose(got, (ahead - behind) / (2 * h), atol=1e-8)


# Closed forms on the sphere


@pytest.mark.parametrize(
    ("retraction", "across", "along"),
    [
        ("geodesic", lambda t: np.sin(t) / t, lambda t: 1.0),
        ("projection", lambda t: 1 / np.sqrt(1 + t**2), lambda t: 1 / (1 + t**2)),
        ("orthographic", lambda t: 1.0, lambda t: 1 / np.sqrt(1 - t**2)),
    ],
)
@pytest.mark.parametrize("t", [0.1, 0.7])
def test_stretches_on_the_sphere(retraction, across, along, t):
    M, x = sphere(retraction=retraction)
    v, a = M.tangent_basis(x).T
    for direction, stretch in ((a, across(t)), (v, along(t))):
        got = np.linalg.norm(M.differentiated_retraction(x, t * v, direction))
        assert got == pytest.approx(stretch, abs=1e-9)


@pytest.mark.slow
def test_past_a_conjugate_point_of_the_sphere():
    M, x = sphere(retraction="geodesic")
    v, a = M.tangent_basis(x).T
    got = M.differentiated_retraction(x, 3.5 * v, a)  # the geodesics have crossed
    np.testing.assert_allclose(got, np.sin(3.5) / 3.5 * a, atol=1e-8)


# Refusals


def test_bad_arguments_are_refused_by_name():
    M, x = network_manifold()
    v = gentle_tangent(x)
    for bad, error in ((v[1:], ValueError), (v * 1j, TypeError), (v * np.nan, rg.NumericalError)):
        with pytest.raises(error, match="tangent_vector"):
            M.differentiated_retraction(x, bad, v)
        with pytest.raises(error, match="direction"):
            M.differentiated_retraction(x, v, bad)
    with pytest.raises(TypeError, match="point"):
        M.differentiated_retraction(x.outputs, v, v)


@pytest.mark.parametrize("retraction", ["projection", "orthographic", "geodesic"])
def test_what_is_not_defined_in_a_varying_metric_is_refused(retraction):
    M, x = network_manifold()
    loss = rg.PoissonLoss(np.ones(40))
    N = rg.ImmersedManifold(M.immersion, retraction=retraction, metric=loss)
    y, v = N.point(x.params), gentle_tangent(x)
    with pytest.raises(NotImplementedError, match="varies"):
        N.differentiated_retraction(y, v, v)
