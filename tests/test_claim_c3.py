"""Claim C3: the last iterate converges geometrically; and what does not pass for it."""

import json
from dataclasses import replace

import numpy as np
import pytest

import riemgn as rg
from riemgn.reproduction import gap_bounds
from riemgn.reproduction.claim import measured
from riemgn.reproduction.descent import denser_at_the_start, descend, scale_of_deficit
from riemgn.reproduction.last_iterate import CLAIM, judge, measure, pieces
from riemgn.reproduction.problems import Case, breast_cancer, regression

pytestmark = pytest.mark.slow

SMALL = {"seeds": 1, "alphas": [], "cases": ["regression, flat"]}


def averaged(problem, point, t_end, **options):
    """The Gauss-Newton flow with the mean over time of its parameters in place of the last ones."""
    flow = rg.gauss_newton_flow(problem, point, t_end, **options)
    steps = np.diff(flow.times)[:, None]
    areas = np.cumsum(0.5 * steps * (flow.params[1:] + flow.params[:-1]), axis=0)
    params = np.vstack([flow.params[:1], areas / flow.times[1:, None]])
    points = [problem.manifold.point(w) for w in params]
    norms = [np.linalg.norm(problem.riemannian_gradient(x)) for x in points]
    return rg.Trajectory(
        flow.times,
        params,
        np.stack([x.outputs for x in points]),
        np.array([problem.cost(x) for x in points]),
        np.array(norms),
        *(getattr(flow, name) for name in ("tangent_cosines", "least_eigenvalues", "dampings")),
        completed=flow.completed,
        ending=flow.ending,
        evaluations=flow.evaluations,
        seconds=flow.seconds,
    )


def averaged_parameters_alone(problem, point, t_end, **options):
    """The same mean of the parameters, under the losses and gradients of the last ones."""
    flow = rg.gauss_newton_flow(problem, point, t_end, **options)
    return replace(flow, params=averaged(problem, point, t_end, **options).params)


def ended_after_three_points(flow):
    return replace(flow[:3], completed=False, ending="the flow is broken")


def failing(verdict):
    return [check.name for check in verdict.checks if not check.holds]


@pytest.fixture(scope="module")
def linear_case():
    """Squared loss over a linear map, whose flow is known: u - u* falls as exp(-t)."""
    rng = np.random.default_rng(3)
    A, y = rng.normal(size=(30, 4)), rng.normal(size=30)
    net = rg.Network((4, 1))
    M = rg.OutputManifold(net, A)
    return Case("linear", rg.Problem(M, rg.SquaredLoss(y)), M.point(net.init(0)), net)


@pytest.fixture(scope="module")
def exponential():
    """Arrays of a flow of rate 1.5, as `measure` returns them: m = h = 0.75."""
    times = denser_at_the_start(20.0, 201)
    gaps = 3.0 * np.exp(-1.5 * times)
    return {
        "times": times,
        "gaps": gaps,
        "speeds": 1.5 * gaps,
        "log_falls": -1.5 * times,
        "floor": np.array(0.0),
        "sampled": np.arange(0, 201, 10),
        "moduli": np.full(21, 0.75),
        "optimum_modulus": np.array(0.75),
    }


def test_the_gauss_newton_flow_passes():
    verdict = CLAIM.verdict(SMALL)
    assert verdict.holds, failing(verdict)
    # the same numbers from closed forms: on a flat manifold the rate is 2
    assert verdict.measured["regression, flat"] == pytest.approx(2.0, abs=0.05)


def test_gradient_flow_does_not_pass():
    verdict = CLAIM.verdict(SMALL, flow=rg.gradient_flow)
    assert not verdict.holds
    assert any("∫m" in name for name in failing(verdict))


def test_the_mean_of_the_iterates_does_not_pass():
    verdict = CLAIM.verdict(SMALL, flow=averaged)
    assert not verdict.holds
    # its gap falls as 1 / t^2: it comes near the optimum, but not as its own modulus says
    assert any("∫m" in name for name in failing(verdict))


def test_losses_that_are_not_those_of_the_parameters_do_not_pass():
    verdict = CLAIM.verdict(SMALL, flow=averaged_parameters_alone)
    assert any("∫m" in name for name in failing(verdict))


def test_a_flow_that_arrives_only_where_it_must_does_not_pass():
    def only_flat(problem, point, t_end, **options):
        flow = rg.gauss_newton_flow(problem, point, t_end, **options)
        flat = abs(rg.theory.geodesic_modulus(problem, point) - (1 - 0.0125)) < 1e-3
        return flow if flat else ended_after_three_points(flow)

    settings = {**SMALL, "alphas": [128]}
    assert CLAIM.verdict(settings).holds
    names = failing(CLAIM.verdict(settings, flow=only_flat))
    assert any("convex on M at the start" in name for name in names)
    assert any("Gauss-Newton flow itself" in name for name in names)


def test_a_flow_that_ends_early_where_the_start_is_not_convex_does_not_pass():
    def only_convex(problem, point, t_end, **options):
        flow = rg.gauss_newton_flow(problem, point, t_end, **options)
        convex = rg.theory.geodesic_modulus(problem, point) > 0
        return flow if convex else ended_after_three_points(flow)

    settings = {"seeds": 2, "alphas": [128], "cases": ["regression, flat"]}
    [name] = failing(CLAIM.verdict(settings, flow=only_convex))
    assert "Gauss-Newton flow itself" in name


