"""Claim C3: the last iterate converges geometrically, without averages or regularisation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from scipy.integrate import cumulative_simpson

from riemgn.flows import Trajectory, gauss_newton_flow
from riemgn.reproduction.claim import Claim
from riemgn.reproduction.descent import (
    Descent,
    denser_at_the_start,
    descend,
    reference,
    scale_of_deficit,
)
from riemgn.reproduction.last_iterate_figure import draw
from riemgn.reproduction.last_iterate_findings import FLAT_DEFICIT
from riemgn.reproduction.last_iterate_verdict import judge
from riemgn.reproduction.problems import named_case
from riemgn.theory import geodesic_modulus

# Long enough for a gap at the rate 0.3 to fall by ten decades. Steps of the grid are 1e-4 at the
# start and 0.13 at the end: Simpson's rule errs by 1e-4 where m rises by a third in half a unit of
# time in the middle of the path, and by 1e-5 elsewhere.
T_END, TIMES = 80.0, 1201

# The geodesic modulus is measured at every so many of these times: in the loss's own metric it
# takes a second derivative along every pair of directions.
MODULI_EVERY = {"dot": 15, "loss": 30}

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
    descent_of = partial(descend, made, problem, times)
    descent = descent_of(flow)
    run, point = descent.flow, problem.manifold.point
    norms = descent.gradient_norms()
    sampled = np.arange(0, len(run), MODULI_EVERY[metric]) if descent.in_basin else np.array([0])
    optimum_modulus = geodesic_modulus(problem, descent.optimum) if descent.in_basin else np.nan
    return {
        "alpha": alpha,
        "times": run.times,
        "gaps": descent.gaps,
        "speeds": norms**2,
        "log_falls": _log_falls(descent, norms),
        "floor": descent.floor,
        "sampled": sampled,
        "moduli": np.array([geodesic_modulus(problem, point(w)) for w in run.params[sampled]]),
        "optimum_modulus": optimum_modulus,
        "late_modulus": _late_modulus(descent),
        "rate": descent.late_rate(),
        "linear_rate": descent.linear_rate(),
        "start_modulus": geodesic_modulus(problem, point(made.point.params)),
        "in_basin": descent.in_basin,
        "expected": reference(descent, flow, descent_of).arrived,
        "completed": run.completed,
        "ending": np.array(run.ending),
    }


def _late_modulus(descent: Descent) -> float:
    """Return the geodesic modulus at the first time of the late window."""
    if not descent.arrived:
        return np.nan
    first = descent.flow.params[np.argmax(descent.late)]
    return geodesic_modulus(descent.problem, descent.problem.manifold.point(first))


def _log_falls(descent: Descent, norms: np.ndarray) -> np.ndarray:
    """Return -2 int_0^t m at every time, m = |grad l|^2 / (2 gap); NaN from where gaps are lost."""
    run, gaps = descent.flow, descent.gaps
    falls = np.full(gaps.size, np.nan)
    lost = ~(gaps > descent.floor)
    kept = int(np.argmax(lost)) if lost.any() else gaps.size
    if kept >= 3:
        # in s, t = T s^2, so that the grid is even
        s = np.sqrt(run.times[:kept] / T_END)
        rates = norms[:kept] ** 2 / gaps[:kept]
        falls[:kept] = -cumulative_simpson(rates * 2 * T_END * s, x=s, initial=0.0)
    return falls


CLAIM = Claim(
    key="C3",
    title="The last iterate converges geometrically",
    statement=(
        "Along the Gauss-Newton flow the gap of the last iterate falls as exp(-2 ∫ m), from where "
        "the loss is convex on M no slower than the geodesic modulus h allows, and in the end at "
        "the rate 2 h; for the squared loss that rate tends to 2 as the output scale grows."
    ),
    section="docs/theory.md, section 4",
    caption=(
        "Left: gaps of the first seed with their bounds. Middle: late rates of the regression "
        "over output scales, and the share of flows that arrive. Right: late rates against "
        "twice the geodesic modulus at the optimum, every flow."
    ),
    pieces=pieces,
    measure=measure,
    judge=judge,
    draw=draw,
    quick={"seeds": 2, "alphas": [8, 32, 128, 512, 2048, 8192]},
    full={"seeds": 6, "alphas": [2**k for k in range(3, 14)]},
)
