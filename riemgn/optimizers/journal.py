"""The journal of a run: it records iterates, tells the callback and asks the criteria."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from riemgn.arguments import told
from riemgn.immersions import Immersion
from riemgn.manifolds import Point
from riemgn.optimizers.allowance import Allowance
from riemgn.optimizers.endings import EARLY, Stopped, ask, early
from riemgn.optimizers.keeper import Keeper
from riemgn.optimizers.optimality import Optimality, optimality_at
from riemgn.optimizers.records import Callback, Record, Result
from riemgn.optimizers.stopping import Criterion, Ending
from riemgn.optimizers.verdict import falls_for_ever, judged, runs_off
from riemgn.problem import Problem

LOGGER = logging.getLogger("riemgn")

_ENDLESS = (Ending.FLAT, Ending.UNBOUNDED)  # where no finite point is optimal


class Journal:
    """Keeps the record of each iterate of a run, tells the callback, and asks the criteria.

    Args:
        callback: Called with every record; StopIteration ends the run there.
        criteria: Each may end the run at any record.
        keep_points: Whether the history keeps the points, without their Jacobians.
        tolerance: The tangent cosine that counts as first-order optimal.
        show: Called with every record, to show it.
        keeper: Told of every record before the callback is, and of the end.

    Attributes:
        records: The records so far.
        evaluations: At how many points f was evaluated so far.
        passed: Steps so far to points that are on no record.
        origin: The parameters (p,) at which the run began.
        memory: The object in which the method keeps what it remembers from step to step.
        ended: The run's natural end; None while it is under way, and where it was cut short.
        limits: The limits among the criteria.
        log: What the method tells of the run besides its records, for the result.
    """

    def __init__(
        self,
        callback: Callback | None = None,
        criteria: Sequence[Criterion] = (),
        keep_points: bool = False,
        tolerance: float = 0.0,
        show: Callback = lambda record: None,
        keeper: Keeper | None = None,
    ) -> None:
        if not (callback is None or callable(callback)):
            raise TypeError(f"callback must be a function of a Record, got {told(callback)}")
        self.records: list[Record] = []
        self.evaluations = 1
        self.passed = 0
        self.origin: np.ndarray | None = None
        self.memory: object = None
        self.ended: tuple[Ending, str] | None = None
        self.tolerance = tolerance
        self.log: dict = {}
        self._criteria = criteria
        self._keep_points = keep_points
        self._point: Point | None = None
        self._place: tuple[Immersion, np.ndarray] | None = None
        self._callback = callback
        self._show = show
        self._keeper = keeper
        self._best: tuple[Record, tuple[Immersion, np.ndarray]] | None = None
        self._taken_up = False
        self._failure: Exception | None = None  # of the callback
        self._floats = np.geterr()  # as the callback finds it
        self.limits = [one for one in criteria if one.ending is Ending.LIMIT]
        self._free_seconds = Allowance.like(self.limits).seconds
        self._began = time.perf_counter()

    def take_up(
        self, records: list[Record], origin: np.ndarray, best: np.ndarray, point: Point
    ) -> None:
        """Go on with the journal of an earlier run, whose last record is that of `point`."""
        self.records, self.origin = records, origin
        self.evaluations = records[-1].evaluations
        immersion = point.jet.immersion
        self._point, self._place = point, (immersion, point.params)
        self._best = min(records, key=lambda record: record.cost), (immersion, best)
        self._taken_up = True
        self._began = time.perf_counter() - records[-1].seconds

    def origin_of(self, point: Point) -> np.ndarray:
        """Return the parameters (p,) at which the run began: the point's if it begins there."""
        return point.params if self.origin is None else self.origin

    @property
    def resumes(self) -> bool:
        """Whether the next point to note is that at which an earlier run is taken up."""
        return self._taken_up

    @property
    def best(self) -> np.ndarray:
        """The parameters (p,) of the record with the least cost."""
        return self._best[1][1]

    def note(self, point: Point, cost: float, optimality: Optimality, damping: float = 0.0) -> None:
        """Record an iterate; whatever the callback raises but StopIteration passes on.

        The point at which an earlier run is taken up is on record already; the criteria alone are
        asked again.

        Raises:
            Stopped: A criterion or the callback ends the run here.
        """
        if self._taken_up:
            self._taken_up, self._point = False, point
        else:
            self._tell(self._recorded(point, cost, optimality, damping))
        ask(self._criteria, self.records)
        if self.passed:
            self._ask_limits()

    def _recorded(self, point: Point, cost: float, at: Optimality, damping: float) -> Record:
        before = point.params if self._place is None else self._place[1]
        with np.errstate(over="ignore"):
            size, step = np.linalg.norm(point.params), np.linalg.norm(point.params - before)
        numbers = {
            "iteration": len(self.records),
            "cost": float(cost),
            "optimality": at,
            "size": float(size),
            "step": float(step),
            "damping": float(damping),
            "evaluations": self.evaluations,
            "seconds": time.perf_counter() - self._began,
        }
        record = Record(**numbers, point=point)
        kept = Record(**numbers, point=point.bare() if self._keep_points else None)
        self.origin = self.origin_of(point)
        self._point, self._place = point, (point.jet.immersion, point.params)
        self.records.append(kept)
        if self._best is None or kept.cost < self._best[0].cost:
            self._best = kept, self._place
        return record

    def _tell(self, record: Record) -> None:
        if self._keeper is not None:
            self._keeper.noted(self)
        LOGGER.debug("%s", record)
        self._show(record)
        if self._callback is not None:
            self._ask_callback(record)

    def _ask_callback(self, record: Record) -> None:
        try:
            with np.errstate(**self._floats):
                self._callback(record)
        except StopIteration:
            raise Stopped(Ending.CALLBACK, "the callback asked for it") from None
        except (ArithmeticError, np.linalg.LinAlgError) as error:
            self._failure = error
            raise

    def pass_by(self) -> None:
        """Count a step to a point that is not better than the best one, which is no iterate.

        Raises:
            Stopped: A limit forbids more steps.
        """
        self.passed += 1
        now = self._now()
        self._show(now)
        ask(self._criteria, [*self.records[:-1], now])

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Let the clock stand still: what is done meanwhile is bounded by an allowance."""
        left = time.perf_counter()
        try:
            yield
        finally:
            self._began += time.perf_counter() - left

    @contextmanager
    def judging(self) -> Iterator[None]:
        """Let the clock stand still while an iterate is judged, which does not serve the method.

        That may take as long as the run in all; what it takes beyond that is counted.
        """
        left = time.perf_counter()
        try:
            yield
        finally:
            free = min(time.perf_counter() - left, self._free_seconds)
            self._free_seconds -= free
            self._began += free

    def as_much_again(self) -> Allowance:
        """Return what may be spent before the run: as much as its limits allow it."""
        return Allowance.like(self.limits)

    def spend(self) -> None:
        """Count a further point at which f is to be evaluated.

        Raises:
            Stopped: A limit forbids it.
        """
        self._ask_limits()
        self.evaluations += 1

    def _ask_limits(self) -> None:
        if self.limits:
            ask(self.limits, [self._now()])

    def _now(self) -> Record:
        """The last record with the steps, evaluations and seconds that were spent since."""
        last = self.records[-1]
        spent = {
            "iteration": last.iteration + self.passed,
            "evaluations": self.evaluations,
            "seconds": time.perf_counter() - self._began,
        }
        return Record(**(vars(last) | spent))

    @property
    def point(self) -> Point:
        """The last noted point, made again where it was let go."""
        if self._point is None:
            immersion, params = self._place
            self._point = Point(immersion.at(params))
        return self._point

    def kept_best(self, ended: tuple[Ending, str]) -> tuple[Ending, str]:
        """Go back to the best point, if steps of a fixed length led on to a higher cost."""
        best, place = self._best or (self.records[-1], self._place)
        if self.records[-1].cost <= best.cost + best.optimality.rounding:
            return ended
        self.records = self.records[: best.iteration + 1]
        self._point, self._place = None, place
        if ended[0] in (Ending.OPTIMAL, Ending.PRECISION):
            ended = Ending.STUCK, "the cost rises at steps of this length; the best point is kept"
        return ended

    def let_go(self) -> None:
        """Drop the last noted point: the memory of its Jacobian serves the next one."""
        self._point = None

    @np.errstate(all="ignore")  # what leaves the range of floats is refused
    def followed(self, descent: Callable[[], tuple[Ending, str]]) -> tuple[Ending, str]:
        """Return the end, natural or early, of a descent; raise if it noted nothing."""
        try:
            self.ended = descent()
            return self.ended
        except EARLY as ending:
            if not self.records or ending is self._failure:
                raise
            return early(ending)
        finally:
            if self._keeper is not None and self.records:
                self._keeper.closed(self)

    @np.errstate(all="ignore")
    def result(self, problem: Problem, ended: tuple[Ending, str], log: dict) -> Result:
        """Return the result of a run that ended at the last noted point, its gradient afresh."""
        last, point = self.records[-1], self.point
        try:
            optimality = judged(problem, point, self.tolerance)
        except KeyboardInterrupt:
            ended, optimality = early(KeyboardInterrupt()), optimality_at(problem, point)
        if runs_off(problem, self.records, point, self.origin, optimality, self.tolerance):
            ended = Ending.FLAT, Ending.FLAT.value
        elif falls_for_ever(problem, self.records, point, self.origin, optimality):
            ended = Ending.UNBOUNDED, Ending.UNBOUNDED.value
        gradient = problem.riemannian_gradient(point)
        result = Result(
            point=point,
            cost=last.cost,
            iterations=last.iteration,
            stopping_criterion=f"Terminated - {ended[1]}.",
            time=self._now().seconds if self.passed else last.seconds,
            cost_evaluations=self.evaluations,
            step_size=last.step,
            gradient_norm=problem.manifold.norm(point, gradient),
            log=log,
            history=self.records,
            optimality=optimality,
            success=optimality.is_met(self.tolerance) and ended[0] not in _ENDLESS,
            ending=ended[0],
        )
        LOGGER.debug("%r", result)
        return result
