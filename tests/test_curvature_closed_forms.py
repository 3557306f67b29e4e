"""Curvatures against closed forms: surfaces in R^3, spheres of any dimension, products of them."""

import autograd.numpy as anp
import numpy as np
import pytest

import riemgn as rg


def surface(f, w, p=2, **options):
    M = rg.ImmersedManifold(rg.autograd_immersion(f, dim=p), **options)
    return M, M.point(w)


def cylinder(w):
    return anp.array([2 * anp.cos(w[0] ** 3), 2 * anp.sin(w[0] ** 3), w[1] + w[0]])


def round_sphere(w):
    return 3 * anp.array(
        [anp.cos(w[1]) * anp.cos(w[0]), anp.cos(w[1]) * anp.sin(w[0]), anp.sin(w[1])]
    )


def torus(w):
    r = 2 + anp.cos(w[0])
    return anp.array([r * anp.cos(w[1]), r * anp.sin(w[1]), anp.sin(w[0])])


def catenoid(w):
    r = anp.cosh(w[0])
    return anp.array([r * anp.cos(w[1]), r * anp.sin(w[1]), w[0]])


def saddle(w):
    return anp.array([w[0], w[1], w[0] * w[1]])


def principal_pair(name, w):
    """The principal curvatures of each surface along its normal, up to their common sign."""
    x, y = w
    rise = 1 + x**2 + y**2
    root = np.sqrt((1 + x**2) * (1 + y**2))
    return {
        "cylinder": (0.0, 0.5),
        "sphere": (1 / 3, 1 / 3),
        "torus": (1.0, np.cos(x) / (2 + np.cos(x))),
        "catenoid": (1 / np.cosh(x) ** 2, -1 / np.cosh(x) ** 2),
        "saddle": ((root - x * y) / rise**1.5, -(root + x * y) / rise**1.5),
    }[name]


SURFACES = {
    "cylinder": cylinder,
    "sphere": round_sphere,
    "torus": torus,
    "catenoid": catenoid,
    "saddle": saddle,
}


@pytest.mark.parametrize("w", [[0.4, -0.9], [1.7, 0.3]])
@pytest.mark.parametrize("name", SURFACES)
def test_surfaces(name, w):
    M, x = surface(SURFACES[name], w)
    E = M.tangent_basis(x)
    N = np.cross(E[:, 0], E[:, 1])
    wanted = np.array(principal_pair(name, w))
    got = M.principal_directions(x, 5 * N + E[:, 0])
    close = {"rtol": 1e-11, "atol": 1e-12}
    if not np.allclose(got.curvatures, np.sort(wanted), **close):
        wanted = -wanted  # the frame may be either way round
    np.testing.assert_allclose(got.curvatures, np.sort(wanted), **close)
    np.testing.assert_allclose(M.principal_curvatures(x, N), got.curvatures, **close)
    np.testing.assert_allclose(M.principal_curvatures(x, -N), -got.curvatures[::-1], **close)
    for k, v in zip(got.curvatures, got.directions.T, strict=True):
        np.testing.assert_allclose(M.weingarten(x, v, N), k * v, atol=1e-11)
        assert M.normal_curvature(x, -3 * v) == pytest.approx(abs(k), abs=1e-11)
    np.testing.assert_allclose(M.mean_curvature(x), wanted.mean() * N, atol=1e-11)
    gauss = wanted.prod()
    a, b = E @ [1.0, 2.0], E @ [-0.3, 1.0]
    assert M.sectional_curvature(x, a, b) == pytest.approx(gauss, rel=1e-11, abs=1e-11)
    assert M.scalar_curvature(x) == pytest.approx(2 * gauss, rel=1e-11, abs=1e-11)
    np.testing.assert_allclose(M.ricci_curvature(x), gauss * np.eye(2), atol=1e-11)
    largest = M.largest_normal_curvature(x)
    assert largest.value == pytest.approx(np.abs(wanted).max(), rel=1e-11)
    bent = M.second_fundamental_form(x, largest.direction, largest.direction)
    assert np.linalg.norm(bent) == pytest.approx(largest.value, rel=1e-11)
    # in R^3 the bound is the length of the pair
    assert largest.upper_bound == pytest.approx(np.linalg.norm(wanted), rel=1e-11)


def test_a_catenoid_is_minimal_and_negatively_curved():
    M, x = surface(catenoid, [0.8, 2.0])
    assert np.linalg.norm(M.mean_curvature(x)) < 1e-14
    a, b = M.tangent_basis(x).T
    assert M.sectional_curvature(x, a, b) == pytest.approx(-1 / np.cosh(0.8) ** 4, rel=1e-12)


def test_a_plane_is_flat_in_any_parameters():
    def bent_plane(w):
        y = anp.array([w[0] + w[1] ** 3 / 5, w[1] - w[0] ** 2])
        return anp.dot(anp.array([[1.0, 2.0], [0.5, -1.0], [3.0, 0.2]]), y)

    M, x = surface(bent_plane, [0.4, -0.9])
    a, b = M.tangent_basis(x).T
    N = np.cross(a, b)
    assert abs(M.sectional_curvature(x, a, b)) < 1e-25
    assert np.abs(M.principal_curvatures(x, N)).max() < 1e-14
    assert M.largest_normal_curvature(x).value < 1e-14
    assert M.rms_curvatures(x)[0] > 0.1


def stereographic(p):
    """The unit sphere of dimension p from its north pole."""

    def f(w):
        s = anp.sum(w**2)
        return anp.append(2 * w, s - 1) / (1 + s)

    return f


