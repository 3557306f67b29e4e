"""What the colour of a surface says: a curvature, the loss, or values of one's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from riemgn.arguments import as_array, choice
from riemgn.manifolds import ImmersedManifold
from riemgn.plotting.surface_curvature import (
    gaussian_curvature,
    largest_normal_curvature,
    mean_curvature,
    shape_operators,
)
from riemgn.problem import Problem

# A curvature's scale ends at its largest value, or at 2.5 times what seven tenths of them do not
# exceed: at the edges of a surface curvatures run away.
_MOST, _BEYOND = 0.7, 2.5


@dataclass(frozen=True, eq=False)
class SurfaceColour:
    """Values over a mesh, with what a colour bar says of them.

    Attributes:
        values: (a, b), NaN where there is none.
        meaning: In words, with a unit.
        signed: Whether zero is the middle of the scale.
        limits: The ends of the scale; values beyond them have the colour of the end.
    """

    values: np.ndarray
    meaning: str
    signed: bool
    limits: tuple[float, float]

    @property
    def name(self) -> str:
        """What the values are, without their unit."""
        return self.meaning.partition(" [")[0] or "value"

    @property
    def extends(self) -> str:
        """On which sides values lie beyond the scale: "neither", "both", "min" or "max"."""
        low, high = self.limits
        with np.errstate(invalid="ignore"):
            below, above = np.any(self.values < low), np.any(self.values > high)
        if below and above:
            return "both"
        return "min" if below else "max" if above else "neither"


_CURVATURES: dict[str, tuple[Callable, str, bool]] = {
    "gaussian": (gaussian_curvature, "Gaussian curvature [1/output²]", True),
    "mean": (mean_curvature, "mean curvature [1/output]", True),
    "normal": (largest_normal_curvature, "largest normal curvature [1/output]", False),
}
COLOURINGS = (*_CURVATURES, "loss")


def is_curvature(colour) -> bool:
    """Whether a colour is the name of a curvature."""
    return isinstance(colour, str) and colour in _CURVATURES


def surface_colour(
    M: ImmersedManifold | Problem, params: np.ndarray, outputs: np.ndarray, colour
) -> SurfaceColour | None:
    """Return the colour of a mesh; `colour` is as for `surface_mesh`.

    Args:
        M: The manifold, or the problem.
        params: (a, b, 2).
        outputs: (a, b, 3).
        colour: What it says.

    Raises:
        TypeError: `colour` is of another type.
        ValueError: It is unknown, of another shape than the mesh, or the loss without a problem.
    """
    if colour is None:
        return None
    if not isinstance(colour, str):
        return _of_values(colour, params.shape[:2])
    if choice("colour", colour, COLOURINGS, "values (a, b)") == "loss":
        return _of_loss(M, outputs)
    curvature, meaning, signed = _CURVATURES[colour]
    manifold = M.manifold if isinstance(M, Problem) else M
    values = curvature(*shape_operators(manifold.immersion, params))
    values[np.isnan(outputs).any(axis=-1)] = np.nan
    end = _curvature_end(values)
    return SurfaceColour(values, meaning, signed, (-end if signed else 0.0, end))


def _of_values(colour, shape: tuple[int, int]) -> SurfaceColour:
    values = as_array("colour", colour)
    if values.dtype.kind not in "fiu":
        raise TypeError(f"colour must hold numbers, got dtype {values.dtype}")
    if values.shape != shape:
        raise ValueError(f"colour must have the mesh's shape {shape}, got {values.shape}")
    values = values.astype(np.float64)
    return SurfaceColour(values, "", False, _limits(values))


def _of_loss(M: ImmersedManifold | Problem, outputs: np.ndarray) -> SurfaceColour:
    if not isinstance(M, Problem):
        raise ValueError("colour 'loss' needs a problem in the place of the manifold")
    values = np.full(outputs.shape[:2], np.nan)
    for place in np.argwhere(np.isfinite(outputs).all(axis=-1)):
        values[tuple(place)] = M.loss.value(outputs[tuple(place)])
    values[~np.isfinite(values)] = np.nan
    return SurfaceColour(values, "loss", False, _limits(values))


def _curvature_end(values: np.ndarray) -> float:
    """Return the upper end of a curvature's scale, which is never zero."""
    sizes = np.abs(values[np.isfinite(values)])
    largest = float(sizes.max(initial=0.0))
    usual = _BEYOND * float(np.quantile(sizes, _MOST)) if sizes.size else 0.0
    return min(largest, usual or largest) or 1.0


def _limits(values: np.ndarray) -> tuple[float, float]:
    """Return the least and the largest value, or a scale about them that is not empty."""
    known = values[np.isfinite(values)]
    if known.size == 0:
        return 0.0, 1.0
    low, high = float(known.min()), float(known.max())
    least_width = 1e-9 * max(abs(low), abs(high)) or 1.0
    if high - low < least_width:
        low, high = low - 0.5 * least_width, high + 0.5 * least_width
    return low, high
