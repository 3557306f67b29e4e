"""Logarithm, distance and mean: closed forms, and that exp leads where log says."""

import autograd.numpy as anp
import numpy as np
import pymanopt
import pytest
from geodesic_cases import Cusp, small_network, surface
from manifold_cases import network_manifold
from pymanopt.optimizers.nelder_mead import compute_centroid

import riemgn as rg
from riemgn.manifolds.geodesics import Course
from riemgn.manifolds.jacobi import EndMap, end_map
from riemgn.manifolds.logarithm import Shooting
from riemgn.manifolds.straightening import straightened

METRICS = {
    "dot product": None,
    "weight": np.random.default_rng(0).uniform(0.3, 2.0, size=20),
    "loss": rg.PoissonLoss(np.ones(20)),
}


@pytest.mark.parametrize("t", [1e-6, 0.3, 0.9, 2.0, 3.0])
def test_the_sphere(t):
    M, x = surface("sphere", [1.1, 0.4])
    v = t * M.random_tangent_vector(x, seed=0)
    y = M.exp(x, v)
    np.testing.assert_allclose(M.log(x, y), v, atol=1e-8 * t)
    assert M.dist(x, y) == pytest.approx(t, rel=1e-9)
    assert M.dist(y, x) == pytest.approx(t, rel=1e-9)


def test_antipodes_have_a_great_circle_or_none():
    M, x = surface("sphere", [1.1, 0.4])
    y = M.point([np.pi - 1.1, 0.4 + np.pi])
    np.testing.assert_allclose(y.outputs, -x.outputs, atol=1e-15)
    try:
        v = M.log(x, y)
    except rg.NumericalError:
        return
    assert np.linalg.norm(v) == pytest.approx(np.pi, abs=1e-6)
    np.testing.assert_allclose(M.exp(x, v).outputs, y.outputs, atol=1e-8)


def test_the_cylinder_and_the_mean():
    M, x = surface("cylinder", [0.5, 0.2])
    y = M.point([1.5, 2.0])
    np.testing.assert_allclose(M.log(x, y), x.jacobian @ [1.0, 1.8], atol=1e-8)
    np.testing.assert_allclose(M.pair_mean(x, y).params, [1.0, 1.1], atol=1e-8)


