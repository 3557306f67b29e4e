"""The damping schedules by name."""

from __future__ import annotations

from riemgn.arguments import choice
from riemgn.optimizers.damping import Damping, GainRatio
from riemgn.optimizers.prescribed import Fixed, KernelAdaptive, KernelShifted


def damping_schedule(damping: str | float | Damping) -> Damping:
    """Return the schedule that a name, a fixed rho in (0, 1], or a schedule object stands for."""
    if isinstance(damping, Damping):
        return damping
    if isinstance(damping, str):
        named = {"gain-ratio": GainRatio, "kernel": KernelAdaptive, "shifted": KernelShifted}
        return named[choice("damping", damping, named)]()
    return Fixed(damping)
