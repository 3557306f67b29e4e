"""`riemgn predict`: apply a trained model to a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def predict(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model.npz of riemgn fit.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV or Parquet table.")],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The CSV file to write, instead of standard output."),
    ] = None,
) -> None:
    """Apply a trained model to a table; its input columns are found by name.

    The answer has a row for each row of the table: a column for each target, and for classes a
    further one with the probability of each.
    """
    import sys

    from riemgn.commands.data import input_data
    from riemgn.files import written_whole
    from riemgn.modelfile import load_model
    from riemgn.tables import read_table

    trained = load_model(model)
    answer = prediction_frame(trained, input_data(read_table(file), trained.columns))
    if out is None:
        answer.to_csv(sys.stdout, index=False)
        return
    with written_whole(out) as [draft]:
        answer.to_csv(draft, index=False)
    typer.echo(f"wrote {len(answer)} predictions to {out}")


def prediction_frame(model, X):
    """Return a pandas frame with the predictions, and for classes their probabilities."""
    import pandas

    predictions = model.predict(X).reshape(len(X), -1)
    names = model.targets or [f"prediction {i + 1}" for i in range(predictions.shape[1])]
    frame = pandas.DataFrame(dict(zip(names, predictions.T, strict=True)))
    if model.classes is not None:
        for label, column in zip(model.classes, model.predict_proba(X).T, strict=True):
            frame[f"P({label})"] = column
    return frame
