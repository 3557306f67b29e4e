"""The two regimes: fewer parameters than outputs, or as many or more."""

from __future__ import annotations

# What each regime means, for p parameters and n outputs.
CONDITIONS = {"underparameterised": "p < n", "overparameterised": "p >= n"}


def regime(n: int, p: int) -> str:
    """Return the name of the regime of n outputs and p parameters."""
    return "underparameterised" if p < n else "overparameterised"
