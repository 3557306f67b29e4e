"""`survey`: every quantity is asked for, and where there is none the reason is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np

from riemgn.arguments import positive
from riemgn.errors import NumericalError
from riemgn.manifolds import Point
from riemgn.manifolds.gauss import NO_ANGLE
from riemgn.optimizers.optimality import Optimality, optimality_at
from riemgn.optimizers.starts import point_of
from riemgn.problem import Problem
from riemgn.surveying.result import Survey
from riemgn.theory import certificate, geodesic_modulus, optimum_certificate

# n r^2 up to which all second derivatives in a tangent frame are asked for: some seconds.
MOST_ENTRIES = 2e7
# How much larger n r^2 may be where r second derivatives or Hessian products are enough.
ONE_PASS = 100
# The tangent cosine up to which a point is near enough to a critical one for its certificate.
NEAR_CRITICAL = 1e-3


def survey(
    problem: Problem,
    point: Point,
    *,
    most_entries: float = MOST_ENTRIES,
    seed: int | np.random.Generator | None = 0,
) -> Survey:
    """Return what can be said about the geometry of M, and of a loss on it, at a point.

    What does not apply, has no digits or is too large is None in the result, and the reason is in
    `Survey.left_out`. Curvatures over all directions take r (r + 1) / 2 second derivatives of n
    numbers each, r the rank.

    Args:
        problem: A `riemgn.Problem`.
        point: A point of its manifold.
        most_entries: n r^2 above which curvatures over all directions are left out; those that r
            second derivatives give, or r products with Hessians, above a hundred times that.
        seed: Of the search for the largest normal curvature.

    Raises:
        TypeError, ValueError: `problem` is no riemgn problem, the point not of its manifold, or
            `most_entries` no positive number.
        riemgn.NumericalError: The outputs, the Jacobian or the loss's gradient are not finite.
    """
    x, most = point_of(problem, point), positive("most_entries", most_entries)
    n, p = x.jet.shape
    with np.errstate(all="ignore"):
        answers = _Answers(x, most)
        optimality = optimality_at(problem, x)
        residual = _normal_residual(problem, x)
        answers.ask(
            "least_kernel_eigenvalue",
            "" if p >= n else "p < n: the tangent kernel is singular",
            lambda: float(x.factor.singular_values()[-1] ** 2),
        )
        _ask_how_it_bends(answers, problem, seed)
        _ask_about_residual(answers, problem, residual)
        _ask_what_is_proved(answers, problem, optimality)
        gradient = problem.riemannian_gradient(x)
    return Survey(
        n=n,
        p=p,
        dim=problem.manifold.dim,
        rank=int(x.rank),
        condition_number=float(x.condition_number),
        singular_values=x.factor.singular_values(),
        loss=float(problem.cost(x)),
        strong_convexity=float(problem.loss.strong_convexity),
        gradient_norm=float(problem.manifold.norm(x, gradient)),
        tangent_cosine=float(optimality.tangent_cosine),
        residual_norm=float(np.linalg.norm(residual)),
        **answers.values,
        left_out=answers.left_out,
    )


class _Answers:
    """The quantities that a point gives, and the reasons for those that it does not."""

    def __init__(self, x: Point, most_entries: float) -> None:
        self.x = x
        self.all_directions = _why_too_much(x, most_entries)
        self.one_pass = _why_too_much(x, ONE_PASS * most_entries)
        self.values: dict[str, object] = {}
        self.left_out: dict[str, str] = {}

    def ask(self, names: str | Sequence[str], why_not: str, compute: Callable) -> None:
        """Keep what `compute` returns under its names, or the reason why there is none."""
        several = not isinstance(names, str)
        names = names if several else (names,)
        if not why_not:
            try:
                answer = compute()
            except (NumericalError, NotImplementedError) as trouble:
                why_not = str(trouble)
            else:
                self.values |= zip(names, answer if several else (answer,), strict=True)
                return
        self.values |= dict.fromkeys(names)
        self.left_out |= dict.fromkeys(names, why_not)


def _ask_how_it_bends(
    answers: _Answers, problem: Problem, seed: int | np.random.Generator | None
) -> None:
    M, x = problem.manifold, answers.x
    flat, too_much = _why_flat(x), answers.all_directions
    rms = cache(lambda: M.rms_curvatures(x))

    def mean() -> float:
        return float(M.norm(x, M.mean_curvature(x)))

    def largest() -> tuple[float, float]:
        found = M.largest_normal_curvature(x, seed=seed)
        return found.value, found.upper_bound

    names = ("largest_normal_curvature", "curvature_bound")
    answers.ask(names, flat or too_much, largest)
    answers.ask("mean_curvature", flat or answers.one_pass, mean)
    answers.ask("intrinsic_curvature", flat or too_much, lambda: rms()[1])
    answers.ask("parameter_effects", too_much, lambda: rms()[0])
    answers.ask("scalar_curvature", flat or too_much, lambda: M.scalar_curvature(x))


def _ask_about_residual(answers: _Answers, problem: Problem, residual: np.ndarray) -> None:
    x, M = answers.x, problem.manifold
    answers.ask(
        "principal_curvatures",
        _why_flat(x) or _why_no_normal(problem, x, residual) or answers.one_pass,
        lambda: M.principal_curvatures(x, residual),
    )
    answers.ask("geodesic_modulus", answers.one_pass, lambda: geodesic_modulus(problem, x))


def _ask_what_is_proved(answers: _Answers, problem: Problem, optimality: Optimality) -> None:
    x = answers.x
    answers.ask("certificate", answers.one_pass, lambda: certificate(problem, x))
    cosine = optimality.tangent_cosine
    critical = optimality.is_met(NEAR_CRITICAL)
    far = "" if critical else f"this is no critical point: its tangent cosine is {cosine:.2g}"
    answers.ask(
        "optimum_certificate", far or answers.one_pass, lambda: optimum_certificate(problem, x)
    )


def _normal_residual(problem: Problem, x: Point) -> np.ndarray:
    """Return the part of minus the loss's gradient that is normal to M in R^n, (n,)."""
    g = problem.loss.gradient(x.outputs)
    if x.rank == x.size:
        return np.zeros(x.size)
    return x.factor.project(g) - g


def _why_flat(x: Point) -> str:
    if x.rank < x.size:
        return ""
    return f"the rank is n = {x.size}: M is open in R^n here, where nothing bends"


def _why_no_normal(problem: Problem, x: Point, residual: np.ndarray) -> str:
    metric = problem.manifold.metric
    if not metric.root(x.outputs).is_identity:
        return f"the residual is normal in the dot product, the metric is another one ({metric!r})"
    whole = np.linalg.norm(problem.loss.gradient(x.outputs))
    if np.linalg.norm(residual) <= NO_ANGLE * whole:
        return "the residual has no part that is normal to M"
    return ""


def _why_too_much(x: Point, most: float) -> str:
    entries = x.size * x.rank**2
    if entries <= most:
        return ""
    return f"n r^2 = {x.size} x {x.rank}^2 = {entries:.2g} is more than {most:.2g}"
