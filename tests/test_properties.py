"""Properties of projection, lift and transport at networks of any shape, scale and rank."""

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

import riemgn as rg
from riemgn.linalg import factorise

SEEDS = st.integers(0, 2**32 - 1)
# derandomised, so that a test run says the same twice
SETTINGS = settings(max_examples=60, deadline=None, derandomize=True)


@st.composite
def cases(draw):
    """A manifold of any shape, a point that may be rank-deficient, and a generator."""
    widths = [draw(st.integers(1, 3)), *draw(st.lists(st.integers(1, 5), max_size=2))]
    widths.append(draw(st.integers(1, 3)))
    samples = draw(st.integers(1, 20))
    generator = np.random.default_rng(draw(SEEDS))
    X = generator.normal(size=(samples, widths[0]))
    if draw(st.booleans()):  # inputs that occur twice make rows collinear
        X[samples // 2 :] = X[: samples - samples // 2]
    activation = draw(st.sampled_from(["tanh", "softplus", "sin", "identity"]))
    net = rg.Network(widths, activation=activation).scaled(10.0 ** draw(st.integers(-3, 3)))
    w = net.init(seed=generator)
    for W, b in net.unflatten(w)[:-1]:  # twin and dead neurons make columns collinear or zero
        if draw(st.booleans()):
            W[-1], b[-1] = W[0], b[0]
        if draw(st.booleans()):
            W[0] = b[0] = 0.0
    M = rg.OutputManifold(net, X)
    return M, M.point(w), generator


def near(got, wanted, x, size):
    """Equal up to the rounding that the condition number of the Jacobian allows."""
    condition = x.condition_number if x.rank else 1.0
    assume(condition < 1e9)
    np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-14 * condition * size + 1e-13 * size)


@SETTINGS
@given(cases())
def test_projection_is_orthogonal_of_the_rank_of_the_jacobian(case):
    M, x, generator = case
    v, z = generator.normal(size=(2, x.size))
    P = M.projection(x, v)
    near(M.projection(x, P), P, x, 10)
    near(z @ P, M.projection(x, z) @ v, x, 10 * x.size)
    assert np.linalg.norm(P) <= np.linalg.norm(v) * (1 + 1e-6)
    near(M.projection(x, v + 2 * z), P + 2 * M.projection(x, z), x, 30)
    Q = M.tangent_basis(x)
    assert Q.shape == (x.size, x.rank)
    np.testing.assert_allclose(Q.T @ Q, np.eye(x.rank), atol=1e-12)
    near(Q @ (Q.T @ v), P, x, 10)
    # what the Jacobian makes is tangent
    tangent = x.jacobian @ generator.normal(size=x.params.size)
    near(M.projection(x, tangent), tangent, x, 10 * np.abs(x.jacobian).max(initial=1.0) + 10)


@SETTINGS
@given(cases())
def test_lift_is_the_least_norm_solution(case):
    M, x, generator = case
    v = generator.normal(size=x.size)
    J, xi = x.jacobian, M.lift(x, v)
    near(J @ xi, M.projection(x, v), x, 10)
    near(M.lift(x, M.projection(x, v)), xi, x, 10 * max(np.abs(xi).max(), 1.0))
    # no other parameters push to the same vector with less: xi is in the range of J^T
    null = np.linalg.svd(J)[2][x.rank :]
    near(null @ xi, np.zeros(len(null)), x, 10 * max(np.abs(xi).max(), 1.0))


@SETTINGS
@given(cases())
def test_transport_lands_in_the_tangent_space_and_never_lengthens(case):
    M, x, generator = case
    v = M.random_tangent_vector(x, generator)
    y = M.point(x.params + 0.1 * generator.normal(size=x.params.size))
    moved = M.transport(x, y, v)
    near(M.projection(y, moved), moved, y, 10)
    assert np.linalg.norm(moved) <= np.linalg.norm(v) * (1 + 1e-6)
    near(M.transport(x, x, v), v, x, 10)
    near(M.transport(x, y, -3 * v), -3 * moved, y, 30)


@SETTINGS
@given(cases(), st.floats(1e-8, 1e-4))
def test_a_small_retraction_is_the_point_plus_the_vector(case, length):
    M, x, _ = case
    v = M.random_tangent_vector(x, seed=0)
    xi = M.lift(x, v)
    size = np.linalg.norm(xi)
    assume(x.rank > 0)
    assume(size * length < 1e-3)
    y = M.retraction(x, length * v)
    bend = np.abs(y.outputs - x.outputs - length * v).max()
    curvature = np.abs(x.jet.second_derivative(xi, xi)).max()
    rounding = 1e-13 * max(np.abs(x.outputs).max(), 1.0) * max(x.condition_number, 1.0)
    assert bend <= length**2 * (curvature + 1e-3 * size**2 * M.network.scale) + rounding


@SETTINGS
@given(
    n=st.integers(1, 12),
    p=st.integers(1, 12),
    rank=st.integers(0, 12),
    decades=st.floats(-8, 8),
    seed=SEEDS,
)
@example(n=5, p=5, rank=0, decades=0.0, seed=0)
@example(n=1, p=1, rank=1, decades=8.0, seed=0)
def test_factors_of_any_shape_rank_and_size(linear_map, n, p, rank, decades, seed):
    generator = np.random.default_rng(seed)
    rank = min(rank, n, p)
    J = generator.normal(size=(n, rank)) @ generator.normal(size=(rank, p)) * 10.0**decades
    sigma = np.linalg.svd(J, compute_uv=False)
    assume(rank == 0 or sigma[rank - 1] > 1e-7 * sigma[0])
    factor = factorise(linear_map(J))
    assert factor.rank == rank
    inverse = np.linalg.pinv(J, rcond=1e-10)
    v, q = generator.normal(size=n), generator.normal(size=p)
    for got, wanted in (
        (factor.project(v), J @ (inverse @ v)),
        (factor.lift(v), inverse @ v),
        (factor.transposed_lift(q), inverse.T @ q),
    ):
        assert got == pytest.approx(wanted, rel=1e-6, abs=1e-6 * max(np.abs(wanted).max(), 1e-30))
