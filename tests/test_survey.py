"""The survey of a point against closed forms, and what it says where something does not apply."""

import json
from html.parser import HTMLParser

import autograd
import autograd.numpy as anp
import numpy as np
import pytest

import riemgn as rg
from riemgn import markup
from riemgn.surveying import Survey, survey
from riemgn.surveying.wording import LEFT_OUT, sections

OVER_ALL = (
    "largest_normal_curvature",
    "curvature_bound",
    "intrinsic_curvature",
    "parameter_effects",
    "scalar_curvature",
)


def stereographic(radius, p=2):
    def f(w):
        s = anp.sum(w**2)
        return radius * anp.append(2 * w, s - 1) / (1 + s)

    return f


def torus(w):
    r = 2 + anp.cos(w[0])
    return anp.array([r * anp.cos(w[1]), r * anp.sin(w[1]), anp.sin(w[0])])


def surveyed(f, w, y, **options):
    M = rg.ImmersedManifold(rg.autograd_immersion(f, dim=len(w)))
    return survey(rg.Problem(M, rg.SquaredLoss(y)), M.point(w), **options)


def network_problem(widths, samples=30, seed=0, **options):
    draws = np.random.default_rng(seed)
    X, net = draws.normal(size=(samples, widths[0])), rg.Network(widths)
    M = rg.OutputManifold(net, X, **options)
    problem = rg.Problem(M, rg.SquaredLoss(draws.normal(size=samples * widths[-1])))
    return problem, M.point(net.init(seed)), net, X


def told_or_left_out(found: Survey):
    values = {name: getattr(found, name) for name in vars(found) if name != "left_out"}
    assert {name for name, value in values.items() if value is None} == set(found.left_out)
    assert all(found.left_out.values())


@pytest.mark.parametrize("share", [0.4, 1.7, -0.5])
@pytest.mark.parametrize(("radius", "p"), [(3.0, 2), (0.5, 4)])
def test_a_sphere_whose_target_is_on_the_radius(radius, p, share):
    w = np.linspace(-0.7, 0.9, p)
    u = stereographic(radius, p)(w)
    found = surveyed(stereographic(radius, p), w, share * u)
    assert (found.n, found.p, found.dim, found.rank) == (p + 1, p, p, p)
    assert found.regime == "underparameterised"
    # the stereographic metric is conformal
    size = 2 * radius / (1 + w @ w)
    np.testing.assert_allclose(found.singular_values, np.full(p, size), rtol=1e-12)
    assert found.condition_number == pytest.approx(1, rel=1e-12)
    for value in (found.largest_normal_curvature, found.mean_curvature, found.intrinsic_curvature):
        assert value == pytest.approx(1 / radius, rel=1e-11)
    assert found.curvature_bound == pytest.approx(np.sqrt(p) / radius, rel=1e-11)
    assert found.scalar_curvature == pytest.approx(p * (p - 1) / radius**2, rel=1e-10)
    # the sphere bends towards its centre, and so towards targets within and beyond it
    towards = 1 if share < 1 else -1
    np.testing.assert_allclose(found.principal_curvatures, np.full(p, towards / radius), rtol=1e-11)
    assert found.residual_norm == pytest.approx(abs(1 - share) * radius, rel=1e-12)
    assert found.residual_bend == pytest.approx(1 - share, rel=1e-11)
    assert found.geodesic_modulus == pytest.approx(share, rel=1e-10)
    assert found.loss == pytest.approx(0.5 * (1 - share) ** 2 * radius**2, rel=1e-12)
    assert found.tangent_cosine < 1e-12
    assert found.gradient_norm < 1e-12
    told_or_left_out(found)
    assert "optimum_certificate" not in found.left_out
    meaning = {row.name: row.meaning for part in sections(found) for row in part.rows}
    verdict = "is a minimum" if share > 0 else "need not be a minimum"
    assert verdict in meaning["largest of them times |residual|"]


