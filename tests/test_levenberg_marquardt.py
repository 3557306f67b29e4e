"""Levenberg-Marquardt in both forms, with every damping schedule and loss, against scipy."""

import numpy as np
import pytest
import scipy.optimize

import riemgn as rg
from riemgn.losses import DirectSumLoss
from riemgn.optimizers import Damping, Fixed, GainRatio, KernelAdaptive
from riemgn.optimizers.local_model import LocalModel, Trial

WIDE = [3, 40, 1]
TALL = [3, 4, 1]


def regression(widths, samples, seed=0, noise=0.1):
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(samples, widths[0]))
    y = np.sin(X[:, 0]) + X[:, 1] * X[:, 2] + noise * generator.normal(size=samples)
    net = rg.Network(widths)
    w0 = net.init(seed=seed)
    # a scale at which the tall network stays in the basin of its start
    alpha = 64.0 if samples > net.dim else 1.0
    return rg.OutputManifold(net.scaled(alpha).centred(w0), X), y, w0


def run(widths, samples, loss=None, seed=0, **options):
    M, y, w0 = regression(widths, samples, seed)
    problem = rg.Problem(M, rg.SquaredLoss(y) if loss is None else loss(y))
    x = M.point(w0)
    return problem, x, rg.LevenbergMarquardt(**options).run(problem, initial_point=x)


def test_scipy_lm_finds_nothing_better_near_the_tall_fit():
    problem, _, result = run(TALL, 80)
    f, y = problem.manifold.immersion, problem.loss.targets
    w = result.point.params
    peer = scipy.optimize.least_squares(
        lambda w: f(w) - y, w, jac=f.jacobian, method="lm", xtol=1e-15, ftol=1e-15, gtol=1e-15
    )
    assert result.cost <= peer.cost * (1 + 1e-12)
    np.testing.assert_allclose(w, peer.x, rtol=1e-5, atol=1e-6)
    assert result.gradient_norm < 1e-7 * np.sqrt(result.cost)


@pytest.mark.parametrize("damping", ["gain-ratio", "kernel", 0.1])
def test_wide_network_interpolates(damping):
    _, _, result = run(WIDE, 30, damping=damping)
    assert result.cost < 1e-18
    assert result.iterations < 200


def test_gradient_descent_is_the_fixed_damping_of_one():
    M, y, w0 = regression(WIDE, 30)
    problem = rg.Problem(M, rg.SquaredLoss(y))
    x = M.point(w0)
    result = rg.LevenbergMarquardt(1.0, max_iterations=1).run(problem, initial_point=x)
    q = x.jacobian.T @ (x.outputs - y)
    step = result.point.params - w0
    eta = -(step @ q) / (q @ q)
    np.testing.assert_allclose(step, -eta * q, atol=1e-12)
    assert np.log2(eta) == pytest.approx(np.round(np.log2(eta)), abs=1e-9)


@pytest.mark.parametrize("rho", [1e-6, 0.1, 0.5, 0.9])
def test_fixed_damping_takes_the_convex_step(rho):
    M, y, w0 = regression(WIDE, 30)
    x = M.point(w0)
    schedule = Fixed(rho)

    problem = rg.Problem(M, rg.SquaredLoss(y))
    step, damping = schedule.direction(LocalModel(problem, x, problem.cost(x), None))
    J, u = x.jacobian, x.outputs - y
    p = J.shape[1]
    rows = np.vstack([np.sqrt(1 - rho) * J, np.sqrt(rho) * np.eye(p)])
    target = np.concatenate([-u / np.sqrt(1 - rho), np.zeros(p)])
    wanted = np.linalg.lstsq(rows, target, rcond=None)[0]
    np.testing.assert_allclose(step, wanted, rtol=1e-8, atol=1e-9 * np.abs(wanted).max())
    assert damping == rho


