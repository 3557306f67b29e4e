"""C4: the rate of Gauss-Newton does not depend on the condition number of J^T J."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from riemgn.flows import Trajectory, gauss_newton_flow
from riemgn.manifolds import Point
from riemgn.minimization import minimize
from riemgn.problem import Problem
from riemgn.reproduction.claim import Claim
from riemgn.reproduction.conditioning_figure import draw
from riemgn.reproduction.conditioning_verdict import T_END, judge
from riemgn.reproduction.descent import Descent, evaluated, rounding
from riemgn.reproduction.gradient_descent import MOST_EVALUATIONS, descent_rate
from riemgn.reproduction.problems import named_case
from riemgn.reproduction.stretched import Stretched, stretched
from riemgn.theory import geodesic_modulus

TIMES = np.linspace(0.0, T_END, 65)

# The integrator's tolerance is ample for rates, but no less than ten times what rounding does to
# the velocity: the product J A is rounded to eps |J| |A|, so that its range moves by
# eps cond(J) cond(J A).
TOLERANCE = 1e-8
LARGEST_TOLERANCE = 1e-2
TIMES_ROUNDING = 10 * float(np.finfo(np.float64).eps)

OPTIMUM_TOLERANCE = 1e-12

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
        descent_rate(stretched(problem, optimum, d, seed), problem, d) for d in descent_decades
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
    path = evaluated(at.problem, path)
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
