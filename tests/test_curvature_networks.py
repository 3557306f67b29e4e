"""Curvatures of networks: their definitions, weights, scalings, and where they are not defined."""

import autograd.numpy as anp
import numpy as np
import pytest
from bad_values import SETTINGS, answer, values
from hypothesis import given
from hypothesis import strategies as st
from manifold_cases import a_normal, network_manifold, tangents

import riemgn as rg


def gentle_manifold(**options):
    """A network of 14 weights and 30 outputs whose curvatures hold all but three digits."""
    return network_manifold(widths=(3, 2, 2), samples=15, seed=1, **options)


def second_forms(M, x):
    """II(e_i, e_j), (r, r, n), one pair at a time."""
    E = M.tangent_basis(x)
    return np.array([[M.second_fundamental_form(x, a, b) for b in E.T] for a in E.T])


def weight(n, seed=0):
    A = np.random.default_rng(seed).normal(size=(n, n)) / np.sqrt(n)
    return A @ A.T + 0.5 * np.eye(n)


@pytest.mark.parametrize("metric", ["none", "diagonal", "dense"])
def test_every_curvature_is_made_of_the_second_fundamental_form(metric):
    H = {"none": None, "diagonal": np.linspace(0.5, 2, 30), "dense": weight(30)}[metric]
    M, x = gentle_manifold(metric=H)
    H = np.eye(30) if H is None else np.diag(H) if H.ndim == 1 else H
    E, forms = M.tangent_basis(x), second_forms(M, x)
    r = E.shape[1]
    products = np.einsum("ijm,mo,klo->ijkl", forms, H, forms)
    # <R(e_i, e_j) e_k, e_l>
    R = np.einsum("iljk->ijkl", products) - np.einsum("ikjl->ijkl", products)
    close = {"rtol": 1e-8, "atol": 1e-9 * np.abs(R).max()}

    a, b, c, d = np.random.default_rng(1).normal(size=(4, r))
    wanted = np.einsum("ijkl,i,j,k,l", R, a, b, c, d)
    np.testing.assert_allclose(M.riemann(x, E @ a, E @ b, E @ c, E @ d), wanted, **close)
    area = a @ a * (b @ b) - (a @ b) ** 2
    wanted = np.einsum("ijkl,i,j,k,l", R, a, b, b, a) / area
    np.testing.assert_allclose(M.sectional_curvature(x, E @ a, E @ b), wanted, **close)
    ricci = np.einsum("ijki->jk", R)
    np.testing.assert_allclose(M.ricci_curvature(x), ricci, **close)
    np.testing.assert_allclose(M.ricci(x, E @ a, E @ b), a @ ricci @ b, **close)
    np.testing.assert_allclose(M.scalar_curvature(x), np.trace(ricci), **close)

    mean = np.einsum("iim->m", forms) / r
    np.testing.assert_allclose(M.mean_curvature(x), mean, atol=1e-10 * np.abs(mean).max())
    N = np.random.default_rng(2).normal(size=30)
    S = np.einsum("ijm,mo,o->ij", forms, H, N)
    np.testing.assert_allclose(M.shape_operator(x, N), S, atol=1e-9 * np.abs(S).max())
    normal = N - M.projection(x, N)
    found = M.principal_directions(x, N)
    values = np.linalg.eigvalsh(S) / np.sqrt(normal @ H @ normal)
    np.testing.assert_allclose(found.curvatures, values, atol=1e-9 * np.abs(values).max())
    np.testing.assert_allclose(found.directions.T @ H @ found.directions, np.eye(r), atol=1e-10)
    for k, v in zip(found.curvatures, found.directions.T, strict=True):
        turned = M.weingarten(x, v, normal / np.sqrt(normal @ H @ normal))
        np.testing.assert_allclose(turned, k * v, atol=1e-8 * np.abs(values).max())

    J = x.jacobian
    volume = np.sqrt(np.linalg.det(J.T @ H @ J))
    assert M.volume_element(x) == pytest.approx(volume, rel=1e-6)
    v = E @ a
    bent = M.second_fundamental_form(x, v, v)
    wanted = np.sqrt(bent @ H @ bent) / (v @ H @ v)
    assert M.normal_curvature(x, v) == pytest.approx(wanted, rel=1e-9)


