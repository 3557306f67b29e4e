"""Norms of what a direction does to the layers of a network, and suprema of forms in them.

The forms have coefficients that are not negative: c^T y and y^T M y, M symmetric, in norms y of
the parts of a direction.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from riemgn.immersions.propagation import Propagation
    from riemgn.networks import Network

_CHUNK = 2**22  # floats of intermediate arrays


@dataclass(frozen=True)
class LayerBounds:
    """Bounds of a layer's derivatives along a direction with the norms y.

    Attributes:
        whole: F, the first derivative over all samples, a linear form in y.
        single: p, that over each sample, a linear form in y.
        second: S, the second derivative over all samples, a quadratic form in y.
        third: U, the third one over all samples, for unit directions.
    """

    whole: np.ndarray
    single: np.ndarray
    second: np.ndarray
    third: float


class LayerNorms:
    """The norms t_l of the layers' parts of a direction in R^p, which are orthogonal.

    Args:
        depth: The number of layers.
    """

    def __init__(self, depth: int) -> None:
        self.sizes = np.ones(depth)
        self.count = depth

    def part(self, l: int) -> np.ndarray:
        """The linear form t_{l+1}."""
        return np.eye(self.count)[l]

    def sharpened(self, l: int, layer: LayerBounds, radius: float) -> LayerBounds:
        """The bounds of layer l + 1 with what else is known of it: here nothing."""
        return layer

    def largest_linear(self, c: np.ndarray) -> float:
        """The supremum of c^T t."""
        return float(np.linalg.norm(c))

    def largest_quadratic(self, M: np.ndarray) -> float:
        """The supremum of t^T M t, the largest eigenvalue: its eigenvector is not negative."""
        return float(np.linalg.eigvalsh(M)[-1])


class SeminormsInFrame:
    """Seminorms of z (q,) of a network at w, whose parameters move by A z.

    In order: |z|; t_l = |A_l z| for each layer l, A_l its rows; and |Dz_l(w)[A z]| (Frobenius) for
    each hidden layer. The derivatives in the last are those at w itself.

    Args:
        network: The network.
        w: Its parameters (p,).
        passed: Its forward pass at w.
        frame: A, (p, q).
    """

    def __init__(
        self, network: Network, w: np.ndarray, passed: Propagation, frame: np.ndarray
    ) -> None:
        parts = [frame[s.weights.start : s.biases.stop] for s in network.layer_slices]
        q, hidden = frame.shape[1], network.depth - 1
        grams, self._singles = np.zeros((hidden, q, q)), np.zeros(hidden)
        for l, moved in _hidden_derivatives(network, w, passed, parts):
            flat = moved.reshape(-1, q)
            grams[l] += flat.T @ flat
            self._singles[l] = max(self._singles[l], _largest_norm(moved))
        self.sizes = np.array([np.linalg.norm(A, 2) for A in parts])
        hidden_sizes = [np.sqrt(np.linalg.eigvalsh(G)[-1]) for G in grams]
        self._largest = np.concatenate([[1.0], self.sizes, hidden_sizes])
        self.count = self._largest.size

    def part(self, l: int) -> np.ndarray:
        """The linear form t_{l+1}."""
        return self._unit(1 + l)

    def sharpened(self, l: int, layer: LayerBounds, radius: float) -> LayerBounds:
        """The bounds of the hidden layer l + 1, its first derivative the better of two.

        It is at most that at w and the radius times the second derivative.
        """
        if l == self._singles.size:
            return layer
        change = radius * self.largest_quadratic(layer.second) if radius > 0 else 0.0
        whole = self._unit(1 + self.sizes.size + l) + change * self._unit(0)
        single = (self._singles[l] + change) * self._unit(0)
        return replace(
            layer, whole=self._less(whole, layer.whole), single=self._less(single, layer.single)
        )

    def largest_linear(self, c: np.ndarray) -> float:
        """A bound of c^T y: each norm at its largest."""
        return float(c @ self._largest)

    def largest_quadratic(self, M: np.ndarray) -> float:
        """A bound of y^T M y: each norm at its largest."""
        return float(self._largest @ M @ self._largest)

    def _less(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return a if self.largest_linear(a) <= self.largest_linear(b) else b

    def _unit(self, k: int) -> np.ndarray:
        unit = np.zeros(self.count)
        unit[k] = 1.0
        return unit


def symmetric(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the symmetric matrix of the quadratic form (a^T y) (b^T y)."""
    product = np.outer(a, b)
    return 0.5 * (product + product.T)


def extended(H: np.ndarray) -> np.ndarray:
    """Return a layer's inputs (width, samples) with a row of ones for its biases."""
    return np.vstack([H, np.ones(H.shape[1])])


def _hidden_derivatives(
    network: Network, w: np.ndarray, passed: Propagation, parts: list[np.ndarray]
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield l with Dz_{l+1}[A z] as (samples, width, q), for parts of the samples in turn."""
    layers, sigma = network.unflatten(w), network.activation
    tensors = [_neurons(A, W.shape[1] + 1) for A, (W, _) in zip(parts, layers, strict=True)]
    samples, q = passed.post[0].shape[1], parts[0].shape[1]
    step = max(_CHUNK // (max(network.widths) * q), 1)
    for start in range(0, samples, step):
        chunk, below = slice(start, start + step), None
        for l, (W, _) in enumerate(layers[:-1]):
            inputs = extended(passed.post[l][:, chunk])
            moved = np.einsum("jaq,ai->ijq", tensors[l], inputs, optimize=True)
            if below is not None:
                moved += W @ below
            yield l, moved
            Z, H = passed.pre[l][:, chunk], passed.post[l + 1][:, chunk]
            below = sigma.first(Z, H).T[:, :, None] * moved


def _neurons(A: np.ndarray, inputs: int) -> np.ndarray:
    """The rows of a layer as (neurons, inputs with the bias, q)."""
    neurons = A.shape[0] // inputs
    weights = A[: neurons * (inputs - 1)].reshape(neurons, inputs - 1, -1)
    return np.concatenate([weights, A[neurons * (inputs - 1) :, None]], axis=1)


def _largest_norm(stack: np.ndarray) -> float:
    """The largest spectral norm of matrices (i, j, q)."""
    if stack.shape[1] > stack.shape[2]:
        stack = stack.transpose(0, 2, 1)
    values = np.linalg.eigvalsh(stack @ stack.transpose(0, 2, 1))
    return float(np.sqrt(max(values[:, -1].max(), 0.0)))
