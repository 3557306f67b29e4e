"""The command line: what it prints and writes, and one clear line for every mistake."""

import html
import json
import re
import shlex
import subprocess
import sys
from contextlib import contextmanager

import numpy as np
import pytest

import riemgn
from riemgn import baselines
from riemgn.cli import main
from riemgn.modelfile import load_model, save_model

ROWS = [(i / 10, i * i % 7, 2 * i / 10 + i * i % 7) for i in range(40)]
TABLE = "a,b,price\n" + "\n".join(",".join(map(str, row)) for row in ROWS)
KINDS = "a,b,kind\n" + "\n".join(
    f"{i / 10},{i * i % 7},{'low' if i < 20 else 'high'}" for i in range(40)
)


@pytest.fixture(autouse=True)
def few_epochs(monkeypatch):
    monkeypatch.setattr(baselines, "MAX_ITERATIONS", 20)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "own.csv").write_text(TABLE)
    (tmp_path / "kinds.csv").write_text(KINDS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_fit_prints_one_table(folder, capsys):
    assert main(["fit", "own.csv", "--target", "price", "--hidden", "3"]) == 0
    out = capsys.readouterr().out
    for part in ("underparameterised", "3-1, tanh", "13 weights", "rank", "condition number"):
        assert part in out
    for part in ("loss", "held out", "ridge", "test R²", "scikit-learn MLP, lbfgs", "seconds"):
        assert part in out
    assert [path.name for path in folder.iterdir() if path.is_dir()] == []


def test_fit_writes_a_report_the_weights_and_a_figure(folder, capsys):
    assert main(["fit", "own.csv", "--target", "price", "--hidden", "3,2", "--out", "new/run"]) == 0
    run = folder / "new" / "run"
    names = sorted(path.name for path in run.iterdir())
    assert names == ["fit.html", "fit.json", "loss.png", "model.npz"]
    report = json.loads((run / "fit.json").read_text())
    assert report["network"] == {"widths": [2, 3, 2, 1], "activation": "tanh"}
    assert report["data"]["inputs"] == ["a", "b"]
    assert report["scores"]["test_rows"] == 10
    assert set(report["scores"]["scikit-learn"]) == {"lbfgs", "adam"}
    assert report["fit"]["p"] == 20
    assert f"{report['scores']['test']:.3f}" in capsys.readouterr().out
    assert (run / "loss.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert "<h1>Fit of own.csv</h1>" in (run / "fit.html").read_text()
    model = load_model(run / "model.npz")
    kept = model.score(np.array(ROWS)[:, :2], np.array(ROWS)[:, 2])
    assert kept > 0.9


@pytest.mark.parametrize(
    ("file", "out"), [("my own.csv", "it's new"), ("wine", "run"), ("-x.csv", "-y")]
)
def test_the_commands_on_the_page_are_right_where_the_fit_was_run(folder, capsys, file, out):
    (folder / file).write_text(TABLE)
    options = ["--target", "price", "--hidden", "2", "--ridge", "1"]
    assert main(["fit", *options, f"--out={out}", "--", file]) == 0
    page = (folder / out / "fit.html").read_text()
    commands = [html.unescape(line) for line in re.findall("<code>(.*)</code>", page)]
    (folder / "NEW.csv").write_text(TABLE)
    for command in commands:
        program, *words = shlex.split(command)
        assert program == "riemgn"
        assert main(words) == 0
    assert (folder / "predictions.csv").read_text().startswith("price\n")
    assert json.loads((folder / "geometry" / "geometry.json").read_text())["data"]["name"] == file


def test_names_are_told_as_they_are(folder, capsys):
    (folder / "1e3^[bold]x.csv").write_text(TABLE.replace("price", "y-1e5^[b]"))
    words = ["1e3^[bold]x.csv", "--target", "y-1e5^[b]", "--hidden", "2", "--ridge", "1"]
    assert main(["fit", *words]) == 0
    out = capsys.readouterr().out
    assert "1e3^[bold]x.csv: 40 rows" in out
    assert "y-1e5^[b]" in out


def test_fit_of_a_bundled_data_set(capsys):
    assert main(["fit", "--dataset", "linnerud", "--hidden", "2", "--seed", "1"]) == 0
    assert "Weight, Waist, Pulse" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--method", "gauss-newton", "--ridge", "1"], "Gauss-Newton on the output manifold"),
        (["--hidden", "30", "--ridge", "1"], "overparameterised"),
        (["--hidden", "0", "--ridge", "1"], "2-1, tanh"),
        (["--ridge", "1", "--validation", "0.2"], "held out"),
        (["--test-share", "0", "--ridge", "1"], "no test rows"),
        (["--activation", "softplus", "--ridge", "1"], "softplus"),
        (["--loss", "huber", "--ridge", "1"], "huber (Huber loss, standardised)"),
    ],
)
def test_options_reach_the_fit(folder, capsys, options, expected):
    assert main(["fit", "own.csv", "--target", "price", *options]) == 0
    assert expected in capsys.readouterr().out


