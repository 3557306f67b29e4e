"""Factors of a Jacobian, each path: against numpy's SVD and against exactly known matrices."""

import numpy as np
import pytest

import riemgn as rg
from riemgn.linalg import factorise, rank_tolerance
from riemgn.linalg.cholesky import EquilibratedCholesky, GramFactor, KernelFactor
from riemgn.linalg.orthogonal import (
    TriangularFactor,
    TruncatedFactor,
    WideFactor,
    orthogonal_factor,
)
from riemgn.linalg.streamed import SeminormalFactor

# the error of J d in units of |v|, by condition number, with room for other BLAS libraries
LIMITS = {1e2: 1e-14, 1e6: 3e-11, 1e10: 3e-7}


def matrix(n, p, rank=None, condition=10.0, seed=0):
    """A random matrix of given rank and condition number on it."""
    generator = np.random.default_rng(seed)
    rank = min(n, p) if rank is None else rank
    U = np.linalg.qr(generator.normal(size=(n, rank)))[0]
    V = np.linalg.qr(generator.normal(size=(p, rank)))[0]
    return (U * np.logspace(0, -np.log10(condition), rank)) @ V.T


# each: a matrix, the path that it must take, its rank
CASES = {
    "tall": (matrix(30, 8), GramFactor, 8),
    "tall, ill conditioned": (matrix(30, 8, condition=1e9), TriangularFactor, 8),
    "tall, rank deficient": (matrix(30, 8, rank=5), TruncatedFactor, 5),
    "square": (matrix(9, 9), GramFactor, 9),
    "square, ill conditioned": (matrix(9, 9, condition=1e9), TriangularFactor, 9),
    "square, rank deficient": (matrix(9, 9, rank=4), TruncatedFactor, 4),
    "wide": (matrix(8, 30), KernelFactor, 8),
    "wide, ill conditioned": (matrix(8, 30, condition=1e9), WideFactor, 8),
    "wide, rank deficient": (matrix(8, 30, rank=5), WideFactor, 5),
    "one row": (matrix(1, 6), KernelFactor, 1),
    "one column": (matrix(6, 1), GramFactor, 1),
    "one entry": (np.array([[-3.0]]), GramFactor, 1),
    "twin columns": (matrix(12, 5)[:, [0, 1, 2, 3, 4, 1, 1]], TruncatedFactor, 5),
    "zero columns": (np.hstack([matrix(12, 4), np.zeros((12, 2))]), TruncatedFactor, 4),
    "twin rows": (matrix(5, 12)[[0, 1, 2, 3, 4, 1]], WideFactor, 5),
    "zero rows in a wide one": (np.vstack([matrix(4, 12), np.zeros((2, 12))]), WideFactor, 4),
    "zero": (np.zeros((6, 3)), TruncatedFactor, 0),
    "zero and wide": (np.zeros((3, 6)), WideFactor, 0),
    "zero and square": (np.zeros((4, 4)), TruncatedFactor, 0),
}
EVERY = pytest.mark.parametrize("name", CASES)


def pseudo_inverse(J):
    """J^+ from numpy's singular values, cut where theory.md, section 6 cuts."""
    return np.linalg.pinv(J, rcond=rank_tolerance(*J.shape))


@EVERY
def test_path_rank_and_condition_number(name, linear_map):
    J, path, rank = CASES[name]
    factor = factorise(linear_map(J))
    assert type(factor) is path
    assert factor.rank == rank
    sigma = np.linalg.svd(J, compute_uv=False)
    atol = 1e-15 * max(sigma[0], 1.0) * max(J.shape)
    np.testing.assert_allclose(factor.singular_values(), sigma, rtol=1e-6, atol=atol)
    if rank:
        assert factor.condition_number == pytest.approx(sigma[0] / sigma[rank - 1], rel=1e-6)
    else:
        assert factor.condition_number == np.inf


@EVERY
def test_products_are_those_of_the_pseudo_inverse(name, linear_map):
    J, _, _ = CASES[name]
    n, p = J.shape
    factor, inverse = factorise(linear_map(J)), pseudo_inverse(J)
    generator = np.random.default_rng(1)
    v, q = generator.normal(size=n), generator.normal(size=p)
    size = np.abs(inverse).max(initial=1.0)
    condition = min(factor.condition_number, 1e9)
    atol = 1e-14 * max(condition, 10.0)
    np.testing.assert_allclose(factor.project(v), J @ (inverse @ v), atol=atol)
    np.testing.assert_allclose(factor.lift(v), inverse @ v, atol=size * atol)
    np.testing.assert_allclose(factor.transposed_lift(q), inverse.T @ q, atol=size * atol)


@EVERY
def test_the_projection_is_orthogonal(name, linear_map):
    J, _, rank = CASES[name]
    factor = factorise(linear_map(J))
    V = np.random.default_rng(2).normal(size=(J.shape[0], 3))
    P = factor.project(V)
    atol = 1e-14 * max(min(factor.condition_number, 1e9), 10.0)
    np.testing.assert_allclose(factor.project(P), P, atol=atol)
    np.testing.assert_allclose(V.T @ P, P.T @ V, atol=10 * atol)
    Q = factor.basis()
    assert Q.shape == (J.shape[0], rank)
    np.testing.assert_allclose(Q.T @ Q, np.eye(rank), atol=1e-14)
    np.testing.assert_allclose(Q @ (Q.T @ V), P, atol=atol)


