"""An immersed manifold to first order, at points of any rank, and what it refuses."""

import autograd.numpy as anp
import numpy as np
import pytest
import scipy.linalg
from manifold_cases import a_normal, network_manifold, sphere, tangents
from pymanopt.manifolds.manifold import RiemannianSubmanifold

import riemgn as rg


def test_it_is_a_pymanopt_submanifold():
    M, x = network_manifold()
    assert isinstance(M, RiemannianSubmanifold)
    assert M.dim == x.params.size == 16
    assert "16-dimensional submanifold of R^40" in str(M)
    assert M.typical_dist == 4.0


def test_projection_and_lift_are_those_of_qr():
    M, x = network_manifold()
    v = np.random.default_rng(1).normal(size=x.size)
    J = M.immersion.jacobian(x.params)
    Q, R = scipy.linalg.qr(J, mode="economic")
    P = M.projection(x, v)
    np.testing.assert_allclose(P, Q @ (Q.T @ v), atol=1e-11)
    np.testing.assert_allclose(M.projection(x, P), P, atol=1e-11)
    np.testing.assert_allclose(M.lift(x, v), scipy.linalg.solve_triangular(R, Q.T @ v), rtol=1e-7)
    np.testing.assert_allclose(J @ M.lift(x, P), P, atol=1e-11)
    basis = M.tangent_basis(x)
    np.testing.assert_allclose(basis @ basis.T, Q @ Q.T, atol=1e-11)
    np.testing.assert_array_equal(M.to_tangent_space(x, v), P)
    np.testing.assert_allclose(M.projection(x, np.column_stack([v, 2 * v]))[:, 1], 2 * P)


def test_the_metric_is_that_of_the_ambient_space():
    M, x = network_manifold()
    a, b = tangents(M, x)
    assert M.inner_product(x, a, b) == pytest.approx(a @ b)
    assert M.norm(x, a) == pytest.approx(1.0)
    np.testing.assert_array_equal(M.zero_vector(x), np.zeros(40))


def test_transport_is_projection_at_the_new_point():
    M, x = network_manifold()
    a, b = tangents(M, x)
    y = M.retraction(x, 0.5 * b)
    moved = M.transport(x, y, a)
    np.testing.assert_allclose(M.projection(y, moved), moved, atol=1e-11)
    assert np.linalg.norm(moved) <= 1 + 1e-12
    np.testing.assert_allclose(M.transport(x, y, a - 2 * b), moved - 2 * M.transport(x, y, b))
    np.testing.assert_allclose(M.transport(x, x, a), a, atol=1e-12)


# Rank-deficient points and p >= n


def test_twin_neurons_are_reported_and_share_the_lift():
    generator = np.random.default_rng(0)
    net = rg.Network([3, 6, 1])
    M = rg.OutputManifold(net, generator.normal(size=(60, 3)))
    x = M.point(net.init(seed=0, scheme="symmetric"))
    np.testing.assert_allclose(x.outputs, 0.0, atol=1e-15)
    J = x.jacobian
    assert x.rank == np.linalg.matrix_rank(J) == 16  # 3 neurons of 5 weights, and the bias
    assert x.condition_number < 1e6
    v = generator.normal(size=60)
    xi = M.lift(x, v)
    np.testing.assert_allclose(xi, np.linalg.pinv(J, rcond=1e-12) @ v, rtol=1e-9, atol=1e-11)
    (W_in, b_in), (W_out, _) = net.unflatten(xi)
    # columns of twins are equal or opposite: the least norm shares the step between them
    np.testing.assert_allclose(W_out[0, 3:], W_out[0, :3], atol=1e-11)
    np.testing.assert_allclose(W_in[3:], -W_in[:3], atol=1e-10)
    np.testing.assert_allclose(b_in[3:], -b_in[:3], atol=1e-10)
    P = M.projection(x, v)
    np.testing.assert_allclose(J @ xi, P, atol=1e-11)
    assert M.tangent_basis(x).shape == (60, 16)
    # steps that opposite twins share bend nothing: their second derivatives cancel
    a, b = tangents(M, x)
    np.testing.assert_allclose(M.second_fundamental_form(x, a, b), np.zeros(60), atol=1e-9)


def test_a_duplicated_neuron_leaves_the_identities_intact():
    generator = np.random.default_rng(0)
    net = rg.Network([3, 4, 1])
    M = rg.OutputManifold(net, generator.normal(size=(60, 3)))
    w = net.init(seed=0)
    (W_in, b_in), (W_out, _) = net.unflatten(w)
    W_in[1], b_in[1], W_out[0, 1] = W_in[0], b_in[0], W_out[0, 0]
    x = M.point(w)
    assert x.rank == net.dim - 5
    a, b = tangents(M, x)
    N = a_normal(M, x)
    (W_in, b_in), (W_out, _) = net.unflatten(M.lift(x, a))
    for of_twins in (W_in[:2], b_in[:2], W_out[0, :2]):
        np.testing.assert_allclose(of_twins[1], of_twins[0], rtol=1e-7)
    W = M.weingarten(x, a, N)
    assert W @ b == pytest.approx(N @ M.second_fundamental_form(x, a, b), rel=1e-7)
    assert W @ b == pytest.approx(a @ M.weingarten(x, b, N), rel=1e-7)
    assert abs(W @ b) > 1e-3
    np.testing.assert_allclose(M.projection(x, W), W, rtol=1e-7)
    assert M.retraction(x, 0.1 * a).is_finite


