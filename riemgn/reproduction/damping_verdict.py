"""The verdict on C6, from what `riemgn.reproduction.damping` measures."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from riemgn.reproduction.claim import Check, Measured, Verdict
from riemgn.reproduction.damped_flows import INTEGRATED

C = 1.0  # of the adaptive schedules: the damping in units of lambda_min
FIXED = 0.3  # the fixed rho
LEAST_RATE, LARGEST_RATE = 2 / (1 + C), 2 * (1 + C)

# The gap falls at 2 sigma times the loss's curvature only near the optimum. In the late half of a
# flow outputs are within e^-3 = 0.05 of their first distance to it, and curvatures differ from
# those at the optimum by about as much.
NEAR_OPTIMUM = 0.05

# How far rates may be from those of linear f: the chosen targets let f bend by a hundredth of its
# way, and a rate changes by a share of that order.
NEARLY_LINEAR = 0.02

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
    rates = {name: _values(parts["sweep"], f"{name}_rate") for name in SCHEDULES}
    least = _least(parts["sweep"])
    squared = _values(parts["sweep"] + parts["curved"] + parts["deep"], "adaptive_rate")
    slope = _slope(least, rates["gradient"])
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
        ),
        arrays=_drawn(parts, least, rates),
        findings=_findings(parts, least),
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
        name: np.max(np.abs(rates[name] / _values(sweep, f"{name}_linear_rate") - 1))
        for name in SCHEDULES
    }
    return (
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
    natural = _values(losses, "adaptive_rate")
    alone = _values(losses, "jacobian_rate")
    curvatures = _values(losses, "curvature")
    logistic = _values(parts["logistic"], "curvature")[:, 0]
    slope = _slope(logistic, _values(parts["logistic"], "jacobian_rate"))
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
            np.max(_values(losses, "newton_off")),
            NEWTON_OFF,
        ),
        Check.above(
            "breast cancer, loss's metric: late rate, predicted 2 / (1 + c)",
            np.min(_values(parts["breast_cancer"], "adaptive_rate")),
            LEAST_RATE * near,
        ),
    )


def _findings(parts: _Parts, least: np.ndarray) -> tuple[str, ...]:
    sweep, cancer, deep = parts["sweep"], parts["breast_cancer"][0], parts["deep"][0]
    steps, logistic = _values(sweep, "gain_ratio_steps"), parts["logistic"]
    natural, alone = (_values(logistic, f"{name}_rate") for name in ("adaptive", "jacobian"))
    shares, speeds = (parts["rounding"][0].arrays[name] for name in ("shares", "speeds"))
    return (
        *(_curved_told(piece) for piece in parts["curved"]),
        *_distance_told(parts),
        f"With 3 hidden layers of 300 units (lambda_min {_first(deep):.1e}) the rate is "
        f"{deep.arrays['adaptive_rate']:.2f} with adaptive damping and "
        f"{deep.arrays['fixed_rate']:.2f} with rho = {FIXED:g}; on 60 rows of the breast cancer "
        f"data with logistic loss (lambda_min {_first(cancer):.1e} in its metric) it is "
        f"{cancer.arrays['adaptive_rate']:.2f} and {cancer.arrays['fixed_rate']:.2f}.",
        "Logistic loss with ridges "
        f"{_listed(piece.arguments['number'] for piece in logistic)}: rates "
        f"{_listed(natural)} in the loss's metric, {_listed(alone)} with the Jacobian alone.",
        "Levenberg-Marquardt with gain ratios takes "
        f"{np.min(steps):.0f} to {np.max(steps):.0f} steps to a millionth of the first gap over "
        f"{np.log10(least.max() / least.min()):.1f} decades of lambda_min.",
        "Where lambda_min sinks below rounding, n times 2e-16 of lambda_max, adaptive damping is "
        "held there and its least speed at the start falls below 1 / (1 + c): "
        f"{_listed(speeds)} at lambda_min / lambda_max = {_listed(shares)}.",
    )


def _curved_told(piece: Measured) -> str:
    sizes, arrays = piece.arguments, piece.arrays
    grown = np.max(arrays["adaptive_least_eigenvalues"]) / _first(piece)
    hidden = arrays["fixed_rate"] / arrays["fixed_linear_rate"]
    return (
        f"Targets of size 1, width {sizes['width']}, distance {sizes['distance']:g}: features are "
        f"learned, lambda_min grows from {_first(piece):.1e} by a factor of {grown:.3g} along the "
        f"adaptive flow (rate {arrays['adaptive_rate']:.2f}), and with rho = {FIXED:g} the rate "
        f"{arrays['fixed_rate']:.2g} is {hidden:.2g} times that of the kernel at the start."
    )


def _distance_told(parts: _Parts) -> list[str]:
    """How far the parameters move beside targets of a size, and that alpha must grow."""
    sweep = parts["sweep"]
    least, moved = _least(sweep), _values(sweep, "adaptive_moved")
    sizes = np.sqrt(2 * np.array([piece.arrays["adaptive_gaps"][0] for piece in sweep]))
    slope = _slope(least, moved / sizes)
    return [
        "Per unit of the targets' norm the adaptive flow moves the parameters by "
        f"{np.min(moved / sizes):.2g} to {np.max(moved / sizes):.2g}, like lambda_min to the power "
        f"{slope:.2f}: as the damping falls with lambda_min the output scale over the size of the "
        "targets must grow for f to stay nearly linear (here like 1 / distance^2)."
    ]


def _drawn(parts: _Parts, least: np.ndarray, rates: dict) -> dict[str, np.ndarray]:
    """Return what the figure shows: rates by distance and seed, and flows one by one."""
    sweep = parts["sweep"]
    seeds = len({piece.arguments["seed"] for piece in sweep})
    order = np.argsort([piece.arguments["distance"] for piece in sweep[: len(sweep) // seeds]])
    arrays = {"least": least.reshape(seeds, -1)[:, order]}
    for name, values in rates.items():
        arrays[f"{name}_rates"] = values.reshape(seeds, -1)[:, order]
    for name in SCHEDULES:
        linear = _values(sweep, f"{name}_linear_rate").reshape(seeds, -1)
        arrays[f"{name}_linear"] = linear[:, order]
    steepest = min(sweep, key=_first)
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


def _values(pieces: list[Measured], name: str) -> np.ndarray:
    return np.array([piece.arrays[name] for piece in pieces])


def _range(values: np.ndarray) -> list[float]:
    return [float(np.min(values)), float(np.max(values))]


def _first(piece: Measured) -> float:
    return float(piece.arrays["adaptive_least_eigenvalues"][0])


def _least(pieces: list[Measured]) -> np.ndarray:
    return np.array([_first(piece) for piece in pieces])


def _excess(piece: Measured) -> float:
    """The root of the gap less that of its bound, the largest on the way, over the first root."""
    gaps, bounds = piece.arrays["adaptive_gaps"], piece.arrays["adaptive_bounds"]
    roots = np.sqrt(np.maximum(gaps, 0.0)) - np.sqrt(bounds)
    return float(np.max(roots) / np.sqrt(gaps[0]))


def _largest(values) -> float:
    return float(np.max(list(values)))


def _slope(x: np.ndarray, y: np.ndarray) -> float:
    return float(np.polyfit(np.log10(x), np.log10(y), 1)[0])


def _listed(values) -> str:
    return ", ".join(f"{value:.2g}" for value in values)
