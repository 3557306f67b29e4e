"""A surface in R^3 as a mesh: what every picture of it draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from riemgn.arguments import integer, matrix, positive, told
from riemgn.manifolds import ImmersedManifold
from riemgn.plotting.frames import checked_frame, cut_to, even_lines, grid, outputs_over
from riemgn.plotting.surface_colour import SurfaceColour, is_curvature, surface_colour
from riemgn.plotting.walks import Walk, walk
from riemgn.problem import Problem

RESOLUTION = 80
CURVED_RESOLUTION = 40  # a curvature takes a hundred times as long as an output
MARGIN = 0.3

_NO_LENGTH = 1e-6  # of a box's side, as a share of its longest one and of the parameters
_NOTHING_NEW = 0.05  # of the range of outputs
_FAR = 10.0  # times the range of the near parameters
_LEAP = 1e8  # times the distance before
_ONE_POINT = 1e-12  # of a surface's extent, as a share of its outputs


@dataclass(frozen=True, eq=False)
class SurfaceMesh:
    """A surface in R^3 on a grid of its parameters; what is not finite, or not drawn, is NaN.

    Lines of the grid lie closer where outputs move faster with the parameters. At the edge of a
    frame of outputs the grid's corners are drawn in.

    Attributes:
        params: w, (a, b, 2).
        outputs: u = f(w), (a, b, 3).
        colour: Its values (a, b) with their meaning, or None.
    """

    params: np.ndarray
    outputs: np.ndarray
    colour: SurfaceColour | None = None

    @property
    def extent(self) -> float:
        """The longest side of the surface."""
        there = self.outputs[np.isfinite(self.outputs).all(axis=-1)]
        return float(np.ptp(there, axis=0).max())

    @property
    def uncoloured(self) -> np.ndarray:
        """Where there is a surface, but no value of its colour, (a, b)."""
        there = np.isfinite(self.outputs).all(axis=-1)
        return there & ~np.isfinite(self.colour.values) if self.colour else np.zeros_like(there)


def surface_mesh(
    M: ImmersedManifold | Problem,
    around=None,
    *,
    box=None,
    within=None,
    margin: float = MARGIN,
    resolution: int | None = None,
    colour=None,
) -> SurfaceMesh:
    """Return the mesh of a manifold of two parameters and three outputs.

    Args:
        M: The manifold, or a problem on it.
        around: What is to be seen: a point, run, flow or sequence of points, or several of them in
            a list or mapping. The mesh covers the bounding box of their parameters.
        box: Instead, the parameters covered, at even distances: ((low, high), (low, high)).
        within: The outputs drawn, (low, high) for each of the three; None for all.
        margin: How far the mesh goes beyond `around` on each side, as a share of the box's side.
        resolution: Points along each parameter; by default 80, and 40 where colour is a curvature.
        colour: None; "gaussian", "mean" or "normal" for a curvature of the surface in R^3 with the
            dot product ("normal" is the largest one in size); "loss" for a problem's loss; or
            values, (resolution, resolution). Where a curvature does not exist it is NaN.

    Raises:
        TypeError: An argument is of another type.
        ValueError: M is no surface in R^3, neither or both of `around` and `box` are given, an
            argument has no possible value, or there is nothing to be drawn.
    """
    manifold = surface_manifold(M)
    if (around is None) == (box is None):
        raise ValueError("give either around (points, runs, flows) or box, and not both")
    if resolution is None:
        resolution = CURVED_RESOLUTION if is_curvature(colour) else RESOLUTION
    count = integer("resolution", resolution, least=2)
    frame = None if within is None else checked_frame(within)
    if box is not None:
        lines = [np.linspace(low, high, count) for low, high in _checked_box(box)]
    else:
        known = known_params(around)
        lines = even_lines(manifold, box_around(known, margin), known, count, frame)
    params = grid(*lines)
    outputs = outputs_over(manifold, params)
    if frame is not None:
        params, outputs = cut_to(manifold, params, outputs, frame)
    _check_extent(outputs, params, "finite" if frame is None else "finite and in `within`")
    return SurfaceMesh(params, outputs, surface_colour(M, params, outputs, colour))


def surface_manifold(M: ImmersedManifold | Problem) -> ImmersedManifold:
    """Return the manifold if it is a surface in R^3 over two parameters.

    Raises:
        TypeError: It is neither a manifold nor a problem.
        ValueError: It has other dimensions, or its parameters live on a domain.
    """
    manifold = M.manifold if isinstance(M, Problem) else M
    if not isinstance(manifold, ImmersedManifold):
        raise TypeError(
            f"M must be a riemgn.ImmersedManifold or a riemgn.Problem, got {type(M).__name__}"
        )
    f = manifold.immersion
    if f.domain is not None:
        raise ValueError(
            "M must have its two parameters in R^2, got parameters on a domain "
            f"({f.domain}): write f in two coordinates of it"
        )
    if (f.dim, f.ambient_dim) != (2, 3):
        raise ValueError(
            f"M must have 2 parameters and 3 outputs, got {f.dim} and {f.ambient_dim}; "
            "f.reparametrised(A) with A (p, 2) leaves two parameters"
        )
    return manifold


def known_params(around) -> np.ndarray:
    """Return the parameters (m, 2) of what is to be seen, without those that ran away.

    Raises:
        TypeError: Something else is given.
        ValueError: There is no point, or one with other than two parameters.
    """
    walked = _walks_of(around)
    if wrong := [way.params.shape[1] for way in walked if way.params.shape[1] != 2]:
        raise ValueError(f"around must have points of 2 parameters, got {wrong[0]}")
    params = np.concatenate([way.params for way in walked])
    outputs = np.concatenate([way.outputs for way in walked])
    distances = np.linalg.norm(params - params[0], axis=1)
    order = np.argsort(distances, kind="stable")
    ends = (_where_all_is_met(outputs[order]), _where_it_leaps(distances[order], params[0]))
    near = params[order[: min(ends) + 1]]
    reach = np.ptp(near, axis=0).max()
    ran_away = np.ptp(params, axis=0).max() > _FAR * (reach or np.linalg.norm(params[0]))
    return near if ran_away else params


def _where_all_is_met(outputs: np.ndarray) -> int:
    """Return the first point after which others bring nothing new to the range of outputs."""
    short_of_low = np.minimum.accumulate(outputs) - outputs.min(axis=0)
    short_of_high = outputs.max(axis=0) - np.maximum.accumulate(outputs)
    missing = np.maximum(short_of_low, short_of_high).max(axis=1)
    return int(np.argmax(missing <= _NOTHING_NEW * np.ptp(outputs, axis=0).max()))


def _where_it_leaps(distances: np.ndarray, w: np.ndarray) -> int:
    """Return the last point before sorted distances from w grow beyond measure."""
    usual = np.maximum(distances[:-1], np.linalg.norm(w))
    leaps = np.flatnonzero((distances[1:] > _LEAP * usual) & (usual > 0))
    return int(leaps[0]) if leaps.size else len(distances) - 1


def box_around(params: np.ndarray, margin: float = MARGIN) -> np.ndarray:
    """Return the box ((low, high), (low, high)) around parameters (m, 2), (2, 2).

    It is wider by a share of each side. A side of no length becomes as long as the other, or 1.
    """
    share = positive("margin", margin, allow_zero=True)
    low, high = params.min(axis=0), params.max(axis=0)
    sides = high - low
    short = sides <= _NO_LENGTH * max(sides.max(), np.abs(params).max())
    missing = sides.max() if not short.all() else 1.0
    widening = np.where(short, 0.5 * missing, 0.0) + share * np.where(short, missing, sides)
    return np.stack([low - widening, high + widening], axis=1)


def _check_extent(outputs: np.ndarray, params: np.ndarray, wanted: str) -> None:
    """Raise ValueError if a surface has no point to be drawn, or only one."""
    there = outputs[np.isfinite(outputs).all(axis=-1)]
    low, high = params.min(axis=(0, 1)), params.max(axis=(0, 1))
    box = f"{low[0]:.4g} <= w_0 <= {high[0]:.4g}, {low[1]:.4g} <= w_1 <= {high[1]:.4g}"
    if len(there) == 0:
        raise ValueError(f"no surface to draw for {box}: no output is {wanted}")
    if np.ptp(there, axis=0).max() <= _ONE_POINT * np.abs(there).max():
        raise ValueError(f"no surface to draw for {box}: all outputs are the same")


def _checked_box(box) -> np.ndarray:
    sides = matrix("box", box, columns=2)
    if len(sides) != 2 or np.any(sides[:, 0] >= sides[:, 1]):
        raise ValueError(f"box must be ((low, high), (low, high)) with low < high, got {told(box)}")
    return sides


def _walks_of(around) -> list[Walk]:
    """Return points, runs, flows, or several of them, all with their parameters."""
    if isinstance(around, Mapping):
        around = list(around.values())
    if isinstance(around, (list, tuple)):
        if not around:
            raise ValueError("around is empty: it must have a point, a run or a flow")
        return [way for part in around for way in _walks_of(part)]
    walked = walk(around)
    if walked.params is None:
        raise TypeError(
            f"around must be points, runs or flows, which know their parameters, got {told(around)}"
        )
    return [walked]
