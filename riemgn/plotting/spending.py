"""The axis of what a method has spent: iterations, evaluations or seconds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from riemgn.plotting.style import whole_numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from riemgn.comparison import MethodRun

NAMES = {
    "iterations": "iterations",
    "evaluations": "evaluations of f",
    "seconds": "seconds",
}

_PLACES = 200  # at which losses of several starts are compared
_DECADE, _DECADES = 10, 100  # last over first: from where the axis is logarithmic; has powers alone
_LONGEST = 1e4  # last over first of an axis of seconds, of which more would be the start alone
_ROOM = 1.2  # last place on a logarithmic axis, in units of what was spent
_PLAIN = (1e-3, 1e4)  # between which powers of ten are written out


def places_along(runs: Sequence[MethodRun], against: str) -> np.ndarray:
    """Return where runs are compared with one another, (m,), increasing."""
    last = max(run.spent(against)[-1] for run in runs)
    if against == "iterations":
        return np.unique(np.round(np.geomspace(1, last + 1, _PLACES)) - 1)
    first = _first(runs, against)
    if first is None:
        return np.array([0.0, last])
    start = min(run.spent(against)[0] for run in runs)
    return np.unique(np.append(np.geomspace(first, last, _PLACES), start))


def scale_spending(axes: Axes, runs: Sequence[MethodRun], against: str) -> None:
    """Scale the axis of what runs have spent, logarithmic from a decade on.

    An axis of iterations begins with 0, as does a linear one.
    """
    last = max(run.spent(against)[-1] for run in runs)
    left = 1.0 if against == "iterations" else _left(runs, against, last)
    if left is None or last < _DECADE * left:
        axes.set_xlim(0, 1.05 * last if last > 0 else 1)
        if against != "seconds":
            whole_numbers(axes.xaxis)
        return
    if against == "iterations":
        axes.set_xscale("symlog", linthresh=1, linscale=0.3)
        axes.set_xlim(0, _ROOM * last)
    else:
        axes.set_xscale("log")
        axes.set_xlim(left / _ROOM, _ROOM * last)
    _label_ticks(axes, last < _DECADES * left)


def _first(runs: Sequence[MethodRun], against: str) -> float | None:
    """Return the least that a record had cost, if any cost something."""
    spent = np.concatenate([run.spent(against) for run in runs])
    return float(spent[spent > 0].min()) if np.any(spent > 0) else None


def _left(runs: Sequence[MethodRun], against: str, last: float) -> float | None:
    """Return where an axis begins: with the first record, of seconds within some decades."""
    first = _first(runs, against)
    if first is None or against != "seconds":
        return first
    return max(first, last / _LONGEST)


def _label_ticks(axes: Axes, between: bool) -> None:
    """Label powers of ten, and twice and five times those if `between` is set."""
    from matplotlib.ticker import LogLocator, NullFormatter

    if between and axes.get_xscale() == "log":
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(_told)
    axes.xaxis.set_minor_formatter(NullFormatter())


def _told(place: float, _: int | None = None) -> str:
    low, high = _PLAIN
    if place == 0 or low <= place <= high:
        return f"{place:g}"
    power = int(np.floor(np.log10(place) + 1e-9))
    factor = place / 10.0**power
    times = "" if np.isclose(factor, 1) else rf"{factor:g} \times "
    return f"${times}10^{{{power}}}$"
