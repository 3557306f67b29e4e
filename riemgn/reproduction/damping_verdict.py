"""The verdict on C6, from what `riemgn.reproduction.damping` measures."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from riemgn.reproduction.claim import Check, Measured, Verdict
from riemgn.reproduction.damped_flows import INTEGRATED
from riemgn.reproduction.damping_findings import findings, first, least_of, slope_of, values_of
from riemgn.reproduction.paired import DECADES, FIXED, NEARLY_LINEAR, C

LEAST_RATE, LARGEST_RATE = 2 / (1 + C), 2 * (1 + C)

# The gap falls at 2 sigma times the loss's curvature only near the optimum. In the late half of a
# flow outputs are within e^-3 = 0.05 of their first distance to it, and curvatures differ from
# those at the optimum by about as much.
NEAR_OPTIMUM = 0.05

# The share of the way that is left at the beginning of the late half of an adaptive flow.
LEFT = float(np.exp(-3.0))

# At the beginning of the late half the mode of lambda_min has fallen by e^-3 and one of twice that
# eigenvalue by e^-6, so that a rate of gradient flow is that of eigenvalues within about a factor
# of two of lambda_min; a slope over d decades is uncertain by log10(2) / d.
MIXED = float(np.log10(2.0))

# Newton's flow is followed at a tolerance of 1e-10; some tens of steps leave 1e-8 of the first
# gradient, which by the end at t = 8 has itself fallen by e^-8.
NEWTON_OFF = 1e-8 * float(np.exp(8.0))

ROUNDING = 1e-9  # of the parameters' speed, whose bound is exact

SCHEDULES = ("adaptive", "shifted", "fixed", "gradient")
NAMES = {
    "adaptive": "kernel-adaptive",
    "shifted": "its shifted form",
    "fixed": f"fixed rho = {FIXED:g}",
    "gradient": "gradient flow",
}

_Parts = dict[str, list[Measured]]


def judge(measured: list[Measured]) -> Verdict:
    """Return the verdict on all pieces of C6."""
    parts: _Parts = defaultdict(list)
    for piece in measured:
        parts[piece.arguments["part"]].append(piece)
    rates = {name: values_of(parts["sweep"], f"{name}_rate") for name in SCHEDULES}
    least = least_of(parts["sweep"])
    squared = values_of(
        parts["sweep"] + parts["curved"] + parts["deep"] + parts["digits"], "adaptive_rate"
    )
    slope = slope_of(least, rates["gradient"])
    return Verdict(
        claim="C6",
        predicted={
            "rate, kernel-adaptive": f"{LEAST_RATE:g} to {LARGEST_RATE:g}, whatever lambda_min is",
            f"rate, rho = {FIXED:g}": "falls with lambda_min",
            "slope of the gradient flow's rate over lambda_min": 1.0,
        },
        measured={
            "lambda_min at the start": _range(least),
            "rate, kernel-adaptive": _range(squared),
            f"rate, rho = {FIXED:g}": _range(rates["fixed"]),
            "rate, gradient flow": _range(rates["gradient"]),
            "slope of the gradient flow's rate over lambda_min": slope,
        },
        checks=(
            *_adaptive_checks(measured, squared),
            *_other_checks(parts["sweep"], least, rates, slope),
            *_speed_checks(measured),
            *_loss_checks(parts),
            *_optimum_checks(parts),
        ),
        arrays=_drawn(parts, least, rates),
        findings=findings(parts, least),
    )


def _adaptive_checks(measured: list[Measured], squared: np.ndarray) -> tuple[Check, ...]:
    """The bounds that the schedule under test keeps, with whatever loss, network and data."""
    flows = [piece for piece in measured if "adaptive_gaps" in piece.arrays]
    broken_off = sum(not piece.arrays["adaptive_completed"] for piece in flows)
    return (
        Check.below("adaptive flows that do not come to their last time", broken_off, 0),
        Check.below(
            "adaptive: root of the gap above the root of its bound, over the first one",
            _largest(_excess(piece) for piece in flows),
            INTEGRATED,
        ),
        Check.above(
            "adaptive, squared loss: least late rate, predicted 2 / (1 + c)",
            np.min(squared),
            LEAST_RATE * (1 - INTEGRATED),
        ),
        Check.below(
            "adaptive, squared loss: largest late rate, predicted 2 (1 + c)",
            np.max(squared),
            LARGEST_RATE * (1 + INTEGRATED),
        ),
    )


def _other_checks(
    sweep: list[Measured], least: np.ndarray, rates: dict[str, np.ndarray], slope: float
) -> tuple[Check, ...]:
    """How other schedules depend on lambda_min over the same problems."""
    decades = float(np.log10(least.max() / least.min()))
    collapse = rates["fixed"][np.argmin(least)] / rates["fixed"][np.argmax(least)]
    off = {
        name: np.max(np.abs(rates[name] / values_of(sweep, f"{name}_linear_rate") - 1))
        for name in SCHEDULES
    }
    return (
        Check.above("decades of lambda_min", decades, DECADES),
        Check.below(
            "shifted: largest late rate over the least, predicted 1 + c",
            rates["shifted"].max() / rates["shifted"].min(),
            (1 + C) * (1 + INTEGRATED),
        ),
        Check.below(
            f"rho = {FIXED:g}: rate at the least lambda_min over that at the largest",
            collapse,
            0.3,
        ),
        *(
            Check.below(
                f"{NAMES[name]}: late rate over that of linear f, less 1",
                off[name],
                NEARLY_LINEAR,
            )
            for name in SCHEDULES
        ),
        Check.near(
            "gradient flow: slope of log rate over log lambda_min", slope, 1.0, MIXED / decades
        ),
    )


def _speed_checks(measured: list[Measured]) -> tuple[Check, ...]:
    ratios = [
        piece.arrays[f"{name}_speed_ratio"]
        for piece in measured
        for name in SCHEDULES
        if f"{name}_speed_ratio" in piece.arrays
    ]
    return (
        Check.below(
            "speed of the parameters over |g| / (2 sqrt(rho (1 - rho)))",
            _largest(ratios),
            1 + ROUNDING,
        ),
    )


def _loss_checks(parts: _Parts) -> tuple[Check, ...]:
    """Rates with and without the loss's curvature; lambda_min > 1, so that speeds are below 1."""
    losses = parts["logistic"] + parts["poisson"]
    near = 1 - NEAR_OPTIMUM
    natural = values_of(losses, "adaptive_rate")
    alone = values_of(losses, "jacobian_rate")
    curvatures = values_of(losses, "curvature")
    logistic = values_of(parts["logistic"], "curvature")[:, 0]
    slope = slope_of(logistic, values_of(parts["logistic"], "jacobian_rate"))
    return (
        Check.above(
            "loss's metric, logistic and Poisson: least late rate, predicted 2 / (1 + c)",
            natural.min(),
            LEAST_RATE * near,
        ),
        Check.below(
            "loss's metric, logistic and Poisson: largest late rate, predicted 2",
            natural.max(),
            2 / near,
        ),
        Check.above(
            "Jacobian alone: least rate over least curvature, predicted 2 / (1 + c)",
            np.min(alone / curvatures[:, 0]),
            LEAST_RATE * near,
        ),
        Check.below(
            "Jacobian alone: largest rate over largest curvature, predicted 2",
            np.max(alone / curvatures[:, 1]),
            2 / near,
        ),
        Check.near(
            "Jacobian alone, logistic: slope of log rate over log curvature",
            slope,
            1.0,
            -2 * np.log10(near) / np.log10(logistic.max() / logistic.min()),
        ),
        Check.below(
            "Newton's flow: largest |log(|g(t)| / |g(0)|) + t|",
            np.max(values_of(losses, "newton_off")),
            NEWTON_OFF,
        ),
    )


