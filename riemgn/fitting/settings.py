"""What a fit begins with: its initial parameters, its ridge, and its share of held-out rows."""

from __future__ import annotations

from numbers import Real

import numpy as np

from riemgn.arguments import choice, positive
from riemgn.networks import Network

DEFAULT_SHARE = 0.2


def initial_params(network: Network, draws: np.random.Generator) -> np.ndarray:
    """Return the network's centre, or its initialisation with the output layer at zero."""
    if network.reference is not None:
        return network.reference
    start = network.init(draws)
    layer = network.layer_slices[-1]
    start[layer.weights] = start[layer.biases] = 0.0
    return start


def regularisation(ridge: float | str, validation: float | None) -> tuple[float | None, float]:
    """Return the strength of the ridge, None where it is to be chosen, and the held-out share.

    Raises:
        TypeError: One is of another type.
        ValueError: The ridge is negative, the share is not in [0, 0.5], or the ridge is "auto"
            with a share of 0.
    """
    given = isinstance(ridge, Real)
    if validation is None:
        share = 0.0 if given else DEFAULT_SHARE
    else:
        share = positive("validation", validation, allow_zero=True)
    if share > 0.5:
        raise ValueError(f"validation must be in [0, 0.5], got {validation!r}")
    if given:
        return positive("ridge", ridge, allow_zero=True), share
    choice("ridge", ridge, ["auto"], otherwise="a number >= 0")
    if share == 0:
        raise ValueError(
            "ridge 'auto' is chosen on held-out rows: give a validation share > 0, or a ridge"
        )
    return None, share
