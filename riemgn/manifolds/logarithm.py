"""The logarithm: the velocity of the geodesic from one point to another, by shooting."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from riemgn.errors import NumericalError
from riemgn.manifolds.geodesics import Course
from riemgn.manifolds.integration import MOST_EVALUATIONS, TOLERANCE
from riemgn.manifolds.jacobi import EndMap, end_map
from riemgn.manifolds.point import Point
from riemgn.manifolds.straightening import straightened
from riemgn.manifolds.submanifold import Submanifold

# A geodesic has arrived where it ends this near to the point, as a share of the chord. The search
# aims at a tenth of it, which the rounding of a long way may not allow.
MISS = 1e-9

# Above this miss the geodesics are integrated roughly, and their derivative is made anew each time.
_NEAR = 1e-6
_ROUGH = 1e-8

# Evaluations of the right side for one geodesic of a search.
_MOST_A_SHOT = 1000

_MOST_STEPS = 40
_MOST_HALVINGS = 8
_MOST_NODES = 13

# Near the end the derivative is made anew where a step does not lower the miss to this share.
_FAST = 0.2


@dataclass(frozen=True)
class Shot:
    """A geodesic from the start: its velocity (n,), and what it misses the other point by.

    Attributes:
        velocity: The ambient velocity at the start, (n,).
        left: L^T (u_y - u_end), (n,).
        course: The geodesic as it was integrated.
        nodes: Times with w and w' on the way.
    """

    velocity: np.ndarray
    left: np.ndarray
    course: Course
    nodes: list[tuple[float, np.ndarray, np.ndarray]]

    @property
    def miss(self) -> float:
        """The length of what is left."""
        return float(np.linalg.norm(self.left))


class Shooting:
    """The search for the geodesic from x that ends at the outputs of y.

    Damped Newton steps on the velocity: its r coordinates in the frame at x, against the n outputs
    of the end, whose derivative the Jacobi fields give. It has arrived within `MISS` of the chord.

    Args:
        manifold: The manifold.
        x: The start.
        y: The other point.

    Raises:
        NumericalError: The chord overflows.
    """

    def __init__(
        self, manifold: Submanifold, x: Point, y: Point, max_evaluations: int = MOST_EVALUATIONS
    ) -> None:
        self._manifold, self._x, self._y = manifold, x, y
        self._sight = manifold._sight(x)
        self._root = manifold.metric.root(y.outputs)
        with np.errstate(over="ignore", invalid="ignore"):
            self._chord = y.outputs - x.outputs
            self.length = float(np.linalg.norm(self._root.transposed(self._chord)))
            sizes = np.maximum(abs(x.outputs), abs(y.outputs))
            rounding = float(np.linalg.norm(self._root.transposed(sizes))) * np.finfo(float).eps
        if not np.isfinite(self.length):
            raise NumericalError("there is no logarithm where outputs are not finite")
        self.goal = max(MISS * self.length, 40 * rounding)
        self.least_miss = self.length
        self.left_evaluations = max_evaluations

    def direct(self) -> np.ndarray | None:
        """Return the velocity found from the chord's projection; None where the search fails."""
        v = self._sight.project(self._chord)
        size = self._norm(v)
        if not size > 1e-12 * self.length:
            return None
        return self.from_velocity(v * (self.length / size))

    def along_a_path(self) -> np.ndarray | None:
        """Return the velocity found along a straightened path, if need be piece by piece, or None.

        Each piece is the geodesic to a farther point of the path. There is no path to straighten
        where the rank is not full, or M open in R^n.
        """
        n, p = self._x.jet.shape
        if p > n or self._sight.rank < p:
            return None
        try:
            line = straightened(self._manifold, self._x, self._y)
        except NumericalError:
            return None
        whole = line.velocity()
        found = self.from_velocity(whole)
        pieces = len(line.jets) - 1
        v, k = whole / pieces, 1
        while found is None and v is not None and k < pieces:
            piece = Shooting(self._manifold, self._x, Point(line.jets[k]), self.left_evaluations)
            v = piece.from_velocity(v)
            self.left_evaluations = piece.left_evaluations
            k += 1
            if v is not None:
                v = v * (k / (k - 1))
        return self.from_velocity(v) if found is None and v is not None else found

    def from_velocity(self, v: np.ndarray) -> np.ndarray | None:
        """Return the velocity that damped Newton steps from v lead to, or None."""
        shot = self._first(v)
        ends: EndMap | None = None
        for _ in range(_MOST_STEPS):
            if shot is None or shot.miss <= 0.1 * self.goal:
                break
            near = shot.miss <= _NEAR * self.length
            anew = ends is None or not near
            if anew:
                ends = self._ends(shot)
            if ends is None:
                break
            trial = self._improved(shot, ends, 1 if near and not anew else _MOST_HALVINGS)
            if trial is None and anew:
                break
            if trial is None or trial.miss > _FAST * shot.miss:
                ends = None
            shot = trial or shot
        if shot is None or shot.miss > self.goal:
            return None
        return shot.velocity

    def _ends(self, shot: Shot) -> EndMap | None:
        """Return the derivative of a shot's end; None where it overflows."""
        try:
            return end_map(shot.course.connection, shot.nodes)
        except NumericalError:
            return None

    def _first(self, v: np.ndarray) -> Shot | None:
        """Return the shot of a velocity, shortened until its geodesic does not break down."""
        for _ in range(_MOST_HALVINGS):
            shot = self._shot(v, rough=True)
            if shot is not None:
                return shot
            v = v / 2
        return None

    def _improved(self, shot: Shot, ends: EndMap, halvings: int) -> Shot | None:
        """Return the first shot that misses by less, of halved Newton steps; None where none does.

        The derivative learns from it.
        """
        a = ends.solve(shot.left)
        change = self._x.jet.jvp(self._sight.frame.lifts @ a)
        share = min(1.0, self._norm(shot.velocity) / np.linalg.norm(a))
        for _ in range(halvings):
            trial = self._shot(shot.velocity + share * change, shot.miss > _NEAR * self.length)
            if trial is not None and trial.miss < (1 - 0.1 * share) * shot.miss:
                ends.learn(share * a, shot.left - trial.left)
                return trial
            share /= 2
        return None

    def _shot(self, v: np.ndarray, rough: bool) -> Shot | None:
        """Return the geodesic of a velocity, fine where it is near; None where it breaks down."""
        most = min(_MOST_A_SHOT, self.left_evaluations)
        if most <= 0:
            return None
        tolerance = _ROUGH if rough else TOLERANCE
        try:
            course = Course(self._manifold, self._x, v, max_evaluations=most, tolerance=tolerance)
        except NumericalError:
            return None
        nodes = [(0.0, *course.place(course.integration.y))]
        try:
            while course.integration.running:
                course.step()
                nodes.append((course.integration.t, *course.place(course.integration.y)))
        except NumericalError:
            return None
        finally:
            self.left_evaluations -= course.integration.evaluations
        left = self._root.transposed(
            self._y.outputs - course.connection.sight(nodes[-1][1]).jet.outputs
        )
        shot = Shot(v, left, course, _thinned(nodes))
        if rough and shot.miss <= _NEAR * self.length:
            return self._shot(v, rough=False)
        self.least_miss = min(self.least_miss, shot.miss)
        return shot

    def _norm(self, v: np.ndarray) -> float:
        return float(np.linalg.norm(self._sight.root.transposed(v)))


def _thinned(nodes: list) -> list:
    """Return at most `_MOST_NODES` of a geodesic's nodes, with both ends, each with w' alone."""
    kept = np.unique(np.linspace(0, len(nodes) - 1, _MOST_NODES).round().astype(int))
    return [(t, w, vectors[:, 0]) for t, w, vectors in (nodes[k] for k in kept)]


def logarithm(
    manifold: Submanifold, x: Point, y: Point, max_evaluations: int = MOST_EVALUATIONS
) -> np.ndarray:
    """Return the velocity v at x, (n,), of a geodesic that is at the outputs of y after time 1.

    Raises:
        NumericalError: None was found; it names what the nearest one missed by.
    """
    if np.array_equal(x.outputs, y.outputs):
        return np.zeros(x.size)
    search = Shooting(manifold, x, y, max_evaluations)
    for found in (search.direct, search.along_a_path):
        v = found()
        if v is not None:
            return v
    raise NumericalError(
        f"no geodesic between the points was found: over a chord of length {search.length:.3g} the "
        f"nearest missed by {search.least_miss:.1e}, wanted {search.goal:.1e}"
    )
