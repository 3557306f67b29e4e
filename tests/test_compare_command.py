"""`riemgn compare`: what it runs, prints and writes, and one clear line for every mistake."""

import io
import json
import re

import numpy as np
import pytest
from comparison_cases import comparison, run
from rich.console import Console

import riemgn as rg
from riemgn.cli import main
from riemgn.commands.compare_methods import NAMES
from riemgn.commands.compare_problem import trained
from riemgn.commands.compare_table import compare_table
from riemgn.commands.data import training_data
from riemgn.comparison.display import method_rows
from riemgn.minimization import METHODS
from riemgn.reports.compare import compare_page

ROWS = [(i / 10, i * i % 7, 2 * i / 10 + i * i % 7) for i in range(40)]
TABLE = "a,b,price\n" + "\n".join(",".join(map(str, row)) for row in ROWS)
KINDS = "a,b,kind\n" + "\n".join(
    f"{i / 10},{i * i % 7},{'low' if i % 3 else 'high'}" for i in range(40)
)
QUICK = ["--hidden", "2", "--iterations", "4"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "own.csv").write_text(TABLE)
    (tmp_path / "kinds.csv").write_text(KINDS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def told(folder, *words):
    """The report of a comparison."""
    assert main(["compare", *words, *QUICK, "--out", "run"]) == 0
    return json.loads((folder / "run" / "compare.json").read_text())


def test_it_prints_a_row_for_each_method(folder, capsys):
    assert main(["compare", "own.csv", "--target", "price", *QUICK]) == 0
    out = capsys.readouterr().out
    for method in ("auto", "gauss-newton", "conjugate-gradient", "lbfgs", "adam"):
        assert f"│ {method} " in out
    assert "own.csv: 40 rows, network 2-2-1 (tanh, 9 weights), squared loss, ridge 1" in out
    assert "\nwinner: " in out
    assert "\ntime and iterations to the returned point, evaluations of the whole run" in out
    assert sorted(path.name for path in folder.iterdir()) == ["kinds.csv", "own.csv"]


def test_it_writes_a_page_a_report_and_a_figure(folder, capsys):
    report = told(folder, "own.csv", "--target", "price", "--seeds", "2")
    run = folder / "run"
    assert sorted(p.name for p in run.iterdir()) == ["compare.html", "compare.json", "compare.png"]
    assert (run / "compare.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert report["network"] == {"widths": [2, 2, 1], "activation": "tanh"}
    assert (report["loss"], report["ridge"]) == ("squared", 1.0)
    runs = report["comparison"]["runs"]
    assert [run["seed"] for run in runs] == [0, 1] * 5
    assert all(run["iterations"] <= 4 for run in runs)
    page = (run / "compare.html").read_text()
    assert len(re.findall(r'<img alt="[^"]+" src="data:image/png;base64,', page)) == 3
    assert page.count("<table") == 3
    assert not re.search(r'(?:src|href)="(?!data:)', page)
    assert "<h1>Methods compared on own.csv</h1>" in page
    assert "5 methods from 2 starts, on 40 rows, network 2-2-1 (tanh, 9 weights)" in page
    assert "time and iterations to the returned point, evaluations of the whole run" in page
    for word in (*report["comparison"]["methods"], "iterations", "riemgn", "seeds", "numpy"):
        assert word in page
    assert f"The winner is {report['comparison']['winner']}." in page
    assert "wrote run/compare.html, run/compare.json, run/compare.png" in capsys.readouterr().out


def test_names_are_told_as_they_are(folder):
    (folder / "run-1e3^x.csv").write_text(TABLE)
    told(folder, "run-1e3^x.csv", "--target", "price", "--ridge", "1e-5")
    page = (folder / "run" / "compare.html").read_text()
    assert "<h1>Methods compared on run-1e3^x.csv</h1>" in page
    lead = re.search("<p>(.*)</p>", page)[1]
    assert "ridge 1 &times; 10<sup>&minus;5</sup>" in lead
    assert "csv" not in lead


def test_the_problem_is_that_of_a_fit(folder):
    data = training_data(folder / "own.csv", None, ["price"], "auto")
    subject = trained(data, [3], "tanh", "auto", 0.5)
    point = subject.start(1)
    w = rg.Network([2, 3, 1]).init(1)
    assert np.array_equal(point.params, w)
    X, y = np.array(ROWS)[:, :2], np.array(ROWS)[:, 2]
    X, y = (X - X.mean(axis=0)) / X.std(axis=0), (y - y.mean()) / y.std()
    W, b, c, d = w[:6].reshape(3, 2), w[6:9], w[9:12], w[12]
    residual = np.tanh(X @ W.T + b) @ c + d - y
    expected = 0.5 * residual @ residual + 0.25 * w @ w
    assert subject.problem.cost(point) == pytest.approx(expected, rel=1e-12)
    bare = trained(data, [3], "tanh", "auto", 0.0)
    assert bare.problem.cost(bare.start(1)) == pytest.approx(0.5 * residual @ residual, rel=1e-12)


@pytest.mark.parametrize(
    ("file", "target", "asked", "loss", "widths"),
    [
        ("kinds.csv", ["kind"], "auto", "logistic", (2, 2, 1)),
        ("kinds.csv", ["kind"], "softmax", "softmax", (2, 2, 2)),
        ("own.csv", ["price", "b"], "auto", "squared", (1, 2, 2)),
        ("own.csv", ["price"], "huber", "huber", (2, 2, 1)),
    ],
)
def test_any_target(folder, file, target, asked, loss, widths):
    data = training_data(folder / file, None, target, asked)
    subject = trained(data, [2], "tanh", asked, 1.0)
    assert (subject.loss, tuple(subject.network.widths)) == (loss, widths)
    found = rg.compare(subject.problem, subject.start, ["auto", "lbfgs"], max_iterations=3)
    assert np.all(found.table()["loss"] < subject.problem.cost(subject.start(0)))


def test_a_bundled_data_set(folder, capsys):
    assert main(["compare", "--dataset", "linnerud", "--methods", "lbfgs", *QUICK]) == 0
    assert "linnerud: 20 rows, network 3-2-3" in capsys.readouterr().out


def test_options_reach_the_runs(folder):
    report = told(
        folder,
        *("own.csv", "--target", "price", "--activation", "softplus", "--ridge", "0"),
        *("--methods", " lbfgs , fixed-step", "--seconds", "5", "--seeds", "2"),
        *("--evaluations", "3", "--tolerance", "1e-5"),
    )
    comparison = report["comparison"]
    assert comparison["methods"] == ["lbfgs", "fixed-step"]
    assert comparison["budget"]["max_time"] == 5
    assert comparison["budget"] == {
        "max_iterations": 4,
        "max_time": 5.0,
        "max_evaluations": 3,
        "tolerance": 1e-5,
    }
    assert all(run["evaluations"] <= 3 for run in comparison["runs"])
    assert report["network"]["activation"] == "softplus"
    assert report["ridge"] == 0
    assert comparison["runs"][2]["tuning_evaluations"] > 0
    page = (folder / "run" / "compare.html").read_text()
    assert "further evaluations, which are not charged" in page


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "give either a FILE or --dataset NAME"),
        (["own.csv"], "give the target column with --target NAME (one of a, b, price)"),
        (["absent.csv", "--target", "price"], "absent.csv"),
        (["own.csv", "--target", "cost"], "cost"),
        (["own.csv", "--target", "price", "--methods", "auto,lbfsg"], "did you mean 'lbfgs'"),
        (["own.csv", "--target", "price", "--methods", "auto,auto"], "'auto' twice"),
        (["own.csv", "--target", "price", "--methods", ""], "unknown method ''"),
        (["own.csv", "--target", "price", "--seeds", "0"], "--seeds must be an integer >= 1"),
        (["own.csv", "--target", "price", "--seconds", "0"], "--seconds must be"),
        (["own.csv", "--target", "price", "--iterations", "0"], "--iterations must be"),
        (["own.csv", "--target", "price", "--evaluations", "0"], "--evaluations must be"),
        (["own.csv", "--target", "price", "--tolerance", "-1"], "--tolerance must be"),
        (["own.csv", "--target", "price", "--ridge", "-1"], "ridge must be"),
        (["own.csv", "--target", "price", "--hidden", "x"], "--hidden must be widths"),
        (["own.csv", "--target", "price", "--activation", "tan"], "did you mean 'tanh'"),
        (["own.csv", "--target", "price", "--loss", "sqared"], "did you mean 'squared'"),
        (["own.csv", "--target", "price", "--out", "own.csv"], "--out must be a folder"),
    ],
)
def test_mistakes_are_one_line_and_code_2(folder, capsys, words, message):
    assert main(["compare", *words]) == 2
    err = capsys.readouterr().err
    assert err.startswith("riemgn: ")
    assert err.count("\n") == 1
    assert message in err
    assert sorted(path.name for path in folder.iterdir()) == ["kinds.csv", "own.csv"]


