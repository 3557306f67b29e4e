"""What runs, flows and fits have in numbers along their way, which curves draw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from riemgn.arguments import choice, told
from riemgn.fitting import FitResult
from riemgn.flows import Trajectory
from riemgn.optimizers.results import Result

AXES = {
    "iteration": "iteration",
    "evaluations": "evaluations of f",
    "seconds": "seconds",
    "time": "time",
}

Run = Result | Trajectory | FitResult
Runs = Run | Mapping[str, Run]


@dataclass(frozen=True, eq=False)
class Course:
    """Numbers along one run; what it does not measure is missing.

    Attributes:
        label: In the legend, or None.
        places: Where they were measured, by the name of the axis (`AXES`), (m,) each.
        values: By the name of the quantity, (m,) each.
    """

    label: str | None
    places: dict[str, np.ndarray]
    values: dict[str, np.ndarray]


def courses(runs: Runs) -> list[Course]:
    """Return the courses of a run, or of runs by their labels.

    Raises:
        TypeError: There is something else among them.
        ValueError: There is no run, or one without a record.
    """
    if not isinstance(runs, Mapping):
        return [_course(None, runs)]
    if not runs:
        raise ValueError("runs must hold at least one run, got an empty mapping")
    return [_course(str(label), run) for label, run in runs.items()]


def quantity(drawn: list[Course], name: str) -> list[np.ndarray]:
    """Return a quantity of every course, (m,) each.

    Raises:
        ValueError: A course does not have it.
    """
    for course in drawn:
        if name not in course.values:
            raise ValueError(f"runs must have measured their {name}{_of(course)}")
    return [course.values[name] for course in drawn]


def common_axis(drawn: list[Course], against: str | None) -> str:
    """Return the name of the axis: the one asked for, or the first that all courses have.

    Raises:
        ValueError: There is no such axis, or a course does not have it.
    """
    if against is None:
        shared = [name for name in AXES if all(name in course.places for course in drawn)]
        if not shared:
            raise ValueError("runs must share an axis: steps and flows are drawn apart")
        return shared[0]
    choice("against", against, AXES)
    for course in drawn:
        if against not in course.places:
            listed = ", ".join(course.places)
            raise ValueError(f"against must be one of {listed}, got {against!r}{_of(course)}")
    return against


def _course(label: str | None, run: Run) -> Course:
    if isinstance(run, Trajectory):
        course = _of_flow(label, run)
    elif isinstance(run, Result):
        course = _of_records(label, run)
    elif isinstance(run, FitResult):
        course = _of_fit(label, run)
    else:
        raise TypeError(f"runs must be results, flows or fits, got {told(run)}{_named(label)}")
    if not all(places.size for places in course.places.values()):
        raise ValueError(f"runs must have at least one record{_named(label)}")
    return course


def _of_flow(label: str | None, flow: Trajectory) -> Course:
    return Course(
        label,
        {"time": flow.times},
        {
            "loss": flow.losses,
            "gradient norm": flow.gradient_norms,
            "tangent cosine": flow.tangent_cosines,
            "damping": flow.dampings,
            "least eigenvalue": flow.least_eigenvalues,
        },
    )


def _of_records(label: str | None, result: Result) -> Course:
    records = result.history

    def each(name: str) -> np.ndarray:
        return np.array([getattr(record, name) for record in records], dtype=np.float64)

    damping = each("damping")
    damping[:1] = np.nan  # no step led to the start
    return Course(
        label,
        {name: each(name) for name in ("iteration", "evaluations", "seconds")},
        {
            "loss": each("cost"),
            "gradient norm": each("gradient_norm"),
            "tangent cosine": each("tangent_cosine"),
            "damping": damping,
        },
    )


def _of_fit(label: str | None, fit: FitResult) -> Course:
    last = [step for step in fit.history if step.phase == fit.history[-1].phase]
    return Course(
        label,
        {
            "iteration": np.array([step.iteration for step in last]),
            "seconds": np.array([step.seconds for step in last]),
        },
        {
            "loss": np.array([step.loss for step in last]),
            "gradient norm": np.array([step.gradient_norm for step in last]),
        },
    )


def _of(course: Course) -> str:
    return "" if course.label is None else f" ({course.label!r} has not)"


def _named(label: str | None) -> str:
    return "" if label is None else f" as {label!r}"
