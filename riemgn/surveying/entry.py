"""`survey`: every quantity is asked for, and where there is none the reason is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np

from riemgn.arguments import positive
from riemgn.errors import NumericalError
from riemgn.manifolds import Point
from riemgn.optimizers.optimality import optimality_at
from riemgn.optimizers.starts import point_of
from riemgn.problem import Problem
from riemgn.progress import passing_line
from riemgn.surveying.residual import Residual, residual_at
from riemgn.surveying.result import Survey
from riemgn.theory import certificate, geodesic_modulus, optimum_certificate

# n r^2 up to which all second derivatives in a tangent frame are asked for: some seconds.
MOST_ENTRIES = 2e7
# How much larger n r^2 may be where r second derivatives or Hessian products are enough.
ONE_PASS = 100
# The tangent cosine up to which a point is near enough to a critical one for its certificate.
NEAR_CRITICAL = 1e-3
# The least singular value whose square, and that of its reciprocal, are floats with all digits.
LEAST_VALUE = 1e-150
# The share of a sum up to which a difference may be its rounding.
ROUNDING = 1e-13

BEYOND_FLOATS = "it leaves the range of floats"


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
        riemgn.NumericalError: The outputs, the Jacobian, the loss or its gradient are not finite,
            or the gradient is so large that its norm is not.
    """
    x, most = point_of(problem, point), positive("most_entries", most_entries)
    n, p = x.jet.shape
    with np.errstate(all="ignore"), passing_line() as show:
        show("the geometry: the Jacobian and its spectrum")
        residual = residual_at(problem, x)
        answers = _Answers(x, most)
        answers.ask(
            "least_kernel_eigenvalue",
            "" if p >= n else "p < n: the tangent kernel is singular",
            lambda: float(x.factor.singular_values()[-1] ** 2),
        )
        show("the geometry: curvatures")
        _ask_how_it_bends(answers, problem, seed)
        show("the geometry: curvatures along the residual")
        _ask_about_residual(answers, problem, residual)
        show("the geometry: certificates")
        _ask_what_is_proved(answers, problem, residual)
        return Survey(
            n=n,
            p=p,
            dim=problem.manifold.dim,
            metric=repr(problem.manifold.metric),
            rank=int(x.rank),
            condition_number=float(x.condition_number),
            singular_values=x.factor.singular_values(),
            loss=residual.loss,
            strong_convexity=_strong_convexity(problem, x),
            gradient_norm=residual.tangential_norm,
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
                answer = answer if several else (answer,)
                if all(_is_in_range(part) for part in answer):
                    self.values |= zip(names, answer, strict=True)
                    return
                why_not = BEYOND_FLOATS
        self.values |= dict.fromkeys(names)
        self.left_out |= dict.fromkeys(names, why_not)


def _ask_how_it_bends(
    answers: _Answers, problem: Problem, seed: int | np.random.Generator | None
) -> None:
    M, x = problem.manifold, answers.x
    far = _why_far_from_one(problem, x)
    flat, too_much = _why_flat(x) or far, answers.all_directions
    rms = cache(lambda: M.rms_curvatures(x))

    def mean() -> float:
        return float(M.norm(x, M.mean_curvature(x)))

    def largest() -> tuple[float, float]:
        found = M.largest_normal_curvature(x, seed=seed)
        return found.value, found.upper_bound

    def scalar() -> float:
        # a difference of two squares, which are no larger than this
        squares = x.rank * (x.rank + 2) * rms()[1] ** 2
        return _settled(M.scalar_curvature(x), squares)

    def parameter_effects() -> float:
        # the tangential parts of vectors whose normal parts are the other ones
        return _settled(*rms())

    names = ("largest_normal_curvature", "curvature_bound")
    answers.ask(names, flat or too_much, largest)
    answers.ask("mean_curvature", flat or answers.one_pass, mean)
    answers.ask("intrinsic_curvature", flat or too_much, lambda: rms()[1])
    answers.ask("parameter_effects", far or too_much, parameter_effects)
    answers.ask("scalar_curvature", flat or too_much, scalar)


def _ask_about_residual(answers: _Answers, problem: Problem, residual: Residual) -> None:
    x, M = answers.x, problem.manifold
    unknown = residual.why_unknown
    answers.ask("tangent_cosine", unknown, lambda: residual.tangent_cosine)
    answers.ask("residual_norm", unknown, lambda: residual.normal_norm)

    def along_it() -> np.ndarray:
        curvatures = M.principal_curvatures(x, residual.vector())
        return _settled(curvatures, np.abs(curvatures).max())

    none = "" if residual.has_normal else "the residual has no part that is normal to M"
    answers.ask(
        "principal_curvatures",
        _why_flat(x) or unknown or none or _why_far_from_one(problem, x) or answers.one_pass,
        along_it,
    )
    answers.ask("geodesic_modulus", answers.one_pass, lambda: geodesic_modulus(problem, x))


def _ask_what_is_proved(answers: _Answers, problem: Problem, residual: Residual) -> None:
    x = answers.x
    answers.ask("certificate", answers.one_pass, lambda: certificate(problem, x))
    answers.ask(
        "optimum_certificate",
        _why_far_from_critical(problem, x, residual) or answers.one_pass,
        lambda: optimum_certificate(problem, x),
    )


def _strong_convexity(problem: Problem, x: Point) -> float:
    """Return nu with l'' >= nu H, H the metric of M."""
    loss, metric = problem.loss, problem.manifold.metric
    is_dot_product = metric.root(x.outputs).is_identity
    return float(loss.strong_convexity if is_dot_product else metric.strong_convexity(loss))


def _settled(values: np.ndarray | float, size: float) -> np.ndarray | float:
    """Return values with zero in place of those that are rounding of what has this size."""
    kept = np.where(np.abs(values) > ROUNDING * size, values, 0.0)
    return kept if kept.ndim else float(kept)


def _is_in_range(answer: object) -> bool:
    return not isinstance(answer, (float, np.ndarray)) or bool(np.all(np.isfinite(answer)))


def _why_flat(x: Point) -> str:
    if x.rank < x.size:
        return ""
    return f"the rank is n = {x.size}: M is open in R^n here, where nothing bends"


def _why_far_from_critical(problem: Problem, x: Point, residual: Residual) -> str:
    optimality = optimality_at(problem, x)
    if optimality.is_met(NEAR_CRITICAL):
        return ""
    cosine, shown = optimality.tangent_cosine, residual.tangent_cosine
    measured = "" if np.isclose(cosine, shown, rtol=1e-6) else " in the metric of the loss"
    return f"this is no critical point: its tangent cosine is {cosine:.2g}{measured}"


def _why_far_from_one(problem: Problem, x: Point) -> str:
    """Return why squares of the Jacobian's singular values are no floats, or ''."""
    values = x.seen_in(problem.manifold.metric).factor.singular_values()[: x.rank]
    if values.size == 0 or (values[0] < 1 / LEAST_VALUE and values[-1] > LEAST_VALUE):
        return ""
    return (
        f"singular values of {values[0]:.3g} to {values[-1]:.3g}: products of two of them leave "
        "the range of floats"
    )


def _why_too_much(x: Point, most: float) -> str:
    entries = x.size * x.rank**2
    if entries <= most:
        return ""
    return f"n r^2 = {x.size} x {x.rank}^2 = {entries:.2g} is more than {most:.2g}"
