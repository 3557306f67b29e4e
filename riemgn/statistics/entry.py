"""`fit_statistics`: from a problem and its minimum to the statistics of the fit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from riemgn.arguments import positive
from riemgn.linalg import one_blas_thread
from riemgn.manifolds import Point
from riemgn.problem import Problem
from riemgn.statistics.dispersion import (
    Dispersion,
    dispersion,
    is_exact,
    require_likelihood,
)
from riemgn.statistics.information import Information, information_at
from riemgn.statistics.result import FitStatistics

# How far from the minimum a point may be, in radii of a confidence region (Bates and Watts 1981).
_RELATIVE_OFFSET = 1e-3

# Newton's step towards a maximum at infinity always moves a logit or a log-rate by about one.
_ENDLESS = 0.1


@one_blas_thread()
def fit_statistics(
    problem: Problem,
    point: Point,
    confidence: float = 0.95,
    names: Sequence[str] | None = None,
) -> FitStatistics:
    """Return covariance, standard errors, intervals and curvatures of a fit at its minimum.

    For a squared loss the noise is normal with one unknown variance, weights being its reciprocal
    up to a common factor; the intervals are Student's. Logistic, softmax and Poisson losses are
    likelihoods: the covariance is their inverse Fisher information, the intervals are normal. All
    is computed through an orthogonal factor of the Jacobian, free of the parameters' units
    (docs/theory.md, "Statistics of a fit").

    Args:
        problem: A problem with such a loss, without a ridge.
        point: Its minimum, as an optimizer returns it.
        confidence: The level of the intervals, between 0 and 1.
        names: The parameters' names, for tables and for `profile_interval`; "w[0]", "w[1]", ... if
            not given.

    Raises:
        ValueError: The loss is no likelihood of data, a squared loss has n <= p outputs, the point
            is no minimum or one of another manifold, the likelihood has its maximum at infinity
            (separable labels), the confidence is not between 0 and 1, or the
            names are not p different ones.
        TypeError: An argument is of another type.
        NumericalError: A derivative is not finite, or the Jacobian is zero.
    """
    point = _checked_point(problem, point)
    n, p = point.jet.shape
    confidence = positive("confidence", confidence)
    if confidence >= 1:
        raise ValueError(f"confidence must be between 0 and 1, got {confidence:g}")
    require_likelihood(problem.loss, n, problem.manifold.immersion.degrees_of_freedom)
    information = information_at(problem, point)
    noise = dispersion(problem.loss, problem.cost(point), n, information.rank)
    _require_minimum(problem, point, information, noise)
    return FitStatistics(problem, point, confidence, _checked_names(names, p), noise, information)


def _require_minimum(
    problem: Problem, point: Point, information: Information, noise: Dispersion
) -> None:
    s = problem.loss.whitened_gradient(point.outputs)
    seen = information.frame.basis.T @ s
    tangential = float(np.linalg.norm(seen))
    radius = noise.scale * np.sqrt(information.rank)
    if tangential > _RELATIVE_OFFSET * radius and not is_exact(problem, point, noise):
        raise ValueError(
            f"point is no minimum: the next step is {tangential / radius:.2g} of the radius of the "
            f"confidence region, at most {_RELATIVE_OFFSET:g} is wanted; minimise further"
        )
    if not noise.is_estimated:
        _require_end(point.jet.jvp(information.frame.lifts @ seen))


def _require_end(move: np.ndarray) -> None:
    """Raise where Newton's step moves an output of a likelihood as far as ever."""
    longest = float(np.max(np.abs(move)))
    if longest > _ENDLESS:
        raise ValueError(
            "point is no minimum: the maximum of the likelihood lies at infinity, as for separable "
            f"labels, since the next step still moves an output by {longest:.2g} though next to "
            "nothing is left to gain"
        )


def _checked_point(problem: Problem, point: Point) -> Point:
    if not isinstance(problem, Problem):
        raise TypeError(f"problem must be a riemgn.Problem, got {type(problem).__name__}")
    if not isinstance(point, Point):
        raise TypeError(
            f"point must be a point of the manifold (manifold.point(w)), got {type(point).__name__}"
        )
    immersion = problem.manifold.immersion
    if point.jet.immersion is immersion:
        return point
    if point.params.size == immersion.dim:
        own = problem.manifold.point(point.params)
        if np.array_equal(own.outputs, point.outputs):
            return own
    raise ValueError("point is a point of another manifold than the problem's")


def _checked_names(names: Sequence[str] | None, p: int) -> tuple[str, ...]:
    if names is None:
        return tuple(f"w[{j}]" for j in range(p))
    is_sequence = isinstance(names, Iterable) and not isinstance(names, str)
    if not (is_sequence and all(isinstance(name, str) for name in names)):
        raise TypeError(f"names must be a sequence of strings, got {names!r}")
    if len(names) != p or len(set(names)) != p:
        raise ValueError(f"names must be {p} different names, got {list(names)}")
    return tuple(names)