@pytest.mark.parametrize("alpha", [1.0, 100.0])
def test_kernel_damping_contracts_every_mode_alike(alpha):
    # [C6]: each kernel mode is multiplied by s(lambda) >= 1/2 at c = 1, however small lambda_min is
    M, y, w0 = regression(WIDE, 30)
    M = rg.ImmersedManifold(M.immersion.scaled(alpha).centred(w0))
    x = M.point(w0)

    problem = rg.Problem(M, rg.SquaredLoss(y))
    step, _ = KernelAdaptive().direction(LocalModel(problem, x, problem.cost(x), None))
    eigenvalues, modes = np.linalg.eigh(M.immersion.tangent_kernel(w0))
    share = (modes.T @ (x.jacobian @ step)) / (modes.T @ (y - x.outputs))
    least = eigenvalues[0]
    length = 1 + least if least <= 1 else 1.0
    np.testing.assert_allclose(share, length * eigenvalues / (eigenvalues + least), rtol=1e-5)
    assert share.min() > 0.5 - 1e-6


def test_kernel_damping_needs_more_parameters_than_outputs():
    with pytest.raises(ValueError, match="p >= n"):
        run(TALL, 80, damping="kernel")


def losses():
    return {
        "logistic": lambda y: rg.LogisticLoss((y > 0).astype(int), ridge=0.1),
        "huber": lambda y: rg.HuberLoss(y, 0.3),
        "poisson": lambda y: rg.PoissonLoss(np.round(np.exp(np.clip(y, -1, 1)))),
        "autograd": lambda y: _cosh_loss(y),
    }


def _cosh_loss(y):
    import autograd.numpy as anp

    return lambda u: anp.sum(anp.log(anp.cosh(u - y)))


@pytest.mark.parametrize("name", list(losses()))
@pytest.mark.parametrize(("widths", "samples"), [(TALL, 60), (WIDE, 20)])
def test_other_losses_reach_what_bfgs_reaches_from_there(name, widths, samples):
    problem, _, result = run(widths, samples, loss=losses()[name], max_iterations=300)
    f = problem.manifold.immersion

    def cost(w):
        return problem.loss.value(f(w))

    def gradient(w):
        return f.vjp(w, problem.loss.gradient(f(w)))

    polished = scipy.optimize.minimize(
        cost, result.point.params, jac=gradient, method="BFGS", options={"maxiter": 500}
    )
    assert result.cost <= polished.fun + 1e-8 * (1 + abs(polished.fun))


