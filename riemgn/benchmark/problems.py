"""The networks and data that the benchmark fits: one recipe a name, one problem a seed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from riemgn.arguments import generator
from riemgn.immersions import FeedforwardImmersion
from riemgn.networks import Network

_WEIGHTS = 1.5
_BIASES = 0.45


@dataclass(frozen=True)
class FitProblem:
    """A least-squares fit of a network: `min |f(w) - y|^2 / 2` from a given start.

    Attributes:
        name: The recipe's name.
        seed: What all draws came from.
        network: The network that is fitted.
        X: Inputs, (n, inputs).
        y: Targets, (n,).
        start: Parameters, (p,).
    """

    name: str
    seed: int
    network: Network
    X: np.ndarray
    y: np.ndarray
    start: np.ndarray

    @property
    def shape(self) -> tuple[int, int]:
        """(n, p)."""
        return self.y.size, self.network.dim

    def immersion(self) -> FeedforwardImmersion:
        """Return f as a new immersion, which shares no kept array with another one."""
        return self.network.immersion(self.X)

    def judge(self, w: np.ndarray) -> tuple[float, float]:
        """Return the loss at w and the largest entry of its gradient, |J^T r|_inf."""
        jet = self._judging.at(w)
        residual = jet.outputs - self.y
        return 0.5 * float(residual @ residual), float(np.max(np.abs(jet.vjp(residual))))

    @cached_property
    def _judging(self) -> FeedforwardImmersion:
        return self.immersion()


@dataclass(frozen=True)
class Recipe:
    """How to draw a problem: tanh networks on standard normal inputs.

    A teacher of the same widths makes the targets; the start is 0.7 of the teacher and 0.3 of
    another one. Without a teacher the targets are sin(x.a) + 0.3 x_1 and the start `Network.init`.

    Attributes:
        name: Its name in the tables.
        samples: The number n of samples.
        widths: The network's widths.
        noise: The noise's standard deviation as a share of the clean outputs'.
        has_teacher: Whether a network of the same widths made the targets.
    """

    name: str
    samples: int
    widths: tuple[int, ...]
    noise: float = 0.05
    has_teacher: bool = True

    def problem(self, seed: int) -> FitProblem:
        """Return the problem of a seed, the same on every machine."""
        network, draws = Network(self.widths), generator(seed)
        X = draws.standard_normal((self.samples, network.inputs))
        if self.has_teacher:
            y, start = self._taught(network, X, draws)
        else:
            a = draws.standard_normal(network.inputs)
            y, start = np.sin(X @ a) + 0.3 * X[:, 0], network.init(draws)
        return FitProblem(self.name, seed, network, X, y, start)

    def _taught(self, network: Network, X: np.ndarray, draws: np.random.Generator):
        teacher = drawn_teacher(network, draws)
        clean = network.predict(teacher, X)
        # drawn without noise too: U2 and U2n then share their start
        error = draws.standard_normal(self.samples)
        start = 0.7 * teacher + 0.3 * drawn_teacher(network, draws)
        return clean + self.noise * clean.std() * error, start


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe("U1", 2000, (10, 11, 2, 1)),
        Recipe("U2", 5000, (10, 16, 18, 1), noise=0.0),
        Recipe("U2n", 5000, (10, 16, 18, 1)),
        Recipe("U3", 20000, (10, 12, 12, 1)),
        Recipe("O1", 200, (10, 38, 40, 1), has_teacher=False),
        Recipe("O2", 500, (10, 90, 98, 1), has_teacher=False),
    )
}


def drawn_teacher(network: Network, draws: np.random.Generator) -> np.ndarray:
    """Return parameters (p,): weights of deviation 1.5 / sqrt(fan_in), biases of deviation 0.45."""
    w = draws.standard_normal(network.dim)
    for W, b in network.unflatten(w):
        W *= _WEIGHTS / np.sqrt(W.shape[1])
        b *= _BIASES
    return w
