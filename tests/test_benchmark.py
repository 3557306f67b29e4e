"""The benchmark: its problems, its judge, its clock, its tables and its command line."""

import json
import math
import time
from fractions import Fraction
from itertools import pairwise

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import grad
from typer.testing import CliRunner

from riemgn.benchmark import tables
from riemgn.benchmark.__main__ import app, seeds_of
from riemgn.benchmark.accuracy import LeastSquares, extended_projection, measured_paths
from riemgn.benchmark.choices import sample_major_jacobian
from riemgn.benchmark.floor import Rates, floor_seconds, measured_rates
from riemgn.benchmark.problems import RECIPES, Recipe, drawn_teacher
from riemgn.benchmark.runs import Row, measured
from riemgn.benchmark.solvers import SOLVERS, installed, traced
from riemgn.benchmark.traces import Limits, RunEnded, Trace
from riemgn.networks import Network

SMALL = Recipe("small", 80, (3, 4, 1))
WIDE = Recipe("wide", 15, (3, 12, 1), has_teacher=False)
LIMITS = Limits(seconds=5.0)
run = CliRunner().invoke


def loss_by_hand(problem):
    """1/2 |f(w) - y|^2 as plain autograd code that shares nothing with the library."""

    def loss(w):
        at, A = 0, problem.X
        widths = problem.network.widths
        for layer, (a, b) in enumerate(pairwise(widths)):
            W = anp.reshape(w[at : at + a * b], (b, a))
            A = anp.dot(A, W.T) + w[at + a * b : at + a * b + b]
            at += a * b + b
            if layer < len(widths) - 2:
                A = anp.tanh(A)
        return 0.5 * anp.sum((A[:, 0] - problem.y) ** 2)

    return loss


@pytest.mark.parametrize(
    ("name", "n", "p"),
    [
        ("U1", 2000, 148),
        ("U2", 5000, 501),
        ("U2n", 5000, 501),
        ("U3", 20000, 301),
        ("O1", 200, 2019),
        ("O2", 500, 10007),
    ],
)
def test_problems_have_their_published_sizes(name, n, p):
    problem = RECIPES[name].problem(0)
    assert problem.shape == (n, p)
    assert problem.start.shape == (p,)
    assert problem.X.shape == (n, 10)


def test_a_seed_gives_the_same_problem_and_another_seed_another():
    one, again, other = SMALL.problem(3), SMALL.problem(3), SMALL.problem(4)
    assert np.array_equal(one.y, again.y)
    assert np.array_equal(one.start, again.start)
    assert not np.allclose(one.y, other.y)


def test_noise_is_five_percent_and_moves_nothing_but_the_targets():
    clean, noisy = RECIPES["U2"].problem(1), RECIPES["U2n"].problem(1)
    assert np.array_equal(clean.start, noisy.start)
    share = np.std(noisy.y - clean.y) / np.std(clean.y)
    assert share == pytest.approx(0.05, rel=0.05)


def test_teacher_has_the_stated_deviations():
    network = Network((400, 300, 1))
    (W, b), _ = network.unflatten(drawn_teacher(network, np.random.default_rng(0)))
    assert np.std(W) * 20 == pytest.approx(1.5, rel=0.01)
    assert np.std(b) == pytest.approx(0.45, rel=0.15)


def test_the_judge_agrees_with_autograd():
    problem = SMALL.problem(0)
    w = problem.start + 0.1
    loss, gradient = problem.judge(w)
    by_hand = loss_by_hand(problem)
    assert loss == pytest.approx(by_hand(w), rel=1e-12)
    assert gradient == pytest.approx(np.max(np.abs(grad(by_hand)(w))), rel=1e-10)


@pytest.mark.parametrize("method", installed())
@pytest.mark.parametrize("recipe", [SMALL, WIDE], ids=["tall", "wide"])
def test_every_method_starts_at_the_start_and_arrives(method, recipe):
    problem = recipe.problem(0)
    trace = traced(method, problem, LIMITS)
    if (method, recipe) == ("scipy-lm", WIDE):
        assert trace.losses == []
        assert trace.ending == "needs p <= n"
        return
    assert trace.losses[0] == pytest.approx(loss_by_hand(problem)(problem.start), rel=1e-12)
    assert trace.reached
    assert trace.gradient_share <= 1e-8
    assert trace.losses[-1] < trace.losses[0]
    assert trace.cpu == sorted(trace.cpu)


