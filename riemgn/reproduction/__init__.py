"""The claims of docs/theory.md, section 4, each measured anew by `riemgn reproduce`."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from types import MappingProxyType

# Imported here, and not on first use, so that the function `claim` below keeps its name: importing
# the module of that name later would put the module in its place.
from riemgn.reproduction.claim import Check, Claim, Measured, Verdict

__all__ = ["CLAIMS", "Check", "Claim", "Measured", "Verdict", "claim", "in_order"]

# The claims in order, each with the module that holds it as `CLAIM`.
CLAIMS = MappingProxyType(
    {
        "C1": "riemgn.reproduction.equivalence",
        "C2": "riemgn.reproduction.invariance",
        "C3": "riemgn.reproduction.last_iterate",
        "C4": "riemgn.reproduction.conditioning",
        "C5": "riemgn.reproduction.output_scale",
        "C6": "riemgn.reproduction.damping",
        "C7": "riemgn.reproduction.contraction",
    }
)


def claim(key: str) -> Claim:
    """Return a claim by its key, "C1" to "C7"; its module is imported on first use.

    Raises:
        ValueError: There is no such claim.
    """
    in_order([key])
    return import_module(CLAIMS[key]).CLAIM


def in_order(keys: Iterable[str]) -> list[str]:
    """Return the keys of claims in the order of the claims, each once; nothing is imported.

    Raises:
        ValueError: There is no such claim.
    """
    wanted = set()
    for key in keys:
        if key not in CLAIMS:
            raise ValueError(f"unknown claim {key!r} (one of {', '.join(CLAIMS)})")
        wanted.add(key)
    return [key for key in CLAIMS if key in wanted]
