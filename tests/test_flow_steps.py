"""The gradient flow in steps: their orders against the flow itself, and how a run ends."""

import time
from types import SimpleNamespace

import autograd.numpy as anp
import numpy as np
import pymanopt
import pytest
import scipy.integrate
from pymanopt.manifolds import Product, Sphere

import riemgn as rg
from riemgn.optimizers import EulerSteps, TaylorSteps

N = 20
T_END = 0.25
STEPS = (0.05, 0.025, 0.0125, 0.00625)
SECOND_ORDER = ("corrected", "projection", "orthographic", "geodesic")
WEIGHT = np.linspace(1, 2, N)


def network_problem(retraction="parametric", logistic=False, metric=None):
    """A bent seven-dimensional manifold in R^20, whose residual is large, and a point of it."""
    X = np.linspace(-3, 3, N)[:, None]
    net = rg.Network([1, 2, 1])
    M = rg.OutputManifold(net, X, retraction=retraction, metric=metric)
    x = M.point([1.0, 2.0, 1.5, -2.0, 1.0, 1.0, 0.0])
    y = x.outputs + np.random.default_rng(0).normal(size=N)
    loss = rg.LogisticLoss(y > 0) if logistic else rg.SquaredLoss(y)
    return rg.Problem(M, loss), x


def flow_outputs(problem, x, weight=None, t_end=T_END):
    """The flow's outputs at t_end, from w' = -(J^T H J)^-1 J^T g through least squares."""
    f, loss = problem.manifold.immersion, problem.loss
    root = np.ones(N) if weight is None else np.sqrt(weight)

    def right_side(_, w):
        B, s = root[:, None] * f.jacobian(w), loss.gradient(f(w)) / root
        return -np.linalg.lstsq(B, s, rcond=None)[0]

    solution = scipy.integrate.solve_ivp(
        right_side, (0, t_end), x.params, method="DOP853", rtol=1e-12, atol=1e-13
    )
    assert solution.success
    return f(solution.y[:, -1])


def order(method, problem, x, exact, t_end=T_END):
    """The slope of the error at t_end over the size of the steps."""
    errors = []
    for h in STEPS:
        point = method(h, t_end).run(problem, initial_point=x).point
        errors.append(np.linalg.norm(np.asarray(point) - exact))
    assert errors[-1] < 0.05 * np.linalg.norm(np.asarray(x) - exact)
    return np.polyfit(np.log(STEPS), np.log(errors), 1)[0]


# Orders


@pytest.mark.parametrize("retraction", ["parametric", *SECOND_ORDER])
def test_euler_steps_are_of_order_1_with_every_retraction(retraction):
    problem, x = network_problem(retraction)
    exact = flow_outputs(problem, x)
    assert order(EulerSteps, problem, x, exact) == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("retraction", SECOND_ORDER)
def test_taylor_steps_are_of_order_2(retraction):
    problem, x = network_problem(retraction)
    exact = flow_outputs(problem, x)
    assert order(TaylorSteps, problem, x, exact) == pytest.approx(2, abs=0.15)


@pytest.mark.parametrize("options", [{"logistic": True}, {"metric": WEIGHT}], ids=list)
def test_orders_with_another_loss_and_in_another_metric(options):
    weight = options.get("metric")
    for method, retraction, expected in [
        (EulerSteps, "parametric", 1),
        (EulerSteps, "corrected", 1),
        (TaylorSteps, "corrected", 2),
        (TaylorSteps, "projection", 2),
    ]:
        problem, x = network_problem(retraction, **options)
        exact = flow_outputs(problem, x, weight)
        assert order(method, problem, x, exact) == pytest.approx(expected, abs=0.15)


def bare(problem):
    """The problem on its manifold, which does not state the order of its retraction."""
    M = problem.manifold
    return SimpleNamespace(
        manifold=SimpleNamespace(norm=M.norm, retraction=M.retraction),
        cost=problem.cost,
        riemannian_gradient=problem.riemannian_gradient,
        riemannian_hessian=problem.riemannian_hessian,
    )


