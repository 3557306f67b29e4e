"""Proved bounds of the second and third derivative of an immersion on a ball of parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from riemgn.immersions.propagation import propagate
from riemgn.immersions.seminorms import (
    LayerBounds,
    LayerNorms,
    SeminormsInFrame,
    extended,
    symmetric,
)

if TYPE_CHECKING:
    from riemgn.immersions.feedforward import FeedforwardImmersion

ROUNDING = 1e-10  # share by which bounds are raised, above what rounding can have lost


@dataclass(frozen=True)
class DerivativeBounds:
    """Upper bounds of derivatives of a map, over a ball of its parameters and unit vectors xi.

    Attributes:
        second: Of |D^2 f[xi, xi]|, in outputs; infinity allowed.
        third: Of |D^3 f[xi, xi, xi]|, in outputs; infinity allowed.
    """

    second: float
    third: float

    def scaled(self, alpha: float) -> DerivativeBounds:
        """Return the bounds of alpha times the map."""
        return DerivativeBounds(alpha * self.second, alpha * self.third)

    def stretched(self, length: float) -> DerivativeBounds:
        """Return the bounds for vectors xi of a length."""
        if length == 0:
            return DerivativeBounds(0.0, 0.0)
        return DerivativeBounds(length**2 * self.second, length**3 * self.third)

    def least(self, other: DerivativeBounds) -> DerivativeBounds:
        """Return the better of two bounds of the same map, one by one."""
        return DerivativeBounds(min(self.second, other.second), min(self.third, other.third))


UNKNOWN = DerivativeBounds(np.inf, np.inf)

BoundsOnBall = Callable[[float], DerivativeBounds]


class NetworkBounds:
    """radius -> bounds of a network's derivatives on that ball about w.

    For the layers z_l = W_l h_{l-1} + b_l, h_l = sigma(z_l), H~ the inputs of a layer with a row of
    ones, and a direction whose part in layer l has norm t_l, let F_l and p_l bound Dz_l[xi] over
    all samples (Frobenius) and over each single one, and S_l and U_l the second and the third
    derivative of z_l along xi (Frobenius). With s1, s2, s3 the suprema of sigma', sigma'', sigma'''
    in size and c_l the largest norm of a column of W_l,

        F_l = t_l |H~_{l-1}| + |W_l| s1 F_{l-1},   p_l = t_l max_i |h~_i| + |W_l| s1 p_{l-1},
        S_l = 2 t_l s1 F_{l-1} + s2 c_l p_{l-1} F_{l-1} + |W_l| s1 S_{l-1},
        U_l = 3 t_l (s2 p F + s1 S)_{l-1} + c_l (s3 p^2 F + 3 s2 p S)_{l-1} + |W_l| s1 U_{l-1}.

    They follow from D^2 z_l = 2 dW_l (sigma' Dz) + W_l (sigma'' (Dz)^2 + sigma' D^2 z), likewise
    D^3 z_l, and |W (a v^2)| <= sum_j |W_j| |a_j| v_j^2 <= max|a| c |v|^2 for each sample, where the
    fourth powers of the |v| add up to at most p^2 F^2. On the ball, where the part of w in layer l
    moves by at most r_l, |W_l| and c_l grow by r_l, and |H~_l| and max_i |h~_i| by s1 times the
    radius times the suprema of F_l and p_l; a bounded sigma bounds them besides. F_l and p_l are
    linear and S_l is a quadratic form in the norms t_l, with coefficients that are not negative:
    its supremum over directions is bounded by `riemgn.immersions.seminorms`. In a frame the first
    derivatives at w itself are known, and the sum of one and the radius times S_l replaces F_l or
    p_l where it is less. Derived here (docs/theory.md, section 4).

    Args:
        immersion: The network on its samples.
        w: The centre of the ball (p,).
        frame: A (p, q): the bounds are of z -> f(w + A z); None for the identity.
    """

    def __init__(
        self, immersion: FeedforwardImmersion, w: np.ndarray, frame: np.ndarray | None = None
    ) -> None:
        network = immersion.network
        self._activation, self._scale = network.activation, network.scale
        layers = network.unflatten(w)
        self._spectral = [float(np.linalg.norm(W, 2)) for W, _ in layers]
        self._column = [float(np.sqrt(np.sum(W**2, axis=0).max())) for W, _ in layers]
        passed = propagate(layers, self._activation, immersion.inputs)
        self._inputs = [InputNorms.of(H) for H in passed.post]
        if frame is None:
            self._norms = LayerNorms(network.depth)
        else:
            self._norms = SeminormsInFrame(network, w, passed, frame)

    def __call__(self, radius: float) -> DerivativeBounds:
        depth, sigma = len(self._spectral), self._activation
        if depth == 1:
            return DerivativeBounds(0.0, 0.0)
        if not np.isfinite(sigma.slope_bound + sigma.curvature_bound):
            return DerivativeBounds(np.inf, np.inf)
        zero = np.zeros(self._norms.count)
        layer = LayerBounds(zero, zero, np.outer(zero, zero), 0.0)
        for l in range(depth):
            layer = self._norms.sharpened(l, self._next(l, layer, radius), radius)
        second = self._norms.largest_quadratic(layer.second)
        third = layer.third if np.isfinite(sigma.third_bound) else np.inf
        return DerivativeBounds(second, third).scaled(self._scale * (1 + ROUNDING))

    def _next(self, l: int, below: LayerBounds, radius: float) -> LayerBounds:
        """The bounds of layer l + 1 from those of layer l, which are zero for the inputs, l = 0."""
        norms, sigma = self._norms, self._activation
        s1, s2 = sigma.slope_bound, sigma.curvature_bound
        s3 = sigma.third_bound if np.isfinite(sigma.third_bound) else 0.0
        t, moved = norms.part(l), radius * norms.sizes[l]
        spectral, column = self._spectral[l] + moved, self._column[l] + moved
        F, p = norms.largest_linear(below.whole), norms.largest_linear(below.single)
        S, U = norms.largest_quadratic(below.second), below.third
        inputs = self._inputs[l]
        if l > 0:
            inputs = inputs.moved(s1 * radius * F, s1 * radius * p, sigma.bound)
        third = 3 * norms.sizes[l] * (s2 * p * F + s1 * S) + spectral * s1 * U
        return LayerBounds(
            whole=inputs.whole * t + spectral * s1 * below.whole,
            single=inputs.single * t + spectral * s1 * below.single,
            second=2 * s1 * symmetric(t, below.whole)
            + s2 * column * symmetric(below.single, below.whole)
            + spectral * s1 * below.second,
            third=float(third + column * (s3 * p**2 * F + 3 * s2 * p * S)),
        )


@dataclass(frozen=True)
class InputNorms:
    """The norms of a layer's inputs H~: of all samples (spectral), and the largest of one."""

    whole: float
    single: float
    shape: tuple[int, int]

    @classmethod
    def of(cls, H: np.ndarray) -> InputNorms:
        """Return them for inputs (width, samples)."""
        inputs = extended(H)
        single = float(np.sqrt(np.sum(inputs**2, axis=0).max()))
        return cls(float(np.linalg.norm(inputs, 2)), single, H.shape)

    def moved(self, whole: float, single: float, bound: float) -> InputNorms:
        """Return bounds of them where H moves by so much and its entries stay below a bound."""
        width, samples = self.shape
        saturated = np.sqrt(1 + width * bound**2)
        return InputNorms(
            min(self.whole + whole, np.sqrt(samples) * saturated),
            min(self.single + single, saturated),
            self.shape,
        )
