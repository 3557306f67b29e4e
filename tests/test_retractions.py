"""Retractions against geodesics, and what is made of the chord between two points."""

import autograd.numpy as anp
import numpy as np
import pytest
import scipy.integrate
from manifold_cases import gentle_tangent, network_manifold, sphere

import riemgn as rg


def slope(lengths, errors):
    return np.polyfit(np.log(lengths), np.log(errors), 1)[0]


def geodesic(M, x, v, t):
    """The outputs of the geodesic with velocity v after time t, by an ODE in parameters."""
    f, p = M.immersion, x.params.size

    def right_side(_, state):
        w, velocity = state[:p], state[p:]
        bend = f.second_derivative(w, velocity, velocity)
        return np.concatenate([velocity, -np.linalg.lstsq(f.jacobian(w), bend, rcond=None)[0]])

    start = np.concatenate([x.params, np.linalg.lstsq(f.jacobian(x.params), v, rcond=None)[0]])
    solution = scipy.integrate.solve_ivp(
        right_side, (0, t), start, method="DOP853", rtol=1e-12, atol=1e-14
    )
    return f(solution.y[:p, -1])


@pytest.mark.parametrize(("retraction", "order"), [("parametric", 1), ("corrected", 2)])
def test_order_of_retractions_against_geodesics_of_a_network(retraction, order):
    M, x = network_manifold(retraction=retraction)
    assert M.retraction_name == retraction
    v = gentle_tangent(x)
    lengths = np.logspace(-2, -0.5, 5)
    errors = [
        np.linalg.norm(M.retraction(x, t * v).outputs - geodesic(M, x, v, t)) for t in lengths
    ]
    assert slope(lengths, errors) == pytest.approx(order + 1, abs=0.25)


@pytest.mark.parametrize(("retraction", "order"), [("parametric", 1), ("corrected", 2)])
def test_order_of_retractions_against_great_circles(retraction, order):
    M, x = sphere(retraction=retraction)
    v = M.random_tangent_vector(x, seed=0)
    lengths = np.logspace(-3, -1.5, 6)
    errors = []
    for t in lengths:
        circle = np.cos(t) * x.outputs + np.sin(t) * v
        errors.append(np.linalg.norm(M.retraction(x, t * v).outputs - circle))
    assert slope(lengths, errors) == pytest.approx(order + 1, abs=0.1)


@pytest.mark.parametrize("retraction", ["parametric", "corrected"])
def test_the_zero_vector_retracts_to_the_very_point(retraction):
    M, x = sphere(retraction=retraction)
    assert M.retraction(x, M.zero_vector(x)) is x
    assert M.retraction(x, np.zeros(3)) is x


@pytest.mark.parametrize("retraction", ["parametric", "corrected"])
def test_a_retraction_moves_the_parameters_by_the_lift(retraction):
    M, x = network_manifold(retraction=retraction)
    v = 0.1 * M.random_tangent_vector(x, seed=0)
    y = M.retraction(x, v)
    xi = M.lift(x, v)
    if retraction == "corrected":
        xi = xi - 0.5 * M.christoffel(x, xi, xi)
    np.testing.assert_allclose(y.params, x.params + xi, rtol=1e-12)
    np.testing.assert_array_equal(y.outputs, M.immersion(y.params))


def test_names_of_retractions_are_checked():
    with pytest.raises(ValueError, match="did you mean 'parametric'"):
        network_manifold(retraction="parametrik")
    with pytest.raises(TypeError, match="retraction"):
        network_manifold(retraction=None)
    with pytest.raises(TypeError, match="immersion must be a riemgn"):
        rg.ImmersedManifold(anp.sin)


# Distance, logarithm and mean by the chord


def test_chord_distance_and_logarithm():
    M, x = sphere()
    v = M.random_tangent_vector(x, seed=0)
    lengths = np.logspace(-2.5, -1, 6)
    distance_errors, logarithm_errors, mean_errors = [], [], []
    for t in lengths:
        end = np.cos(t) * x.outputs + np.sin(t) * v
        y = M.point([np.arctan2(end[1], end[0]), np.arcsin(end[2])])
        middle = np.cos(t / 2) * x.outputs + np.sin(t / 2) * v
        assert M.dist(x, y) == M.dist(y, x)
        log = M.log(x, y)
        np.testing.assert_allclose(M.projection(x, log), log, atol=1e-14)
        distance_errors.append(t - M.dist(x, y))
        logarithm_errors.append(np.linalg.norm(log - t * v))
        mean_errors.append(np.linalg.norm(M.pair_mean(x, y).outputs - middle))
    assert slope(lengths, distance_errors) == pytest.approx(3, abs=0.1)
    assert slope(lengths, logarithm_errors) == pytest.approx(3, abs=0.1)
    assert slope(lengths, mean_errors) > 1.9
    assert M.dist(x, x) == 0
    np.testing.assert_array_equal(M.log(x, x), np.zeros(3))
    assert M.pair_mean(x, x) is x


def exponential_curve():
    M = rg.ImmersedManifold(
        rg.autograd_immersion(lambda w: anp.array([w[0], anp.exp(w[0])]), dim=1)
    )
    return M, M.point([0.0])


@pytest.mark.parametrize("end", [1.0, 10.0, 300.0])
def test_a_mean_lies_between_its_points_however_the_manifold_bends(end):
    # the tangent at 0 leads far beyond the other point, at 300 to infinite outputs
    M, x = exponential_curve()
    y = M.point([end])
    mean = M.pair_mean(x, y)
    assert mean.is_finite
    assert 0 < M.dist(x, mean) <= M.dist(x, y)
    assert 0 < mean.params[0] < end


def test_the_distance_to_a_point_outside_the_domain_is_infinite():
    M, x = exponential_curve()
    far = M.retraction(x, np.array([1e4, 1e4]))
    assert not far.is_finite
    assert M.dist(x, far) == M.dist(far, x) == M.dist(far, far) == np.inf
