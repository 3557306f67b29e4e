"""Results of optimizers and trajectories of flows in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from riemgn.display.numbers import from_to, number
from riemgn.markup import Markup, card, duration, sparkline, told

if TYPE_CHECKING:
    from riemgn.flows import Trajectory
    from riemgn.optimizers.results import Result


def result_card(result: Result) -> str:
    """Return what a run came to, and the losses on the way."""
    costs = np.array([record.cost for record in result.history], dtype=np.float64)
    cosine = None if result.optimality is None else result.optimality.tangent_cosine
    rows = [
        ("cost", number(result.cost, 9)),
        ("gradient norm", number(result.gradient_norm, 3)),
        ("tangent cosine", number(cosine, 3)),
        ("iterations", told(result.iterations)),
        ("evaluations", told(result.cost_evaluations)),
        ("time", duration(result.time)),
        ("success", told(bool(result.success))),
        ("ended", result.ended),
        *loss_line(costs),
    ]
    return card("Result", rows)


def trajectory_card(flow: Trajectory) -> str:
    """Return how far a flow went, and the losses on the way."""
    n, p = flow.outputs.shape[1], flow.params.shape[1]
    rows = [
        ("times", f"{from_to(flow.times)} ({len(flow)} kept)"),
        ("outputs n", str(n)),
        ("parameters p", str(p)),
        ("losses", from_to(flow.losses)),
        ("gradient norms", from_to(flow.gradient_norms)),
        ("evaluations", told(flow.evaluations)),
        ("time", duration(flow.seconds)),
        ("completed", told(bool(flow.completed))),
        ("ended", flow.ending),
        *loss_line(flow.losses, flow.times),
    ]
    return card("Trajectory", rows)


def loss_line(losses: np.ndarray, times: np.ndarray | None = None) -> list[tuple[str, Markup]]:
    """Return a row with a sparkline of losses (m,), logarithmic unless one is negative.

    There is none where fewer than two losses can be drawn.
    """
    logarithmic = not np.any(losses < 0)
    scale = "logarithm of the loss" if logarithmic else "loss"
    line = sparkline(losses, f"{scale}, {from_to(losses)}", logarithmic, times)
    return [("loss, logarithmic" if logarithmic else "loss", line)] if line else []
