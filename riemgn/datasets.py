"""The data sets that scikit-learn bundles, with the names of their columns and classes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from riemgn.arguments import choice
from riemgn.scaling import Standardiser

NAMES = ("diabetes", "breast_cancer", "digits", "wine", "iris", "linnerud")
REGRESSION = ("diabetes", "linnerud")


@dataclass(frozen=True, eq=False)
class Dataset:
    """A table of numbers with its target.

    Attributes:
        name: Its name.
        X: Inputs (n, columns), in their own units.
        y: Target: numbers (n,) or (n, outputs), or the class labels (n,), strings or integers.
        columns: The names of the inputs.
        targets: The names of the outputs, one for class labels.
        is_classification: Whether y holds class labels.
        path: The file that it was read from, None for a bundled one.
    """

    name: str
    X: np.ndarray
    y: np.ndarray
    columns: tuple[str, ...]
    targets: tuple[str, ...]
    is_classification: bool
    path: Path | None = None


def load(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return standardised inputs and the target of a bundled data set.

    Columns of X have mean 0 and standard deviation 1; constant ones are zero.

    Args:
        name: "diabetes" (442 rows, 10 inputs), "breast_cancer" (569, 30; 2 classes), "digits"
            (1797, 64; 10 classes), "wine" (178, 13; 3 classes), "iris" (150, 4; 3 classes) or
            "linnerud" (20, 3; 3 outputs).

    Returns:
        X (n, columns) and y: the target in its own unit, (n,) or (n, outputs), or integer labels
        0, 1, .. (n,).

    Raises:
        ValueError: The name is unknown; the error suggests the nearest.
    """
    bunch = _bunch(name)
    X = np.asarray(bunch.data, dtype=np.float64)
    y = np.asarray(bunch.target)
    return Standardiser.of(X).forward(X), y if _is_labels(name) else y.astype(np.float64)


def describe(name: str) -> Dataset:
    """Return a bundled data set in its own units, with the names of its columns and classes.

    Raises:
        ValueError: The name is unknown; the error suggests the nearest.
    """
    bunch = _bunch(name)
    y, targets = np.asarray(bunch.target), ("class",)
    if _is_labels(name):
        y = np.asarray(bunch.target_names)[y]
    else:
        targets = tuple(bunch.get("target_names", ("progression",)))
    return Dataset(
        name=name,
        X=np.array(bunch.data, dtype=np.float64),
        y=y,
        columns=tuple(map(str, bunch.feature_names)),
        targets=targets,
        is_classification=_is_labels(name),
    )


def _is_labels(name: str) -> bool:
    return name not in REGRESSION


def _bunch(name: str):
    choice("dataset", name, NAMES)
    from sklearn import datasets

    if name == "diabetes":
        return datasets.load_diabetes(scaled=False)
    return getattr(datasets, f"load_{name}")()
