"""What objects say of themselves: one line anywhere, a small table in a notebook."""

import copy

import autograd.numpy as anp
import numpy as np
import pytest
from html_cases import read, rows
from pymanopt.manifolds import Sphere

import riemgn as rg
from riemgn.manifolds import Point
from riemgn.manifolds.submanifold import Submanifold
from riemgn.optimizers.results import Result
from riemgn.theory import certificate, optimum_certificate
from riemgn.theory.certificate import Certificate
from riemgn.theory.optimum import OptimumCertificate

CONCENTRATIONS = np.repeat([0.02, 0.06, 0.11, 0.22, 0.56, 1.10], 2)
VELOCITIES = np.array([76, 47, 97, 107, 123, 139, 159, 152, 191, 201, 207, 200.0])


def michaelis_menten(w):
    return w[0] * CONCENTRATIONS / (w[1] + CONCENTRATIONS)


@pytest.fixture(scope="module")
def puromycin():
    M = rg.ImmersedManifold(rg.autograd_immersion(michaelis_menten, dim=2))
    return rg.Problem(M, rg.SquaredLoss(VELOCITIES))


@pytest.fixture(scope="module")
def start(puromycin):
    return puromycin.manifold.point([200.0, 0.1])


@pytest.fixture(scope="module")
def result(puromycin, start):
    return rg.minimize(puromycin, start)


@pytest.fixture(scope="module")
def fit():
    X = np.random.default_rng(0).normal(size=(12, 2))
    return rg.fit(rg.Network([2, 3, 1]), X, X[:, 0] - X[:, 1] ** 2, ridge=0.1)


def shown(thing):
    """Return an object's card as text by name; its line and its card must be well formed."""
    line = repr(thing)
    assert "\n" not in line
    assert len(line) < 300
    html = thing._repr_html_()
    assert html == thing._repr_html_()
    read(html)
    return rows(html)


def drawn_points(thing):
    [line] = read(thing._repr_html_()).all("polyline")
    return np.array([pair.split(",") for pair in line["points"].split()], float)


# Points


def test_a_point_tells_what_is_known_of_it_and_factorises_nothing(puromycin):
    x = puromycin.manifold.point([3.0, 1.0])
    told = shown(x)
    assert told["outputs u"] == "in R^12"
    assert told["parameters w"] == "in R^2"
    u = michaelis_menten(np.array([3.0, 1.0]))
    assert told["|u|"] == f"{np.sqrt(np.sum(u**2)):.6g}"
    assert told["u"] == ", ".join(f"{entry:.4g}" for entry in u[:5]) + ", …"
    assert "rank" not in told
    assert "factor" not in vars(x)
    assert "_jacobian" not in vars(x.jet)

    assert x.rank == 2
    assert shown(x)["rank"] == "2"
    assert "condition number" not in shown(x)
    condition = np.linalg.cond(x.jacobian)
    np.testing.assert_allclose(x.condition_number, condition)
    assert shown(x)["condition number"] == f"{condition:.4g}"


def test_a_rank_deficient_point():
    f = rg.autograd_immersion(lambda w: anp.array([w[0] * w[1], w[0] * w[1], 0.0 * w[0]]), dim=2)
    x = rg.ImmersedManifold(f).point([1.0, 2.0])
    assert x.rank == 1
    assert shown(x)["rank"] == "1"
    assert repr(x) == "Point(u in R^3, w in R^2, rank 1)"
    flat = rg.ImmersedManifold(f).point([0.0, 0.0])
    assert (flat.rank, flat.condition_number) == (0, np.inf)
    assert (shown(flat)["rank"], shown(flat)["condition number"]) == ("0", "inf")


def test_a_point_outside_of_the_domain():
    f = rg.autograd_immersion(lambda w: anp.array([anp.log(w[0]), w[0], 1e308 * w[0]]), dim=1)
    x = Point(f.at([-1.0]))
    assert repr(x) == "Point(u in R^3, w in R^1, not finite)"
    told = shown(x)
    assert told["not finite"] == "1 of 3 outputs"
    assert told["|u|"] == "nan"
    assert told["u"] == "nan, -1, -1e308"
    assert shown(Point(f.at([1.5])))["|u|"] != "nan"


