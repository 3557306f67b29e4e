"""Claim C5: an output scale that suffices, and what it trades; and what does not pass for it."""

import json
from dataclasses import replace

import numpy as np
import pytest

import riemgn as rg
from riemgn.plotting.style import new_figure
from riemgn.reproduction.claim import measured
from riemgn.reproduction.output_scale import CLAIM, judge, measure, pieces
from riemgn.reproduction.output_scale_findings import least_from_which, seen_thresholds
from riemgn.reproduction.problems import regression

pytestmark = pytest.mark.slow

SMALL = {
    "seeds": 1,
    "alphas": [64, 4096, 16384, 65536],
    "regression": [["uniform", 1]],
    "diabetes": [],
}
ONE = {**SMALL, "alphas": [65536]}


def failing(verdict):
    return [check.name for check in verdict.checks if not check.holds]


@pytest.fixture(scope="module")
def small():
    return [measured(CLAIM.measure, piece) for piece in pieces(**SMALL)]


def changed(small, **arrays):
    return [piece._replace(arrays={**piece.arrays, **arrays}) for piece in small]


def test_the_gauss_newton_flow_passes(small):
    verdict = judge(small)
    assert verdict.holds, failing(verdict)


def test_gradient_flow_does_not_pass():
    verdict = CLAIM.verdict(ONE, flow=rg.gradient_flow)
    assert not verdict.holds
    assert any("late rate" in name for name in failing(verdict))


def test_a_flow_that_ends_early_does_not_pass():
    def cut(problem, point, t_end, *, max_evaluations, **options):
        return rg.gauss_newton_flow(problem, point, t_end, max_evaluations=30, **options)

    verdict = CLAIM.verdict(ONE, flow=cut)
    assert not verdict.holds
    assert any("before their time" in sentence for sentence in verdict.findings)


def test_losses_that_are_not_those_of_the_parameters_do_not_pass():
    def averaged(problem, point, t_end, **options):
        flow = rg.gauss_newton_flow(problem, point, t_end, **options)
        means = np.cumsum(flow.params, axis=0) / np.arange(1, len(flow) + 1)[:, None]
        return replace(flow, params=means)

    names = failing(CLAIM.verdict(ONE, flow=averaged))
    assert any("late rate" in name for name in names)
    assert any("log of gap(t)" in name for name in names)


def test_a_flow_that_arrives_only_where_m_is_flat_does_not_pass():
    def only_flat(problem, point, t_end, **options):
        flow = rg.gauss_newton_flow(problem, point, t_end, **options)
        flat = rg.theory.geodesic_modulus(problem, point) > 0.9
        return flow if flat else replace(flow[:3], completed=False, ending="the flow is broken")

    names = failing(CLAIM.verdict(SMALL, flow=only_flat))
    assert any("convex on M at the start" in name for name in names)
    assert any("Gauss-Newton flow itself" in name for name in names)


def test_a_flow_at_another_speed_does_not_pass():
    def slower(problem, point, t_end, *, times, **options):
        flow = rg.gauss_newton_flow(problem, point, 0.9 * t_end, times=0.9 * times, **options)
        object.__setattr__(flow, "times", times)
        return flow

    names = failing(CLAIM.verdict(ONE, flow=slower))
    assert any("late rate" in name for name in names)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("beyond_excess", 0.1, "log of gap(t)"),
        ("beyond_farthest", 1.1, "radius of its ball"),
        ("beyond_least_modulus", 0.1, "least modulus"),
        ("beyond_applies", False, "share where it applies"),
        ("applies_too_small", True, "alpha = 128"),
        ("beyond_rate", np.nan, "late rate"),
    ],
)
def test_each_guarantee_counts(small, name, value, told):
    names = failing(judge(changed(small, **{name: np.array(value)})))
    assert len(names) == 1
    assert told in names[0]


@pytest.mark.parametrize("name", ["distance", "optimum_modulus"])
def test_a_manifold_that_does_not_flatten_does_not_pass(small, name):
    [piece] = small
    same = np.full(piece.arrays[name].size, piece.arrays[name][1])
    assert any("slope" in told for told in failing(judge(changed(small, **{name: same}))))