def test_methods_of_riemgn_and_of_pymanopt_have_names(folder, capsys):
    names = "steepest-descent,conjugate-gradient,trust-regions,nelder-mead,particle-swarm"
    told_names = "steepest-descent,trust-regions,newton"
    report = told(folder, "own.csv", "--target", "price", "--methods", names, "--seconds", "0.2")
    assert report["comparison"]["methods"] == names.split(",")
    assert all(run["loss"] > 0 for run in report["comparison"]["runs"])
    report = told(folder, "own.csv", "--target", "price", "--methods", told_names)
    losses = {run["method"]: run["history"]["losses"] for run in report["comparison"]["runs"]}
    assert losses["trust-regions"] == losses["newton"] != losses["steepest-descent"]
    capsys.readouterr()
    assert main(["compare", "--help"]) == 0
    words = re.sub(r"[^a-z-]+", " ", capsys.readouterr().out)
    assert set(METHODS) < set(NAMES)
    assert all(f" {name} " in words for name in NAMES)


def test_an_interruption_keeps_the_runs_so_far_and_is_code_130(folder, capsys, monkeypatch):
    ran = []

    def interrupted(problem, start, method, **terms):
        ran.append(method)
        if len(ran) == 5:  # of two methods, after a step of each to warm up
            raise KeyboardInterrupt
        return minimize(problem, start, method, **terms)

    minimize = rg.minimize
    monkeypatch.setattr("riemgn.comparison.entry.minimize", interrupted)
    words = ["own.csv", "--target", "price", "--methods", "auto,lbfgs", "--seeds", "2", *QUICK]
    assert main(["compare", *words, "--out", "run"]) == 130
    told = capsys.readouterr()
    assert told.err == "riemgn: interrupted: 2 of 4 runs are finished\n"
    assert "interrupted, and has the runs so far" in told.out
    assert "wrote run/compare.html" in told.out
    report = json.loads((folder / "run" / "compare.json").read_text())["comparison"]
    assert (report["ended"], len(report["runs"])) == ("interrupted", 2)
    assert "The comparison was interrupted" in (folder / "run" / "compare.html").read_text()