def test_the_clock_stands_still_while_an_iterate_is_judged():
    problem = SMALL.problem(0)
    trace = Trace(problem, LIMITS)
    judge = problem.judge

    def slow_judge(w):
        end = time.process_time() + 0.05
        while time.process_time() < end:
            pass
        return judge(w)

    object.__setattr__(problem, "judge", slow_judge)
    trace.start()
    for _ in range(4):
        trace.note(problem.start)
    assert (
        trace.cpu[-1] < 0.05
    )  # three judgements of 0.05 s lie between the first note and the last


def test_a_run_ends_when_the_time_is_up():
    trace = traced("riemgn", SMALL.problem(0), Limits(tolerance=1e-300, seconds=1e-9))
    assert not trace.reached
    assert trace.ending == "1e-09 s are up"
    with pytest.raises(RunEnded):
        trace.check_time(1.0)


def test_a_method_that_stops_by_itself_says_why():
    trace = traced("riemgn", SMALL.problem(0), Limits(tolerance=1e-300, seconds=20.0))
    assert not trace.reached
    assert trace.ending.startswith("Terminated")


def test_a_row_tells_the_median_run_and_its_path():
    row = measured("riemgn", SMALL.problem(0), LIMITS, repeats=3)
    assert row.reached
    assert row.iterations == len(row.path) - 1
    assert row.path[-1][1] == row.loss
    assert row.loss_at(0.0) == row.path[0][1]
    assert row.loss_at(math.inf) == min(loss for _, loss in row.path)


def made_row(method, path, *, reached=True, problem="U1", seed=0):
    cpu, loss = path[-1] if path else (0.0, float("nan"))
    steps = max(len(path) - 1, 0)
    end = "" if path else "needs p <= n"
    return Row(problem, seed, 2000, 148, method, reached, steps, cpu, cpu, loss, 1e-9, end, path)


def cells(table, row):
    return [list(column.cells)[row] for column in table.columns]


def test_times_hide_neither_a_faster_peer_nor_a_failure():
    rows = [
        made_row("riemgn", [(0.0, 9.0), (0.4, 1.0)]),
        made_row("scipy-lm", [(0.0, 9.0), (0.1, 1.0)]),
        made_row("torch-lm", [(0.0, 9.0), (7.0, 2.0)], reached=False),
        made_row("scipy-trf", [], reached=False),
    ]
    table = tables.times(rows, 1e-8)
    assert cells(table, 1)[-1] == "0.25"
    assert cells(table, 2)[6] == "not reached (7.0)"
    assert cells(table, 2)[-1] == "-"
    assert cells(table, 3)[6] == "needs p <= n"


def test_the_star_marks_the_lowest_loss_at_each_moment():
    rows = [
        made_row("riemgn", [(0.0, 9.0), (4.0, 1.0)]),
        made_row("scipy-lm", [(0.0, 9.0), (1.0, 5.0), (10.0, 3.0)]),
    ]
    table = tables.losses_on_the_way(rows)
    assert cells(table, 0)[3:] == ["9 ", "9 ", "1*"]
    assert cells(table, 1)[3:] == ["5*", "5*", "3 "]


def test_a_run_that_fails_counts_as_endless_over_seeds():
    rows = [
        made_row("riemgn", [(0.0, 9.0), (1.0, 1.0)], reached=seed == 0, seed=seed)
        for seed in range(3)
    ]
    table = tables.over_seeds(rows)
    assert cells(table, 0)[2:] == ["1 of 3", "inf", "inf", "3 of 3"]


def test_the_jacobian_in_other_layouts_is_the_same_one():
    problem = SMALL.problem(0)
    J = sample_major_jacobian(problem, problem.X)
    np.testing.assert_allclose(
        J, problem.immersion().jacobian(problem.start), rtol=1e-12, atol=1e-14
    )
    assert J.flags.c_contiguous


