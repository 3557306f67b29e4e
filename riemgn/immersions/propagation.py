"""The forward pass of a network, in transposed layout: activations are (width, samples)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from riemgn.activations import Activation

Layers = list[tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Propagation:
    """One forward pass: pre-activations and activations of every layer, each (width, samples).

    `post[0]` holds the inputs, `post[l]` what enters layer l + 1; `pre[-1]` are the raw outputs.
    """

    pre: list[np.ndarray]
    post: list[np.ndarray]


def propagate(layers: Layers, activation: Activation, inputs: np.ndarray) -> Propagation:
    """Return the forward pass of a network's layers over inputs (width, samples)."""
    pre, post = [], [inputs]
    for W, b in layers[:-1]:
        Z = W @ post[-1]
        Z += b[:, None]
        pre.append(Z)
        post.append(activation.value(Z))
    W, b = layers[-1]
    pre.append(W @ post[-1] + b[:, None])
    return Propagation(pre, post)
