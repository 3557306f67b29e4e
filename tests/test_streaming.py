"""A Jacobian beyond the memory budget: row blocks give what the whole array gives."""

import tracemalloc

import numpy as np
import pytest

import riemgn as rg
from riemgn.immersions import FeedforwardImmersion
from riemgn.immersions import feedforward as feedforward_module
from riemgn.linalg.cholesky import GramFactor
from riemgn.linalg.streamed import SeminormalFactor
from riemgn.losses import DirectSumLoss
from riemgn.optimizers.local_model import LocalModel

WIDTHS = [3, 5, 4, 2]


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(feedforward_module, "_BLOCK", 20_000)


def both(samples=150, seed=0, network=None):
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(samples, 3))
    net = rg.Network(WIDTHS) if network is None else network
    w = net.init(seed=seed)
    net = net.scaled(3.0).centred(net.init(seed=seed + 1))
    return FeedforwardImmersion(net, X), FeedforwardImmersion(net, X, memory_budget=1e4), w


@pytest.mark.usefixtures("small_blocks")
def test_every_derivative_agrees_with_the_held_one():
    held, streamed, w = both()
    assert streamed.streams
    assert not held.streams
    assert len(streamed._parts) > 3
    generator = np.random.default_rng(1)
    xi, eta = generator.normal(size=(2, held.dim))
    v = generator.normal(size=held.ambient_dim)
    close = {"rtol": 1e-12, "atol": 1e-12}
    np.testing.assert_allclose(streamed(w), held(w), **close)
    np.testing.assert_allclose(streamed.jacobian(w), held.jacobian(w), **close)
    np.testing.assert_allclose(streamed.jvp(w, xi), held.jvp(w, xi), **close)
    np.testing.assert_allclose(streamed.vjp(w, v), held.vjp(w, v), rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(
        streamed.second_derivative(w, xi, eta), held.second_derivative(w, xi, eta), **close
    )
    np.testing.assert_allclose(
        streamed.hessian_vp(w, v, xi), held.hessian_vp(w, v, xi), rtol=1e-11, atol=1e-11
    )
    np.testing.assert_allclose(streamed.at(w).gram(), held.at(w).gram(), rtol=1e-11, atol=1e-11)


@pytest.mark.usefixtures("small_blocks")
def test_geometry_is_the_same():
    held, streamed, w = both()
    M, S = rg.ImmersedManifold(held), rg.ImmersedManifold(streamed)
    x, s = M.point(w), S.point(w)
    assert isinstance(s.factor, GramFactor)
    v = np.random.default_rng(2).normal(size=held.ambient_dim)
    np.testing.assert_allclose(S.projection(s, v), M.projection(x, v), atol=1e-10)
    np.testing.assert_allclose(S.lift(s, v), M.lift(x, v), rtol=1e-7, atol=1e-9)
    a, normal = M.projection(x, v), v - M.projection(x, v)
    np.testing.assert_allclose(
        S.weingarten(s, a, normal), M.weingarten(x, a, normal), rtol=1e-6, atol=1e-8
    )
    Q = S.tangent_basis(s)
    np.testing.assert_allclose(Q.T @ Q, np.eye(held.dim), atol=1e-11)
    assert s.condition_number == pytest.approx(x.condition_number, rel=1e-6)


@pytest.mark.usefixtures("small_blocks")
def test_twin_neurons_are_cut_and_the_lift_has_least_norm():
    net = rg.Network([3, 4, 1])
    held, streamed, _ = both(samples=400, network=net)
    w = net.init(seed=0, scheme="symmetric")
    M, S = rg.ImmersedManifold(held), rg.ImmersedManifold(streamed)
    x, s = M.point(w), S.point(w)
    assert isinstance(s.factor, SeminormalFactor)
    assert s.rank == x.rank < net.dim
    v = np.random.default_rng(2).normal(size=held.ambient_dim)
    np.testing.assert_allclose(S.projection(s, v), M.projection(x, v), atol=1e-9)
    np.testing.assert_allclose(S.lift(s, v), M.lift(x, v), rtol=1e-6, atol=1e-8)
    q = held.vjp(w, v)
    np.testing.assert_allclose(s.factor.transposed_lift(q), x.factor.transposed_lift(q), atol=1e-8)
    Q = s.factor.basis()
    np.testing.assert_allclose(Q @ (Q.T @ v), M.projection(x, v), atol=1e-9)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("damping", [1e-14, 1e-6, 1e-2, 10.0])
@pytest.mark.parametrize("kind", ["squared", "softmax", "ridged"])
def test_damped_steps_are_the_same(kind, damping):
    held, streamed, w = both()
    generator = np.random.default_rng(3)
    loss = rg.SquaredLoss(generator.normal(size=held.ambient_dim))
    if kind == "softmax":
        loss = rg.SoftmaxLoss(generator.integers(0, 2, 150), ridge=0.1)
    steps = []
    for f in (held, streamed):
        own = loss
        if kind == "ridged":
            f = f.ridged(0.3, w + 0.1)
            own = DirectSumLoss(loss, rg.SquaredLoss(np.zeros(held.dim)))
        M = rg.ImmersedManifold(f)
        problem, x = rg.Problem(M, own), M.point(w)
        steps.append(LocalModel(problem, x, problem.cost(x), None).step(damping))
    np.testing.assert_allclose(steps[1], steps[0], rtol=1e-6, atol=1e-8)


@pytest.mark.usefixtures("small_blocks")
def test_fits_agree():
    held, streamed, w = both()
    y = np.random.default_rng(4).normal(size=held.ambient_dim)
    results = []
    for f in (held, streamed):
        M = rg.ImmersedManifold(f)
        optimizer = rg.LevenbergMarquardt(max_iterations=15)
        results.append(optimizer.run(rg.Problem(M, rg.SquaredLoss(y)), initial_point=M.point(w)))
    assert results[0].cost == pytest.approx(results[1].cost, rel=1e-6)


@pytest.mark.slow
def test_memory_stays_far_below_the_jacobian():
    samples = 200_000
    X = np.random.default_rng(0).normal(size=(samples, 10))
    net = rg.Network([10, 16, 1])
    f = FeedforwardImmersion(net, X, memory_budget=50e6)
    w = net.init(seed=0)
    M = rg.ImmersedManifold(f)
    problem = rg.Problem(M, rg.SquaredLoss(np.sin(X[:, 0])))
    x = M.point(w)
    tracemalloc.start()
    rg.LevenbergMarquardt(max_iterations=3).run(problem, initial_point=x)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    jacobian = 8 * samples * net.dim
    assert jacobian > 300e6
    assert peak < 100e6
