"""Parallel transport: closed forms, holonomy, isometry, and against scipy."""

import numpy as np
import pytest
from geodesic_cases import connection, great_circle, integrated, small_network, surface

import riemgn as rg

METRICS = {
    "dot product": None,
    "weight": np.random.default_rng(0).uniform(0.3, 2.0, size=20),
    "loss": rg.PoissonLoss(np.ones(20)),
}


def test_along_a_great_circle_the_normal_of_its_plane_stays():
    M, x = surface("sphere", [1.1, 0.4])
    v = 1.3 * M.random_tangent_vector(x, seed=0)
    across = np.cross(x.outputs, v)
    ahead = great_circle(x, v, 1.0)[1]
    np.testing.assert_allclose(M.parallel_transport(x, v, across), across, atol=1e-9)
    np.testing.assert_allclose(M.parallel_transport(x, v, v), ahead, atol=1e-9)
    both = M.parallel_transport(x, v, np.column_stack([across, 2 * v - across]))
    np.testing.assert_allclose(both, np.column_stack([across, 2 * ahead - across]), atol=1e-9)


def test_a_number_is_a_time():
    M, x = surface("sphere", [1.1, 0.4])
    v = M.random_tangent_vector(x, seed=0)
    for t in (0.7, -2, 0):
        got = M.parallel_transport(x, v, t)
        np.testing.assert_allclose(got, great_circle(x, v, t)[1], atol=1e-9)


@pytest.mark.parametrize("metric", METRICS)
def test_it_is_an_isometry(metric):
    M, x, v = small_network(metric=METRICS[metric])
    y = M.exp(x, v)
    frame = M.tangent_basis(x)
    carried = M.parallel_transport(x, v, frame)
    products = [[M.inner_product(y, a, b) for a in carried.T] for b in carried.T]
    np.testing.assert_allclose(products, np.eye(9), atol=1e-9)
    np.testing.assert_allclose(M.projection(y, carried), carried, atol=1e-9)
    back = M.parallel_transport(y, -M.geodesic(x, v).velocity(1.0), carried)
    np.testing.assert_allclose(back, frame, atol=1e-8)


def test_against_scipy_on_a_network():
    M, x, v = small_network()
    a = x.jacobian @ np.random.default_rng(1).normal(size=9)
    gamma = connection(M.immersion)
    w, _, zeta = integrated(gamma, x.params, M.lift(x, v), 1.0, [M.lift(x, a)])
    wanted = M.immersion.jacobian(w) @ zeta
    got = M.parallel_transport(x, v, a)
    np.testing.assert_allclose(got, wanted, atol=1e-8 * np.linalg.norm(a))
    assert np.linalg.norm(got - M.transport(x, M.exp(x, v), a)) > 1e-4


def test_to_a_point():
    M, x, v = small_network()
    y = M.exp(x, v)
    a = M.random_tangent_vector(x, seed=0)
    wanted = M.parallel_transport(x, v, a)
    np.testing.assert_allclose(M.geodesic_transport(x, y, a), wanted, atol=1e-7)


def test_no_way_no_change():
    M, x = surface("sphere", [1.1, 0.4])
    a = M.random_tangent_vector(x, seed=0)
    np.testing.assert_allclose(M.parallel_transport(x, np.zeros(3), a), a, atol=1e-15)
    np.testing.assert_allclose(M.geodesic_transport(x, x, a), a, atol=1e-15)
    np.testing.assert_array_equal(M.parallel_transport(x, a, np.zeros(3)), np.zeros(3))


# Along any curve


def turned_by(x, a, b):
    """The angle from a to b about the sphere's outer normal."""
    return np.arctan2(np.cross(a, b) @ x.outputs, a @ b)


@pytest.mark.parametrize("colatitude", [0.3, 1.0, 2.0])
@pytest.mark.parametrize("velocity", [None, lambda t: np.array([0.0, 1.0])])
def test_holonomy_round_a_circle_of_latitude(colatitude, velocity):
    M, x = surface("sphere", [colatitude, 0.0])
    a = M.random_tangent_vector(x, seed=0)
    b = M.transport_along(
        lambda t: np.array([colatitude, t]), a, span=(0, 2 * np.pi), velocity=velocity
    )
    angle = 2 * np.pi * (1 - np.cos(colatitude))
    assert np.cos(turned_by(x, a, b) - angle) == pytest.approx(1.0, abs=1e-14)
    assert np.sin(turned_by(x, a, b) - angle) == pytest.approx(0.0, abs=1e-7)


def test_holonomy_round_the_tip_of_a_cone():
    # cut open it is a sector of angle 2 pi 0.6
    M, x = surface("cone", [1.5, 0.0])
    along, round_it = x.jacobian[:, 0], x.jacobian[:, 1] / 0.9
    b = M.transport_along(
        lambda t: np.array([1.5 + 0.2 * np.sin(t), t]), along, span=(0, 2 * np.pi)
    )
    angle = 2 * np.pi * (1 - 0.6)
    np.testing.assert_allclose([b @ along, b @ round_it], [np.cos(angle), np.sin(angle)], atol=1e-8)


def test_along_a_geodesic_it_is_the_same():
    M, x, v = small_network()
    g = M.geodesic(x, v)
    frame = M.tangent_basis(x)[:, :2] * [1.0, 100.0]
    got = M.transport_along(lambda t: g(t).params, frame)
    np.testing.assert_allclose(got, M.parallel_transport(x, v, frame), atol=1e-6)
    back = M.transport_along(lambda t: g(t).params, got, span=(1, 0))
    np.testing.assert_allclose(back, frame, atol=1e-6)


def test_arguments_are_checked():
    M, x = surface("sphere", [1.1, 0.4])
    a = M.random_tangent_vector(x, seed=0)
    with pytest.raises(ValueError, match="span must have shape"):
        M.transport_along(lambda t: x.params, a, span=(0, 1, 2))
    with pytest.raises(ValueError, match=r"curve\(t\) must have shape"):
        M.transport_along(lambda t: np.ones(3), a)
    with pytest.raises(ValueError, match=r"velocity\(t\) must have shape"):
        M.transport_along(lambda t: x.params, a, velocity=lambda t: np.ones(1))
    with pytest.raises(ValueError, match="t must have 3 rows"):
        M.parallel_transport(x, a, np.ones(2))