def test_taylor_steps_would_be_of_order_1_with_the_parametric_retraction():
    problem, x = network_problem("parametric")
    exact = flow_outputs(problem, x)
    assert order(TaylorSteps, bare(problem), x, exact) == pytest.approx(1, abs=0.1)
    second, x = network_problem("corrected")
    assert order(TaylorSteps, bare(second), x, exact) == pytest.approx(2, abs=0.15)


# pymanopt's own manifolds: on the sphere flows have closed forms

A = np.diag([1.0, 2.0, 4.0])
POLE = np.array([2.0, -1.0, 2.0])
START = np.array([0.6, 0.0, -0.8])


def height_problem():
    M = Sphere(3)
    return pymanopt.Problem(
        M,
        pymanopt.function.numpy(M)(lambda x: -POLE @ x),
        euclidean_gradient=pymanopt.function.numpy(M)(lambda x: -POLE),
        euclidean_hessian=pymanopt.function.numpy(M)(lambda x, v: np.zeros(3)),
    )


def height_flow(x, t):
    """From theta' = -|a| sin theta for the angle theta to a: tan(theta / 2) falls like exp(-|a|t).

    The flow x' = a - (a.x) x stays on the great circle through a and x.
    """
    length = np.linalg.norm(POLE)
    top = POLE / length
    aside = x - (top @ x) * top
    angle = np.arctan2(np.linalg.norm(aside), top @ x)
    aside /= np.linalg.norm(aside)
    angle = 2 * np.arctan(np.tan(angle / 2) * np.exp(-length * t))
    return np.cos(angle) * top + np.sin(angle) * aside


def rayleigh_problem():
    M = Sphere(3)
    return pymanopt.Problem(
        M, pymanopt.function.autograd(M)(lambda x: 0.5 * anp.dot(x, anp.dot(A, x)))
    )


def rayleigh_flow(x, t):
    """x' = -A x + (x.A x) x is what y' = -A y is for x = y / |y|."""
    y = np.exp(-np.diag(A) * t) * x
    return y / np.linalg.norm(y)


SPHERES = {
    "height": (height_problem, height_flow),
    "rayleigh": (rayleigh_problem, rayleigh_flow),
}


@pytest.mark.parametrize(("method", "expected"), [(EulerSteps, 1), (TaylorSteps, 2)])
@pytest.mark.parametrize("cost", SPHERES)
def test_orders_on_pymanopts_sphere(cost, method, expected):
    problem, flow = SPHERES[cost][0](), SPHERES[cost][1]
    assert order(method, problem, START, flow(START, 1.0), t_end=1.0) == pytest.approx(
        expected, abs=0.1
    )


def test_points_of_a_product_of_manifolds():
    M = Product([Sphere(3), Sphere(3)])

    @pymanopt.function.autograd(M)
    def cost(x, y):
        return 0.5 * anp.dot(x, anp.dot(A, x)) + anp.dot(y, anp.dot(A, y))

    problem = pymanopt.Problem(M, cost)
    run = TaylorSteps(0.005, 0.5, log_verbosity=1).run(problem, initial_point=[START, START])
    np.testing.assert_allclose(run.point[0], rayleigh_flow(START, 0.5), atol=1e-4)
    np.testing.assert_allclose(run.point[1], rayleigh_flow(START, 1.0), atol=1e-4)
    assert len(run.log["iterations"]["point"]) == 101


def test_a_random_start_where_none_is_given():
    problem = height_problem()
    state = np.random.get_state()  # noqa: NPY002 - pymanopt draws from the global state
    try:
        np.random.seed(1)  # noqa: NPY002
        run = EulerSteps(0.1, 20.0).run(problem)
    finally:
        np.random.set_state(state)  # noqa: NPY002
    np.testing.assert_allclose(run.point, POLE / 3, atol=1e-8)
    assert isinstance(EulerSteps(0.1, 0.1).run(network_problem()[0]).point, rg.Point)


# Steps


def test_the_displacements_are_retracted():
    problem, x = network_problem("corrected")
    M, h = problem.manifold, 0.03
    gradient = problem.riemannian_gradient(x)
    bent = problem.riemannian_hessian(x, gradient)
    euler = EulerSteps(h, h).run(problem, initial_point=x).point
    np.testing.assert_array_equal(euler.params, M.retraction(x, -h * gradient).params)
    taylor = TaylorSteps(h, h).run(problem, initial_point=x).point
    by_hand = M.retraction(x, -h * gradient + h**2 / 2 * bent)
    np.testing.assert_allclose(taylor.params, by_hand.params, rtol=1e-14)