@pytest.mark.parametrize("name", ["torus", "catenoid"])
def test_log_inverts_exp_on_surfaces(name):
    M, x = surface(name, [0.4, 0.3])
    v = 0.8 * M.random_tangent_vector(x, seed=2)
    np.testing.assert_allclose(M.log(x, M.exp(x, v)), v, atol=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize("metric", METRICS)
def test_log_inverts_exp_on_a_network(metric):
    M, x, v = small_network(metric=METRICS[metric])
    y = M.exp(x, v)
    length = M.norm(x, v)
    np.testing.assert_allclose(M.log(x, y), v, atol=1e-7 * np.linalg.norm(v))
    assert M.dist(x, y) == pytest.approx(length, rel=1e-8)
    assert M.dist(y, x) == pytest.approx(length, rel=1e-8)
    middle = M.pair_mean(x, y)
    assert M.dist(x, middle) == pytest.approx(length / 2, rel=1e-7)
    assert M.dist(middle, y) == pytest.approx(length / 2, rel=1e-7)


def test_a_wide_geodesic_over_ill_conditioned_ground():
    M, x = network_manifold()
    assert x.condition_number > 1e3
    y = M.point(x.params + 0.1 * np.random.default_rng(0).normal(size=16))
    v = M.log(x, y)
    np.testing.assert_allclose(M.projection(x, v), v, atol=1e-12)
    np.testing.assert_allclose(M.exp(x, v).outputs, y.outputs, atol=1e-8 * M.norm(x, v))
    assert M.chord_dist(x, y) < M.dist(x, y) < 1.1 * M.chord_dist(x, y)


@pytest.mark.parametrize("samples", [9, 6])
def test_an_open_manifold_has_chords(samples):
    M, x, _ = small_network(samples=samples)
    y = M.point(x.params + 0.01 * np.random.default_rng(0).normal(size=9))
    np.testing.assert_allclose(M.log(x, y), y.outputs - x.outputs, atol=1e-9)
    assert M.dist(x, y) == pytest.approx(M.chord_dist(x, y), rel=1e-8)


def test_the_same_outputs_have_no_distance():
    M, x, _ = small_network()
    w = x.params.copy()
    order = [2, 3, 0, 1, 5, 4, 7, 6, 8]  # the two hidden neurons change places
    y = M.point(w[order])
    assert M.dist(x, x) == 0
    np.testing.assert_array_equal(M.log(x, x), np.zeros(20))
    assert M.pair_mean(x, x) is x
    assert M.dist(x, y) < 1e-14


def test_another_sheet_of_the_parameters_is_reached_by_its_outputs():
    M, x, v = small_network()
    y = M.exp(x, v)
    other = M.point(y.params[[2, 3, 0, 1, 5, 4, 7, 6, 8]])
    assert np.linalg.norm(other.params - x.params) > 1
    np.testing.assert_allclose(M.log(x, other), v, atol=1e-7)


@pytest.mark.parametrize("name", ["sphere", "torus", "catenoid"])
def test_the_derivative_of_the_end_against_differences(name):
    M, x = surface(name, [0.8, 0.3])
    v = 0.9 * M.random_tangent_vector(x, seed=3)
    course = Course(M, x, v)
    nodes = [(0.0, x.params, M.lift(x, v))]
    while course.integration.running:
        course.step()
        w, vectors = course.place(course.integration.y)
        nodes.append((course.integration.t, w, vectors[:, 0]))
    ends = end_map(course.connection, nodes)
    basis = M.tangent_basis(x)
    h = 1e-5
    moved = [(M.exp(x, v + h * e).outputs - M.exp(x, v - h * e).outputs) / (2 * h) for e in basis.T]
    np.testing.assert_allclose(ends.frame @ ends.matrix, np.transpose(moved), atol=3e-3)
    if name == "sphere":
        np.testing.assert_allclose(
            np.linalg.svd(ends.matrix)[1], [1.0, np.sin(0.9) / 0.9], atol=1e-9
        )


def test_a_derivative_learns_what_it_sees():
    draws = np.random.default_rng(0)
    ends = EndMap(np.linalg.qr(draws.normal(size=(5, 3)))[0], np.eye(3))
    change, movement = draws.normal(size=3), draws.normal(size=5)
    ends.learn(change, movement)
    np.testing.assert_allclose(ends.matrix @ change, ends.frame.T @ movement, atol=1e-14)
    across = np.cross(change, [1.0, 0.0, 0.0])
    np.testing.assert_allclose(ends.matrix @ across, across, atol=1e-14)


def test_a_straightened_path_is_a_polygon_in_the_great_circle():
    M, x = surface("sphere", [0.6, 0.0])
    v = 1.5 * M.tangent_basis(x) @ [0.6, 0.8]
    line = straightened(M, x, M.exp(x, v))
    sides = [np.linalg.norm(side) for side in line.segments]
    np.testing.assert_allclose(sides, 2 * np.sin(1.5 / 32), rtol=1e-4)
    normal = np.cross(x.outputs, v)
    assert max(abs(jet.outputs @ normal) for jet in line.jets) < 1e-4
    np.testing.assert_allclose(line.velocity(), v, atol=5e-2)


def test_a_straightened_path_leads_there_too():
    M, x, v = small_network()
    search = Shooting(M, x, M.exp(x, v))
    np.testing.assert_allclose(search.along_a_path(), v, atol=1e-7)


# What is refused


@pytest.mark.slow
def test_where_no_geodesic_leads_the_error_says_how_near_the_search_came():
    M = rg.ImmersedManifold(Cusp())
    with pytest.raises(rg.NumericalError, match=r"no geodesic .* nearest missed by .*, wanted"):
        M.dist(M.point([1.0]), M.point([-1.0]))


def test_a_point_outside_the_domain_is_infinitely_far():
    f = rg.autograd_immersion(lambda w: anp.array([w[0], anp.exp(w[0])]), dim=1)
    M = rg.ImmersedManifold(f)
    x = M.point([0.0])
    far = M.retraction(x, np.array([1e4, 1e4]))
    assert not far.is_finite
    assert M.dist(x, far) == M.dist(far, x) == M.dist(far, far) == np.inf
    with pytest.raises(rg.NumericalError, match="not finite"):
        M.log(x, far)


def test_points_of_another_manifold_are_refused():
    M, x = surface("sphere", [1.1, 0.4])
    _, other, _ = small_network()
    with pytest.raises(ValueError, match="point_b must have"):
        M.log(x, other)
    with pytest.raises(TypeError, match="point_b must be a point"):
        M.dist(x, x.outputs)


# pymanopt's searches ask for them


@pytest.mark.slow
def test_the_centroid_of_a_simplex_by_real_distances():
    M, x = surface("sphere", [1.1, 0.4])
    M.random_point = lambda: x
    v = 0.4 * M.tangent_basis(x)
    corners = [M.exp(x, sign * column) for column in v.T for sign in (1, -1)]
    assert M.dist(compute_centroid(M, corners), x) < 1e-6


@pytest.mark.slow
def test_a_swarm_searches_by_real_logarithms():
    M, x = surface("sphere", [1.1, 0.4])
    draws = np.random.default_rng(0)
    M.random_tangent_vector = lambda point: rg.ImmersedManifold.random_tangent_vector(
        M, point, draws
    )
    target = M.exp(x, 0.5 * M.tangent_basis(x)[:, 0]).outputs
    problem = rg.Problem(M, rg.SquaredLoss(target))
    swarm = [M.exp(x, 0.3 * M.random_tangent_vector(x)) for _ in range(4)]
    state = np.random.get_state()  # noqa: NPY002 - pymanopt's swarm draws from the global state
    np.random.seed(0)  # noqa: NPY002
    try:
        solver = pymanopt.optimizers.ParticleSwarm(verbosity=0, max_iterations=6, population_size=4)
        result = solver.run(problem, initial_point=swarm)
    finally:
        np.random.set_state(state)  # noqa: NPY002
    assert result.cost < min(problem.cost(start) for start in swarm)
