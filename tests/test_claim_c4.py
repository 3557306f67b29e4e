"""C4: stretched coordinates, best steps of gradient descent, and verdicts on other flows."""

import json
from dataclasses import replace

import numpy as np
import pytest
from broken_flows import at_speed, time_average

import riemgn as rg
from riemgn.plotting.style import new_figure
from riemgn.reproduction import conditioning, conditioning_verdict, gradient_descent
from riemgn.reproduction.conditioning import CLAIM
from riemgn.reproduction.conditioning_verdict import predicted_descent
from riemgn.reproduction.problems import named_case
from riemgn.reproduction.stretched import slowest_mode, stretched

pytestmark = pytest.mark.slow

SMALL = {
    "seeds": 1,
    "decades": (0, 4, 12),
    "descent_decades": (2, 4, 6, 12),
    "subjects": (("regression", 1024.0, 12, True),),
}


@pytest.fixture(scope="module")
def verdict():
    return CLAIM.verdict(SMALL)


@pytest.fixture(scope="module")
def optimum():
    subject = named_case("regression", 1024.0, 0)
    found = rg.minimize(subject.problem, subject.point, tolerance=1e-12)
    return subject.problem, found.point


def failing(verdict):
    return [check.name for check in verdict.checks if not check.holds]


def test_the_small_claim_holds(verdict):
    assert verdict.holds, failing(verdict)
    rates = verdict.arrays["regression, alpha 1024|rate"]
    descent = verdict.arrays["regression, alpha 1024|descent"]
    assert np.ptp(rates) < 0.01 * rates.mean()
    assert descent[0, -1] < 1e-10


@pytest.mark.parametrize("decades", [0, 2, 8, 12])
def test_a_stretched_problem_has_its_condition_number_and_the_same_outputs(decades):
    subject = named_case("diabetes", 1024.0, 0)
    at = stretched(subject.problem, subject.point, decades, 3)
    start = at.point
    singular = np.linalg.svd(start.jacobian, compute_uv=False)
    assert (singular[0] / singular[-1]) ** 2 == pytest.approx(10.0**decades, rel=1e-4)
    np.testing.assert_allclose(np.asarray(start), np.asarray(subject.point), atol=1e-8)
    Q, own = np.linalg.qr(subject.point.jacobian)[0], np.linalg.qr(start.jacobian)[0]
    np.testing.assert_allclose(Q @ (Q.T @ own), own, atol=10 ** (decades / 2 - 11))


def test_the_slowest_mode_is_that_of_the_hessian_by_differences(optimum):
    problem, point = optimum
    at = stretched(problem, point, 2, 0)
    f, loss, z = at.problem.manifold.immersion, at.problem.loss, at.point.params

    def gradient(z):
        return f.jacobian(z).T @ loss.gradient(f(z))

    step = 1e-3
    H = np.stack(
        [(gradient(z + step * e) - gradient(z - step * e)) / (2 * step) for e in np.eye(z.size)]
    )
    values, vectors = np.linalg.eigh(0.5 * (H + H.T))
    mode = slowest_mode(at, problem)
    assert mode.least == pytest.approx(values[0], rel=1e-3)
    assert mode.largest == pytest.approx(values[-1], rel=1e-4)
    assert abs(mode.direction @ vectors[:, 0]) == pytest.approx(1, abs=1e-3)


def test_the_best_step_is_stable_and_little_more_is_not(optimum):
    problem, point = optimum
    at = stretched(problem, point, 2, 0)
    mode, z = slowest_mode(at, problem), at.point.params
    start = at.problem.manifold.point(z + 1e-3 * np.random.default_rng(0).normal(size=z.size))
    least = at.problem.cost(at.point)

    def gaps(length):
        return gradient_descent._losses(at.problem, start, length, 300) - least

    best = gaps(2 / (mode.least + mode.largest))
    assert best[-1] < 1e-4 * best[0]
    beyond = gaps(2.1 / mode.largest)[:40]
    assert beyond[-1] > 2 * beyond[0]


