"""Geodesics against closed forms, against scipy with its own connection, and where they end."""

import autograd.numpy as anp
import numpy as np
import pytest
from geodesic_cases import Cusp, connection, great_circle, integrated, small_network, surface
from manifold_cases import sphere

import riemgn as rg


def assert_outputs(point, wanted, atol=1e-9):
    np.testing.assert_allclose(np.asarray(point), wanted, atol=atol, rtol=0)


# Closed forms


@pytest.mark.parametrize("t", [0.3, 1.0, 2.0, 5.0, 2 * np.pi])
def test_great_circles_come_back(t):
    M, x = surface("sphere", [1.1, 0.4])
    v = M.random_tangent_vector(x, seed=0)
    assert_outputs(M.exp(x, t * v), great_circle(x, v, t)[0])


def test_a_geodesic_is_a_function_of_time():
    M, x = surface("sphere", [1.1, 0.4])
    v = 0.7 * M.random_tangent_vector(x, seed=1)
    g = M.geodesic(x, v)
    assert g(0) is x
    assert g.point is x
    np.testing.assert_allclose(g.initial_velocity, v, atol=1e-15)
    for t in (0.5, -2.0, 3.0, 0.1, -0.4):
        u, velocity = great_circle(x, v, t)
        assert_outputs(g(t), u)
        np.testing.assert_allclose(g.velocity(t), velocity, atol=1e-9)
    points = g([0.0, 1.0, -1.0])
    assert points[0] is x
    assert_outputs(points[2], great_circle(x, v, -1.0)[0])
    assert g.velocity([0.5, 1.5]).shape == (2, 3)
    with pytest.raises(ValueError, match="t must be finite"):
        g(np.nan)


def test_a_plane_has_straight_lines():
    A = np.random.default_rng(0).normal(size=(5, 3))
    M = rg.ImmersedManifold(rg.autograd_immersion(lambda w: anp.dot(A, w), dim=3))
    x = M.point([1.0, -2.0, 0.5])
    v = 3.0 * M.random_tangent_vector(x, seed=0)
    assert_outputs(M.exp(x, v), x.outputs + v, atol=1e-12)


def test_a_cylinder_has_helices():
    M, x = surface("cylinder", [0.5, 0.2])
    y = M.exp(x, x.jacobian @ [-3.0, 7.0])
    np.testing.assert_allclose(y.params, [-2.5, 7.2], atol=1e-10)


@pytest.mark.parametrize("name", ["torus", "catenoid"])
def test_clairauts_invariant_is_kept(name):
    M, x = surface(name, [0.4, 0.3])
    v = 2.0 * M.random_tangent_vector(x, seed=2)
    g = M.geodesic(x, v)

    def momentum(t):
        u, velocity = np.asarray(g(t)), g.velocity(t)
        return u[0] * velocity[1] - u[1] * velocity[0]

    for t in (-1.0, 0.5, 1.0, 1.5):
        assert momentum(t) == pytest.approx(momentum(0.0), abs=1e-9)
        assert np.linalg.norm(g.velocity(t)) == pytest.approx(2.0, abs=1e-9)


def test_meridians_of_a_torus_close():
    M, x = surface("torus", [0.4, 0.3])
    assert_outputs(M.exp(x, 2 * np.pi * x.jacobian[:, 0]), x.outputs)


def test_a_saddles_geodesics_have_no_tangential_acceleration():
    M = rg.ImmersedManifold(
        rg.autograd_immersion(lambda w: anp.array([w[0], w[1], w[0] * w[1]]), dim=2)
    )
    x = M.point([0.3, -0.8])
    g = M.geodesic(x, x.jacobian @ [1.0, 0.7])
    for t in (0.0, 0.5):
        bend = (g.velocity(t + 1e-3) - g.velocity(t - 1e-3)) / 2e-3
        assert np.linalg.norm(bend) > 0.3
        assert np.linalg.norm(M.projection(g(t), bend)) < 1e-5 * np.linalg.norm(bend)


# Networks and metrics, against integrations of their own


def test_a_networks_geodesic_against_scipy():
    M, x, v = small_network()
    w, velocity = integrated(connection(M.immersion), x.params, M.lift(x, v), 1.0)
    y = M.exp(x, v)
    np.testing.assert_allclose(y.params, w, atol=1e-7)
    assert_outputs(y, M.immersion(w), 1e-9 * np.linalg.norm(v))
    end = M.geodesic(x, v).velocity(1.0)
    np.testing.assert_allclose(end, y.jacobian @ velocity, atol=1e-8)


def test_a_geodesic_can_be_walked_back():
    M, x, v = small_network()
    g = M.geodesic(x, v)
    back = M.exp(g(1.0), -g.velocity(1.0))
    np.testing.assert_allclose(back.params, x.params, atol=1e-7)
    assert_outputs(back, x.outputs, 1e-9)
    assert_outputs(M.exp(x, v), g(1.0).outputs, 1e-9)
    assert_outputs(M.exp(x, -v), g(-1.0).outputs, 1e-9)


