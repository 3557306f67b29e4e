"""Curvature, connection and Hessian: the identities of docs/theory.md, section 2."""

import autograd.numpy as anp
import numpy as np
import pymanopt
import pytest
from manifold_cases import a_normal, gentle_tangent, network_manifold, sphere, tangents

import riemgn as rg
from riemgn.immersions.restricted import Restricted


def test_the_second_fundamental_form_is_normal_and_symmetric():
    M, x = network_manifold()
    a, b = tangents(M, x)
    bend = M.second_fundamental_form(x, a, b)
    np.testing.assert_allclose(M.projection(x, bend), np.zeros(40), atol=1e-11)
    np.testing.assert_allclose(M.second_fundamental_form(x, b, a), bend, atol=1e-11)
    assert np.linalg.norm(bend) > 1e-3


def test_the_second_fundamental_form_of_a_sphere():
    M, x = sphere()
    a, b = tangents(M, x)
    for v, z in ((a, b), (a, a), (b, b)):
        np.testing.assert_allclose(
            M.second_fundamental_form(x, v, z), -(v @ z) * x.outputs, atol=1e-12
        )
    np.testing.assert_allclose(M.weingarten(x, a, x.outputs), -a, atol=1e-12)


def test_weingarten_is_the_shape_operator():
    M, x = network_manifold()
    a, b = tangents(M, x)
    N = a_normal(M, x)
    W = M.weingarten(x, a, N)
    assert W @ b == pytest.approx(N @ M.second_fundamental_form(x, a, b), rel=1e-9)
    assert W @ b == pytest.approx(a @ M.weingarten(x, b, N), rel=1e-9)
    np.testing.assert_allclose(M.projection(x, W), W, atol=1e-9)
    # by definition W(a, N) is the tangent part of the derivative of a normal field, up to its sign
    h = 1e-5
    xi = M.lift(x, a)
    ahead, behind = (M.point(x.params + s * h * xi) for s in (1, -1))
    turned = [N - M.projection(y, N) for y in (ahead, behind)]
    field = (turned[0] - turned[1]) / (2 * h)
    np.testing.assert_allclose(W, -M.projection(x, field), atol=1e-6 * np.abs(W).max())


def test_scaling_flattens():
    M, x = network_manifold(scale=1.0)
    S = rg.ImmersedManifold(M.immersion.scaled(7.0))
    y = S.point(x.params)
    a, b = tangents(M, x)
    np.testing.assert_allclose(S.projection(y, a), a, atol=1e-12)
    np.testing.assert_allclose(
        S.second_fundamental_form(y, a, b), M.second_fundamental_form(x, a, b) / 7.0, atol=1e-12
    )


def test_geometry_does_not_depend_on_the_parameters():
    M, x = network_manifold()
    p = x.params.size
    A = np.random.default_rng(3).normal(size=(p, p))
    N = rg.ImmersedManifold(M.immersion.reparametrised(A))
    y = N.point(np.linalg.solve(A, x.params))
    a, b = tangents(M, x)
    normal = a_normal(M, x)
    for name, args in (
        ("projection", (normal + a,)),
        ("second_fundamental_form", (a, b)),
        ("weingarten", (a, normal)),
    ):
        got, wanted = getattr(N, name)(y, *args), getattr(M, name)(x, *args)
        np.testing.assert_allclose(got, wanted, atol=1e-8 * max(np.abs(wanted).max(), 1))


def test_christoffel_symbols_are_those_of_the_metric():
    M, x = network_manifold()
    w, p = x.params, x.params.size

    def metric(w):
        J = M.immersion.jacobian(w)
        return J.T @ J

    h = 1e-5
    dG = np.stack([(metric(w + h * e) - metric(w - h * e)) / (2 * h) for e in np.eye(p)], axis=2)
    xi, eta = np.random.default_rng(0).normal(size=(2, p))
    lowered = 0.5 * (
        np.einsum("lji,i,j->l", dG, xi, eta)
        + np.einsum("lij,i,j->l", dG, xi, eta)
        - np.einsum("ijl,i,j->l", dG, xi, eta)
    )
    gamma = M.christoffel(x, xi, eta)
    np.testing.assert_allclose(metric(w) @ gamma, lowered, atol=1e-7 * np.abs(lowered).max())
    np.testing.assert_allclose(M.christoffel(x, eta, xi), gamma, rtol=1e-9)


def test_christoffel_symbols_survive_where_the_gram_matrix_has_no_digits(known_matrix):
    # J = A at every w, and D^2 f[xi, eta] = A c: the symbols are c
    known = known_matrix(1e10)
    A, c = known.J, np.random.default_rng(0).normal(size=16)

    def f(w):
        return anp.dot(A, w) + 0.5 * anp.dot(A, c) * w[0] ** 2

    M = rg.ImmersedManifold(rg.autograd_immersion(f, dim=16))
    x = M.point(np.zeros(16))
    e = np.eye(16)[0]
    np.testing.assert_allclose(A @ M.christoffel(x, e, e), A @ c, atol=1e-12)
    inverse = np.linalg.pinv(A.T @ A) @ A.T @ (A @ c)
    assert np.abs(inverse - c).max() > 1e-2
    np.testing.assert_allclose(M.christoffel(x, e, e), c, atol=1e-4)


