"""Flows against closed forms and against scipy's integrators of the same equations."""

import autograd.numpy as anp
import numpy as np
import pytest
from pymanopt.manifolds import Sphere
from scipy.integrate import solve_ivp

import riemgn as rg
from riemgn.flows.seen_errors import SeenDormandPrince
from riemgn.optimizers import Fixed, KernelAdaptive, KernelShifted


def curved(alpha=64.0, n=20, widths=(2, 2, 1), seed=0):
    """A small network on fixed data: p < n, squared loss of targets that it cannot fit."""
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(n, widths[0]))
    y = np.sin(2 * X[:, 0]) + generator.normal(size=n)
    net = rg.Network(list(widths))
    w0 = net.init(seed, scheme="uniform")
    M = rg.OutputManifold(net.scaled(alpha).centred(w0), X)
    return rg.Problem(M, rg.SquaredLoss(y)), M.point(w0)


def wide(loss=None, n=8, eps=0.3, alpha=30.0, width=100, seed=0):
    """An overparameterised network whose inputs pair up at a distance eps."""
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(n // 2, 3))
    X = np.vstack([X, X + eps * generator.normal(size=X.shape)])
    net = rg.Network([3, width, 1])
    w0 = net.init(seed)
    M = rg.OutputManifold(net.scaled(alpha).centred(w0), X)
    loss = rg.SquaredLoss(generator.normal(size=n)) if loss is None else loss(generator, n)
    return rg.Problem(M, loss), M.point(w0)


def linear(n, p, seed=0):
    """f(w) = J w with singular values over three decades, and a target outside its range."""
    generator = np.random.default_rng(seed)
    U, V = (np.linalg.qr(generator.normal(size=(m, min(n, p))))[0] for m in (n, p))
    J = (U * np.logspace(1, -2, min(n, p))) @ V.T
    M = rg.ImmersedManifold(rg.autograd_immersion(lambda w: anp.dot(J, w), dim=p))
    y, w0 = generator.normal(size=n), generator.normal(size=p)
    return rg.Problem(M, rg.SquaredLoss(y)), M.point(w0), J, y


def poisson(generator, n):
    return rg.PoissonLoss(generator.poisson(2.0, size=n) + 1.0)


def logistic(generator, n):
    return rg.LogisticLoss(generator.integers(0, 2, size=n), ridge=0.1)


def followed(problem, flow, direction):
    """The parameters (m, p) of w' = direction(w) at a flow's times, by scipy's Radau method."""
    own = solve_ivp(
        lambda t, w: direction(w),
        (0, flow.times[-1]),
        flow.params[0],
        method="Radau" if flow.params.shape[1] < 20 else "DOP853",
        rtol=1e-9,
        atol=1e-11,
        t_eval=flow.times,
    )
    return own.y.T


def difference(f, params, flow):
    ours, other = flow.outputs, np.array([f(w) for w in params])
    return np.abs(ours - other).max() / np.abs(ours).max()


@pytest.mark.parametrize("which", [rg.gauss_newton_flow, rg.riemannian_gradient_flow])
def test_gauss_newton_flow_is_the_riemannian_gradient_flow(which):
    problem, x = curved()
    f, y = problem.manifold.immersion, problem.loss.targets

    def direction(w):
        return -np.linalg.lstsq(f.jacobian(w), f(w) - y, rcond=None)[0]

    flow = which(problem, x, t_end=2.0)
    assert flow.completed
    assert flow.times[0] == 0
    assert flow.times[-1] == 2.0
    assert difference(f, followed(problem, flow, direction), flow) < 1e-8


def test_flow_in_a_weight_is_that_of_the_whitened_map():
    problem, x = curved()
    weight = np.linspace(0.5, 3, x.size)
    f, y = problem.manifold.immersion, problem.loss.targets
    weighted = rg.Problem(rg.ImmersedManifold(f, metric=weight), problem.loss)

    def direction(w):
        J, g = f.jacobian(w), f(w) - y
        return -np.linalg.solve(J.T @ (weight[:, None] * J), J.T @ g)

    flow = rg.gauss_newton_flow(weighted, weighted.manifold.point(x.params), t_end=2.0)
    assert difference(f, followed(weighted, flow, direction), flow) < 1e-8
    other = rg.riemannian_gradient_flow(weighted, weighted.manifold.point(x.params), t_end=2.0)
    assert np.allclose(other.outputs[-1], flow.outputs[-1], rtol=0, atol=1e-8)


def test_gauss_newton_on_a_plane_falls_at_the_rate_one():
    problem, x, J, y = linear(12, 5)
    times = np.linspace(0, 6, 13)
    flow = rg.gauss_newton_flow(problem, x, 6.0, times=times)
    optimum = J @ np.linalg.lstsq(J, y, rcond=None)[0]
    exact = optimum + np.exp(-times)[:, None] * (x.outputs - optimum)
    assert np.abs(flow.outputs - exact).max() < 1e-9 * np.abs(exact).max()
    assert np.array_equal(flow.times, times)
    assert flow.gradient_norms == pytest.approx(
        np.exp(-times) * np.linalg.norm(x.outputs - optimum), rel=1e-7
    )


@pytest.mark.parametrize(("n", "p"), [(12, 5), (5, 12)])
def test_gradient_flow_of_a_linear_map_is_exact(n, p):
    problem, x, J, y = linear(n, p)
    values, V = np.linalg.eigh(J.T @ J)
    w_star = np.linalg.lstsq(J, y, rcond=None)[0]
    times = np.array([0.1, 1.0, 50.0])
    flow = rg.gradient_flow(problem, x, 50.0, times=times)
    decay = np.exp(-np.outer(times, values))
    # what J does not see of the start stays
    exact = w_star + (decay * (V.T @ (x.params - w_star))) @ V.T
    assert np.abs(flow.params - exact).max() < 1e-9
    assert flow.least_eigenvalues == pytest.approx(np.full(3, 1e-4), rel=1e-6)
    assert np.all(flow.dampings == 1)


@pytest.mark.parametrize(
    ("damping", "rho"),
    [
        (0.3, 0.3),
        (Fixed(0.9), 0.9),
        ("kernel", 1e-4 / (1 + 1e-4)),
        ("shifted", None),
        (KernelAdaptive(c=4.0), 4e-4 / (1 + 4e-4)),
    ],
)
def test_damped_flow_of_a_linear_map_has_the_speeds_of_theory(damping, rho):
    problem, x, J, y = linear(5, 12)
    values, U = np.linalg.eigh(J @ J.T)
    times = np.array([0.0, 0.5, 2.0])
    flow = rg.levenberg_marquardt_flow(problem, x, 2.0, damping, times=times, tolerance=1e-10)
    speeds = values / (values + 1e-4) if rho is None else values / ((1 - rho) * values + rho)
    exact = y + (np.exp(-np.outer(times, speeds)) * (U.T @ (x.outputs - y))) @ U.T
    assert np.abs(flow.outputs - exact).max() < 1e-7
    assert flow.dampings == pytest.approx(np.full(3, 1e-4 / (1 + 1e-4) if rho is None else rho))


@pytest.mark.parametrize("loss", [None, poisson, logistic])
@pytest.mark.parametrize("damping", [0.3, "kernel"])
@pytest.mark.parametrize("natural", [False, True])
def test_damped_flow_against_the_definition(loss, damping, natural):
    problem, x = wide(loss)
    f, given = problem.manifold.immersion, problem.loss
    flow = rg.levenberg_marquardt_flow(problem.natural() if natural else problem, x, 2.0, damping)

    def direction(w):
        J, u = f.jacobian(w), f(w)
        hessian = np.stack([given.hessian_vp(u, e) for e in np.eye(u.size)])
        L = np.linalg.cholesky(hessian) if natural else np.eye(u.size)
        B = L.T @ J
        least = np.linalg.eigvalsh(B @ B.T)[0]
        rho = damping if damping != "kernel" else least / (1 + least)
        shift, length = rho / (1 - rho), 1 / (1 - rho)
        if damping == "kernel" and least > 1:
            length = 1.0
        s = np.linalg.solve(L, given.gradient(u))
        return -length * B.T @ np.linalg.solve(B @ B.T + shift * np.eye(u.size), s)

    assert flow.completed
    assert difference(f, followed(problem, flow, direction), flow) < 1e-6


@pytest.mark.slow
def test_gradient_flow_of_a_network_against_radau():
    problem, x = curved(alpha=32.0)
    f, y = problem.manifold.immersion, problem.loss.targets
    flow = rg.gradient_flow(problem, x, 0.5, tolerance=1e-6, times=np.linspace(0, 0.5, 6))
    own = followed(problem, flow, lambda w: -f.jacobian(w).T @ (f(w) - y))
    assert difference(f, own, flow) < 1e-6


@pytest.mark.parametrize("loss", [poisson, logistic])
def test_newton_flow_of_a_wide_network_is_newton_s_in_outputs(loss):
    problem, x = wide(loss)
    flow = rg.newton_flow(problem, x, 3.0)
    gradients = np.array([problem.loss.gradient(u) for u in flow.outputs])
    exact = np.exp(-flow.times)[:, None] * gradients[0]
    assert np.abs(gradients - exact).max() < 1e-8 * np.abs(exact).max()


def test_newton_flow_of_squared_loss_is_the_gauss_newton_flow():
    problem, x = curved()
    times = np.linspace(0, 1, 5)
    one, other = (
        flow(problem, x, 1.0, times=times) for flow in (rg.newton_flow, rg.gauss_newton_flow)
    )
    assert np.array_equal(one.outputs, other.outputs)


@pytest.mark.parametrize(
    "flow",
    [
        rg.gauss_newton_flow,
        pytest.param(rg.gradient_flow, marks=pytest.mark.slow),
        lambda *a, **k: rg.levenberg_marquardt_flow(*a, 0.2, **k),
    ],
)
def test_loss_falls_at_the_rate_that_the_velocity_says(flow):
    problem, x = curved()
    h = 1e-4
    run = flow(problem, x, 1.0, times=np.array([0.5 - h, 0.5, 0.5 + h]), tolerance=1e-7)
    q = problem.manifold.immersion.vjp(run.params[1], problem.loss.gradient(run.outputs[1]))
    velocity = (run.params[2] - run.params[0]) / (2 * h)
    fall = (run.losses[2] - run.losses[0]) / (2 * h)
    assert fall == pytest.approx(q @ velocity, rel=1e-4)
    assert fall < 0


def test_outputs_do_not_depend_on_the_parametrisation():
    problem, x = curved()
    f = problem.manifold.immersion
    generator = np.random.default_rng(3)
    Q, R = (np.linalg.qr(generator.normal(size=(f.dim, f.dim)))[0] for _ in range(2))
    A = (Q * np.logspace(0, -6, f.dim)) @ R
    M = rg.ImmersedManifold(f.reparametrised(A))
    start = M.point(np.linalg.solve(A, x.params))
    times = np.linspace(0, 2, 9)
    one = rg.gauss_newton_flow(problem, x, 2.0, times=times)
    other = rg.gauss_newton_flow(rg.Problem(M, problem.loss), start, 2.0, times=times)
    assert other.completed
    cond = x.condition_number * 1e6
    assert np.abs(one.outputs - other.outputs).max() < 100 * np.finfo(float).eps * cond


def test_flow_ends_where_the_rank_is_lost():
    problem, x = curved(alpha=16.0)
    flow = rg.gauss_newton_flow(problem, x, 2.0)
    assert not flow.completed
    assert "lose rank" in flow.ending
    assert flow.evaluations < 5000
    assert flow.times[-1] == pytest.approx(0.5549, abs=1e-4)  # that of the outputs' own flow, too
    assert problem.manifold.point(flow.params[-1]).condition_number > 1e6 * x.condition_number
    assert np.all(np.diff(flow.losses) < 0)


def test_flow_of_a_deficient_start_keeps_its_rank():
    generator = np.random.default_rng(0)
    X = generator.normal(size=(30, 2))
    net = rg.Network([2, 4, 1])
    w0 = net.init(1)
    (W, b), (V, _) = net.unflatten(w0)
    W[2:], b[2:], V[:, 2:] = W[:2], b[:2], V[:, :2]  # twins that stay twins
    M = rg.OutputManifold(net.scaled(64.0).centred(w0), X)
    x = M.point(w0)
    problem = rg.Problem(M, rg.SquaredLoss(generator.normal(size=30)))
    flow = rg.gauss_newton_flow(problem, x, 2.0)
    assert flow.completed
    assert x.rank == 9 < net.dim
    values = np.linalg.svd(M.point(flow.params[-1]).jacobian, compute_uv=False)
    assert values[9] < 1e-9 * values[8]  # zero, but for the rounding of the way
    small = rg.Network([2, 2, 1])
    (A, a), (v, c) = net.unflatten(w0)
    half = np.concatenate([A[:2].ravel(), a[:2], 2 * v[0, :2], c])
    N = rg.OutputManifold(small.scaled(64.0).centred(half), X)
    reduced = rg.gauss_newton_flow(rg.Problem(N, problem.loss), N.point(half), 2.0)
    # the outputs of both sweep out the same manifold
    assert np.abs(flow.outputs[-1] - reduced.outputs[-1]).max() < 1e-7


def test_flow_ends_at_once_where_twins_part():
    X = np.random.default_rng(0).normal(size=(30, 2))
    net = rg.Network([2, 4, 1])
    M = rg.OutputManifold(net.scaled(8.0), X)
    x = M.point(net.init(1, scheme="symmetric"))
    problem = rg.Problem(M, rg.SquaredLoss(np.random.default_rng(1).normal(size=30)))
    flow = rg.gauss_newton_flow(problem, x, 1.0)
    assert "rank rises from 9" in flow.ending


def test_flow_from_an_optimum_stays_there():
    problem, x = curved()
    best = rg.minimize(problem, x, tolerance=1e-12).point
    flow = rg.gauss_newton_flow(problem, best, 10.0)
    assert flow.completed
    assert flow.evaluations < 1000
    assert np.abs(flow.outputs - best.outputs).max() < 1e-7


def test_shifted_kernel_serves_every_eigenvalue():
    problem, x = wide(eps=1.0, alpha=300.0)
    least = np.linalg.eigvalsh(problem.manifold.immersion.tangent_kernel(x.params))[0]
    assert least > 1
    one, other = (
        rg.levenberg_marquardt_flow(problem, x, 1.0, damping)
        for damping in ("kernel", KernelShifted())
    )
    assert np.array_equal(one.outputs, other.outputs)


@pytest.mark.parametrize("flow", [rg.gauss_newton_flow, rg.riemannian_gradient_flow])
def test_short_last_step_is_no_breakdown(flow):
    problem, x = wide(eps=1e-4) if flow is rg.gauss_newton_flow else curved()
    whole = flow(problem, x, 1.0, tolerance=1e-8)
    assert whole.completed
    end = whole.times[-5] + 1e-8  # just after a step
    again = flow(problem, x, end, tolerance=1e-8)
    assert again.completed
    assert again.times[-1] == end


@pytest.mark.parametrize(
    "flow", [rg.gauss_newton_flow, rg.riemannian_gradient_flow, rg.newton_flow]
)
def test_zero_jacobian_at_the_start_is_an_error(flow):
    M = rg.ImmersedManifold(rg.autograd_immersion(lambda w: 0.0 * w, dim=2))
    with pytest.raises(rg.NumericalError, match="no direction lowers the loss"):
        flow(rg.Problem(M, rg.SquaredLoss(np.ones(2))), M.point([1.0, 2.0]), 1.0)


def test_structural_zeros_are_no_least_eigenvalue():
    generator = np.random.default_rng(0)
    X, labels = generator.normal(size=(6, 2)), generator.integers(0, 3, size=6)
    net = rg.Network([2, 30, 3])
    w0 = net.init(0)
    M = rg.OutputManifold(net.scaled(3.0).centred(w0), X)
    problem = rg.Problem(M, rg.SoftmaxLoss(labels, classes=3))
    newton = rg.newton_flow(problem, M.point(w0), 0.1)
    damped = rg.levenberg_marquardt_flow(problem.natural(), M.point(w0), 0.1, 0.5)
    least = newton.least_eigenvalues[0]
    assert least > 1e-6
    assert damped.least_eigenvalues[0] == pytest.approx(least, rel=1e-6)


@pytest.mark.parametrize("flow", [rg.gauss_newton_flow, rg.gradient_flow])
def test_flow_of_parameters_on_a_sphere_stays_there(flow):
    generator = np.random.default_rng(0)
    J = generator.normal(size=(12, 4))
    f = rg.autograd_immersion(lambda w: anp.tanh(anp.dot(J, w)), dim=4)
    M = rg.ImmersedManifold(f, domain=Sphere(4))
    w0 = generator.normal(size=4)
    x = M.point(w0 / np.linalg.norm(w0))
    problem = rg.Problem(M, rg.SquaredLoss(0.1 * generator.normal(size=12)))
    path = flow(problem, x, 0.5, dense=True)
    assert path.completed
    middle = path(0.2345)
    assert np.linalg.norm(middle) == pytest.approx(1.0, abs=1e-14)
    assert M.point(middle).is_finite
    assert path.least_eigenvalues.min() > 1e-4
    assert path.losses[-1] < path.losses[0]


def rescaled(problem, x, scale):
    """The problem with outputs and targets of squared loss multiplied."""
    M = rg.ImmersedManifold(problem.manifold.immersion.scaled(scale))
    return rg.Problem(M, rg.SquaredLoss(scale * problem.loss.targets)), M.point(x.params)


@pytest.mark.parametrize("scale", [1e-6, 1e6])
@pytest.mark.parametrize(
    ("which", "slowness"),
    [
        (rg.gauss_newton_flow, 0),
        (lambda *a, **k: rg.levenberg_marquardt_flow(*a, "shifted", **k), 0),
        (rg.gradient_flow, 2),
    ],
)
def test_the_scale_of_outputs_and_targets_is_a_unit(which, slowness, scale):
    one = wide(alpha=1.0)
    times = np.linspace(0, 1, 5)
    usual = which(*one, 1.0, times=times, tolerance=1e-6)
    asked = times / scale**slowness
    flow = which(*rescaled(*one, scale), asked[-1], times=asked, tolerance=1e-6)
    way = np.abs(usual.params - usual.params[0]).max()
    assert np.abs(flow.params - usual.params).max() < 1e-9 * way
    assert flow.evaluations == usual.evaluations


def speeds_with(rho):
    return lambda values: values / ((1 - rho) * values + rho)


@pytest.mark.parametrize(
    ("which", "speeds"),
    [
        (rg.gauss_newton_flow, np.ones_like),
        (lambda *a, **k: rg.levenberg_marquardt_flow(*a, 0.3, **k), speeds_with(0.3)),
        (rg.gradient_flow, speeds_with(1.0)),
    ],
)
def test_tiny_targets_are_reached_to_the_tolerance(which, speeds):
    given, x = wide(alpha=3e3)
    y = 1e-6 * given.loss.targets  # so near that the map is linear, and the flow in closed form
    values, U = np.linalg.eigh(given.manifold.immersion.tangent_kernel(x.params))
    t_end = 5.0 / speeds(values)[-1]
    times = np.linspace(0, t_end, 6)
    problem = rg.Problem(given.manifold, rg.SquaredLoss(y))
    flow = which(problem, x, t_end, times=times, tolerance=1e-6)
    exact = y + (np.exp(-np.outer(times, speeds(values))) * (U.T @ (x.outputs - y))) @ U.T
    assert flow.completed
    assert np.abs(flow.outputs - exact).max() < 1e-4 * np.abs(y).max()
    assert np.all(np.diff(flow.losses) < 0)


@pytest.mark.parametrize("size", [1.0, 1e5])
def test_errors_that_a_map_enlarges_are_held_down(size):
    f = rg.autograd_immersion(lambda w: size * anp.concatenate([w, w]), dim=1)
    run = SeenDormandPrince(
        lambda t, y: -(y**2), 0.0, np.ones(1), 3.0, seen=f.at, reach=1.0, rtol=1e-6, atol=1e-6
    )
    while run.status == "running":
        run.step()
    error = size * abs(run.y[0] - 1 / (1 + run.t))
    assert run.t == 3.0
    assert 0 < error < 1e-6
