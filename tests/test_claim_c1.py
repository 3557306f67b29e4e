"""C1: both flows against scipy's, and what the verdict does with other flows."""

import json
from dataclasses import replace

import numpy as np
import pytest
import scipy.integrate

import riemgn as rg
from riemgn.plotting.style import new_figure
from riemgn.reproduction import equivalence
from riemgn.reproduction.claim import Measured
from riemgn.reproduction.equivalence import CLAIM, TIMES, running_difference
from riemgn.reproduction.problems import named_case

pytestmark = pytest.mark.slow

SMALL = {
    "seeds": 1,
    "tolerances": (1e-6, 1e-10),
    "subjects": (("regression", 128.0, False), ("regression", 2048.0, True)),
}


@pytest.fixture(scope="module")
def verdict():
    return CLAIM.verdict(SMALL)


def failing(verdict):
    return [check.name for check in verdict.checks if not check.holds]


def test_the_small_claim_holds(verdict):
    assert verdict.holds, failing(verdict)
    assert len(verdict.checks) == 8
    assert verdict.arrays["regression, alpha 128|differences"].shape == (1, TIMES.size)


@pytest.mark.parametrize("flow", [rg.gauss_newton_flow, rg.riemannian_gradient_flow])
@pytest.mark.parametrize(("case", "alpha"), [("regression", 128.0), ("breast_cancer", 128.0)])
def test_the_flows_are_those_that_scipy_integrates(flow, case, alpha):
    subject = named_case(case, alpha, 0)
    f, loss = subject.problem.manifold.immersion, subject.problem.loss

    def velocity(_, w):
        return -np.linalg.lstsq(f.jacobian(w), loss.gradient(f(w)), rcond=None)[0]

    exact = scipy.integrate.solve_ivp(
        velocity, (0, 1), subject.point.params, method="LSODA", rtol=1e-10, atol=1e-12
    )
    outputs = flow(subject.problem, subject.point, 1.0, tolerance=1e-9).outputs[-1]
    np.testing.assert_allclose(outputs, f(exact.y[:, -1]), atol=1e-6)


def running_mean(*args, **options):
    """The Gauss-Newton flow with each state replaced by the mean of those before it."""
    path = rg.gauss_newton_flow(*args, **options)
    count = np.arange(1, len(path) + 1)[:, None]
    return replace(
        path,
        params=np.cumsum(path.params, axis=0) / count,
        outputs=np.cumsum(path.outputs, axis=0) / count,
    )


def slow(problem, point, t_end, **options):
    """The same curve at another speed: late by a part in 1e5."""
    times = options.pop("times", None)
    times = None if times is None else np.asarray(times) * (1 - 1e-5)
    path = rg.gauss_newton_flow(problem, point, t_end, times=times, **options)
    return replace(path, times=path.times / (1 - 1e-5))


def damped(*args, **options):
    return rg.levenberg_marquardt_flow(*args, damping=1e-3, **options)


@pytest.mark.slow
@pytest.mark.parametrize("flow", [rg.gradient_flow, running_mean, slow, damped])
def test_another_flow_does_not_pass(flow, monkeypatch):
    monkeypatch.setattr(equivalence, "MOST_EVALUATIONS", 500)
    small = {"seeds": 1, "tolerances": (1e-10,), "subjects": (("regression", 2048.0, True),)}
    broken = CLAIM.verdict(small, flow=flow)
    assert not broken.holds
    if flow is not rg.gradient_flow:  # which ends before the first common time
        assert "regression, alpha 2048: difference of the two flows" in failing(broken)
    if flow is slow:
        assert "regression, alpha 2048: order of second-order steps" in failing(broken)


def cut(at, completed):
    """The Gauss-Newton flow, which stops at a time and says so or does not."""

    def flow(*args, **options):
        path = rg.gauss_newton_flow(*args, **options)
        return replace(path[path.times <= at], completed=completed, ending="it was stopped")

    return flow


@pytest.mark.parametrize(("at", "completed"), [(1.0, False), (1.0, True), (0.05, False)])
def test_a_flow_that_stops_where_that_in_outputs_does_not_does_not_pass(at, completed):
    small = {"seeds": 1, "tolerances": (1e-10,), "subjects": (("regression", 2048.0, False),)}
    stopped = CLAIM.verdict(small, flow=cut(at, completed))
    assert failing(stopped) == ["regression, alpha 2048: share of the time that is reached"]
    assert stopped.checks[-1].measured < 0.2
    if not completed:
        assert (
            "Seed 0, in parameters: it was stopped; in outputs: the last time is reached."
            in (stopped.findings[0])
        )
    assert not any("edge" in told for told in stopped.findings)


