"""That runs are alike, quiet, and leave nothing of the caller's changed."""

import io
import logging
import pickle
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr, redirect_stdout

import autograd.numpy as anp
import numpy as np
import pytest
from contract_cases import (
    KERNEL,
    METHODS,
    PROBLEMS,
    SWARMS,
    each_method,
    each_pair,
    generic,
    narrow,
    suited,
    wide,
)
from pymanopt.optimizers.optimizer import Optimizer

import riemgn as rg
from riemgn.optimizers import Ending

pytestmark = pytest.mark.slow


@each_method
def test_an_instance_and_the_callers_arrays_stay_as_they_are(name):
    problem, x = suited(name)
    w, y = x.params.copy(), problem.loss.targets.copy()
    method = METHODS[name]()
    before = pickle.dumps(vars(method)) if not isinstance(method, str) else None
    rg.minimize(problem, x, method, max_iterations=2)
    if before is not None:
        assert pickle.dumps(vars(method)) == before
    assert np.array_equal(x.params, w)
    assert np.array_equal(problem.loss.targets, y)
    assert np.array_equal(np.asarray(x), problem.manifold.immersion(w))


@pytest.mark.parametrize(
    "name", [name for name in METHODS if isinstance(METHODS[name](), Optimizer)]
)
def test_an_instances_own_limits_hold(name):
    problem, x = suited(name)
    method = METHODS[name]()
    method._max_iterations = 1
    result = rg.minimize(problem, x, method)
    assert (result.iterations, result.ending) == (1, Ending.LIMIT)
    assert rg.minimize(problem, x, method, max_iterations=2).iterations == 2
    method._max_time = 1e-9
    result = rg.minimize(problem, x, method)
    assert (result.iterations, result.ending) == (0, Ending.LIMIT)


@each_pair
def test_two_runs_are_the_same_bit_for_bit(name, shape):
    if name == "ParticleSwarm":
        pytest.skip("pymanopt draws from numpy's global state there")
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    runs = [
        rg.minimize(*PROBLEMS[shape](), METHODS[name](), max_iterations=3, tolerance=0)
        for _ in range(2)
    ]
    assert np.array_equal(runs[0].point.params, runs[1].point.params)
    assert [record.cost for record in runs[0].history] == [r.cost for r in runs[1].history]
    assert np.array_equal(np.random.get_state()[1], state)  # noqa: NPY002


@pytest.mark.parametrize("name", ["auto", "newton", "levenberg-marquardt"])
@pytest.mark.parametrize("problem", [generic, narrow, wide])
def test_runs_at_once_agree_with_runs_alone(name, problem):
    def run(_):
        return rg.minimize(*problem(), name, max_iterations=15).point.params

    alone = run(0)
    with ThreadPoolExecutor(3) as pool:
        assert all(np.array_equal(params, alone) for params in pool.map(run, range(6)))


def test_threads_trace_one_at_a_time():
    # autograd numbers the traces of all threads with one counter, and warnings has one filter
    A = np.random.default_rng(0).normal(size=(5, 3))
    under_way = [0, 0]

    def f(w):
        under_way[0] += 1
        under_way[1] = max(under_way)
        time.sleep(2e-4)  # here another thread may take its turn
        under_way[0] -= 1
        return anp.dot(A, w)

    immersion = rg.autograd_immersion(f, dim=3, ambient_dim=5)
    w = np.ones(3)

    def derivatives(_):
        return immersion.jacobian(w), immersion.second_derivative(w, w, w)

    with ThreadPoolExecutor(3) as pool:
        for J, bend in pool.map(derivatives, range(30)):
            np.testing.assert_allclose(J, A, rtol=1e-15)
            assert not np.any(bend)
    assert under_way == [0, 1]


@pytest.mark.parametrize("shape", ["narrow", "wide", "labelled"])
def test_results_pickle(shape):
    result = rg.minimize(*PROBLEMS[shape](), max_iterations=4, record_points=True)
    copy = pickle.loads(pickle.dumps(result))
    assert repr(copy) == repr(result)
    assert np.array_equal(copy.history[-1].point.params, result.point.params)
    assert copy.optimality == result.optimality


@each_method
@pytest.mark.parametrize("verbosity", [0, 1])
def test_it_is_silent_unless_asked(name, verbosity):
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        result = rg.minimize(*suited(name), METHODS[name](), max_iterations=2, verbosity=verbosity)
    assert err.getvalue() == ""
    lines = out.getvalue().splitlines()
    assert len(lines) == (len(result.history) + 1 if verbosity else 0)
    if verbosity:
        assert f"{result.history[0].cost:.8e}" in lines[1]


def test_messages_go_to_the_riemgn_logger_alone(caplog):
    handlers, level = list(logging.root.handlers), logging.root.level
    with caplog.at_level(logging.DEBUG, logger="riemgn"):
        result = rg.minimize(*generic())
    assert {message.name for message in caplog.records} == {"riemgn"}
    assert repr(result) in caplog.text
    assert len(caplog.records) == len(result.history) + 1
    assert (logging.root.handlers, logging.root.level) == (handlers, level)
    assert not logging.getLogger("riemgn").handlers


def test_the_kernel_damping_says_what_it_needs():
    with pytest.raises(ValueError, match="needs p >= n"):
        rg.minimize(*generic(), METHODS[KERNEL]())


ACTIVATIONS = ("tanh", "softplus", "sin", "identity", "sigmoid", "gelu")


def any_problem(generator):
    """A network of any shape and scale, with targets of any size and any loss."""

    def power(least, most):
        return 10.0 ** generator.integers(least, most)

    kind = generator.choice(["squared", "huber", "logistic", "poisson", "softmax"])
    hidden = generator.integers(1, 7, size=generator.integers(0, 3))
    widths = [int(generator.integers(1, 4)), *map(int, hidden), 3 if kind == "softmax" else 1]
    X = generator.normal(size=(int(generator.integers(1, 25)), widths[0])) * power(-2, 3)
    net = rg.Network(widths, activation=str(generator.choice(ACTIVATIONS)))
    w = net.init(seed=generator) * power(-1, 2)
    y = generator.normal(size=len(X)) * power(-3, 4)
    loss = {
        "squared": lambda: rg.SquaredLoss(y),
        "huber": lambda: rg.HuberLoss(y, 1.0),
        "logistic": lambda: rg.LogisticLoss(y > 0),
        "poisson": lambda: rg.PoissonLoss(np.floor(np.abs(y))),
        "softmax": lambda: rg.SoftmaxLoss(generator.integers(0, 3, size=len(X)), classes=3),
    }[kind]()
    M = rg.OutputManifold(net.scaled(power(-3, 4)), X)
    return rg.Problem(M, loss), M.point(w)


@pytest.mark.parametrize("name", [name for name in METHODS if name not in (*SWARMS, KERNEL)])
def test_any_network_with_any_loss_gives_a_sound_result_or_a_documented_error(name):
    generator = np.random.default_rng(0)
    for _ in range(30):
        try:
            problem, x = any_problem(generator)
            result = rg.minimize(problem, x, METHODS[name](), max_iterations=20)
        except rg.NumericalError:
            continue
        assert np.all(np.isfinite(result.point.params))
        first = result.history[0]
        assert result.cost <= first.cost + 10 * first.optimality.rounding
        if not result.success:
            assert result.ending not in (Ending.OPTIMAL, Ending.PRECISION)
        else:
            assert result.optimality.is_met(1e-8)
