"""`riemgn.compare`: the same start and budget for each method, and what is made of the runs."""

import json
import subprocess
import sys

import numpy as np
import pytest
from comparison_cases import comparison, failed, run
from contract_cases import Watched, generic, interrupted_at, narrow, on, wide
from pymanopt.optimizers import ConjugateGradient, TrustRegions

import riemgn as rg
from riemgn.comparison import MethodRun
from riemgn.comparison import entry as comparing
from riemgn.comparison.tables import COLUMNS
from riemgn.minimization import METHODS
from riemgn.optimizers import Adam, FixedStepDescent

FEW = {"max_iterations": 4}


@pytest.fixture(scope="module")
def compared():
    """Every kind of method from two starts."""
    problem, _ = generic()
    methods = ["auto", "gauss-newton", ConjugateGradient(), "lbfgs", Adam(0.01)]
    return rg.compare(problem, methods=methods, seeds=2, max_iterations=15)


def test_each_run_is_that_of_minimize():
    problem, x = generic()
    found = rg.compare(problem, x, ["auto", "lbfgs", "adam"], **FEW)
    for one in found.runs:
        alone = rg.minimize(problem, x, one.method, **FEW)
        assert one.result.cost == alone.cost
        assert np.array_equal(one.result.point.params, alone.point.params)
        assert [r.cost for r in one.result.history] == [r.cost for r in alone.history]


def test_every_name_is_a_method():
    problem, x = generic()
    found = rg.compare(problem, x, METHODS, max_iterations=2)
    assert found.methods == METHODS
    assert not found.table()["loss"].isna().any()


def test_the_table_has_a_row_for_each_run(compared):
    table = compared.table()
    assert tuple(table.columns) == COLUMNS
    assert list(table["method"]) == np.repeat(compared.methods, 2).tolist()
    assert list(table["seed"]) == [0, 1] * 5
    assert compared.methods[2:] == ("ConjugateGradient", "lbfgs", "Adam")
    for row, one in zip(table.itertuples(), compared.runs, strict=True):
        assert row.loss == one.result.cost
        assert row.iterations == one.result.iterations == len(one.result.history) - 1
        assert row.evaluations == one.result.cost_evaluations
        assert row.seconds == one.result.time
        assert row.gradient_norm == one.result.gradient_norm
        assert row.tangent_cosine == one.result.optimality.tangent_cosine
        assert row.success == one.result.success
        assert row.reason in one.result.stopping_criterion
    for _, own in table.groupby("seed"):
        assert own["gap"].min() == 0
        np.testing.assert_allclose(own["gap"], own["loss"] - own["loss"].min())


def test_starts_and_budget_are_the_same_for_all(compared):
    for seed, runs in compared.by_start().items():
        assert set(runs) == set(compared.methods)
        firsts = {one.result.history[0].cost for one in runs.values()}
        problem, _ = generic()
        assert firsts == {problem.cost(problem.manifold.random_point(seed))}
    assert compared.table()["iterations"].max() == 15
    assert compared.budget["max_iterations"] == 15


def test_no_run_finds_the_factorisation_of_another(monkeypatch):
    problem, x = narrow()
    starts = []

    def noted(problem, start, method, **terms):
        assert "factor" not in vars(start)
        starts.append(start)
        return rg.minimize(problem, start, method, **terms)

    monkeypatch.setattr(comparing, "minimize", noted)
    assert x.rank > 0
    rg.compare(problem, x, ["gauss-newton", "auto"], **FEW)
    assert len(starts) == 4  # two of them to warm up
    assert len({id(start) for start in starts}) == 4


def test_an_instances_own_limits_give_way():
    problem, x = generic()
    found = rg.compare(problem, x, [rg.GaussNewton(max_iterations=1)], max_iterations=3)
    assert found.table()["iterations"].tolist() == [3]


