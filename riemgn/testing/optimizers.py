"""Which of pymanopt's optimizers a manifold, or a problem, can serve.

What each calls was read in the source of pymanopt 2.2.1.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from riemgn.testing.arrays import numpy_seeded
from riemgn.testing.cases import ManifoldCase, ProblemCase

CAN_SERVE = "can serve"

# A method of the manifold, or the conversion that a problem's derivative goes through.
_GRADIENT = "euclidean_to_riemannian_gradient"
_HESSIAN = "euclidean_to_riemannian_hessian"

NEEDS = MappingProxyType(
    {
        "SteepestDescent": ("norm", "retraction", _GRADIENT),
        "ConjugateGradient": ("norm", "inner_product", "retraction", "transport", _GRADIENT),
        "TrustRegions": (
            "norm",
            "inner_product",
            "zero_vector",
            "retraction",
            "to_tangent_space",
            _GRADIENT,
            _HESSIAN,
        ),
        # its centroid is found by steepest descent from a random point
        "NelderMead": (
            "random_point",
            "norm",
            "zero_vector",
            "retraction",
            "dist",
            "log",
            "pair_mean",
        ),
        "ParticleSwarm": (
            "random_point",
            "random_tangent_vector",
            "transport",
            "log",
            "retraction",
        ),
    }
)


def optimizers_of_manifold(case: ManifoldCase) -> Mapping[str, str]:
    """Return for each optimizer "can serve", or what it needs that the manifold has not."""
    return _verdicts(_probes(case))


def optimizers_of_problem(case: ProblemCase) -> Mapping[str, str]:
    """Return for each optimizer "can serve", or what it needs that the problem has not."""
    problem, x = case.problem, case.point
    probes = _probes(case.geometry)
    probes[_GRADIENT] = lambda: problem.riemannian_gradient(x)
    probes[_HESSIAN] = lambda: problem.riemannian_hessian(x, case.direction())
    names = {_GRADIENT: "the Riemannian gradient", _HESSIAN: "the Riemannian Hessian"}
    return _verdicts(probes, names)


def _probes(case: ManifoldCase) -> dict[str, Callable]:
    """Return a call at the sample point for each method that an optimizer may need."""
    case.begin("optimizers")
    M, x = case.manifold, case.point
    v = case.direction

    def near():
        return M.retraction(x, case.reach * v())

    return {
        "norm": lambda: M.norm(x, v()),
        "inner_product": lambda: M.inner_product(x, v(), v()),
        "zero_vector": lambda: M.zero_vector(x),
        "random_point": M.random_point,
        "random_tangent_vector": lambda: M.random_tangent_vector(x),
        "retraction": near,
        "transport": lambda: M.transport(x, near(), v()),
        "to_tangent_space": lambda: M.to_tangent_space(x, v()),
        "dist": lambda: M.dist(x, near()),
        "log": lambda: M.log(x, near()),
        "pair_mean": lambda: M.pair_mean(x, near()),
        _GRADIENT: lambda: case.problem.riemannian_gradient(x),
        _HESSIAN: lambda: case.problem.riemannian_hessian(x, v()),
    }


def _verdicts(
    probes: dict[str, Callable], names: Mapping[str, str] = MappingProxyType({})
) -> Mapping[str, str]:
    """Return what each optimizer is told, after one call of every method."""
    lacking = {
        method: why for method, probe in probes.items() if (why := _what_fails(probe)) is not None
    }

    def told(needs: tuple[str, ...]) -> str:
        missing = [names.get(need, need) + lacking[need] for need in needs if need in lacking]
        return "needs " + ", ".join(missing) if missing else CAN_SERVE

    return MappingProxyType({name: told(needs) for name, needs in NEEDS.items()})


def _what_fails(probe: Callable) -> str | None:
    """Return None for a method that answers, else a remark: empty for one that is not there."""
    with (
        numpy_seeded(np.random.default_rng(0)),
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
    ):
        warnings.simplefilter("ignore")
        try:
            probe()
        except NotImplementedError:
            return ""
        except Exception as error:
            return f" ({type(error).__name__} at the sample point)"
    return None