def test_text_targets_are_classes(folder, capsys):
    assert main(["fit", "kinds.csv", "--target", "kind", "--out", "run"]) == 0
    out = capsys.readouterr().out
    assert "kind: 2 classes" in out
    assert "logistic (cross entropy, nats)" in out
    assert "test accuracy" in out


@pytest.mark.parametrize(
    ("values", "loss", "expected"),
    [
        ([0, 1], "auto", "logistic (cross"),
        ([0, 1], "softmax", "softmax (cross"),
        ([0, 1], "squared", "squared (half"),
        ([0, 1, 2], "auto", "softmax (cross"),
        ([1, 2, 3], "poisson", "poisson (Poisson"),
        (range(20), "auto", "squared (half"),
        ([0.5, 1.5], "auto", "squared (half"),
    ],
)
def test_few_whole_numbers_are_classes_unless_told_otherwise(
    folder, capsys, values, loss, expected
):
    rows = [f"{i / 7},{values[i % len(values)]}" for i in range(60)]
    (folder / "whole.csv").write_text("a,y\n" + "\n".join(rows))
    words = ["fit", "whole.csv", "--target", "y", "--loss", loss, "--hidden", "2", "--ridge", "1"]
    assert main(words) == 0
    assert expected in capsys.readouterr().out


def test_predict_finds_columns_by_name(folder, capsys):
    main(["fit", "own.csv", "--target", "price", "--out", "run"])
    capsys.readouterr()
    (folder / "new.csv").write_text("note,b,a\nx,1,0.5\ny,4,3.0\n")
    assert main(["predict", "run/model.npz", "new.csv"]) == 0
    lines = capsys.readouterr().out.split()
    assert lines[0] == "price"
    expected = load_model("run/model.npz").predict([[0.5, 1.0], [3.0, 4.0]])
    np.testing.assert_allclose([float(line) for line in lines[1:]], expected)


def test_predict_gives_labels_and_probabilities(folder, capsys):
    main(["fit", "kinds.csv", "--target", "kind", "--out", "run"])
    assert main(["predict", "run/model.npz", "kinds.csv", "--out", "answer.csv"]) == 0
    assert capsys.readouterr().out.endswith("wrote 40 predictions to answer.csv\n")
    lines = (folder / "answer.csv").read_text().splitlines()
    assert lines[0] == "kind,P(high),P(low)"
    assert lines[1].startswith("low,")
    assert lines[40].startswith("high,")


def test_a_model_without_names_takes_all_columns(folder, capsys):
    X, y = riemgn.datasets.load("linnerud")
    fitted = riemgn.fit(riemgn.Network([3, 2, 3]), X, y, ridge=1.0)
    save_model(fitted.model, "bare.npz")
    (folder / "three.csv").write_text("x,y,z\n0,1,2\n")
    assert main(["predict", "bare.npz", "three.csv"]) == 0
    assert capsys.readouterr().out.startswith("prediction 1,prediction 2,prediction 3\n")
    assert main(["predict", "bare.npz", "kinds.csv"]) == 2
    assert main(["predict", "bare.npz", "own.csv"]) == 0
    (folder / "two.csv").write_text("x,y\n0,1\n")
    capsys.readouterr()
    assert main(["predict", "bare.npz", "two.csv"]) == 2
    assert "must have shape (rows, 3)" in one_line(capsys)


