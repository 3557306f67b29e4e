"""Columns brought to zero mean and unit standard deviation, and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

EPS = float(np.finfo(np.float64).eps)


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
    def of(cls, rows: np.ndarray, weights: np.ndarray | None = None) -> Standardiser:
        """Return the map under which the columns of `rows` (n, columns) have mean 0 and sd 1.

        The standard deviation divides by n, or by the total of the positive `weights` (n,), of
        which one of 2 is the row twice. A column that varies by rounding only is constant.
        """
        size = np.abs(rows).max(axis=0)
        size[size == 0] = 1.0
        relative = rows / size  # squares of huge numbers would overflow
        if weights is None:
            centre, spread = relative.mean(axis=0), relative.std(axis=0)
        else:
            shares = weights / weights.max()
            centre = np.average(relative, axis=0, weights=shares)
            spread = np.sqrt(np.average((relative - centre) ** 2, axis=0, weights=shares))
        scale = spread * size
        constant = (np.ptp(relative, axis=0) <= 16 * EPS) | (scale == 0)  # or it underflows
        return cls(centre * size, np.where(constant, np.inf, scale))

    @classmethod
    def robust(cls, rows: np.ndarray, weights: np.ndarray | None = None) -> Standardiser:
        """Return the map by medians and median absolute deviations, which outliers do not move.

        The deviation is times 1.4826, so that it is the standard deviation of normal numbers; a
        column in which it is zero gets mean and standard deviation. Weights are as in `of`.
        """
        centre = median(rows, weights)
        scale = 1.4826 * median(np.abs(rows - centre), weights)
        plain = cls.of(rows, weights)
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


def median(rows: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Return the median of each column of `rows` (n, columns), a weight of 2 being a row twice.

    Where the rows split into halves of equal weight, it is the mean of the two values next to the
    cut, which is where weights that are no integers add up to half but for rounding too.
    """
    if weights is None:
        return np.median(rows, axis=0)
    order = np.argsort(rows, axis=0, kind="stable")
    below = np.cumsum(weights[order] / weights.max(), axis=0)
    half = 0.5 * below[-1]
    slack = len(rows) * EPS * half
    cuts = np.argmax(below >= half - slack, axis=0), np.argmax(below > half + slack, axis=0)
    lower, upper = (np.take_along_axis(rows, order, axis=0)[cut, range(cut.size)] for cut in cuts)
    return 0.5 * lower + 0.5 * upper