@EVERY
def test_a_matrix_is_taken_column_by_column_and_left_alone(name, linear_map):
    J, _, _ = CASES[name]
    n, p = J.shape
    factor = factorise(linear_map(J))
    generator = np.random.default_rng(3)
    V, Q = generator.normal(size=(n, 4)), generator.normal(size=(p, 4))
    before = V.copy(), Q.copy()
    for method, columns in (
        (factor.project, V),
        (factor.lift, V),
        (factor.transposed_lift, Q),
    ):
        one_by_one = np.stack([method(column) for column in columns.T], axis=1)
        size = max(np.abs(one_by_one).max(), 1.0)
        np.testing.assert_allclose(method(columns), one_by_one, atol=1e-7 * size)
        assert method(columns[:, 0]).ndim == 1
        assert method(columns[:, :1]).shape == one_by_one[:, :1].shape
        assert not np.shares_memory(method(columns), columns)
    np.testing.assert_array_equal(V, before[0])
    np.testing.assert_array_equal(Q, before[1])


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("condition", LIMITS)
def test_accuracy_of_the_step_in_output_space(condition, seed, known_matrix, linear_map):
    known = known_matrix(condition, seed=seed)
    v = np.random.default_rng(9).normal(size=known.J.shape[0])
    limit = LIMITS[condition] * np.linalg.norm(v)
    factor = factorise(linear_map(known.J))
    assert type(factor) is (GramFactor if condition < 1e7 else TriangularFactor)
    assert factor.condition_number == pytest.approx(known.s[0] / known.s[-1], rel=1e-5)
    assert np.linalg.norm(factor.project(v) - known.project(v)) < limit
    assert np.linalg.norm(known.J @ factor.lift(v) - known.project(v)) < limit
    if condition > 1e2:  # the limits are out of reach of the normal equations
        normal = np.linalg.solve(known.J.T @ known.J, known.J.T @ v)
        assert np.linalg.norm(known.J @ normal - known.project(v)) > 1e3 * limit


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("condition", LIMITS)
def test_accuracy_of_lifts_in_both_directions(condition, seed, known_matrix, linear_map):
    known = known_matrix(condition, seed=seed)
    generator = np.random.default_rng(8)
    v = known.project(generator.normal(size=known.J.shape[0]))
    q = generator.normal(size=known.J.shape[1])
    tall, wide = factorise(linear_map(known.J)), factorise(linear_map(known.J.T))
    assert type(wide) is (KernelFactor if condition < 1e7 else WideFactor)
    limit = 10 * LIMITS[condition]
    for got, wanted in (
        (tall.lift(v), known.lift(v)),
        (tall.transposed_lift(q), known.transposed_lift(q)),
        (wide.lift(q), known.transposed_lift(q)),
        (wide.transposed_lift(v), known.lift(v)),
    ):
        assert np.linalg.norm(got - wanted) < limit * np.linalg.norm(wanted)
    # what the wide one lifts, it pushes back
    assert np.linalg.norm(known.J.T @ wide.lift(q) - q) < LIMITS[condition] * np.linalg.norm(q)


@pytest.mark.parametrize("condition", LIMITS)
def test_row_blocks_serve_as_well(condition, known_matrix, streamed_map):
    known = known_matrix(condition)
    generator = np.random.default_rng(9)
    v, q = generator.normal(size=known.J.shape[0]), generator.normal(size=known.J.shape[1])
    factor = factorise(streamed_map(known.J))
    assert type(factor) is (GramFactor if condition < 1e7 else SeminormalFactor)
    assert factor.rank == 16
    limit = LIMITS[condition]
    for got in (factor.project(v), known.J @ factor.lift(v)):
        assert np.linalg.norm(got - known.project(v)) < limit * np.linalg.norm(v)
    wanted = known.transposed_lift(q)
    error = np.linalg.norm(factor.transposed_lift(q) - wanted)
    assert error < 10 * limit * np.linalg.norm(wanted)
    basis = factor.basis()
    np.testing.assert_allclose(basis.T @ basis, np.eye(16), atol=1e-14)


@pytest.mark.parametrize("condition", LIMITS)
def test_orthogonal_transformations_alone_serve_every_condition(condition, known_matrix):
    known = known_matrix(condition)
    v = np.random.default_rng(9).normal(size=known.J.shape[0])
    limit = LIMITS[condition] * np.linalg.norm(v)
    assert np.linalg.norm(orthogonal_factor(known.J).project(v) - known.project(v)) < limit