def test_a_loss_that_does_not_depend_on_the_scale_is_no_trade(small):
    [piece] = small
    losses = np.linspace(0.5, 0.4, piece.arrays["loss"].size)
    assert any("last loss" in told for told in failing(judge(changed(small, loss=losses))))


def test_an_initialisation_from_which_a_small_scale_is_no_gain_is_told(small):
    [piece] = small
    losses = np.linspace(0.5, 0.4, piece.arrays["loss"].size)
    told = judge(changed(small, loss=losses)).findings
    assert any("is not lower for regression, uniform" in sentence for sentence in told)
    assert not any("is not lower for" in sentence for sentence in judge(small).findings)


def test_each_case_is_asked_for_the_trade_by_itself(small):
    [piece] = small
    losses = np.linspace(0.5, 0.4, piece.arrays["loss"].size)
    [other] = changed(small, loss=losses)
    other = other._replace(arguments={**piece.arguments, "case": "diabetes"})
    [name] = failing(judge([piece, piece, other]))
    assert name.startswith("diabetes: last loss")


def test_thresholds_are_compared_at_the_modulus_that_is_guaranteed_there(small):
    [piece] = small
    a = piece.arrays
    case = regression(float(a["threshold"]) * (1 + 1e-6), 0)
    sure = rg.theory.certificate(case.problem, case.point)
    assert sure.applies
    # the ball shrinks as the root of what the scale has beyond the threshold: 1e-3 of its radius
    assert a["threshold_modulus"] == pytest.approx(sure.modulus, abs=1e-3)
    assert a["threshold_modulus"] > 0.5  # confinement asks for more than the curvature does
    [seen] = seen_thresholds([a])
    assert np.all(a["least_modulus"][a["alpha"] >= seen] >= sure.modulus)
    assert not np.all(a["least_modulus"] >= sure.modulus)


def test_numbers_of_a_piece_are_those_of_its_flow(small):
    [piece] = small
    case = regression(4096.0, 0)
    flow = rg.gauss_newton_flow(case.problem, case.point, 80.0)
    away = np.linalg.norm(flow.params[-1] - case.point.params)
    at = piece.arrays["alpha"].tolist().index(4096.0)
    assert piece.arrays["distance"][at] == pytest.approx(away, rel=1e-6)
    assert piece.arrays["loss"][at] == pytest.approx(flow.losses[-1] / flow.losses[0], rel=1e-9)
    lazy = np.linalg.lstsq(case.point.jacobian, case.problem.loss.targets, rcond=None)[0]
    predicted = np.linalg.norm(lazy) / np.linalg.norm(case.point.params)
    assert piece.arrays["predicted_distance"][at] == pytest.approx(predicted, rel=1e-9)


@pytest.mark.slow
def test_a_piece_is_the_same_bit_for_bit():
    [piece] = pieces(seeds=1, alphas=[8192], regression=[["normal", 2]], diabetes=[])
    first, second = measured(measure, piece).arrays, measured(measure, piece).arrays
    assert first.keys() == second.keys()
    for name, array in first.items():
        np.testing.assert_array_equal(array, second[name], err_msg=name)


def test_pieces_are_json_and_carry_their_seeds():
    made = pieces(**CLAIM.full)
    assert json.loads(json.dumps(made)) == made
    assert {piece["seed"] for piece in made} == set(range(CLAIM.full["seeds"]))


@pytest.mark.parametrize(
    ("holds", "least"),
    [([True] * 3, 1.0), ([True, False, True], 4.0), ([True, True, False], np.inf)],
)
def test_the_scale_from_which_on_something_holds(holds, least):
    assert least_from_which(np.array([1.0, 2.0, 4.0]), np.array(holds)) == least


def test_the_verdict_is_drawn(small, tmp_path):
    figure = new_figure()
    CLAIM.draw(judge(small), figure)
    figure.savefig(tmp_path / "C5.png")
    assert (tmp_path / "C5.png").stat().st_size > 5000
