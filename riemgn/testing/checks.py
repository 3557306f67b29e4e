"""The three checks: each runs its laws and raises AssertionError where one fails."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import numpy as np
import pymanopt
from pymanopt.manifolds.manifold import Manifold

from riemgn.arguments import integer, vector
from riemgn.immersions import Immersion
from riemgn.linalg import factorise
from riemgn.testing.immersion_laws import IMMERSION_LAWS, ImmersionCase
from riemgn.testing.laws import Law, Verdict, chosen_laws, verdict_on
from riemgn.testing.manifold_laws import MANIFOLD_LAWS
from riemgn.testing.openings import manifold_case, problem_case
from riemgn.testing.optimizers import optimizers_of_manifold, optimizers_of_problem
from riemgn.testing.problem_laws import PROBLEM_LAWS
from riemgn.testing.report import Report


def check_immersion(
    f: Immersion, w=None, *, seed: int = 0, laws: Iterable[str | Law] | None = None
) -> Report:
    """Return the report of an immersion that obeys the laws of its derivatives.

    Derivatives are judged by the slope of Taylor remainders in a log-log fit, the rest by what
    their identities leave. The report tells the rank of the Jacobian at w besides.

    Args:
        f: The immersion.
        w: Parameters (p,); random ones for None.
        seed: Of the parameters and directions drawn.
        laws: The laws to check, by name, or more of your own; None for all.

    Raises:
        AssertionError: A law fails. The message names it; `error.report` is the report.
        TypeError: f is no immersion.
        ValueError: w has another shape, or is not finite; no law has that name.
    """
    if not isinstance(f, Immersion):
        raise TypeError(f"f must be a riemgn.Immersion, got {type(f).__name__}")
    seed = integer("seed", seed, least=0)
    w = f.random_params(np.random.default_rng(seed)) if w is None else w
    case = ImmersionCase(f, vector("w", w, f.dim), seed)
    verdicts = _verdicts(case, laws, IMMERSION_LAWS)
    return Report(f"check_immersion: {f!r}", verdicts, _rank_of(case), laws is None).require()


def check_manifold(
    M: Manifold, point=None, *, seed: int = 0, laws: Iterable[str | Law] | None = None
) -> Report:
    """Return the report of a pymanopt manifold that obeys the laws of its geometry.

    Laws of what the manifold does not implement are skipped, and the report says why. Its
    `optimizers` tell which of pymanopt's the manifold can serve, and what each of the others still
    needs; they are tried when they are first asked for.

    Args:
        M: Any pymanopt manifold; a `riemgn.ImmersedManifold` has laws of its own besides.
        point: A point of M, or parameters of one for an immersed manifold; random for None.
        seed: Of the point and the vectors drawn; numpy's global state is left as it was.
        laws: The laws to check, by name, or more of your own; None for all.

    Raises:
        AssertionError: A law fails. The message names it; `error.report` is the report.
        TypeError: M is no manifold.
        ValueError: No law has that name; the Jacobian is zero at the point.
    """
    if not isinstance(M, Manifold):
        raise TypeError(f"M must be a pymanopt manifold, got {type(M).__name__}")
    case = manifold_case(M, point, integer("seed", seed, least=0))
    verdicts = _verdicts(case, laws, MANIFOLD_LAWS)
    return Report(
        f"check_manifold: {M}",
        verdicts,
        case.facts,
        laws is None,
        partial(optimizers_of_manifold, case),
    ).require()


def check_problem(
    problem: pymanopt.Problem, point=None, *, seed: int = 0, laws: Iterable[str | Law] | None = None
) -> Report:
    """Return the report of a problem whose derivatives are those of its cost.

    The gradient is judged along retractions (slope 2); the Hessian along geodesics or a retraction
    of second order (slope 3), and as the derivative of the gradient (slope 2) where the metric is
    that of the ambient space (Boumal, An Introduction to Optimization on Smooth Manifolds, 2023,
    sections 4.8 and 6.8). A `riemgn.Problem` has the laws of its loss besides.

    Args:
        problem: Any pymanopt problem.
        point: As for `check_manifold`.
        seed: Of the point and the vectors drawn; numpy's global state is left as it was.
        laws: The laws to check, by name, or more of your own; None for all.

    Raises:
        AssertionError: A law fails. The message names it; `error.report` is the report.
        TypeError: problem is no pymanopt problem.
        ValueError: No law has that name.
    """
    if not isinstance(problem, pymanopt.Problem):
        raise TypeError(f"problem must be a pymanopt.Problem, got {type(problem).__name__}")
    case = problem_case(problem, point, integer("seed", seed, least=0))
    verdicts = _verdicts(case, laws, PROBLEM_LAWS)
    told = problem if type(problem) is not pymanopt.Problem else f"Problem on {problem.manifold}"
    return Report(
        f"check_problem: {told}",
        verdicts,
        case.facts,
        laws is None,
        partial(optimizers_of_problem, case),
    ).require()


def _verdicts(
    case, laws: Iterable[str | Law] | None, known: tuple[Law, ...]
) -> tuple[Verdict, ...]:
    return tuple(verdict_on(law, case) for law in chosen_laws(laws, known))


def _rank_of(case: ImmersionCase) -> dict[str, object]:
    try:
        factor = factorise(case.jet)
        return {"rank": factor.rank, "condition number": f"{factor.condition_number:.2g}"}
    except Exception as error:  # a law that fails tells it better
        return {"rank": f"unknown ({type(error).__name__})"}
