"""An immersion with parameters held against the function of the others written out."""

import autograd.numpy as anp
import numpy as np
import pytest

import riemgn as rg
from riemgn.immersions.restricted import Restricted

N, P = 7, 4
MIX = np.random.default_rng(3).normal(size=(N, P))


def curve(w):
    return anp.sin(anp.dot(MIX, w)) + 0.1 * anp.dot(MIX, w**2)


def plain():
    return rg.autograd_immersion(curve, dim=P)


# each: what is held, and all parameters in terms of the free ones
CASES = {
    "first": ({0: 0.3}, lambda z: anp.array([0.3, z[0], z[1], z[2]])),
    "last": ({3: -2.0}, lambda z: anp.array([z[0], z[1], z[2], -2.0])),
    "two, out of order": ({2: 1.5, 0: 0.0}, lambda z: anp.array([0.0, z[0], 1.5, z[1]])),
    "all but one": ({0: 1.0, 1: 2.0, 3: 3.0}, lambda z: anp.array([1.0, 2.0, z[0], 3.0])),
}


@pytest.mark.parametrize("name", CASES)
def test_every_derivative_is_that_of_the_function_of_the_free_parameters(name):
    held, full = CASES[name]
    q = P - len(held)
    f = Restricted(plain(), held)
    wanted = rg.autograd_immersion(lambda z: curve(full(z)), dim=q)
    generator = np.random.default_rng(0)
    z, xi, eta = generator.normal(size=(3, q))
    v = generator.normal(size=N)
    close = {"rtol": 1e-11, "atol": 1e-11}
    assert (f.dim, f.ambient_dim) == (q, N)
    np.testing.assert_allclose(f(z), wanted(z), **close)
    np.testing.assert_allclose(f.jacobian(z), wanted.jacobian(z), **close)
    np.testing.assert_allclose(f.jvp(z, xi), wanted.jvp(z, xi), **close)
    np.testing.assert_allclose(f.vjp(z, v), wanted.vjp(z, v), **close)
    np.testing.assert_allclose(
        f.second_derivative(z, xi, eta), wanted.second_derivative(z, xi, eta), **close
    )
    np.testing.assert_allclose(f.hessian_vp(z, v, xi), wanted.hessian_vp(z, v, xi), **close)
    np.testing.assert_allclose(f.tangent_kernel(z), wanted.tangent_kernel(z), **close)
    np.testing.assert_array_equal(f.full(z), full(z))


@pytest.mark.parametrize("name", CASES)
def test_the_jet_that_factorisations_see_is_consistent(name):
    held, _ = CASES[name]
    jet = Restricted(plain(), held).at(np.random.default_rng(0).normal(size=P - len(held)))
    J = np.array(jet.jacobian())
    assert jet.jacobian().flags.f_contiguous
    assert jet.shape == J.shape
    np.testing.assert_allclose(jet.gram(), J.T @ J, rtol=1e-12, atol=1e-12)
    blocks = [block for _, block in jet.row_blocks()]
    np.testing.assert_allclose(np.concatenate(blocks), J, atol=1e-13)


def test_a_network_with_a_weight_held():
    net = rg.Network([2, 3, 1])
    X = np.random.default_rng(0).normal(size=(8, 2))
    w = net.init(seed=0)
    f = net.immersion(X)
    g = Restricted(f, {5: w[5]})
    np.testing.assert_array_equal(g(np.delete(w, 5)), f(w))
    np.testing.assert_allclose(g.jacobian(np.delete(w, 5)), np.delete(f.jacobian(w), 5, axis=1))


def test_units_of_damping_and_random_parameters_are_those_of_the_free_ones():
    f, z = plain(), np.array([0.5, 20.0, -3.0])
    g = Restricted(f, {1: 7.0})
    np.testing.assert_array_equal(
        g.damping_scale(z), np.delete(f.damping_scale(np.array([0.5, 7.0, 20.0, -3.0])), 1)
    )
    generator = np.random.default_rng
    np.testing.assert_array_equal(
        g.random_params(generator(5)), np.delete(f.random_params(generator(5)), 1)
    )
    net = rg.Network([2, 3, 1]).immersion(np.ones((4, 2)))
    assert Restricted(net, {0: 0.0}).damping_scale(np.ones(net.dim - 1)) is None


def test_it_minimises_like_the_function_written_out():
    y = curve(np.array([0.1, 0.2, 0.3, 0.4]))
    f = Restricted(plain(), {1: 0.25})
    M = rg.ImmersedManifold(f)
    result = rg.LevenbergMarquardt().run(
        rg.Problem(M, rg.SquaredLoss(y)), initial_point=M.point([0.1, 0.3, 0.4])
    )
    gradient = f.vjp(result.point.params, result.point.outputs - y)
    assert np.linalg.norm(gradient) < 1e-8
    assert result.cost < 0.5 * np.sum((f(np.array([0.1, 0.3, 0.4])) - y) ** 2)


@pytest.mark.parametrize(
    ("held", "error", "message"),
    [
        ({}, ValueError, "at least one"),
        (dict.fromkeys(range(P), 1.0), ValueError, "leave at least one"),
        ({4: 1.0}, ValueError, "the last one is 3"),
        ({-1: 1.0}, ValueError, "index"),
        ({0.5: 1.0}, TypeError, "index"),
        ({0: np.nan}, ValueError, "finite"),
        ({0: 1j}, TypeError, "real"),
        ([0], TypeError, "held must map"),
    ],
)
def test_bad_arguments_are_refused(held, error, message):
    with pytest.raises(error, match=message):
        Restricted(plain(), held)