def test_scores_print_markdown(folder, capsys):
    words = [
        "scores",
        "--datasets",
        "linnerud",
        "--splits",
        "2",
        "--hidden",
        "2",
        "--out",
        "s.json",
    ]
    assert main(words) == 0
    assert "| linnerud" in capsys.readouterr().out
    assert len(json.loads((folder / "s.json").read_text())["linnerud"]["riemgn"]) == 2


BAD_TABLES = {
    "missing column": ("a,b\n1,2\n3,4\n", "unknown column of bad.csv 'price'"),
    "text in a number column": ("a,price\n1,2\nx,3\n", "column 'a' must hold numbers, got 'x'"),
    "NaN": ("a,price\n1,2\nnan,3\n4,5\n", "column 'a' has no value"),
    "NaN in the target": ("a,price\n1,2\n2,\n4,5\n", "column 'price' has no value"),
    "empty file": ("", "is empty"),
    "header only": ("a,price\n", "has no rows"),
    "two rows": ("a,price\n1,2\n3,4\n", "must have at least 3 rows, got 2"),
    "constant target": ("a,price\n1,2\n3,2\n5,2\n", "target column 'price' is constant (2)"),
    "one class": ("a,price\n1,x\n3,x\n5,x\n", "target column 'price' is constant (x)"),
    "no inputs": ("price\n1\n2\n3\n", "has no column besides the target"),
    "mixed target": ("a,price\n1,2\n3,x\n5,7\n", "column 'price' must hold numbers, got 'x'"),
}


def one_line(capsys, code=2):
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("riemgn: ")
    assert captured.err.count("\n") == 1
    return captured.err


@pytest.mark.parametrize("name", BAD_TABLES)
def test_a_bad_table_is_one_clear_line(folder, capsys, name):
    text, message = BAD_TABLES[name]
    (folder / "bad.csv").write_text(text)
    assert main(["fit", "bad.csv", "--target", "price", "--out", "run"]) == 2
    assert message in one_line(capsys)
    assert not (folder / "run").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["fit"], "give either a FILE or --dataset NAME"),
        (["fit", "own.csv", "--dataset", "iris"], "not both"),
        (["fit", "own.csv"], "give the target column with --target NAME (one of a, b, price)"),
        (["fit", "absent.csv", "--target", "price"], "there is no file absent.csv"),
        (["fit", "--dataset", "irs"], "did you mean 'iris'"),
        (["fit", "--dataset", "iris", "--target", "x"], "a bundled data set has its own target"),
        (["fit", "--dataset", "iris", "--hidden", "3.5"], "--hidden must be widths"),
        (["fit", "--dataset", "iris", "--hidden", "3,-1"], "--hidden must be widths"),
        (["fit", "--dataset", "iris", "--ridge", "much"], "--ridge must be auto or a number"),
        (["fit", "--dataset", "iris", "--ridge", "-1"], "ridge must be a finite number >= 0"),
        (["fit", "--dataset", "iris", "--seed", "-1"], "seed must be an integer >= 0"),
        (["fit", "--dataset", "iris", "--seed", "one"], "--seed"),
        (["fit", "--dataset", "iris", "--activation", "relu"], "relu"),
        (["fit", "--dataset", "iris", "--loss", "hinge"], "unknown loss 'hinge'"),
        (["fit", "--dataset", "iris", "--loss", "logistic"], "needs two classes, y holds 3"),
        (["fit", "--dataset", "iris", "--loss", "squared"], "y must hold numbers"),
        (["fit", "--dataset", "iris", "--method", "adam"], "unknown method 'adam'"),
        (["fit", "--dataset", "iris", "--test-share", "1"], "test_share must be in [0, 1)"),
        (["fit", "--dataset", "iris", "--validation", "0.9"], "validation must be in [0, 0.5]"),
        (["fit", "--dataset", "iris", "--out", "own.csv"], "--out must be a folder"),
        (["fit", "--dataset", "iris", "--out", "own.csv/run"], "own.csv is a file"),
        (["fit", "--datset", "iris"], "--datset"),
        (["fot"], "fot"),
        (["predict", "absent.npz", "own.csv"], "there is no model file absent.npz"),
        (["predict", "own.csv", "own.csv"], "own.csv is not a riemgn model file"),
        (["predict", "own.csv"], "Missing argument"),
        (["scores", "--datasets", "iris,irs"], "did you mean 'iris'"),
        (["scores", "--splits", "0"], "splits must be an integer >= 1"),
    ],
)
def test_a_mistake_is_one_clear_line(folder, capsys, words, message):
    before = sorted(folder.iterdir())
    assert main(words) == 2
    assert message in one_line(capsys)
    assert sorted(folder.iterdir()) == before


