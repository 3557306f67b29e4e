"""C6: the rate of kernel-adaptive damping does not depend on lambda_min; others lose theirs."""

from __future__ import annotations

import numpy as np

import riemgn as rg
from riemgn.optimizers import LevenbergMarquardt
from riemgn.optimizers.stopping import When
from riemgn.problem import Problem
from riemgn.reproduction.claim import Claim
from riemgn.reproduction.damped_flows import (
    COARSE,
    LONGEST,
    TOLERANCE,
    Flow,
    followed,
    gradient_flow,
    horizon,
    late_rate,
    linear_gaps,
    measured_flow,
    rate_arrays,
)
from riemgn.reproduction.damped_steps import first_bend
from riemgn.reproduction.damping_figure import draw
from riemgn.reproduction.damping_verdict import judge
from riemgn.reproduction.paired import (
    DEEP,
    FIXED,
    WIDTH,
    Wide,
    nearly_linear_targets,
    paired_classes,
    paired_counts,
    paired_regression,
    wide_breast_cancer,
    wide_digits,
)
from riemgn.theory import kernel_speeds

NEWTON_END = 8.0  # by then the gradient has fallen by exp(-8) along Newton's flow

# Share of the first gap to which Levenberg-Marquardt with gain ratios is run, and its most steps.
REACHED = 1e-6
MOST_STEPS = 200

# The damping of every schedule that the claim speaks of.
CLAIMED = {"adaptive": "kernel", "shifted": "shifted", "fixed": FIXED, "gradient": 1.0}

RIDGES = (1e-1, 1e-2, 1e-3)
COUNTS = (1.0, 10.0)
DIGITS_SCALE = 0.01
TIGHT_TARGETS = 0.03  # at the scale 1 what 0.03 / alpha is at alpha


def pieces(seeds: int, n: int, distances: list[float], curved: list[float]) -> list[dict]:
    """Return the pieces.

    Args:
        seeds: Of the sweep over distances; the other parts have one seed.
        n: The number of outputs, even.
        distances: Between the inputs of a pair; lambda_min falls like their squares, and must stay
            above n eps lambda_max, where rounding takes its place in the schedules.
        curved: Distances at which targets of size 1 bend f.
    """
    sweep = [
        {"part": "sweep", "seed": seed, "distance": distance, "n": n}
        for seed in range(seeds)
        for distance in distances
    ]
    bent = [
        {"part": "curved", "seed": 0, "distance": distance, "n": n, "width": width}
        for distance in curved
        for width in (WIDTH, 50)
    ]
    losses = [{"part": "logistic", "seed": 0, "number": ridge} for ridge in RIDGES]
    losses += [{"part": "poisson", "seed": 0, "number": mean} for mean in COUNTS]
    others = [{"part": part, "seed": 0} for part in ("deep", "breast_cancer", "digits", "rounding")]
    return sweep + bent + losses + others


def measure(
    *,
    part: str,
    seed: int,
    flow: Flow = rg.levenberg_marquardt_flow,
    damping="kernel",
    **sizes,
) -> dict[str, np.ndarray]:
    """Measure one piece.

    Args:
        part: Which part of the claim.
        seed: Of the data and of the initialisation.
        flow: What follows the adaptive flow, called as `riemgn.levenberg_marquardt_flow`.
        damping: Its damping.
        sizes: Of the part.
    """
    return _PARTS[part](seed, flow, damping, **sizes)


def _sweep(seed: int, flow: Flow, damping, distance: float, n: int) -> dict[str, np.ndarray]:
    """Every schedule on targets for which f is nearly linear."""
    targets = nearly_linear_targets(distance)
    case = paired_regression(distance, seed, n, target_size=targets)
    problem, point = case.problem, case.point
    arrays = _adaptive(case, flow, damping, tolerance=COARSE) | _fixed(case)
    others = {"shifted": rg.levenberg_marquardt_flow, "gradient": gradient_flow}
    for name, other in others.items():
        end = horizon(problem, point, CLAIMED[name])
        path = followed(problem, point, CLAIMED[name], end, other, COARSE)
        arrays |= rate_arrays(name, case, path, end)
    for name, claimed in CLAIMED.items():
        times = arrays[f"{name}_times"]
        gaps = linear_gaps(case, claimed, times)
        arrays[f"{name}_linear_rate"] = late_rate(times, gaps, times[-1])
    arrays["bend"] = np.array(first_bend(case, "kernel"))
    goal = REACHED * problem.cost(point)
    run = rg.minimize(
        problem,
        point,
        LevenbergMarquardt("gain-ratio"),
        stop=When(lambda record: record.cost <= goal),
        max_iterations=MOST_STEPS,
    )
    arrays["gain_ratio_steps"] = run.iterations if run.cost <= goal else np.nan
    return arrays