@pytest.mark.parametrize("limit", [{"max_evaluations": 3}, {"max_time": 1e-9}])
def test_every_limit_is_kept(limit):
    problem, x = generic()
    [one] = rg.compare(problem, x, ["lbfgs"], **limit).runs
    assert "limit" in one.reason


def test_methods_take_turns_in_going_first():
    problem, _ = generic()
    order = []
    rg.compare(
        problem,
        methods=["auto", "lbfgs", "adam"],
        seeds=[5, 7, 2],
        max_iterations=1,
        callback=lambda one: order.append((one.seed, one.method)),
    )
    turns = ["auto", "lbfgs", "adam", "lbfgs", "adam", "auto", "adam", "auto", "lbfgs"]
    assert order == list(zip([5, 5, 5, 7, 7, 7, 2, 2, 2], turns, strict=True))


def test_starts_may_be_points_or_a_function_of_the_seed():
    problem, x = generic()
    M = problem.manifold
    points = [x, M.point(x.params + 0.1)]
    given = rg.compare(problem, points, ["lbfgs"], max_iterations=1)
    made = rg.compare(
        problem, lambda seed: M.point(x.params + 0.1 * seed), ["lbfgs"], seeds=2, max_iterations=1
    )
    assert given.seeds == made.seeds == (0, 1)
    np.testing.assert_array_equal(given.table()["loss"], made.table()["loss"])


def test_labels():
    problem, x = generic()
    several = rg.compare(problem, x, [Adam(0.1), Adam(0.2), "adam"], max_iterations=1)
    assert several.methods == ("Adam", "Adam 2", "adam")
    named = rg.compare(problem, x, {"slow": Adam(1e-4), "fast": Adam(0.1)}, max_iterations=1)
    assert named.methods == ("slow", "fast")
    assert named.of("fast")[0].loss < named.of("slow")[0].loss


def test_the_step_of_fixed_step_is_searched_within_the_budget():
    problem, x = generic()
    found = rg.compare(problem, x, ["fixed-step", FixedStepDescent(1e-3)], max_iterations=5)
    table = found.table().set_index("method")
    searched = table.loc["fixed-step"]
    assert 0 < searched["tuning_evaluations"] <= 40 * 5
    assert searched["evaluations"] == 6
    assert table.loc["FixedStepDescent", "tuning_evaluations"] == 0
    assert searched["loss"] < table.loc["FixedStepDescent", "loss"]


def test_adam_by_name_is_no_worse_than_any_half_decade():
    problem, x = narrow()
    methods = {"adam": "adam"} | {f"{step:g}": Adam(step) for step in 10.0 ** np.arange(-4, 1)}
    found = rg.compare(problem, x, methods, max_iterations=40)
    losses = found.table().set_index("method")["loss"]
    assert losses["adam"] == losses.min()
    assert found.of("adam")[0].tuning_evaluations > 0


def test_a_method_that_fails_has_a_row():
    problem, x = generic()  # kernel damping needs p >= n
    methods = {"auto": "auto", "kernel": rg.LevenbergMarquardt("kernel")}
    found = rg.compare(problem, x, methods, **FEW)
    failure = found.table().iloc[1]
    assert failure["method"] == "kernel"
    assert np.isnan(failure["loss"])
    assert np.isnan(failure["seconds"])
    assert not failure["success"]
    assert failure["reason"].startswith("failed: ValueError: ")
    assert "p >= n" in failure["reason"]
    assert found.winner() == "auto"
    assert found.summary()["failed"].tolist() == [0, 1]
    assert found.runs[1].traceback.rstrip().endswith(found.runs[1].failure)
    for shown in (repr(found), found._repr_html_()):
        assert "kernel failed from start 0: ValueError: " in shown


def test_where_all_runs_fail_alike_the_error_is_raised_with_its_cause():
    problem, x = generic()
    kernels = {"one": rg.LevenbergMarquardt("kernel"), "two": rg.LevenbergMarquardt("kernel")}
    with pytest.raises(rg.NumericalError, match="no method came to a result: ValueError: ") as told:
        rg.compare(problem, x, kernels, seeds=None, **FEW)
    assert isinstance(told.value.__cause__, ValueError)
    assert "p >= n" in str(told.value)


