"""A trained network with its scaling: what predicts, and what a model file holds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from riemgn.arguments import matrix, real_array
from riemgn.fitting.targets import Target
from riemgn.networks import Network
from riemgn.scaling import Standardiser


@dataclass(frozen=True, eq=False, repr=False)
class Model:
    """A trained network that takes inputs in the user's units and answers in the user's units.

    Attributes:
        network: The network, on standardised inputs.
        params: Its parameters (p,).
        inputs: The standardisation of the inputs, learnt from the training rows.
        target: How outputs become predictions.
        columns: The names of the inputs, empty if they have none.
        targets: The names of the outputs, empty if they have none.
    """

    network: Network
    params: np.ndarray
    inputs: Standardiser
    target: Target
    columns: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Model({self.network!r}, targets of kind {self.target.kind!r})"

    def predict(self, X_new) -> np.ndarray:
        """Return predictions for new rows.

        Args:
            X_new: Inputs (N, inputs) in the units of the training rows; with one input also (N,).

        Returns:
            (N,) for one output or for class labels, else (N, outputs): numbers in the units of y,
            rates for loss "poisson", labels as they were in y for "logistic" and "softmax", and
            bare outputs for a loss of the user's own.

        Raises:
            TypeError: `X_new` is complex, or not numbers.
            ValueError: It has another shape, or holds NaN or infinity.
            riemgn.NumericalError: The outputs overflow.
        """
        return self.target.predictions(self.outputs(X_new))

    def predict_proba(self, X_new) -> np.ndarray:
        """Return class probabilities (N, classes), in the order of `classes`.

        Raises:
            TypeError: The model has no classes, or `X_new` is not numbers.
            ValueError: `X_new` has another shape, or holds NaN or infinity.
        """
        return self.target.probabilities(self.outputs(X_new))

    @property
    def classes(self) -> np.ndarray | None:
        """The class labels in the order of the columns of `predict_proba`; None for numbers."""
        return getattr(self.target, "classes", None)

    def score(self, X_new, y) -> float:
        """Return the share of right labels, or for numbers R^2 averaged over the outputs.

        R^2 is 1 - sum (y - prediction)^2 / sum (y - mean y)^2 on the rows given; where y does not
        vary it is 1 for exact predictions and otherwise 0.

        Raises:
            ValueError: `y` has another shape than the predictions, or see `predict`.
        """
        predictions = self.predict(X_new)
        numbers = self.classes is None
        y = real_array("y", y, ndim=(1, 2)) if numbers else np.asarray(y)
        if y.shape != predictions.shape and y.size == predictions.size:
            y = y.reshape(predictions.shape)
        if y.shape != predictions.shape:
            raise ValueError(f"y must have shape {predictions.shape}, got {y.shape}")
        return r_squared(y, predictions) if numbers else float(np.mean(predictions == y))

    def outputs(self, X_new) -> np.ndarray:
        """Return the network's bare outputs (N, outputs) for inputs in the user's units."""
        X = input_rows("X_new", X_new, self.network.inputs)
        outputs = self.network.predict(self.params, self.inputs.forward(X))
        return outputs.reshape(len(X), self.network.outputs)


def input_rows(name: str, X, inputs: int) -> np.ndarray:
    """Return X as a finite matrix (N, inputs), or raise; with one input (N,) will do."""
    if inputs == 1 and np.ndim(X) == 1:
        return real_array(name, X, ndim=1)[:, None]
    return matrix(name, X, inputs)


def r_squared(y: np.ndarray, predictions: np.ndarray) -> float:
    """Return R^2 averaged over outputs, for y and predictions of one shape."""
    missed = np.sum((y - predictions) ** 2, axis=0)
    spread = np.sum((y - y.mean(axis=0)) ** 2, axis=0)
    constant = np.where(missed == 0, 1.0, 0.0)
    return float(
        np.mean(np.where(spread > 0, 1 - missed / np.where(spread > 0, spread, 1), constant))
    )
