"""The picture of a fit: the surface of outputs, the target, and the ways to the optimum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from riemgn.arguments import told
from riemgn.flows import gauss_newton_flow, gradient_flow
from riemgn.losses import HuberLoss, SquaredLoss
from riemgn.manifolds import Point
from riemgn.plotting.marks import mark, target
from riemgn.plotting.meshes import surface_manifold, surface_mesh
from riemgn.plotting.paths import path, walk_in_space
from riemgn.plotting.style import look
from riemgn.plotting.surfaces import level_lines, mesh_surface
from riemgn.plotting.tangents import tangent_plane
from riemgn.plotting.walks import Walked
from riemgn.problem import Problem

if TYPE_CHECKING:
    from mpl_toolkits.mplot3d import Axes3D

MARGIN = 0.2

_GAUSS_NEWTON_END = 15.0  # on a flat M the gap of half the squared error is then exp(-30)
_GRADIENT_END = 1e4
_TOLERANCE = 1e-6
_MOST_EVALUATIONS = 5000


@dataclass(frozen=True, eq=False)
class Scene:
    """What the picture of a fit shows beside its surface.

    Attributes:
        paths: By their labels.
        optimum: The outputs with the least loss at the end of a path, (3,).
        target: y (3,), or None for a loss that has none.
    """

    paths: Mapping[str, Walked]
    optimum: np.ndarray
    target: np.ndarray | None

    def seen_from(self, x: Point) -> list:
        """Return what the surface must reach: the start, and paths whose parameters are known."""
        known = (way for way in self.paths.values() if walk_in_space(way).params is not None)
        return [x, *known]


def surface_with_paths(
    problem: Problem,
    x: Point,
    ax: Axes3D | None = None,
    *,
    paths: Mapping[str, Walked] | None = None,
    margin: float = MARGIN,
    resolution: int | None = None,
    colour="loss",
) -> Axes3D:
    """Draw a surface with its target, the tangent plane at a start, and paths to the optimum.

    Thin lines join outputs of one colour. Where that is the loss, the Gauss-Newton flow crosses
    them at right angles: it is steepest descent on the surface, whatever its parameters are.

    Args:
        problem: A loss on a manifold of two parameters and three outputs.
        x: The start.
        ax: Three-dimensional axes, or None for new ones.
        paths: Paths by their labels; None for the Gauss-Newton flow and the gradient flow in the
            parameters, which is gradient descent with small steps, from x.
        margin: How far the surface goes beyond the paths, as a share of their parameters' box.
        resolution: Points along each parameter.
        colour: As for `surface_mesh`.

    Raises:
        TypeError: An argument is of another type.
        ValueError: The manifold is no surface in R^3, or an argument has no possible value.
        riemgn.NumericalError: The loss or a derivative is not finite at x.
    """
    scene = scene_of(problem, x, paths)
    mesh = surface_mesh(
        problem, scene.seen_from(x), margin=margin, resolution=resolution, colour=colour
    )
    ax = mesh_surface(mesh, ax)
    if mesh.colour is not None:
        level_lines(mesh, ax)
    tangent_plane(problem, x, ax, label="tangent plane at the start")
    for k, (label, way) in enumerate(scene.paths.items()):
        chosen = look(k)
        on = problem if walk_in_space(way).unit == "iteration" else None
        path(way, ax, on=on, label=label, colour=chosen["color"], linestyle=chosen["linestyle"])
    mark(x, ax, label="start")
    mark(scene.optimum, ax, label="optimum", marker="D")
    if scene.target is not None:
        target(scene.target, ax, nearest=scene.optimum)
    return ax


def scene_of(problem: Problem, x: Point, paths: Mapping[str, Walked] | None = None) -> Scene:
    """Return what the picture of a fit from x shows; the arguments are those of the picture.

    Raises:
        TypeError: An argument is of another type.
        ValueError: The manifold is no surface in R^3, or there is no path.
    """
    if not isinstance(problem, Problem):
        raise TypeError(f"problem must be a riemgn.Problem, got {type(problem).__name__}")
    surface_manifold(problem)
    if paths is None:
        paths = flows_from(problem, x)
    if not isinstance(paths, Mapping):
        raise TypeError(f"paths must map labels to runs or flows, got {told(paths)}")
    if not paths:
        raise ValueError("paths is empty: it must have a run or a flow")
    ends = [walk_in_space(way).outputs[-1] for way in paths.values()]
    optimum = min(ends, key=problem.loss.value)
    has_target = isinstance(problem.loss, (SquaredLoss, HuberLoss))
    return Scene(paths, optimum, problem.loss.targets if has_target else None)


def flows_from(problem: Problem, x: Point) -> dict[str, Walked]:
    """Return the Gauss-Newton flow and the gradient flow from a point, by their names."""
    accuracy = {"tolerance": _TOLERANCE, "max_evaluations": _MOST_EVALUATIONS}
    return {
        "Gauss-Newton flow": gauss_newton_flow(problem, x, _GAUSS_NEWTON_END, **accuracy),
        "gradient flow of the weights": gradient_flow(problem, x, _GRADIENT_END, **accuracy),
    }
