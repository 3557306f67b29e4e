"""The picture of a fit: the surface of outputs, the target, and the ways to the optimum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from riemgn.arguments import told
from riemgn.flows import gauss_newton_flow, gradient_flow
from riemgn.manifolds import Point
from riemgn.optimizers.optimality import optimality_at
from riemgn.plotting.frames import frame_around
from riemgn.plotting.marks import mark, target
from riemgn.plotting.meshes import SurfaceMesh, surface_manifold, surface_mesh
from riemgn.plotting.paths import check_on, path, walk_in_space
from riemgn.plotting.planes import target_of
from riemgn.plotting.style import look
from riemgn.plotting.surfaces import level_lines, mesh_surface
from riemgn.plotting.tangents import tangent_plane, tangent_square
from riemgn.plotting.walks import Walk, Walked
from riemgn.problem import Problem

if TYPE_CHECKING:
    from mpl_toolkits.mplot3d import Axes3D

MARGIN = 0.2

_GAUSS_NEWTON_END = 15.0  # on a flat M the gap of half the squared error is then exp(-30)
_GRADIENT_END = 1e4
_TOLERANCE = 1e-6
_MOST_EVALUATIONS = 5000
_PLANE_SHARE = 0.47  # a plane's side, as a share of the longest one of the box around all paths
_ARRIVED = 1e-3  # the cosine between residual and tangent plane up to which an end is an optimum
_NO_GAIN = 1e-6  # what the Gauss-Newton model promises there, as a share of what the path gained


@dataclass(frozen=True, eq=False)
class Scene:
    """What the picture of a fit shows beside its surface.

    Attributes:
        paths: By their labels.
        best: The path that ends with the least loss.
        arrived: Whether its end is an optimum of the loss on the surface, to first order.
        target: y (3,), or None for a loss that has none.
        frame: The box of outputs that is drawn, (3, 2), or None for all of them.
        plane_size: The side of the tangent plane, or None for its usual one.
    """

    paths: Mapping[str, Walked]
    best: Walk
    arrived: bool
    target: np.ndarray | None
    frame: np.ndarray | None
    plane_size: float | None

    @property
    def end(self) -> np.ndarray:
        """The outputs with the least loss at the end of a path, (3,)."""
        return self.best.outputs[-1]

    @property
    def name_of_end(self) -> str:
        """What the end is called."""
        return "optimum" if self.arrived else "best end"

    def mesh(
        self, problem: Problem, x: Point, margin: float, resolution: int | None, colour
    ) -> SurfaceMesh:
        """Return the surface around the start and the paths whose parameters are known."""
        known = (way for way in self.paths.values() if walk_in_space(way).params is not None)
        return surface_mesh(
            problem,
            [x, *known],
            within=self.frame,
            margin=margin,
            resolution=resolution,
            colour=colour,
        )


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
    them at right angles: it is steepest descent on the surface, whatever its parameters are. The
    surface is cut off far beyond the paths and the target. A diamond is where the best path ends;
    it is called the optimum if the residual is normal to the surface there.

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
        ValueError: The manifold is no surface in R^3, it has no tangent plane at x, a path is not
            on it, or an argument has no possible value.
        riemgn.NumericalError: The loss or a derivative is not finite at x.
    """
    scene = scene_of(problem, x, paths)
    mesh = scene.mesh(problem, x, margin, resolution, colour)
    ax = mesh_surface(mesh, ax)
    if mesh.colour is not None:
        level_lines(mesh, ax)
    tangent_plane(problem, x, ax, size=scene.plane_size, label="tangent plane at the start")
    for k, (label, way) in enumerate(scene.paths.items()):
        chosen = look(k)
        on = problem if walk_in_space(way).unit == "iteration" else None
        path(way, ax, on=on, label=label, colour=chosen["color"], linestyle=chosen["linestyle"])
    mark(x, ax, label="start")
    mark(scene.end, ax, label=scene.name_of_end, marker="D")
    if scene.target is not None:
        target(scene.target, ax, nearest=scene.end)
    return ax


def scene_of(problem: Problem, x: Point, paths: Mapping[str, Walked] | None = None) -> Scene:
    """Return what the picture of a fit from x shows; the arguments are those of the picture.

    Raises:
        TypeError: An argument is of another type.
        ValueError: The manifold is no surface in R^3, or there is no path.
    """
    if not isinstance(problem, Problem):
        raise TypeError(f"problem must be a riemgn.Problem, got {type(problem).__name__}")
    manifold = surface_manifold(problem)
    tangent_square(manifold, x, 1.0)
    if paths is None:
        paths = flows_from(problem, x)
    if not isinstance(paths, Mapping):
        raise TypeError(f"paths must map labels to runs or flows, got {told(paths)}")
    if not paths:
        raise ValueError("paths is empty: it must have a run or a flow")
    ways = [walk_in_space(way) for way in paths.values()]
    for label, way in zip(paths, ways, strict=True):
        check_on(manifold, way, f"paths[{label!r}]")
    best = min(ways, key=lambda way: problem.loss.value(way.outputs[-1]))
    y = target_of(problem.loss, 3)
    seen = [x.outputs[None], *(way.outputs for way in ways), *([] if y is None else [y[None]])]
    outputs = np.concatenate(seen)
    return Scene(
        paths,
        best,
        is_optimum(problem, best),
        y,
        frame_around(outputs),
        _PLANE_SHARE * float(np.ptp(outputs, axis=0).max()) or None,
    )


def is_optimum(problem: Problem, way: Walk) -> bool:
    """Whether a path ends where the loss is least on the surface, to first order.

    The tangent plane must exist there. Ends whose parameters are not known are not optima.
    """
    if way.params is None:
        return False
    end = problem.manifold.point(way.params[-1])
    if end.rank < 2:
        return False
    here = optimality_at(problem, end)
    gained = problem.loss.value(way.outputs[0]) - here.cost
    return here.is_met(_ARRIVED) or here.promise <= _NO_GAIN * gained


def flows_from(problem: Problem, x: Point) -> dict[str, Walked]:
    """Return the Gauss-Newton flow and the gradient flow from a point, by their names."""
    accuracy = {"tolerance": _TOLERANCE, "max_evaluations": _MOST_EVALUATIONS}
    return {
        "Gauss-Newton flow": gauss_newton_flow(problem, x, _GAUSS_NEWTON_END, **accuracy),
        "gradient flow of the weights": gradient_flow(problem, x, _GRADIENT_END, **accuracy),
    }