def _curved(
    seed: int, flow: Flow, damping, distance: float, n: int, width: int
) -> dict[str, np.ndarray]:
    """Adaptive and fixed damping on targets of size 1, on the way to which the kernel changes."""
    case = paired_regression(distance, seed, n, hidden=(width,))
    arrays = _adaptive(case, flow, damping) | _fixed(case)
    times = arrays["fixed_times"]
    linear = late_rate(times, linear_gaps(case, FIXED, times), times[-1])
    return arrays | {"fixed_linear_rate": linear}


def _deep(seed: int, flow: Flow, damping) -> dict[str, np.ndarray]:
    case = paired_regression(0.1, seed, hidden=DEEP, alpha=1.0, target_size=TIGHT_TARGETS)
    return _adaptive(case, flow, damping) | _fixed(case)


def _breast_cancer(seed: int, flow: Flow, damping) -> dict[str, np.ndarray]:
    case = wide_breast_cancer(seed, alpha=0.1)
    natural = case.problem.natural()
    return _adaptive(case, flow, damping, natural) | _fixed(case, natural)


def _digits(seed: int, flow: Flow, damping) -> dict[str, np.ndarray]:
    case = wide_digits(seed, alpha=DIGITS_SCALE)
    return _adaptive(case, flow, damping) | _fixed(case)


def _logistic(seed: int, flow: Flow, damping, number: float) -> dict[str, np.ndarray]:
    return _in_both_metrics(paired_classes(0.1, seed, ridge=number), flow, damping)


def _poisson(seed: int, flow: Flow, damping, number: float) -> dict[str, np.ndarray]:
    return _in_both_metrics(paired_counts(0.1, seed, mean=number), flow, damping)


def _in_both_metrics(case: Wide, flow: Flow, damping) -> dict[str, np.ndarray]:
    """The adaptive flow with the loss's Hessian and with the Jacobian alone, and Newton's."""
    least = case.curvature[0]
    end = horizon(case.problem, case.point, damping, least)
    arrays = _adaptive(case, flow, damping, case.problem.natural())
    arrays |= measured_flow("jacobian", case, damping, end, flow)
    times = np.linspace(0.0, NEWTON_END, 9)
    newton = rg.newton_flow(case.problem, case.point, NEWTON_END, times=times)
    norms = [np.linalg.norm(case.problem.loss.gradient(u)) for u in newton.outputs]
    off = np.log(norms / norms[0]) + newton.times
    return arrays | {"curvature": np.array(case.curvature), "newton_off": np.max(np.abs(off))}


def _rounding(seed: int, flow: Flow, damping) -> dict[str, np.ndarray]:
    """The least speed at the start, where lambda_min sinks into the rounding of the kernel."""
    speeds = []
    for distance in (1e-5, 1e-6, 1e-7):
        case = paired_regression(distance, seed)
        speeds.append(kernel_speeds(case.problem, case.point, damping))
    shares = [s.least_eigenvalue / s.largest_eigenvalue for s in speeds]
    return {"shares": np.array(shares), "speeds": np.array([s.least for s in speeds])}


def _adaptive(
    case: Wide, flow: Flow, damping, problem: Problem | None = None, tolerance: float = TOLERANCE
) -> dict[str, np.ndarray]:
    end = min(horizon(problem or case.problem, case.point, damping), LONGEST)
    return measured_flow("adaptive", case, damping, end, flow, problem, tolerance)


def _fixed(case: Wide, problem: Problem | None = None) -> dict[str, np.ndarray]:
    end = min(horizon(problem or case.problem, case.point, FIXED), LONGEST)
    return measured_flow("fixed", case, FIXED, end, problem=problem)


_PARTS = {
    "sweep": _sweep,
    "curved": _curved,
    "logistic": _logistic,
    "poisson": _poisson,
    "deep": _deep,
    "breast_cancer": _breast_cancer,
    "digits": _digits,
    "rounding": _rounding,
}


CLAIM = Claim(
    key="C6",
    title="Damping tied to the tangent kernel",
    statement=(
        "With more weights than outputs, damping in units of the least eigenvalue lambda_min of "
        "the tangent kernel gives the Levenberg-Marquardt flow a rate of convergence that does not "
        "depend on lambda_min, where f is nearly linear: the output scale over the size of the "
        "targets must grow like 1 / lambda_min, that is 1 / distance^2 for inputs in pairs. With "
        "fixed damping the rate falls with lambda_min; the gradient flow's falls in proportion."
    ),
    section="docs/theory.md, section 4",
    caption=(
        "Left: late rates against the least kernel eigenvalue at the start. Middle: gaps at "
        "the least of them, with the bound. Right: how much feature learning raises the least "
        "eigenvalue."
    ),
    pieces=pieces,
    measure=measure,
    judge=judge,
    draw=draw,
    quick={"seeds": 1, "n": 20, "distances": [1e-1, 1e-3, 1e-4, 1e-5], "curved": [1e-4]},
    full={
        "seeds": 2,
        "n": 40,
        "distances": [3e-1, 3e-2, 3e-3, 3e-4, 3e-5],
        "curved": [3e-4, 3e-5],
    },
)