@pytest.mark.parametrize("widths", [(2, 5, 1), (2, 20, 1)])
def test_as_many_parameters_as_outputs_make_an_open_set(widths):
    net = rg.Network(widths)
    samples = 21 if widths[1] == 5 else 12
    M, x = network_manifold(widths, samples)
    assert net.dim >= samples
    assert M.dim == samples == x.rank
    assert "open subset of R^" in str(M)
    v, z = np.random.default_rng(1).normal(size=(2, samples))
    np.testing.assert_allclose(M.projection(x, v), v, atol=1e-6)
    np.testing.assert_array_equal(M.weingarten(x, v, z), np.zeros(samples))
    bend = x.jet.second_derivative(M.lift(x, v), M.lift(x, z))
    atol = 1e-8 * np.abs(bend).max()
    np.testing.assert_allclose(M.second_fundamental_form(x, v, z), np.zeros(samples), atol=atol)
    np.testing.assert_allclose(x.jacobian @ M.lift(x, v), v, atol=1e-6)
    wanted = np.linalg.lstsq(x.jacobian, v, rcond=None)[0]
    np.testing.assert_allclose(M.lift(x, v), wanted, atol=1e-6 * np.abs(wanted).max())


def test_a_wide_rank_deficient_point_projects():
    X = np.random.default_rng(0).normal(size=(10, 2))
    net = rg.Network([2, 20, 1])
    M = rg.OutputManifold(net, np.vstack([X, X]))
    x = M.point(net.init(seed=0))
    assert x.rank < 20
    v = np.random.default_rng(1).normal(size=20)
    np.testing.assert_allclose(M.projection(x, v), np.tile(v[:10] + v[10:], 2) / 2, atol=1e-6)


def test_a_constant_map_has_no_tangent_vectors():
    M = rg.ImmersedManifold(rg.autograd_immersion(lambda w: anp.ones(3) + 0.0 * w[0], dim=2))
    x = M.point([1.0, 2.0])
    assert x.rank == 0
    np.testing.assert_array_equal(M.projection(x, np.ones(3)), np.zeros(3))
    np.testing.assert_array_equal(M.random_tangent_vector(x, seed=0), np.zeros(3))
    assert M.tangent_basis(x).shape == (3, 0)
    assert M.retraction(x, np.ones(3)) is x
    assert x.condition_number == np.inf


# Random points and vectors


def test_seeds_reproduce_and_the_global_state_is_left_alone():
    M, x = network_manifold()
    np.random.seed(0)  # noqa: NPY002
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    for draw in (
        lambda seed: M.random_point(seed).params,
        lambda seed: M.random_tangent_vector(x, seed),
    ):
        np.testing.assert_array_equal(draw(3), draw(3))
        np.testing.assert_array_equal(draw(3), draw(np.random.default_rng(3)))
        assert not np.array_equal(draw(3), draw(4))
        assert not np.array_equal(draw(None), draw(None))
        generator = np.random.default_rng(3)
        assert not np.array_equal(draw(generator), draw(generator))
        for bad, error in ((-1, ValueError), (1.5, TypeError), ("a", TypeError)):
            with pytest.raises(error, match="seed"):
                draw(bad)
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002


def test_random_tangent_vectors_are_tangent_of_norm_one():
    for M, x in (network_manifold(), network_manifold((3, 30, 1), 20), sphere()):
        v = M.random_tangent_vector(x, seed=0)
        assert np.linalg.norm(v) == pytest.approx(1)
        np.testing.assert_allclose(M.projection(x, v), v, atol=1e-10)


def test_random_points_of_a_network_are_its_initialisation():
    M, _ = network_manifold()
    np.testing.assert_array_equal(M.random_point(7).params, M.network.init(seed=7))


