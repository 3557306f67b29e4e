"""C1: the Gauss-Newton flow, pushed through f, is the Riemannian gradient flow on M."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from riemgn.flows import Trajectory, gauss_newton_flow, riemannian_gradient_flow
from riemgn.manifolds import ImmersedManifold
from riemgn.optimizers import EulerSteps, TaylorSteps
from riemgn.plotting.style import (
    BLUE,
    COLOURS,
    MUTED,
    VERMILION,
    band,
    finish,
    prediction,
)
from riemgn.problem import Problem
from riemgn.reproduction.claim import Check, Claim, Measured, Verdict
from riemgn.reproduction.problems import Case, by_case, named_case

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

T_END = 6.0
TIMES = np.concatenate([[0.0], np.geomspace(1e-3, T_END, 60)])
TOLERANCE = 1e-10  # at which the claim is judged

# What the integrator's tolerance may become: a flow takes up to 100 steps, each with an error of
# the tolerance, and where the Riemannian Hessian has negative eigenvalues curves drift apart; a
# hundredfold in the time observed.
ALLOWED = 1e4 * TOLERANCE

# Fewer common times say little about two curves; an integration takes more steps than that.
LEAST_TIMES = 10

# A flow that comes to T_END takes a few hundred. One that comes near lost rank takes ever shorter
# steps there, and none is to run for ever.
MOST_EVALUATIONS = 1500

# Where the flow in outputs comes to T_END, that in parameters must. Where it does not, both have
# spent their evaluations or run into rounding near lost rank. How near differs: the state of one is
# finite there, that of the other need not be, so that one stops at condition numbers of J that the
# other passes a thousand times over; but nearly at the same time, since the curve is one.
COMMON_TIME = 0.8

# By this factor the least singular value of J has fallen where a flow comes to an edge of M.
AT_AN_EDGE = 1e3

# Steps 2^-3 .. 2^-7 to the time 1. An error C h^k (1 + c h + ..) has the slope k + O(c h), of which
# the last two halvings, with h about 1/64 and c of the order of the number of e-folds by which the
# flow's fastest part falls, leave less than this.
STEP_EXPONENTS = (3, 4, 5, 6, 7)
STEPS_END = 1.0
SLOPE_WITHIN = 0.1
ORDERS = {"euler": 1, "taylor": 2}

# The output scale at which each is measured, and whether discrete steps are. They are not where
# some flows come near points of lost rank: steps of 1/8 there jump to other parts of M.
SUBJECTS = (
    ("regression", 16.0, False),
    ("regression", 128.0, False),
    ("regression", 2048.0, True),
    ("deep", 1e6, True),
    ("diabetes", 256.0, True),
    ("breast_cancer", 128.0, True),
)


def pieces(
    seeds: int,
    tolerances: tuple[float, ...] = (1e-6, 1e-8, TOLERANCE),
    subjects: tuple[tuple[str, float, bool], ...] = SUBJECTS,
) -> list[dict]:
    """Return a piece for every subject and seed."""
    return [
        {
            "seed": seed,
            "case": case,
            "alpha": alpha,
            "tolerances": list(tolerances),
            "step_exponents": list(STEP_EXPONENTS) if with_steps else [],
        }
        for case, alpha, with_steps in subjects
        for seed in range(seeds)
    ]


def measure(
    *,
    seed: int,
    case: str,
    alpha: float,
    tolerances: list[float],
    step_exponents: list[int],
    flow: Callable[..., Trajectory] = gauss_newton_flow,
) -> dict[str, np.ndarray]:
    """Integrate both flows at each tolerance, and the flow by discrete steps on the manifold.

    Args:
        seed: Of the problem.
        case: Its name, see `riemgn.reproduction.problems`.
        alpha: Its output scale.
        tolerances: Of both integrators; the last one is that of `ends`.
        step_exponents: k for steps 2^-k, or none.
        flow: The flow in parameters.

    Returns:
        `differences` (tolerances, times), the largest relative difference up to each of `TIMES`,
        NaN where a flow has ended before; `compared`, the number of times compared at the last
        tolerance; `completed`, `ends` and `endings` (2,), whether the flow in parameters and that
        in outputs come to `T_END` there, where they end, and why; `lengths` and
        `singular_values` (2,), |w| and the least singular value of J at the start and at the end;
        `euler` and `taylor` (step_exponents,), the relative errors of the discrete
        steps at the time 1.
    """
    subject = named_case(case, alpha, seed)
    differences = []
    for tolerance in tolerances:
        options = {"tolerance": tolerance, "max_evaluations": MOST_EVALUATIONS}
        in_outputs = riemannian_gradient_flow(subject.problem, subject.point, T_END, **options)
        in_parameters = flow(
            subject.problem, subject.point, T_END, times=in_outputs.times, **options
        )
        differences.append(running_difference(in_parameters, in_outputs))
    own = in_parameters
    if not own.completed:  # the times asked for do not show where it ends
        own = flow(subject.problem, subject.point, T_END, **options)
    both = (own, in_outputs)
    ends = np.array([path.times[-1] if len(path) else 0.0 for path in both])
    return {
        "differences": np.array(differences),
        "compared": np.array(len(in_parameters)),
        "completed": (ends >= T_END) & [path.completed for path in both],
        "ends": ends,
        "endings": np.array([path.ending for path in both]),
        "lengths": np.linalg.norm(in_outputs.params[[0, -1]], axis=1),
        "singular_values": np.sqrt(in_outputs.least_eigenvalues[[0, -1]]),
        **_step_errors(subject, step_exponents, flow),
    }


def running_difference(first: Trajectory, second: Trajectory) -> np.ndarray:
    """Return the largest difference of an output up to each of `TIMES`, NaN after an end.

    It is relative to the largest output of the second trajectory.

    Args:
        first: A trajectory at the times of the second, as far as it goes.
        second: Another one.
    """
    common = len(first)
    if not common:
        return np.full(TIMES.size, np.nan)
    u, v = first.outputs, second.outputs[:common]
    largest = np.maximum.accumulate(np.abs(u - v).max(axis=1)) / np.abs(second.outputs).max()
    before = np.searchsorted(first.times, TIMES, side="right") - 1
    return np.where(first.times[-1] >= TIMES, largest[before], np.nan)


def _step_errors(
    subject: Case, exponents: list[int], flow: Callable[..., Trajectory]
) -> dict[str, np.ndarray]:
    if not exponents:
        return {"euler": np.array([]), "taylor": np.array([])}
    options = {"tolerance": TOLERANCE, "max_evaluations": MOST_EVALUATIONS}
    curve = flow(subject.problem, subject.point, STEPS_END, times=[STEPS_END], **options).outputs
    if not len(curve):
        return {name: np.full(len(exponents), np.nan) for name in ORDERS}
    corrected = ImmersedManifold(subject.problem.manifold.immersion, retraction="corrected")
    problems = {"euler": subject.problem, "taylor": Problem(corrected, subject.problem.loss)}
    methods = {"euler": EulerSteps, "taylor": TaylorSteps}
    errors = {
        name: [
            _error_of_steps(methods[name](2.0**-k, STEPS_END), problem, subject, curve[0])
            for k in exponents
        ]
        for name, problem in problems.items()
    }
    return {name: np.array(row) for name, row in errors.items()}


def _error_of_steps(
    steps: EulerSteps | TaylorSteps, problem: Problem, subject: Case, exact: np.ndarray
) -> float:
    start = problem.manifold.point(subject.point.params)
    run = steps.run(problem, initial_point=start)
    return float(np.abs(np.asarray(run.point) - exact).max() / np.abs(exact).max())


def judge(measured: list[Measured]) -> Verdict:
    """Return the verdict: the curves agree, and steps approach them with their orders."""
    groups = by_case(measured)
    checks, predicted, found, arrays = [], {"difference": ALLOWED}, {}, {}
    for label, group in groups.items():
        final = np.array([piece.arrays["differences"][-1] for piece in group])
        worst = np.nanmax(final)
        compared = min(piece.arrays["compared"] for piece in group)
        checks += [
            Check.below(f"{label}: difference of the two flows", worst, ALLOWED),
            Check.above(f"{label}: times compared", compared, LEAST_TIMES),
            *_end_checks(label, group),
        ]
        arrays[f"{label}|differences"] = final
        arrays[f"{label}|by tolerance"] = np.array(
            [np.nanmax(piece.arrays["differences"], axis=1) for piece in group]
        )
        found[label] = {"difference": float(worst)}
        for name, order in ORDERS.items():
            errors = np.array([piece.arrays[name] for piece in group])
            if not errors.size:
                continue
            slopes = np.log2(errors[:, -3] / errors[:, -1]) / 2
            farthest = slopes[np.argmax(np.abs(slopes - order))]
            checks.append(
                Check.near(f"{label}: order of {_METHODS[name]}", farthest, order, SLOPE_WITHIN)
            )
            arrays[f"{label}|{name}"] = errors
            found[label][name] = slopes.tolist()
    arrays["tolerances"] = np.array(measured[0].arguments["tolerances"])
    predicted.update({name: float(order) for name, order in ORDERS.items()})
    return Verdict("C1", predicted, found, tuple(checks), arrays, tuple(_findings(groups)))


def _end_checks(label: str, group: list[Measured]) -> list[Check]:
    """Return the checks that what ends early does so because the flow in outputs does."""
    arrive, shares = [], []
    for piece in group:
        own, outputs = piece.arrays["ends"]
        if piece.arrays["completed"][1]:
            arrive.append(own / T_END)
        else:
            shares.append(min(own, outputs) / max(own, outputs))
    checks = []
    if arrive:
        checks.append(Check.above(f"{label}: share of the time that is reached", min(arrive), 1.0))
    if shares:
        checks.append(
            Check.above(f"{label}: common share of the two early ends", min(shares), COMMON_TIME)
        )
    return checks


_METHODS = {"euler": "Euler steps", "taylor": "second-order steps"}


def _findings(groups: dict[str, list[Measured]]) -> list[str]:
    return [told for label, group in groups.items() for told in _early_ends(label, group)]


def _early_ends(label: str, group: list[Measured]) -> list[str]:
    early = [piece for piece in group if not piece.arrays["completed"].all()]
    if not early:
        return []
    agree = max(np.nanmax(piece.arrays["differences"][-1]) for piece in early)
    fallen = np.array([np.divide(*piece.arrays["singular_values"]) for piece in early])
    edges = [piece for piece, fall in zip(early, fallen, strict=True) if fall > AT_AN_EDGE]
    told = [
        f"{label}: {len(early)} of {len(group)} flows do not come to t = {T_END:g}. As far as both "
        f"integrations go they differ by at most {agree:.1e}. "
        + " ".join(_how_it_ends(piece) for piece in early)
    ]
    if edges:
        grown = np.median([np.divide(*piece.arrays["lengths"][::-1]) for piece in edges])
        told.append(
            f"{label}: {len(edges)} of these {len(early)} come to an edge of M in finite time: the "
            f"least singular value of J falls by a factor of "
            f"{np.median(fallen[fallen > AT_AN_EDGE]):.0e}, |w| grows {grown:.1f} times (medians)."
        )
    return told


def _how_it_ends(piece: Measured) -> str:
    own, outputs = piece.arrays["endings"]
    return f"Seed {piece.arguments['seed']}, in parameters: {own}; in outputs: {outputs}."


def draw(verdict: Verdict, figure: Figure) -> None:
    """Draw differences over time, over the tolerance, and the errors of discrete steps."""
    figure.set_size_inches(13.5, 4.8)
    in_time, by_tolerance, steps = figure.subplots(1, 3)
    labels = list(dict.fromkeys(key.split("|")[0] for key in verdict.arrays if "|" in key))
    tolerances = verdict.arrays["tolerances"]
    for label, colour in zip(labels, [*COLOURS, MUTED], strict=False):
        band(in_time, TIMES[1:], verdict.arrays[f"{label}|differences"][:, 1:], label, colour)
        by = verdict.arrays[f"{label}|by tolerance"]
        band(by_tolerance, tolerances, by, colour=colour, marker="o", markersize=4)
    prediction(in_time, [TIMES[1], T_END], [ALLOWED, ALLOWED], "allowed")
    in_time.set(xscale="log", yscale="log", ylim=(1e-19, 30 * ALLOWED))
    finish(in_time, "time t", "largest relative difference up to t", "Two integrations, one curve")
    in_time.legend(frameon=False, fontsize=8, loc="lower center", ncol=2)
    prediction(by_tolerance, tolerances, tolerances, "= tolerance")
    by_tolerance.set(xscale="log", yscale="log")
    sizes = ("tolerance of both integrators", "largest relative difference")
    finish(by_tolerance, *sizes, "The difference is the integrators'")
    _draw_steps(verdict, steps)


def _draw_steps(verdict: Verdict, axes: Axes) -> None:
    h = 2.0 ** -np.array(STEP_EXPONENTS)
    for name, colour in (("euler", BLUE), ("taylor", VERMILION)):
        errors = [rows for key, rows in verdict.arrays.items() if key.endswith(f"|{name}")]
        if not errors:
            continue
        order = ORDERS[name]
        scaled = np.concatenate([rows / rows[:, -1:] for rows in errors])
        band(axes, h, scaled, f"{_METHODS[name]}", colour, marker="o", markersize=4)
        prediction(axes, h, (h / h[-1]) ** order, f"slope {order}")
    axes.set(xscale="log", yscale="log")
    axes.set_xscale("log", base=2)
    finish(axes, "step h", f"error at t = {STEPS_END:g} over that of the least h", "Discrete steps")


CLAIM = Claim(
    key="C1",
    title="Gauss-Newton flow is Riemannian gradient flow",
    statement=(
        "The Gauss-Newton flow of the parameters, pushed through f, is the Riemannian gradient "
        "flow on the manifold of outputs."
    ),
    section="docs/theory.md, section 4",
    caption=(
        "Left: the largest relative difference between the flow of the parameters and that of "
        "the outputs up to each time. Middle: at the last time, against the tolerance of both "
        "integrators. Right: errors of discrete steps on M. Medians and ranges over seeds."
    ),
    pieces=pieces,
    measure=measure,
    judge=judge,
    draw=draw,
    quick={"seeds": 2, "tolerances": (1e-6, TOLERANCE)},
    full={"seeds": 10},
)