def test_a_million_parameters_are_shown_without_work():
    p, calls = 1_000_000, []

    def counted(w):
        calls.append(w)
        return w[:3] * anp.sum(w)

    M = rg.ImmersedManifold(rg.autograd_immersion(counted, dim=p, ambient_dim=3))
    x = M.point(np.ones(p))
    assert len(calls) == 1
    assert shown(x)["parameters w"] == "in R^1000000"
    assert shown(M)["dimension"] == "3"
    shown(rg.Problem(M, rg.SquaredLoss(np.zeros(3))))
    assert shown(rg.Network([1000, 998, 1]))["parameters p"] == str(1001 * 998 + 999)
    assert len(calls) == 1
    assert set(vars(x)) == {"jet"}
    assert "_jacobian" not in vars(x.jet)


# Manifolds, maps, networks, problems


def test_a_network_manifold():
    net = rg.Network([2, 5, 1])
    M = rg.OutputManifold(net, np.eye(4, 2), retraction="corrected")
    told = shown(M)
    assert told["kind"] == "open subset of R^4"
    assert (told["outputs n"], told["parameters p"], told["dimension"]) == ("4", "21", "4")
    assert told["metric"] == "dot product"
    assert told["retraction"] == "corrected (order 2)"
    assert told["network"] == repr(net)
    assert repr(M) == "OutputManifold: open subset of R^4, 21 parameters"


def test_manifolds_with_a_metric_a_domain_and_an_exact_retraction():
    f = rg.autograd_immersion(lambda w: anp.array([w[0], w[1], w[2], w[0] * w[1]]), dim=3)
    M = rg.ImmersedManifold(f, "geodesic", metric=np.ones(4), domain=Sphere(3))
    told = shown(M)
    assert told["kind"] == "2-dimensional submanifold of R^4"
    assert told["metric"] == "constant weight of 4 outputs"
    assert told["retraction"] == "geodesic (exact)"
    assert told["parameters live on"] == str(Sphere(3))
    assert shown(M.immersion)["parameters live on"] == str(Sphere(3))
    first_order = Submanifold(f)
    assert "retraction" not in shown(first_order)
    assert shown(first_order)["dimension"] == "3"


def test_a_map_that_cannot_be_evaluated_is_shown_all_the_same():
    def broken(w):
        raise KeyError("no such column")

    f = rg.autograd_immersion(broken, dim=2)
    M = rg.ImmersedManifold(f)
    assert shown(M)["outputs n"] == "not known"
    assert shown(M)["dimension"] == "min(n, 2)"
    assert repr(M) == "ImmersedManifold: subset of R^n, 2 parameters"
    assert shown(f)["to"] == "R^n"
    shown(rg.Problem(M, rg.SquaredLoss(np.zeros(3))))


def test_maps():
    f = rg.autograd_immersion(michaelis_menten, dim=2, ambient_dim=12)
    assert shown(f) == {"from": "R^2", "to": "R^12", "map": repr(f)}
    net = rg.Network([2, 1])
    told = shown(net.immersion(np.eye(2)))
    assert told == {"from": "R^3", "to": "R^2", "map": repr(net)}


def test_names_with_markup_in_them_are_text():
    def rows_of(w):
        return anp.array([w[0], w[0] ** 2])

    rows_of.__name__ = "<script>alert('a')</script> & \"b\""
    f = rg.autograd_immersion(rows_of, dim=1)
    for thing in (f, rg.ImmersedManifold(f)):
        html = thing._repr_html_()
        assert read(html).all("script") == []
        assert rows_of.__name__ in rows(html)["map"]
    odd = rg.Activation("<b>square</b>", np.square, lambda z, a: 2 * z, lambda z, a: 2 + 0 * z)
    assert shown(rg.Network([1, 2, 1], odd))["activation"] == "<b>square</b>"


def test_a_network():
    net = rg.Network([10, 16, 8, 2])
    assert shown(net) == {
        "inputs": "10",
        "hidden layers": "16, 8",
        "outputs": "2",
        "activation": "tanh",
        "parameters p": "330",
    }
    far = net.scaled(8.0).centred(net.init(seed=0))
    assert shown(far)["scale"] == "8"
    assert "centred" in shown(far)
    assert shown(rg.Network([3, 1]))["hidden layers"] == "none"


@pytest.mark.parametrize(
    ("loss", "moduli"),
    [
        (rg.SquaredLoss([0.0, 1.0]), ("1", "1")),
        (rg.LogisticLoss([0, 1], ridge=0.5), ("0.5", "0.75")),
        (rg.AutogradLoss(lambda u: anp.sum(u**4)), ("0", "inf")),
    ],
)
def test_a_problem(loss, moduli):
    problem = rg.Problem(rg.OutputManifold(rg.Network([1, 1]), [0.0, 1.0]), loss)
    told = shown(problem)
    assert told["loss"] == repr(loss)
    assert (told["strong convexity nu"], told["smoothness mu"]) == moduli
    assert "OutputManifold" in told["manifold"]
    assert shown(problem.natural())["metric"] == f"Hessian of {loss!r}"