@pytest.mark.parametrize("error", [NameError, AttributeError, TypeError, KeyError, IndexError])
def test_a_mistake_in_a_users_loss_passes_through(error):
    def loss(u):
        raise error("a typo of mine")

    M = rg.ImmersedManifold(Watched(lambda w: w, lambda w: np.eye(2), 2, 2))
    with pytest.raises(error, match="a typo of mine"):
        rg.compare(rg.Problem(M, loss), M.point([1.0, 2.0]), ["auto", "lbfgs"], **FEW)


def test_where_every_method_fails_there_is_no_winner():
    found = comparison(failed("a", 0), failed("b", 0))
    with pytest.raises(ValueError, match="no winner"):
        found.winner()
    assert found.to_dict()["winner"] is None
    assert "no winner" in repr(found)
    assert "no winner" in found._repr_html_()


MISTAKES = [
    ({"methods": ["auto", "lbfsg"]}, ValueError, "did you mean 'lbfgs'"),
    ({"methods": "auto"}, TypeError, "methods must be a list or a mapping"),
    ({"methods": []}, ValueError, "at least one method"),
    ({"methods": ["auto", "auto"]}, ValueError, "'auto' twice"),
    ({"methods": [TrustRegions]}, TypeError, "must be an instance, got the class"),
    ({"methods": ["auto", 3]}, TypeError, "methods must hold names"),
    ({"methods": {1: "auto"}}, TypeError, "labels that are strings"),
    ({"seeds": 2, "x": "point"}, ValueError, "seeds must be left out where x holds the starts"),
    ({"record_points": "yes"}, TypeError, "record_points must be True or False, got 'yes'"),
    ({"x": "foreign"}, ValueError, r"x has \(n, p\) = \(6, 17\)"),
    ({"seeds": 0}, ValueError, "seeds must be an integer >= 1"),
    ({"seeds": [1, 1]}, ValueError, "seeds must be different"),
    ({"seeds": [-1]}, ValueError, "seeds must be an integer >= 0"),
    ({"seeds": 1.5}, TypeError, "seeds must be"),
    ({"x": []}, ValueError, "at least one point"),
    ({"x": 3}, TypeError, "x must be a point"),
    ({"x": lambda seed: 3}, TypeError, "x must give points"),
    ({"max_time": 0}, ValueError, "max_time must be"),
    ({"max_iterations": 0}, ValueError, "max_iterations must be"),
    ({"max_evaluations": 1.5}, TypeError, "max_evaluations must be"),
    ({"tolerance": -1}, ValueError, "tolerance must be"),
    ({"callback": 3}, TypeError, "callback must be"),
    ({"problem": 3}, TypeError, r"problem must be a riemgn.Problem"),
]


@pytest.mark.parametrize(("arguments", "error", "words"), MISTAKES)
def test_a_mistake_is_told_before_anything_is_run(arguments, error, words, monkeypatch):
    problem, x = generic()
    monkeypatch.setattr(comparing, "minimize", lambda *_, **__: pytest.fail("it was run"))
    points = {"point": x, "foreign": wide()[1]}
    if isinstance(arguments.get("x"), str):
        arguments = arguments | {"x": points[arguments["x"]]}
    with pytest.raises(error, match=words):
        rg.compare(**({"problem": problem} | arguments))


def test_an_interrupt_returns_the_runs_so_far():
    ends = set()
    for at in range(1, 60, 6):
        problem, x = interrupted_at(at)
        try:
            found = rg.compare(problem, x, ["auto", "lbfgs", Adam(1e-3)], max_iterations=5)
        except KeyboardInterrupt:
            ends.add("before")
            continue
        ends.add(found.ended)
        if found.ended == "interrupted":
            assert 1 <= len(found.runs) <= 3
            assert "interrupted" in repr(found)
            assert "interrupted" in found._repr_html_()
    assert ends == {"before", "interrupted", "complete"}


