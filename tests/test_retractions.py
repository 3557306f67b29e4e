"""Retractions against geodesics and closed forms, and what is made of a chord."""

import autograd.numpy as anp
import numpy as np
import pytest
import scipy.integrate
import scipy.optimize
from manifold_cases import a_normal, gentle_tangent, network_manifold, sphere
from pymanopt.manifolds import Sphere
from pymanopt.optimizers import ConjugateGradient, SteepestDescent, TrustRegions

import riemgn as rg
from riemgn.manifolds.retractions import Retraction


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


ORDERS = {
    "parametric": 1,
    "corrected": 2,
    "projection": 2,
    "orthographic": 2,
    "geodesic": np.inf,
}
EVERY = pytest.mark.parametrize("retraction", ORDERS)
INEXACT = pytest.mark.parametrize("retraction", [r for r in ORDERS if r != "geodesic"])
METRICS = {"dot product": None, "weight": np.linspace(0.5, 3.0, 40)}


@INEXACT
def test_order_of_retractions_against_geodesics_of_a_network(retraction):
    M, x = network_manifold(retraction=retraction)
    assert M.retraction_name == retraction
    assert M.retraction_order == ORDERS[retraction]
    v = gentle_tangent(x)
    lengths = np.logspace(-2, -0.5, 5)
    errors = [
        np.linalg.norm(M.retraction(x, t * v).outputs - geodesic(M, x, v, t)) for t in lengths
    ]
    assert slope(lengths, errors) == pytest.approx(ORDERS[retraction] + 1, abs=0.25)


@INEXACT
def test_order_of_retractions_against_great_circles(retraction):
    M, x = sphere(retraction=retraction)
    v = M.random_tangent_vector(x, seed=0)
    lengths = np.logspace(-3, -1.5, 6)
    errors = []
    for t in lengths:
        circle = np.cos(t) * x.outputs + np.sin(t) * v
        errors.append(np.linalg.norm(M.retraction(x, t * v).outputs - circle))
    assert slope(lengths, errors) == pytest.approx(ORDERS[retraction] + 1, abs=0.1)


def test_the_geodesic_retraction_follows_the_geodesic():
    M, x = network_manifold(retraction="geodesic")
    assert M.retraction_order == np.inf
    v = gentle_tangent(x)
    np.testing.assert_allclose(M.retraction(x, v).outputs, geodesic(M, x, v, 1.0), atol=1e-9)


@EVERY
def test_the_zero_vector_retracts_to_the_very_point(retraction):
    M, x = sphere(retraction=retraction)
    assert M.retraction(x, M.zero_vector(x)) is x
    assert M.retraction(x, np.zeros(3)) is x
    np.testing.assert_allclose(M.inverse_retraction(x, x), np.zeros(3), atol=1e-15)


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


# Closed forms


@pytest.mark.parametrize("length", [1e-8, 0.3, 1.0, 10.0])
def test_the_metric_projection_of_a_sphere_divides_by_the_length(length):
    M, x = sphere(retraction="projection")
    v = length * M.random_tangent_vector(x, seed=1)
    target = x.outputs + v
    y = M.retraction(x, v)
    np.testing.assert_allclose(y.outputs, target / np.linalg.norm(target), atol=1e-13)


def test_the_orthographic_retraction_of_a_sphere_rises_from_the_tangent_plane():
    M, x = sphere(retraction="orthographic")
    v = 0.9 * M.random_tangent_vector(x, seed=1)
    y = M.retraction(x, v)
    np.testing.assert_allclose(y.outputs, v + np.sqrt(1 - 0.81) * x.outputs, atol=1e-13)
    with pytest.raises(rg.NumericalError, match="orthographic retraction did not converge"):
        M.retraction(x, 2 * v)


def cylinder(**options):
    M = rg.ImmersedManifold(
        rg.autograd_immersion(lambda w: anp.array([anp.cos(w[0]), anp.sin(w[0]), w[1]]), dim=2),
        **options,
    )
    return M, M.point([0.2, 1.0])


def test_retractions_of_a_cylinder():
    M, x = cylinder(retraction="projection")
    round_it, along = np.array([-np.sin(0.2), np.cos(0.2), 0.0]), np.array([0.0, 0.0, 1.0])
    v = 2.0 * round_it - 3.0 * along
    target = x.outputs + v
    wanted = np.append(target[:2] / np.linalg.norm(target[:2]), target[2])
    np.testing.assert_allclose(M.retraction(x, v).outputs, wanted, atol=1e-13)
    angle = 0.2 + 2.0  # w are coordinates in which geodesics are straight
    for name in ("parametric", "corrected", "geodesic"):
        M, x = cylinder(retraction=name)
        wanted = [np.cos(angle), np.sin(angle), -2.0]
        np.testing.assert_allclose(M.retraction(x, v).outputs, wanted, atol=1e-9)


