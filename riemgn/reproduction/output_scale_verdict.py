"""What claim C5 is judged by: the certificate, laziness, the rate 2, and the trade-off."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from riemgn.reproduction.claim import Check, Measured, Verdict
from riemgn.reproduction.last_iterate_findings import farthest
from riemgn.reproduction.output_scale_findings import (
    each,
    findings,
    seen_thresholds,
    starts,
    traded,
)

# The certificate is run at twice its threshold, and must say that it does not apply here.
BEYOND, TOO_SMALL = 2.0, 128.0

# A manifold counts as flat where the modulus at the start lacks at most this to 1, so that the
# predicted rate is at least 1.975; and as nearly flat where it lacks four times that.
FLAT, NEARLY_FLAT = 0.0125, 0.05
FLAT_WITHIN = 0.05  # of 2

# Terms of order 1/alpha^2 are a share of the order of NEARLY_FLAT of those of order 1/alpha. Over
# a factor of 4 in alpha or more they tilt a line through logarithms by no more than this.
SLOPE_WITHIN = 0.1
LEAST_SCALES = 3  # for a slope

# Rounding of log gap at the smallest gaps that count.
BOUND_WITHIN = 1e-3


def judge(measured: list[Measured]) -> Verdict:
    """Return the verdict: the certificate, laziness, the rate 2, and the trade-off."""
    arrays = [piece.arrays for piece in measured]
    flat = np.concatenate([a["rate"][1 - a["start_modulus"] <= FLAT] for a in arrays])
    cases: dict[str, list[Measured]] = {}
    for piece in measured:
        cases.setdefault(piece.arguments["case"], []).append(piece)
    slopes = {
        "|w - w0|": _slopes(arrays, lambda a: a["distance"]),
        "1 - h at the optimum": _slopes(arrays, lambda a: 1 - a["optimum_modulus"]),
    }
    checks = (
        *_of_the_certificate(arrays),
        *_of_arrivals(arrays),
        Check.near(
            f"late rate wherever 2 h at the start is {2 * (1 - FLAT):g} or more; farthest from 2",
            farthest(flat, 2.0),
            2.0,
            2.0 * FLAT_WITHIN,
        ),
        *(
            Check.near(
                f"slope of log({name}) over log alpha where M is nearly flat; farthest from -1",
                farthest(found, -1.0),
                -1.0,
                SLOPE_WITHIN,
            )
            for name, found in slopes.items()
        ),
        *(
            Check.below(
                f"{case}: last loss at the least alpha that arrives over that at the largest; "
                "median over starts",
                _middle(traded([piece.arrays for piece in group])),
                1.0,
            )
            for case, group in cases.items()
        ),
    )
    seen, asked = seen_thresholds(arrays), each(arrays, "threshold")
    return Verdict(
        "C5",
        predicted={
            "rate": 2.0,
            "slope of |w - w0|": -1.0,
            "slope of 1 - h": -1.0,
            "alpha that suffices for the certificate's modulus": _middle(asked),
        },
        measured={
            "rate": _middle(each(arrays, "beyond_rate")),
            "slope of |w - w0|": _middle(slopes["|w - w0|"]),
            "slope of 1 - h": _middle(slopes["1 - h at the optimum"]),
            "alpha that is seen to suffice for it": _middle(seen[np.isfinite(seen)]),
        },
        checks=checks,
        arrays=_drawn(measured),
        findings=findings(measured),
    )


def _of_the_certificate(arrays: list[dict]) -> tuple[Check, ...]:
    """What it says too small and beyond its threshold, and whether flows there keep to it."""
    margin = each(arrays, "beyond_least_modulus") - each(arrays, "beyond_guaranteed_modulus")
    beyond = f"at {BEYOND:g} times its threshold"
    return (
        Check.below(
            f"share of starts where the certificate applies at alpha = {TOO_SMALL:g}",
            np.mean(each(arrays, "applies_too_small")),
            0.0,
        ),
        Check.above(
            f"share where it applies {beyond}", np.mean(each(arrays, "beyond_applies")), 1.0
        ),
        Check.below(
            f"{beyond}: log of gap(t) over gap(0) exp(-guaranteed rate t); at any t",
            np.max(each(arrays, "beyond_excess")),
            BOUND_WITHIN,
        ),
        Check.below(
            f"{beyond}: |w - w0| over the radius of its ball; at any t",
            np.max(each(arrays, "beyond_farthest")),
            1.0,
        ),
        Check.above(
            f"{beyond}: least modulus along the path less the guaranteed one; least",
            np.min(margin),
            0.0,
        ),
        Check.near(
            f"{beyond}: late rate; farthest from 2",
            farthest(each(arrays, "beyond_rate"), 2.0),
            2.0,
            2.0 * FLAT_WITHIN,
        ),
    )


def _of_arrivals(arrays: list[dict]) -> tuple[Check, ...]:
    """Where flows have to arrive: what does not is in no other check but those of flat scales.

    That they do where the loss is convex on M at the start is known before they run, but proved
    nowhere.
    """
    arrived = np.concatenate([a["arrived"] for a in arrays])
    convex = np.concatenate([a["start_modulus"] > 0 for a in arrays])
    expected = np.concatenate([a["expected"] for a in arrays])
    return (
        Check.above(
            "share of flows that arrive where the loss is convex on M at the start",
            _mean(arrived[convex]),
            1.0,
        ),
        Check.above(
            "share of flows that arrive where the Gauss-Newton flow itself does",
            _mean(arrived[expected]),
            1.0,
        ),
    )


def _slopes(arrays: list[dict], quantity: Callable[[dict], np.ndarray]) -> np.ndarray:
    """Slopes over log alpha where M is nearly flat, one for each start with enough such scales."""
    slopes = []
    for a in arrays:
        used = 1 - a["start_modulus"] <= NEARLY_FLAT
        if np.count_nonzero(used) >= LEAST_SCALES:
            numbers = quantity(a)[used]
            known = np.all(numbers > 0)  # NaN is not
            alphas = a["alpha"][used]
            slopes.append(np.polyfit(np.log(alphas), np.log(numbers), 1)[0] if known else np.nan)
    return np.array(slopes)


def _mean(numbers: np.ndarray) -> float:
    return float(np.mean(numbers)) if numbers.size else np.nan


def _middle(numbers: np.ndarray) -> float:
    return float(np.median(numbers)) if numbers.size else np.nan


def _drawn(measured: list[Measured]) -> dict[str, np.ndarray]:
    """Tables of each initialisation, a row for each seed."""
    groups = starts(measured)
    drawn = {"starts": np.array(list(groups), dtype=str), "alphas": measured[0].arrays["alpha"]}
    tables = ("arrived", "rate", "loss", "test_error", "relative_distance", "start_modulus")
    for k, arrays in enumerate(groups.values()):
        for name in (*tables, "predicted_distance"):
            drawn[f"{name}_{k}"] = np.array([a[name] for a in arrays], dtype=float)
        drawn[f"threshold_{k}"] = each(arrays, "threshold")
    return drawn
