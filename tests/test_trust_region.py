"""The trust-region subproblem: its optimality conditions, which are sufficient, and brute force."""

import numpy as np
import pytest

from riemgn.linalg.trust_region import trust_region_step


def model(H, g, s):
    return g @ s + 0.5 * s @ H @ s


def assert_global_minimiser(H, g, radius, s, multiplier):
    # More and Sorensen: these conditions characterise a global minimiser
    size = np.linalg.norm(H, 2) + np.linalg.norm(g) / radius
    assert np.linalg.norm(s) <= radius * (1 + 1e-9)
    assert multiplier >= 0
    assert np.linalg.norm((H + multiplier * np.eye(g.size)) @ s + g) <= 1e-9 * size * radius
    assert np.linalg.eigvalsh(H)[0] + multiplier >= -1e-9 * size
    assert multiplier * (radius - np.linalg.norm(s)) <= 1e-8 * size * radius


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("radius", [1e-3, 0.3, 1.0, 10.0])
@pytest.mark.parametrize("shift", [0.0, 3.0])
def test_conditions_of_a_global_minimiser(seed, radius, shift):
    draws = np.random.default_rng(seed)
    k = int(draws.integers(1, 8))
    A = draws.normal(size=(k, k))
    H, g = (A + A.T) / 2 + shift * np.eye(k), draws.normal(size=k)
    assert_global_minimiser(H, g, radius, *trust_region_step(H, g, radius))


def test_a_definite_model_has_newtons_step():
    H, g = np.diag([1.0, 4.0]), np.array([1.0, -2.0])
    s, multiplier = trust_region_step(H, g, np.inf)
    np.testing.assert_allclose(s, [-1.0, 0.5])
    assert multiplier == 0


def test_the_hard_case_fills_the_radius():
    # the gradient has no part along the direction of negative curvature
    H, g = np.diag([-1.0, 1.0]), np.array([0.0, 1.0])
    s, multiplier = trust_region_step(H, g, 2.0)
    assert_global_minimiser(H, g, 2.0, s, multiplier)
    assert np.linalg.norm(s) == pytest.approx(2.0)
    assert multiplier == pytest.approx(1.0)


@pytest.mark.parametrize("seed", range(5))
def test_nothing_on_a_grid_is_lower(seed):
    draws = np.random.default_rng(seed)
    A = draws.normal(size=(2, 2))
    H, g = (A + A.T) / 2, draws.normal(size=2)
    s, _ = trust_region_step(H, g, 1.5)
    radii, angles = np.meshgrid(np.linspace(0, 1.5, 61), np.linspace(0, 2 * np.pi, 721))
    grid = np.stack([(radii * np.cos(angles)).ravel(), (radii * np.sin(angles)).ravel()])
    lowest = np.min(g @ grid + 0.5 * np.sum(grid * (H @ grid), axis=0))
    assert model(H, g, s) <= lowest + 1e-12
    assert model(H, g, s) >= lowest - 1e-2


@pytest.mark.parametrize("scale", [1e-150, 1e-8, 1e8, 1e150])
def test_units_do_not_matter(scale):
    H, g = np.array([[1.0, 0.3], [0.3, -2.0]]), np.array([0.2, 0.7])
    plain, m = trust_region_step(H, g, 1.0)
    scaled, ms = trust_region_step(scale * H, scale * g, 1.0)
    np.testing.assert_allclose(scaled, plain, rtol=1e-6)
    assert ms == pytest.approx(scale * m, rel=1e-6)