# The Riemannian gradient and Hessian


def losses(x):
    generator = np.random.default_rng(2)
    return {
        "squared": rg.SquaredLoss(x.outputs + generator.normal(size=x.size)),
        "logistic": rg.LogisticLoss(generator.integers(0, 2, x.size)),
        "autograd": lambda u: anp.sum(anp.log(anp.cosh(u - 0.3))),
    }


@pytest.mark.parametrize("name", ["squared", "logistic", "autograd"])
def test_the_hessian_is_the_second_derivative_along_geodesics(name):
    M, x = network_manifold(retraction="corrected")
    problem = rg.Problem(M, losses(x)[name])
    g = problem.loss.gradient(x.outputs)
    gradient = problem.riemannian_gradient(x)
    np.testing.assert_allclose(gradient, M.projection(x, g), atol=1e-12)
    a, b = gentle_tangent(x, seed=0), gentle_tangent(x, seed=1)
    Ha, Hb = problem.riemannian_hessian(x, a), problem.riemannian_hessian(x, b)
    assert Ha @ b == pytest.approx(a @ Hb, rel=1e-9)
    np.testing.assert_allclose(M.projection(x, Ha), Ha, atol=1e-9)
    form = a @ problem.loss.hessian_vp(x.outputs, a)
    form += (g - gradient) @ M.second_fundamental_form(x, a, a)
    assert Ha @ a == pytest.approx(form, rel=1e-9)
    # a curve of order 2 has no tangential acceleration, so that the cost along it shows the form
    h = 1e-3
    ahead, here, behind = (problem.cost(M.retraction(x, s * h * a)) for s in (1, 0, -1))
    assert (ahead - behind) / (2 * h) == pytest.approx(gradient @ a, rel=1e-4, abs=1e-5)
    assert (ahead - 2 * here + behind) / h**2 == pytest.approx(Ha @ a, rel=1e-4, abs=1e-4)


def test_a_problem_checks_its_parts():
    M, x = network_manifold()
    with pytest.raises(ValueError, match="loss expects 3 outputs, the manifold's points have 40"):
        rg.Problem(M, rg.SquaredLoss(np.zeros(3)))
    with pytest.raises(TypeError, match=r"manifold must be a riemgn\.ImmersedManifold, got Sphere"):
        rg.Problem(pymanopt.manifolds.Sphere(3), rg.SquaredLoss(np.zeros(3)))
    assert isinstance(rg.Problem(M, rg.SquaredLoss(x.outputs)), pymanopt.Problem)


# Second derivatives in many directions at once


def derived_immersions():
    generator = np.random.default_rng(0)
    X = generator.normal(size=(12, 3))
    net = rg.Network([3, 4, 2, 2], activation="silu")
    f = net.scaled(1.7).immersion(X)
    w = net.init(seed=1)
    A = generator.normal(size=(net.dim, 6))
    streamed = rg.immersions.FeedforwardImmersion(net, X, memory_budget=1)
    streamed.__dict__["_parts"] = [net.immersion(X[:5]), net.immersion(X[5:])]
    held = {2: 0.3, 9: -1.0}
    return {
        "network": (f, w),
        "centred": (f.centred(w + 0.1), w),
        "scaled": (rg.immersions.Immersion.scaled(f, 3.0), w),
        "reparametrised": (f.reparametrised(A), np.linalg.lstsq(A, w, rcond=None)[0]),
        "restricted": (Restricted(f, held), np.delete(w, list(held))),
        "ridged": (f.ridged(0.5, w - 1), w),
        "streamed": (streamed, w),
        "autograd": (rg.autograd_immersion(lambda w: anp.sin(w[0] * w[1:]), dim=4), np.ones(4)),
    }


@pytest.mark.parametrize("name", derived_immersions())
def test_second_derivatives_in_many_directions_are_those_in_each(name):
    f, w = derived_immersions()[name]
    jet = f.at(w)
    n, p = jet.shape
    xi, *etas = np.random.default_rng(2).normal(size=(p + 1, p))
    etas = np.stack(etas, axis=1)
    for count in (1, 2, p):  # few directions are taken one by one
        found = jet.second_derivatives(xi, etas[:, :count])
        each = [jet.second_derivative(xi, eta) for eta in etas[:, :count].T]
        assert found.shape == (n, count)
        np.testing.assert_allclose(found, np.stack(each, axis=1), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("hidden", [[], [4], [3, 2], [2, 3, 2]])
def test_all_second_derivatives_of_networks(hidden, outputs):
    net = rg.Network([2, *hidden, outputs]).scaled(0.7)
    jet = net.immersion(np.random.default_rng(0).normal(size=(5, 2))).at(net.init(seed=3))
    units = np.eye(net.dim)
    hessian = np.stack([jet.second_derivatives(e, units) for e in units], axis=1)
    np.testing.assert_allclose(hessian, hessian.transpose(0, 2, 1), atol=1e-13)
    each = [[jet.second_derivative(a, b) for b in units] for a in units]
    np.testing.assert_allclose(hessian, np.moveaxis(each, 2, 0), rtol=1e-11, atol=1e-13)
