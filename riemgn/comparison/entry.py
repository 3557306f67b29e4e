"""`riemgn.compare`: several methods on one problem, from the same starts, with the same budget."""

from __future__ import annotations

import gc
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from riemgn.arguments import integer, positive, told
from riemgn.comparison.contestants import Methods, Starts, labelled, starts
from riemgn.comparison.result import Comparison
from riemgn.comparison.runs import MethodRun
from riemgn.errors import NumericalError
from riemgn.minimization import Method, checked_flag, descent_by, minimize
from riemgn.optimizers.parameter_descents import chooses_its_step
from riemgn.optimizers.starts import checked_problem
from riemgn.problem import Problem
from riemgn.progress import passing_bar

DEFAULT_METHODS = ("auto", "gauss-newton", "conjugate-gradient", "lbfgs", "adam")
DEFAULT_SECONDS = 10.0

# The errors with which a run may fail and the comparison goes on: trouble in the numbers, a method
# that does not suit the problem, too little memory. All others are mistakes in a program.
OUTCOMES = (ArithmeticError, np.linalg.LinAlgError, ValueError, NotImplementedError, MemoryError)


def compare(
    problem: Problem,
    x: Starts = None,
    methods: Methods = DEFAULT_METHODS,
    *,
    seeds: int | Sequence[int] | None = None,
    max_iterations: int | None = None,
    max_time: float | None = None,
    max_evaluations: int | None = None,
    tolerance: float = 1e-8,
    record_points: bool = False,
    callback: Callable[[MethodRun], None] | None = None,
) -> Comparison:
    """Run several methods from the same starts with the same budget, and return how they fared.

    Every run is one of `riemgn.minimize`, on a fresh point, so that none finds a factorisation made
    by another. Before the first timed run each method makes one step that is not timed, which pays
    for imports and buffers. From start to start the methods take turns in going first. Not charged
    are the trials by which "adam" and "fixed-step" choose their step, for as long again as a run
    may last; and, for as long again, the judging of iterates of descents in the parameters
    ("gradient-descent", "lbfgs", "adam", "fixed-step"), which their steps do not need. A run that
    fails by numbers or because its method does not suit the problem has a row that says why; any
    other error passes through. Ctrl-C returns the runs so far.

    Args:
        problem: A `riemgn.Problem`.
        x: Where to start: a point; points; or a function of a seed that returns a point. None takes
            the manifold's random points.
        methods: Names and optimizers as `riemgn.minimize` takes them, or a mapping from labels to
            these. An instance's own limits give way to the budget.
        seeds: How many starts, or which seeds; seed 0 by default.
        max_iterations: The most steps of a run; 10 000 by default.
        max_time: The most seconds of a run; 10 by default.
        max_evaluations: The most points at which a run evaluates f; unlimited by default.
        tolerance: The tangent cosine at which a point counts as optimal.
        record_points: Whether histories keep every point.
        callback: Called with every finished `MethodRun`; StopIteration ends the comparison there.

    Raises:
        TypeError: An argument is of another type.
        ValueError: An argument has another value; both before anything is run.
        riemgn.NumericalError: Every run failed, and all for the same reason, its cause.
        KeyboardInterrupt: Ctrl-C before the first run has a record.
    """
    checked_problem(problem)
    if not (callback is None or callable(callback)):
        raise TypeError(f"callback must be a function of a MethodRun, got {told(callback)}")
    budget = Budget.checked(max_iterations, max_time, max_evaluations, tolerance)
    keeps = checked_flag("record_points", record_points)
    contest = Contest(problem, labelled(methods), starts(problem, x, seeds), budget, keeps)
    ended = contest.held(callback)
    if ended == "interrupted" and not contest.runs:
        raise KeyboardInterrupt
    if ended == "complete":
        contest.raise_common_failure()
    return Comparison(
        runs=tuple(contest.in_order()),
        methods=tuple(contest.methods),
        problem=repr(problem),
        budget=budget.to_dict(),
        ended=ended,
    )


