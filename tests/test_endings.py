"""How runs end: at what, with which words, and with nothing left behind."""

import pickle
from concurrent.futures import ThreadPoolExecutor

import autograd.numpy as anp
import numpy as np
import pymanopt
import pytest

import riemgn as rg
from riemgn.losses import DirectSumLoss
from riemgn.manifolds.metrics import LossHessian

OPTIMIZERS = [rg.LevenbergMarquardt, rg.GaussNewton]


def problem_and_start(seed=0, alpha=30.0, target=1.0):
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(60, 3))
    net = rg.Network([3, 4, 1])
    w = net.init(seed=seed)
    M = rg.OutputManifold(net.scaled(alpha).centred(w), X)
    y = target * (np.sin(X[:, 0]) + 0.3 * generator.normal(size=60))
    return rg.Problem(M, rg.SquaredLoss(y)), M.point(w)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("target", [1e-8, 1.0, 1e8])
def test_a_large_residual_ends_at_machine_precision(optimizer, target):
    problem, x = problem_and_start(alpha=200.0 * target, target=target)
    result = optimizer(min_gradient_norm=0.0).run(problem, initial_point=x)
    assert "machine precision" in result.stopping_criterion or "rounding" in (
        result.stopping_criterion
    )
    assert result.iterations < 200
    assert result.gradient_norm < 1e-5 * np.sqrt(2 * result.cost)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("factor", [1e-3, 1.0, 2e3])
def test_a_factor_on_an_autograd_loss_changes_no_step(optimizer, factor):
    problem, x = problem_and_start(alpha=200.0)
    y = problem.loss.targets
    scaled = rg.Problem(problem.manifold, lambda u: 0.5 * factor * anp.sum((u - y) ** 2))
    wanted = optimizer(max_iterations=5).run(problem, initial_point=x)
    result = optimizer(max_iterations=5).run(scaled, initial_point=x)
    np.testing.assert_allclose(result.point.params, wanted.point.params, rtol=1e-6, atol=1e-8)


def test_duplicated_inputs_with_unequal_targets():
    # the kernel is singular and the least-squares solution no interpolation
    generator = np.random.default_rng(0)
    X = np.vstack([generator.normal(size=(20, 3))] * 2)
    y = generator.normal(size=40)
    net = rg.Network([3, 40, 1])
    M = rg.OutputManifold(net, X)
    problem, x = rg.Problem(M, rg.SquaredLoss(y)), M.point(net.init(seed=0))
    means = (y[:20] + y[20:]) / 2
    least = 0.5 * np.sum((y - np.tile(means, 2)) ** 2)
    for damping in ("gain-ratio", "kernel"):
        result = rg.LevenbergMarquardt(damping).run(problem, initial_point=x)
        assert result.cost == pytest.approx(least, rel=1e-10), damping


@pytest.mark.parametrize("seed", range(6))
def test_kernel_damping_just_above_square(seed):
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(40, 3))
    net = rg.Network([3, 8, 1])  # 41 parameters
    M = rg.OutputManifold(net, X)
    problem = rg.Problem(M, rg.SquaredLoss(np.sin(X[:, 0])))
    result = rg.LevenbergMarquardt("kernel", max_iterations=300).run(
        problem, initial_point=M.point(net.init(seed=seed))
    )
    # a mode whose eigenvalue is below the rounding of the kernel cannot be reached
    if "machine precision" in result.stopping_criterion:
        assert result.gradient_norm < 1e-6 or result.point.condition_number > 1e7