@pytest.mark.parametrize("logistic", [False, True])
def test_on_the_natural_problem_euler_steps_are_those_of_gauss_newton(logistic):
    problem, x = network_problem(logistic=logistic)
    peer = rg.GaussNewton(0.05, max_iterations=4).run(problem, initial_point=x)
    steps = EulerSteps(0.05, 0.2).run(problem.natural(), initial_point=x)
    np.testing.assert_allclose(steps.point.params, peer.point.params, rtol=1e-12)
    own = EulerSteps(0.05, 0.2).run(problem, initial_point=x).point
    assert np.allclose(own.params, peer.point.params) != logistic


@pytest.mark.parametrize(
    ("h", "t_end", "count"),
    [
        (0.1, 0.25, 3),
        (0.1, 0.3, 3),
        (0.1, 0.7, 7),
        (0.1, 1.1, 11),  # 1.1 / 0.1 > 11 in floats
        (1 / 3, 1.0, 3),
        (0.01, 2.99, 299),
        (0.3, 0.1, 1),
        (0.1, 0.1, 1),
        (7e-4, 0.1, 143),
    ],
)
def test_the_run_arrives_exactly_at_its_end(h, t_end, count):
    problem = height_problem()
    run = EulerSteps(h, t_end, log_verbosity=1).run(problem, initial_point=START)
    times = np.array(run.log["iterations"]["time"])
    assert run.iterations == count
    assert times[0] == 0
    assert times[-1] == t_end
    np.testing.assert_array_equal(times[:-1], np.arange(count) * h)
    assert run.stopping_criterion == (
        f"Terminated - time {t_end:g} of the flow reached after {count} steps."
    )
    # the last step is as long as the time that it covers
    before = run.log["iterations"]["point"][-2]
    step = -(t_end - times[-2]) * problem.riemannian_gradient(before)
    np.testing.assert_allclose(run.point, problem.manifold.retraction(before, step), rtol=1e-14)


def test_order_2_with_a_shortened_last_step():
    problem = rayleigh_problem()
    assert order(TaylorSteps, problem, START, rayleigh_flow(START, 1.003), 1.003) == pytest.approx(
        2, abs=0.1
    )


def test_at_a_critical_point_time_passes_and_nothing_moves():
    problem, top = height_problem(), POLE / 3
    run = TaylorSteps(0.1, 0.5, log_verbosity=1).run(problem, initial_point=top)
    assert run.iterations == 5
    np.testing.assert_allclose(run.point, top, atol=1e-15)


# The log and the result


@pytest.mark.parametrize("method", [EulerSteps, TaylorSteps])
def test_the_log_keeps_every_iterate(method):
    problem, x = network_problem("corrected")
    run = method(0.1, 0.35, log_verbosity=1).run(problem, initial_point=x)
    log = run.log["iterations"]
    assert log["iteration"] == [0, 1, 2, 3, 4]
    np.testing.assert_allclose(log["time"], [0, 0.1, 0.2, 0.3, 0.35], rtol=1e-15)
    np.testing.assert_array_equal(log["point"][0].params, x.params)
    np.testing.assert_array_equal(log["point"][-1].params, run.point.params)
    assert [problem.cost(point) for point in log["point"]] == log["cost"]
    norms = [problem.manifold.norm(u, problem.riemannian_gradient(u)) for u in log["point"]]
    np.testing.assert_allclose(log["gradient_norm"], norms, rtol=1e-12)
    assert np.all(np.diff(log["cost"]) < 0)
    assert (run.cost, run.gradient_norm) == (log["cost"][-1], log["gradient_norm"][-1])
    assert (run.iterations, run.cost_evaluations, run.step_size) == (4, 5, 0.1)
    assert 0 < run.time < 10
    assert run.log["optimizer"] == method.__name__
    assert run.log["optimizer_parameters"] == {"step_size": 0.1, "t_end": 0.35}