@pytest.mark.parametrize("shape", [(40, 6), (6, 40), (10, 10)])
@pytest.mark.parametrize("share", [0.0, 1e-3, 0.1, 10.0, 1e3])
def test_rank_is_decided_at_the_tolerance(shape, share, linear_map):
    # the least singular value is `share` times the tolerance
    n, p = shape
    k = min(shape)
    U = np.linalg.qr(np.random.default_rng(0).normal(size=(n, k)))[0]
    V = np.linalg.qr(np.random.default_rng(1).normal(size=(p, k)))[0]
    sigma = np.linspace(1.0, 0.5, k)
    sigma[-1] = share * rank_tolerance(n, p)
    J = (U * sigma) @ V.T
    factor = factorise(linear_map(J))
    assert factor.rank == (k if share > 1 else k - 1)
    v = np.random.default_rng(2).normal(size=n)
    xi = factor.lift(v)
    if share < 1:  # nothing of the cut direction gets into the step
        assert np.linalg.norm(xi) <= 2.1 * np.linalg.norm(v)
        kept = U[:, :-1] if n >= p or factor.rank < n else U
        np.testing.assert_allclose(factor.project(v), kept @ (kept.T @ v), atol=1e-13)
    else:
        assert np.linalg.norm(xi) > 0.5 * abs(U[:, -1] @ v) / sigma[-1]


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("decades", [3, 5])
def test_badly_scaled_columns_change_nothing(decades, seed, linear_map):
    # two columns of comparable directions, their units 6 or 10 decades apart
    generator = np.random.default_rng(seed)
    J = generator.normal(size=(50, 8))
    D = 10.0 ** generator.permutation(np.linspace(-decades, decades, 8))
    v = generator.normal(size=50)
    factor = factorise(linear_map(J * D))
    assert factor.rank == 8
    np.testing.assert_allclose(factor.project(v), factorise(linear_map(J)).project(v), atol=1e-12)
    np.testing.assert_allclose(factor.lift(v) * D, np.linalg.lstsq(J, v, rcond=None)[0], atol=1e-12)


def test_columns_beyond_the_tolerance_count_as_zero(linear_map):
    # 1e-12 to 1e12: the small ones are below max(n, p) eps times the largest singular value
    generator = np.random.default_rng(0)
    J = generator.normal(size=(50, 9)) * np.logspace(-12, 12, 9)
    v = generator.normal(size=50)
    factor = factorise(linear_map(J))
    sigma = np.linalg.svd(J, compute_uv=False)
    assert factor.rank == np.count_nonzero(sigma > rank_tolerance(50, 9) * sigma[0]) < 9
    inverse = pseudo_inverse(J)
    assert np.linalg.norm(factor.lift(v)) <= np.linalg.norm(inverse @ v) * (1 + 1e-3)
    np.testing.assert_allclose(factor.project(v), J @ (inverse @ v), atol=1e-7)


@pytest.mark.parametrize("size", [1e-300, 1e-160, 1e160, 1e300])
@pytest.mark.parametrize("shape", [(20, 5), (5, 20)])
def test_squares_may_over_or_underflow(size, shape, linear_map):
    J = matrix(*shape)
    factor = factorise(linear_map(size * J))
    assert factor.rank == 5
    v = np.random.default_rng(0).normal(size=shape[0])
    np.testing.assert_allclose(factor.project(v), factorise(linear_map(J)).project(v), atol=1e-12)
    assert factor.condition_number == pytest.approx(10.0)
    scaled = factor.lift(v * size)
    np.testing.assert_allclose(scaled, pseudo_inverse(J) @ v, rtol=1e-10)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("shape", [(8, 3), (3, 8), (4, 4)])
def test_a_jacobian_that_is_not_finite_is_named(shape, bad, linear_map):
    J = matrix(*shape)
    J[1, 2] = bad
    message = f"Jacobian \\({shape[0]} x {shape[1]}\\) holds NaN or infinity"
    with pytest.raises(rg.NumericalError, match=message):
        factorise(linear_map(J))


def test_the_guard_decides_by_the_equilibrated_condition_number():
    G = matrix(20, 5).T @ matrix(20, 5)
    D = np.logspace(-6, 6, 5)
    plain, scaled = EquilibratedCholesky.of(G), EquilibratedCholesky.of(G * np.outer(D, D))
    assert scaled.reciprocal_condition == pytest.approx(plain.reciprocal_condition, rel=1e-6)
    b = np.random.default_rng(0).normal(size=(5, 2))
    np.testing.assert_allclose(G @ plain.solve(b), b, atol=1e-12)
    np.testing.assert_allclose(plain.solve(b[:, 0]), plain.solve(b)[:, 0], atol=1e-12)


@pytest.mark.parametrize(
    "G",
    [
        np.array([[1.0, 2.0], [2.0, 1.0]]),
        np.array([[1.0, 0.0], [0.0, 0.0]]),
        np.array([[1.0, 0.0], [0.0, -1.0]]),
        np.array([[np.nan, 0.0], [0.0, 1.0]]),
        np.array([[np.inf, 0.0], [0.0, 1.0]]),
    ],
)
def test_what_is_not_positive_definite_has_no_cholesky_factor(G):
    before = G.copy()
    assert EquilibratedCholesky.of(G) is None
    np.testing.assert_array_equal(G, before)
