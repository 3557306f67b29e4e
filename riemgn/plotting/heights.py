"""How high the losses of a comparison are drawn: losses or gaps, and what is not told apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from riemgn.arguments import finite_number
from riemgn.comparison import Comparison, MethodRun
from riemgn.comparison.tables import least_by_start

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LeastLoss = float | Literal["found"] | None

_EPS = float(np.finfo(np.float64).eps)
_WIDE = 3  # the largest over the least loss from which a logarithmic axis shows more
_POWERS = 100  # and from which ticks are written as powers of ten
_NEAR = 1e-3  # of the decrease: so near to the least loss a method has come to it
_SMALL = 1e-3  # of the decrease: a least loss below it is seen on a logarithmic axis of losses


@dataclass(frozen=True)
class Heights:
    """What is drawn of each loss.

    Attributes:
        name: Of the axis.
        is_logarithmic: Whether the axis is; if not, heights are drawn as they are.
        bottom: Where what is zero to rounding is drawn, a tenth of the least of the others.
        least: The loss that is subtracted, by start; 0 of one that is not in it.
    """

    name: str
    is_logarithmic: bool
    bottom: float
    least: Mapping[int, float] = field(default_factory=dict)

    def of(self, run: MethodRun) -> np.ndarray:
        """Return the heights of a run, (records,)."""
        heights = _above(run, self.least)
        return np.maximum(heights, self.bottom) if self.is_logarithmic else heights

    def scale(self, axes: Axes, runs: Sequence[MethodRun]) -> None:
        """Scale the axis for runs."""
        from matplotlib.ticker import LogFormatter

        if not self.is_logarithmic:
            return
        axes.set_yscale("log")
        drawn = np.concatenate([self.of(run) for run in runs])
        if drawn.max() < _POWERS * drawn.min():
            axes.yaxis.set_major_formatter(LogFormatter())
            axes.yaxis.set_minor_formatter(LogFormatter())

    def reach_bottom(self, runs: Sequence[MethodRun]) -> bool:
        """Whether something is drawn at the bottom."""
        return self.is_logarithmic and any(np.any(self.of(run) <= self.bottom) for run in runs)


def heights_of(runs: Sequence[MethodRun], least_loss: LeastLoss) -> Heights:
    """Return the heights of runs that did not fail.

    A gap is known up to 4 eps times the larger one of the least and of the last loss, and a loss up
    to eps^2 times the largest one, the rounding of a sum of squares. Gaps have a logarithmic axis
    unless none is above that, losses where none is negative and they differ by more than a factor
    of 3.

    Raises:
        TypeError: `least_loss` is of another type.
        ValueError: It is not finite, or another word.
    """
    losses = np.concatenate([run.losses for run in runs])
    floor = _EPS**2 * float(np.max(np.abs(losses)))
    if least_loss is None:
        is_wide = losses.min() >= 0 and losses.max() > _WIDE * max(float(losses.min()), floor)
        return Heights("least loss so far", bool(is_wide), _bottom(losses, floor))
    if isinstance(least_loss, str):
        if least_loss != "found":
            raise ValueError(f"least_loss must be a number, 'found' or None, got {least_loss!r}")
        least, name = least_by_start(runs), "gap to the least loss found"
    else:
        number = finite_number("least_loss", least_loss, "'found' or None")
        least, name = dict.fromkeys((run.seed for run in runs), number), "gap to the least loss"
    sizes = [max(abs(least[run.seed]), abs(run.losses[-1])) for run in runs]
    floor = max(floor, 4 * _EPS * max(sizes))
    gaps = np.concatenate([_above(run, least) for run in runs])
    return Heights(name, bool(gaps.max() > floor), _bottom(gaps, floor), least)


def telling(comparison: Comparison) -> LeastLoss:
    """Return from what losses are told apart: "found" where they converge, else None.

    They converge if two methods or more come, in the median over the starts, within 0.001 of the
    decrease from the start to the least loss found; unless that loss is itself as small, so that a
    logarithmic axis of losses shows how near each one came.
    """
    runs = [run for run in comparison.runs if run.result is not None]
    if not runs:
        return None
    least = least_by_start(runs)
    decreases = {run.seed: run.losses[0] - least[run.seed] for run in runs}
    small = [abs(least[seed]) <= _SMALL * decrease for seed, decrease in decreases.items()]
    if np.mean(small) >= 0.5:
        return None
    near = 0
    for method in comparison.methods:
        own = [run for run in comparison.of(method) if run.result is not None]
        shares = [run.loss - least[run.seed] <= _NEAR * decreases[run.seed] for run in own]
        near += bool(shares) and bool(np.mean(shares) >= 0.5)
    return "found" if near > 1 else None


def _above(run: MethodRun, least: Mapping[int, float]) -> np.ndarray:
    return run.losses - least.get(run.seed, 0.0)


def _bottom(heights: np.ndarray, floor: float) -> float:
    return max(floor, float(heights.min(initial=np.inf, where=heights > floor)) / 10)
