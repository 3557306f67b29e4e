"""The figure of a flow."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from riemgn.plotting.curves import (
    gradient_norm_curve,
    least_eigenvalue_curve,
    loss_curve,
    tangent_cosine_curve,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from riemgn.flows import Trajectory


def flow_figure(flow: Trajectory, least_loss: float | None = None) -> Figure:
    """Return a figure of a flow: its loss, gradient, tangent cosine and least eigenvalue over time.

    Args:
        flow: A trajectory.
        least_loss: The loss that it tends to; the gap to it is drawn in place of the loss.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 6), layout="constrained", dpi=150)
    figure.get_layout_engine().set(w_pad=0.1, h_pad=0.1)  # inches
    loss, gradient, cosine, eigenvalue = panels = figure.subplots(2, 2, sharex=True).ravel()
    loss_curve(flow, loss, least_loss=least_loss)
    gradient_norm_curve(flow, gradient)
    tangent_cosine_curve(flow, cosine)
    least_eigenvalue_curve(flow, eigenvalue)
    for axes in panels[:2]:
        axes.set_xlabel("")
    if not flow.completed:
        figure.suptitle(textwrap.fill(flow.ending, 110), fontsize=9)
    return figure