def test_a_torus():
    x = 0.4
    found = surveyed(torus, [x, -0.9], np.zeros(3))
    first, second = 1.0, np.cos(x) / (2 + np.cos(x))
    assert found.largest_normal_curvature == pytest.approx(1, rel=1e-11)
    assert found.curvature_bound == pytest.approx(np.hypot(first, second), rel=1e-11)
    assert found.mean_curvature == pytest.approx((first + second) / 2, rel=1e-11)
    assert found.scalar_curvature == pytest.approx(2 * first * second, rel=1e-11)
    # the mean of (k1 cos^2 + k2 sin^2)^2 over the circle
    square = (3 * first**2 + 2 * first * second + 3 * second**2) / 8
    assert found.intrinsic_curvature == pytest.approx(np.sqrt(square), rel=1e-11)
    np.testing.assert_allclose(found.principal_curvatures, [second, first], rtol=1e-11)
    assert found.left_out.keys() == {"least_kernel_eigenvalue", "optimum_certificate"}
    np.testing.assert_allclose(found.singular_values, [2 + np.cos(x), 1.0], rtol=1e-12)


def test_a_linear_network_is_flat_and_its_flow_certified():
    problem, x, _, X = network_problem([3, 1])
    found = survey(problem, x)
    J = np.column_stack([X, np.ones(len(X))])
    np.testing.assert_allclose(found.singular_values, np.linalg.svd(J)[1], rtol=1e-12)
    for name in (*OVER_ALL, "mean_curvature"):
        assert getattr(found, name) == pytest.approx(0, abs=1e-12), name
    np.testing.assert_allclose(found.principal_curvatures, np.zeros(4), atol=1e-12)
    assert found.geodesic_modulus == pytest.approx(1, rel=1e-12)
    assert found.residual_bend == pytest.approx(0, abs=1e-12)
    assert found.certificate.applies
    assert found.certificate.guaranteed_rate == pytest.approx(2, rel=1e-9)
    y = problem.loss.gradient(np.zeros(len(X))) * -1
    normal = y - J @ np.linalg.lstsq(J, y, rcond=None)[0]
    assert found.residual_norm == pytest.approx(np.linalg.norm(normal), rel=1e-11)
    assert "guaranteed rate" in str(found)


def test_the_optimum_of_a_linear_network_is_certified():
    problem, x, *_ = network_problem([3, 1])
    end = rg.minimize(problem, x, method="gauss-newton").point
    found = survey(problem, end)
    assert found.optimum_certificate.is_strict_minimum
    assert "optimum_certificate" not in found.left_out


def test_the_spectrum_of_a_network(network_function):
    problem, x, net, X = network_problem([3, 4, 1])
    found = survey(problem, x)
    J = autograd.jacobian(network_function(net, X))(x.params)
    values = np.linalg.svd(J, compute_uv=False)
    np.testing.assert_allclose(found.singular_values, values, rtol=1e-9)
    assert found.condition_number == pytest.approx(values[0] / values[-1], rel=1e-9)
    told_or_left_out(found)
    # half squared error: the bend is what the modulus lacks to 1
    assert found.geodesic_modulus == pytest.approx(1 - found.residual_bend, rel=1e-9)
    cosine = np.linalg.norm(J @ np.linalg.lstsq(J, -problem.loss.gradient(x.outputs))[0])
    cosine /= np.linalg.norm(problem.loss.gradient(x.outputs))
    assert found.tangent_cosine == pytest.approx(cosine, rel=1e-9)


def test_more_weights_than_outputs(network_function):
    problem, x, net, X = network_problem([3, 6, 1], samples=8)
    found = survey(problem, x)
    J = autograd.jacobian(network_function(net, X))(x.params)
    assert found.regime == "overparameterised"
    assert (found.n, found.p, found.dim, found.rank) == (8, 31, 8, 8)
    least = np.linalg.eigvalsh(J @ J.T)[0]
    assert found.least_kernel_eigenvalue == pytest.approx(least, rel=1e-7)
    for name in ("largest_normal_curvature", "mean_curvature", "principal_curvatures"):
        assert "open in R^n" in found.left_out[name]
    assert found.residual_bend is None
    assert found.residual_norm == 0
    assert found.geodesic_modulus == pytest.approx(1, rel=1e-12)
    assert not found.certificate.applies
    assert found.parameter_effects > 0
    told_or_left_out(found)


