"""Who wins a comparison, and by what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from riemgn.comparison.runs import MethodRun
from riemgn.comparison.tables import median

# Times count as equal within a millisecond or a tenth: the same run again differs by as much.
_LEAST_SECONDS = 1e-3
_SHARE = 0.1


@dataclass(frozen=True)
class Standing:
    """How methods stand, from starts at which every one of them has finished.

    Attributes:
        loss: The winning loss: the least median loss over the starts and a share of the decrease to
            it; NaN where no method has succeeded in more than half of its runs, or no start counts.
        seconds: The median seconds of each method to that loss, infinite where it is not reached.
        evaluations: The median evaluations of f to it, likewise.
        winners: The winner's label; several that draw, or none.
        by: What decided: "loss", "time" or "evaluations"; "draw"; or "nothing".
    """

    loss: float = np.nan
    seconds: dict[str, float] = field(default_factory=dict)
    evaluations: dict[str, float] = field(default_factory=dict)
    winners: tuple[str, ...] = ()
    by: str = "nothing"


def standing_of(
    methods: Sequence[str], starts: Sequence[Mapping[str, MethodRun]], accuracy: float
) -> Standing:
    """Return how methods stand (see `Comparison.winner`).

    Args:
        methods: Their labels.
        starts: The runs of every method by start.
        accuracy: The share of the decrease within which losses count as equal.
    """
    medians = {method: median(runs[method].loss for runs in starts) for method in methods}
    least = min(medians.values())
    if not np.isfinite(least):
        return Standing()
    first = median(run.losses[0] for runs in starts for run in runs.values() if run.losses.size)
    loss = least + accuracy * max(first - least, 0.0)
    seconds, evaluations = (
        {
            method: median(runs[method].spent_to(loss, measure) for runs in starts)
            for method in methods
        }
        for measure in ("seconds", "evaluations")
    )
    near = [method for method in methods if medians[method] <= loss]
    if least < first:
        winners, by = _decided(near, medians, seconds, evaluations)
    else:  # nobody has improved on the starts, and none can have been quicker
        winners, by = _decide(near, medians, "loss")
    return Standing(loss, seconds, evaluations, winners, by)


def _decided(
    near: Sequence[str],
    medians: Mapping[str, float],
    seconds: Mapping[str, float],
    evaluations: Mapping[str, float],
) -> tuple[tuple[str, ...], str]:
    """Return the best of methods whose losses count as equal, and by what they are."""
    if len(near) == 1:
        return tuple(near), "loss"
    quickest = min(seconds[method] for method in near)
    if not np.isfinite(quickest):  # none reaches the loss from half of the starts
        return _decide(near, medians, "loss")
    as_quick = max(quickest + _LEAST_SECONDS, quickest * (1 + _SHARE))
    quick = [method for method in near if seconds[method] <= as_quick]
    return (tuple(quick), "time") if len(quick) == 1 else _decide(quick, evaluations, "evaluations")


def _decide(
    equal: Sequence[str], spent: Mapping[str, float], by: str
) -> tuple[tuple[str, ...], str]:
    least = min(spent[method] for method in equal)
    best = tuple(method for method in equal if spent[method] == least)
    return best, by if len(best) == 1 else "draw"