def test_the_callback_ends_it():
    problem, x = generic()

    def stop(one):
        assert isinstance(one, MethodRun)
        raise StopIteration

    found = rg.compare(problem, x, ["lbfgs", "adam"], callback=stop, **FEW)
    assert found.ended == "callback"
    assert [one.method for one in found.runs] == ["lbfgs"]
    assert found.to_dict()["ended"] == "callback"


def test_an_error_of_the_callback_passes_through():
    problem, x = generic()

    def fail(one):
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        rg.compare(problem, x, ["lbfgs"], callback=fail, **FEW)


def test_points_are_kept_if_asked_and_jacobians_never():
    problem, x = wide()
    found = rg.compare(problem, x, ["auto"], record_points=True, **FEW)
    [one] = found.runs
    assert all(record.point is not None for record in one.result.history)
    assert "_jacobian" not in vars(one.result.point.jet)


def test_what_was_spent_to_a_loss():
    found = comparison(
        run("a", 0, [10, 12, 4, 5, 1], [0, 1, 2, 3, 4], [1, 3, 5, 7, 9]),
        failed("b", 0),
        run("a", 1, [10, 2], [0, 0.5]),
    )
    seconds = found.seconds_to(4.0)
    assert seconds.loc[0, "a"] == 2
    assert seconds.loc[0, "b"] == np.inf
    assert seconds.loc[1, "a"] == 0.5
    assert np.isnan(seconds.loc[1, "b"])
    assert found.iterations_to(1.0)["a"].tolist() == [4, np.inf]
    assert found.evaluations_to(4.5).loc[0, "a"] == 5
    assert found.seconds_to(10.0).loc[0, "a"] == 0
    for wrong in ("low", 1j, None, True, [1.0]):
        with pytest.raises(TypeError, match="loss must be a number"):
            found.seconds_to(wrong)
    with pytest.raises(ValueError, match="loss must be a number, got nan"):
        found.seconds_to(float("nan"))
    assert found.seconds_to(-np.inf).loc[0, "a"] == np.inf
    with pytest.raises(ValueError, match="unknown measure"):
        found.spent_to(1.0, "minutes")


def test_it_goes_through_json(compared):
    told = compared.to_dict()
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert told["winner"] == compared.winner()
    first = told["runs"][0]["history"]
    assert first["losses"] == [record.cost for record in compared.runs[0].result.history]
    failure = comparison(run("a", 0, [2, 1], [0, 1]), failed("b", 0)).to_dict()
    assert json.loads(json.dumps(failure, allow_nan=False)) == failure


def test_its_words_and_its_html(compared):
    words, html = repr(compared), compared._repr_html_()
    for method in compared.methods:
        assert method in words
        assert method in html
    assert "2 starts, medians over them" in words
    assert f"winner: {compared.winner()}" in words
    assert html.count("<tr>") == len(compared.methods) + 1
    assert html.count("<svg") == len(compared.methods)
    labelled = comparison(run("<b>", 0, [2, 1], [0, 1]), run("run-1e5^x", 0, [3, 2], [0, 1]))
    assert "&lt;b&gt;" in labelled._repr_html_()
    assert ">run-1e5^x<" in labelled._repr_html_()


def test_a_run_beyond_the_domain_fails_alone():
    immersion = Watched(lambda w: np.log(w), lambda w: np.diag(1 / w), 1, 1)
    problem, x = on(immersion, [0.0], [0.5])
    found = rg.compare(problem, x, {"far": FixedStepDescent(1e6), "auto": "auto"}, **FEW)
    assert found.of("far")[0].loss == problem.cost(x)
    assert found.winner() == "auto"


def test_importing_riemgn_loads_no_pandas():
    code = (
        "import sys, riemgn; riemgn.compare; "
        "print([m for m in ('pandas', 'matplotlib', 'sklearn', 'rich') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
