"""The bare loops that recorded runs are compared with do what the runs do."""

import numpy as np
import pytest

import riemgn as rg
from riemgn.benchmark import markdown, recording
from riemgn.benchmark.recording import RecordingRow, cost_and_gradient


@pytest.fixture
def case():
    X = np.random.default_rng(0).normal(size=(20, 3))
    y = np.sin(X.sum(axis=1))
    net = rg.Network([3, 4, 1])
    return X, y, rg.Problem(rg.OutputManifold(net, X), rg.SquaredLoss(y)), net.init(seed=0)


def test_the_loops_have_the_cost_and_the_gradient_of_the_problem(case):
    X, y, problem, w = case
    x = problem.manifold.point(w)
    cost, gradient = cost_and_gradient(X, y, 4)(w)
    assert cost == pytest.approx(problem.cost(x), rel=1e-12)
    np.testing.assert_allclose(gradient, x.jacobian.T @ (x.outputs - y), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("name", recording.METHODS)
def test_a_loop_makes_the_steps_of_its_method(case, name, monkeypatch):
    monkeypatch.setattr(recording, "STEPS", 9)
    X, y, problem, w = case
    costs, bare = [], cost_and_gradient(X, y, 4)

    def watched(params):
        cost, gradient = bare(params)
        costs.append(cost)
        return cost, gradient

    method, loop = recording.METHODS[name]
    loop(watched, w)
    run = rg.minimize(problem, problem.manifold.point(w), method, max_iterations=9, tolerance=0)
    recorded = [record.cost for record in run.history]
    if name == "L-BFGS":  # which also tries points that are no iterates
        assert min(costs) == pytest.approx(min(recorded), rel=1e-9)
    else:
        np.testing.assert_allclose(recorded[:9], costs, rtol=1e-9)


def test_the_table_has_a_row_for_each_size():
    told = markdown.recording([RecordingRow(50, 21, {"Adam": 5.26, "L-BFGS": 3.9})])
    assert told.splitlines() == [
        "| samples, weights | Adam | L-BFGS |",
        "| --- | --: | --: |",
        "| 50, 21 | 5.3 | 3.9 |",
    ]