def test_a_weighted_metric_is_that_of_the_weighted_outputs():
    M, x, v = small_network()
    draws = np.random.default_rng(0)
    A = draws.normal(size=(20, 20))
    for H in (draws.uniform(0.2, 2.0, size=20), A @ A.T + np.eye(20)):
        root = np.diag(np.sqrt(H)) if H.ndim == 1 else np.linalg.cholesky(H)
        W = M.in_metric(H)
        w, _ = integrated(connection(M.immersion, root), x.params, W.lift(x, v), 1.0)
        y = W.exp(x, v)
        np.testing.assert_allclose(y.params, w, atol=1e-7)
        speed = W.norm(y, W.geodesic(x, v).velocity(1.0))
        assert speed == pytest.approx(W.norm(x, v), rel=1e-9)
        assert np.linalg.norm(y.params - M.exp(x, v).params) > 1e-4


def levi_civita(metric_matrix, h=3e-3):
    """Gamma(xi, eta) of a metric matrix G(w), by differences of order 4."""

    def derivative(w, e):
        near, far = (metric_matrix(w + k * h * e) - metric_matrix(w - k * h * e) for k in (1, 2))
        return (8 * near - far) / (12 * h)

    def gamma(w, xi, eta):
        dG = np.array([derivative(w, e) for e in np.eye(w.size)])
        turned = np.einsum("kij,k,j->i", dG, xi, eta) + np.einsum("kij,k,j->i", dG, eta, xi)
        return 0.5 * np.linalg.solve(metric_matrix(w), turned - dG @ eta @ xi)

    return gamma


def test_the_metric_of_a_loss_against_differences_of_its_matrix():
    draws = np.random.default_rng(1)
    X, labels = draws.normal(size=(12, 2)), draws.integers(0, 2, size=12)
    loss = rg.LogisticLoss(labels)
    M = rg.OutputManifold(rg.Network([2, 1, 1]), X, metric=loss)
    x = M.point([0.8, -0.5, 0.3, 1.2, 0.1])

    def metric_matrix(w):
        jet = M.immersion.at(w)
        H = loss.hessian_vp(jet.outputs, np.ones(12))  # diagonal
        return jet.jacobian().T * H @ jet.jacobian()

    xi = 0.1 * draws.normal(size=5)
    w, _ = integrated(levi_civita(metric_matrix), x.params, xi, 1.0, tolerance=1e-9)
    v = x.jacobian @ xi
    np.testing.assert_allclose(M.exp(x, v).params, w, atol=1e-7)
    assert np.linalg.norm(M.in_metric(None).exp(x, v).params - w) > 1e-4


# Rank and parametrisation


def twins():
    """A network whose last two hidden neurons are the same, and the one without the second."""
    draws = np.random.default_rng(4)
    X = draws.normal(size=(25, 2))
    (W, b), (V, c) = (draws.normal(size=(2, 2)), draws.normal(size=2)), (draws.normal(size=2), 0.3)
    small = np.concatenate([W.ravel(), b, V, [c]])
    half = np.array([V[0], V[1] / 2, V[1] / 2])
    large = np.concatenate([W.ravel(), W[1], b, [b[1]], half, [c]])
    reduced, whole = (rg.OutputManifold(rg.Network([2, k, 1]), X) for k in (2, 3))
    return reduced, reduced.point(small), whole, whole.point(large)


def test_twin_neurons_move_as_one():
    reduced, x, whole, z = twins()
    assert z.rank == x.rank == 9 < z.params.size
    assert_outputs(z, x.outputs, 1e-14)
    step = np.random.default_rng(0).normal(size=9)
    v = x.jacobian @ (0.3 * step / np.linalg.norm(step))
    wanted, got = reduced.exp(x, v), whole.exp(z, v)
    assert_outputs(got, wanted.outputs, 1e-9)
    assert got.rank == 9
    weights, twin = got.params[2:4], got.params[4:6]
    np.testing.assert_allclose(weights, twin, atol=1e-10)


def test_a_redundant_parametrisation_changes_nothing():
    M, x, v = small_network()
    p = x.params.size
    A = np.random.default_rng(0).normal(size=(p, p + 3))
    R = rg.ImmersedManifold(M.immersion.reparametrised(A))
    z = R.point(np.linalg.lstsq(A, x.params, rcond=None)[0])
    assert z.rank == p
    assert_outputs(R.exp(z, v), M.exp(x, v).outputs, 1e-8)