def test_a_column_that_the_model_needs_is_missing(folder, capsys):
    main(["fit", "own.csv", "--target", "price", "--out", "run", "--ridge", "1"])
    (folder / "new.csv").write_text("a,c\n1,2\n")
    capsys.readouterr()
    assert main(["predict", "run/model.npz", "new.csv", "--out", "answer.csv"]) == 2
    assert "new.csv lacks the input column 'b'" in one_line(capsys)
    assert not (folder / "answer.csv").exists()


def test_an_interrupted_command(folder, capsys, monkeypatch):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("riemgn.evaluation.evaluate", interrupted)
    assert main(["fit", "own.csv", "--target", "price"]) == 130
    assert one_line(capsys) == "riemgn: interrupted\n"


def test_an_interrupted_fit_keeps_its_best_weights(folder, capsys, monkeypatch):
    @contextmanager
    def leaves_at_the_third_step():
        steps = []

        def show(step):
            steps.append(step)
            if len(steps) == 3:
                raise KeyboardInterrupt

        yield show

    monkeypatch.setattr("riemgn.fitting.progress.shown", leaves_at_the_third_step)
    words = ["fit", "own.csv", "--target", "price", "--ridge", "1", "--out", "run"]
    assert main(words) == 130
    told = capsys.readouterr()
    assert "these are the best weights so far" in told.out
    assert told.err == "riemgn: interrupted: these are the best weights so far\n"
    assert load_model(folder / "run" / "model.npz").predict([[0.5, 1.0]]).shape == (1,)


def test_help_and_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"riemgn {riemgn.__version__}\n"
    assert main(["fit", "--help"]) == 0
    assert "--dataset" in capsys.readouterr().out


def test_the_module_runs_and_starts_light():
    code = (
        "import sys, riemgn.cli\n"
        "heavy = {'sklearn', 'pandas', 'matplotlib', 'geomstats', 'rich.progress'}\n"
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    light = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert light.returncode == 0, light.stderr
    bad = subprocess.run(
        [sys.executable, "-m", "riemgn", "fit", "absent.csv", "--target", "y"],
        capture_output=True,
        text=True,
    )
    assert (bad.returncode, bad.stdout) == (2, "")
    assert bad.stderr == "riemgn: there is no file absent.csv\n"


def test_a_mistake_of_riemgns_own_is_no_bad_input(monkeypatch):
    def broken(*args, **kwargs):
        raise TypeError("unsupported operand")

    monkeypatch.setattr("riemgn.evaluation.evaluate", broken)
    with pytest.raises(TypeError, match="unsupported operand"):
        main(["fit", "--dataset", "iris"])


def test_scores_begin_at_the_split_asked_for(folder, capsys):
    words = [
        "scores",
        "--datasets",
        "linnerud",
        "--splits",
        "2",
        "--hidden",
        "2",
        "--out",
        "s.json",
    ]
    assert main([*words, "--first", "7"]) == 0
    assert json.loads((folder / "s.json").read_text())["linnerud"]["splits"] == [7, 8]
    assert main([*words, "--first", "-1"]) == 2
    assert "first" in capsys.readouterr().err
