"""The page of a fit against numpy, scikit-learn and the fit itself; the picture of predictions."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from pages import Page
from sklearn.metrics import confusion_matrix

import riemgn as rg
from riemgn.datasets import Dataset
from riemgn.evaluation import evaluate
from riemgn.plotting import predictions, theme
from riemgn.reports.fit import fit_page
from riemgn.reports.frame import Part, paragraph, picture, report

SETTINGS = {"hidden": "2", "ridge": 1.0, "test-share": 0.25}


def numbers(targets=("price <€>",), samples=40, name="own.csv"):
    draws = np.random.default_rng(0)
    X = draws.normal(size=(samples, 2))
    y = (
        100
        + 20 * np.tanh(X @ draws.normal(size=(2, len(targets))))
        + draws.normal(size=(samples, len(targets)))
    )
    y = y[:, 0] if len(targets) == 1 else y
    path = Path("data") / name
    return Dataset(name, X, y, ("a & b", "c"), tuple(targets), False, path)


def labels():
    draws = np.random.default_rng(1)
    X = draws.normal(size=(60, 2))
    y = np.array(["low", "middle", "high <x>"])[np.digitize(X[:, 0] + X[:, 1] / 4, [-0.5, 0.5])]
    return Dataset("own.csv", X, y, ("a", "b"), ("kind",), True)


def fitted(data, **options):
    return evaluate(data, [2], **{"ridge": 1.0, **options})


def page_of(data, evaluation):
    return Page(fit_page(data, evaluation, SETTINGS, Path("my run/model.npz")))


def table_of(page, heading):
    return next(table for table in page.tables if table[0][0] == heading)


def test_the_page_of_numbers():
    data = numbers()
    evaluation = fitted(data, ridge="auto", seed=3)
    evaluation = replace(evaluation, baselines={"lbfgs": 2.0, "adam": -1.0})
    page = page_of(data, evaluation)
    assert page.headings == [
        "Fit of own.csv", "The fit", "Scores", "How the loss fell", "Predictions", "The model",
        "Settings",
    ]  # fmt: skip
    assert page.addresses == []
    assert len(page.images) == 3
    assert all(image["alt"] for image in page.images)
    assert all(image["src"].startswith("data:image/png;base64,iVBOR") for image in page.images)
    fit = dict(table_of(page, "Quantity"))
    assert fit["p"] == "9 weights"
    assert fit["loss, training"] == f"{evaluation.result.report.loss:.4g}"
    assert fit["ended"] == evaluation.result.report.stopping
    scores = dict(table_of(page, "Scored"))
    assert scores["riemgn, test rows"] == f"{evaluation.test_score:.3f}"
    assert scores["scikit-learn MLP, lbfgs, test rows"] == "2.000"
    assert dict(table_of(page, "Option"))["test-share"] == "0.25"
    assert "riemgn predict 'my run/model.npz' NEW.csv" in page.text
    assert "riemgn geometry data/own.csv --model 'my run/model.npz'" in page.text
    assert "columns a & b, c;" in page.text


def test_residuals_are_those_of_the_test_rows():
    data = numbers(("first", "second"))
    evaluation = fitted(data)
    X, y = evaluation.test
    left = y - evaluation.result.predict(X)
    table = table_of(page_of(data, evaluation), "Target")
    for row, name, column in zip(table[1:], data.targets, left.T, strict=True):
        assert row[0] == name
        wanted = [column.mean(), np.sqrt(np.sum((column - column.mean()) ** 2) / 9)]
        wanted += np.percentile(column, [0, 25, 50, 75, 100]).tolist()
        np.testing.assert_allclose([float(cell) for cell in row[1:]], wanted, rtol=1e-3, atol=1e-3)
    assert len(X) == 10


def test_without_test_rows_the_training_rows_are_told():
    data = numbers()
    page = page_of(data, fitted(data, test_share=0.0))
    assert "No rows were kept for a test." in page.text
    assert "of the 40 training rows" in page.text
    assert "There are no test rows." in page.text
    assert len(table_of(page, "Scored")) == 2


def test_labels_are_counted():
    data = labels()
    evaluation = fitted(data, test_share=0.5)
    X, y = evaluation.test
    names = ["high <x>", "low", "middle"]
    counts = confusion_matrix(y, evaluation.result.predict(X), labels=names)
    head, *rows = table_of(page_of(data, evaluation), "true")
    assert head == ["true", *names, "share right"]
    assert [row[0] for row in rows] == names
    assert [[int(cell) for cell in row[1:-1]] for row in rows] == counts.tolist()
    shares = counts.diagonal() / counts.sum(axis=1)
    assert [row[-1] for row in rows] == [f"{share:.3f}" for share in shares]


def test_a_label_that_was_not_trained_has_its_row():
    data = labels()
    evaluation = fitted(data, test_share=0.5)
    X, y = evaluation.test
    y = y.astype("<U12")
    y[0] = "unheard of"
    page = page_of(data, replace(evaluation, test=(X, y)))
    head, *rows = table_of(page, "true")
    assert head[-2:] == ["unheard of", "share right"]
    assert rows[-1][-1] == "0.000"


def test_counts_are_drawn_in_their_own_unit():
    data = replace(numbers(("visits",)), y=np.random.default_rng(2).poisson(5, 40))
    evaluation = fitted(data, loss="poisson")
    page = page_of(data, evaluation)
    assert "cross entropy" not in page.text
    assert "Poisson loss over the mean count" in page.text
    assert table_of(page, "Target")[1][0] == "visits"


def test_many_targets_are_all_summed_up_and_some_drawn():
    data = numbers(tuple(f"y{i}" for i in range(8)))
    page = page_of(data, fitted(data))
    assert len(table_of(page, "Target")) == 9
    drawn = [image["alt"] for image in page.images if "predictions over" in image["alt"]]
    assert [words.split(":")[0] for words in drawn] == [f"y{i}" for i in range(6)]


def test_an_interrupted_fit_says_so():
    data = numbers()
    evaluation = fitted(data)
    cut = replace(evaluation.result, report=replace(evaluation.result.report, interrupted=True))
    page = page_of(data, replace(evaluation, result=cut))
    assert "The fit was interrupted." in page.text
    assert "rank of the Jacobian" not in dict(table_of(page, "Quantity"))
    untested = fitted(data, test_share=0.0)
    report_cut = replace(untested.result.report, interrupted=True)
    page = page_of(data, replace(untested, result=replace(untested.result, report=report_cut)))
    assert "No rows were kept for a test. The fit was interrupted." in page.text


@pytest.mark.parametrize(
    ("place", "words"), [(0, "the strongest tried"), (-1, "the weakest tried"), (1, None)]
)
def test_a_choice_at_an_end_of_the_path_is_told(place, words):
    data = numbers()
    evaluation = fitted(data, ridge="auto")
    told = evaluation.result.report
    path = tuple((ridge, (1.0,)) for ridge in (4.0, 1.0, 0.25))

    def ridge_of(**changes):
        changed = replace(told, ridge_path=path, ridge=path[place][0], **changes)
        result = replace(evaluation.result, report=changed)
        return dict(table_of(page_of(data, replace(evaluation, result=result)), "Quantity"))[
            "ridge"
        ]

    chosen = f"{path[place][0]:.3g}, chosen on held-out rows (1 fold)"
    assert ridge_of().startswith(f"{chosen}; {words}" if words else chosen)
    assert (";" in ridge_of()) == (words is not None)
    assert ridge_of(interrupted=True) == chosen


def test_names_are_told_as_they_are():
    data = replace(numbers(("y-1e5", "a^b"), name="1e3^x.csv"), columns=("run-1e5", "c^2"))
    settings = {"model": "run-1e5/a^b", "entries": 2e7}
    page = Page(fit_page(data, fitted(data), settings, Path("run-1e5/model.npz")))
    assert page.headings[0] == "Fit of 1e3^x.csv"
    assert "was trained on 30 rows of 1e3^x.csv." in page.text
    assert "need the columns run-1e5, c^2;" in page.text
    assert dict(table_of(page, "Quantity"))["target"] == "y-1e5, a^b"
    assert [row[0] for row in table_of(page, "Target")[1:]] == ["y-1e5", "a^b"]
    assert [image["alt"].split(":")[0] for image in page.images[-2:]] == ["y-1e5", "a^b"]
    assert "y-1e5: predictions over" in page.text
    options = dict(table_of(page, "Option"))
    assert options["model"] == "run-1e5/a^b"
    assert options["entries"] == "2 \N{MULTIPLICATION SIGN} 107"


def test_names_of_labels_are_told_as_they_are():
    data = labels()
    names = {"low": "k-1e5", "middle": "a^b", "high <x>": "c"}
    data = replace(data, y=np.array([names[label] for label in data.y]))
    head, *rows = table_of(page_of(data, fitted(data)), "true")
    assert head[1:-1] == [row[0] for row in rows] == ["a^b", "c", "k-1e5"]


def test_text_of_the_users_is_escaped():
    data = numbers(name="<b>own</b>.csv")
    page = page_of(data, fitted(data))
    assert page.headings[0] == "Fit of <b>own</b>.csv"
    assert "price <€>: predictions over" in page.images[-1]["alt"]


def test_a_report_has_its_parts_in_order():
    drawn = picture(lambda ax: ax.plot([1, 2]), "A line.", "What is seen")
    page = Page(report("Title", "In R^3 it is 1e-09.", [Part("One", drawn)], {"x": None}))
    assert page.headings == ["Title", "One", "Settings"]
    assert "In R3 it is 1 \N{MULTIPLICATION SIGN} 10\N{MINUS SIGN}9." in page.text
    assert page.images[0]["alt"] == "What is seen"
    assert page.tables == [[["Option", "Value"], ["x", "-"]]]
    assert paragraph("a < b") == "<p>a &lt; b</p>\n"


def test_predictions_lie_on_the_line_where_they_agree():
    y, predicted = np.array([1.0, 2.0, 4.0]), np.array([1.5, 2.0, 3.0])
    axes = predictions(y, predicted, Figure().subplots(), name="price")
    dots, line = axes.lines
    np.testing.assert_array_equal(dots.get_xydata(), np.column_stack([y, predicted]))
    np.testing.assert_array_equal(line.get_xydata(), [[1, 1], [4, 4]])
    assert axes.get_xlabel() == "price, measured"
    assert axes.get_ylabel() == "price, predicted"
    entries = [text.get_text() for text in axes.get_legend().get_texts()]
    assert entries == ["3 rows", "prediction = target"]


def test_predictions_on_a_dark_page():
    with theme("dark"):
        axes = predictions([0.0, 1.0], [0.1, 0.8], Figure().subplots())
    assert axes.lines[1].get_color() == "#e6e9ee"


def test_predictions_of_another_shape():
    with pytest.raises(ValueError, match="predicted must have shape"):
        predictions([1.0, 2.0], [1.0])
    with pytest.raises(TypeError, match="ax must be matplotlib axes"):
        predictions([1.0, 2.0], [1.0, 2.0], Figure())
    assert "predictions" in rg.plotting.__all__
