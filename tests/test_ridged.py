"""A ridge below a wide Jacobian, [J; sqrt(ridge) I], against the stacked rows themselves."""

import numpy as np
import pytest
import scipy.linalg
from linear_cases import assert_close, random_matrix, stacked

import riemgn as rg
from riemgn.linalg.ridged import RidgedFactor, RidgedKernel

DAMPINGS = [1e-14, 1e-10, 1e-6, 1e-2, 1.0, 1e3, 1e6]


@pytest.mark.parametrize("damping", [0.0, *DAMPINGS])
@pytest.mark.parametrize("ridge", [1e-8, 1e-2, 10.0])
def test_a_ridge_is_rows_below_the_matrix(ridge, damping, linear_map):
    B = random_matrix(12, 40, 1e3)
    t = np.random.default_rng(1).normal(size=12 + 40)
    rows = np.vstack([B, np.sqrt(ridge) * np.eye(40)])
    system = RidgedKernel(linear_map(B), ridge)
    assert_close(system.solve(t, damping), stacked(rows, t, damping), rows, 1e-8)
    np.testing.assert_allclose(system.pull(t), rows.T @ t, atol=1e-13)
    assert system.least_kernel_eigenvalue() == 0.0
    assert system.norm(np.ones(40)) == pytest.approx(np.sqrt(40))


@pytest.mark.parametrize("ridge", [1e-10, 1e-4, 1.0, 1e4])
@pytest.mark.parametrize("condition", [10.0, 1e6])
def test_the_factor_is_that_of_the_stacked_rows(ridge, condition, linear_map):
    J = random_matrix(10, 30, condition)
    factor = RidgedFactor(linear_map(J), ridge)
    rows = np.vstack([J, np.sqrt(ridge) * np.eye(30)])
    Q, R = np.linalg.qr(rows)
    generator = np.random.default_rng(1)
    v, q = generator.normal(size=40), generator.normal(size=30)
    assert factor.rank == 30
    for got, wanted in (
        (factor.lift(v), scipy.linalg.solve_triangular(R, Q.T @ v)),
        (factor.transposed_lift(q), Q @ scipy.linalg.solve_triangular(R, q, trans="T")),
        (factor.project(v), Q @ (Q.T @ v)),
        (factor.singular_values(), np.linalg.svd(rows, compute_uv=False)),
    ):
        assert np.linalg.norm(got - wanted) < 1e-8 * np.linalg.norm(wanted)
    several = np.stack([v, -v, 2 * v], axis=1)
    np.testing.assert_allclose(factor.lift(several)[:, 2], 2 * factor.lift(v), rtol=1e-9)
    basis = factor.basis()
    np.testing.assert_allclose(basis @ (basis.T @ v), Q @ (Q.T @ v), atol=1e-9)


def test_a_ridged_network_is_an_embedding_of_dimension_p():
    X = np.random.default_rng(0).normal(size=(12, 3))
    net = rg.Network([3, 10, 1])
    w = net.init(seed=0)
    M = rg.ImmersedManifold(net.immersion(X).ridged(0.1, w))
    x = M.point(w)
    assert isinstance(x.factor, RidgedFactor)
    assert (M.dim, x.rank, x.size) == (net.dim, net.dim, 12 + net.dim)
    v = np.random.default_rng(1).normal(size=x.size)
    J = x.jacobian
    np.testing.assert_allclose(M.lift(x, v), np.linalg.lstsq(J, v, rcond=None)[0], rtol=1e-7)
    a = M.random_tangent_vector(x, seed=0)
    b = M.random_tangent_vector(x, seed=1)
    normal = v - M.projection(x, v)
    left = M.weingarten(x, a, normal) @ b
    assert left == pytest.approx(normal @ M.second_fundamental_form(x, a, b), rel=1e-7)