def test_weights_are_the_geometry_of_the_weighted_map():
    M, x = gentle_manifold(metric=weight(30))
    L = np.linalg.cholesky(weight(30))
    net_map = M.immersion

    class Seen(rg.Immersion):
        dim, ambient_dim = net_map.dim, 30

        def __call__(self, w):
            return L.T @ net_map(w)

        def jacobian(self, w):
            return L.T @ net_map.jacobian(w)

        def second_derivative(self, w, xi, eta):
            return L.T @ net_map.second_derivative(w, xi, eta)

        def hessian_vp(self, w, normal, xi):
            return net_map.hessian_vp(w, L @ normal, xi)

    S = rg.ImmersedManifold(Seen())
    y = S.point(x.params)
    a, b = tangents(M, x)
    close = {"rtol": 1e-8}
    for name, args in (("sectional_curvature", (a, b)), ("ricci", (a, b))):
        seen = getattr(S, name)(y, *(L.T @ v for v in args))
        np.testing.assert_allclose(getattr(M, name)(x, *args), seen, **close)
    for name in ("scalar_curvature", "rms_curvatures", "log_volume_element"):
        np.testing.assert_allclose(getattr(M, name)(x), getattr(S, name)(y), **close)
    np.testing.assert_allclose(L.T @ M.mean_curvature(x), S.mean_curvature(y), rtol=1e-7)
    got, wanted = M.largest_normal_curvature(x), S.largest_normal_curvature(y)
    assert got.value == pytest.approx(wanted.value, rel=1e-8)
    assert got.upper_bound == pytest.approx(wanted.upper_bound, rel=1e-8)


def test_scaling_flattens_in_proportion():
    M, x = gentle_manifold()
    S = rg.ImmersedManifold(M.immersion.scaled(7.0))
    y = S.point(x.params)
    a, b = tangents(M, x)
    N = a_normal(M, x)
    close = {"rtol": 1e-8}
    np.testing.assert_allclose(S.mean_curvature(y), M.mean_curvature(x) / 7, **close)
    np.testing.assert_allclose(
        S.sectional_curvature(y, 5 * a, a - b), M.sectional_curvature(x, a, b) / 49, **close
    )
    values = M.principal_curvatures(x, N) / 7
    np.testing.assert_allclose(
        S.principal_curvatures(y, N), values, atol=1e-8 * np.abs(values).max()
    )
    got, wanted = S.largest_normal_curvature(y), M.largest_normal_curvature(x)
    assert got.value == pytest.approx(wanted.value / 7, rel=1e-8)
    volume = M.volume_element(x) * 7.0**M.dim
    assert S.volume_element(y) == pytest.approx(volume, rel=1e-10)


def test_curvature_does_not_depend_on_the_parameters():
    M, x = gentle_manifold()
    A = np.random.default_rng(3).normal(size=(M.dim, M.dim)) * np.logspace(-5, 5, M.dim)
    N = rg.ImmersedManifold(M.immersion.reparametrised(A))
    y = N.point(np.linalg.solve(A, x.params))
    a, b = tangents(M, x)
    assert N.sectional_curvature(y, a, b) == pytest.approx(M.sectional_curvature(x, a, b), rel=1e-6)
    assert N.scalar_curvature(y) == pytest.approx(M.scalar_curvature(x), rel=1e-6)
    np.testing.assert_allclose(
        N.mean_curvature(y), M.mean_curvature(x), atol=1e-6 * np.abs(M.mean_curvature(x)).max()
    )
    log_det = np.linalg.slogdet(A)[1]
    assert N.log_volume_element(y) == pytest.approx(M.log_volume_element(x) + log_det, rel=1e-9)


def test_an_open_subset_is_flat():
    M, x = network_manifold(widths=(2, 4, 1), samples=6)
    assert x.rank == 6
    a, b = tangents(M, x)
    zeros = np.zeros(6)
    np.testing.assert_array_equal(M.second_fundamental_form(x, a, b), zeros)
    np.testing.assert_array_equal(M.mean_curvature(x), zeros)
    np.testing.assert_array_equal(M.shape_operator(x, a), np.zeros((6, 6)))
    np.testing.assert_array_equal(M.ricci_curvature(x), np.zeros((6, 6)))
    assert M.sectional_curvature(x, a, b) == M.scalar_curvature(x) == M.ricci(x, a, b) == 0
    assert M.riemann(x, a, b, b, a) == M.normal_curvature(x, a) == 0
    largest = M.largest_normal_curvature(x)
    assert largest.value == largest.upper_bound == 0
    assert M.volume_element(x) == 0
    assert M.log_volume_element(x) == -np.inf
    with pytest.raises(ValueError, match="normal must have a part normal to the manifold"):
        M.principal_curvatures(x, a)


def test_a_varying_metric_has_symbols_and_a_volume_alone():
    targets = np.random.default_rng(0).integers(0, 2, 30)
    M, x = gentle_manifold(metric=rg.LogisticLoss(targets))
    v = M.random_tangent_vector(x, seed=0)
    for name, args in (
        ("mean_curvature", ()),
        ("shape_operator", (v,)),
        ("principal_curvatures", (v,)),
        ("principal_directions", (v,)),
        ("normal_curvature", (v,)),
        ("largest_normal_curvature", ()),
        ("sectional_curvature", (v, v)),
        ("riemann", (v, v, v, v)),
        ("ricci", (v, v)),
        ("ricci_curvature", ()),
        ("scalar_curvature", ()),
        ("rms_curvatures", ()),
    ):
        with pytest.raises(NotImplementedError, match="not defined"):
            getattr(M, name)(x, *args)
    J, H = x.jacobian, np.diag(M.metric.loss.hessian_vp(x.outputs, np.ones(30)))
    volume = np.sqrt(np.linalg.det(J.T @ H @ J))
    assert M.volume_element(x) == pytest.approx(volume, rel=1e-6)


