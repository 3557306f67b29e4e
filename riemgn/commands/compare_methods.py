"""The methods that `riemgn compare` knows by name."""

from __future__ import annotations

from riemgn.arguments import choice
from riemgn.minimization import METHODS, Method

# pymanopt's optimizers, beside its conjugate gradients and trust regions among riemgn's names.
PYMANOPT = {
    "steepest-descent": "SteepestDescent",
    "nelder-mead": "NelderMead",
    "particle-swarm": "ParticleSwarm",
}
SAME = {"trust-regions": "newton"}
NAMES = (*METHODS, *PYMANOPT, *SAME)


def methods_by(text: str) -> dict[str, Method]:
    """Return methods by their labels, from names that are separated by commas.

    Raises:
        ValueError: A name is unknown or given twice.
    """
    named: dict[str, Method] = {}
    for name in (part.strip() for part in text.split(",")):
        if name in named:
            raise ValueError(f"methods must differ, got {name!r} twice")
        named[name] = _method(choice("method", name, NAMES))
    return named


def _method(name: str) -> Method:
    if name in PYMANOPT:
        import pymanopt.optimizers

        return getattr(pymanopt.optimizers, PYMANOPT[name])()
    return SAME.get(name, name)