@pytest.mark.parametrize("widths", [[3, 4, 1], [3, 40, 1]])
@pytest.mark.parametrize("scale", [1e-170, 1e-155, 1e155, 1e170])
def test_jacobians_whose_squares_leave_the_range(widths, scale):
    X = np.random.default_rng(0).normal(size=(60, 3))
    net = rg.Network(widths)
    w = net.init(seed=0)
    M = rg.OutputManifold(net.scaled(scale).centred(w), X)
    x = M.point(w)
    v = np.random.default_rng(1).normal(size=60)
    plain = rg.OutputManifold(net.centred(w), X)
    np.testing.assert_allclose(
        M.projection(x, v), plain.projection(plain.point(w), v), rtol=1e-6, atol=1e-8
    )
    problem = rg.Problem(M, rg.SquaredLoss(scale * np.sin(X[:, 0])))
    try:
        result = rg.LevenbergMarquardt(max_iterations=5).run(problem, initial_point=x)
    except rg.NumericalError:
        return
    assert result.cost <= problem.cost(x)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_an_infinite_cost_at_the_start_is_said(optimizer):
    problem, x = problem_and_start()
    far = rg.Problem(problem.manifold, rg.SquaredLoss(1e200 * np.ones(60)))
    with pytest.raises(rg.NumericalError, match="initial point"):
        optimizer().run(far, initial_point=x)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_function_that_raises_outside_its_domain_is_refused_there(optimizer):
    def f(w):
        if getattr(w[0], "_value", w[0]) > 1.5:
            raise ZeroDivisionError("outside")
        return anp.stack([2.0 * w[0], w[0] ** 2, w[1]])

    M = rg.ImmersedManifold(rg.autograd_immersion(f, dim=2))
    problem = rg.Problem(M, rg.SquaredLoss(np.array([8.0, 16.0, 0.0])))
    result = optimizer(max_iterations=40).run(problem, initial_point=M.point([1.0, 1.0]))
    assert result.point.params[0] <= 1.5
    assert result.cost < 108


def test_a_retraction_beyond_the_floats_is_a_numerical_error():
    M = rg.ImmersedManifold(rg.autograd_immersion(lambda w: 1e-5 * w, dim=2))
    with pytest.raises(rg.NumericalError, match="not finite"):
        M.retraction(M.point([1e308, 0.0]), np.array([1e303, 0.0]))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_point_of_another_manifold_is_refused(optimizer):
    problem, x = problem_and_start()
    network = problem.manifold.network
    X = problem.manifold.immersion.inputs.T
    other = rg.OutputManifold(network, X + 1.0)
    with pytest.raises(ValueError, match="another manifold"):
        optimizer().run(problem, initial_point=other.point(x.params + 0.1))
    twin = rg.OutputManifold(network, X)
    result = optimizer(max_iterations=2).run(problem, initial_point=twin.point(x.params))
    assert result.point.jet.immersion is problem.manifold.immersion


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("max_iterations", -1),
        ("max_iterations", 2.5),
        ("max_iterations", None),
        ("max_time", float("nan")),
        ("max_time", "soon"),
        ("min_gradient_norm", -1.0),
        ("min_gradient_norm", float("nan")),
    ],
)
def test_limits_are_checked(optimizer, argument, value):
    with pytest.raises((ValueError, TypeError), match=argument):
        optimizer(**{argument: value})


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_no_iterations_and_a_bad_callback(optimizer):
    problem, x = problem_and_start()
    result = optimizer(max_iterations=0).run(problem, initial_point=x)
    assert result.iterations == 0
    assert result.point is x
    with pytest.raises(TypeError, match="callback"):
        optimizer().run(problem, initial_point=x, callback=3)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_an_interrupt_is_told_from_other_ends(optimizer):
    problem, x = problem_and_start()

    def interrupt(record):
        if record.iteration == 1:
            raise KeyboardInterrupt

    assert optimizer().run(problem, initial_point=x, callback=interrupt).interrupted
    assert not optimizer(max_iterations=1).run(problem, initial_point=x).interrupted


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_logs_count_from_zero_and_keep_no_jacobians(optimizer):
    problem, x = problem_and_start()
    result = optimizer(max_iterations=3, log_verbosity=1).run(problem, initial_point=x)
    log = result.log["iterations"]
    assert log["iteration"] == [record.iteration for record in result.history]
    assert all("_jacobian" not in vars(point.jet) for point in log["point"])
    assert [problem.cost(point) for point in log["point"]] == log["cost"]