@pytest.mark.parametrize("varies", [False, True])
def test_symbols_in_full_are_those_of_pairs(varies):
    targets = np.random.default_rng(0).integers(0, 2, 30)
    metric = rg.LogisticLoss(targets) if varies else None
    M, x = gentle_manifold(metric=metric)
    gamma = M.christoffel_symbols(x)
    assert gamma.shape == (M.dim,) * 3
    np.testing.assert_array_equal(gamma, gamma.transpose(0, 2, 1))
    xi, eta = np.random.default_rng(1).normal(size=(2, M.dim))
    np.testing.assert_allclose(
        np.einsum("kij,i,j->k", gamma, xi, eta),
        M.christoffel(x, xi, eta),
        atol=1e-9 * np.abs(gamma).max(),
    )


def test_a_plane_needs_two_directions():
    M, x = gentle_manifold()
    a, b = tangents(M, x)
    N = a_normal(M, x)
    for dependent in (a, -3.7 * a, a + 1e-10 * b):
        with pytest.raises(ValueError, match="must span a plane"):
            M.sectional_curvature(x, a, dependent)
    for name, args in (("tangent_a", (0 * a, b)), ("tangent_b", (a, N))):
        with pytest.raises(ValueError, match=f"{name} must not be normal to the manifold"):
            M.sectional_curvature(x, *args)
    wanted = M.sectional_curvature(x, a, b)
    assert M.sectional_curvature(x, 1e-200 * a, 1e200 * b) == pytest.approx(wanted, rel=1e-9)
    near = a + 1e-5 * b
    assert M.sectional_curvature(x, a, near) == pytest.approx(wanted, rel=1e-6)


def test_a_normal_must_not_be_tangent():
    M, x = gentle_manifold()
    a = M.random_tangent_vector(x, seed=0)
    N = a_normal(M, x)
    for tangent in (a, 0 * a, 1e300 * a):
        with pytest.raises(ValueError, match="normal must have a part normal to the manifold"):
            M.principal_curvatures(x, tangent)
    wanted = M.principal_curvatures(x, N)
    size = np.abs(wanted).max()
    np.testing.assert_allclose(M.principal_curvatures(x, 1e200 * N), wanted, atol=1e-9 * size)
    np.testing.assert_allclose(M.principal_curvatures(x, N + 9 * a), wanted, atol=1e-9 * size)
    with pytest.raises(rg.NumericalError, match="normal holds NaN"):
        M.principal_curvatures(x, N * np.nan)
    with pytest.raises(ValueError, match="normal must have 30 rows"):
        M.principal_curvatures(x, N[1:])


def test_a_second_derivative_that_is_not_finite_is_said():
    f = rg.autograd_immersion(lambda w: w[0] ** 1.5 + w[0] * anp.array([0.0, 1.0, 4.0]), dim=1)
    M = rg.ImmersedManifold(f)
    x = M.point([0.0])
    v = x.jacobian[:, 0]
    for name, args in (
        ("second_fundamental_form", (v, v)),
        ("mean_curvature", ()),
        ("normal_curvature", (v,)),
        ("scalar_curvature", ()),
        ("largest_normal_curvature", ()),
    ):
        with pytest.raises(rg.NumericalError, match="second derivative of f holds NaN"):
            getattr(M, name)(x, *args)


def calls(M, x):
    t = M.random_tangent_vector(x, seed=0)
    return {
        "normal in shape_operator": lambda v: M.shape_operator(x, v),
        "normal in principal_curvatures": lambda v: M.principal_curvatures(x, v),
        "normal in principal_directions": lambda v: M.principal_directions(x, v).directions,
        "tangent_vector in normal_curvature": lambda v: M.normal_curvature(x, v),
        "tangent_a in sectional_curvature": lambda v: M.sectional_curvature(x, v, t),
        "tangent_b in sectional_curvature": lambda v: M.sectional_curvature(x, t, v),
        "a in riemann": lambda v: M.riemann(x, v, t, v, t),
        "b in riemann": lambda v: M.riemann(x, t, v, t, t),
        "d in riemann": lambda v: M.riemann(x, t, t, t, v),
        "tangent_a in ricci": lambda v: M.ricci(x, v, t),
        "tangent_b in ricci": lambda v: M.ricci(x, t, v),
    }


CALLS = calls(*network_manifold(widths=(2, 2, 1), samples=12, seed=1))


@pytest.mark.parametrize("argument", CALLS)
@SETTINGS
@given(data=st.data())
def test_any_value_in_the_place_of_a_vector(argument, data):
    answer(CALLS[argument], data.draw(values(12)), argument.split()[0])