def test_nothing_is_kept_or_printed_unasked(capsys):
    problem, x = network_problem()
    run = EulerSteps(0.1, 0.2).run(problem, initial_point=x)
    assert run.log["iterations"] is None
    assert capsys.readouterr().out == ""
    EulerSteps(0.1, 0.2, verbosity=1).run(problem, initial_point=x)
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_runs_of_one_optimizer_do_not_mix():
    problem, x = network_problem()
    optimizer = EulerSteps(0.1, 0.2, log_verbosity=1)
    first = optimizer.run(problem, initial_point=x)
    second = optimizer.run(problem, initial_point=x)
    assert len(first.log["iterations"]["point"]) == len(second.log["iterations"]["point"]) == 3


# Endings


def test_limits_end_a_run():
    problem, x = network_problem()
    run = EulerSteps(0.01, 1.0, max_iterations=7, log_verbosity=1).run(problem, initial_point=x)
    assert run.iterations == 7
    assert "max iterations" in run.stopping_criterion
    assert run.log["iterations"]["time"][-1] == pytest.approx(0.07)
    none = EulerSteps(0.01, 1.0, max_iterations=0).run(problem, initial_point=x)
    assert none.iterations == 0
    assert none.cost == problem.cost(x)


def test_the_time_limit_is_kept():
    M = Sphere(3)

    @pymanopt.function.numpy(M)
    def cost(x):
        time.sleep(0.01)
        return float(-POLE @ x)

    gradient = pymanopt.function.numpy(M)(lambda x: -POLE)
    problem = pymanopt.Problem(M, cost, euclidean_gradient=gradient)
    run = EulerSteps(0.01, 10.0, max_time=0.1).run(problem, initial_point=START)
    assert "max time" in run.stopping_criterion
    assert 0 < run.iterations < 11
    assert 0.1 <= run.time < 5


def test_a_step_out_of_the_domain_ends_the_run_at_the_last_good_point():
    M = rg.ImmersedManifold(rg.autograd_immersion(lambda w: anp.log(w), dim=2))
    problem = rg.Problem(M, rg.SquaredLoss([-3.0, 0.0]))
    x = M.point([1.0, 1.5])
    run = EulerSteps(0.4, 4.0, log_verbosity=1).run(problem, initial_point=x)
    # w1' = -w1 (log w1 + 3): the first step goes to w1 = 1 - 1.2 < 0
    assert run.iterations == 0
    assert run.point is x
    assert run.stopping_criterion == (
        "Terminated - the step from time 0 fails: the cost is not finite where it leads."
    )
    assert run.log["iterations"]["time"] == [0]
    finer = EulerSteps(0.05, 4.0).run(problem, initial_point=x)
    assert "reached" in finer.stopping_criterion
    assert finer.cost < 1e-3 * problem.cost(x)


def runaway(threshold, fault):
    """A problem on the sphere with a fault above a height, and the gradient that climbs to it."""
    M = Sphere(3)

    def faulty(what):
        def of(x):
            return fault(x, what) if x[2] > threshold else np.array([0.0, 0.0, -1.0])

        return of

    cost = pymanopt.function.numpy(M)(lambda x: -x[2] + 0 * np.sum(faulty("cost")(x)))
    gradient = pymanopt.function.numpy(M)(faulty("gradient"))
    return pymanopt.Problem(M, cost, euclidean_gradient=gradient)


def raises(x, what):
    if what == "gradient":
        raise FloatingPointError("the gradient overflows")
    return np.zeros(3)