def test_a_wide_ridged_run_factorises_nothing_of_size_p(monkeypatch):
    X = np.random.default_rng(0).normal(size=(20, 3))
    net = rg.Network([3, 100, 1])
    w = net.init(seed=0)
    M = rg.ImmersedManifold(net.immersion(X).ridged(1e-2, w))
    x = M.point(w)
    A = np.vstack([x.jet.inner.jacobian(), 0.1 * np.eye(net.dim)])
    v = np.random.default_rng(1).normal(size=20 + net.dim)
    wanted = np.linalg.lstsq(A, v, rcond=None)[0]
    q = A.T @ v
    monkeypatch.setattr(type(x.jet), "gram", None)
    monkeypatch.setattr(type(x.jet), "jacobian", None)
    np.testing.assert_allclose(M.lift(x, v), wanted, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(M.projection(x, v), A @ wanted, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(x.factor.transposed_lift(q), A @ wanted, rtol=1e-7, atol=1e-9)
    assert x.rank == net.dim
    assert x.condition_number == pytest.approx(np.linalg.cond(A), rel=1e-9)
    loss = DirectSumLoss(rg.SquaredLoss(np.sin(X[:, 0])), rg.SquaredLoss(np.zeros(net.dim)))
    result = rg.LevenbergMarquardt().run(rg.Problem(M, loss), initial_point=x)
    assert result.gradient_norm < 1e-7


def test_problems_and_points_survive_pickling():
    problem, x = problem_and_start()
    problem.natural().riemannian_gradient(x)
    for original in (problem, problem.natural()):
        copy = pickle.loads(pickle.dumps(original))
        assert copy.cost(x) == original.cost(x)
    assert isinstance(copy.manifold.metric, LossHessian)
    point = pickle.loads(pickle.dumps(x))
    assert np.array_equal(point.outputs, x.outputs)
    with pytest.raises(ValueError, match="read-only"):
        point.params[0] = 1.0


def test_runs_on_threads_agree_with_runs_alone():
    problem, x = problem_and_start()

    def run(_):
        return rg.LevenbergMarquardt(max_iterations=8).run(problem, initial_point=x).cost

    alone = run(0)
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(run, range(6))) == [alone] * 6


def test_an_immersions_own_derivatives_are_used():
    called = set()

    class Own(rg.Immersion):
        dim, ambient_dim = 4, 2
        A = np.arange(8.0).reshape(2, 4)

        def __call__(self, w):
            return anp.dot(self.A, w)

        def jvp(self, w, xi):
            called.add("jvp")
            return self.A @ xi

        def vjp(self, w, v):
            called.add("vjp")
            return self.A.T @ v

        def tangent_kernel(self, w):
            called.add("kernel")
            return self.A @ self.A.T

    M = rg.ImmersedManifold(Own())
    x = M.point(np.ones(4))
    v = np.array([1.0, 2.0])
    np.testing.assert_allclose(M.lift(x, v), np.linalg.lstsq(Own.A, v, rcond=None)[0], atol=1e-12)
    assert called == {"jvp", "vjp", "kernel"}


def test_a_pymanopt_cost_sees_an_array():
    problem, x = problem_and_start()
    M, y = problem.manifold, problem.loss.targets

    @pymanopt.function.numpy(M)
    def cost(u):
        return 0.5 * (u - y).dot(u - y) + 0.0 * u.sum() + 0.0 * u.copy()[0]

    assert pymanopt.Problem(M, cost).cost(x) == pytest.approx(problem.cost(x), rel=1e-14)
    with pytest.raises(ValueError, match="ambiguous"):
        bool(x)


def test_a_class_is_no_loss():
    problem, _ = problem_and_start()
    with pytest.raises(TypeError, match="class SquaredLoss"):
        rg.Problem(problem.manifold, rg.SquaredLoss)