@EVERY
def test_retractions_of_a_plane_add(retraction):
    A = np.random.default_rng(0).normal(size=(6, 3))
    f = rg.autograd_immersion(lambda w: anp.dot(A, w), dim=3)
    M = rg.ImmersedManifold(f, retraction=retraction)
    x = M.point([1.0, -2.0, 0.5])
    v = 3.0 * M.random_tangent_vector(x, seed=0)
    y = M.retraction(x, v)
    np.testing.assert_allclose(y.outputs, x.outputs + v, atol=1e-12)
    np.testing.assert_allclose(M.inverse_retraction(x, y), v, atol=1e-12)


@pytest.mark.parametrize("metric", METRICS)
def test_no_point_nearby_is_nearer_than_the_metric_projection(metric):
    M, x = network_manifold(retraction="projection", metric=METRICS[metric])
    v = 0.05 * M.random_tangent_vector(x, seed=0)
    y, target = M.retraction(x, v), x.outputs + v

    def distance(w):
        return M.norm(x, M.immersion(w) - target)

    assert 0 < distance(y.params) < 0.05
    gradient = M.lift(y, target - y.outputs)
    assert np.linalg.norm(y.jacobian @ gradient) < 1e-13
    generator = np.random.default_rng(0)
    for size in (1e-3, 1e-2, 1e-1, 1.0):
        assert distance(y.params + size * generator.normal(size=16)) > distance(y.params)
    root = 1.0 if metric == "dot product" else np.sqrt(METRICS[metric])
    found = scipy.optimize.least_squares(
        lambda w: root * (M.immersion(w) - target), x.params, xtol=1e-15, ftol=1e-15, gtol=1e-15
    )
    np.testing.assert_allclose(np.linalg.norm(found.fun), distance(y.params), rtol=1e-9)


@pytest.mark.parametrize("samples", [16, 10])
@pytest.mark.parametrize("retraction", ["projection", "orthographic"])
def test_an_open_manifold_reaches_what_the_vector_points_at(samples, retraction):
    M, x = network_manifold((3, 4, 1), samples, retraction=retraction)
    assert x.rank == samples
    v = 0.01 * np.random.default_rng(0).normal(size=samples)
    y = M.retraction(x, v)
    np.testing.assert_allclose(y.outputs, x.outputs + v, atol=1e-12)
    np.testing.assert_allclose(M.inverse_retraction(x, y), v, atol=1e-12)


def test_the_metric_projection_does_not_depend_on_the_parameters():
    M, x = network_manifold(retraction="projection")
    A = np.random.default_rng(3).normal(size=(16, 16))
    N = rg.ImmersedManifold(M.immersion.reparametrised(A), retraction="projection")
    z = N.point(np.linalg.solve(A, x.params))
    v = 0.5 * gentle_tangent(x)
    np.testing.assert_allclose(N.retraction(z, v).outputs, M.retraction(x, v).outputs, atol=1e-9)


def test_a_metric_projection_out_of_reach_is_refused():
    # exp(w) is positive
    M = rg.ImmersedManifold(
        rg.autograd_immersion(lambda w: anp.array([anp.exp(w[0])]), dim=1), retraction="projection"
    )
    with pytest.raises(rg.NumericalError, match="did not converge"):
        M.retraction(M.point([0.0]), np.array([-3.0]))


def test_the_metric_projection_needs_a_constant_metric():
    M, x = network_manifold()
    loss = rg.PoissonLoss(np.ones(40))
    for name in ("projection", "orthographic"):
        N = rg.ImmersedManifold(M.immersion, retraction=name, metric=loss)
        y = N.point(x.params)
        with pytest.raises(NotImplementedError, match="varies"):
            N.retraction(y, gentle_tangent(y))
        with pytest.raises(NotImplementedError, match="varies"):
            N.inverse_retraction(y, y)


# Inverses


@EVERY
@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("length", [1e-3, 0.3, 1.0])
def test_the_inverse_retraction_undoes_the_retraction(retraction, metric, length):
    M, x = network_manifold(retraction=retraction, metric=METRICS[metric])
    v = length * gentle_tangent(x)
    y = M.retraction(x, v)
    back = M.inverse_retraction(x, y)
    np.testing.assert_allclose(back, v, atol=1e-9 * length)
    np.testing.assert_allclose(M.projection(x, back), back, atol=1e-12)
    np.testing.assert_allclose(M.retraction(x, back).outputs, y.outputs, atol=1e-9 * length)


