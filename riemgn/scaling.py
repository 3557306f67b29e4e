"""Columns brought to zero mean and unit standard deviation, and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Standardiser:
    """The affine map of columns x -> (x - centre) / scale.

    Attributes:
        centre: What is subtracted, (columns,).
        scale: What is divided by, (columns,); infinite for columns that were constant, so that
            these are zero whatever comes later.
    """

    centre: np.ndarray
    scale: np.ndarray

    @classmethod
    def of(cls, rows: np.ndarray) -> Standardiser:
        """Return the map under which the columns of `rows` (n, columns) have mean 0 and sd 1.

        The standard deviation divides by n. A column that varies by rounding only is constant.
        """
        size = np.abs(rows).max(axis=0)
        size[size == 0] = 1.0
        relative = rows / size  # squares of huge numbers would overflow
        centre, spread = relative.mean(axis=0), relative.std(axis=0)
        constant = np.ptp(relative, axis=0) <= 16 * np.finfo(np.float64).eps
        return cls(centre * size, np.where(constant, np.inf, spread * size))

    @classmethod
    def robust(cls, rows: np.ndarray) -> Standardiser:
        """Return the map by medians and median absolute deviations, which outliers do not move.

        The deviation is times 1.4826, so that it is the standard deviation of normal numbers; a
        column in which it is zero gets mean and standard deviation.
        """
        centre = np.median(rows, axis=0)
        scale = 1.4826 * np.median(np.abs(rows - centre), axis=0)
        plain = cls.of(rows)
        usable = (scale > 0) & ~plain.constant
        return cls(np.where(usable, centre, plain.centre), np.where(usable, scale, plain.scale))

    @property
    def constant(self) -> np.ndarray:
        """Which columns were constant, booleans (columns,)."""
        return np.isinf(self.scale)

    def forward(self, rows: np.ndarray) -> np.ndarray:
        """Return `rows` (n, columns) on the new scale."""
        return (rows - self.centre) / self.scale

    def backward(self, rows: np.ndarray) -> np.ndarray:
        """Return `rows` (n, columns) in the old units; constant columns are their mean."""
        return self.centre + np.where(self.constant, 0.0, self.scale) * rows
