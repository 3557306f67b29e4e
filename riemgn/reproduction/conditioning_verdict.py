"""The verdict on C4, from what `riemgn.reproduction.conditioning` measures."""

from __future__ import annotations

import numpy as np

from riemgn.reproduction.claim import Check, Measured, Verdict
from riemgn.reproduction.conditioning_figure import finite_median
from riemgn.reproduction.gradient_descent import ABOVE_ROUNDING, LARGEST_STEPPED
from riemgn.reproduction.problems import by_case

T_END = 16.0  # of the flows

SPREAD = 0.05  # the claim's own number

# Rates are fitted where the gap is below 1e-5 of the first, the distance to the optimum below 3e-3
# of the first. By that share the Riemannian Hessian may differ from that at the optimum, as far as
# it changes by no more than its own size on the way; three times that, since its eigenvalues differ
# by factors up to 10, so that a distance may be that root longer than the gap says.
LINEAR_WITHIN = 0.01

# Gaps are then resolved to 1e-3 or better, and two e-folds of them are seen; the first steps, in
# which other modes that curvature brings in still fall, may add some.
RATE_WITHIN = 0.02

# The rate follows the condition number of the loss's Hessian. That is the one of J^T J times a
# factor between 1 and the quotient of the extreme eigenvalues of the Riemannian Hessian, below 10,
# by how the slowest mode lies: over ten decades a tenth of the slope.
SLOPE_WITHIN = 0.1

# The share by which a condition number of 1e12 may be off: J A is rounded to eps cond(J), 1e-11, of
# its size, and its least singular value is 1e-6 of that.
CONDITION_WITHIN = 1e-4


def predicted_descent(hessian: np.ndarray) -> np.ndarray:
    """Return the fall of the log gap in a best step for condition numbers of the Hessian."""
    return 2 * np.log1p(2 / (hessian - 1))


def judge(measured: list[Measured]) -> Verdict:
    """Return the verdict: one rate for Gauss-Newton, one in proportion to 1/cond for descent.

    That of Gauss-Newton is the one of the flow linearised at the optimum, and no less than 2 h.
    """
    checks, found, arrays, findings = [], {}, {}, []
    predicted = {"spread": 0.0, "slope of descent": -1.0, "rate": {}}
    decades = np.array(measured[0].arguments["decades"])
    for label, group in by_case(measured).items():
        claimed = decades <= group[0].arguments["claimed"]
        arrived = [piece for piece in group if piece.arrays["arrives"]]
        findings += _not_arrived(label, len(group), len(arrived))
        share = len(arrived) / len(group)
        checks.append(Check.above(f"{label}: share of flows that arrive", share, 0.5))
        if not arrived:
            continue
        of = {name: np.array([p.arrays[name] for p in arrived]) for name in arrived[0].arrays}
        rates = of["rate"][:, claimed]
        spreads = np.ptp(rates, axis=1) / rates.mean(axis=1)
        off = np.abs(of["condition"][:, claimed] / 10.0 ** decades[claimed] - 1)
        checks += [
            Check.below(f"{label}: spread of the rate of Gauss-Newton", spreads.max(), SPREAD),
            Check.below(f"{label}: error of cond(J^T J)", off.max(), CONDITION_WITHIN),
            *_rate_checks(label, rates, of["linear"][:, claimed], of["modulus"]),
        ]
        found[label] = {"rate": np.median(rates, axis=0).tolist(), "spread": spreads.tolist()}
        predicted["rate"][label] = np.median(of["linear"][:, claimed], axis=0).tolist()
        arrays.update({f"{label}|{name}": of[name] for name in ("rate", "descent")})
        arrays[f"{label}|claimed"] = claimed
        findings.append(_where_it_moves(label, of["rate"], decades, claimed))
        if of["descent"].size:
            steps = np.array(arrived[0].arguments["descent_decades"])
            slopes = np.array([_slope(steps, row) for row in of["descent"]])
            checks += _descent_checks(label, of, slopes)
            found[label]["slope of descent"] = slopes.tolist()
            arrays[f"{label}|steps"] = steps
            findings.append(_how_slow(label, steps[-1], of))
    if any(piece.arguments["descent_decades"] for piece in measured):
        findings.append(_HOW_DESCENT_IS_MEASURED)
    arrays["decades"] = decades
    return Verdict("C4", predicted, found, tuple(checks), arrays, tuple(findings))


