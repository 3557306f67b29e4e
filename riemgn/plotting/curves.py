"""Curves along runs: loss, gradient, tangent cosine, damping, least eigenvalue."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np

from riemgn.arguments import finite_number
from riemgn.plotting.courses import AXES, Course, Runs, common_axis, courses, quantity
from riemgn.plotting.style import axes_or_new, finish, look, remark, whole_numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_EPS = float(np.finfo(np.float64).eps)
_LINE = 36  # letters in a line of a remark
_WIDE = 5  # the largest over the least loss from which a logarithmic axis shows more


def loss_curve(
    runs: Runs,
    ax: Axes | None = None,
    *,
    against: str | None = None,
    least_loss: float | None = None,
) -> Axes:
    """Draw the loss of one or several runs, or its gap to the least loss.

    The axis of the loss is logarithmic where losses are positive and differ by more than a factor
    of 5, that of the gap always. A gap is known up to rounding, 4 eps times the largest of
    |least_loss| and the run's last loss: points at or below that are not drawn, and the legend
    says how many.

    Args:
        runs: A `Result`, a `Trajectory`, a `FitResult` (its last phase: the loss a row), or a
            mapping from labels to these.
        ax: Axes, or None for new ones.
        against: "iteration", "evaluations" or "seconds" for runs of steps, "time" for flows; by
            default the first of these that all runs have.
        least_loss: The loss that runs tend to; the gap to it is drawn if it is given.

    Raises:
        TypeError: A run or `least_loss` is something else.
        ValueError: There is no run, or one that has no such axis.
    """
    drawn = courses(runs)
    losses = quantity(drawn, "loss")
    if least_loss is None:
        return _draw(drawn, losses, ax, against, "loss", logarithmic=_is_wide(losses))
    least = finite_number("least_loss", least_loss)
    floors = [4 * _EPS * max(abs(least), abs(values[-1])) for values in losses]
    gaps = [values - least for values in losses]
    name, hidden_as = "gap to the least loss", "within rounding of the least loss or below it"
    return _draw(drawn, gaps, ax, against, name, floors=floors, hidden_as=hidden_as)


def gradient_norm_curve(runs: Runs, ax: Axes | None = None, *, against: str | None = None) -> Axes:
    """Draw the norm of the Riemannian gradient of one or several runs, on a logarithmic axis.

    Arguments and errors are those of `loss_curve`.
    """
    drawn = courses(runs)
    return _draw(drawn, quantity(drawn, "gradient norm"), ax, against, "norm of the gradient on M")


def tangent_cosine_curve(runs: Runs, ax: Axes | None = None, *, against: str | None = None) -> Axes:
    """Draw the cosine between residual and tangent space on a logarithmic axis.

    It is 1 where the residual is tangent to M and 0 where it is normal, at critical points. A run
    measures it in the metric of its loss, |P s| / |s|, a flow in that of its manifold; for half the
    squared error and the dot product the two are one, |P g| / |g|. Arguments and errors are those
    of `loss_curve`; fits do not measure it.
    """
    drawn = courses(runs)
    return _draw(drawn, quantity(drawn, "tangent cosine"), ax, against, "tangent cosine")


def damping_curve(runs: Runs, ax: Axes | None = None, *, against: str | None = None) -> Axes:
    """Draw the damping of every step, or along a flow, on a logarithmic axis.

    Steps without damping are not drawn, and the legend says how many they are; where no step is
    damped the axis is linear. Arguments and errors are those of `loss_curve`; fits do not record
    it.
    """
    drawn = courses(runs)
    values = quantity(drawn, "damping")
    return _draw(drawn, values, ax, against, "damping", hidden_as="without damping")


def least_eigenvalue_curve(
    runs: Runs, ax: Axes | None = None, *, against: str | None = None
) -> Axes:
    """Draw the least eigenvalue of the kernel or of the Gram matrix along flows.

    Arguments and errors are those of `loss_curve`; flows alone measure it
    (`Trajectory.least_eigenvalues`), `spectrum_along` draws it for any run.
    """
    drawn = courses(runs)
    values = quantity(drawn, "least eigenvalue")
    return _draw(drawn, values, ax, against, r"least eigenvalue $\lambda_{\min}$")


def _draw(
    drawn: list[Course],
    values: list[np.ndarray],
    ax: Axes | None,
    against: str | None,
    ylabel: str,
    logarithmic: bool = True,
    floors: list[float] | None = None,
    hidden_as: str = "at or below zero",
) -> Axes:
    """Draw a line a course; on a logarithmic axis without the values up to their floor.

    Where no floors are given and no value is above zero the axis is linear after all.
    """
    place = common_axis(drawn, against)
    axes = axes_or_new(ax)
    lowest = [0.0] * len(drawn) if floors is None else floors
    above = [own > floor for own, floor in zip(values, lowest, strict=True)]
    logarithmic &= floors is not None or any(np.any(there) for there in above)
    for k, (course, own, there) in enumerate(zip(drawn, values, above, strict=True)):
        shown = np.where(there, own, np.nan) if logarithmic else own
        options = look(k, np.count_nonzero(np.isfinite(shown)))
        axes.plot(course.places[place], shown, label=course.label, **options)
        if np.all(np.isnan(own)):
            remark(axes, "not measured" + ("" if course.label is None else f": {course.label}"))
    if logarithmic:
        axes.set_yscale("log")
        if not any(np.any(there) for there in above):
            ends = np.concatenate([course.places[place] for course in drawn])
            axes.set_xlim(ends.min(), max(ends.max(), ends.min() + 1))
        _tell_hidden(axes, values, above, hidden_as)
    if place in ("iteration", "evaluations"):
        whole_numbers(axes.xaxis)
    finish(axes, AXES[place], ylabel)
    return axes


def _tell_hidden(
    axes: Axes, values: list[np.ndarray], above: list[np.ndarray], hidden_as: str
) -> None:
    """Say in the legend how many values a logarithmic axis does not show."""
    pairs = zip(values, above, strict=True)
    hidden = sum(int(np.count_nonzero(~there & ~np.isnan(own))) for own, there in pairs)
    if hidden:
        words = f"{hidden} {'point' if hidden == 1 else 'points'} {hidden_as} not drawn"
        remark(axes, fill(words, _LINE))


def _is_wide(losses: list[np.ndarray]) -> bool:
    """Whether a logarithmic axis shows more of the losses than a linear one."""
    together = np.concatenate(losses)
    together = together[np.isfinite(together)]
    positive = together[together > 0]
    if positive.size == 0 or np.any(together < 0):
        return False
    return bool(positive.max() > _WIDE * positive.min())