def _optimum_checks(parts: _Parts) -> tuple[Check, ...]:
    """Late rates beside those of the flow that is linear at its last point."""
    losses, sweep = parts["logistic"] + parts["poisson"], parts["sweep"]
    straight = np.abs(_off_optimum(sweep, "adaptive"))
    # f bends by b of the whole way, and J changes by 2 b relative to itself
    allowed = 2 * LEFT * values_of(sweep, "bend") + INTEGRATED
    compared = {
        "logistic and Poisson, loss's metric": (losses, "adaptive"),
        "logistic and Poisson, Jacobian alone": (losses, "jacobian"),
        "breast cancer, loss's metric": (parts["breast_cancer"], "adaptive"),
        "digits": (parts["digits"], "adaptive"),
        "3 hidden layers": (parts["deep"], "adaptive"),
        "targets of size 1": (parts["curved"], "adaptive"),
    }
    return (
        Check.below(
            "small targets: late rate over that of the flow linear at the optimum, less 1, over "
            "what bending allows",
            np.max(straight / allowed),
            1.0,
        ),
        *(
            Check.below(
                f"{name}: late rate over that of the flow linear at the optimum, less 1",
                np.max(np.abs(_off_optimum(pieces, schedule))),
                NEAR_OPTIMUM,
            )
            for name, (pieces, schedule) in compared.items()
        ),
    )


def _off_optimum(pieces: list[Measured], schedule: str) -> np.ndarray:
    return values_of(pieces, f"{schedule}_rate") / values_of(pieces, f"{schedule}_optimum_rate") - 1


def _drawn(parts: _Parts, least: np.ndarray, rates: dict) -> dict[str, np.ndarray]:
    """Return what the figure shows: rates by distance and seed, and flows one by one."""
    sweep = parts["sweep"]
    seeds = len({piece.arguments["seed"] for piece in sweep})
    order = np.argsort([piece.arguments["distance"] for piece in sweep[: len(sweep) // seeds]])
    arrays = {"least": least.reshape(seeds, -1)[:, order]}
    for name, values in rates.items():
        arrays[f"{name}_rates"] = values.reshape(seeds, -1)[:, order]
    for name in SCHEDULES:
        linear = values_of(sweep, f"{name}_linear_rate").reshape(seeds, -1)
        arrays[f"{name}_linear"] = linear[:, order]
    steepest = min(sweep, key=first)
    for name in ("adaptive", "fixed"):
        for what in ("times", "gaps", "bounds"):
            arrays[f"{name}_{what}"] = steepest.arrays[f"{name}_{what}"]
    for k, piece in enumerate(parts["curved"]):
        values = piece.arrays["adaptive_least_eigenvalues"]
        arrays[f"curved_{k}_times"] = piece.arrays["adaptive_times"]
        arrays[f"curved_{k}_growth"] = values / values[0]
        sizes = piece.arguments
        arrays[f"curved_{k}_sizes"] = np.array([sizes["width"], sizes["distance"]])
    values = steepest.arrays["adaptive_least_eigenvalues"]
    return arrays | {"straight_growth": values / values[0]}


def _range(values: np.ndarray) -> list[float]:
    return [float(np.min(values)), float(np.max(values))]


def _excess(piece: Measured) -> float:
    """The root of the gap less that of its bound, the largest on the way, over the first root."""
    gaps, bounds = piece.arrays["adaptive_gaps"], piece.arrays["adaptive_bounds"]
    roots = np.sqrt(np.maximum(gaps, 0.0)) - np.sqrt(bounds)
    return float(np.max(roots) / np.sqrt(gaps[0]))


def _largest(values) -> float:
    return float(np.max(list(values)))
