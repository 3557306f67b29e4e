"""The figure of a flow."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np

from riemgn.plotting.fits import ALL_ROWS, HELD_OUT, MUTED, TRAINING

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
    panels = figure.subplots(2, 2, sharex=True).ravel()
    first = flow.losses if least_loss is None else flow.losses - least_loss
    drawn = (
        ("loss" if least_loss is None else "gap to the least loss", first, TRAINING),
        ("norm of the gradient on M", flow.gradient_norms, ALL_ROWS),
        ("tangent cosine", flow.tangent_cosines, HELD_OUT),
        (r"least eigenvalue $\lambda_{\min}$", flow.least_eigenvalues, MUTED),
    )
    for axes, (name, values, colour) in zip(panels, drawn, strict=True):
        axes.plot(flow.times, np.where(values > 0, values, np.nan), color=colour)
        axes.set_yscale("log")
        axes.set_ylabel(name)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25, linewidth=0.6)
    for axes in panels[2:]:
        axes.set_xlabel("time")
    if not flow.completed:
        figure.suptitle(textwrap.fill(flow.ending, 110), fontsize=9)
    return figure