def test_what_would_cost_too_much_is_left_out_with_the_reason():
    problem, x, *_ = network_problem([3, 4, 1])
    found = survey(problem, x, most_entries=13000)
    for name in OVER_ALL:
        assert found.left_out[name] == "n r^2 = 30 x 21^2 = 1.3e+04 is more than 1.3e+04"
    assert found.mean_curvature > 0
    assert found.certificate is not None
    told_or_left_out(found)
    found = survey(problem, x, most_entries=100)
    assert found.mean_curvature is None
    assert found.geodesic_modulus is None
    assert found.certificate is None
    assert found.rank == 21
    told_or_left_out(found)


def test_a_nearly_rank_deficient_jacobian_is_told_and_stops_nothing():
    A = np.random.default_rng(0).normal(size=(5, 2))
    B = np.column_stack([A[:, 0], A[:, 0] + 1e-12 * A[:, 1]])

    def f(w):
        return anp.dot(B, w) + anp.sin(w[0]) * A[:, 1] * 1e-12

    found = surveyed(f, [0.3, 0.2], np.ones(5))
    assert "rank-deficient" in found.left_out["largest_normal_curvature"]
    assert found.condition_number > 1e11
    told_or_left_out(found)
    assert LEFT_OUT in str(found)


def test_a_jacobian_of_zero():
    found = surveyed(lambda w: anp.array([w[0] ** 2, w[1] ** 2, 0 * w[0]]), [0, 0], np.ones(3))
    assert found.rank == 0
    assert found.condition_number == np.inf
    assert "Jacobian is zero" in found.left_out["geodesic_modulus"]
    assert not found.certificate.applies
    told_or_left_out(found)


def test_a_rank_that_falls_is_counted():
    problem, _, net, _ = network_problem([3, 4, 1])
    found = survey(problem, problem.manifold.point(net.init(0, scheme="symmetric")))
    assert found.rank < found.dim
    rows = {row.name: row for part in sections(found) for row in part.rows}
    assert rows["rank of the Jacobian"].value == f"{found.rank} of 21"
    assert f"{21 - found.rank} directions" in rows["rank of the Jacobian"].meaning
    told_or_left_out(found)


def test_a_metric_that_varies():
    draws = np.random.default_rng(0)
    X = draws.normal(size=(30, 2))
    net = rg.Network([2, 2, 1])
    M = rg.OutputManifold(net, X)
    problem = rg.Problem(M, rg.LogisticLoss(draws.integers(0, 2, 30))).natural()
    found = survey(problem, problem.manifold.point(net.init(0)))
    assert "varies" in found.left_out["mean_curvature"]
    assert "varies" in found.left_out["principal_curvatures"]
    assert found.geodesic_modulus is not None
    told_or_left_out(found)


def test_a_residual_within_the_tangent_space():
    found = surveyed(lambda w: anp.array([w[0], w[1], w[0] * w[1]]), [0, 0], [1.0, 2.0, 0.0])
    assert "no part" in found.left_out["principal_curvatures"]
    assert found.tangent_cosine == pytest.approx(1)
    told_or_left_out(found)


def test_nothing_is_known_of_the_bend_without_strong_convexity():
    draws = np.random.default_rng(0)
    net, X = rg.Network([2, 2, 1]), draws.normal(size=(30, 2))
    M = rg.OutputManifold(net, X)
    problem = rg.Problem(M, rg.LogisticLoss(draws.integers(0, 2, 30)))
    found = survey(problem, M.point(net.init(0)))
    meaning = {row.name: row.meaning for part in sections(found) for row in part.rows}
    assert "does not decide" in meaning["largest of them times |residual|"]


def test_a_survey_is_json_and_a_table():
    problem, x, *_ = network_problem([3, 4, 1])
    found = survey(problem, x)
    again = json.loads(json.dumps(found.to_dict()))
    assert again["rank"] == 21
    assert again["singular_values"] == found.singular_values.tolist()
    assert again["certificate"]["why"] == found.certificate.why
    assert again["residual_bend"] == found.residual_bend
    assert again["left_out"] == found.left_out
    assert repr(found).startswith("Survey(n = 30, p = 21, rank 21, ")
    reader = Rows()
    reader.feed(found._repr_html_())
    named = sum(len(part.rows) for part in sections(found))
    assert reader.rows == named


