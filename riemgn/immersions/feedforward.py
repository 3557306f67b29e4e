"""A feedforward network on fixed inputs, as an immersion of its weights."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from riemgn.arguments import matrix, positive, real_array, vector
from riemgn.immersions.blocks import BlockedJet
from riemgn.immersions.derivative_bounds import BoundsOnBall, DerivativeBounds, NetworkBounds
from riemgn.immersions.feedforward_jet import FeedforwardJet
from riemgn.immersions.immersion import StructuredImmersion
from riemgn.immersions.jet import Jet
from riemgn.immersions.outputs import finite
from riemgn.immersions.propagation import propagate
from riemgn.linalg import BufferPool

if TYPE_CHECKING:
    from riemgn.networks import Network

MEMORY_BUDGET = 2 * 2**30
_BLOCK = 8 * 2**20  # bytes of a row block of the Jacobian: it stays in the cache while it is used
_FLOAT = 8


class FeedforwardImmersion(StructuredImmersion):
    """The outputs of a network on n / k samples, flat sample by sample, as its weights move.

    Args:
        network: A `riemgn.Network`.
        X: Inputs, (samples, network.inputs); with a single input also (samples,).
        memory_budget: Bytes that a Jacobian may take. A larger one with p <= n is never held:
            its row blocks are made, used and forgotten.
    """

    def __init__(self, network: Network, X, memory_budget: float = MEMORY_BUDGET) -> None:
        self.network = network
        X = real_array("X", X, ndim=(1, 2) if network.inputs == 1 else 2)
        if X.ndim == 1:
            X = X[:, None]
        self.inputs = np.ascontiguousarray(matrix("X", X, network.inputs).T)
        self.dim = network.dim
        self.ambient_dim = self.inputs.shape[1] * network.outputs
        self.memory_budget = positive("memory_budget", memory_budget)
        self.pool = BufferPool()
        self.kernel_pool = BufferPool(most=3)

    @property
    def streams(self) -> bool:
        """Whether the Jacobian is too large to be held."""
        size = _FLOAT * self.dim * self.ambient_dim
        return self.dim <= self.ambient_dim and size > self.memory_budget

    def at(self, w) -> Jet:
        w = vector("w", w, self.dim)
        return BlockedJet(self, w, self._parts) if self.streams else FeedforwardJet(self, w)

    @cached_property
    def _parts(self) -> list[FeedforwardImmersion]:
        """The immersions of consecutive rows of inputs, each with a Jacobian of `_BLOCK` bytes."""
        samples = self.inputs.shape[1]
        rows = max(int(_BLOCK / (_FLOAT * self.dim * self.network.outputs)), 1)
        parts = []
        for start in range(0, samples, rows):
            inputs = self.inputs[:, start : start + rows]
            part = FeedforwardImmersion(self.network, inputs.T, 2 * _BLOCK)
            part.pool = self.pool
            parts.append(part)
        return parts

    @property
    def output_scale(self) -> float:
        """The network's scale alpha."""
        return self.network.scale

    def derivative_bounds(self, w, radius: float) -> DerivativeBounds:
        """Return bounds from the norms of weights and layer inputs (see `NetworkBounds`).

        They are infinite where a bound of the activation's derivatives is.
        """
        radius = positive("radius", radius, allow_zero=True)
        return NetworkBounds(self, vector("w", w, self.dim))(radius)

    def derivative_bounds_in(self, w, frame) -> BoundsOnBall:
        w, A = vector("w", w, self.dim), matrix("frame", frame)
        plain, framed = NetworkBounds(self, w), NetworkBounds(self, w, A)
        length = float(np.linalg.norm(A, 2))
        return lambda r: plain(length * r).stretched(length).least(framed(r))

    def scaled(self, alpha: float) -> FeedforwardImmersion:
        return self._with(self.network.scaled(alpha))

    def centred(self, w0) -> FeedforwardImmersion:
        return self._with(self.network.centred(w0))

    def _with(self, network: Network) -> FeedforwardImmersion:
        return FeedforwardImmersion(network, self.inputs.T, self.memory_budget)

    def damping_scale(self, w0: np.ndarray) -> None:
        """A network's weights are commensurate: damping is measured by the identity."""

    def random_params(self, generator: np.random.Generator) -> np.ndarray:
        return self.network.init(generator)

    @cached_property
    def centre(self) -> np.ndarray | None:
        """The raw outputs (k, samples) at the network's reference; None where there is none."""
        reference = self.network.reference
        if reference is None:
            return None
        layers = self.network.unflatten(reference)
        with np.errstate(all="ignore"):
            raw = propagate(layers, self.network.activation, self.inputs).pre[-1]
        return finite("the output at the network's reference", raw, reference)

    @cached_property
    def input_kernel(self) -> np.ndarray:
        """X X^T + 1, (samples, samples): the first layer's share of every tangent kernel."""
        return self.inputs.T @ self.inputs + 1.0

    def __repr__(self) -> str:
        return f"FeedforwardImmersion({self.network!r}, R^{self.dim} -> R^{self.ambient_dim})"
