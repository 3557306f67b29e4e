"""A hundred network fits of all sizes: each is drawn from one generator, seeded by its index."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from riemgn.arguments import generator, integer
from riemgn.networks import Network

COUNT = 100
DEPTHS = (1, 2, 3)
LEAST_RATIO, GREATEST_RATIO = 0.05, 20.0
LEAST_SAMPLES, MOST_SAMPLES = 30, 400
MOST_PARAMETERS = 1500
MOST_WORK = 3e7  # max(n, p) min(n, p)^2, of which a dense factorisation takes a multiple
GREATEST_NOISE = 0.2
LEAST_SCALE, GREATEST_SCALE = 0.5, 64.0
_LEAST_PARAMETERS = 20


@dataclass(frozen=True)
class NetworkFit:
    """A least-squares fit of a tanh network with one output.

    Attributes:
        index: What its draws were seeded with.
        network: The network, scaled and centred at its start.
        X: Inputs, (n, inputs).
        y: Targets, (n,).
        start: Parameters, (p,).
        noise: The noise's standard deviation as a share of the clean targets'.
    """

    index: int
    network: Network
    X: np.ndarray
    y: np.ndarray
    start: np.ndarray
    noise: float

    @property
    def hidden_layers(self) -> int:
        """The number of hidden layers, the fit's depth."""
        return self.network.depth - 1

    @property
    def n(self) -> int:
        """The number of samples."""
        return self.y.size

    @property
    def p(self) -> int:
        """The number of parameters."""
        return self.network.dim


def network_fit(index: int) -> NetworkFit:
    """Return the fit of an index, the same on every machine.

    The depth is 1 to 3 hidden layers in turn. p/n goes in steps of equal ratio from 0.05 to 20, in
    an order that mixes it with the depth, and is met up to the nearest width. n is drawn from 30 to
    400, within what `MOST_PARAMETERS`, `MOST_WORK` and the smallest networks allow. Noise is
    uniform up to 20 %, but every fifth fit has none; the output scale is log-uniform from 0.5 to
    64. Targets are a smooth function of standard normal inputs: a sine of a projection, a product,
    and a bump, standardised.

    Raises:
        TypeError: `index` is no integer.
        ValueError: It is negative.
    """
    draws = generator(integer("index", index, least=0))
    hidden_layers = DEPTHS[index % len(DEPTHS)]
    ratio = LEAST_RATIO * (GREATEST_RATIO / LEAST_RATIO) ** (index * 37 % COUNT / (COUNT - 1))
    n = _samples(ratio, draws)
    inputs = int(draws.integers(1, 6)) if ratio * n > 60 else int(draws.integers(1, 3))
    X = draws.standard_normal((n, inputs))
    clean = _smooth(X, draws)
    noise = 0.0 if index % 5 == 0 else float(draws.uniform(0.0, GREATEST_NOISE))
    y = clean + noise * draws.standard_normal(n)
    scale = float(np.exp(draws.uniform(np.log(LEAST_SCALE), np.log(GREATEST_SCALE))))
    network = Network(_widths(inputs, hidden_layers, ratio * n))
    start = network.init(draws)
    return NetworkFit(index, network.scaled(scale).centred(start), X, y, start, noise)


def network_fits() -> list[NetworkFit]:
    """Return all hundred."""
    return [network_fit(index) for index in range(COUNT)]


def _samples(ratio: float, draws: np.random.Generator) -> int:
    """Draw n so that p = ratio n is neither too small for a network nor too dear."""
    affordable = (MOST_WORK / (ratio if ratio >= 1 else ratio**2)) ** (1 / 3)
    least = max(LEAST_SAMPLES, int(np.ceil(_LEAST_PARAMETERS / ratio)))
    most = min(MOST_SAMPLES, int(MOST_PARAMETERS / ratio), int(affordable))
    return int(draws.integers(min(least, most), max(least, most) + 1))


def _smooth(X: np.ndarray, draws: np.random.Generator) -> np.ndarray:
    """Return a smooth function of the inputs (n, inputs), of mean 0 and deviation 1, (n,)."""
    a, b, c = draws.standard_normal((3, X.shape[1]))
    z = np.sin(X @ a) + 0.3 * (X @ b) * np.tanh(X @ c) + np.exp(-0.5 * np.sum((X - b) ** 2, axis=1))
    return (z - z.mean()) / z.std()


def _widths(inputs: int, hidden_layers: int, p: float) -> tuple[int, ...]:
    """Return widths with one output and equal hidden layers whose number of parameters is near p.

    The last hidden layer takes what the others leave.
    """
    width = 1
    while _parameters(_equal(inputs, hidden_layers, width + 1)) <= p:
        width += 1
    equal = _equal(inputs, hidden_layers, width)
    options = [(*equal[:-2], last, 1) for last in range(width, 2 * width + 3)]
    return min(options, key=lambda widths: abs(_parameters(widths) - p))


def _equal(inputs: int, hidden_layers: int, width: int) -> tuple[int, ...]:
    return (inputs, *[width] * hidden_layers, 1)


def _parameters(widths: tuple[int, ...]) -> int:
    return sum((fan_in + 1) * fan_out for fan_in, fan_out in pairwise(widths))
