"""The page of a fit: what was fitted, how well it does, how it came about, how to use it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from riemgn import markup
from riemgn.datasets import Dataset
from riemgn.evaluation import Evaluation, Rows
from riemgn.markup import Markup, verbatim
from riemgn.plotting import predictions
from riemgn.plotting.fits import fit_curve, ridge_curve, unit
from riemgn.reports import fit_words
from riemgn.reports.confusion import confusion_table
from riemgn.reports.frame import Part, command, marked, paragraph, picture, report

_MOST_TARGETS = 6  # of which predictions are drawn
_NAMED = 12  # so many input columns are named


def fit_page(
    data: Dataset, evaluation: Evaluation, settings: Mapping[str, object], model: Path
) -> str:
    """Return the page of a fit.

    Args:
        data: The rows.
        evaluation: The fit and its scores.
        settings: The options that it was run with.
        model: The model's file, as it is found from the folder where the fit was run.
    """
    parts = [
        Part("The fit", _fit(data, evaluation)),
        Part("Scores", _scores(evaluation)),
        Part("How the loss fell", _course(evaluation)),
        Part("Predictions", _predictions(data, evaluation)),
        Part("The model", _use(data, evaluation, model)),
    ]
    return report(f"Fit of {data.name}", _lead(data, evaluation), parts, settings)


def _lead(data: Dataset, evaluation: Evaluation) -> Markup:
    network, rows = evaluation.result.network, evaluation.result.report.rows
    shape = "-".join(map(str, network.widths))
    words = f"A {shape} network ({network.activation.name}) was trained on {rows} rows"
    if evaluation.test_score is None:
        tested = "No rows were kept for a test."
    else:
        score = f"{evaluation.score_name} {evaluation.test_score:.3f}"
        tested = f"On {evaluation.test_rows} rows that it has not seen it has {score}."
    stopped = " The fit was interrupted." if evaluation.result.report.interrupted else ""
    return verbatim(f"{words} of {data.name}. {tested}{stopped}")


def _fit(data: Dataset, evaluation: Evaluation) -> str:
    losses = [
        (f"loss, {name.strip()}" if name.startswith(" ") else name, value)
        for name, value in fit_words.loss(evaluation)
    ]
    ending = ("ended", evaluation.result.report.stopping)
    what = [(name, verbatim(value)) for name, value in fit_words.what(data, evaluation)]
    rows = [*what, *fit_words.geometry(evaluation), *losses, ending]
    return markup.table(("Quantity", "Value"), rows)


def _scores(evaluation: Evaluation) -> str:
    name = evaluation.score_name
    rows = [("riemgn, training rows", f"{evaluation.training_score:.3f}")]
    scores = fit_words.scores(evaluation)
    best = np.nanmax(list(scores.values())) if scores else np.nan
    for label, score in scores.items():
        rows.append((f"{label}, test rows", marked(f"{score:.3f}", score == best)))
    words = (
        f"There are {evaluation.test_rows} test rows, which no fit has seen. scikit-learn's "
        "perceptron has the same shape and the same training rows."
    )
    return markup.table(("Scored", name), rows) + paragraph(
        words if scores else "There are no test rows."
    )


def _course(evaluation: Evaluation) -> str:
    result = evaluation.result
    words = f"Loss a row ({unit(result)}) at every iterate."
    drawn = picture(lambda ax: fit_curve(result, ax), words, "Curve of the loss over iterations.")
    if not result.report.ridge_path:
        return drawn
    words = "Held-out loss of each strength of the ridge, strong to weak; the star is the choice."
    alternative = "Curve of the held-out loss over the strength of the ridge."
    return drawn + picture(lambda ax: ridge_curve(result, ax), words, alternative)


def _predictions(data: Dataset, evaluation: Evaluation) -> str:
    tested = evaluation.test_rows > 0
    rows = evaluation.test if tested else evaluation.training
    which = f"the {len(rows[0])} {'test' if tested else 'training'} rows"
    if evaluation.result.model.classes is not None:
        return _confusion(evaluation, rows, which)
    return _residuals(data, evaluation, rows, which)


def _confusion(evaluation: Evaluation, rows: Rows, which: str) -> str:
    X, y = rows
    model = evaluation.result.model
    return confusion_table(y, model.predict(X), model.classes, which)


def _residuals(data: Dataset, evaluation: Evaluation, rows: Rows, which: str) -> str:
    X, y = rows
    predicted = evaluation.result.model.predict(X).reshape(len(X), -1)
    measured = y.reshape(len(X), -1)
    left = [
        (verbatim(name), *(f"{value:.4g}" for value in _summary(column)))
        for name, column in zip(data.targets, (measured - predicted).T, strict=True)
    ]
    headings = ("Target", "Mean", "Standard deviation", "Least", "Quartile", "Median")
    table = markup.table((*headings, "Quartile", "Largest"), left)
    drawn = "".join(
        _scatter(name, *columns, which)
        for name, *columns in zip(data.targets, measured.T, predicted.T, strict=True)
        if name in data.targets[:_MOST_TARGETS]
    )
    words = f"Residuals, target less prediction, of {which} in the target's own unit:"
    return drawn + paragraph(words) + table


def _scatter(name: str, measured: np.ndarray, predicted: np.ndarray, which: str) -> str:
    return picture(
        lambda ax: predictions(measured, predicted, ax, name=name),
        verbatim(f"{name}: predictions over measured values of {which}."),
    )


def _summary(column: np.ndarray) -> Iterable[float]:
    deviation = column.std(ddof=1) if column.size > 1 else np.nan
    return (column.mean(), deviation, *np.quantile(column, (0, 0.25, 0.5, 0.75, 1)))


def _use(data: Dataset, evaluation: Evaluation, model: Path) -> str:
    columns = evaluation.result.model.columns
    named = ", ".join(columns[:_NAMED]) + (", ..." if len(columns) > _NAMED else "")
    words = verbatim(
        f"The weights and the scaling are in {model.name} beside this page. New rows need the "
        f"columns {named}; they are found by name, and others are left out."
    )
    subject = f"--dataset {data.name}" if data.path is None else _argument(data.path)
    return (
        paragraph(words)
        + paragraph("Predictions, from the folder where the fit was run:")
        + command(f"riemgn predict {_argument(model)} NEW.csv --out predictions.csv")
        + paragraph("The geometry of the output manifold at these weights, from there too:")
        + command(f"riemgn geometry {subject} --model {_argument(model)} --out geometry")
    )


def _argument(path: Path) -> str:
    """Return a path as a shell takes it, and no command for an option."""
    return shlex.quote(f"./{path}" if str(path).startswith("-") else str(path))
