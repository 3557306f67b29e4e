"""C7: damped steps contract the gap by a factor that does not depend on lambda_min."""

from __future__ import annotations

import numpy as np

import riemgn as rg
from riemgn.flows.entry import prescribed
from riemgn.flows.equations import damped_model
from riemgn.optimizers import LevenbergMarquardt
from riemgn.optimizers.stopping import When
from riemgn.reproduction.claim import Claim
from riemgn.reproduction.contraction_figure import draw
from riemgn.reproduction.contraction_verdict import ETAS, FIXED, GOAL, MOST_STEPS, judge
from riemgn.reproduction.damped_steps import Iterate, damped_steps, last, linear_steps
from riemgn.reproduction.paired import Wide, nearly_linear_targets, paired_regression

# Share of the first gap to which steps go, and how many of them at most.
SHARE = 1e-9
COUNT = 120

FIXED_COUNT = 20  # steps with a fixed damping
DESCENTS = 300  # steps of gradient descent

SCALES = (30.0, 300.0, 3000.0)
SCALES_DISTANCE = 0.1


def pieces(seeds: int, n: int, distances: list[float]) -> list[dict]:
    """Return the pieces.

    Args:
        seeds: How many.
        n: The number of outputs, even.
        distances: Between the inputs of a pair; lambda_min falls like their squares, and must stay
            above n eps lambda_max, where rounding takes its place in the schedules.
    """
    sweep = [
        {"part": "sweep", "seed": seed, "n": n, "distance": distance}
        for seed in range(seeds)
        for distance in distances
    ]
    scales = [{"part": "scales", "seed": seed, "n": n} for seed in range(seeds)]
    return [*sweep, *scales, {"part": "overshoot", "seed": 0, "n": n, "distances": distances}]


def measure(
    *,
    part: str,
    seed: int,
    n: int,
    damping="kernel",
    iterate: Iterate = last,
    **sizes,
) -> dict[str, np.ndarray]:
    """Measure one piece.

    Args:
        part: Which part of the claim.
        seed: Of the data and of the initialisation.
        n: The number of outputs.
        damping: The schedule under test.
        iterate: From the parameters met so far to those whose gap is measured.
        sizes: Of the part.
    """
    return _PARTS[part](seed, n, damping, iterate, **sizes)


def _sweep(seed: int, n: int, damping, iterate: Iterate, distance: float) -> dict[str, np.ndarray]:
    targets = nearly_linear_targets(distance)
    case = paired_regression(distance, seed, n, target_size=targets)
    arrays = {}
    for k, eta in enumerate(ETAS):
        steps = damped_steps(case, damping, eta, COUNT, SHARE, iterate)
        arrays |= {f"gaps_{k}": steps.gaps, f"bounds_{k}": steps.bounds, f"bends_{k}": steps.bends}
    arrays["least"] = np.array(steps.least)
    shifted = damped_steps(case, "shifted", 1.0, COUNT, SHARE)
    fixed = damped_steps(case, FIXED, 1.0, FIXED_COUNT, SHARE)
    speed = prescribed(FIXED).form(damped_model(case.problem, case.point)).speed
    arrays |= {
        "shifted_gaps": shifted.gaps,
        "shifted_bends": shifted.bends,
        "fixed_gaps": fixed.gaps,
        "fixed_linear": linear_steps(case, lambda values: 1 - speed(values), fixed.gaps.size - 1),
    }
    for name, schedule in (("adaptive", damping), ("fixed", FIXED), ("gain_ratio", "gain-ratio")):
        arrays[f"{name}_iterations"] = _iterations(case, schedule)
    return arrays | _gradient_descent(case)


def _iterations(case: Wide, damping) -> np.ndarray:
    """How many iterations the optimizer takes to a share GOAL of the first gap; NaN if too many."""
    goal = GOAL * case.problem.cost(case.point)
    run = rg.minimize(
        case.problem,
        case.point,
        LevenbergMarquardt(damping),
        stop=When(lambda record: record.cost <= goal),
        max_iterations=MOST_STEPS,
        tolerance=0.0,
    )
    return np.array(float(run.iterations) if run.cost <= goal else np.nan)


def _gradient_descent(case: Wide) -> dict[str, np.ndarray]:
    """The share of the gap that gradient descent leaves, and what it would leave for linear f."""
    values = damped_model(case.problem, case.point).kernel_eigenvalues
    eta = 2 / (values[0] + values[-1])
    linear = linear_steps(case, lambda values: 1 - eta * values, DESCENTS)
    w = case.point.params
    for _ in range(DESCENTS):
        point = case.problem.manifold.point(w)
        w = w - eta * point.jet.vjp(case.problem.loss.gradient(point.outputs))
    left = case.problem.cost(case.problem.manifold.point(w)) / case.problem.cost(case.point)
    return {
        "descent_left": np.array(left),
        "descent_linear_left": linear[-1] / linear[0],
        "descent_condition": values[-1] / values[0],
    }


def _scales(seed: int, n: int, damping, iterate: Iterate) -> dict[str, np.ndarray]:
    """How far f bends on the first step of length 1, measured, at several output scales."""
    bends, bounds = [], []
    for alpha in SCALES:
        case = paired_regression(SCALES_DISTANCE, seed, n, alpha=alpha)
        model = damped_model(case.problem, case.point)
        step, _ = prescribed(damping).direction(model)
        ahead = case.problem.manifold.point(case.point.params + step).outputs
        bend = ahead - case.point.outputs - case.point.jet.jvp(step)
        bends.append(np.linalg.norm(bend) / np.linalg.norm(model.target))
        bounds.append(damped_steps(case, damping, 1.0, 1, SHARE).bends[0])
    return {"bends": np.array(bends), "bend_bounds": np.array(bounds)}


def _overshoot(
    seed: int, n: int, damping, iterate: Iterate, distances: list[float]
) -> dict[str, np.ndarray]:
    """What the first step of length 1 does to the gap for targets of size 1."""
    ratios = []
    for distance in distances:
        case = paired_regression(distance, seed, n)
        steps = damped_steps(case, damping, 1.0, 1, SHARE)
        ratios.append(steps.contractions[0])
    return {"ratios": np.array(ratios)}


_PARTS = {"sweep": _sweep, "scales": _scales, "overshoot": _overshoot}

CLAIM = Claim(
    key="C7",
    title="Discrete damped steps",
    statement=(
        "With more weights than outputs, Levenberg-Marquardt steps of a length eta up to 1, damped "
        "in units of the least eigenvalue lambda_min of the tangent kernel, contract the gap "
        "geometrically, step by step and in the last iterate, by a factor that does not depend on "
        "lambda_min."
    ),
    section="docs/theory.md, section 4",
    pieces=pieces,
    measure=measure,
    judge=judge,
    draw=draw,
    quick={"seeds": 1, "n": 20, "distances": [1e-1, 1e-3, 1e-4, 1e-5]},
    full={"seeds": 3, "n": 40, "distances": [3e-1, 3e-2, 3e-3, 3e-4, 3e-5]},
)