def test_softmax_generalised_gauss_newton_step_is_the_dense_one():
    generator = np.random.default_rng(3)
    X = generator.normal(size=(20, 3))
    labels = generator.integers(0, 3, size=20)
    for widths in ([3, 2, 3], [3, 30, 3]):
        net = rg.Network(widths)
        w0 = net.init(seed=1)
        M = rg.OutputManifold(net, X)
        problem = rg.Problem(M, rg.SoftmaxLoss(labels))
        x = M.point(w0)

        step = LocalModel(problem, x, problem.cost(x), None).step(0.01)
        J = x.jacobian
        H = np.stack([problem.loss.hessian_vp(x.outputs, e) for e in np.eye(x.size)])
        G = J.T @ H @ J + 0.01 * np.eye(J.shape[1])
        wanted = -np.linalg.solve(G, J.T @ problem.loss.gradient(x.outputs))
        np.testing.assert_allclose(step, wanted, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize(("widths", "samples"), [(TALL, 60), (WIDE, 20)])
@pytest.mark.parametrize("ridge", [1e-4, 0.5])
def test_ridge_rows_reach_the_ridged_optimum(widths, samples, ridge):
    M, y, w0 = regression(widths, samples)
    f = M.immersion
    ridged = rg.ImmersedManifold(f.ridged(ridge, w0))
    loss = DirectSumLoss(rg.SquaredLoss(y), rg.SquaredLoss(np.zeros(f.dim)))
    problem = rg.Problem(ridged, loss)
    result = rg.LevenbergMarquardt(max_iterations=500).run(problem, initial_point=ridged.point(w0))
    w = result.point.params
    gradient = f.vjp(w, f(w) - y) + ridge * (w - w0)
    assert np.linalg.norm(gradient) < 1e-6
    direct = 0.5 * np.sum((f(w) - y) ** 2) + 0.5 * ridge * np.sum((w - w0) ** 2)
    assert result.cost == pytest.approx(direct, rel=1e-12)


def test_history_holds_every_iterate_and_never_rises():
    problem, x, result = run(TALL, 80, max_iterations=12)
    assert [record.iteration for record in result.history] == list(range(result.iterations + 1))
    costs = np.array([record.cost for record in result.history])
    assert np.all(np.diff(costs) < 0)
    assert costs[0] == problem.cost(x)
    assert costs[-1] == result.cost == problem.cost(result.point)
    assert all(record.point is None for record in result.history)
    steps = [record.step for record in result.history]
    assert steps[0] == 0
    assert np.all(np.array(steps[1:]) > 0)


def test_callback_sees_points_and_ends_the_run():
    M, y, w0 = regression(TALL, 80)
    problem = rg.Problem(M, rg.SquaredLoss(y))
    seen = []

    def stop(record):
        seen.append(record.point)
        if record.iteration == 2:
            raise StopIteration

    result = rg.LevenbergMarquardt().run(problem, initial_point=M.point(w0), callback=stop)
    assert result.iterations == 2
    assert result.point is seen[-1]
    assert "callback" in result.stopping_criterion


def test_interrupt_hands_back_the_best_point():
    M, y, w0 = regression(TALL, 80)
    problem = rg.Problem(M, rg.SquaredLoss(y))

    def interrupt(record):
        if record.iteration == 3:
            raise KeyboardInterrupt

    result = rg.LevenbergMarquardt().run(problem, initial_point=M.point(w0), callback=interrupt)
    assert result.iterations == 3
    assert "interrupted" in result.stopping_criterion


def test_started_at_an_optimum_it_stays():
    M, _, w0 = regression(TALL, 80)
    problem = rg.Problem(M, rg.SquaredLoss(M.point(w0).outputs))
    result = rg.LevenbergMarquardt().run(problem, initial_point=M.point(w0))
    assert result.iterations == 0
    assert result.cost == 0


def test_duplicated_inputs_with_equal_targets_still_interpolate():
    # the kernel is singular, its least eigenvalue rounding
    generator = np.random.default_rng(0)
    X = generator.normal(size=(15, 3))
    X = np.vstack([X, X])
    y = np.tile(np.sin(X[:15, 0]), 2)
    net = rg.Network(WIDE)
    M = rg.OutputManifold(net, X)
    x = M.point(net.init(seed=0))
    assert x.rank < 30
    for damping in ("gain-ratio", "kernel"):
        result = rg.LevenbergMarquardt(damping).run(
            rg.Problem(M, rg.SquaredLoss(y)), initial_point=x
        )
        assert result.cost < 1e-18


def test_steps_out_of_the_domain_are_refused():
    import autograd.numpy as anp

    x_axis = np.arange(1.0, 6.0)
    f = rg.autograd_immersion(lambda w: anp.log(1.0 + w[0] * x_axis) + w[1], dim=2)
    M = rg.ImmersedManifold(f)
    problem = rg.Problem(M, rg.SquaredLoss(np.linspace(-30, -20, 5)))
    x = M.point(np.array([0.5, 0.0]))
    result = rg.LevenbergMarquardt(max_iterations=100).run(problem, initial_point=x)
    assert np.all(np.isfinite(result.point.params))
    assert np.isfinite(result.cost)
    assert result.cost < problem.cost(x)


def test_damping_scale_of_a_map_is_relative_and_of_a_network_the_identity():
    f = rg.autograd_immersion(lambda w: w * np.arange(1.0, 4.0), dim=3)
    np.testing.assert_array_equal(f.damping_scale(np.array([2.0, 0.0, -4.0])), [0.5, 1 / 3, 0.25])
    assert f.damping_scale(np.zeros(3)) is None
    M, _, w0 = regression(TALL, 20)
    assert M.immersion.damping_scale(w0) is None


def test_the_schedule_given_is_not_used_up():
    schedule = GainRatio()
    M, y, w0 = regression(TALL, 80)
    problem = rg.Problem(M, rg.SquaredLoss(y))
    optimizer = rg.LevenbergMarquardt(schedule, max_iterations=10)
    first = optimizer.run(problem, initial_point=M.point(w0))
    second = optimizer.run(problem, initial_point=M.point(w0))
    assert first.cost == second.cost
    assert [a.damping for a in first.history] == [b.damping for b in second.history]


def test_a_schedule_of_ones_own():
    class Half(Damping):
        def measure(self, model):
            return model.gradient_norm(model.step(0.5))

        def search(self, model):

            point, cost = model.tried(0.5 * model.step(0.5))
            return Trial(point, cost, 0.5, 1.0) if cost < model.cost else None

    problem, x, result = run(WIDE, 20, damping=Half(), max_iterations=30)
    assert result.cost < 1e-2 * problem.cost(x)


@pytest.mark.parametrize(
    ("damping", "error"),
    [("gain_ratio", ValueError), (0.0, ValueError), (1.5, ValueError), (None, TypeError)],
)
def test_bad_damping_is_refused(damping, error):
    with pytest.raises(error, match="damping"):
        rg.LevenbergMarquardt(damping)


def test_bad_starts_are_refused():
    M, y, w0 = regression(TALL, 80)
    problem = rg.Problem(M, rg.SquaredLoss(y))
    with pytest.raises(TypeError, match=r"manifold\.point"):
        rg.LevenbergMarquardt().run(problem, initial_point=w0)
    other, _, _ = regression(TALL, 50)
    with pytest.raises(ValueError, match="initial_point"):
        rg.LevenbergMarquardt().run(problem, initial_point=other.point(w0))
    with pytest.raises(TypeError, match="problem"):
        rg.LevenbergMarquardt().run(M)


def test_log_and_verbosity(capsys):
    _, _, result = run(TALL, 80, max_iterations=5, log_verbosity=1)
    assert result.log["iterations"]["iteration"] == list(range(6))
    assert capsys.readouterr().out == ""
    run(TALL, 80, max_iterations=2, verbosity=1)
    assert len(capsys.readouterr().out.splitlines()) == 3


@pytest.mark.parametrize("optimizer", [rg.LevenbergMarquardt(), rg.GaussNewton()])
def test_derivatives_that_stop_being_finite_end_the_run_at_the_best_point(optimizer):
    class Edge(rg.Immersion):
        dim, ambient_dim = 1, 1

        def __call__(self, w):
            return np.array([w[0] - 1.0])

        def jacobian(self, w):
            return np.array([[1.5 if w[0] > 1.8 else np.nan]])

    M = rg.ImmersedManifold(Edge())
    problem = rg.Problem(M, rg.SquaredLoss(np.zeros(1)))
    result = optimizer.run(problem, initial_point=M.point([4.0]))
    assert result.point.params[0] > 1.8
    assert result.cost < 4.5
    assert "Jacobian" in result.stopping_criterion
    with pytest.raises(rg.NumericalError, match="Jacobian"):
        optimizer.run(problem, initial_point=M.point([1.0]))


def test_a_problem_does_not_evaluate_its_map():
    import autograd.numpy as anp

    tried = []

    def f(w):
        tried.append(w)
        return anp.stack([w[0], w[0] ** 2])

    M = rg.ImmersedManifold(rg.autograd_immersion(f, dim=1).scaled(2.0))
    rg.Problem(M, rg.SquaredLoss(np.zeros(2)))
    assert not tried
    M.point([1.0])
    with pytest.raises(ValueError, match="3 outputs"):
        rg.Problem(M, rg.SquaredLoss(np.zeros(3)))
