"""Targets as the losses keep them: checked, flat, read-only."""

from __future__ import annotations

import numpy as np

from riemgn.arguments import integer, real_array, told, vector

_MOST_CLASSES = 2**31


def flat_targets(name: str, y) -> np.ndarray:
    """Return y, of shape (n,) or (samples, outputs), as a vector, sample-major."""
    return _read_only(real_array(name, y, ndim=(1, 2)).ravel())


def count_targets(counts) -> np.ndarray:
    """Return non-negative counts as a vector, sample-major; ValueError if one is negative."""
    targets = flat_targets("counts", counts)
    _refuse("counts must be >= 0", targets, targets < 0)
    return targets


def binary_labels(labels) -> np.ndarray:
    """Return labels coded 0 and 1 (or booleans), or -1 and 1, as integers; else ValueError."""
    values = vector("labels", labels)
    signed = np.any(values == -1)
    known = (np.abs(values) == 1) if signed else (values == 0) | (values == 1)
    _refuse("labels must be 0 and 1, or -1 and 1", values, ~known)
    return _read_only(values.astype(np.int64))


def class_labels(labels, classes: int | None) -> tuple[np.ndarray, int]:
    """Return integer labels and the number of classes, which is max(labels) + 1 if not given."""
    values = vector("labels", labels)
    _refuse("labels must be integers from 0 on", values, (values < 0) | (values != np.rint(values)))
    _refuse(f"labels must be below {_MOST_CLASSES}", values, values >= _MOST_CLASSES)
    found = int(values.max()) + 1
    if classes is None:
        if found < 2:
            raise ValueError("labels must name at least two classes, got only 0; or give classes=")
        classes = found
    else:
        classes = integer("classes", classes, least=2)
        if classes > _MOST_CLASSES:
            raise ValueError(f"classes must be at most {_MOST_CLASSES}, got {told(classes)}")
        _refuse(f"labels must be below classes = {classes}", values, values >= classes)
    return _read_only(values.astype(np.int64)), classes


def _refuse(rule: str, values: np.ndarray, broken: np.ndarray) -> None:
    if broken.any():
        first = int(np.argmax(broken))
        raise ValueError(f"{rule}, got {values[first]:g} at index [{first}]")


def _read_only(values: np.ndarray) -> np.ndarray:
    values.flags.writeable = False
    return values