def ending(own, outputs, completed=(False, False), fallen=1.0):
    """A piece of C1 as far as its ends are concerned."""
    arrays = {
        "differences": np.full((1, TIMES.size), 1e-12),
        "compared": np.array(50),
        "completed": np.array(completed),
        "ends": np.array([own, outputs]),
        "endings": np.array(["rank is lost", "its evaluations are spent"]),
        "lengths": np.array([1.0, 9.0]),
        "singular_values": np.array([1.0, 1 / fallen]),
        "euler": np.array([]),
        "taylor": np.array([]),
    }
    return Measured({"seed": 3, "case": "deep", "alpha": 2.0, "tolerances": [1e-10]}, arrays)


def test_early_ends_must_nearly_be_the_same():
    assert CLAIM.judge([ending(0.23, 0.27)]).holds
    for piece in (
        ending(0.2, 0.27),
        ending(0.27, 0.2),
        ending(6.0, 0.27, completed=(True, False)),
    ):
        assert failing(CLAIM.judge([piece])) == [
            "deep, alpha 2: common share of the two early ends"
        ]
    mixed = CLAIM.judge([ending(0.23, 0.27), ending(5.9, 6.0, completed=(False, True))])
    assert failing(mixed) == ["deep, alpha 2: share of the time that is reached"]


def test_an_edge_is_told_only_where_rank_is_nearly_lost():
    [told] = CLAIM.judge([ending(0.23, 0.27, fallen=900.0)]).findings
    assert "in parameters: rank is lost; in outputs: its evaluations are spent." in told
    assert "edge" not in told
    _, edge = CLAIM.judge([ending(0.23, 0.27, fallen=1100.0)]).findings
    assert "1 of these 1 come to an edge of M" in edge
    assert "by a factor of 1e+03, |w| grows 9.0 times" in edge


def test_a_running_difference_is_the_largest_so_far():
    path = rg.gauss_newton_flow(*_start(), 6.0, times=[0.0, 1.0, 2.0, 6.0])
    nudged = path.outputs.copy()
    nudged[1, 5] += 3.0
    nudged[3, 7] -= 7.0
    size = np.abs(path.outputs).max()
    found = running_difference(replace(path, outputs=nudged), path)
    expected = np.where(TIMES < 1, 0, np.where(TIMES < 6, 3, 7)) / size
    np.testing.assert_allclose(found, expected, rtol=1e-14)
    early = running_difference(replace(path, outputs=nudged)[:3], path)
    assert np.isnan(early[TIMES > 2]).all()
    np.testing.assert_array_equal(np.isnan(early), TIMES > 2)
    assert np.isnan(running_difference(path[:0], path)).all()


def _start():
    subject = named_case("regression", 2048.0, 0)
    return subject.problem, subject.point


@pytest.mark.slow
def test_a_flow_that_ends_early_is_told_and_still_compared(monkeypatch):
    monkeypatch.setattr(equivalence, "MOST_EVALUATIONS", 400)
    subjects = (("regression", 16.0, False),)
    found = CLAIM.verdict({"seeds": 1, "tolerances": (1e-8,), "subjects": subjects})
    told, edge = found.findings
    assert "1 of 1 flows do not come to t = 6" in told
    assert "its 400 evaluations are spent" in told
    assert "1 of these 1 come to an edge of M" in edge
    assert np.isnan(found.arrays["regression, alpha 16|differences"][0, -1])
    assert found.holds, failing(found)


def test_pieces_are_distinct_and_json():
    for settings in (CLAIM.quick, CLAIM.full):
        pieces = CLAIM.pieces(**settings)
        texts = {json.dumps(piece) for piece in pieces}
        assert len(texts) == len(pieces) == settings["seeds"] * len(equivalence.SUBJECTS)
        assert [json.loads(json.dumps(piece)) for piece in pieces] == pieces


def test_the_figure_is_drawn(verdict):
    figure = new_figure()
    CLAIM.draw(verdict, figure)
    assert len(figure.axes) == 3
    assert all(axes.get_xlabel() and axes.get_ylabel() for axes in figure.axes)
    json.dumps([verdict.predicted, verdict.measured])
