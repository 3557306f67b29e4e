"""Feedforward networks as descriptions; their parameters are separate flat vectors."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from riemgn.activations import ACTIVATIONS, TANH, Activation, activation
from riemgn.arguments import choice, generator, integer, matrix, positive, real_array, told, vector
from riemgn.display import network_card
from riemgn.immersions.feedforward import FeedforwardImmersion
from riemgn.immersions.outputs import finite
from riemgn.immersions.propagation import propagate

SCHEMES = ("normal", "uniform", "symmetric")
BLOCK = 2**22  # neurons x samples that predict() takes at once: 32 MiB before and 32 after sigma


class LayerSlices(NamedTuple):
    """Where a layer's weights and biases lie in the flat parameter vector."""

    weights: slice
    biases: slice


@dataclass(frozen=True, eq=False, repr=False)
class Network:
    """A fully connected network: its layers, activation, output scale and centre.

    Its outputs are `scale * (phi(w) - phi(reference))`, or `scale * phi(w)` without a reference,
    where phi applies the activation after every layer but the last. A network holds no parameters:
    these are flat vectors `w` of shape (dim,), layer by layer, each layer its weights
    (out x in, row-major) and then its biases, the output layer last.

    Attributes:
        widths: The numbers of inputs, of neurons in each hidden layer, and of outputs.
        activation: A name from `riemgn.activations.ACTIVATIONS`, or an `Activation`.
        scale: The factor alpha > 0 on the outputs; see `scaled`.
        reference: Parameters (dim,) at which the outputs are zero, or None; see `centred`.

    Raises:
        TypeError: A field is of another type, or complex.
        ValueError: There are fewer than two widths or one below 1, the activation is unknown or
            not smooth, `scale` is not positive and finite, or `reference` has another shape or
            holds NaN or infinity.
    """

    widths: tuple[int, ...]
    activation: Activation = TANH
    scale: float = 1.0
    reference: np.ndarray | None = None

    def __post_init__(self):
        object.__setattr__(self, "widths", _widths(self.widths))
        object.__setattr__(self, "activation", activation(self.activation))
        object.__setattr__(self, "scale", positive("scale", self.scale))
        if self.reference is not None:
            reference = vector("reference", self.reference, self.dim)
            reference.flags.writeable = False
            object.__setattr__(self, "reference", reference)

    @property
    def inputs(self) -> int:
        """The number of inputs."""
        return self.widths[0]

    @property
    def outputs(self) -> int:
        """The number of outputs."""
        return self.widths[-1]

    @property
    def depth(self) -> int:
        """The number of layers that carry weights: the hidden ones and the output layer."""
        return len(self.widths) - 1

    @cached_property
    def dim(self) -> int:
        """The number p of parameters."""
        return sum((fan_in + 1) * fan_out for fan_in, fan_out in pairwise(self.widths))

    @cached_property
    def layer_slices(self) -> list[LayerSlices]:
        """Where each layer's weights and biases lie in w, first layer first."""
        slices, start = [], 0
        for fan_in, fan_out in pairwise(self.widths):
            middle = start + fan_in * fan_out
            end = middle + fan_out
            slices.append(LayerSlices(slice(start, middle), slice(middle, end)))
            start = end
        return slices

    def unflatten(self, w) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return each layer's weights (out, in) and biases (out,), as views into `w`.

        Args:
            w: Parameters (dim,). A float64 array of that shape is not examined further, so that
                the views can be had cheaply and of vectors still to be filled.

        Raises:
            TypeError: `w` is complex, or not numbers.
            ValueError: It has another shape.
        """
        if not (isinstance(w, np.ndarray) and w.dtype == np.float64 and w.shape == (self.dim,)):
            w = vector("w", w, self.dim)
        shapes = [(fan_out, fan_in) for fan_in, fan_out in pairwise(self.widths)]
        return [
            (w[layer.weights].reshape(shape), w[layer.biases])
            for layer, shape in zip(self.layer_slices, shapes, strict=True)
        ]

    def init(
        self, seed: int | np.random.Generator | None = None, scheme: str = "normal"
    ) -> np.ndarray:
        """Return random parameters (dim,).

        Scheme "symmetric" makes phi(w) zero by doubling: it draws as "normal" does, then gives the
        second half of the last hidden layer the incoming weights and biases of the first half and
        the negated outgoing weights, with no output biases. Twin neurons make the Jacobian's
        columns linearly dependent, so undamped Gauss-Newton with p < n cannot start there;
        `centred` gives zero outputs too and keeps the rank (docs/theory.md, section 7).

        Args:
            seed: A seed, a Generator to draw from, or None for fresh entropy.
            scheme: "normal" draws weights and biases from N(0, 1 / fan_in), "uniform" from the
                interval (-1, 1) / sqrt(fan_in), and "symmetric" is described above.

        Raises:
            TypeError: `seed` or `scheme` is of another type.
            ValueError: `scheme` is unknown, `seed` is negative, or a symmetric network has no
                hidden layer or an odd number of neurons in its last one.
        """
        scheme = choice("scheme", scheme, SCHEMES)
        if scheme == "symmetric" and (self.depth < 2 or self.widths[-2] % 2):
            raise ValueError(
                'scheme "symmetric" needs a hidden layer, and the last one of even width, '
                f"got widths {list(self.widths)}"
            )
        draws = generator(seed)
        if scheme == "uniform":
            w = draws.uniform(-1.0, 1.0, self.dim)
        else:
            w = draws.standard_normal(self.dim)
        for W, b in self.unflatten(w):
            for part in (W, b):
                part /= math.sqrt(W.shape[1])
        if scheme == "symmetric":
            self._mirror(w)
        return w

    def _mirror(self, w: np.ndarray) -> None:
        """Overwrite half of the last hidden layer in `w` with twins that cancel the others."""
        (W_in, b_in), (W_out, b_out) = self.unflatten(w)[-2:]
        half = self.widths[-2] // 2
        W_in[half:] = W_in[:half]
        b_in[half:] = b_in[:half]
        W_out[:, half:] = -W_out[:, :half]
        b_out[:] = 0.0

    def scaled(self, alpha: float) -> Network:
        """Return this network with its outputs multiplied by `alpha`.

        Raises:
            TypeError: `alpha` is not a number.
            ValueError: It is not positive and finite.
        """
        return replace(self, scale=self.scale * positive("alpha", alpha))

    def centred(self, w0) -> Network:
        """Return this network with outputs `scale * (phi(w) - phi(w0))`, which are zero at `w0`.

        Args:
            w0: Parameters (dim,); they replace an earlier centre.

        Raises:
            TypeError: `w0` is complex, or not numbers.
            ValueError: It has another shape, or holds NaN or infinity.
        """
        return replace(self, reference=vector("w0", w0, self.dim))

    def predict(self, w, X_new) -> np.ndarray:
        """Return the outputs on new samples: (N,) for one output, else (N, outputs).

        Args:
            w: Parameters (dim,).
            X_new: Inputs (N, inputs); with a single input also (N,).

        Raises:
            TypeError: `w` or `X_new` is complex, or not numbers.
            ValueError: One has another shape, or holds NaN or infinity.
            riemgn.NumericalError: The outputs overflow.
        """
        w = vector("w", w, self.dim)
        if self.inputs == 1:
            X_new = real_array("X_new", X_new, ndim=(1, 2))
            X_new = X_new[:, None] if X_new.ndim == 1 else X_new
        X = matrix("X_new", X_new, self.inputs)
        predictions = np.empty((X.shape[0], self.outputs))
        block = BLOCK // sum(self.widths) + 1
        with np.errstate(all="ignore"):
            for start in range(0, X.shape[0], block):
                rows = slice(start, start + block)
                samples = np.ascontiguousarray(X[rows].T)
                outputs = self._raw_outputs(w, samples)
                if self.reference is not None:
                    outputs = outputs - self._raw_outputs(self.reference, samples)
                predictions[rows] = self.scale * outputs.T
        finite("the prediction", predictions, w)
        return predictions.ravel() if self.outputs == 1 else predictions

    def _raw_outputs(self, w: np.ndarray, samples: np.ndarray) -> np.ndarray:
        """Return phi(w), (outputs, N), on samples (inputs, N)."""
        return propagate(self.unflatten(w), self.activation, samples).pre[-1]

    def immersion(self, X) -> FeedforwardImmersion:
        """Return the map from parameters (dim,) to the outputs on `X`, flat sample by sample.

        Args:
            X: Inputs (N, inputs); with a single input also (N,).

        Raises:
            TypeError: `X` is complex, or not numbers.
            ValueError: It has another shape, or holds NaN or infinity.
        """
        return FeedforwardImmersion(self, X)

    def to_dict(self) -> dict:
        """Return a description in lists, strings and numbers, which JSON keeps exactly.

        Raises:
            ValueError: The activation is not one of riemgn's own, so its name would not find it.
        """
        name = self.activation.name
        if ACTIVATIONS.get(name) != self.activation:
            raise ValueError(
                f"activation {name!r} is not one of riemgn's own ({', '.join(ACTIVATIONS)}), "
                "so a plain description cannot hold it"
            )
        return {
            "widths": list(self.widths),
            "activation": name,
            "scale": self.scale,
            "reference": None if self.reference is None else self.reference.tolist(),
        }

    @classmethod
    def from_dict(cls, description: dict) -> Network:
        """Return the network that `to_dict` described.

        Raises:
            TypeError: `description` is not a dictionary, or a value in it is of another type.
            ValueError: A key is missing or unknown, or a value is not legal (see `Network`).
        """
        if not isinstance(description, dict):
            raise TypeError(f"description must be a dictionary, got {told(description)}")
        wanted = {"widths", "activation", "scale", "reference"}
        if description.keys() != wanted:
            raise ValueError(
                f"description must have the keys {sorted(wanted)}, got {list(description)}"
            )
        return cls(**description)

    def __repr__(self) -> str:
        parts = ["-".join(map(str, self.widths)), self.activation.name, f"{self.dim} parameters"]
        if self.scale != 1.0:
            parts.append(f"scale {self.scale:g}")
        if self.reference is not None:
            parts.append("centred")
        return f"Network({', '.join(parts)})"

    def _repr_html_(self) -> str:
        return network_card(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Network):
            return NotImplemented
        return self._key == other._key and np.array_equal(self.reference, other.reference)

    def __hash__(self) -> int:
        return hash(self._key)

    def __reduce__(self):
        return type(self), (self.widths, self.activation, self.scale, self.reference)

    @property
    def _key(self) -> tuple:
        return self.widths, self.activation, self.scale, self.reference is None


def _widths(given: Iterable[int]) -> tuple[int, ...]:
    scalar = isinstance(given, np.ndarray) and given.ndim == 0
    if isinstance(given, str) or scalar or not isinstance(given, Iterable):
        raise TypeError(f"widths must be a sequence of integers, got {told(given)}")
    widths = tuple(integer(f"widths[{i}]", width) for i, width in enumerate(given))
    if len(widths) < 2:
        raise ValueError(
            f"widths must have at least two entries, inputs and outputs, got {list(widths)}"
        )
    return widths
