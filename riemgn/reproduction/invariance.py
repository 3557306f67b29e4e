"""C2: the flow in outputs does not depend on the parametrisation, nor on its conditioning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from riemgn.flows import Trajectory, gauss_newton_flow
from riemgn.manifolds import ImmersedManifold, Point
from riemgn.problem import Problem
from riemgn.reproduction.claim import Check, Claim, Measured, Verdict
from riemgn.reproduction.invariance_figure import DRAWN, draw, labels
from riemgn.reproduction.normal_equations import normal_equations_flow, projected
from riemgn.reproduction.problems import Case, by_case, named_case

EPSILON = float(np.finfo(np.float64).eps)
T_END = 6.0
TIMES = np.linspace(0.0, T_END, 25)
TOLERANCE = 1e-10
MOST_EVALUATIONS = 2000

# The integrators of two parametrisations make different errors of the order of the tolerance a
# step; a flow takes up to 100 steps.
FROM_TOLERANCE = 100 * TOLERANCE

# "Of the order of" a rounding error: within a factor 10.
ALLOWED = 10.0

# An error at which nothing of the curve is left.
LOST = 0.1

# Runge-Kutta steps of normal equations between two times: their error is about 1e-8.
STEPS_BETWEEN = 12

# The flow with A = I is compared with such steps too: with this many, and with half of them, which
# tells their error: h^4, so that a fifteenth of the difference is the error of the shorter steps.
# That is asymptotic; twice is allowed.
STEPS_ALONE = 8
STEP_ERROR = 2 / 15

# Condition numbers 10^k of A. That of J A is larger by up to cond(J), 1e3 to 1e5 here, and must
# stay below 1 / (n eps), about 2e13, beyond which the rank of J A is numerically lower.
SUBJECTS = (
    ("regression", 256.0, (2, 4, 6, 8, 10)),
    ("diabetes", 256.0, (2, 4, 6, 8)),
    ("deep", 1e6, (2, 4, 6)),
)


def pieces(
    seeds: int, subjects: tuple[tuple[str, float, tuple[int, ...]], ...] = SUBJECTS
) -> list[dict]:
    """Return a piece for every subject and seed."""
    return [
        {"seed": seed, "case": case, "alpha": alpha, "exponents": list(exponents)}
        for case, alpha, exponents in subjects
        for seed in range(seeds)
    ]


@dataclass(frozen=True, eq=False)
class Coordinates:
    """z with w = A z, A = U diag(values) V^T of orthogonal U and V.

    Attributes:
        U: (p, p).
        values: The singular values of A, (p,).
        V: (p, p).
    """

    U: np.ndarray
    values: np.ndarray
    V: np.ndarray

    @property
    def matrix(self) -> np.ndarray:
        """The matrix itself."""
        return (self.U * self.values) @ self.V.T

    def of(self, w: np.ndarray) -> np.ndarray:
        """Return z = A^-1 w."""
        return self.V @ ((self.U.T @ w) / self.values)


def random_coordinates(dim: int, exponent: int, seed: int) -> Coordinates:
    """Return coordinates with cond(A) = 10^exponent, of random orthogonal directions."""
    rng = np.random.default_rng([seed, exponent])
    U, V = (np.linalg.qr(rng.normal(size=(dim, dim)))[0] for _ in range(2))
    return Coordinates(U, np.logspace(0, -exponent, dim), V)


def measure(
    *,
    seed: int,
    case: str,
    alpha: float,
    exponents: list[int],
    flow: Callable[..., Trajectory] = gauss_newton_flow,
) -> dict[str, np.ndarray]:
    """Follow the flow of z -> f(A z) for each cond(A), by the flow and by normal equations.

    Args:
        seed: Of the problem and of A.
        case: The problem's name, see `riemgn.reproduction.problems`.
        alpha: Its output scale.
        exponents: k, cond(A) = 10^k.
        flow: The flow under test.

    Returns:
        `arrives`, whether the Gauss-Newton flow with A = I comes to its last time, whatever the
        flow under test does; `reached_alone`, the share of the times that the flow under test
        comes to with A = I; `alone`, its difference from an integration of normal equations, and
        `alone_allowed`, what the errors of that allow; and for each k: `condition`,
        cond(J A) at the start; `rounding`, what the rounding of z may move the outputs by; `error`,
        the largest difference from the flow with A = I, relative to its largest output;
        `projection`, that of P v for one v, relative to |v|; the same by normal equations,
        `normal_error` (NaN where they come to no common time) and `normal_projection`; `reached`
        and `normal_reached`, the share of the times that were reached.
    """
    subject = named_case(case, alpha, seed)
    f, w0 = subject.problem.manifold.immersion, subject.point.params
    v = np.random.default_rng([seed, 0]).normal(size=f.ambient_dim)
    reference = _followed(flow, subject.problem, subject.point)
    truth = _followed(gauss_newton_flow, subject.problem, subject.point)
    tangential = subject.problem.manifold.projection(subject.point, v)
    largest = np.abs(reference.outputs).max(initial=0.0) or np.nan
    rows = []
    for k in exponents:
        z = random_coordinates(f.dim, k, seed)
        problem = Problem(ImmersedManifold(f.reparametrised(z.matrix)), subject.problem.loss)
        start = problem.manifold.point(z.of(w0))
        own = _followed(flow, problem, start).outputs
        normal = normal_equations_flow(problem, start, TIMES, STEPS_BETWEEN)
        rows.append(
            {
                "condition": start.condition_number,
                "rounding": EPSILON * _stretched(start) / largest,
                "error": _difference(own, reference.outputs),
                "reached": len(own) / TIMES.size,
                "normal_error": _difference(normal, reference.outputs),
                "normal_reached": len(normal) / TIMES.size,
                "projection": _distance(problem.manifold.projection(start, v), tangential, v),
                "normal_projection": _distance(projected(start.jacobian, v), tangential, v),
            }
        )
    return {
        "arrives": np.array(truth.completed),
        "reached_alone": np.array(len(reference) / TIMES.size),
        **_alone(subject, reference.outputs),
        **{name: np.array([row[name] for row in rows]) for name in rows[0]},
    }


def _alone(subject: Case, outputs: np.ndarray) -> dict[str, np.ndarray]:
    """Return how far outputs with A = I are from those of normal equations, and may be."""
    start = subject.point
    fine, coarse = (
        normal_equations_flow(subject.problem, start, TIMES, steps)
        for steps in (STEPS_ALONE, STEPS_ALONE // 2)
    )
    rounding = ALLOWED * EPSILON * start.condition_number**2
    allowed = STEP_ERROR * _difference(coarse, fine) + rounding + FROM_TOLERANCE
    return {"alone": np.array(_difference(outputs, fine)), "alone_allowed": np.array(allowed)}


def _followed(flow: Callable[..., Trajectory], problem: Problem, start: Point) -> Trajectory:
    return flow(
        problem, start, T_END, times=TIMES, tolerance=TOLERANCE, max_evaluations=MOST_EVALUATIONS
    )


def _distance(a: np.ndarray, b: np.ndarray, unit: np.ndarray) -> float:
    return np.linalg.norm(a - b) / np.linalg.norm(unit)


def _stretched(point: Point) -> float:
    """Return sigma_max(J A) |z|: eps times that is what the rounding of z moves outputs by."""
    return point.factor.singular_values()[0] * np.linalg.norm(point.params)


def _difference(outputs: np.ndarray, reference: np.ndarray) -> float:
    """Return the largest relative difference at common times, NaN if the start is the only one."""
    common = min(len(outputs), len(reference))
    if common < 2:
        return np.nan
    return np.abs(outputs[:common] - reference[:common]).max() / np.abs(reference).max()


def judge(measured: list[Measured]) -> Verdict:
    """Return the verdict: what rounding and the integrators' tolerance allow, and no more.

    Rounding is `ALLOWED` eps (cond(J A) + sigma_max(J A) |z| / max |u|), the first for the
    projection and the second for z itself, and the tolerance adds `FROM_TOLERANCE`. With A = I the
    flow is compared with an integration of normal equations, which knows no manifold.
    """
    checks, found, arrays = [], {}, {}
    for label, group in by_case(measured).items():
        values = {name: np.array([p.arrays[name] for p in group]) for name in group[0].arrays}
        rounding = EPSILON * values["condition"] + values["rounding"]
        exponents = group[0].arguments["exponents"]
        allowed = ALLOWED * rounding + FROM_TOLERANCE
        shares = values["error"] / allowed
        arrives = values["arrives"]
        checks += [
            Check.above(f"{label}: share of flows that arrive", arrives.mean(), 0.5),
            *_alone_checks(label, {name: array[arrives] for name, array in values.items()}),
        ]
        columns = zip(exponents, shares[arrives].T, values["reached"][arrives].T, strict=True)
        for k, share, reached in columns:
            name = f"{label}, cond(A) = 1e{k}"
            checks += [
                Check.below(
                    f"{name}: difference over what rounding allows", share.max(initial=0.0), 1.0
                ),
                Check.above(f"{name}: share of the times reached", reached.min(initial=1.0), 1.0),
            ]
        in_projection = values["projection"] / (EPSILON * values["condition"])
        name = f"{label}: difference of P v over eps cond(J A) |v|"
        checks.append(Check.below(name, in_projection.max(), ALLOWED))
        found[label] = {
            "condition": np.median(values["condition"], axis=0).tolist(),
            "difference": np.median(values["error"], axis=0).tolist(),
            "allowed": np.median(allowed, axis=0).tolist(),
            "difference over eps cond": np.median(
                values["error"] / (EPSILON * values["condition"]), axis=0
            ).tolist(),
        }
        values["allowed"] = allowed
        arrays.update({f"{label}|{name}": array for name, array in values.items()})
        arrays[f"{label}|exponents"] = np.array(exponents)
    return Verdict(
        "C2",
        {
            "difference of P v": "of the order of eps cond(J A)",
            "difference": "at most 10 eps (cond(J A) + sigma_max(J A) |z| / max |u|) + 1e-8",
            "eps": EPSILON,
        },
        found,
        tuple(checks),
        arrays,
        tuple(_findings(arrays)),
    )


def _alone_checks(label: str, arrived: dict[str, np.ndarray]) -> list[Check]:
    name = f"{label}, A = I"
    difference = f"{name}: difference from normal equations over what their errors allow"
    shares = arrived["alone"] / arrived["alone_allowed"]
    reached = arrived["reached_alone"].min(initial=1.0)
    return [
        Check.below(difference, shares.max(initial=0.0), 1.0),
        Check.above(f"{name}: share of the times reached", reached, 1.0),
    ]


def _findings(arrays: dict[str, np.ndarray]) -> list[str]:
    told = []
    for label in labels(arrays):
        arrives = arrays[f"{label}|arrives"]
        if not arrives.all():
            early = arrays[f"{label}|error"][~arrives]
            told.append(
                f"{label}: {len(early)} of {arrives.size} flows with A = I do not come to "
                f"t = {T_END:g} and are left out. As far as they go, those with A differ from them "
                f"by at most {np.fmax.reduce(early.ravel()):.0e}."
            )
        of = {name: arrays[f"{label}|{name}"] for name in DRAWN}
        dead = (of["normal_reached"] < 1) | ~(of["normal_error"] < LOST)
        exponents = arrays[f"{label}|exponents"]
        shares = dead.mean(axis=0)
        if shares.max() < 0.5:
            told.append(
                f"{label}: by normal equations the flow survives up to cond(A) = 1e{exponents[-1]}."
            )
            continue
        first = int(np.argmax(shares >= 0.5))
        condition = np.median(of["condition"][:, first])
        own = np.median(of["error"][:, first])
        before = ""
        if first:
            before = (
                f" (at 1e{exponents[first - 1]} its error is "
                f"{np.median(of['normal_error'][:, first - 1]):.0e})"
            )
        told.append(
            f"{label}: by normal equations the flow is lost at cond(A) = 1e{exponents[first]}, "
            f"cond(J A) = {condition:.0e}{before}, where by orthogonal factorisation it differs "
            f"by {own:.0e}."
        )
    return told


CLAIM = Claim(
    key="C2",
    title="Invariance and conditioning",
    statement=(
        "For invertible A the map z -> f(A z) has the same manifold, so that the flow in outputs "
        "does not change while the condition number of J^T J grows by up to cond(A)^2."
    ),
    section="docs/theory.md, section 4",
    caption=(
        "Relative differences between f(A z) and f against the condition number of J A: of "
        "outputs along whole flows (left) and of one projection (right). Medians and ranges "
        "over seeds."
    ),
    pieces=pieces,
    measure=measure,
    judge=judge,
    draw=draw,
    quick={"seeds": 2},
    full={"seeds": 10},
)