# Runs


def test_a_result(result):
    told = shown(result)
    assert told["cost"] == f"{result.cost:.9g}"
    cosine = result.optimality.tangent_cosine
    assert float(told["tangent cosine"]) == pytest.approx(cosine, rel=1e-2)
    assert told["iterations"] == str(len(result.history) - 1)
    assert told["evaluations"] == str(result.cost_evaluations)
    assert told["success"] == "yes"
    assert told["ended"] == result.ended
    assert not result.ended.startswith("Terminated")
    assert result.ended in result.stopping_criterion
    assert repr(result).startswith(f"Result(cost {result.cost:.9g}, ")
    assert repr(result).endswith(f"s: {result.ended})")


def test_the_line_of_a_result_is_that_of_its_losses(result):
    costs = np.log([record.cost for record in result.history])
    points = drawn_points(result)
    assert len(points) == len(costs)
    heights = (points[:, 1] - points[:, 1].min()) / np.ptp(points[:, 1])
    np.testing.assert_allclose(heights, (costs.max() - costs) / np.ptp(costs), atol=0.01)


def test_a_run_that_falls_short_says_so(puromycin, start):
    short = rg.minimize(puromycin, start, max_iterations=1)
    assert shown(short)["success"] == "no"
    assert "1 iteration" in shown(short)["ended"]


def with_costs(result, costs):
    twin = copy.copy(result)
    twin.history = [
        type(result.history[0])(**{**vars(result.history[0]), "cost": c}) for c in costs
    ]
    return twin


@pytest.mark.parametrize("costs", [[], [1.0], [np.nan] * 3, [np.nan, np.inf, 2.0]])
def test_a_result_without_losses_to_draw_has_no_line(result, costs):
    assert read(with_costs(result, costs)._repr_html_()).all("svg") == []


def test_losses_below_zero_are_drawn_as_they_are(result):
    twin = with_costs(result, [3.0, 1.0, -1.0])
    heights = drawn_points(twin)[:, 1]
    assert heights[1] - heights[0] == pytest.approx(heights[2] - heights[1], abs=0.2)
    assert "loss" in shown(twin)
    assert "loss, logarithmic" in shown(with_costs(result, [3.0, 1.0, 0.0]))


def test_a_bare_result_is_shown(start):
    bare = Result(start, 1.5, 0, "Terminated - by hand.", 0.0)
    told = shown(bare)
    assert (told["gradient norm"], told["tangent cosine"], told["evaluations"]) == ("-", "-", "-")
    assert told["ended"] == "by hand"
    assert repr(bare) == "Result(cost 1.5, gradient norm -, 0 iterations, 0 s: by hand)"


@pytest.fixture(scope="module")
def flow(puromycin, start):
    return rg.gauss_newton_flow(puromycin, start, t_end=3.0)


def test_a_trajectory(flow):
    told = shown(flow)
    assert told["times"] == f"0 to 3 ({len(flow)} kept)"
    assert told["losses"] == f"{flow.losses[0]:.6g} to {flow.losses[-1]:.6g}"
    assert (told["outputs n"], told["parameters p"]) == ("12", "2")
    assert told["completed"] == "yes"
    assert told["ended"] == flow.ending
    points = drawn_points(flow)
    across = (points[:, 0] - points[0, 0]) / np.ptp(points[:, 0])
    np.testing.assert_allclose(across, flow.times / 3.0, atol=0.01)


def test_an_empty_trajectory_and_one_without_numbers(flow):
    empty = flow[:0]
    told = shown(empty)
    assert told["times"] == "- (0 kept)"
    assert told["losses"] == "-"
    assert read(empty._repr_html_()).all("svg") == []
    assert "0 times" in repr(empty)
    vars_of = {**vars(flow), "losses": np.full(len(flow), np.nan)}
    blind = type(flow)(**vars_of)
    assert shown(blind)["losses"] == "nan to nan"
    assert read(blind._repr_html_()).all("svg") == []
    assert shown(flow[:1])["times"] == "0 to 0 (1 kept)"


# Certificates


