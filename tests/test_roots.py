import numpy as np
import pytest

from riemgn.linalg.roots import BlockRoot, DenseRoot, DiagonalRoot, DirectSumRoot, IdentityRoot


def block_diagonal(*blocks):
    size = sum(len(block) for block in blocks)
    dense, start = np.zeros((size, size)), 0
    for block in blocks:
        stop = start + len(block)
        dense[start:stop, start:stop] = block
        start = stop
    return dense


def cases():
    rng = np.random.default_rng(0)
    values = rng.standard_normal(12)
    blocks = rng.standard_normal((4, 3, 3))
    identity = IdentityRoot(), np.eye(12)
    diagonal = DiagonalRoot(values), np.diag(values)
    block = BlockRoot(blocks), block_diagonal(*blocks)
    yield from (identity, diagonal, block)
    for (first, dense), (second, other) in [
        (block, identity),
        (diagonal, block),
        (identity, diagonal),
        (identity, identity),
    ]:
        yield DirectSumRoot(first, 12, second), block_diagonal(dense, other)


CASES = [pytest.param(root, dense, id=repr(root)) for root, dense in cases()]


@pytest.mark.parametrize("order", ["C", "F", "strided"])
@pytest.mark.parametrize(("root", "dense"), CASES)
def test_products_are_those_of_the_dense_matrix(root, dense, order):
    rng = np.random.default_rng(1)
    n = len(dense)
    matrix = rng.standard_normal((2 * n, 14))[::2, ::2]
    if order != "strided":
        matrix = np.array(matrix, order=order)
    for v in (rng.standard_normal(n), np.arange(n), matrix):
        before = v.copy()
        np.testing.assert_allclose(root.times(v), dense @ v, atol=1e-14)
        np.testing.assert_allclose(root.transposed(v), dense.T @ v, atol=1e-14)
        np.testing.assert_array_equal(v, before)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(("root", "dense"), CASES)
def test_transposed_keeps_the_memory_order_and_fills_a_buffer(root, dense, order):
    v = np.array(np.random.default_rng(2).standard_normal((len(dense), 5)), order=order)
    product = root.transposed(v)
    assert product.flags[f"{order}_CONTIGUOUS"]
    for buffer_order in ("C", "F"):
        buffer = np.full(v.shape, np.nan, order=buffer_order)
        assert root.transposed(v, out=buffer) is buffer
        np.testing.assert_allclose(buffer, dense.T @ v, atol=1e-14)


@pytest.mark.parametrize(("root", "dense"), CASES)
def test_congruence(root, dense):
    J = np.random.default_rng(3).standard_normal((len(dense), 30))
    K = J @ J.T
    before = K.copy()
    congruent = root.congruence(K)
    np.testing.assert_allclose(congruent, dense.T @ K @ dense, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(K, before)
    assert (congruent is K) == root.is_identity


@pytest.mark.parametrize(("root", "dense"), CASES)
def test_only_the_identity_says_so(root, dense):
    assert root.is_identity == np.array_equal(dense, np.eye(len(dense)))


def test_diagonal_congruence_is_exactly_symmetric():
    rng = np.random.default_rng(4)
    J = rng.standard_normal((30, 40))
    K = J @ J.T
    K = np.tril(K) + np.tril(K, -1).T
    congruent = DiagonalRoot(rng.standard_normal(30)).congruence(K)
    np.testing.assert_array_equal(congruent, congruent.T)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: DiagonalRoot(np.ones((2, 2))), r"values must have shape \(n,\), got \(2, 2\)"),
        (lambda: BlockRoot(np.ones((2, 3))), r"\(samples, k, k\), got \(2, 3\)"),
        (lambda: BlockRoot(np.ones((2, 3, 2))), r"\(samples, k, k\), got \(2, 3, 2\)"),
        (lambda: BlockRoot(np.ones((2, 3, 3))).times(np.ones(5)), r"6 rows, got shape \(5,\)"),
        (lambda: BlockRoot(np.ones((2, 3, 3))).transposed(np.ones((3, 6))), r"6 rows"),
        (lambda: DiagonalRoot(np.ones(4)).times(np.ones(1)), r"4 rows, got shape \(1,\)"),
    ],
)
def test_wrong_shapes_raise(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("case", range(7))
def test_solutions_are_those_of_dense_systems(case):
    root, L = list(cases())[case]
    matrix = np.random.default_rng(3).standard_normal((len(L), 2))
    for v in (matrix[:, 0], matrix):
        np.testing.assert_allclose(root.solve(v), np.linalg.solve(L, v), atol=1e-11)
        np.testing.assert_allclose(root.solve_transposed(v), np.linalg.solve(L.T, v), atol=1e-11)


def test_a_dense_root_is_solved():
    A = np.random.default_rng(4).standard_normal((5, 5))
    L = np.linalg.cholesky(A @ A.T + np.eye(5))
    root, v = DenseRoot(L), np.arange(5.0)
    np.testing.assert_allclose(root.solve(v), np.linalg.solve(L, v), atol=1e-12)
    np.testing.assert_allclose(root.solve_transposed(v), np.linalg.solve(L.T, v), atol=1e-12)


def test_a_singular_root_has_no_solution_and_raises_nothing():
    assert not np.isfinite(DiagonalRoot(np.zeros(3)).solve(np.ones(3))).any()
    assert not np.isfinite(BlockRoot(np.zeros((1, 3, 3))).solve_transposed(np.ones(3))).any()
