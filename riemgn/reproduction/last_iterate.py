"""Claim C3: the last iterate converges geometrically, without averages or regularisation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

import numpy as np
from scipy.integrate import cumulative_simpson

from riemgn.flows import Trajectory, gauss_newton_flow
from riemgn.reproduction.claim import Check, Claim, Measured, Verdict
from riemgn.reproduction.descent import Descent, denser_at_the_start, descend, scale_of_deficit
from riemgn.reproduction.gap_bounds import excess, identity_error, modulus_bound, pl_bound
from riemgn.reproduction.last_iterate_figure import draw
from riemgn.reproduction.last_iterate_findings import (
    FLAT,
    FLAT_DEFICIT,
    FLAT_WITHIN,
    TOLD_SCALES,
    farthest,
    findings,
    is_swept,
    swept,
    values,
)
from riemgn.reproduction.problems import named_case
from riemgn.theory import geodesic_modulus

# Long enough for a gap at the rate 0.3 to fall by ten decades. Steps of the grid are 1e-4 at the
# start and 0.13 at the end: Simpson's rule errs by 1e-4 where m rises by a third in half a unit of
# time in the middle of the path, and by 1e-5 elsewhere.
T_END, TIMES = 80.0, 1201

# The geodesic modulus is measured at every so many of these times: in the loss's own metric it
# takes a second derivative along every pair of directions.
MODULI_EVERY = {"dot": 15, "loss": 30}

# Rounding at the smallest gaps that are compared, and the quadrature.
IDENTITY = 1e-3
# What a fitted rate misses of one that changes in its window, beyond the change of the modulus.
RATE_WITHIN = 0.01

CASES = {
    "regression, flat": {"case": "regression", "deficit": FLAT_DEFICIT},
    "deep, flat": {"case": "deep", "deficit": FLAT_DEFICIT},
    "diabetes, alpha = 128": {"case": "diabetes", "alpha": 128.0},
    "breast cancer, alpha = 2048": {
        "case": "breast_cancer",
        "alpha": 2048.0,
        "options": {"hidden": 1},
    },
    "breast cancer, metric of the loss": {
        "case": "breast_cancer",
        "alpha": 2048.0,
        "options": {"hidden": 1},
        "metric": "loss",
    },
}


def pieces(seeds: int, alphas: Sequence[float], cases: Sequence[str] = tuple(CASES)) -> list[dict]:
    """Return the pieces: named cases, and the regression over output scales.

    Args:
        seeds: The number of seeds, 0, 1, ...
        alphas: The output scales.
        cases: Keys of `CASES`.
    """
    kinds = [{"label": label, **CASES[label]} for label in cases]
    kinds += [{"label": _swept(a), "case": "regression", "alpha": float(a)} for a in alphas]
    return [{"seed": seed, **kind} for kind in kinds for seed in range(seeds)]


def _swept(alpha: float) -> str:
    return f"regression, alpha = {alpha:g}"


def measure(
    *,
    seed: int,
    label: str,
    case: str,
    alpha: float | None = None,
    deficit: float | None = None,
    metric: str = "dot",
    options: dict | None = None,
    flow: Callable[..., Trajectory] = gauss_newton_flow,
) -> dict[str, np.ndarray]:
    """Return the gaps along a flow, what their fall integrates to, and moduli on the way.

    Args:
        seed: Of data and initialisation.
        label: What the piece is called.
        case: A name of `problems.named_case`.
        alpha: The output scale.
        deficit: In place of it: the scale at which the modulus at the start lacks so much to 1.
        metric: "dot", or "loss" for that of the loss's Hessian.
        options: Further arguments of the case.
        flow: The flow under test.
    """
    make = partial(named_case, case, seed=seed, **(options or {}))
    if deficit is not None:
        alpha = scale_of_deficit(make, deficit)
    made = make(alpha)
    problem = made.problem.natural() if metric == "loss" else made.problem
    times = denser_at_the_start(T_END, TIMES)
    descent = descend(made, problem, times, flow)
    run, point = descent.flow, problem.manifold.point
    sampled = np.arange(0, len(run), MODULI_EVERY[metric]) if descent.in_basin else np.array([0])
    optimum_modulus = geodesic_modulus(problem, descent.optimum) if descent.in_basin else np.nan
    return {
        "alpha": alpha,
        "times": run.times,
        "gaps": descent.gaps,
        "speeds": run.gradient_norms**2,
        "log_falls": _log_falls(descent),
        "floor": descent.floor,
        "sampled": sampled,
        "moduli": np.array([geodesic_modulus(problem, point(w)) for w in run.params[sampled]]),
        "optimum_modulus": optimum_modulus,
        "late_modulus": _late_modulus(descent),
        "rate": descent.late_rate(),
        "linear_rate": descent.linear_rate(),
        "in_basin": descent.in_basin,
        "completed": run.completed,
        "ending": np.array(run.ending),
    }


def _late_modulus(descent: Descent) -> float:
    """Return the geodesic modulus at the first time of the late window."""
    if not descent.arrived:
        return np.nan
    first = descent.flow.params[np.argmax(descent.late)]
    return geodesic_modulus(descent.problem, descent.problem.manifold.point(first))


def _log_falls(descent: Descent) -> np.ndarray:
    """Return -2 int_0^t m at every time, m = |grad l|^2 / (2 gap); NaN from where gaps are lost."""
    run, gaps = descent.flow, descent.gaps
    falls = np.full(gaps.size, np.nan)
    lost = ~(gaps > descent.floor)
    kept = int(np.argmax(lost)) if lost.any() else gaps.size
    if kept >= 3:
        # in s, t = T s^2, so that the grid is even
        s = np.sqrt(run.times[:kept] / T_END)
        rates = run.gradient_norms[:kept] ** 2 / gaps[:kept]
        falls[:kept] = -cumulative_simpson(rates * 2 * T_END * s, x=s, initial=0.0)
    return falls


def judge(measured: list[Measured]) -> Verdict:
    """Return the verdict: the identity, both bounds, and the late rates."""
    arrived = [piece for piece in measured if piece.arrays["in_basin"]]
    fitted = [piece for piece in arrived if np.isfinite(piece.arrays["rate"])]
    flat = [piece for piece in measured if piece.arguments["label"] in FLAT]
    rates = values(fitted, "rate")
    least = np.minimum(values(fitted, "late_modulus"), values(fitted, "optimum_modulus"))
    checks = (
        Check.above(
            "share of flows that arrive where M is flat, at a scale known before they run",
            np.mean([piece.arrays["in_basin"] for piece in flat]) if flat else np.nan,
            1.0,
        ),
        *_identities(arrived),
        Check.below(
            "log of gap(t) over gap(0) exp(-2 m t), m the least PL modulus; at any t",
            _most(_excess(piece, pl_bound) for piece in arrived),
            IDENTITY,
        ),
        Check.below(
            "log of gap(t) over V(s)/(2h) exp(-2h (t - s)), h the least geodesic modulus; at any t",
            _most(_excess(piece, modulus_bound) for piece in arrived),
            IDENTITY,
        ),
        Check.below(
            "last gap, less rounding, over gap(0) exp(-2 m t); largest",
            _most(map(_last_over_bound, arrived)),
            1.0,
        ),
        Check.above(
            "share by which the late rate exceeds 2 h, h the lesser of the window's first modulus "
            "and the optimum's; least",
            -_most(2 * least / rates - 1),
            -RATE_WITHIN,
        ),
        Check.below(
            "log of the late rate over that of the flow linearised at the optimum, less that of "
            "the moduli at both ends of the window; largest",
            _most(map(_beyond_linear, fitted)),
            RATE_WITHIN,
        ),
        Check.near(
            "late rate where M is flat; farthest from 2",
            farthest(values(flat, "rate"), 2.0),
            2.0,
            2.0 * FLAT_WITHIN,
        ),
    )
    sweep = swept(measured)
    return Verdict(
        "C3",
        predicted=_medians(fitted, "linear_rate"),
        measured=_medians(fitted, "rate"),
        checks=checks,
        arrays={**sweep, **_drawn(measured)},
        findings=findings(measured, sweep),
    )


def _identities(arrived: list[Measured]) -> list[Check]:
    """The identity of each case, all scales of the regression being one."""
    errors: dict[str, list[float]] = {}
    for piece in arrived:
        name = "regression, every alpha" if is_swept(piece) else piece.arguments["label"]
        errors.setdefault(name, []).append(identity_error(piece.arrays))
    if not errors:
        return [Check.below("log of gap(t)/gap(0) against -2 ∫m", np.nan, IDENTITY)]
    return [
        Check.below(f"{name}: log of gap(t)/gap(0) less -2 ∫m, at any t", max(found), IDENTITY)
        for name, found in errors.items()
    ]


def _excess(piece: Measured, bound: Callable[[dict], np.ndarray]) -> float:
    arrays = piece.arrays
    return excess(arrays["gaps"], float(arrays["floor"]), bound(arrays))


def _last_over_bound(piece: Measured) -> float:
    arrays = piece.arrays
    return float((arrays["gaps"][-1] - arrays["floor"]) / pl_bound(arrays)[-1])


def _beyond_linear(piece: Measured) -> float:
    """How far the late rate is from the linear one, less what the change of the modulus explains.

    Where the modulus is not positive at both ends it explains anything.
    """
    arrays = piece.arrays
    late, end = float(arrays["late_modulus"]), float(arrays["optimum_modulus"])
    explained = abs(np.log(late / end)) if min(late, end) > 0 else np.inf
    return float(abs(np.log(arrays["rate"] / arrays["linear_rate"])) - explained)


def _most(numbers: Iterable[float]) -> float:
    numbers = np.array(list(numbers), dtype=float)
    return float(np.max(numbers)) if numbers.size else np.nan


def _medians(fitted: list[Measured], name: str) -> dict[str, float]:
    """The median over seeds of each case that is not swept, and of the scales that are told."""
    found: dict[str, list[float]] = {}
    for piece in fitted:
        if not is_swept(piece) or piece.arguments["alpha"] in TOLD_SCALES:
            found.setdefault(piece.arguments["label"], []).append(float(piece.arrays[name]))
    return {label: float(np.median(rates)) for label, rates in found.items()}


def _drawn(measured: list[Measured]) -> dict[str, np.ndarray]:
    """What is drawn besides the sweep: gaps and bounds of the first seed, and all late rates."""
    first = [
        piece
        for piece in measured
        if piece.arguments["seed"] == 0
        and piece.arrays["in_basin"]
        and (not is_swept(piece) or piece.arguments["alpha"] in TOLD_SCALES)
    ]
    drawn = {"labels": np.array([piece.arguments["label"] for piece in first], dtype=str)}
    for k, piece in enumerate(first):
        a = piece.arrays
        drawn[f"fall_{k}"] = np.stack([a["times"], a["gaps"], pl_bound(a)])
        drawn[f"fall_{k}"][1:] /= a["gaps"][0]
        drawn[f"floor_{k}"] = a["floor"] / a["gaps"][0]
    drawn["rate_labels"] = np.array([piece.arguments["label"] for piece in measured], dtype=str)
    drawn["rate_pairs"] = np.stack(
        [2 * values(measured, "optimum_modulus"), values(measured, "rate")], axis=1
    )
    return drawn


CLAIM = Claim(
    key="C3",
    title="The last iterate converges geometrically",
    statement=(
        "Along the Gauss-Newton flow the gap of the last iterate falls as exp(-2 ∫ m), no slower "
        "than the geodesic modulus h allows and in the end at the rate 2 h; for the squared loss "
        "that rate tends to 2 as the output scale grows."
    ),
    section="docs/theory.md, section 4",
    pieces=pieces,
    measure=measure,
    judge=judge,
    draw=draw,
    quick={"seeds": 2, "alphas": [8, 32, 128, 512, 2048, 8192]},
    full={"seeds": 6, "alphas": [2**k for k in range(3, 14)]},
)
