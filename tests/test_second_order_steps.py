"""Newton's step and the subspace step against Hessians that autograd or M itself gives."""

import autograd
import autograd.numpy as anp
import numpy as np
import pytest

import riemgn as rg
from riemgn.linalg.damped import DampedGram
from riemgn.linalg.spectral import DampedSpectrum
from riemgn.linalg.trust_region import trust_region_step
from riemgn.optimizers.local_model import LocalModel
from riemgn.optimizers.near_step import is_near, newton_step, newton_trial
from riemgn.optimizers.subspace_step import SubspaceStep, _Subspace


def decay(noise=0.05, seed=0):
    """A two-exponential fit, and parameters near its optimum."""
    t = np.linspace(0, 4, 40)
    true = np.array([2.0, 1.5, 1.0, 0.4])

    def f(w):
        return w[0] * anp.exp(-w[1] * t) + w[2] * anp.exp(-w[3] * t)

    y = f(true) + noise * np.random.default_rng(seed).normal(size=t.size)
    M = rg.ImmersedManifold(rg.autograd_immersion(f, dim=4))
    return f, y, rg.Problem(M, rg.SquaredLoss(y)), true


def model_at(problem, w, scale=None):
    x = problem.manifold.point(w)
    return LocalModel(problem, x, problem.cost(x), scale)


def network_problem(seed=0, loss=None, widths=(2, 3, 1), n=40):
    draws = np.random.default_rng(seed)
    X = draws.normal(size=(n, widths[0]))
    net = rg.Network(list(widths))
    M = rg.OutputManifold(net, X)
    y = np.sin(2 * X[:, 0]) + 0.5 * draws.normal(size=n)
    return rg.Problem(M, rg.SquaredLoss(y) if loss is None else loss(y)), net.init(seed=seed)


@pytest.mark.parametrize("scaled", [False, True])
def test_newtons_step_solves_the_riemannian_newton_equation(scaled):
    _, _, problem, w = decay()
    model = model_at(problem, w, 1 / np.abs(w) if scaled else None)
    assert isinstance(model.system, DampedSpectrum)
    step, promise = newton_step(model, damping=0.0)
    v = model.system.push(step)
    gradient = problem.riemannian_gradient(model.point)
    residual = problem.riemannian_hessian(model.point, v) + gradient
    assert np.linalg.norm(residual) <= 1e-9 * np.linalg.norm(gradient)
    assert promise == pytest.approx(-0.5 * float(v @ gradient), rel=1e-9)


def test_newtons_step_squares_the_error():
    _, _, problem, w = decay()
    optimum = rg.minimize(problem, problem.manifold.point(w)).point.params
    errors = []
    w = optimum * (1 + 1e-2 * np.array([1, -1, 1, -1]))
    for _ in range(4):
        errors.append(np.linalg.norm(w - optimum))
        w = w + newton_step(model_at(problem, w), 0.0)[0]
    assert errors[1] < 30 * errors[0] ** 2
    assert errors[2] < 30 * errors[1] ** 2
    assert errors[3] < 1e-9


def test_no_newton_step_where_the_hessian_is_indefinite():
    # a circle seen from far on the other side: the point is a maximum
    M = rg.ImmersedManifold(
        rg.autograd_immersion(lambda w: anp.array([anp.cos(w[0]), anp.sin(w[0])]), dim=1)
    )
    problem = rg.Problem(M, rg.SquaredLoss(np.array([-3.0, 0.0])))
    assert newton_step(model_at(problem, np.array([0.1])), 0.0) is None
    assert newton_trial(model_at(problem, np.array([0.1])), 0.0) is None


def test_near_is_where_the_residual_is_normal():
    _, _, problem, w = decay()
    optimum = rg.minimize(problem, problem.manifold.point(w)).point.params
    assert is_near(model_at(problem, optimum), 0.0)
    assert not is_near(model_at(problem, 3 * optimum), 0.0)


