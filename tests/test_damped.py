"""Damped systems: both forms against the stacked least squares and exactly known matrices."""

import numpy as np
import pytest
import scipy.linalg
from linear_cases import assert_close, random_matrix, stacked

from riemgn.linalg import IdentityRoot, damped_system
from riemgn.linalg.damped import DampedGram, GramSystem
from riemgn.linalg.damped_kernel import DampedKernel
from riemgn.linalg.roots import BlockRoot, DiagonalRoot
from riemgn.linalg.spectral import DampedSpectrum

DAMPINGS = [1e-14, 1e-10, 1e-6, 1e-2, 1.0, 1e3, 1e6]
SHAPES = [(40, 12), (12, 40), (15, 15), (1, 5), (5, 1)]


@pytest.mark.parametrize("damping", DAMPINGS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("condition", [10.0, 1e3, 1e6])
@pytest.mark.parametrize("decades", [0, 2])
def test_steps_are_those_of_the_stacked_rows(shape, condition, damping, decades, linear_map):
    B = random_matrix(*shape, condition)
    t = np.random.default_rng(1).normal(size=shape[0])
    scale = None if decades == 0 else np.logspace(-decades / 2, decades / 2, shape[1])
    held = DampedKernel(linear_map(B), scale) if shape[1] > shape[0] else DampedGram(B, scale)
    chosen = damped_system(linear_map(B), IdentityRoot(), scale)
    wanted = stacked(B, t, damping, scale)
    for system in (held, DampedSpectrum(B, scale), chosen):
        assert_close(system.solve(t, damping), wanted, B, 1e-8, scale)


@pytest.mark.parametrize("shape", [(3000, 40), (40, 3000), (200, 10), (10, 200)])
@pytest.mark.parametrize("scaled", [False, True])
def test_a_form_is_chosen_by_shape_and_size(shape, scaled, linear_map):
    scale = np.ones(shape[1]) if scaled else None
    system = damped_system(linear_map(random_matrix(*shape, 10.0)), IdentityRoot(), scale)
    small = max(shape) == 200 and (scaled or shape[0] == 200)
    form = DampedSpectrum if small else DampedGram if shape[0] > shape[1] else DampedKernel
    assert type(system) is form


@pytest.mark.parametrize("damping", DAMPINGS)
@pytest.mark.parametrize("condition", [1e2, 1e6, 1e10])
@pytest.mark.parametrize("kind", ["linear_map", "streamed_map"])
def test_an_ill_conditioned_tall_matrix_is_solved_without_squaring(
    kind, condition, damping, known_matrix, request
):
    known = known_matrix(condition)
    t = np.random.default_rng(1).normal(size=known.J.shape[0])
    wanted = known.V @ (known.s / (known.s**2 + damping) * (known.U.T @ t))
    chosen = damped_system(request.getfixturevalue(kind)(known.J), IdentityRoot())
    for system in (chosen, DampedGram(known.J), DampedSpectrum(known.J)):
        assert_close(system.solve(t, damping), wanted, known.J, 1e-8)


@pytest.mark.parametrize("damping", [d for d in DAMPINGS if d > 1e-13])
@pytest.mark.parametrize("condition", [1e2, 1e6, 1e10])
def test_an_ill_conditioned_kernel_is_refined(condition, damping, known_matrix, linear_map):
    known = known_matrix(condition)
    t = np.random.default_rng(1).normal(size=known.J.shape[1])
    wanted = known.U @ (known.s / (known.s**2 + damping) * (known.V.T @ t))
    system = damped_system(linear_map(known.J.T), IdentityRoot())
    assert type(system) is DampedKernel
    assert_close(system.solve(t, damping), wanted, known.J.T, 1e-8)


@pytest.mark.parametrize("damping", DAMPINGS)
@pytest.mark.parametrize("condition", [10.0, 1e4])
@pytest.mark.parametrize("scale", [None, np.logspace(-1, 1, 15)])
def test_primal_is_dual(condition, damping, scale, linear_map):
    B = random_matrix(15, 15, condition)
    t = np.random.default_rng(1).normal(size=15)
    primal, dual = DampedGram(B, scale), DampedKernel(linear_map(B), scale)
    assert_close(dual.solve(t, damping), primal.solve(t, damping), B, 1e-8, scale)
    np.testing.assert_allclose(dual.pull(t), primal.pull(t), atol=1e-14)
    x = np.arange(15.0)
    assert dual.norm(x) == pytest.approx(primal.norm(x), rel=1e-14)


@pytest.mark.parametrize("damping", DAMPINGS)
@pytest.mark.parametrize("shape", [(30, 10), (10, 30)])
def test_a_rank_deficient_matrix_gives_finite_steps_of_least_norm(shape, damping, linear_map):
    n, p = shape
    B = random_matrix(n, 6, 10.0) @ np.linalg.qr(np.random.default_rng(2).normal(size=(p, 6)))[0].T
    t = np.random.default_rng(1).normal(size=n)
    system = damped_system(linear_map(B), IdentityRoot())
    U, s, Vt = np.linalg.svd(B)
    wanted = Vt[:6].T @ (s[:6] / (s[:6] ** 2 + damping) * (U[:, :6].T @ t))
    x = system.solve(t, damping)
    # rounding makes singular values of eps: as much of t leaks into directions that no output sees
    leak = np.finfo(float).eps / damping * np.linalg.norm(t)
    np.testing.assert_allclose(x, wanted, rtol=1e-8, atol=1e-9 + leak)
    np.testing.assert_allclose(B @ x, B @ wanted, atol=1e-6)


def test_zero_columns_and_a_zero_matrix(linear_map):
    t = np.arange(1.0, 7.0)
    for shape in ((6, 3), (6, 9)):
        system = damped_system(linear_map(np.zeros(shape)), IdentityRoot())
        np.testing.assert_array_equal(system.solve(t, 1e-3), np.zeros(shape[1]))
    B = np.zeros((6, 3))
    B[:, 1] = 1.0
    step = damped_system(linear_map(B), IdentityRoot()).solve(t, 1e-12)
    np.testing.assert_allclose(step, [0.0, t.mean(), 0.0], atol=1e-10)


def test_one_system_serves_every_damping_in_any_order(linear_map):
    for shape in ((40, 12), (12, 40)):
        B = random_matrix(*shape, 1e5)
        generator = np.random.default_rng(1)
        t, other = generator.normal(size=(2, shape[0]))
        system = damped_system(linear_map(B), IdentityRoot())
        for damping in (1.0, 1e-10, 1.0, 1e-3, 1e-10):
            for target in (t, other):
                fresh = damped_system(linear_map(B), IdentityRoot()).solve(target, damping)
                np.testing.assert_array_equal(system.solve(target, damping), fresh)
        system.solve(t, 1.0)[:] = 0.0
        system.pull(t)[:] = 0.0
        np.testing.assert_allclose(system.pull(t), B.T @ t, atol=1e-14)
        t[:] = other  # a target may be changed in place between solves
        np.testing.assert_array_equal(system.solve(t, 1.0), system.solve(other, 1.0))


@pytest.mark.parametrize("shape", [(40, 12), (12, 40), (15, 15)])
def test_eigenvalues_and_sizes(shape, linear_map):
    B = random_matrix(*shape, 50.0)
    system = damped_system(linear_map(B), IdentityRoot())
    eigenvalues = np.sort(np.linalg.eigvalsh(B @ B.T))
    for nullity in (0, 1, shape[0] - 1):
        wanted = max(eigenvalues[nullity], 0.0)
        assert system.least_kernel_eigenvalue(nullity) == pytest.approx(wanted, abs=1e-14)
    assert eigenvalues[-1] / max(shape) <= system.largest <= eigenvalues[-1] * (1 + 1e-12)


def test_the_scale_is_the_unit_of_size():
    B = random_matrix(40, 12, 10.0)
    scale = np.logspace(-2, 2, 12)
    system = DampedGram(B, scale)
    plain = DampedGram(B / scale)
    x = np.arange(12.0)
    assert system.norm(x) == pytest.approx(np.linalg.norm(scale * x), rel=1e-14)
    assert system.largest == pytest.approx(plain.largest, rel=1e-12)
    t = np.ones(40)
    np.testing.assert_allclose(scale * system.solve(t, 0.1), plain.solve(t, 0.1), rtol=1e-10)


@pytest.mark.parametrize("shape", [(24, 8), (24, 60)])
@pytest.mark.parametrize("kind", ["diagonal", "block"])
def test_the_root_of_a_hessian_is_seen_through(shape, kind, linear_map):
    generator = np.random.default_rng(0)
    if kind == "diagonal":
        values = generator.uniform(0.5, 2.0, size=24)
        root, L = DiagonalRoot(values), np.diag(values)
    else:
        blocks = generator.normal(size=(8, 3, 3))
        root, L = BlockRoot(blocks), scipy.linalg.block_diag(*blocks)
    J, t = generator.normal(size=shape), generator.normal(size=24)
    system = damped_system(linear_map(J), root)
    B = L.T @ J
    assert_close(system.solve(t, 0.1), stacked(B, t, 0.1), B, 1e-10)
    np.testing.assert_allclose(system.pull(t), B.T @ t, rtol=1e-12, atol=1e-12)
    eigenvalues = np.linalg.eigvalsh(B @ B.T)
    assert system.least_kernel_eigenvalue() == pytest.approx(max(eigenvalues[0], 0.0), abs=1e-10)


def test_the_matrix_given_is_left_alone(linear_map):
    for shape in ((40, 12), (12, 40)):
        B = random_matrix(*shape, 1e9)
        before = B.copy()
        system = damped_system(linear_map(B), IdentityRoot(), np.full(shape[1], 2.0))
        for damping in (1e-12, 1.0):
            system.solve(np.ones(shape[0]), damping)
        np.testing.assert_array_equal(B, before)


def test_beyond_the_guard_the_tall_form_turns_to_qr(monkeypatch):
    asked = []
    original = DampedGram._orthogonal
    monkeypatch.setattr(
        DampedGram,
        "_orthogonal",
        lambda self, damping: asked.append(damping) or original(self, damping),
    )
    system = DampedGram(random_matrix(40, 12, 1e9))
    assert isinstance(system, GramSystem)
    for damping in (1.0, 1e-6, 1e-15, 1e-17):
        system.solve(np.ones(40), damping)
    assert asked == [1e-15, 1e-17]


@pytest.mark.parametrize("condition", [1e2, 1e6, 1e10])
def test_the_range_is_known_in_every_form(condition, known_matrix, linear_map):
    J = known_matrix(condition).J
    n, p = J.shape
    t = np.random.default_rng(2).normal(size=n)
    wanted = np.linalg.norm(known_matrix(condition).U.T @ t)
    assert DampedSpectrum(J).range_norm(t) == pytest.approx(wanted, rel=1e-9 + 1e-16 * condition)
    found = DampedGram(J).range_norm(t)
    assert found == pytest.approx(wanted, rel=1e-9) if condition < 1e7 else 0 < found <= wanted
    wide = np.random.default_rng(3).normal(size=p)
    assert DampedKernel(linear_map(J.T)).range_norm(wide) <= np.linalg.norm(wide) * (1 + 1e-9)
    if condition < 1e7:
        found = DampedKernel(linear_map(J.T)).range_norm(wide)
        assert found == pytest.approx(np.linalg.norm(wide), rel=1e-9)


def test_a_kernel_of_lower_rank_bounds_the_projection(linear_map):
    half = random_matrix(10, 80, 10.0)
    B = np.vstack([half, half])
    t = np.random.default_rng(0).normal(size=20)
    wanted = np.linalg.norm(t[:10] + t[10:]) / np.sqrt(2)
    assert DampedKernel(linear_map(B)).range_norm(t) == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("shape", [(40, 12), (12, 40)])
@pytest.mark.parametrize("decades", [0, 2])
def test_reach_bounds_what_a_relative_change_does(shape, decades, linear_map):
    B = random_matrix(*shape, 1e3)
    scale = np.logspace(-decades / 2, decades / 2, shape[1])
    w = np.random.default_rng(0).normal(size=shape[1])
    wanted = np.linalg.norm(np.abs(B) @ np.abs(w))
    held = DampedKernel(linear_map(B), scale) if shape[1] > shape[0] else DampedGram(B, scale)
    assert DampedSpectrum(B, scale).reach(w) == pytest.approx(wanted)
    assert wanted <= held.reach(w) <= 40 * wanted


def test_the_frame_makes_an_orthonormal_basis():
    B, scale = random_matrix(40, 12, 1e6), np.logspace(-1, 1, 12)
    system = DampedSpectrum(B, scale)
    np.testing.assert_allclose(B @ system.frame, system.basis, atol=1e-9)
    np.testing.assert_allclose(system.basis.T @ system.basis, np.eye(12), atol=1e-13)
