"""C2: reparametrisations, normal equations, and what the verdict does with another flow."""

import json
from dataclasses import replace

import numpy as np
import pytest
import scipy.integrate
from broken_flows import at_speed, time_average

import riemgn as rg
from riemgn.plotting.style import new_figure
from riemgn.reproduction import invariance
from riemgn.reproduction.invariance import CLAIM, random_coordinates
from riemgn.reproduction.normal_equations import normal_equations_flow, projected
from riemgn.reproduction.problems import named_case

pytestmark = pytest.mark.slow

SMALL = {"seeds": 1, "subjects": (("regression", 256.0, (2, 6, 10)),)}


@pytest.fixture(scope="module")
def verdict():
    return CLAIM.verdict(SMALL)


def failing(verdict):
    return [check.name for check in verdict.checks if not check.holds]


def test_the_small_claim_holds(verdict):
    assert verdict.holds, failing(verdict)
    condition, error = (
        verdict.arrays[f"regression, alpha 256|{name}"][0] for name in ("condition", "error")
    )
    assert condition[-1] > 1e10
    assert error[-1] > 1e3 * error[0]  # the differences are those of rounding, and grow with it


def test_normal_equations_die_where_orthogonal_factorisations_do_not(verdict):
    arrays = verdict.arrays
    normal = arrays["regression, alpha 256|normal_error"][0]
    own = arrays["regression, alpha 256|error"][0]
    assert normal[0] < 1e-7
    assert not normal[-1] < 0.1
    assert own[-1] < 1e-3
    assert not arrays["regression, alpha 256|normal_projection"][0, -1] < 1e-3
    [told] = verdict.findings
    assert "by normal equations the flow is lost at cond(A) = 1e10" in told


@pytest.mark.parametrize("exponent", [0, 3, 8])
def test_coordinates_have_their_condition_number(exponent):
    z = random_coordinates(7, exponent, 1)
    A = z.matrix
    assert np.linalg.cond(A) == pytest.approx(10.0**exponent, rel=1e-6)
    w = np.random.default_rng(0).normal(size=7)
    np.testing.assert_allclose(A @ z.of(w), w, atol=10 ** (exponent - 14))


def test_normal_equations_are_the_same_flow_where_they_are_accurate():
    subject = named_case("regression", 2048.0, 1)
    f, loss = subject.problem.manifold.immersion, subject.problem.loss
    times = np.linspace(0, 1, 5)

    def velocity(_, w):
        return -np.linalg.lstsq(f.jacobian(w), loss.gradient(f(w)), rcond=None)[0]

    exact = scipy.integrate.solve_ivp(
        velocity, (0, 1), subject.point.params, "DOP853", t_eval=times, rtol=1e-10, atol=1e-12
    )
    outputs = normal_equations_flow(subject.problem, subject.point, times, 8)
    assert outputs.shape == (5, 200)
    np.testing.assert_allclose(outputs, [f(w) for w in exact.y.T], atol=1e-5)


def test_a_projection_by_normal_equations():
    rng = np.random.default_rng(0)
    J, v = rng.normal(size=(9, 4)), rng.normal(size=9)
    Q = np.linalg.qr(J)[0]
    np.testing.assert_allclose(projected(J, v), Q @ (Q.T @ v), atol=1e-13)
    J[:, 3] = 0.0
    assert np.isnan(projected(J, v)).all()


def test_normal_equations_end_where_the_gram_matrix_is_singular():
    dependent = rg.autograd_immersion(lambda w: w[0] * np.arange(3.0), dim=2, ambient_dim=3)
    M = rg.ImmersedManifold(dependent)
    problem = rg.Problem(M, rg.SquaredLoss(np.ones(3)))
    outputs = normal_equations_flow(problem, M.point([1.0, 1.0]), np.linspace(0, 1, 4), 2)
    np.testing.assert_array_equal(outputs, [np.arange(3.0)])


def by_parametrisation(problem, point, t_end, **options):
    """The flow of a damped direction, which depends on the coordinates."""
    return rg.levenberg_marquardt_flow(problem, point, t_end, damping=1e-3, **options)


def with_noise(problem, point, t_end, **options):
    """A flow that loses as many digits as normal equations do."""
    path = rg.gauss_newton_flow(problem, point, t_end, **options)
    lost = np.finfo(float).eps * point.condition_number**2
    noise = np.random.default_rng(0).normal(size=path.outputs.shape)
    return replace(path, outputs=path.outputs + lost * noise)


@pytest.mark.slow
@pytest.mark.parametrize("flow", [rg.gradient_flow, by_parametrisation, with_noise])
def test_another_flow_does_not_pass(flow, monkeypatch):
    monkeypatch.setattr(invariance, "MOST_EVALUATIONS", 500)
    small = {"seeds": 1, "subjects": (("regression", 256.0, (2, 6)),)}
    assert not CLAIM.verdict(small, flow=flow).holds


@pytest.mark.parametrize(
    "flow", [at_speed(0.5), at_speed(0.999), time_average], ids=["half", "slow", "average"]
)
def test_a_flow_that_is_invariant_but_another_does_not_pass(flow):
    small = {"seeds": 1, "subjects": (("regression", 256.0, (2, 6)),)}
    name = "regression, alpha 256, A = I: difference from normal equations over what their errors "
    assert failing(CLAIM.verdict(small, flow=flow)) == [f"{name}allow"]


def test_a_flow_that_says_that_it_does_not_arrive_is_not_left_out():
    def stopped(*args, **options):
        path = rg.gauss_newton_flow(*args, **options)
        return replace(path[:5], completed=False, ending="it was stopped")

    found = CLAIM.verdict({"seeds": 1, "subjects": (("regression", 256.0, (2,)),)}, flow=stopped)
    assert failing(found) == [
        "regression, alpha 256, A = I: share of the times reached",
        "regression, alpha 256, cond(A) = 1e2: share of the times reached",
    ]


def test_pieces_are_distinct_and_json():
    for settings in (CLAIM.quick, CLAIM.full):
        pieces = CLAIM.pieces(**settings)
        texts = {json.dumps(piece) for piece in pieces}
        assert len(texts) == len(pieces) == settings["seeds"] * len(invariance.SUBJECTS)


@pytest.mark.slow
def test_a_flow_that_ends_early_is_told_and_left_out():
    subjects = (("regression", 256.0, (2,)), ("regression", 16.0, (2,)))
    found = CLAIM.verdict({"seeds": 1, "subjects": subjects})
    assert any("1 of 1 flows with A = I do not come to t = 6" in told for told in found.findings)
    assert failing(found) == ["regression, alpha 16: share of flows that arrive"]


def test_the_figure_is_drawn(verdict):
    figure = new_figure()
    CLAIM.draw(verdict, figure)
    assert len(figure.axes) == 2
    assert all(axes.get_xlabel() and axes.get_ylabel() for axes in figure.axes)
    json.dumps([verdict.predicted, verdict.measured])
