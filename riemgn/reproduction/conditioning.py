"""C4: the rate of Gauss-Newton does not depend on the condition number of J^T J."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from riemgn.flows import Trajectory, gauss_newton_flow, gradient_flow
from riemgn.manifolds import Point
from riemgn.minimization import minimize
from riemgn.problem import Problem
from riemgn.reproduction.claim import Check, Claim, Measured, Verdict
from riemgn.reproduction.conditioning_figure import draw, finite_median
from riemgn.reproduction.descent import Descent, rounding
from riemgn.reproduction.problems import by_case, named_case
from riemgn.reproduction.stretched import Stretched, slowest_mode, stretched
from riemgn.theory import fit_rate, geodesic_modulus

T_END = 16.0
TIMES = np.linspace(0.0, T_END, 65)

# The integrator's tolerance is ample for rates, but no less than ten times what rounding does to
# the velocity: the product J A is rounded to eps |J| |A|, so that its range moves by
# eps cond(J) cond(J A).
TOLERANCE = 1e-8
LARGEST_TOLERANCE = 1e-2
TIMES_ROUNDING = 10 * float(np.finfo(np.float64).eps)

MOST_EVALUATIONS = 2000
OPTIMUM_TOLERANCE = 1e-12

SPREAD = 0.05  # the claim's own number

# Rates are fitted where the gap is below 1e-5 of the first, the distance to the optimum below 3e-3
# of the first. By that share the Riemannian Hessian may differ from that at the optimum, as far as
# it changes by no more than its own size on the way; three times that, since its eigenvalues differ
# by factors up to 10, so that a distance may be that root longer than the gap says.
LINEAR_WITHIN = 0.01

# Gradient descent starts near the optimum, along the slowest mode of the Hessian there, with a gap
# of 1000 times what rounding can do to the loss. Nearer its fall would drown; from farther away the
# largest eigenvalue differs from that at the optimum by more than the share 1 / cond that the best
# step leaves to stability.
ABOVE_ROUNDING = 1e3

# Gaps are then resolved to 1e-3 or better, and two e-folds of them are seen; the first steps, in
# which other modes that curvature brings in still fall, may add some.
RATE_WITHIN = 0.02

# The rate follows the condition number of the loss's Hessian. That is the one of J^T J times a
# factor between 1 and the quotient of the extreme eigenvalues of the Riemannian Hessian, below 10,
# by how the slowest mode lies: over ten decades a tenth of the slope.
SLOPE_WITHIN = 0.1

# Up to this condition number of J^T J the steps of gradient descent are made one by one; from there
# on their rate is that of its flow over the length of a step, from which it differs by a share
# 1 / cond.
LARGEST_STEPPED = 1e4
MOST_STEPS = 20_000

# The share by which a condition number of 1e12 may be off: J A is rounded to eps cond(J), 1e-11, of
# its size, and its least singular value is 1e-6 of that.
CONDITION_WITHIN = 1e-4

# Logarithms of condition numbers of J^T J: those of the claim, and further ones at which it is only
# asked where the rate begins to move.
CLAIMED = 12
DECADES = (0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24)

# Those at which gradient descent is measured; at 1 it is at the optimum after a few steps.
DESCENT = (2, 4, 6, 8, 10, 12)

# The output scale of each, the claimed decades, and whether gradient descent is measured. The deep
# network has cond(J) up to 1e6, so that at 1e12 no more than three digits of a velocity are left,
# and it is so curved along M in any parametrisation that gradient descent comes to its asymptotic
# rate only below rounding. At alpha = 256 a fifth of the regression's flows end at lost rank.
SUBJECTS = (
    ("regression", 256.0, CLAIMED, False),
    ("regression", 1024.0, CLAIMED, True),
    ("diabetes", 1024.0, CLAIMED, True),
    ("deep", 3e5, 8, False),
)


def pieces(
    seeds: int,
    decades: tuple[int, ...] = DECADES,
    descent_decades: tuple[int, ...] = DESCENT,
    subjects: tuple[tuple[str, float, int, bool], ...] = SUBJECTS,
) -> list[dict]:
    """Return a piece for every subject and seed."""
    return [
        {
            "seed": seed,
            "case": case,
            "alpha": alpha,
            "claimed": claimed,
            "decades": list(decades),
            "descent_decades": list(descent_decades) if with_descent else [],
        }
        for case, alpha, claimed, with_descent in subjects
        for seed in range(seeds)
    ]


def measure(
    *,
    seed: int,
    case: str,
    alpha: float,
    claimed: int,
    decades: list[int],
    descent_decades: list[int],
    flow: Callable[..., Trajectory] = gauss_newton_flow,
) -> dict[str, np.ndarray]:
    """Fit the rates of Gauss-Newton and of gradient descent for each condition number.

    Args:
        seed: Of the problem and of the directions.
        case: The problem's name, see `riemgn.reproduction.problems`.
        alpha: Its output scale.
        claimed: Up to which of the decades the rate is claimed not to move.
        decades: Logarithms of the condition numbers of J^T J where the flow starts.
        descent_decades: Those where gradient descent starts, near the optimum.
        flow: The flow under test.

    Returns:
        `arrives`, whether the Gauss-Newton flow in w comes to its last time and near enough to its
        optimum for a late rate, whatever the flow under test does; if not, all else is NaN.
        `modulus`, the least eigenvalue h of the Riemannian Hessian at the optimum. For each
        condition number `condition`, that of J^T J at the start as it is, the late `rate` of the
        flow and `linear`, that of the flow linearised at the optimum; and for each of gradient
        descent `descent`, the fall of the log gap in a best step, with `hessian`, the condition
        number of the loss's Hessian in z.
    """
    subject = named_case(case, alpha, seed)
    problem = subject.problem
    path = _followed(gauss_newton_flow, problem, subject.point, TOLERANCE)
    if not path.completed:
        return _without_rates(len(decades), len(descent_decades))
    last = problem.manifold.point(path.params[-1])
    optimum = minimize(problem, last, tolerance=OPTIMUM_TOLERANCE).point
    gaps = path.losses - problem.cost(optimum)
    if not Descent(problem, path, optimum, gaps, rounding(problem, optimum)).arrived:
        return _without_rates(len(decades), len(descent_decades))
    flows = [
        _flow_rate(stretched(problem, subject.point, d, seed), problem, optimum, flow)
        for d in decades
    ]
    descents = [
        _descent_rate(stretched(problem, optimum, d, seed), problem, d) for d in descent_decades
    ]
    return {
        "arrives": np.array(True),
        "modulus": np.array(geodesic_modulus(problem, optimum)),
        **{name: np.array([row[name] for row in flows]) for name in flows[0]},
        **{name: np.array([row[name] for row in descents]) for name in ("descent", "hessian")},
    }


def _without_rates(flows: int, descents: int) -> dict[str, np.ndarray]:
    unknown = np.full(flows, np.nan)
    return {
        "arrives": np.array(False),
        "modulus": np.array(np.nan),
        "condition": unknown,
        "rate": unknown,
        "linear": unknown,
        "descent": np.full(descents, np.nan),
        "hessian": np.full(descents, np.nan),
    }


def _followed(
    flow: Callable[..., Trajectory], problem: Problem, start: Point, tolerance: float
) -> Trajectory:
    return flow(
        problem, start, T_END, times=TIMES, tolerance=tolerance, max_evaluations=MOST_EVALUATIONS
    )


def _flow_rate(
    at: Stretched, problem: Problem, optimum: Point, flow: Callable[..., Trajectory]
) -> dict:
    start = at.point
    lost = TIMES_ROUNDING * at.origin.condition_number * at.values[0] / at.values[-1]
    path = _followed(flow, at.problem, start, min(max(TOLERANCE, lost), LARGEST_TOLERANCE))
    path = _pushed(at.problem, path)
    gaps = path.losses - problem.cost(optimum)
    late = Descent(problem, path, optimum, gaps, rounding(problem, optimum))
    rate, linear = np.nan, np.nan
    if path.completed and len(path) == TIMES.size:
        rate, linear = _late_rates(late)
    return {"condition": start.condition_number**2, "rate": rate, "linear": linear}


def _late_rates(late: Descent) -> tuple[float, float]:
    """Return the late rate and the linear one, NaN where too little decay lies above rounding."""
    try:
        return late.late_rate(), late.linear_rate()
    except ValueError:
        return np.nan, np.nan


def _pushed(problem: Problem, path: Trajectory) -> Trajectory:
    """Return the path with the outputs and losses of its parameters, whatever it says of them."""
    outputs = [problem.manifold.immersion.at(w).outputs for w in path.params]
    losses = [problem.loss.value(u) for u in outputs]
    return replace(path, outputs=np.reshape(outputs, path.outputs.shape), losses=np.array(losses))


def _rate(times: np.ndarray, gaps: np.ndarray) -> float:
    """Return the fitted rate, NaN where too little of the decay lies above rounding."""
    try:
        return fit_rate(times, gaps).rate
    except ValueError:
        return np.nan


def _descent_rate(at: Stretched, problem: Problem, decades: float) -> dict[str, float]:
    """Return the fall of the log gap in a step of the best length for both ends of the spectrum."""
    mode, optimum = slowest_mode(at, problem), at.point
    start_gap = ABOVE_ROUNDING * _rounding(problem, at.origin)
    aside = np.sqrt(2 * start_gap / mode.least) * mode.direction
    start = at.problem.manifold.point(optimum.params + aside)
    least_loss, length = at.problem.cost(optimum), 2 / (mode.least + mode.largest)
    two_folds = 1 / mode.least  # the gap falls as exp(-2 mode.least time)
    if 10.0**decades <= LARGEST_STEPPED:
        steps = min(math.ceil(two_folds / length) + 50, MOST_STEPS)
        fall = _rate(np.arange(steps + 1), _losses(at.problem, start, length, steps) - least_loss)
    else:
        times = np.linspace(0.0, two_folds, 41)
        path = gradient_flow(
            at.problem, start, two_folds, times=times, max_evaluations=MOST_EVALUATIONS
        )
        fall = length * _rate(times[: len(path)], path.losses - least_loss)
    return {"descent": fall, "hessian": mode.largest / mode.least}


def _rounding(problem: Problem, point: Point) -> float:
    """Return what the rounding of outputs can do to the loss at a point."""
    g = problem.loss.gradient(point.outputs)
    return float(np.finfo(np.float64).eps * np.linalg.norm(point.jet.reach()) * np.linalg.norm(g))


@np.errstate(all="ignore")
def _losses(problem: Problem, start: Point, length: float, steps: int) -> np.ndarray:
    """Return the losses of steps z - length J^T g, (steps + 1,), NaN where they have diverged."""
    f, loss, z = problem.manifold.immersion, problem.loss, start.params
    losses = np.full(steps + 1, np.nan)
    for k in range(steps + 1):
        if not np.all(np.isfinite(z)):
            break
        jet = f.at(z)
        losses[k] = loss.value(jet.outputs)
        z = z - length * jet.vjp(loss.gradient(jet.outputs))
    return losses


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

CLAIM = Claim(
    key="C4",
    title="The rate does not depend on conditioning",
    statement=(
        "The rate of Gauss-Newton does not depend on the condition number of J^T J; that of "
        "gradient descent with its best stable step falls in proportion to its inverse."
    ),
    section="docs/theory.md, section 4",
    caption=(
        "Left: how fast the log gap falls, per unit of time for Gauss-Newton and per best "
        "step for gradient descent, against the condition number of the Gram matrix. Right: "
        "Gauss-Newton's rate over its median, also beyond the claim's range."
    ),
    pieces=pieces,
    measure=measure,
    judge=judge,
    draw=draw,
    quick={"seeds": 2, "decades": (0, 4, 8, 12, 16, 20), "descent_decades": (2, 4, 8, 12)},
    full={"seeds": 10},
)