def _slope(decades: np.ndarray, rates: np.ndarray) -> float:
    """Return the slope of log10 rate over decades, NaN where a rate is not positive."""
    if not np.all(rates > 0):
        return np.nan
    return float(np.polyfit(decades, np.log10(rates), 1)[0])


def _rate_checks(
    label: str, rates: np.ndarray, linear: np.ndarray, moduli: np.ndarray
) -> list[Check]:
    """Return what the rates (seeds, decades) must be, not only that they are the same."""
    return [
        Check.below(
            f"{label}: error of the rate of the flow linearised at the optimum",
            np.abs(rates / linear - 1).max(),
            LINEAR_WITHIN,
        ),
        Check.above(
            f"{label}: rate of Gauss-Newton over 2 h at the optimum",
            (rates / (2 * moduli[:, None])).min(),
            1 - LINEAR_WITHIN,
        ),
    ]


def _descent_checks(label: str, of: dict[str, np.ndarray], slopes: np.ndarray) -> list[Check]:
    off = of["descent"] / predicted_descent(of["hessian"]) - 1
    return [
        Check.below(
            f"{label}: error of the predicted rate of gradient descent",
            np.abs(off).max(),
            RATE_WITHIN,
        ),
        Check.near(
            f"{label}: slope of its log rate over log cond",
            slopes[np.argmax(np.abs(slopes + 1))],
            -1.0,
            SLOPE_WITHIN,
        ),
    ]


def _not_arrived(label: str, flows: int, arrived: int) -> list[str]:
    if flows == arrived:
        return []
    return [
        f"{label}: {flows - arrived} of {flows} Gauss-Newton flows do not come to t = {T_END:g}, "
        f"or not near their optimum by then, with A = I either; they have no late rate and are "
        f"left out."
    ]


def _where_it_moves(label: str, rates: np.ndarray, decades: np.ndarray, claimed: np.ndarray) -> str:
    reference = np.array([[finite_median(row)] for row in rates[:, claimed]])
    off = np.abs(rates / reference - 1)
    moved = ~(off <= SPREAD).all(axis=0)
    if not moved.any():
        return f"{label}: the rate of Gauss-Newton moves by less than 5 % up to 1e{decades[-1]}."
    first = int(np.argmax(moved))
    lost = int(np.sum(np.isnan(off[:, first])))
    seen = off[:, first][~np.isnan(off[:, first])]
    how = [f"it has moved by up to {seen.max():.0%}"] if seen.size else []
    how += [f"{lost} of {len(off)} flows have none"] if lost else []
    how = f"at 1e{decades[first]} {' and '.join(how)}"
    if not first:
        return f"{label}: the rate of Gauss-Newton is not one at any condition number: {how}."
    return (
        f"{label}: the rate of Gauss-Newton begins to move between 1e{decades[first - 1]} and "
        f"1e{decades[first]}, condition numbers of J^T J: {how}."
    )


def _how_slow(label: str, decades: int, of: dict[str, np.ndarray]) -> str:
    steps = np.median(np.log(10) / of["descent"][:, -1])
    time = finite_median([np.log(10) / finite_median(rates) for rates in of["rate"]])
    return (
        f"{label}: at 1e{decades} gradient descent needs {steps:.1e} of its best steps to divide "
        f"the gap by ten, the Gauss-Newton flow a time of {time:.1f}."
    )


_HOW_DESCENT_IS_MEASURED = (
    f"Gradient descent starts beside the optimum, along the slowest mode of the Hessian, with a "
    f"gap {ABOVE_ROUNDING:.0f} times what rounding does to the loss. Its steps are made one by one "
    f"up to a condition number of {LARGEST_STEPPED:.0e}. Above it no step is made: the rate is the "
    f"length of the best step times that of the gradient flow."
)