@pytest.mark.parametrize("retraction", ["parametric", "corrected"])
def test_inverses_in_a_varying_metric(retraction):
    M, x = network_manifold()
    N = rg.ImmersedManifold(M.immersion, retraction=retraction, metric=rg.PoissonLoss(np.ones(40)))
    x = N.point(x.params)
    v = 0.3 * gentle_tangent(x)
    np.testing.assert_allclose(N.inverse_retraction(x, N.retraction(x, v)), v, atol=1e-10)


@pytest.mark.parametrize("retraction", ["parametric", "corrected"])
def test_a_step_that_the_jacobian_does_not_see_has_no_inverse(retraction):
    M, x = network_manifold((3, 30, 1), 20, retraction=retraction)
    v = 0.01 * np.random.default_rng(0).normal(size=20)
    np.testing.assert_allclose(M.inverse_retraction(x, M.retraction(x, v)), v, atol=1e-9)
    y = M.point(x.params + 0.01 * np.random.default_rng(1).normal(size=x.params.size))
    with pytest.raises(rg.NumericalError, match="of rank 20 for 151 parameters, does not see"):
        M.inverse_retraction(x, y)


def test_an_inverse_beyond_a_fold_is_refused():
    # on exp(w) at w = 0 the corrected retraction is exp(v - v^2 / 2), which reaches exp(1/2)
    M = rg.ImmersedManifold(
        rg.autograd_immersion(lambda w: anp.array([anp.exp(w[0])]), dim=1), retraction="corrected"
    )
    x = M.point([0.0])
    for v in (-5.0, 0.5, 0.99):
        y = M.retraction(x, np.array([v]))
        assert M.inverse_retraction(x, y)[0] == pytest.approx(v, abs=1e-7)
    y = M.retraction(x, np.array([1.5]))  # and 0.5 leads there too
    assert M.inverse_retraction(x, y)[0] == pytest.approx(0.5, abs=1e-9)
    with pytest.raises(rg.NumericalError, match="could not be inverted"):
        M.inverse_retraction(x, M.point([0.6]))


def test_perpendicular_tangent_spaces_have_no_inverse():
    M = rg.ImmersedManifold(
        rg.autograd_immersion(lambda w: anp.array([anp.cos(w[0]), anp.sin(w[0])]), dim=1),
        retraction="projection",
    )
    with pytest.raises(rg.NumericalError, match="tangent spaces of dimension 1 and 1"):
        M.inverse_retraction(M.point([0.0]), M.point([np.pi / 2]))


def test_the_inverse_checks_its_points():
    M, x = sphere()
    with pytest.raises(TypeError, match="point"):
        M.inverse_retraction(x, x.outputs)
    _, y = network_manifold()
    with pytest.raises(ValueError, match="point_b"):
        M.inverse_retraction(x, y)


@EVERY
def test_inverses_and_derivatives_where_parameters_live_on_a_sphere(retraction):
    A = np.random.default_rng(0).normal(size=(9, 4))
    f = rg.autograd_immersion(lambda w: anp.tanh(anp.dot(A, w)), dim=4)
    M = rg.ImmersedManifold(f, domain=Sphere(4), retraction=retraction)
    x = M.random_point(0)
    v = 0.4 * M.random_tangent_vector(x, seed=1)
    np.testing.assert_allclose(M.inverse_retraction(x, M.retraction(x, v)), v, atol=1e-10)
    if retraction in ("parametric", "corrected"):
        with pytest.raises(NotImplementedError, match="on a domain have no derivative"):
            M.differentiated_retraction(x, v, v)
    else:
        h = 1e-5
        ahead, behind = (M.retraction(x, (1 + s * h) * v).outputs for s in (1, -1))
        got = M.differentiated_retraction(x, v, v)
        np.testing.assert_allclose(got, (ahead - behind) / (2 * h), atol=1e-8)


def test_a_correction_without_digits_is_refused():
    # at nearly equal neurons the correction is longer than the step, and rounding
    M, _ = network_manifold(retraction="corrected")
    w = M.network.init(seed=0)
    (W, b), (C, _) = M.network.unflatten(w)
    W[1], b[1], C[0, 1] = W[0] + 1e-8, b[0], C[0, 0]
    x = M.point(w)
    v = gentle_tangent(x)
    with pytest.raises(rg.NumericalError, match="for 16 parameters, is nearly"):
        M.retraction(x, v)
    short = 1e-12 * v
    np.testing.assert_allclose(M.retraction(x, short).outputs, x.outputs + short, atol=1e-15)


# Names, and retractions of one's own


class Halfway(Retraction):
    """Steps of the parameters that stop half-way: no retraction at all."""

    name = "halfway"
    order = 0

    def retract(self, manifold, point, v):
        return manifold.moved(point, 0.5 * manifold.lift(point, v))