def test_every_reason_is_told_wherever_a_survey_is_shown():
    problem, x, *_ = network_problem([3, 4, 1])
    found = survey(problem, x, most_entries=13000)
    assert len(set(found.left_out.values())) == 3
    card = found._repr_html_()
    lines = str(found).splitlines()
    for reason in (*found.left_out.values(), found.certificate.why):
        assert f": {markup.in_powers(reason)}</td>" in card
        assert any(line.endswith(f": {reason}") for line in lines)
    [scalar] = [line for line in lines if line.strip().startswith("scalar curvature")]
    assert scalar.endswith(found.left_out["scalar_curvature"])


def test_rounding_is_no_curvature():
    circle = surveyed(lambda w: anp.array([anp.cos(w[0]), anp.sin(w[0])]), [0.3], np.ones(2))
    assert circle.scalar_curvature == 0
    assert circle.parameter_effects == 0
    cylinder = surveyed(
        lambda w: anp.array([anp.cos(w[0]), anp.sin(w[0]), w[1]]), [0.3, 1.0], np.zeros(3)
    )
    assert cylinder.scalar_curvature == 0
    np.testing.assert_allclose(cylinder.principal_curvatures, [0, 1], atol=0, rtol=1e-12)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((1.17, 1.165), "1.17 to 1.165"),
        ((2.346, 2.345), "2.346 to 2.345"),
        ((2.0, 2.0), "2"),
        ((1234.5, 0.001), "1234 to 0.001"),
    ],
)
def test_the_ends_of_a_spectrum_have_the_same_digits(values, words):
    A = np.vstack([np.diag(values), np.zeros(2)])
    found = surveyed(lambda w: anp.dot(A, w), [0.0, 0.0], np.ones(3))
    rows = {row.name: row.value for part in sections(found) for row in part.rows}
    assert rows["singular values"] == words


def scaled_circle(scale):
    return lambda w: scale * anp.array([anp.cos(w[0]), anp.sin(w[0])])


def test_a_loss_that_overflows_is_an_error():
    with pytest.raises(rg.NumericalError, match="the loss is infinite"):
        surveyed(scaled_circle(1e200), [0.3], np.ones(2))


def test_lengths_whose_squares_are_no_floats_are_told():
    found = surveyed(scaled_circle(1e-200), [0.3], np.ones(2))
    told = found.left_out["mean_curvature"]
    assert told.startswith("singular values of 1e-200 to 1e-200: products of two")
    assert found.tangent_cosine == pytest.approx(
        abs(np.cos(0.3) - np.sin(0.3)) / np.sqrt(2), rel=1e-12
    )
    told_or_left_out(found)
    small = surveyed(scaled_circle(1e-120), [0.3], np.ones(2))
    assert small.mean_curvature == pytest.approx(1e120, rel=1e-12)


def test_what_is_no_float_is_left_out_with_a_reason():
    found = surveyed(lambda w: 1e300 * w, [0.0, 0.0], np.ones(2))
    assert found.least_kernel_eigenvalue is None
    assert found.left_out["least_kernel_eigenvalue"] == "it leaves the range of floats"
    zero = surveyed(lambda w: anp.array([w[0] ** 2, 0 * w[0]]), [0.0], np.ones(2)).to_dict()
    assert zero["condition_number"] is None
    assert "Jacobian is zero" in zero["left_out"]["condition_number"]


class Rows(HTMLParser):
    """Counts the rows of a table."""

    rows = 0

    def handle_starttag(self, tag, attrs):
        self.rows += tag == "tr"


def test_bad_input():
    problem, x, *_ = network_problem([3, 2, 1])
    with pytest.raises(TypeError, match="problem must be a riemgn"):
        survey(None, x)
    with pytest.raises(ValueError, match="most_entries must be a finite number > 0"):
        survey(problem, x, most_entries=0)
    _, y, *_ = network_problem([3, 2, 1], samples=31)
    with pytest.raises(ValueError, match="manifold"):
        survey(problem, y)
