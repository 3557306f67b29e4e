"""Bates-Watts curvatures against R's MASS, spheres, and means over directions."""

import autograd.numpy as anp
import numpy as np
import pytest
from manifold_cases import network_manifold, sphere
from regression_cases import Regression, names

import riemgn as rg
from riemgn.linalg.roots import DiagonalRoot
from riemgn.manifolds.curvature import accelerations, rms_curvatures


@pytest.mark.parametrize("name", names("curvature"))
def test_curvatures_are_those_of_rms_curv(name):
    case = Regression("curvature", name)
    M, facts = case.manifold, case.facts
    radius = facts["residual_sd"] * np.sqrt(facts["p"])
    got = np.multiply(radius, M.rms_curvatures(M.point(facts["values"])))
    np.testing.assert_allclose(got, [facts["c_theta"], facts["c_iota"]], rtol=1e-9)


@pytest.mark.parametrize("name", names("curvature"))
def test_a_linear_change_of_parameters_changes_nothing(name):
    case = Regression("curvature", name)
    p, values = case.facts["p"], np.array(case.facts["values"])
    A = np.random.default_rng(0).normal(size=(p, p)) * np.logspace(-3, 3, p)
    other = rg.ImmersedManifold(case.manifold.immersion.reparametrised(A))
    got = other.rms_curvatures(other.point(np.linalg.solve(A, values)))
    wanted = case.manifold.rms_curvatures(case.manifold.point(values))
    np.testing.assert_allclose(got, wanted, rtol=1e-6)


def test_a_nonlinear_change_of_parameters_changes_the_parameter_effects_alone():
    case = Regression("curvature", "Puromycin")
    w = np.array(case.facts["values"])
    logged = rg.autograd_immersion(lambda z: case.model(anp.exp(z)), dim=2)
    M = rg.ImmersedManifold(logged)
    effects, intrinsic = M.rms_curvatures(M.point(np.log(w)))
    effects_0, intrinsic_0 = case.manifold.rms_curvatures(case.manifold.point(w))
    assert intrinsic == pytest.approx(intrinsic_0, rel=1e-9)
    assert abs(effects / effects_0 - 1) > 0.1


@pytest.mark.parametrize("radius", [0.5, 1.0, 20.0])
def test_a_sphere_bends_by_its_reciprocal_radius_everywhere(radius):
    M, _ = sphere()
    S = rg.ImmersedManifold(M.immersion.scaled(radius))
    for w in ([0.3, 0.4], [2.0, -1.2]):
        assert S.rms_curvatures(S.point(w))[1] == pytest.approx(1 / radius, rel=1e-12)


def test_arc_length_has_no_parameter_effects():
    circle = rg.autograd_immersion(lambda t: 3 * anp.array([anp.cos(t[0]), anp.sin(t[0])]), dim=1)
    M = rg.ImmersedManifold(circle)
    effects, intrinsic = M.rms_curvatures(M.point([0.7]))
    assert effects < 1e-15
    assert intrinsic == pytest.approx(1 / 3, rel=1e-13)


def test_they_are_means_over_directions():
    f = rg.autograd_immersion(
        lambda w: anp.tanh(w[0] * anp.linspace(-1, 2, 9) + w[1]) * (1 + w[0]), dim=2
    )
    M = rg.ImmersedManifold(f)
    x = M.point([0.8, -0.3])
    E = M.tangent_basis(x)
    squares = []
    # a trigonometric polynomial of degree 4: eight equidistant angles give its mean exactly
    for angle in 2 * np.pi * np.arange(8) / 8:
        v = E @ [np.cos(angle), np.sin(angle)]
        xi = M.lift(x, v)
        tangential = M.projection(x, f.second_derivative(x.params, xi, xi))
        normal = M.second_fundamental_form(x, v, v)
        squares.append([tangential @ tangential, normal @ normal])
    np.testing.assert_allclose(M.rms_curvatures(x), np.sqrt(np.mean(squares, axis=0)), rtol=1e-12)


def test_a_network_of_many_weights_against_random_directions():
    M, x = network_manifold(widths=(3, 3, 1), samples=40)
    generator = np.random.default_rng(0)
    E, p = M.tangent_basis(x), M.dim
    directions = generator.normal(size=(2000, p))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    squares = [np.sum(M.second_fundamental_form(x, E @ d, E @ d) ** 2) for d in directions]
    error = np.std(squares) / np.sqrt(len(squares))
    assert abs(M.rms_curvatures(x)[1] ** 2 - np.mean(squares)) < 5 * error


def test_flat_manifolds_have_none():
    A = np.random.default_rng(0).normal(size=(6, 3))
    M = rg.ImmersedManifold(rg.autograd_immersion(lambda w: anp.dot(A, w), dim=3))
    assert M.rms_curvatures(M.point(np.ones(3))) == (0.0, 0.0)


def test_an_open_subset_has_no_intrinsic_curvature():
    M, x = network_manifold(widths=(2, 4, 1), samples=6)
    effects, intrinsic = M.rms_curvatures(x)
    assert effects > 1e-3
    assert intrinsic < 1e-12 * effects


def test_a_parameter_too_many_leaves_the_curvatures_of_the_surface():
    case = Regression("curvature", "Rat42")
    w = np.array(case.facts["values"])
    A = np.hstack([np.eye(3), [[0.3], [0.1], [0.02]]])
    M = rg.ImmersedManifold(case.manifold.immersion.reparametrised(A))
    x = M.point(np.append(w, 0.0))
    assert x.rank == 3
    got, wanted = M.rms_curvatures(x), case.manifold.rms_curvatures(case.manifold.point(w))
    np.testing.assert_allclose(got, wanted, rtol=1e-8)


def test_no_tangent_space_is_said():
    M = rg.ImmersedManifold(rg.autograd_immersion(lambda w: w[0] ** 2 * np.ones(3), dim=1))
    with pytest.raises(rg.NumericalError, match="no tangent space"):
        M.rms_curvatures(M.point([0.0]))


def test_a_second_derivative_that_is_not_finite_is_said():
    M = rg.ImmersedManifold(
        rg.autograd_immersion(lambda w: w[0] ** 1.5 + w[0] * np.arange(3.0), dim=1)
    )
    with pytest.raises(rg.NumericalError, match="second derivative"):
        M.rms_curvatures(M.point([0.0]))


def test_constant_weights_are_a_map_of_their_own():
    case = Regression("curvature", "Puromycin")
    M, w = case.manifold, np.array(case.facts["values"])
    factors = np.linspace(0.5, 2.0, case.facts["n"])
    weighted = rg.ImmersedManifold(rg.autograd_immersion(lambda b: factors * case.model(b), dim=2))
    y = weighted.point(w)
    frame = y.seen_in(weighted.metric).frame
    got = rms_curvatures(M.point(w).jet, frame, DiagonalRoot(factors))
    np.testing.assert_allclose(got, weighted.rms_curvatures(y), rtol=1e-12)


def test_accelerations_are_the_upper_triangle():
    M, x = sphere()
    frame = x.seen_in(M.metric).frame
    np.testing.assert_allclose(x.jacobian @ frame.lifts, frame.basis, atol=1e-14)
    found = dict(accelerations(x.jet, frame))
    assert [columns.shape for columns in found.values()] == [(3, 2), (3, 1)]
    mixed = M.immersion.second_derivative(x.params, frame.lifts[:, 0], frame.lifts[:, 1])
    np.testing.assert_allclose(found[0][:, 1], mixed, atol=1e-14)
