"""Geodesics w'' = -Gamma(w', w'), and what they carry along."""

from __future__ import annotations

from bisect import bisect_left

import numpy as np

from riemgn.arguments import real_array
from riemgn.manifolds.connection import Connection, units_at
from riemgn.manifolds.integration import MOST_EVALUATIONS, TOLERANCE, Integration
from riemgn.manifolds.point import Point
from riemgn.manifolds.submanifold import Submanifold

# Relative change of a geodesic's speed, which is constant, that tells that its steps went wrong.
LARGEST_DRIFT = 1e-6


class Course:
    """A geodesic on its way, with vectors that it carries parallel, from t = 0.

    The state is [w - w_0, w', zeta_1, ...] in the start's units, each part by its own length. The
    Jacobian keeps the rank of the start: rounding does not count (docs/theory.md, section 6).

    Args:
        manifold: The manifold.
        point: The start.
        v: Its velocity, tangent, (n,), not zero.
        fields: What is carried, tangent, as columns, (n, m); None for nothing.
        end: The last time, of either sign.
        max_evaluations: As for `Integration`.
        tolerance: As for `Integration`.

    Raises:
        NumericalError: v has no tangential part, or f has no second derivative at the start.
    """

    def __init__(
        self,
        manifold: Submanifold,
        point: Point,
        v: np.ndarray,
        fields: np.ndarray | None = None,
        end: float = 1.0,
        max_evaluations: int = MOST_EVALUATIONS,
        tolerance: float = TOLERANCE,
    ) -> None:
        sight = manifold._sight(point)
        self.connection = Connection(manifold.immersion, manifold.metric, sight)
        self._start = point.params
        self._units = units_at(sight)
        vectors = v[:, None] if fields is None else np.column_stack([v, fields])
        lifts = sight.lift(vectors)
        sizes = np.linalg.norm(self._units.coordinates(lifts), axis=0)
        self._sizes = np.where(sizes > 0, sizes, 1.0)
        self.speed = self._speed_of(point.params, lifts[:, 0])
        state = self._units.coordinates(lifts) / self._sizes
        self.integration = Integration(
            self._rates,
            np.column_stack([np.zeros(point.params.size), state]).ravel(),
            (0.0, end),
            self._told,
            max_evaluations,
            tolerance,
        )

    def run(self) -> Course:
        """Go to the last time; return the course itself.

        Raises:
            NumericalError: The geodesic breaks down; it says where and why.
        """
        while self.integration.running:
            self.step()
        return self

    def step(self) -> None:
        """Make one step of the integration, or raise as `run` does."""
        self.integration.step()
        w, vectors = self.place(self.integration.y)
        speed = self._speed_of(w, vectors[:, 0])
        drift = abs(speed / self.speed - 1)
        if not drift <= LARGEST_DRIFT:
            raise self.integration.breakdown(
                f"its speed, which a geodesic keeps, has changed by the share {drift:.1e}"
            )

    def place(self, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the parameters (p,), and w', zeta_1, ... as columns, (p, 1 + m), of a state."""
        table = state.reshape(self._start.size, -1)
        w = self._start + self._sizes[0] * self._units.params(table[:, 0])
        return w, self._units.params(table[:, 1:]) * self._sizes

    def end(self) -> tuple[Point, np.ndarray]:
        """Return the point that is reached, and J w', J zeta_1, ... there as columns."""
        w, vectors = self.place(self.integration.y)
        jet = self.connection.sight(w).jet
        return Point(jet), np.stack([jet.jvp(xi) for xi in vectors.T], axis=1)

    def _rates(self, t: float, state: np.ndarray) -> np.ndarray:
        w, vectors = self.place(state)
        turn = self.connection.turn(w, vectors[:, 0], vectors)
        rates = np.empty((w.size, 1 + turn.shape[1]))
        rates[:, 0] = state.reshape(w.size, -1)[:, 1]
        rates[:, 1:] = self._units.coordinates(turn) / self._sizes
        return rates.ravel()

    def _speed_of(self, w: np.ndarray, velocity: np.ndarray) -> float:
        sight = self.connection.sight(w)
        moved = sight.root.transposed(sight.jet.jvp(velocity))
        largest = np.max(np.abs(moved), initial=np.finfo(np.float64).tiny)
        return float(largest * np.linalg.norm(moved / largest))  # squares may underflow

    def _told(self, state: np.ndarray) -> str:
        w, _ = self.place(state)
        factor = Point(self.connection.immersion.at(w)).factor
        return (
            f"|w| = {np.linalg.norm(w):.3g}, rank {factor.rank}, "
            f"condition number {factor.condition_number:.1e}"
        )


class Geodesic:
    """The geodesic g(t) from a point with a velocity, for every t of either sign.

    It is integrated as far as it is asked for, and no further. At a time g gives a `Point`, at an
    array of times a list of them.

    Attributes:
        manifold: The manifold.
        point: g(0).
        initial_velocity: The ambient velocity at 0, tangent, (n,).
    """

    def __init__(
        self,
        manifold: Submanifold,
        point: Point,
        velocity: np.ndarray,
        max_evaluations: int = MOST_EVALUATIONS,
    ) -> None:
        self.manifold = manifold
        self.point = point
        self.initial_velocity = velocity
        self._max_evaluations = max_evaluations
        self._branches: dict[float, _Branch] = {}

    def __call__(self, t) -> Point | list[Point]:
        """Return the point at time t, or the points at times t (m,).

        Raises:
            ValueError: t is not finite.
            NumericalError: The geodesic breaks down before t; it says where and why.
        """
        times = real_array("t", t, ndim=(0, 1))
        if times.ndim:
            return [self._point(s) for s in times]
        return self._point(float(times))

    def velocity(self, t) -> np.ndarray:
        """Return the ambient velocity, tangent at g(t), (n,); for times t (m,) rows, (m, n).

        Raises:
            ValueError: t is not finite.
            NumericalError: As for g(t).
        """
        times = real_array("t", t, ndim=(0, 1))
        if times.ndim:
            return np.stack([self._velocity(s) for s in times])
        return self._velocity(float(times))

    def __repr__(self) -> str:
        return f"Geodesic(from {self.point!r})"

    def _point(self, t: float) -> Point:
        if t == 0 or not np.any(self.initial_velocity):
            return self.point
        w, _ = self._place(t)
        return Point(self.manifold.immersion.at(w))

    def _velocity(self, t: float) -> np.ndarray:
        if t == 0 or not np.any(self.initial_velocity):
            return self.initial_velocity.copy()
        w, velocity = self._place(t)
        return self.manifold.immersion.at(w).jvp(velocity)

    def _place(self, t: float) -> tuple[np.ndarray, np.ndarray]:
        side = np.copysign(1.0, t)
        if side not in self._branches:
            course = Course(
                self.manifold,
                self.point,
                self.initial_velocity,
                end=side * np.inf,
                max_evaluations=self._max_evaluations,
            )
            self._branches[side] = _Branch(course)
        return self._branches[side].place(t)


class _Branch:
    """One direction of a geodesic: its course and the interpolants of the steps made so far."""

    def __init__(self, course: Course) -> None:
        self._course = course
        self._ends: list[float] = []
        self._pieces: list = []

    def place(self, t: float) -> tuple[np.ndarray, np.ndarray]:
        """Return w and w', (p,) each, at time t."""
        course = self._course
        while not self._ends or self._ends[-1] < abs(t):
            course.step()
            self._pieces.append(course.integration.dense_output())
            self._ends.append(abs(course.integration.t))
        w, vectors = course.place(self._pieces[bisect_left(self._ends, abs(t))](t))
        return w, vectors[:, 0]