def test_floor_counts_the_stated_operations():
    rates = Rates(gemm=1e9, fill=1e9)
    tall, wide = SMALL.problem(0), WIDE.problem(0)
    n, p = tall.shape
    assert floor_seconds(tall, rates) == pytest.approx((n * p**2 + p**3 / 3 + 8 * n * p) / 1e9)
    assert floor_seconds(wide, rates) == pytest.approx((15**2 * 16 + 15**3 / 3) / 1e9)
    assert measured_rates().gemm > 1e8


def exact_projection(J, b):
    """The projection of b on the range of J in rational numbers, through the normal equations."""
    A = [[Fraction(float(x)) for x in row] for row in J]
    n, p = J.shape
    rhs = [Fraction(float(x)) for x in b]
    G = [[sum(A[i][j] * A[i][k] for i in range(n)) for k in range(p)] for j in range(p)]
    q = [sum(A[i][j] * rhs[i] for i in range(n)) for j in range(p)]
    for j in range(p):  # Gauss-Jordan: exact numbers need no pivoting
        for k in range(p):
            if k != j:
                factor = G[k][j] / G[j][j]
                G[k] = [x - factor * y for x, y in zip(G[k], G[j], strict=True)]
                q[k] -= factor * q[j]
    d = [q[j] / G[j][j] for j in range(p)]
    return np.array([float(sum(A[i][j] * d[j] for j in range(p))) for i in range(n)])


def test_the_reference_of_the_accuracy_table_is_exact():
    problem = LeastSquares.drawn(12, 4, 1e6, seed=5)
    exact = exact_projection(problem.J, problem.b)
    reference = extended_projection(problem.J, problem.b).astype(float)
    # extended precision carries 11 bits more than a double where the platform has it
    share = np.finfo(np.longdouble).eps / np.finfo(float).eps
    assert np.max(np.abs(reference - exact)) < 4e-16 + 1e6 * 2e-16 * share


def test_riemgn_chooses_an_accurate_path_at_every_condition_number():
    paths = measured_paths(n=300, p=20)
    table = {name: path.errors for name, path in paths.items()}
    well, ill, worst = table["as riemgn chooses"]
    assert well < 2e-14
    assert ill < 2e-10
    assert worst < 2e-6
    assert table["normal equations"][1] > 100 * ill
    assert table["normal equations"][2] is None or table["normal equations"][2] > 1e-3
    assert table["with two refinements, guarded"][2] is None


def test_command_prints_the_tables_and_writes_json(tmp_path):
    file = tmp_path / "bench.json"
    options = ["--problems", "O1", "--methods", "riemgn", "--seeds", "0,1", "--repeats", "1"]
    result = run(app, [*options, "--floor", "--json", str(file)])
    assert result.exit_code == 0, result.output
    for title in ("CPU seconds until", "Lowest loss", "Over the seeds", "An iteration"):
        assert title in result.output
    content = json.loads(file.read_text())
    assert [(row["problem"], row["seed"]) for row in content["rows"]] == [("O1", 0), ("O1", 1)]
    assert all(row["reached"] for row in content["rows"])
    assert content["machine"]["numpy"] == np.__version__


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--problems", "U7", "unknown problem 'U7'"),
        ("--methods", "scipy_lm", "did you mean 'scipy-lm'"),
        ("--seeds", "1,x", "seeds must be integers and ranges"),
        ("--limit", "-1", "limit must be a finite number > 0"),
        ("--repeats", "0", "repeats must be an integer >= 1"),
    ],
)
def test_command_refuses_bad_options_in_one_line(option, value, said):
    result = run(app, [option, value])
    assert result.exit_code == 2
    assert said in " ".join(result.output.split())


def test_accuracy_command_prints_its_table_and_refuses_a_wide_matrix():
    result = run(app, ["accuracy", "--samples", "60", "--parameters", "5"])
    assert result.exit_code == 0
    assert "Householder QR" in result.output
    assert run(app, ["accuracy", "--samples", "5", "--parameters", "5"]).exit_code == 2


def test_seeds_may_be_ranges():
    assert seeds_of("0,3,5-7") == [0, 3, 5, 6, 7]


def test_methods_that_are_not_installed_are_left_out():
    assert set(installed()) <= set(SOLVERS)
    assert {"riemgn", "scipy-lm", "scipy-trf"} <= set(installed())