# Bad arguments and values that are not finite


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda v: v[:-1], ValueError),
        (lambda v: np.append(v, 0.0), ValueError),
        (lambda v: 1.0, ValueError),
        (lambda v: v + 0j, TypeError),
        (lambda v: v.astype(str), TypeError),
        (lambda v: np.where(np.arange(v.size) == 1, np.nan, v), rg.NumericalError),
        (lambda v: np.where(np.arange(v.size) == 1, np.inf, v), rg.NumericalError),
    ],
)
def test_bad_vectors_are_refused_by_name(spoil, error, wide):
    M, x = network_manifold((3, 30, 1), 20) if wide else network_manifold()
    v = np.ones(x.size)
    calls = [
        ("vector", lambda: M.projection(x, spoil(v))),
        ("vector", lambda: M.transport(x, x, spoil(v))),
        ("tangent_vector", lambda: M.lift(x, spoil(v))),
        ("tangent_vector", lambda: M.retraction(x, spoil(v))),
        ("tangent_vector", lambda: M.weingarten(x, spoil(v), v)),
        ("normal_vector", lambda: M.weingarten(x, v, spoil(v))),
        ("tangent", lambda: M.second_fundamental_form(x, spoil(v), v)),
        ("tangent", lambda: M.second_fundamental_form(x, v, spoil(v))),
    ]
    for name, call in calls:
        with pytest.raises(error, match=name):
            call()


def test_bad_parameter_vectors_are_refused_by_name():
    M, x = network_manifold()
    xi = np.ones(16)
    for bad, error in ((xi[1:], ValueError), (xi * 1j, TypeError), (xi * np.nan, ValueError)):
        with pytest.raises(error, match="xi"):
            M.christoffel(x, bad, xi)
        with pytest.raises(error, match="eta"):
            M.christoffel(x, xi, bad)


@pytest.mark.parametrize(
    ("w", "error"),
    [
        (np.ones(15), ValueError),
        (np.ones((4, 4)), ValueError),
        (np.full(16, np.nan), ValueError),
        (np.ones(16) * 1j, TypeError),
        (None, TypeError),
        ("weights", TypeError),
        ([[1.0], [1.0, 2.0]], ValueError),
    ],
)
def test_bad_parameters_are_refused(w, error):
    M, _ = network_manifold()
    with pytest.raises(error, match="params"):
        M.point(w)


def logarithm_manifold():
    return rg.ImmersedManifold(rg.autograd_immersion(lambda w: anp.log(w), dim=2))


def test_a_point_outside_the_domain_is_refused_and_named():
    with pytest.raises(rg.NumericalError, match=r"NaN or infinity at \|w\| = 1.41"):
        logarithm_manifold().point([-1.0, 1.0])
    linear = rg.OutputManifold(rg.Network([3, 3, 1], "identity"), np.ones((4, 3)))
    with pytest.raises(rg.NumericalError, match=r"infinity at \|w\|"):
        linear.point(np.full(16, 1e300))


def test_a_step_out_of_the_domain_gives_a_point_of_infinite_cost():
    M = logarithm_manifold()
    x = M.point([1.0, 1.0])
    for v in (
        np.array([-3.0, 0.0]),
        np.array([-1.0, 0.0]),
    ):  # log(-2) is NaN, log(0) minus infinity
        y = M.retraction(x, v)
        assert not y.is_finite
        problem = rg.Problem(M, rg.SquaredLoss(np.zeros(2)))
        assert problem.cost(y) == np.inf
    assert x.is_finite


def test_a_point_that_is_only_evaluated_is_not_factorised(monkeypatch):
    M, x = network_manifold()
    problem = rg.Problem(M, rg.SquaredLoss(np.zeros(40)))
    y = M.retraction(x, 0.1 * M.random_tangent_vector(x, seed=0))
    assert np.isfinite(problem.cost(y))
    assert M.chord_dist(x, y) > 0
    assert not {"factor", "condition_number"} & y.__dict__.keys()
    assert "_jacobian" not in y.jet.__dict__
    assert x.factor is x.factor


def test_the_callers_arrays_are_left_alone():
    M, x = network_manifold()
    v = np.random.default_rng(0).normal(size=40)
    w = x.params.copy()
    before = v.copy()
    M.point(w)
    M.projection(x, v)
    M.lift(x, v)
    M.retraction(x, v)
    M.weingarten(x, v, v)
    np.testing.assert_array_equal(v, before)
    assert w.flags.writeable
    assert v.flags.writeable


def test_points_of_other_manifolds_are_refused_and_those_of_equal_ones_are_not():
    M, x = network_manifold()
    v, z = tangents(M, x)
    _, y = network_manifold(seed=1)
    for call in (M.projection, M.lift, M.retraction, M.exp):
        with pytest.raises(ValueError, match="point must be a point of this manifold"):
            call(y, v)
    for call in (M.log, M.dist):
        with pytest.raises(ValueError, match="point must be a point of this manifold"):
            call(x, y)
    with pytest.raises(TypeError, match="point must be a point"):
        M.transport(None, x, v)
    again, _ = network_manifold()
    np.testing.assert_array_equal(again.projection(x, z), M.projection(x, z))
    assert again.dist(x, x) == 0


def test_zero_output_weights_leave_an_exactly_flat_network():
    M, x = network_manifold()
    w = x.params.copy()
    w[12:15] = 0
    flat = M.point(w)
    assert flat.rank == 4
    assert M.rms_curvatures(flat) == (0.0, 0.0)
    assert M.scalar_curvature(flat) == 0
    assert M.largest_normal_curvature(flat).value == 0
