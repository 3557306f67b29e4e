"""What claim C3 is judged by: who arrives, the identity, both bounds, and the late rates."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from riemgn.reproduction.claim import Check, Measured, Verdict
from riemgn.reproduction.gap_bounds import excess, identity_error, modulus_bound, pl_bound
from riemgn.reproduction.last_iterate_findings import (
    FLAT,
    FLAT_WITHIN,
    TOLD_SCALES,
    farthest,
    findings,
    is_swept,
    swept,
    values,
)

# Rounding at the smallest gaps that are compared, and the quadrature.
IDENTITY = 1e-3
# What a fitted rate misses of one that changes in its window, beyond the change of the modulus.
RATE_WITHIN = 0.01


def judge(measured: list[Measured]) -> Verdict:
    """Return the verdict: the identity, both bounds, and the late rates."""
    arrived = [piece for piece in measured if piece.arrays["in_basin"]]
    fitted = [piece for piece in arrived if np.isfinite(piece.arrays["rate"])]
    flat = [piece for piece in measured if piece.arguments["label"] in FLAT]
    rates = values(fitted, "rate")
    least = np.minimum(values(fitted, "late_modulus"), values(fitted, "optimum_modulus"))
    checks = (
        *_arrivals(measured, flat),
        *_identities(arrived),
        Check.below(
            "log of gap(t) over gap(0) exp(-2 m t), m the least PL modulus; at any t",
            _most(_excess(piece, pl_bound) for piece in arrived),
            IDENTITY,
        ),
        Check.below(
            "log of gap(t) over V(s)/(2h) exp(-2h (t - s)), h the least geodesic modulus from "
            "s on, where the loss becomes convex on M; at any t",
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


def _arrivals(measured: list[Measured], flat: list[Measured]) -> list[Check]:
    """Which flows have to arrive: what does not is in no other check but that of flat M.

    That they do where the loss is convex on M at the start is known before they run, but proved
    nowhere.
    """
    kinds = {
        "where M is flat, at a scale known before they run": flat,
        "where the loss is convex on M at the start": [
            piece for piece in measured if piece.arrays["start_modulus"] > 0
        ],
        "where the Gauss-Newton flow itself does": [
            piece for piece in measured if piece.arrays["expected"]
        ],
    }
    return [
        Check.above(f"share of flows that arrive {where}", _share_fitted(pieces), 1.0)
        for where, pieces in kinds.items()
    ]


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


def _share_fitted(chosen: list[Measured]) -> float:
    """The share of flows that come so near their optimum that a late rate can be fitted."""
    return float(np.mean(np.isfinite(values(chosen, "rate")))) if chosen else np.nan


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
