"""What the commands read: a file with a target column, or a bundled data set."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from riemgn.arguments import choice
from riemgn.datasets import Dataset, describe
from riemgn.fitting.targets import LOSSES
from riemgn.tables import Table, read_table

FEW_CLASSES = 10  # whole numbers of at most so many values, five rows each, are taken for labels


def training_data(file: Path | None, dataset: str | None, target: list[str], loss: str) -> Dataset:
    """Return the rows of a file or of a bundled data set.

    Args:
        file: A CSV or Parquet file, or None.
        dataset: The name of a bundled data set, or None.
        target: The names of the file's target columns; every other column is an input.
        loss: The loss asked for, which says whether whole numbers are labels; "auto" guesses.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: Not exactly one of file and data set is given, the target is missing, or the
            table is not fit for use.
    """
    if (file is None) == (dataset is None):
        raise ValueError("give either a FILE or --dataset NAME" + " (not both)" * bool(file))
    if dataset is not None:
        if target:
            raise ValueError("--target is for a FILE; a bundled data set has its own target")
        return _with_labels(describe(dataset), loss)
    if not target:
        columns = ", ".join(read_table(file).columns)
        raise ValueError(f"give the target column with --target NAME (one of {columns})")
    return _from_table(read_table(file), target, loss)


def input_data(table: Table, columns: tuple[str, ...]) -> np.ndarray:
    """Return a model's inputs from a table, matched by name; other columns are left out.

    A model that knows no names takes all columns in their order.

    Raises:
        ValueError: Columns are missing, or one holds text or has gaps.
    """
    columns = columns or table.columns
    missing = [name for name in columns if name not in table.columns]
    if missing:
        listed = ", ".join(map(repr, missing))
        raise ValueError(f"{table.path} lacks the input column{'s' * (len(missing) > 1)} {listed}")
    return table.numbers(columns)


def _from_table(table: Table, target: list[str], loss: str) -> Dataset:
    columns = [table.column(name) for name in target]
    inputs = tuple(name for name in table.columns if name not in target)
    if not inputs:
        raise ValueError(f"{table.path} has no column besides the target")
    X = table.numbers(inputs)
    if len(X) < 3:
        raise ValueError(f"{table.path} must have at least 3 rows, got {len(X)}")
    for name, values in zip(target, columns, strict=True):
        if np.all(values == values[0]):
            raise ValueError(f"target column {name!r} is constant ({values[0]}): nothing to fit")
    if len(columns) > 1:
        y, are_labels = table.numbers(tuple(target)), False
    else:
        y, are_labels = columns[0], _are_labels(columns[0])
    data = Dataset(table.path.name, X, y, inputs, tuple(target), are_labels, table.path)
    return _with_labels(data, loss)


def _are_labels(values: np.ndarray) -> bool:
    """Return whether a target column is taken for class labels."""
    if values.dtype.kind in "Ub":
        return True
    whole = np.all(values == np.rint(values))
    return bool(whole) and np.unique(values).size <= min(FEW_CLASSES, values.size / 5)


def _with_labels(data: Dataset, loss: str) -> Dataset:
    """Return the data with its target read as the loss asks for."""
    if loss == "auto":
        return data
    choice("loss", loss, LOSSES)
    if loss not in ("logistic", "softmax") and data.y.dtype.kind not in "fiub":
        raise ValueError(
            f"the target y must hold numbers under loss {loss!r}, got {str(data.y.flat[0])!r}"
        )
    return replace(data, is_classification=loss in ("logistic", "softmax"))
