"""Where claim C3 stops holding: what the flows of its cases and scales say, in sentences."""

from __future__ import annotations

import numpy as np

from riemgn.reproduction.claim import Measured

# Where the modulus at the start lacks so much to 1 the predicted rate is 1.975, and M counts as
# flat: the late rate must be within 5 % of 2.
FLAT = ("regression, flat", "deep, flat")
FLAT_DEFICIT, FLAT_WITHIN = 0.0125, 0.05

TOLD_SCALES = (128.0, 2048.0)  # of the regression, told by themselves

_SWEPT = {"rates": "rate", "optimum_moduli": "optimum_modulus", "arrivals": "in_basin"}


def is_swept(piece: Measured) -> bool:
    """Whether a piece belongs to the sweep of the regression over output scales."""
    a = piece.arguments
    return a["case"] == "regression" and a.get("alpha") is not None


def swept(measured: list[Measured]) -> dict[str, np.ndarray]:
    """Return the sweep: its scales, and tables with a row for each seed."""
    pieces = [piece for piece in measured if is_swept(piece)]
    alphas = sorted({piece.arguments["alpha"] for piece in pieces})
    seeds = sorted({piece.arguments["seed"] for piece in pieces})
    tables = {name: np.full((len(seeds), len(alphas)), np.nan) for name in _SWEPT}
    for piece in pieces:
        at = seeds.index(piece.arguments["seed"]), alphas.index(piece.arguments["alpha"])
        for name, key in _SWEPT.items():
            tables[name][at] = piece.arrays[key]
    return {"alphas": np.array(alphas), **tables}


def values(chosen: list[Measured], name: str) -> np.ndarray:
    """Return a number of each piece."""
    return np.array([float(piece.arrays[name]) for piece in chosen])


def farthest(numbers: np.ndarray, target: float) -> float:
    """Return the number that is farthest from a target; NaN where one is NaN or there is none."""
    if not numbers.size or np.isnan(numbers).any():
        return np.nan
    return float(numbers[np.argmax(np.abs(numbers - target))])


def findings(measured: list[Measured], sweep: dict[str, np.ndarray]) -> tuple[str, ...]:
    """Return the sentences."""
    return (
        *_breakdowns(measured),
        *_rates(sweep),
        *_convexity(measured),
        *_scales(measured),
    )


def _breakdowns(measured: list[Measured]) -> list[str]:
    """Which flows end early, and which are still on their way, case by case."""
    groups: dict[str, list[Measured]] = {}
    for piece in measured:
        groups.setdefault(piece.arguments["label"], []).append(piece)
    broken = [piece for piece in measured if not piece.arrays["completed"]]
    slow = [
        piece
        for piece in measured
        if piece.arrays["completed"] and not np.isfinite(piece.arrays["rate"])
    ]
    told = []
    if broken:
        told.append(
            f"Flows that end before their time: {_counted(broken, groups)}. The first one says: "
            f"{broken[0].arrays['ending']}."
        )
    if slow:
        told.append(
            f"Flows that are still on their way at t = {slow[0].arrays['times'][-1]:g}: "
            f"{_counted(slow, groups)}."
        )
    return told


def _counted(chosen: list[Measured], groups: dict[str, list[Measured]]) -> str:
    labels = [piece.arguments["label"] for piece in chosen]
    return "; ".join(
        f"{label}: {labels.count(label)} of {len(groups[label])}" for label in dict.fromkeys(labels)
    )


def _rates(sweep: dict[str, np.ndarray]) -> list[str]:
    parts = []
    for k, alpha in enumerate(sweep["alphas"]):
        there = np.isfinite(sweep["rates"][:, k])
        rates, h = sweep["rates"][there, k], sweep["optimum_moduli"][there, k]
        if rates.size:
            near = np.count_nonzero(np.abs(rates - 2) <= 2 * FLAT_WITHIN)
            parts.append(
                f"{np.median(rates):.2f} ({2 * np.median(h):.2f}; {near} of {rates.size}) at "
                f"{alpha:g}"
            )
    if not parts:
        return []
    return [
        "Median late rate of the regression (2 h at the optimum; how many flows are within 5 % of "
        f"the rate 2) against alpha: {', '.join(parts)}."
    ]


def _convexity(measured: list[Measured]) -> list[str]:
    arrived = [p for p in measured if np.isfinite(p.arrays["rate"])]
    lowest = np.array([np.min(p.arrays["moduli"]) for p in arrived])
    told = []
    if np.any(lowest < 0):
        told.append(
            f"{np.count_nonzero(lowest < 0)} of {len(arrived)} flows that arrive pass points where "
            f"the loss is not convex on M (modulus down to {lowest.min():.2g}): a positive modulus "
            "along the whole path is sufficient, not necessary."
        )
    if arrived:
        over = 100 * (values(arrived, "rate") / (2 * values(arrived, "optimum_modulus")) - 1)
        told.append(
            f"The late rate lies {_beside(np.median(over))} 2 h at the optimum in the median, from "
            f"{_beside(over.min())} to {_beside(over.max())} it: in the window faster directions "
            "than the slowest still count, as they do for the linearised flow, and where h is "
            "small it still changes."
        )
    return told


def _beside(percent: float) -> str:
    return f"{abs(percent):.1f} % {'above' if percent >= 0 else 'below'}"


def _scales(measured: list[Measured]) -> list[str]:
    told = []
    for label in FLAT:
        scales = values([p for p in measured if p.arguments["label"] == label], "alpha")
        if scales.size:
            told.append(
                f"{label}: 2 h at the start is {2 * (1 - FLAT_DEFICIT):.3f} at alpha = "
                f"{scales.min():.2g} to {scales.max():.2g}, from seed to seed."
            )
    return told