def test_a_retraction_of_ones_own():
    M, x = sphere(retraction=Halfway())
    assert (M.retraction_name, M.retraction_order) == ("halfway", 0)
    v = M.random_tangent_vector(x, seed=0)
    np.testing.assert_allclose(M.retraction(x, v).params, x.params + 0.5 * M.lift(x, v))
    assert M.retraction(x, np.zeros(3)) is x
    with pytest.raises(NotImplementedError, match="halfway retraction gives no inverse"):
        M.inverse_retraction(x, x)
    with pytest.raises(NotImplementedError, match="halfway retraction gives no derivative"):
        M.differentiated_retraction(x, v, v)


def test_a_run_with_a_retraction_of_ones_own_is_resumed_with_it_alone(tmp_path):
    M, x = network_manifold(retraction=Halfway())
    targets = x.outputs + np.random.default_rng(0).normal(size=40)
    path = tmp_path / "run.checkpoint"
    problem = rg.Problem(M, rg.SquaredLoss(targets))
    options = {"method": "gauss-newton", "checkpoint": path}
    first = rg.minimize(problem, x, max_iterations=3, **options)
    assert rg.resume(path, problem, max_iterations=5).iterations == 5
    assert first.iterations == 3
    other = rg.Problem(network_manifold()[0], rg.SquaredLoss(targets))
    with pytest.raises(ValueError, match="its retraction is 'halfway', not 'parametric'"):
        rg.resume(path, other)


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"name": "parametric"}, ValueError, "is the name of one of riemgn's"),
        ({"name": 3}, TypeError, "a string as its name"),
        ({"order": "2"}, TypeError, "a number as its order"),
    ],
)
def test_a_bad_retraction_of_ones_own(fields, error, message):
    kind = type("Bad", (Halfway,), fields)
    with pytest.raises(error, match=message):
        sphere(retraction=kind())


def test_names_of_retractions_are_checked():
    with pytest.raises(ValueError, match="did you mean 'parametric'"):
        network_manifold(retraction="parametrik")
    with pytest.raises(ValueError, match="did you mean 'projection'"):
        network_manifold(retraction="projektion")
    with pytest.raises(TypeError, match="retraction"):
        network_manifold(retraction=None)
    with pytest.raises(TypeError, match="immersion must be a riemgn"):
        rg.ImmersedManifold(anp.sin)


# Optimizers


def require_gains(retraction, methods):
    M, x = network_manifold((2, 2, 1), 20, retraction=retraction)
    loss = rg.SquaredLoss(x.outputs + 0.3 * gentle_tangent(x) + 0.1 * a_normal(M, x))
    problem = rg.Problem(M, loss)
    for method in methods:
        result = rg.minimize(problem, x, method=method, max_iterations=3)
        assert result.cost < problem.cost(x)


@EVERY
def test_gauss_newton_runs_with_every_retraction(retraction):
    require_gains(retraction, ["gauss-newton"])


@pytest.mark.slow
@EVERY
def test_optimizers_run_with_every_retraction(retraction):
    require_gains(retraction, ["auto", SteepestDescent(), ConjugateGradient(), TrustRegions()])


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
        assert M.chord_dist(x, y) == M.chord_dist(y, x)
        log = M.chord_log(x, y)
        np.testing.assert_allclose(M.projection(x, log), log, atol=1e-14)
        distance_errors.append(t - M.chord_dist(x, y))
        logarithm_errors.append(np.linalg.norm(log - t * v))
        mean_errors.append(np.linalg.norm(M.chord_mean(x, y).outputs - middle))
    assert slope(lengths, distance_errors) == pytest.approx(3, abs=0.1)
    assert slope(lengths, logarithm_errors) == pytest.approx(3, abs=0.1)
    assert slope(lengths, mean_errors) > 1.9
    assert M.chord_dist(x, x) == 0
    np.testing.assert_array_equal(M.chord_log(x, x), np.zeros(3))
    assert M.chord_mean(x, x) is x


def test_a_manifold_by_chords_is_the_same_one_with_chords_for_geodesics():
    M, x = sphere()
    y = M.point([1.3, -0.4])
    searched = M.by_chords()
    assert type(searched) is type(M)
    assert searched.dist(x, y) == M.chord_dist(x, y) < M.dist(x, y)
    np.testing.assert_array_equal(searched.log(x, y), M.chord_log(x, y))
    np.testing.assert_array_equal(searched.pair_mean(x, y), M.chord_mean(x, y))


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
    mean = M.chord_mean(x, y)
    assert mean.is_finite
    assert 0 < M.chord_dist(x, mean) <= M.chord_dist(x, y)
    assert 0 < mean.params[0] < end


def test_the_distance_to_a_point_outside_the_domain_is_infinite():
    M, x = exponential_curve()
    far = M.retraction(x, np.array([1e4, 1e4]))
    assert not far.is_finite
    assert M.chord_dist(x, far) == M.chord_dist(far, x) == M.chord_dist(far, far) == np.inf
