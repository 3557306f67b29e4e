"""The largest normal curvature against searches of its own, and its bound."""

import autograd.numpy as anp
import numpy as np
import pytest
from manifold_cases import network_manifold
from scipy.optimize import minimize

import riemgn as rg
from riemgn.manifolds.normal_curvature import FormByProducts, HeldForm, climbed


def random_surface(p, n, seed):
    """A quadratic graph at its origin: its II is any family of symmetric matrices."""
    A = np.random.default_rng(seed).normal(size=(n, p, p))
    A = A + A.transpose(0, 2, 1)

    def f(w):
        return anp.concatenate([w, 0.5 * anp.dot(anp.dot(A, w), w)])

    M = rg.ImmersedManifold(rg.autograd_immersion(f, dim=p))
    return M, M.point(np.zeros(p)), A


@pytest.mark.parametrize("seed", range(4))
def test_a_circle_of_directions_searched_through(seed):
    M, x, A = random_surface(2, 3, seed)
    angles = np.linspace(0, np.pi, 20001)
    C = np.stack([np.cos(angles), np.sin(angles)])
    wanted = np.linalg.norm(np.einsum("nij,ik,jk->nk", A, C, C), axis=0).max()
    found = M.largest_normal_curvature(x)
    assert found.value == pytest.approx(wanted, rel=1e-7)
    assert found.value >= wanted * (1 - 1e-12)
    assert found.upper_bound >= found.value


@pytest.mark.parametrize(("p", "n"), [(3, 2), (4, 6), (6, 4)])
def test_no_search_from_many_starts_finds_more(p, n):
    M, x, A = random_surface(p, n, seed=1)

    def negative(c):
        c = c / np.linalg.norm(c)
        return -np.linalg.norm(A @ c @ c)

    starts = np.random.default_rng(0).normal(size=(40, p))
    wanted = -min(minimize(negative, c).fun for c in starts)
    found = M.largest_normal_curvature(x)
    assert found.value == pytest.approx(wanted, rel=1e-8)
    v = found.direction
    assert np.linalg.norm(v) == pytest.approx(1, rel=1e-12)
    bent = M.second_fundamental_form(x, v, v)
    assert np.linalg.norm(bent) == pytest.approx(found.value, rel=1e-10)
    # a stationary direction of the quartic: II(v, v) turned by its own shape operator gives v back
    turned = M.weingarten(x, v, bent) / found.value**2
    np.testing.assert_allclose(turned, v, atol=1e-5)
    # the bound is that of the linear map on symmetric matrices, by its dense matrix
    rows, columns = np.triu_indices(p)
    dense = A[:, rows, columns] * np.where(rows == columns, 1, np.sqrt(2))
    assert found.upper_bound == pytest.approx(np.linalg.norm(dense, 2), rel=1e-12)
    assert found.value <= found.upper_bound <= np.sqrt(p) * found.value


def test_each_turn_rises():
    M, x, _ = random_surface(5, 5, seed=2)
    form = HeldForm(x.seen_in(M.metric))
    c = np.ones(5) / np.sqrt(5)
    values = []
    for _ in range(8):
        normal = form.along(c)
        values.append(np.linalg.norm(normal))
        c = form.bent_most(normal / values[-1], c)
    assert np.all(np.diff(values) >= -1e-14 * values[-1])
    assert values[-1] > 1.05 * values[0]


@pytest.mark.parametrize("metric", [None, np.linspace(0.5, 2, 40)])
def test_products_alone_find_the_same(metric):
    M, x = network_manifold(widths=(3, 2, 2), samples=20, seed=1, metric=metric)
    sight = x.seen_in(M.metric)
    held, products = HeldForm(sight), FormByProducts(sight, np.random.default_rng(0))
    assert products.upper_bound == pytest.approx(held.upper_bound, rel=1e-7)
    wanted = M.largest_normal_curvature(x)
    value, c = climbed(products, products.leading_directions()[0])
    assert value == pytest.approx(wanted.value, rel=1e-9)
    v = M.tangent_basis(x) @ c
    assert M.normal_curvature(x, v) == pytest.approx(value, rel=1e-9)
    start = np.random.default_rng(1).normal(size=M.dim)
    a, b = (climbed(form, start / np.linalg.norm(start))[0] for form in (held, products))
    assert a == pytest.approx(b, rel=1e-7)


def test_it_bounds_every_direction_and_the_hessian():
    M, x = network_manifold(widths=(3, 2, 2), samples=20, seed=1)
    kappa = M.largest_normal_curvature(x).value
    generator = np.random.default_rng(0)
    E = M.tangent_basis(x)
    for _ in range(50):
        assert M.normal_curvature(x, E @ generator.normal(size=M.dim)) <= kappa * (1 + 1e-9)
    # theory.md, section 4: the least eigenvalue of the Hessian is at least 1 - kappa |g_normal|
    problem = rg.Problem(M, rg.SquaredLoss(x.outputs + 0.02 * generator.normal(size=40)))
    g = problem.loss.gradient(x.outputs)
    H = np.stack([problem.riemannian_hessian(x, e) for e in E.T], axis=1)
    least = np.linalg.eigvalsh(E.T @ H)[0]
    slack = kappa * np.linalg.norm(g - M.projection(x, g))
    assert 1 - slack <= least < 1


def test_flat_forms_are_zero_in_products_too():
    A = np.random.default_rng(0).normal(size=(6, 3))
    M = rg.ImmersedManifold(rg.autograd_immersion(lambda w: anp.dot(A, w), dim=3))
    x = M.point(np.ones(3))
    assert FormByProducts(x.seen_in(M.metric), np.random.default_rng(0)).upper_bound == 0
    found = M.largest_normal_curvature(x)
    assert (found.value, found.upper_bound) == (0.0, 0.0)
    assert np.linalg.norm(found.direction) == pytest.approx(1)


def test_seeds_are_seeds():
    M, x = network_manifold(widths=(3, 2, 2), samples=20, seed=1)
    first, again = (M.largest_normal_curvature(x, seed=3) for _ in range(2))
    assert first.value == again.value
    np.testing.assert_array_equal(first.direction, again.direction)
    with pytest.raises(TypeError, match="seed"):
        M.largest_normal_curvature(x, seed="3")


@pytest.mark.slow
def test_a_large_network_by_products():
    M, x = network_manifold(widths=(10, 11, 2, 1), samples=2000, seed=0)
    found = M.largest_normal_curvature(x)
    _, intrinsic = M.rms_curvatures(x)
    assert intrinsic < found.value <= found.upper_bound * (1 + 1e-7)
    assert found.upper_bound < np.sqrt(M.dim) * found.value