FAULTS = {
    "nan": (lambda x, what: np.full(3, np.nan), "the cost is not finite where it leads"),
    "gradient": (
        lambda x, what: np.full(3, np.nan if what == "gradient" else 0),
        "the gradient's norm is not finite where it leads",
    ),
    "raises": (raises, "the gradient overflows"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_trouble_on_the_way_ends_the_run_before_it(fault):
    of, words = FAULTS[fault]
    problem = runaway(0.5, of)
    run = EulerSteps(0.1, 10.0, log_verbosity=1).run(problem, initial_point=START)
    log = run.log["iterations"]
    assert 0 < run.iterations < 30
    assert log["time"] == [0.1 * k for k in range(run.iterations + 1)]
    assert log["point"][-1] is run.point
    assert 0.4 < run.point[2] <= 0.5
    assert run.cost == -run.point[2]
    assert run.cost_evaluations == run.iterations + 2
    assert run.stopping_criterion == (
        f"Terminated - the step from time {log['time'][-1]:g} fails: {words}."
    )


@pytest.mark.parametrize("fault", FAULTS)
def test_trouble_at_the_start_is_an_error(fault):
    of, words = FAULTS[fault]
    words = words.replace("where it leads", "at the initial point")
    with pytest.raises(ArithmeticError, match=words):
        EulerSteps(0.1, 1.0).run(runaway(-1.0, of), initial_point=START)


def test_minimize_takes_them():
    problem, x = network_problem("corrected")
    for method in (EulerSteps(0.1, 0.4), TaylorSteps(0.1, 0.4)):
        own = method.run(problem, initial_point=x)
        run = rg.minimize(problem, x, method)
        assert run.iterations == 4
        np.testing.assert_allclose(run.point.params, own.point.params, rtol=1e-13)
        assert not run.success
        assert "time 0.4 of the flow reached" in run.stopping_criterion


# Arguments


def test_a_retraction_of_order_1_is_refused():
    problem, x = network_problem("parametric")
    with pytest.raises(ValueError, match=r"'parametric' of order 1; .*corrected, projection"):
        TaylorSteps(0.1, 1.0).run(problem, initial_point=x)


@pytest.mark.parametrize("retraction", ["parametric", "corrected"])
def test_a_metric_that_varies_is_refused_before_the_first_step(retraction):
    problem, x = network_problem(retraction, logistic=True)
    optimizer = TaylorSteps(0.1, 1.0, log_verbosity=1)
    with pytest.raises(NotImplementedError, match=r"TaylorSteps needs problem\.riemannian_hessian"):
        optimizer.run(problem.natural(), initial_point=x)


@pytest.mark.parametrize("method", [EulerSteps, TaylorSteps])
def test_arguments_are_checked(method):
    for value, error in [
        (0, ValueError),
        (-1.0, ValueError),
        (np.nan, ValueError),
        ("a", TypeError),
    ]:
        with pytest.raises(error, match="step_size"):
            method(value, 1.0)
        with pytest.raises(error, match="t_end"):
            method(0.1, t_end=value)
    with pytest.raises(ValueError, match="max_iterations"):
        method(0.1, 1.0, max_iterations=-1)
    with pytest.raises(ValueError, match="max_time"):
        method(0.1, 1.0, max_time=0)
    problem, x = network_problem("corrected")
    with pytest.raises(TypeError, match=r"problem must be a pymanopt.Problem, got ndarray"):
        method(0.1, 1.0).run(np.ones(3), initial_point=x)
    with pytest.raises(TypeError, match="initial_point"):
        method(0.1, 1.0).run(problem, initial_point=x.params)
    with pytest.raises(ValueError, match="initial_point"):
        method(0.1, 1.0).run(
            problem,
            initial_point=rg.OutputManifold(rg.Network([1, 3, 1]), np.ones((N, 1))).random_point(
                seed=0
            ),
        )


def test_an_interruption_hands_back_the_last_point():
    M = rg.ImmersedManifold(rg.autograd_immersion(lambda w: w, dim=2))
    calls = []

    class Interrupted(rg.SquaredLoss):
        def gradient(self, u):
            calls.append(u)
            if len(calls) == 4:
                raise KeyboardInterrupt
            return super().gradient(u)

    problem = rg.Problem(M, Interrupted(np.ones(2)))
    result = EulerSteps(0.1, 1.0).run(problem, initial_point=M.point([0.0, 0.0]))
    assert "interrupted at time 0.2" in result.stopping_criterion
    assert np.asarray(result.point) == pytest.approx(np.full(2, 1 - 0.9**2))
    calls.clear()
    watched = rg.minimize(problem, M.point([0.0, 0.0]), EulerSteps(0.1, 1.0))
    assert watched.ending is rg.optimizers.Ending.INTERRUPTED
