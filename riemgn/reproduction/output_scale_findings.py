"""How far claim C5's guarantee is from what is seen, and what an output scale trades."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from riemgn.reproduction.claim import Measured

NEAR_MODULUS = 0.95  # the share of 2 h at the optimum that a late rate reaches


def starts(measured: Sequence[Measured]) -> dict[str, list[dict]]:
    """Return the arrays of every seed, by the name of the initialisation."""
    found: dict[str, list[dict]] = {}
    for piece in measured:
        a = piece.arguments
        name = f"{a['case']}, {a['scheme']}, weights x {a['factor']:g}"
        found.setdefault(name, []).append(piece.arrays)
    return found


def each(arrays: Sequence[dict], name: str) -> np.ndarray:
    """Return a number of each piece."""
    return np.array([float(a[name]) for a in arrays])


def seen_thresholds(arrays: Sequence[dict]) -> np.ndarray:
    """Return from which scale of the sweep on each start keeps what the certificate guarantees.

    That is, along the whole path, at least the modulus that it guarantees at its own threshold;
    infinite where it is never kept.
    """
    return np.array(
        [
            least_from_which(a["alpha"], a["least_modulus"] >= float(a["threshold_modulus"]))
            for a in arrays
        ]
    )


def least_from_which(alphas: np.ndarray, holds: np.ndarray) -> float:
    """Return the least of increasing scales from which on something holds, or infinity."""
    failing = np.flatnonzero(~holds)
    first = failing[-1] + 1 if failing.size else 0
    return float(alphas[first]) if first < alphas.size else np.inf


def first_arrivals(arrays: Sequence[dict]) -> list[tuple[dict, int]]:
    """Return the pieces in which a flow arrives, with the index of the least such scale."""
    return [(a, int(np.argmax(a["arrived"]))) for a in arrays if a["arrived"].any()]


def traded(arrays: Sequence[dict]) -> np.ndarray:
    """Return the last loss at the least scale that arrives over that at the largest scale.

    One number for each start that arrives at a scale below the largest.
    """
    return np.array(
        [a["loss"][k] / a["loss"][-1] for a, k in first_arrivals(arrays) if k < a["loss"].size - 1]
    )


def findings(measured: Sequence[Measured]) -> tuple[str, ...]:
    """Return the sentences."""
    arrays = [piece.arrays for piece in measured]
    return (
        _thresholds(arrays),
        *(_from_which(name, group) for name, group in starts(measured).items()),
        *_endings(arrays),
        *_trade(arrays),
        *_untraded(measured),
        *_on_test(arrays),
    )


def _thresholds(arrays: Sequence[dict]) -> str:
    asked, plain = each(arrays, "threshold"), each(arrays, "textbook_threshold")
    moduli = each(arrays, "threshold_modulus")
    modulus = (
        f"The modulus that it guarantees there, {np.median(moduli):.2f} in the median "
        f"({moduli.min():.2f} to {moduli.max():.2f})"
    )
    told = (
        f"The certificate asks for alpha from {asked.min():.2g} to {asked.max():.2g}, start by "
        f"start, median {np.median(asked):.2g} (docs/theory.md's plain conditions for "
        f"{np.median(plain):.2g})"
    )
    seen = seen_thresholds(arrays)
    kept = np.isfinite(seen)
    if not kept.any():
        return f"{told}. {modulus}, is kept along the path nowhere in the sweep."
    decades = np.log10(asked[kept] / seen[kept])
    return (
        f"{told}. {modulus}, is kept along the whole path from alpha = "
        f"{np.median(seen[kept]):g} on in the median ({kept.sum()} of {kept.size} starts reach it "
        f"in the sweep): {np.median(decades):.1f} decades below what is asked for, "
        f"{decades.min():.1f} to {decades.max():.1f}."
    )


def _from_which(name: str, group: Sequence[dict]) -> str:
    alphas = group[0]["alpha"]
    arrived = np.array([a["arrived"] for a in group])
    rates = np.array([a["rate"] for a in group])
    enough = NEAR_MODULUS * 2 * np.array([a["optimum_modulus"] for a in group])
    fast = arrived & (rates >= enough)  # NaN is not
    return (
        f"{name}: every flow arrives {_told(alphas, arrived)}, at a late rate of at least "
        f"{NEAR_MODULUS:g} times 2 h {_told(alphas, fast)}; sufficient is "
        f"{np.median(each(group, 'threshold')):.2g} in the median."
    )


def _told(alphas: np.ndarray, holds: np.ndarray) -> str:
    least = least_from_which(alphas, holds.all(axis=0))
    return f"from alpha = {least:g} on" if np.isfinite(least) else "at no scale of the sweep"


def _endings(arrays: Sequence[dict]) -> list[str]:
    completed = np.concatenate([a["completed"] for a in arrays])
    slow = np.concatenate([a["completed"] & ~a["arrived"] for a in arrays])
    endings = np.concatenate([a["ending"] for a in arrays])[~completed]
    if completed.all():
        return []
    lost = np.char.find(endings, "lose rank") >= 0
    spent = np.char.find(endings, "evaluations are spent") >= 0
    kinds = {
        "because the Jacobian is about to lose rank": lost,
        "after all their evaluations": spent,
        "for other reasons": ~(lost | spent),
    }
    parts = [f"{np.count_nonzero(kind)} {why}" for why, kind in kinds.items() if kind.any()]
    told = (
        f"{endings.size} of {completed.size} flows end before their time: {', '.join(parts)}. The "
        f"first one says: {endings[0]}."
    )
    if slow.any():
        told += f" {np.count_nonzero(slow)} more are not near an optimum at the last time."
    return [told]


def _trade(arrays: Sequence[dict]) -> list[str]:
    first = first_arrivals(arrays)
    if not first:
        return []
    ratios = np.array([a["loss"][k] / a["loss"][-1] for a, k in first])
    rich = np.median([a["relative_distance"][k] for a, k in first])
    lazy = np.median([a["relative_distance"][-1] for a, _ in first])
    detours = np.median([[a["detour"][k], a["detour"][-1]] for a, k in first], axis=0)
    return [
        f"At the least alpha that arrives the loss left is {np.median(ratios):.2f} of that at the "
        f"largest in the median ({ratios.min():.2f} to {ratios.max():.2f}; it is lower for "
        f"{np.count_nonzero(ratios < 1)} of {ratios.size} starts), the weights move {rich:.2g} "
        f"|w0| against {lazy:.2g} |w0|, and the path in outputs is {detours[0]:.3f} times as long "
        f"as its chord against {detours[1]:.3f} times."
    ]


def _untraded(measured: Sequence[Measured]) -> list[str]:
    """The initialisations from which a smaller scale does not leave a lower loss."""
    ratios = {name: traded(group) for name, group in starts(measured).items()}
    contrary = [
        f"{name} (median {np.median(found):.3f}, {np.count_nonzero(found < 1)} of {found.size} "
        "starts lower)"
        for name, found in ratios.items()
        if found.size and np.median(found) >= 1
    ]
    if not contrary:
        return []
    return [f"The loss at the least alpha that arrives is not lower for {'; '.join(contrary)}."]


def _on_test(arrays: Sequence[dict]) -> list[str]:
    errors = [
        (a["test_error"][k], a["test_error"][-1])
        for a, k in first_arrivals(arrays)
        if np.isfinite(a["test_error"][-1])
    ]
    if not errors:
        return []
    least, largest = np.array(errors).T
    return [
        f"On held-out rows of diabetes the error is {np.median(least):.2f} variances of the target "
        f"at the least alpha that arrives and {np.median(largest):.2f} at the largest in the "
        f"median, lower for {np.count_nonzero(least < largest)} of {least.size} starts: what is "
        "gained on the training rows need not be gained there."
    ]