@pytest.mark.parametrize("p", [1, 2, 5])
@pytest.mark.parametrize("radius", [0.25, 1.0, 8.0])
def test_spheres(p, radius):
    f = stereographic(p)
    M = rg.ImmersedManifold(rg.autograd_immersion(f, dim=p).scaled(radius))
    x = M.point(np.linspace(-0.7, 1.1, p))
    outward, square = x.outputs / radius, 1 / radius**2
    close = {"rtol": 1e-12, "atol": 1e-12 / radius}
    np.testing.assert_allclose(M.mean_curvature(x), -outward / radius, **close)
    np.testing.assert_allclose(
        M.principal_curvatures(x, x.outputs), np.full(p, -1 / radius), **close
    )
    np.testing.assert_allclose(M.shape_operator(x, outward), -np.eye(p) / radius, **close)
    np.testing.assert_allclose(
        M.ricci_curvature(x), (p - 1) * square * np.eye(p), atol=1e-11 * square
    )
    assert M.scalar_curvature(x) == pytest.approx(p * (p - 1) * square, abs=1e-11 * square)
    a, b = (M.random_tangent_vector(x, seed=s) for s in (0, 1))
    assert M.ricci(x, a, b) == pytest.approx((p - 1) * square * (a @ b), abs=1e-11 * square)
    largest = M.largest_normal_curvature(x)
    assert largest.value == pytest.approx(1 / radius, rel=1e-12)
    assert largest.upper_bound == pytest.approx(np.sqrt(p) / radius, rel=1e-12)
    if p > 1:
        assert M.sectional_curvature(x, a, b) == pytest.approx(square, rel=1e-11)
        # positive on spheres, and antisymmetric as geomstats' is
        area = a @ a * (b @ b) - (a @ b) ** 2
        assert M.riemann(x, a, b, b, a) == pytest.approx(square * area, rel=1e-11)
        assert M.riemann(x, a, b, a, b) == pytest.approx(-square * area, rel=1e-11)
    # the stereographic metric is conformal, 4 / (1 + |w|^2)^2
    log_volume = p * np.log(2 * radius / (1 + x.params @ x.params))
    assert M.log_volume_element(x) == pytest.approx(log_volume, abs=1e-13)
    assert M.volume_element(x) == pytest.approx(np.exp(log_volume), rel=1e-12)


def test_a_product_of_spheres_is_flat_across():
    first, second = stereographic(2), stereographic(3)

    def f(w):
        return anp.concatenate([2 * first(w[:2]), 5 * second(w[2:])])

    M, x = surface(f, [0.3, -0.4, 0.1, 0.9, 0.2], p=5)
    J = x.jacobian
    a, b, c, d = J[:, 0], J[:, 1] + J[:, 0], J[:, 2], J[:, 3] + J[:, 4]
    assert M.sectional_curvature(x, a, b) == pytest.approx(1 / 4, rel=1e-11)
    assert M.sectional_curvature(x, c, d) == pytest.approx(1 / 25, rel=1e-11)
    assert abs(M.sectional_curvature(x, a, c)) < 1e-13
    assert M.sectional_curvature(x, a + c, b) < 1 / 4
    assert M.scalar_curvature(x) == pytest.approx(2 / 4 + 6 / 25, rel=1e-11)
    assert M.ricci(x, a, b) == pytest.approx(a @ b / 4, rel=1e-11)
    assert M.ricci(x, c, d) == pytest.approx(2 * (c @ d) / 25, rel=1e-11)
    assert abs(M.ricci(x, a, c)) < 1e-12
    outward = np.concatenate([x.outputs[:3] / 2, np.zeros(4)])
    np.testing.assert_allclose(
        M.principal_curvatures(x, outward), [-0.5, -0.5, 0, 0, 0], atol=1e-12
    )
    largest = M.largest_normal_curvature(x)
    assert largest.value == pytest.approx(0.5, rel=1e-12)
    assert np.linalg.norm(largest.direction[3:]) < 1e-5


def test_a_curve_has_no_planes_but_a_curvature():
    helix, x = surface(lambda t: anp.array([anp.cos(t[0]), anp.sin(t[0]), t[0]]), [0.3], p=1)
    v = x.jacobian[:, 0]
    assert helix.normal_curvature(x, v) == pytest.approx(1 / 2, rel=1e-13)
    assert helix.largest_normal_curvature(x).value == pytest.approx(1 / 2, rel=1e-13)
    assert helix.scalar_curvature(x) == pytest.approx(0, abs=1e-15)
    np.testing.assert_allclose(helix.ricci_curvature(x), [[0]], atol=1e-15)
    with pytest.raises(ValueError, match="must span a plane"):
        helix.sectional_curvature(x, v, v)


def test_an_isometry_changes_nothing():
    Q = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    M, x = surface(torus, [0.4, -0.9])
    turned, y = surface(lambda w: anp.dot(Q, torus(w)) + 3, [0.4, -0.9])
    v, z = (M.random_tangent_vector(x, seed=s) for s in (0, 1))
    N = Q @ np.cross(*M.tangent_basis(x).T)
    assert turned.sectional_curvature(y, Q @ v, Q @ z) == pytest.approx(
        M.sectional_curvature(x, v, z), rel=1e-11
    )
    np.testing.assert_allclose(turned.mean_curvature(y), Q @ M.mean_curvature(x), atol=1e-12)
    np.testing.assert_allclose(
        turned.principal_curvatures(y, N), M.principal_curvatures(x, Q.T @ N), atol=1e-12
    )
    assert turned.volume_element(y) == pytest.approx(M.volume_element(x), rel=1e-13)
