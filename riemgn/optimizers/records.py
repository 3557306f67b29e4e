"""What an optimizer leaves behind: a record of every iterate, and the result."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from pymanopt.optimizers.optimizer import OptimizerResult

from riemgn.arguments import integer, positive
from riemgn.errors import NumericalError
from riemgn.immersions import Immersion
from riemgn.manifolds import Point
from riemgn.optimizers.optimality import Optimality, model_promise, optimality_at
from riemgn.optimizers.stopping import Criterion, Ending
from riemgn.problem import Problem

LOGGER = logging.getLogger("riemgn")


@dataclass(frozen=True)
class Record:
    """One iterate of a run.

    Attributes:
        iteration: 0 for the starting point.
        cost: The loss there.
        optimality: How near the point is to first-order optimality; where B is so ill-conditioned
            that this would take an orthogonal factorisation, a lower bound.
        size: |w|, the length of the parameters.
        step: The length of the parameter step that led here, 0 at the start.
        damping: The damping of that step; 0 for undamped methods.
        evaluations: At how many points f was evaluated so far, rejected ones included.
        seconds: Wall time since the run began.
        point: The point itself, for the callback; None in a history, which would otherwise keep
            every Jacobian of the run alive, unless it was asked to keep points.
    """

    iteration: int
    cost: float
    optimality: Optimality
    size: float
    step: float
    damping: float
    evaluations: int
    seconds: float
    point: Point | None

    @property
    def gradient_norm(self) -> float:
        """The Riemannian gradient's norm in the metric of the loss."""
        return self.optimality.gradient_norm

    @property
    def tangent_cosine(self) -> float:
        """The cosine between residual and tangent space, in the metric of the loss."""
        return self.optimality.tangent_cosine


class Stopped(Exception):  # noqa: N818, it is no error
    """Leaves an optimizer's loop at the last noted point."""

    def __init__(self, ending: Ending, reason: str) -> None:
        super().__init__(reason)
        self.ending = ending
        self.reason = reason


# What may end a run early: a criterion, the callback, the user, derivatives that are not finite.
ENDINGS = (Stopped, StopIteration, KeyboardInterrupt, NumericalError)

Callback = Callable[[Record], None]


