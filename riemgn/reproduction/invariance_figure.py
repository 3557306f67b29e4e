"""The figure of C2."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from riemgn.plotting.style import (
    BLUE,
    GREEN,
    MUTED,
    PURPLE,
    VERMILION,
    band,
    finish,
    prediction,
)
from riemgn.reproduction.claim import Verdict

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DRAWN = (
    "condition",
    "error",
    "projection",
    "normal_error",
    "normal_projection",
    "normal_reached",
    "allowed",
)
_LOOKS = ((BLUE, "o"), (GREEN, "s"), (PURPLE, "^"))


def labels(arrays: dict[str, np.ndarray]) -> list[str]:
    """Return the names of the cases of which a verdict has arrays."""
    return list(dict.fromkeys(key.split("|")[0] for key in arrays))


def draw(verdict: Verdict, figure: Figure) -> None:
    """Draw the differences of flows and of projections over cond(J A)."""
    figure.set_size_inches(11.5, 5.0)
    panels = figure.subplots(1, 2, sharex=True)
    for axes, ours, theirs in zip(
        panels, ("error", "projection"), ("normal_error", "normal_projection"), strict=True
    ):
        for label, (colour, marker) in zip(labels(verdict.arrays), _LOOKS, strict=False):
            arrives = verdict.arrays[f"{label}|arrives"]
            of = {name: verdict.arrays[f"{label}|{name}"][arrives] for name in DRAWN}
            x = np.median(of["condition"], axis=0)
            look = {"marker": marker, "markersize": 5}
            band(axes, x, of[ours], label, colour, **look)
            if ours == "error":
                axes.plot(x, np.median(of["allowed"], axis=0), ":", color=colour, linewidth=1)
            theirs_of = np.clip(of[theirs], None, 1e3)
            band(axes, x, theirs_of, None, VERMILION, linewidth=1.0, **look)
        axes.plot([], [], color=VERMILION, label="normal equations (same marks)")
        x = np.array([1e3, 1e13])
        prediction(axes, x, np.finfo(float).eps * x, "eps cond(J A)")
        axes.set(xscale="log", yscale="log")
    panels[0].set_ylim(1e-14, 1e7)
    told = "dotted: allowed, 10 eps (cond(J A) + sigma_max(J A) |z| / max |u|) + 1e-8"
    panels[0].text(1e13, 3e-14, told, ha="right", fontsize=8, color=MUTED)
    axis = "condition number of J A at the start"
    difference = "largest relative difference of outputs"
    finish(panels[0], axis, difference, "Flow of f(A z) against that of f")
    finish(panels[1], axis, "relative difference of P v", "One projection at the start")