def test_certificates(puromycin, result):
    at_start = certificate(puromycin, puromycin.manifold.point([200.0, 0.1]))
    told = shown(at_start)
    assert told["why"] == at_start.why
    assert told["output scale"] == "1"
    assert repr(at_start) == f"Certificate(does not apply: {at_start.why})"
    at_end = optimum_certificate(puromycin, result.point)
    assert shown(at_end)["why"] == at_end.why
    assert repr(at_end) == f"OptimumCertificate(does not apply: {at_end.why})"


def test_certificates_that_apply():
    sure = Certificate(True, "alpha = 4 is at least 2", alpha=4.0, guaranteed_rate=1.5)
    assert repr(sure) == "Certificate(applies: alpha = 4 is at least 2; rate 1.5)"
    told = shown(sure)
    assert told["guaranteed rate of the gap"] == "1.5"
    assert told["sufficient scale"] == "inf"
    assert told["least singular value"] == "-"
    assert "Certificate applies" in sure._repr_html_()
    proved = OptimumCertificate(True, "one <minimum>", 2.0, 0.1, 1e-9, True)
    assert shown(proved)["why"] == "one <minimum>"
    assert shown(proved)["it lies within"] == "1e-9"
    assert str(proved).startswith("optimum certificate applies: one <minimum>\n")


# Fits


def test_a_fit(fit):
    told = shown(fit)
    report = fit.report
    assert told["network"] == repr(fit.network)
    assert told["regime"] == "overparameterised (p >= n)"
    assert (told["outputs n"], told["parameters p"]) == ("12", "13")
    assert told["loss a row"] == f"{report.loss:.4g}"
    assert told["held-out loss a row"] == "-"
    assert told["ridge"] == "0.1"
    assert told["ended"] == report.stopping
    assert repr(fit).startswith("FitResult(overparameterised, n = 12, p = 13, loss ")
    assert repr(report) == repr(fit).replace("FitResult", "FitReport")
    without_network = {name: value for name, value in told.items() if name != "network"}
    assert shown(report).items() <= without_network.items()
    assert repr(fit.model) == f"Model({fit.network!r}, targets of kind 'squared')"


def test_the_line_of_a_fit_is_that_of_its_last_phase(fit):
    losses = np.log([step.loss for step in fit.history if step.phase == "fit"])
    points = drawn_points(fit)
    assert len(points) == len(losses) >= 3
    heights = (points[:, 1] - points[:, 1].min()) / np.ptp(points[:, 1])
    np.testing.assert_allclose(heights, (losses.max() - losses) / np.ptp(losses), atol=0.01)


def test_an_interrupted_fit():
    X = np.random.default_rng(0).normal(size=(12, 2))

    def stop(step):
        raise StopIteration

    interrupted = rg.fit(rg.Network([2, 3, 1]), X, X[:, 0], callback=stop)
    assert interrupted.report.interrupted
    told = shown(interrupted)
    assert told["ended"] == "interrupted"
    assert (told["rank"], told["condition number"]) == ("-", "-")
    assert shown(interrupted)["ridge"] == "-"


def test_statistics_of_a_fit(puromycin, result):
    names = ['V<sub>"max"</sub>', "K-1e5 & M^2"]
    statistics = rg.fit_statistics(puromycin, result.point, names=names)
    told = shown(statistics)
    assert told["degrees of freedom"] == "10"
    s = np.sqrt(2 * result.cost / 10)
    assert told["residual standard deviation"] == f"{s:.6g}"
    html = statistics._repr_html_()
    assert set(names) < set(told)
    assert read(html).all("sub") == []
    assert f"{statistics.standard_errors[1]:.4g}" in html
    assert "linear 95 % interval" in html
    assert "profile" not in html
    assert "curvatures" not in vars(statistics)
    lower, upper = statistics.profile_interval(0)
    assert f"{lower:.6g} to {upper:.6g}" in statistics._repr_html_()
    assert "profile 95 % interval" in statistics._repr_html_()


def test_statistics_of_many_parameters_and_of_a_likelihood():
    X = np.random.default_rng(1).normal(size=(200, 40))
    M = rg.ImmersedManifold(rg.autograd_immersion(lambda w: anp.dot(X, w), dim=40))
    counts = np.random.default_rng(2).poisson(3.0, size=200)
    problem = rg.Problem(M, rg.PoissonLoss(counts))
    found = rg.minimize(problem, M.point(np.zeros(40)), tolerance=1e-10)
    statistics = rg.fit_statistics(problem, found.point)
    html = statistics._repr_html_()
    assert shown(statistics)["noise"] == "known: the loss is a likelihood"
    [body] = html.split("<tbody>")[2:]
    assert body.count("<tr>") == 31
    assert "10 more" in shown(statistics)
