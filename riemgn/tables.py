"""Tables in CSV and Parquet files, read with every mistake in them named."""

from __future__ import annotations

import csv
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from riemgn.arguments import choice

if TYPE_CHECKING:
    import pandas

PARQUET = (".parquet", ".pq")
MISSING = ["", "nan", "NaN", "NAN"]  # what a CSV file may hold for no value


@dataclass(frozen=True, eq=False)
class Table:
    """A table read from a file.

    Attributes:
        frame: The pandas data frame, its column names strings.
        path: The file, for errors.
    """

    frame: pandas.DataFrame
    path: Path

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(self.frame.columns)

    def numbers(self, columns: tuple[str, ...]) -> np.ndarray:
        """Return columns as a finite float64 matrix (rows, columns).

        Raises:
            ValueError: A column is absent, or holds text, nothing, NaN or infinity; the error
                names the column and the row, the first below the header being row 1.
        """
        return np.column_stack([self._numeric(name) for name in columns])

    def column(self, name: str) -> np.ndarray:
        """Return a column as it is, (rows,): numbers, booleans, or strings if all are text.

        Raises:
            ValueError: The column is absent, has gaps, NaN or infinity, or mixes numbers and text.
        """
        values = self._present(name)
        if values.dtype.kind in "iub":
            return values.to_numpy(dtype=bool if values.dtype.kind == "b" else np.int64)
        if values.dtype.kind == "f":
            return self._numeric(name)
        if not any(_is_number(value) for value in values):
            return values.to_numpy().astype(str)
        return self._numeric(name)

    def _numeric(self, name: str) -> np.ndarray:
        values = self._present(name)
        if values.dtype.kind not in "iufb":
            row = next((i for i, value in enumerate(values) if not _is_number(value)), None)
            if row is not None:
                raise ValueError(
                    f"column {name!r} must hold numbers, "
                    f"got {str(values.iloc[row])!r} in row {row + 1} of {self.path}"
                )
        numbers = values.to_numpy(dtype=np.float64)
        if not np.all(np.isfinite(numbers)):
            row = int(np.argmin(np.isfinite(numbers)))
            raise ValueError(
                f"column {name!r} must be finite, "
                f"got {numbers[row]} in row {row + 1} of {self.path}"
            )
        return numbers

    def _present(self, name: str) -> pandas.Series:
        choice(f"column of {self.path.name}", name, self.columns)
        values = self.frame[name]
        gaps = values.isna().to_numpy()
        if gaps.any():
            row = int(np.argmax(gaps)) + 1
            raise ValueError(
                f"column {name!r} has no value (empty or NaN) in row {row} of {self.path}"
            )
        return values


def read_table(path: str | Path) -> Table:
    """Read a CSV file (comma, semicolon or tab, with a header, UTF-8) or a Parquet file.

    Args:
        path: The file; Parquet is told by the suffix .parquet or .pq.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is empty, has no rows, two columns of one name or rows of unequal length, or
            it cannot be read as a table.
        ImportError: It is Parquet and pyarrow is not installed.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"there is no file {path}")
    if not path.is_file():
        raise ValueError(f"{path} is not a file")
    frame = _parquet(path) if path.suffix.lower() in PARQUET else _csv(path)
    frame.columns = [str(name).strip() for name in frame.columns]
    if len(frame) == 0 or len(frame.columns) == 0:
        raise ValueError(f"{path} has no rows")
    return Table(frame, path)


def _csv(path: Path) -> pandas.DataFrame:
    import pandas

    separator = _separator(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pandas.errors.ParserWarning)
            return pandas.read_csv(
                path,
                sep=separator,
                index_col=False,
                encoding="utf-8-sig",
                skipinitialspace=True,
                keep_default_na=False,
                na_values=MISSING,
                low_memory=False,
            )
    except pandas.errors.ParserWarning:
        raise ValueError(f"{path} is not a table: its rows are longer than its header") from None
    except pandas.errors.ParserError as error:
        detail = str(error).strip().split("C error: ")[-1]
        raise ValueError(f"{path} is not a table: {detail}") from None


def _separator(path: Path) -> str:
    """Return what separates the names in the header, the first line that is not blank."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            line = next((line for line in file if line.strip()), "")
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not a text file in UTF-8") from None
    if not line:
        raise ValueError(f"{path} is empty")
    separator = max(",;\t", key=line.count)
    names = [name.strip() for name in next(csv.reader([line], delimiter=separator))]
    _refuse_twins(names, path)
    return separator


def _refuse_twins(names: list[str], path: Path) -> None:
    twins = {name for name in names if names.count(name) > 1}
    if twins:
        raise ValueError(f"{path} has two columns named {min(twins)!r}")


def _parquet(path: Path) -> pandas.DataFrame:
    import pandas

    try:
        frame = pandas.read_parquet(path)
    except ImportError:
        raise ImportError("reading Parquet needs pyarrow: pip install pyarrow") from None
    except Exception as error:  # pyarrow's errors have no common ancestor below Exception
        raise ValueError(f"{path} is not a Parquet file: {error}".splitlines()[0]) from None
    _refuse_twins([str(name) for name in frame.columns], path)
    return frame


def _is_number(value) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True
