"""What outputs come to that are the same in every row: the least that a network must do better."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from riemgn.fitting.training import HeldOut, Limits, Training
from riemgn.networks import Network

_LIMITS = Limits(iterations=20, tolerance=1e-6)
_RIDGE = 1.0  # as much as one row, for classes that are absent from the training rows


class ConstantLosses(NamedTuple):
    """Losses a row of outputs that are the same in every row.

    Attributes:
        training: On the training rows, of the constant that serves them best.
        held_out: On the rows held out, of that constant or of the start's, whichever is less.
    """

    training: float
    held_out: float


def constant_losses(training: Training, held_out: HeldOut) -> ConstantLosses:
    """Return the losses of constant outputs.

    Those of the start, zero, are the centre of all targets, which few training rows may miss by
    more than there is to learn.
    """
    network = Network((1, training.network.outputs))
    rows = training.immersion.ambient_dim // network.outputs
    start, nothing = np.zeros(network.dim), np.zeros((rows, 1))
    constant = Training(network, start, nothing, training.loss, "auto", training.weight)
    result = constant.minimise(_RIDGE, _LIMITS)
    held = HeldOut(np.zeros((len(held_out.X), 1)), held_out.loss, held_out.weight)
    held_out_losses = (held.mean_loss(network, params) for params in (start, constant.params))
    return ConstantLosses(constant.mean_loss(np.asarray(result.point)), min(held_out_losses))
