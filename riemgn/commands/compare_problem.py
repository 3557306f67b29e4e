"""What `riemgn compare` runs its methods on: a network's training loss on a data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from riemgn.arguments import positive
from riemgn.datasets import Dataset
from riemgn.evaluation import natural_loss, outputs_for
from riemgn.fitting.targets import learn_target
from riemgn.losses import DirectSumLoss, SquaredLoss
from riemgn.manifolds import ImmersedManifold, Point
from riemgn.networks import Network
from riemgn.problem import Problem
from riemgn.scaling import Standardiser


@dataclass(frozen=True, eq=False)
class Trained:
    """A network's training loss on a data set, summed over rows, with a ridge.

    Attributes:
        problem: The loss on the manifold of outputs, which a ridge extends by the weights.
        network: The network.
        data: The name of the rows.
        rows: Their number.
        loss: The name of the loss.
        ridge: The strength of the ridge on |w|^2 / 2.
    """

    problem: Problem
    network: Network
    data: str
    rows: int
    loss: str
    ridge: float

    def start(self, seed: int) -> Point:
        """Return the network's initialisation of a seed."""
        return self.problem.manifold.point(self.network.init(seed))

    @property
    def title(self) -> str:
        """The data, the network and the loss in a line."""
        return f"{self.data}: {self.description}"

    @property
    def description(self) -> str:
        """The rows, the network and the loss in a line."""
        shape, p = "-".join(map(str, self.network.widths)), self.network.dim
        return (
            f"{self.rows} rows, network {shape} ({self.network.activation.name}, {p} weights), "
            f"{self.loss} loss, ridge {self.ridge:g}"
        )


def trained(
    data: Dataset, hidden: Sequence[int], activation: str, loss: str, ridge: float
) -> Trained:
    """Return the problem of training a network on all rows of a data set.

    Inputs and targets are standardised as `riemgn.fit` does it. The ridge is on the squared length
    of the weights, so that the problem is the same from every start.

    Args:
        data: The rows.
        hidden: The widths of the hidden layers.
        activation: The name of the activation.
        loss: A name of `riemgn.fitting.targets.LOSSES`, or "auto".
        ridge: Its strength, at least 0.

    Raises:
        ValueError: An argument is not legal.
    """
    strength = positive("ridge", ridge, allow_zero=True)
    if loss == "auto":
        loss = natural_loss(data, data.y)
    network = Network([data.X.shape[1], *hidden, outputs_for(loss, data.y)], activation)
    target = learn_target(loss, data.y, network.outputs)
    immersion = network.immersion(Standardiser.of(data.X).forward(data.X))
    own = target.loss(target.rows)
    if strength > 0:
        immersion = immersion.ridged(strength, np.zeros(network.dim))
        own = DirectSumLoss(own, SquaredLoss(np.zeros(network.dim)))
    problem = Problem(ImmersedManifold(immersion), own)
    return Trained(problem, network, data.name, len(data.X), target.kind, strength)
