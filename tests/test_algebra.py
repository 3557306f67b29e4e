"""Scaled, centred, reparametrised and ridged immersions against the functions that they compose."""

import autograd.numpy as anp
import numpy as np
import pytest

import riemgn as rg
from riemgn.linalg import IdentityRoot
from riemgn.linalg.ridged import RidgedKernel
from riemgn.linalg.roots import DiagonalRoot, DirectSumRoot

N, P = 7, 4
GENERATOR = np.random.default_rng(3)
MIX = GENERATOR.normal(size=(N, P))
W0 = GENERATOR.normal(size=P)
TALL, WIDE, SQUARE = (GENERATOR.normal(size=(P, q)) for q in (2, 6, P))


def curve(w):
    return anp.sin(anp.dot(MIX, w)) + 0.1 * anp.dot(MIX, w**2)


def plain():
    return rg.autograd_immersion(curve, dim=P)


# each: the immersion, and the same map written out for autograd
CASES = {
    "scaled": (lambda f: f.scaled(2.5), lambda w: 2.5 * curve(w), P),
    "centred": (lambda f: f.centred(W0), lambda w: curve(w) - curve(W0), P),
    "scaled of centred": (
        lambda f: f.centred(W0).scaled(3.0),
        lambda w: 3.0 * (curve(w) - curve(W0)),
        P,
    ),
    "centred of scaled": (
        lambda f: f.scaled(3.0).centred(W0),
        lambda w: 3.0 * curve(w) - 3.0 * curve(W0),
        P,
    ),
    "reparametrised": (lambda f: f.reparametrised(SQUARE), lambda z: curve(anp.dot(SQUARE, z)), P),
    "fewer parameters": (lambda f: f.reparametrised(TALL), lambda z: curve(anp.dot(TALL, z)), 2),
    "more parameters": (lambda f: f.reparametrised(WIDE), lambda z: curve(anp.dot(WIDE, z)), 6),
    "ridged": (
        lambda f: f.ridged(0.3, W0),
        lambda w: anp.concatenate([curve(w), anp.sqrt(0.3) * (w - W0)]),
        P,
    ),
    "all of them": (
        lambda f: f.scaled(2.0).reparametrised(SQUARE).ridged(0.3, W0).centred(W0),
        lambda z: anp.concatenate(
            [
                2.0 * curve(anp.dot(SQUARE, z)) - 2.0 * curve(anp.dot(SQUARE, W0)),
                anp.sqrt(0.3) * (z - W0),
            ]
        ),
        P,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_every_derivative_is_that_of_the_composed_function(name):
    make, composed, p = CASES[name]
    f, wanted = make(plain()), rg.autograd_immersion(composed, dim=p)
    generator = np.random.default_rng(0)
    w, xi, eta = generator.normal(size=(3, p))
    v = generator.normal(size=wanted.ambient_dim)
    close = {"rtol": 1e-11, "atol": 1e-11}
    assert (f.dim, f.ambient_dim) == (p, wanted.ambient_dim)
    np.testing.assert_allclose(f(w), wanted(w), **close)
    np.testing.assert_allclose(f.jacobian(w), wanted.jacobian(w), **close)
    np.testing.assert_allclose(f.jvp(w, xi), wanted.jvp(w, xi), **close)
    np.testing.assert_allclose(f.vjp(w, v), wanted.vjp(w, v), **close)
    np.testing.assert_allclose(
        f.second_derivative(w, xi, eta), wanted.second_derivative(w, xi, eta), **close
    )
    np.testing.assert_allclose(f.hessian_vp(w, v, xi), wanted.hessian_vp(w, v, xi), **close)
    np.testing.assert_allclose(f.tangent_kernel(w), wanted.tangent_kernel(w), **close)


@pytest.mark.parametrize("name", CASES)
def test_the_jet_that_factorisations_see_is_consistent(name):
    make, _, p = CASES[name]
    w = np.random.default_rng(0).normal(size=p)
    jet = make(plain()).at(w)
    J = np.array(jet.jacobian())
    assert jet.jacobian().flags.f_contiguous
    np.testing.assert_allclose(jet.gram(), J.T @ J, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(jet.kernel(), J @ J.T, rtol=1e-12, atol=1e-12)
    blocks = list(jet.row_blocks())
    np.testing.assert_allclose(np.concatenate([block for _, block in blocks]), J, atol=1e-13)
    ends = [(rows.start, rows.stop) for rows, _ in blocks]
    assert ends[0][0] == 0
    assert ends[-1][1] == jet.shape[0]
    np.testing.assert_array_equal(jet.jacobian(), J)


def test_a_network_stays_one_under_scale_and_centre():
    net = rg.Network([2, 3, 1])
    X = np.random.default_rng(0).normal(size=(5, 2))
    w, w0 = net.init(seed=0), net.init(seed=1)
    f = net.immersion(X)
    both = f.scaled(4.0).centred(w0)
    assert isinstance(both, type(f))
    np.testing.assert_allclose(both(w), 4.0 * (f(w) - f(w0)), rtol=1e-12)
    np.testing.assert_array_equal(both.network.predict(w, X), both(w))


def test_reparametrising_by_an_invertible_matrix_keeps_the_manifold():
    f = plain()
    g = f.reparametrised(SQUARE)
    z = np.linalg.solve(SQUARE, W0)
    M, N_ = rg.ImmersedManifold(f), rg.ImmersedManifold(g)
    x, y = M.point(W0), N_.point(z)
    v = np.random.default_rng(1).normal(size=N)
    np.testing.assert_allclose(y.outputs, x.outputs, atol=1e-13)
    np.testing.assert_allclose(N_.projection(y, v), M.projection(x, v), atol=1e-12)
    np.testing.assert_allclose(SQUARE @ N_.lift(y, v), M.lift(x, v), rtol=1e-9)


def test_a_singular_reparametrisation_lowers_the_rank():
    A = SQUARE.copy()
    A[:, 0] = A[:, 1]
    M = rg.ImmersedManifold(plain().reparametrised(A))
    assert M.point(np.ones(P)).rank == P - 1


@pytest.mark.parametrize("root", [None, IdentityRoot(), "diagonal"])
def test_the_ridge_of_a_wide_map_is_a_shift_of_its_kernel(root):
    wide = plain().reparametrised(np.random.default_rng(0).normal(size=(P, 12)))
    w = np.random.default_rng(1).normal(size=12)
    jet = wide.ridged(0.3, np.zeros(12)).at(w)
    values = np.full(N, 1.0)
    if root == "diagonal":
        values = np.linspace(0.5, 2.0, N)
        root = DirectSumRoot(DiagonalRoot(values), N, IdentityRoot())
    system = jet.damped_system(root)
    assert isinstance(system, RidgedKernel)
    t = np.random.default_rng(2).normal(size=N + 12)
    B = np.vstack([values[:, None] * wide.jacobian(w), np.sqrt(0.3) * np.eye(12)])
    for damping in (0.0, 1e-6, 1.0):
        rows = np.vstack([B, np.sqrt(damping) * np.eye(12)])
        wanted = np.linalg.lstsq(rows, np.concatenate([t, np.zeros(12)]), rcond=None)[0]
        np.testing.assert_allclose(system.solve(t, damping), wanted, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(system.pull(t), B.T @ t, rtol=1e-12, atol=1e-12)


def test_a_root_that_weighs_the_ridge_rows_is_still_right():
    wide = plain().reparametrised(np.random.default_rng(0).normal(size=(P, 12)))
    w, t = np.ones(12), np.random.default_rng(2).normal(size=N + 12)
    values = np.linspace(0.5, 2.0, N + 12)
    f = wide.ridged(0.3, np.zeros(12))
    system = f.at(w).damped_system(DiagonalRoot(values))
    rows = np.vstack([values[:, None] * f.jacobian(w), np.sqrt(0.1) * np.eye(12)])
    wanted = np.linalg.lstsq(rows, np.concatenate([t, np.zeros(12)]), rcond=None)[0]
    np.testing.assert_allclose(system.solve(t, 0.1), wanted, rtol=1e-9, atol=1e-10)


def test_units_of_damping_and_random_parameters_pass_through():
    generator = np.random.default_rng
    f = plain()
    for g in (f.scaled(2.0), f.centred(W0), f.ridged(0.1, W0)):
        np.testing.assert_array_equal(g.damping_scale(W0), f.damping_scale(W0))
        np.testing.assert_array_equal(g.random_params(generator(5)), f.random_params(generator(5)))
    z = f.reparametrised(SQUARE).random_params(generator(5))
    np.testing.assert_allclose(SQUARE @ z, f.random_params(generator(5)), rtol=1e-10)


def test_nothing_is_evaluated_to_learn_a_length():
    tried = []

    def counted(w):
        tried.append(w)
        return curve(w)

    f = rg.autograd_immersion(counted, dim=P)
    made = [f.scaled(2.0), f.reparametrised(SQUARE), f.ridged(0.1, W0)]
    assert [g.known_ambient_dim for g in made] == [None] * 3
    assert "R^n" in repr(f.scaled(2.0))
    assert not tried
    f(W0)
    assert [g.known_ambient_dim for g in made] == [N, N, N + P]
    assert len(tried) == 1


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda f: f.scaled(0.0), ValueError, "alpha"),
        (lambda f: f.scaled(-1.0), ValueError, "alpha"),
        (lambda f: f.scaled(np.nan), ValueError, "alpha"),
        (lambda f: f.scaled("2"), TypeError, "alpha"),
        (lambda f: f.scaled(1j), TypeError, "alpha"),
        (lambda f: f.centred(np.ones(3)), ValueError, r"w0? must have shape \(4,\)"),
        (lambda f: f.centred(np.full(4, np.inf)), ValueError, "finite"),
        (lambda f: f.reparametrised(np.ones((3, 3))), ValueError, "A must have 4 rows"),
        (lambda f: f.reparametrised(np.ones(4)), ValueError, "A must be 2-d"),
        (lambda f: f.reparametrised(np.ones((4, 4)) * 1j), TypeError, "A must be real"),
        (lambda f: f.reparametrised(np.full((4, 4), np.nan)), ValueError, "A must be finite"),
        (lambda f: f.ridged(0.0, W0), ValueError, "strength"),
        (lambda f: f.ridged(1.0, W0[:2]), ValueError, r"reference must have shape \(4,\)"),
    ],
)
def test_bad_arguments_are_refused(make, error, message):
    with pytest.raises(error, match=message):
        make(plain())


def test_centring_where_the_outputs_are_not_finite_is_refused():
    f = rg.autograd_immersion(lambda w: anp.log(w), dim=2)
    with pytest.raises(rg.NumericalError, match="w0"):
        f.centred([-1.0, 1.0])


def test_the_matrix_given_is_copied():
    A = SQUARE.copy()
    g = plain().reparametrised(A)
    before = g(W0)
    A[:] = 0.0
    np.testing.assert_array_equal(g(W0), before)