def test_the_predicted_rate_is_that_of_a_quadratic():
    for condition in (3.0, 50.0):
        values, z = np.array([1.0, condition]), np.array([1.0, 1.0])
        length = 2 / values.sum()
        gaps = [values @ z**2]
        for _ in range(4):
            z = z - length * values * z
            gaps.append(values @ z**2)
        ratios = np.log(np.array(gaps[:-1]) / gaps[1:])
        np.testing.assert_allclose(ratios, predicted_descent(np.array(condition)), rtol=1e-12)


def fixed_damping(problem, point, t_end, **options):
    return rg.levenberg_marquardt_flow(problem, point, t_end, damping=0.3, **options)


@pytest.mark.slow
@pytest.mark.parametrize("flow", [rg.gradient_flow, fixed_damping])
def test_another_flow_does_not_pass(flow, monkeypatch):
    monkeypatch.setattr(conditioning, "MOST_EVALUATIONS", 800)
    small = {**SMALL, "decades": (0, 2, 8), "descent_decades": (2, 4)}
    broken = CLAIM.verdict(small, flow=flow)
    assert "regression, alpha 1024: spread of the rate of Gauss-Newton" in failing(broken)


def average_that_hides(*args, **options):
    """Averaged parameters with the losses and outputs of those that were averaged."""
    path = rg.gauss_newton_flow(*args, **options)
    count = np.arange(1, len(path) + 1)[:, None]
    return replace(path, params=np.cumsum(path.params, axis=0) / count)


@pytest.mark.parametrize(
    "flow",
    [at_speed(0.5), at_speed(0.1), at_speed(0.98), at_speed(1.1), time_average, average_that_hides],
    ids=["half", "tenth", "slow", "fast", "average", "hidden average"],
)
def test_a_flow_with_one_rate_that_is_another_does_not_pass(flow):
    small = {**SMALL, "decades": (0, 4, 12), "descent_decades": (2, 4)}
    name = "regression, alpha 1024: error of the rate of the flow linearised at the optimum"
    assert name in failing(CLAIM.verdict(small, flow=flow))


def test_a_flow_that_does_not_arrive_is_told_and_left_out():
    small = {"seeds": 1, "decades": (0, 2), "descent_decades": (2,)}
    found = CLAIM.verdict({**small, "subjects": (("regression", 16.0, 12, True),)})
    assert failing(found) == ["regression, alpha 16: share of flows that arrive"]
    assert "1 of 1 Gauss-Newton flows do not come to t = 16" in found.findings[0]


def test_where_the_rate_moves_is_told(verdict):
    assert any("moves by less than 5 % up to 1e12" in told for told in verdict.findings)
    decades, claimed = np.array([0, 2, 14, 16]), np.array([True, True, False, False])
    rates = np.array([[2.0, 2.0, 2.02, 1.4], [1.0, 1.0, 1.0, np.nan]])
    told = conditioning_verdict._where_it_moves("x", rates, decades, claimed)
    assert "begins to move between 1e14 and 1e16, condition numbers of J^T J" in told
    assert "at 1e16 it has moved by up to 30% and 1 of 2 flows have none." in told
    told = conditioning_verdict._where_it_moves("x", np.full((2, 4), np.nan), decades, claimed)
    assert told == (
        "x: the rate of Gauss-Newton is not one at any condition number: "
        "at 1e0 2 of 2 flows have none."
    )


def test_how_gradient_descent_is_measured_is_told(verdict):
    assert any("Above it no step is made" in told for told in verdict.findings)


def test_pieces_are_distinct_and_json():
    for settings in (CLAIM.quick, CLAIM.full):
        pieces = CLAIM.pieces(**settings)
        texts = {json.dumps(piece) for piece in pieces}
        assert len(texts) == len(pieces) == settings["seeds"] * len(conditioning.SUBJECTS)


def test_the_figure_is_drawn(verdict):
    figure = new_figure()
    CLAIM.draw(verdict, figure)
    assert len(figure.axes) == 2
    assert all(axes.get_xlabel() and axes.get_ylabel() for axes in figure.axes)
    json.dumps([verdict.predicted, verdict.measured])