def test_geodesics_do_not_depend_on_the_parametrisation():
    M, x, v = small_network()
    p = x.params.size
    U, _, Vt = np.linalg.svd(np.random.default_rng(0).normal(size=(p, p)))
    A = U * np.logspace(0, 3, p) @ Vt
    R = rg.ImmersedManifold(M.immersion.reparametrised(A))
    z = R.point(np.linalg.solve(A, x.params))
    assert_outputs(R.exp(z, v), M.exp(x, v).outputs, 1e-9)


@pytest.mark.parametrize("samples", [9, 6])
def test_an_open_manifold_has_straight_lines(samples):
    M, x, v = small_network(samples=samples)
    assert M.immersion.dim == 9
    assert x.rank == samples
    assert_outputs(M.exp(x, v), x.outputs + v, 1e-9)


# Where they end


def test_no_velocity_no_way():
    M, x = surface("sphere", [1.1, 0.4])
    assert M.exp(x, np.zeros(3)) is x
    assert M.geodesic(x, np.zeros(3))(5.0) is x
    np.testing.assert_array_equal(M.geodesic(x, np.zeros(3)).velocity(5.0), np.zeros(3))


@pytest.mark.parametrize("aside", [0.0, 1e-2, 1e-4])
def test_past_the_pole_of_the_coordinates(aside):
    M, x = surface("sphere", [0.5, 0.4])
    north, east = -x.jacobian[:, 0], x.jacobian[:, 1]
    v = north + aside * east
    assert_outputs(M.exp(x, v), great_circle(x, v, 1.0)[0], 1e-9)


@pytest.mark.slow
def test_a_cusp_ends_a_geodesic_and_the_error_says_when():
    M = rg.ImmersedManifold(Cusp())
    x = M.point([1.0])
    length = (13**1.5 - 8) / 27
    v = -length / 0.8 * x.jacobian[:, 0] / np.linalg.norm(x.jacobian)
    with pytest.raises(rg.NumericalError, match=r"path ends at t = 0\.(8|79999).*w.*rank 1, cond"):
        M.geodesic(x, v)(1.0)
    g = M.geodesic(x, v, max_evaluations=2000)
    assert g(0.5).params[0] > 0.3
    for _ in range(2):
        with pytest.raises(rg.NumericalError, match="path ends"):
            g(1.0)
    assert g(-1.0).params[0] > 1


def test_the_boundary_of_the_domain_ends_a_geodesic():
    M = rg.ImmersedManifold(rg.autograd_immersion(lambda w: anp.array([anp.sqrt(w[0]), w[0]]), 1))
    x = M.point([1.0])
    with pytest.raises(rg.NumericalError, match="path ends at t = 0"):
        M.exp(x, -2 * x.jacobian[:, 0])


def test_a_rank_that_rises_ends_a_geodesic():
    M = rg.ImmersedManifold(
        rg.autograd_immersion(lambda w: anp.array([w[0], w[0] ** 2 * w[1], 0 * w[0]]), 2)
    )
    x = M.point([0.0, 0.0])
    assert x.rank == 1
    with pytest.raises(rg.NumericalError, match="rank rises from 1 to 2"):
        M.exp(x, np.array([1.0, 0.0, 0.0]))


def test_evaluations_are_limited():
    M, x = surface("sphere", [0.5, 0.4])
    v = -x.jacobian[:, 0] + 1e-8 * x.jacobian[:, 1]
    with pytest.raises(rg.NumericalError, match="its 300 evaluations are spent"):
        M.exp(x, v, max_evaluations=300)
    with pytest.raises(rg.NumericalError, match=r"t = 0.*its 300 evaluations are spent"):
        M.geodesic(x, v, max_evaluations=300)(1.0)
    with pytest.raises(ValueError, match="max_evaluations"):
        M.exp(x, v, max_evaluations=0)


def test_arguments_are_checked():
    M, x = surface("sphere", [0.5, 0.4])
    with pytest.raises(TypeError, match="point must be a point"):
        M.exp(np.ones(3), np.ones(3))
    with pytest.raises(ValueError, match="tangent_vector must have 3 rows"):
        M.exp(x, np.ones(4))
    with pytest.raises(rg.NumericalError, match="tangent_vector holds NaN"):
        M.geodesic(x, np.full(3, np.nan))


def test_nothing_of_the_callers_is_changed():
    M, x, v = small_network()
    before, outputs = v.copy(), x.outputs.copy()
    M.exp(x, v)
    np.testing.assert_array_equal(v, before)
    np.testing.assert_array_equal(x.outputs, outputs)


@pytest.mark.parametrize("size", [1e-30, 1e-170, 1e-300])
def test_a_velocity_whose_square_underflows_is_no_trouble(size):
    M, x = sphere()
    v = M.random_tangent_vector(x, seed=0)
    np.testing.assert_array_equal(M.exp(x, size * v).outputs, x.outputs)
    np.testing.assert_allclose(M.parallel_transport(x, size * v, v), v, atol=1e-14)
