"""C7: damped steps contract the gap by a factor that does not depend on lambda_min."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import riemgn as rg
from riemgn.flows.entry import prescribed
from riemgn.flows.equations import damped_model
from riemgn.optimizers import LevenbergMarquardt
from riemgn.optimizers.stopping import When
from riemgn.reproduction.claim import Claim
from riemgn.reproduction.contraction_figure import draw
from riemgn.reproduction.contraction_verdict import ETAS, GOAL, MOST_STEPS, judge
from riemgn.reproduction.damped_steps import (
    Iterate,
    Steps,
    damped_steps,
    first_bend,
    last,
    linear_steps,
)
from riemgn.reproduction.paired import FIXED, Wide, nearly_linear_targets, paired_regression

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
        arrays |= {f"bounds_{k}": steps.bounds, f"linear_{k}": _linear(case, "kernel", eta, steps)}
        arrays |= {f"{key}_{k}": getattr(steps, key) for key in ("gaps", "bends", "rounded")}
    arrays["least"] = np.array(steps.least)
    shifted = damped_steps(case, "shifted", 1.0, COUNT, SHARE)
    fixed = damped_steps(case, FIXED, 1.0, FIXED_COUNT, SHARE)
    arrays |= {
        "shifted_gaps": shifted.gaps,
        "shifted_bends": shifted.bends,
        "shifted_rounded": shifted.rounded,
        "shifted_linear": _linear(case, "shifted", 1.0, shifted),
        "fixed_gaps": fixed.gaps,
        "fixed_linear": _linear(case, FIXED, 1.0, fixed),
    }
    for name in ("kernel", "shifted"):
        arrays[f"{name}_bend"] = np.array(first_bend(case, name))
    for name, schedule in (("adaptive", damping), ("fixed", FIXED), ("gain_ratio", "gain-ratio")):
        arrays |= _iterations(name, case, schedule)
    left = linear_steps(case, _factors(case, FIXED, 1.0), int(arrays["fixed_taken"]))
    return arrays | {"fixed_linear_left": left[-1] / left[0]} | _gradient_descent(case)


def _factors(case: Wide, damping, eta: float) -> Callable[[np.ndarray], np.ndarray]:
    """What a step multiplies modes by, from eigenvalues of the kernel at the start."""
    speed = prescribed(damping).form(damped_model(case.problem, case.point)).speed
    return lambda values: 1 - eta * speed(values)


def _linear(case: Wide, damping, eta: float, steps: Steps) -> np.ndarray:
    """The gaps of as many steps were f linear."""
    return linear_steps(case, _factors(case, damping, eta), steps.gaps.size - 1)


def _iterations(name: str, case: Wide, damping) -> dict[str, np.ndarray]:
    """How many iterations the optimizer takes to a share GOAL of the first gap; NaN if too many.

    Arrays are named after it; beside the iterations: how many it took, and the share that is left.
    """
    goal = GOAL * case.problem.cost(case.point)
    run = rg.minimize(
        case.problem,
        case.point,
        LevenbergMarquardt(damping),
        stop=When(lambda record: record.cost <= goal),
        max_iterations=MOST_STEPS,
        tolerance=0.0,
    )
    return {
        f"{name}_iterations": np.array(float(run.iterations) if run.cost <= goal else np.nan),
        f"{name}_taken": np.array(run.iterations),
        f"{name}_left": np.array(run.cost / case.problem.cost(case.point)),
    }


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
        bends.append(first_bend(case, damping))
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
        "lambda_min, where f is nearly linear: the output scale over the size of the targets must "
        "grow like 1 / lambda_min, that is 1 / distance^2 for inputs in pairs."
    ),
    section="docs/theory.md, section 4",
    caption=(
        "Left: the worst late contraction of a step against the least kernel eigenvalue. "
        "Middle: gaps at the least of them, step by step. Right: iterations of the optimizer."
    ),
    pieces=pieces,
    measure=measure,
    judge=judge,
    draw=draw,
    quick={"seeds": 1, "n": 20, "distances": [1e-1, 1e-3, 1e-4, 1e-5]},
    full={"seeds": 3, "n": 40, "distances": [3e-1, 3e-2, 3e-3, 3e-4, 3e-5]},
)