def test_where_nothing_came_to_a_result_it_is_a_breakdown(folder, capsys, monkeypatch):
    kernel = rg.LevenbergMarquardt("kernel")  # which needs p >= n
    monkeypatch.setattr("riemgn.comparison.entry.labelled", lambda methods: {"kernel": kernel})
    words = ["compare", "own.csv", "--target", "price", "--ridge", "0", *QUICK, "--out", "run"]
    assert main(words) == 1
    assert "no method came to a result" in capsys.readouterr().err
    assert not (folder / "run").exists()


def test_nothing_is_written_where_a_file_cannot_be(folder, monkeypatch):
    def fail(comparison):
        raise OSError("the disk is full")

    monkeypatch.setattr("riemgn.commands.compare_files._figure", fail)
    assert main(["compare", "own.csv", "--target", "price", *QUICK, "--out", "run"]) == 2
    assert not list(folder.glob("run/*"))


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        ((105.0, 105.001), "less the least one that any method reached from the same start"),
        ((105.0, 300.0), "The least loss so far against iterations."),
    ],
)
def test_the_page_draws_the_gap_where_losses_converge(ends, words):
    both = comparison(*(run(k, 0, [400, end], [0.1, 1]) for k, end in zip("ab", ends, strict=True)))
    pictures = re.findall(
        "<img alt=.*?</figure>", compare_page("data", "rows", both, {}), re.DOTALL
    )
    assert len(pictures) == 2
    assert words in re.search("<figcaption.*", pictures[0])[0]


@pytest.mark.parametrize("width", [80, 100, 200])
def test_a_table_loses_nothing_on_a_narrow_screen(width, folder):
    data = training_data(folder / "own.csv", None, ["price"], "auto")
    subject = trained(data, [2], "tanh", "auto", 1.0)
    names = ("auto", "levenberg-marquardt", "conjugate-gradient")
    found = comparison(
        *(run(name, 0, [400, 105.1 + k * 1e-12], [0.0012, 12.3]) for k, name in enumerate(names))
    )
    console = Console(width=width, file=io.StringIO())
    console.print(compare_table(subject, found, console))
    shown = console.file.getvalue()
    assert "…" not in shown
    assert max(map(len, shown.splitlines())) <= width
    for row in method_rows(found):
        assert all(cell in shown for cell in row.cells)
    assert ("itera-" in shown) == (width == 80)