def full_hessian(problem, w):
    f, loss = problem.manifold.immersion, problem.loss

    def cost(v):
        u = f(v)
        return 0.5 * anp.sum((u - loss.targets) ** 2)

    return autograd.hessian(cost)(w), autograd.grad(cost)(w)


class Traced(rg.Immersion):
    """A network written again with autograd.numpy, in units D of its own."""

    def __init__(self, X, hidden):
        self.X, self.hidden = X, hidden
        self.dim, self.ambient_dim = hidden * (X.shape[1] + 2) + 1, len(X)

    def __call__(self, w):
        h, d = self.hidden, self.X.shape[1]
        W, b = anp.reshape(w[: h * d], (h, d)), w[h * d : h * (d + 1)]
        c, e = w[h * (d + 1) : -1], w[-1]
        return anp.tanh(self.X @ W.T + b) @ c + e


@pytest.mark.parametrize("radius", [1e-2, 0.5, 1e3])
@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_a_subspace_of_every_direction_is_the_whole_model(radius, scaled, seed):
    draws = np.random.default_rng(seed)
    X = draws.normal(size=(40, 2))
    M = rg.ImmersedManifold(Traced(X, 3))
    problem = rg.Problem(M, rg.SquaredLoss(np.sin(2 * X[:, 0]) + 0.5 * draws.normal(size=40)))
    w = draws.normal(size=M.immersion.dim)
    scale = 1 / np.abs(w) if scaled else np.ones(w.size)
    model = model_at(problem, w, scale)
    H, q = full_hessian(problem, w)
    wanted, multiplier = trust_region_step(H / np.outer(scale, scale), q / scale, radius)
    space = _Subspace(model, 1e-3 * model.system.largest, draws.normal(size=w.size))
    step, predicted, found = space.minimiser(radius, forcing=1e-12)
    np.testing.assert_allclose(scale * step, wanted, rtol=1e-6, atol=1e-8 * np.linalg.norm(wanted))
    assert found == pytest.approx(multiplier, rel=1e-6, abs=1e-9 * model.system.largest)
    assert predicted == pytest.approx(-(q @ step + 0.5 * step @ H @ step), rel=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_subspace_steps_lower_the_cost_and_stay_in_the_radius(seed):
    problem, w = network_problem(seed, widths=(2, 8, 1))
    near, step = SubspaceStep(), np.zeros(w.size)
    model = model_at(problem, w)
    for _ in range(15):
        trial = near.search(model, step, 1e-3 * model.system.largest, 1.0)
        if trial is None:
            break
        assert trial.cost < model.cost
        step = trial.point.params - model.point.params
        assert np.linalg.norm(step) <= 11 * near.radius
        model = LocalModel(problem, trial.point, trial.cost, None)


def test_the_forms_of_a_system_give_one_subspace_step():
    problem, w = network_problem(1)
    model = model_at(problem, w)
    steps = []
    for system in (DampedSpectrum(model.point.jacobian), DampedGram(model.point.jacobian)):
        model.system = system
        steps.append(_Subspace(model, 0.1, np.zeros(w.size)).minimiser(0.5, 1e-10)[0])
    np.testing.assert_allclose(steps[0], steps[1], rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("loss", [rg.SquaredLoss, lambda y: rg.LogisticLoss((y > 0).astype(int))])
def test_the_full_model_is_the_second_order_expansion_of_the_cost(loss):
    problem, w = network_problem(2, loss)
    model = model_at(problem, w)
    space = _Subspace(model, 1e-3, np.zeros(w.size))
    draws = np.random.default_rng(0)
    x = draws.normal(size=w.size)
    x /= np.linalg.norm(x)
    quadratic = float(x @ space._hessian(x))
    h = 1e-4
    costs = [problem.cost(problem.manifold.point(w + k * h * x)) for k in (-1, 0, 1)]
    difference = (costs[2] - 2 * costs[1] + costs[0]) / h**2
    assert difference == pytest.approx(quadratic, rel=1e-4, abs=1e-5)
