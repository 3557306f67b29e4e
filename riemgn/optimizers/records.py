"""What an optimizer leaves behind: a record of every iterate, and the result."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from pymanopt.optimizers.optimizer import OptimizerResult

from riemgn.arguments import integer, positive
from riemgn.errors import NumericalError
from riemgn.immersions import Immersion
from riemgn.manifolds import Point
from riemgn.problem import Problem


@dataclass(frozen=True)
class Record:
    """One iterate of a run.

    Attributes:
        iteration: 0 for the starting point.
        cost: The loss there.
        gradient_norm: The Riemannian gradient's norm in the metric that the method descends in.
        step: The length of the parameter step that led here, 0 at the start.
        damping: The damping of that step; 0 for undamped methods.
        seconds: Wall time since the run began.
        point: The point itself, for the callback; None in a history, which would otherwise keep
            every Jacobian of the run alive.
    """

    iteration: int
    cost: float
    gradient_norm: float
    step: float
    damping: float
    seconds: float
    point: Point | None


# What may end a run early: the callback, the user, or derivatives that are not finite.
ENDINGS = (StopIteration, KeyboardInterrupt, NumericalError)

Callback = Callable[[Record], None]


@dataclass(repr=False)
class Result(OptimizerResult):
    """pymanopt's result with the history of the run.

    `gradient_norm` is that of the Riemannian gradient on the manifold at the returned point, and
    the last record of `history` is the returned point.
    """

    history: list[Record] = field(default_factory=list)
    interrupted: bool = False

    def __repr__(self) -> str:
        return (
            f"Result(cost {self.cost:.9g}, gradient norm {self.gradient_norm:.1e}, "
            f"{self.iterations} iterations, {self.time:.2g} s: {self.stopping_criterion})"
        )


class Journal:
    """Keeps the record of each iterate of a run and tells the callback."""

    def __init__(self, callback: Callback | None = None) -> None:
        if not (callback is None or callable(callback)):
            raise TypeError(f"callback must be a function of a Record, got {callback!r}")
        self.records: list[Record] = []
        self.interrupted = False
        self._point: Point | None = None
        self._place: tuple[Immersion, np.ndarray] | None = None
        self._callback = callback
        self._began = time.perf_counter()

    def note(self, point: Point, cost: float, gradient_norm: float, damping: float = 0.0) -> None:
        """Record an iterate; whatever the callback raises, StopIteration included, passes on."""
        before = point.params if self._place is None else self._place[1]
        self._point, self._place = point, (point.jet.immersion, point.params)
        record = Record(
            iteration=len(self.records),
            cost=float(cost),
            gradient_norm=gradient_norm,
            step=float(np.linalg.norm(point.params - before)),
            damping=damping,
            seconds=time.perf_counter() - self._began,
            point=point,
        )
        self.records.append(replace(record, point=None))
        if self._callback is not None:
            self._callback(record)

    @property
    def point(self) -> Point:
        """The last noted point, made again where it was let go."""
        if self._point is None:
            immersion, params = self._place
            self._point = Point(immersion.at(params))
        return self._point

    def let_go(self) -> None:
        """Drop the last noted point: the memory of its Jacobian serves the next one."""
        self._point = None

    def result(self, problem: Problem, reason: str, log: dict) -> Result:
        """Return the result of a run that ended at the last noted point, its gradient afresh."""
        last, point = self.records[-1], self.point
        gradient = problem.riemannian_gradient(point)
        return Result(
            point=point,
            cost=last.cost,
            iterations=last.iteration,
            stopping_criterion=reason,
            time=last.seconds,
            step_size=last.step,
            gradient_norm=problem.manifold.norm(point, gradient),
            log=log,
            history=self.records,
            interrupted=self.interrupted,
        )

    def reason(self, ending: BaseException) -> str:
        """Return why an early end leaves the last noted point; raise it again if there is none."""
        if not self.records:
            raise ending
        if isinstance(ending, StopIteration):
            return "Terminated - the callback asked for it."
        if isinstance(ending, KeyboardInterrupt):
            self.interrupted = True
            return "Terminated - interrupted; the last point so far is returned."
        return f"Terminated - {ending}; the last point so far is returned."


def checked_start(problem: Problem, initial_point: Point | None) -> Point:
    """Return the starting point of a run, a random one where none is given.

    Raises:
        TypeError: `problem` is no `riemgn.Problem`, or `initial_point` no `Point`.
        ValueError: The point does not belong to the problem's manifold.
        NumericalError: The cost there is not finite.
    """
    if not isinstance(problem, Problem):
        raise TypeError(f"problem must be a riemgn.Problem, got {type(problem).__name__}")
    if initial_point is None:
        initial_point = problem.manifold.random_point()
    if not isinstance(initial_point, Point):
        raise TypeError(
            "initial_point must be a point of the manifold (manifold.point(w)), "
            f"got {type(initial_point).__name__}"
        )
    immersion = problem.manifold.immersion
    if initial_point.jet.shape != (immersion.ambient_dim, immersion.dim):
        raise ValueError(
            f"initial_point has (n, p) = {initial_point.jet.shape}, the problem's manifold "
            f"({immersion.ambient_dim}, {immersion.dim})"
        )
    point = initial_point
    if point.jet.immersion is not immersion:
        point = problem.manifold.point(point.params)
        if not np.array_equal(point.outputs, initial_point.outputs):
            raise ValueError("initial_point is a point of another manifold than the problem's")
    if not np.isfinite(problem.cost(point)):
        raise NumericalError("the cost is not finite at the initial point")
    return point


def checked_limits(
    max_iterations: int, max_time: float, min_gradient_norm: float
) -> dict[str, int | float]:
    """Return pymanopt's limits, checked.

    Raises:
        TypeError: One is no number.
        ValueError: One is negative or NaN; `max_time` alone may be infinite.
    """
    unlimited = isinstance(max_time, float) and max_time == np.inf
    return {
        "max_iterations": integer("max_iterations", max_iterations, least=0),
        "max_time": max_time if unlimited else positive("max_time", max_time),
        "min_gradient_norm": positive("min_gradient_norm", min_gradient_norm, allow_zero=True),
    }