def test_a_flow_that_only_says_that_it_has_completed_has_not(linear_case):
    def cut(problem, point, t_end, **options):
        return rg.gauss_newton_flow(problem, point, t_end, **options)[:-1]

    problem, times = linear_case.problem, denser_at_the_start(20.0, 201)
    descent = descend(linear_case, problem, times, cut)
    assert not descent.flow.completed
    assert not descent.arrived


@pytest.mark.parametrize("metric", ["dot", "loss"])
def test_what_is_evaluated_anew_is_what_the_flow_says(metric):
    case = breast_cancer(2048.0, 0, hidden=1)
    problem = case.problem.natural() if metric == "loss" else case.problem
    times = denser_at_the_start(4.0, 9)
    flow = rg.gauss_newton_flow(problem, problem.manifold.point(case.point.params), 4, times=times)
    descent = descend(case, problem, times, rg.gauss_newton_flow)
    np.testing.assert_allclose(descent.flow.losses, flow.losses, rtol=1e-12)
    np.testing.assert_allclose(descent.flow.outputs, flow.outputs, rtol=1e-12)
    np.testing.assert_allclose(descent.gradient_norms(), flow.gradient_norms, rtol=1e-8)


def test_a_flow_of_another_speed_does_not_pass():
    def faster(problem, point, t_end, *, times, **options):
        flow = rg.gauss_newton_flow(problem, point, 1.1 * t_end, times=1.1 * times, **options)
        return replace(flow, times=times)

    names = failing(CLAIM.verdict(SMALL, flow=faster))
    assert any("∫m" in name for name in names)
    assert any("linearised" in name for name in names)


def test_a_flow_that_ends_early_is_counted_and_does_not_hold():
    def cut(problem, point, t_end, *, max_evaluations, **options):
        return rg.gauss_newton_flow(problem, point, t_end, max_evaluations=30, **options)

    verdict = CLAIM.verdict(SMALL, flow=cut)
    assert not verdict.holds
    assert any("before their time" in sentence for sentence in verdict.findings)


def test_nothing_measured_does_not_hold():
    assert not judge([]).holds


def test_pieces_are_json_and_carry_their_seeds():
    made = pieces(seeds=3, alphas=[8, 16])
    assert json.loads(json.dumps(made)) == made
    assert {piece["seed"] for piece in made} == {0, 1, 2}
    assert len(made) == 3 * (5 + 2)


@pytest.mark.slow
def test_a_piece_is_the_same_bit_for_bit():
    [piece] = pieces(seeds=1, alphas=[8192], cases=[])
    first, second = measured(measure, piece).arrays, measured(measure, piece).arrays
    assert first.keys() == second.keys()
    for name, array in first.items():
        np.testing.assert_array_equal(array, second[name], err_msg=name)


def test_a_linear_map_has_the_known_gap_and_rates(linear_case):
    descent = descend(
        linear_case,
        linear_case.problem,
        denser_at_the_start(20.0, 201),
        rg.gauss_newton_flow,
    )
    known = descent.gaps[0] * np.exp(-2 * descent.flow.times)
    # an error of 1e-10 in u - u* counts more as that falls: 1e-5 at 1e-5 of the start
    np.testing.assert_allclose(descent.gaps, known, atol=descent.floor, rtol=1e-5)
    assert descent.arrived
    assert descent.late_rate() == pytest.approx(2.0, abs=1e-4)
    assert descent.linear_rate() == pytest.approx(2.0, abs=1e-10)


def test_bounds_are_met_exactly_by_an_exponential(exponential):
    assert gap_bounds.identity_error(exponential) < 1e-12
    assert gap_bounds.least_pl_modulus(exponential) == pytest.approx(0.75)
    for bound in (gap_bounds.pl_bound, gap_bounds.modulus_bound):
        np.testing.assert_allclose(bound(exponential), exponential["gaps"], rtol=1e-12)


@pytest.mark.parametrize("share", [1.01, 0.99])
def test_the_identity_sees_gaps_of_another_rate(exponential, share):
    gaps = exponential["gaps"] ** share
    assert gap_bounds.identity_error({**exponential, "gaps": gaps}) > 0.1


def test_bounds_see_gaps_that_are_too_slow(exponential):
    slow = {**exponential, "gaps": 3.0 * np.exp(-1.4 * exponential["times"])}
    bound = gap_bounds.modulus_bound(slow)
    assert gap_bounds.excess(slow["gaps"], 0.0, bound) == pytest.approx(0.1 * 20.0, rel=1e-6)


def test_a_concave_start_is_left_before_the_bound_begins(exponential):
    moduli = exponential["moduli"].copy()
    moduli[:4] = -1.0
    bound = gap_bounds.modulus_bound({**exponential, "moduli": moduli})
    begin = exponential["sampled"][4]
    assert np.isnan(bound[:begin]).all()
    np.testing.assert_allclose(bound[begin:], exponential["gaps"][begin:], rtol=1e-12)


def test_no_bound_where_the_end_is_no_minimum(exponential):
    bound = gap_bounds.modulus_bound({**exponential, "optimum_modulus": np.array(-0.1)})
    assert np.isnan(bound).all()
    assert np.isnan(gap_bounds.excess(exponential["gaps"], 0.0, bound))


def test_the_scale_of_a_deficit_is_exact_at_the_start():
    def make(alpha):
        return regression(alpha, seed=2)

    case = make(scale_of_deficit(make, 0.2))
    assert rg.theory.geodesic_modulus(case.problem, case.point) == pytest.approx(0.8, abs=1e-9)