@dataclass(frozen=True)
class Budget:
    """What every run may spend, and what it must reach."""

    max_iterations: int
    max_time: float
    max_evaluations: int | None
    tolerance: float

    @classmethod
    def checked(cls, max_iterations, max_time, max_evaluations, tolerance) -> Budget:
        """Return the budget of `compare`'s arguments."""
        return cls(
            10_000 if max_iterations is None else integer("max_iterations", max_iterations),
            DEFAULT_SECONDS if max_time is None else positive("max_time", max_time),
            None if max_evaluations is None else integer("max_evaluations", max_evaluations),
            positive("tolerance", tolerance, allow_zero=True),
        )

    def to_dict(self) -> dict:
        """Return it by the names of `compare`'s arguments."""
        return dict(vars(self))


class Contest:
    """Methods and starts, and the runs so far."""

    def __init__(
        self,
        problem: Problem,
        methods: dict[str, Method],
        starts: dict[int, np.ndarray],
        budget: Budget,
        record_points: bool,
    ) -> None:
        self.methods = methods
        self.runs: dict[tuple[int, str], MethodRun] = {}
        self._problem = problem
        self._starts = starts
        self._budget = budget
        self._record_points = record_points
        self._first_error: Exception | None = None

    def held(self, callback: Callable[[MethodRun], None] | None) -> str:
        """Run everything; return "complete", or what ended it: "interrupted", "callback"."""
        order = [(seed, label) for k, seed in enumerate(self._starts) for label in self._turn_of(k)]
        try:
            with passing_bar(len(order)) as show:
                self._warm_up(show)
                for seed, label in order:
                    show(len(self.runs), f"{label}, start {seed}")
                    run = self.runs[seed, label] = self._run(label, seed)
                    if run.result is not None and run.result.interrupted:
                        return "interrupted"
                    if callback is not None:
                        callback(run)
        except KeyboardInterrupt:
            return "interrupted"
        except StopIteration:
            return "callback"
        return "complete"

    def in_order(self) -> list[MethodRun]:
        """Return the runs so far by method, then by start."""
        ran = [(seed, label) for label in self.methods for seed in self._starts]
        return [self.runs[key] for key in ran if key in self.runs]

    def raise_common_failure(self) -> None:
        """Raise if all runs failed for one reason.

        Raises:
            riemgn.NumericalError: They did.
        """
        failures = {run.failure for run in self.runs.values()}
        if len(failures) == 1 and None not in failures:
            raise NumericalError(
                f"no method came to a result: {failures.pop()}"
            ) from self._first_error

    def _turn_of(self, k: int) -> list[str]:
        labels = list(self.methods)
        first = k % len(labels)
        return labels[first:] + labels[:first]

    def _run(self, label: str, seed: int) -> MethodRun:
        gc.collect(1)  # what the run before left behind is not charged to this one
        try:
            start = self._problem.manifold.point(self._starts[seed])
            result = minimize(
                self._problem,
                start,
                self.methods[label],
                record_points=self._record_points,
                **self._budget.to_dict(),
            )
        except OUTCOMES as error:
            self._first_error = self._first_error or error
            words = f"{type(error).__name__}: {error}"
            return MethodRun(label, seed, None, words, traceback.format_exc())
        result.point = result.point.bare()
        return MethodRun(label, seed, result)

    def _warm_up(self, show: Callable[..., None]) -> None:
        """Make one step of each method; one that chooses its step first is warm by then."""
        params = next(iter(self._starts.values()))
        for label, method in self.methods.items():
            show(0, f"{label}, warming up")
            if chooses_its_step(descent_by(method)[0]):
                continue
            with suppress(*OUTCOMES):  # the run itself will tell it
                result = minimize(
                    self._problem,
                    self._problem.manifold.point(params),
                    method,
                    max_iterations=1,
                    max_time=self._budget.max_time,
                )
                if result.interrupted:
                    raise KeyboardInterrupt