@dataclass(repr=False)
class Result(OptimizerResult):
    """pymanopt's result with the history of the run.

    Attributes:
        gradient_norm: The Riemannian gradient's norm on the manifold at the returned point.
        optimality: The point's first-order optimality, through an orthogonal factor.
        success: Whether the point is first-order optimal within the run's tolerance.
        ending: What kind of end the run came to; `stopping_criterion` says it in a sentence.
        history: The records, the last one that of the returned point.
        interrupted: Whether the user ended the run.
    """

    history: list[Record] = field(default_factory=list)
    optimality: Optimality | None = None
    success: bool = False
    ending: Ending = Ending.LIMIT

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended the run."""
        return self.ending is Ending.INTERRUPTED

    def __repr__(self) -> str:
        return (
            f"Result(cost {self.cost:.9g}, gradient norm {self.gradient_norm:.1e}, "
            f"{self.iterations} iterations, {self.time:.2g} s: {self.stopping_criterion})"
        )


class Journal:
    """Keeps the record of each iterate of a run, tells the callback, and asks the criteria.

    Args:
        callback: Called with every record; StopIteration ends the run there.
        criteria: Each may end the run at any record.
        keep_points: Whether the history keeps the points, without their Jacobians.
        tolerance: The tangent cosine that counts as first-order optimal.
        show: Called with every record, to show it.
    """

    def __init__(
        self,
        callback: Callback | None = None,
        criteria: Sequence[Criterion] = (),
        keep_points: bool = False,
        tolerance: float = 0.0,
        show: Callback = lambda record: None,
    ) -> None:
        if not (callback is None or callable(callback)):
            raise TypeError(f"callback must be a function of a Record, got {callback!r}")
        self.records: list[Record] = []
        self.evaluations = 1
        self.tolerance = tolerance
        self._criteria = criteria
        self._keep_points = keep_points
        self._point: Point | None = None
        self._place: tuple[Immersion, np.ndarray] | None = None
        self._callback = callback
        self._show = show
        self._began = time.perf_counter()

    def note(self, point: Point, cost: float, optimality: Optimality, damping: float = 0.0) -> None:
        """Record an iterate; whatever the callback raises, StopIteration included, passes on.

        Raises:
            Stopped: A criterion ends the run here.
        """
        before = point.params if self._place is None else self._place[1]
        self._point, self._place = point, (point.jet.immersion, point.params)
        record = Record(
            iteration=len(self.records),
            cost=float(cost),
            optimality=optimality,
            size=float(np.linalg.norm(point.params)),
            step=float(np.linalg.norm(point.params - before)),
            damping=float(damping),
            evaluations=self.evaluations,
            seconds=time.perf_counter() - self._began,
            point=point,
        )
        self.records.append(replace(record, point=point.bare() if self._keep_points else None))
        LOGGER.debug("%s", record)
        self._show(record)
        if self._callback is not None:
            self._callback(record)
        for criterion in self._criteria:
            reason = criterion.reason(self.records)
            if reason is not None:
                raise Stopped(criterion.ending, reason)

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

    def followed(self, descent: Callable[[], tuple[Ending, str]]) -> tuple[Ending, str]:
        """Return the end, natural or early, of a descent; raise if it noted nothing."""
        try:
            return descent()
        except ENDINGS as ending:
            if not self.records:
                raise
            return _early(ending)

    def result(self, problem: Problem, ended: tuple[Ending, str], log: dict) -> Result:
        """Return the result of a run that ended at the last noted point, its gradient afresh."""
        last, point = self.records[-1], self.point
        optimality = optimality_at(problem, point)
        if not optimality.is_met(self.tolerance):
            optimality = replace(optimality, model_promise=model_promise(problem, point))
        gradient = problem.riemannian_gradient(point)
        result = Result(
            point=point,
            cost=last.cost,
            iterations=last.iteration,
            stopping_criterion=f"Terminated - {ended[1]}.",
            time=last.seconds,
            cost_evaluations=last.evaluations,
            step_size=last.step,
            gradient_norm=problem.manifold.norm(point, gradient),
            log=log,
            history=self.records,
            optimality=optimality,
            success=optimality.is_met(self.tolerance) and ended[0] is not Ending.FLAT,
            ending=ended[0],
        )
        LOGGER.info("%r", result)
        return result


def _early(ending: BaseException) -> tuple[Ending, str]:
    """Return what an exception that ends a run says of its end."""
    if isinstance(ending, Stopped):
        return ending.ending, ending.reason
    if isinstance(ending, StopIteration):
        return Ending.CALLBACK, "the callback asked for it"
    kept = "the last point so far is returned"
    if isinstance(ending, KeyboardInterrupt):
        return Ending.INTERRUPTED, f"interrupted; {kept}"
    return Ending.NOT_FINITE, f"{ending}; {kept}"


def worded(reason: str) -> str:
    """Return pymanopt's words for an end without their frame."""
    return reason.removeprefix("Terminated - ").removesuffix(".")


def checked_start(problem: Problem, initial_point: Point | None) -> Point:
    """Return the starting point of a run, a random one where none is given.

    Raises:
        TypeError, ValueError: As for `belonging`.
        NumericalError: The cost there is not finite.
    """
    point = belonging(problem, initial_point)
    if not np.isfinite(problem.cost(point)):
        raise NumericalError("the cost is not finite at the initial point")
    return point


def belonging(problem: Problem, initial_point: Point | None) -> Point:
    """Return a point of the problem's own manifold, a random one where none is given.

    Raises:
        TypeError: `problem` is no `riemgn.Problem`, or `initial_point` no `Point`.
        ValueError: The point does not belong to the problem's manifold.
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
