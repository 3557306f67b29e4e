"""What y means: how targets become a loss, and how outputs become predictions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from copy import copy

import numpy as np

from riemgn.arguments import choice, real_array
from riemgn.losses import (
    HuberLoss,
    LogisticLoss,
    Loss,
    PoissonLoss,
    SoftmaxLoss,
    SquaredLoss,
    WeightedLoss,
)
from riemgn.scaling import Standardiser

LOSSES = ("squared", "huber", "poisson", "logistic", "softmax")

# Where Huber's loss turns linear, in robust standard deviations of the targets: 95 % efficient for
# normal errors (Holland and Welsch, Communications in Statistics A6, 1977, 813-827).
HUBER_DELTA = 1.345


class Target(ABC):
    """A kind of target, with what was learnt about it from the training rows.

    Attributes:
        kind: Its name in model files.
        outputs: The number of network outputs a row needs.
        rows: The targets as the loss takes them, one row a sample; None in a loaded model.
        labels: The class index of every row, for stratified splits; None for numbers.
    """

    kind: str
    outputs: int
    rows: np.ndarray | None = None
    labels: np.ndarray | None = None

    def loss(self, rows: np.ndarray, weights: np.ndarray | None = None) -> Loss:
        """Return the loss of the outputs for some of the `rows`, weighted by `weights` (rows,)."""
        loss = self._loss(rows)
        return loss if weights is None else WeightedLoss(loss, weights)

    @abstractmethod
    def _loss(self, rows: np.ndarray) -> Loss:
        """The loss of the outputs for some of the `rows`, which all count alike."""

    def bare(self) -> Target:
        """Return what predictions need of this target: all but its rows."""
        twin = copy(self)
        twin.rows = twin.labels = None
        return twin

    @abstractmethod
    def predictions(self, outputs: np.ndarray) -> np.ndarray:
        """Return predictions in the user's own units or labels from outputs (N, outputs)."""

    @abstractmethod
    def to_dict(self) -> dict:
        """Return a description in lists, strings and numbers."""

    def probabilities(self, outputs: np.ndarray) -> np.ndarray:
        """Return class probabilities (N, classes); TypeError if there are no classes."""
        raise TypeError("predict_proba needs class labels: loss 'logistic' or 'softmax'")


class RealTarget(Target):
    """Numbers; the outputs are on the standardised scale, under "huber" the robust one."""

    def __init__(self, kind: str, scaler: Standardiser, rows: np.ndarray | None = None) -> None:
        self.kind = kind
        self.scaler = scaler
        self.rows = rows
        self.outputs = scaler.centre.size

    @classmethod
    def learn(cls, kind: str, y, weights: np.ndarray | None = None) -> RealTarget:
        """Return the target of y, (n,) or (n, outputs); a constant column keeps its unit."""
        standardiser = Standardiser.of if kind == "squared" else Standardiser.robust
        learnt = standardiser(_columns(y), weights)
        scale = np.where(learnt.constant, 1.0, learnt.scale)
        return cls(kind, Standardiser(learnt.centre, scale)).on(y)

    def on(self, y) -> RealTarget:
        """Return this target, its scale kept, with the rows of another y."""
        return RealTarget(self.kind, self.scaler, self.scaler.forward(_columns(y)))

    def _loss(self, rows: np.ndarray) -> Loss:
        return SquaredLoss(rows) if self.kind == "squared" else HuberLoss(rows, HUBER_DELTA)

    def predictions(self, outputs: np.ndarray) -> np.ndarray:
        values = self.scaler.backward(outputs)
        return values[:, 0] if self.outputs == 1 else values

    def to_dict(self) -> dict:
        scaler = self.scaler
        return {
            "kind": self.kind,
            "centre": scaler.centre.tolist(),
            "scale": scaler.scale.tolist(),
        }


class CountTarget(Target):
    """Counts, divided by their means; the outputs are logarithms of the rate over that mean."""

    kind = "poisson"

    def __init__(self, mean: np.ndarray, rows: np.ndarray | None = None) -> None:
        self.mean = mean
        self.rows = rows
        self.outputs = mean.size

    @classmethod
    def learn(cls, y, weights: np.ndarray | None = None) -> CountTarget:
        """Return the target of non-negative counts y, (n,) or (n, outputs), not all of them 0."""
        mean = np.average(_counts(y), axis=0, weights=weights)
        if not np.all(mean > 0):
            raise ValueError("y must hold a number > 0 in each column for loss 'poisson'")
        return cls(mean).on(y)

    def on(self, y) -> CountTarget:
        """Return this target, its mean kept, with the rows of another y."""
        return CountTarget(self.mean, _counts(y) / self.mean)

    def _loss(self, rows: np.ndarray) -> Loss:
        return PoissonLoss(rows)

    def predictions(self, outputs: np.ndarray) -> np.ndarray:
        rates = self.mean * np.exp(outputs)
        return rates[:, 0] if self.outputs == 1 else rates

    def to_dict(self) -> dict:
        return {"kind": self.kind, "mean": self.mean.tolist()}


class ClassTarget(Target):
    """Class labels of any kind; the outputs are logits, one for two classes under "logistic"."""

    def __init__(self, kind: str, classes: np.ndarray, labels: np.ndarray | None = None) -> None:
        self.kind = kind
        self.classes = classes
        self.rows = self.labels = labels
        self.outputs = 1 if kind == "logistic" else classes.size

    @classmethod
    def learn(cls, kind: str, y) -> ClassTarget:
        """Return the target of labels y, (n,): strings, integers, booleans or floats."""
        classes, labels = np.unique(_labels(y), return_inverse=True)
        if classes.size < 2:
            raise ValueError(f"y is constant: every label is {classes[0]!s}, nothing to fit")
        if kind == "logistic" and classes.size > 2:
            raise ValueError(
                f"loss 'logistic' needs two classes, y holds {classes.size}; use 'softmax'"
            )
        return cls(kind, classes, labels)

    def _loss(self, rows: np.ndarray) -> Loss:
        if self.kind == "logistic":
            return LogisticLoss(rows)
        return SoftmaxLoss(rows, classes=self.classes.size)

    def predictions(self, outputs: np.ndarray) -> np.ndarray:
        if self.kind == "logistic":
            return self.classes[(outputs[:, 0] > 0).astype(int)]
        return self.classes[outputs.argmax(axis=1)]

    def probabilities(self, outputs: np.ndarray) -> np.ndarray:
        from scipy.special import expit, softmax

        if self.kind == "logistic":
            return np.column_stack([expit(-outputs[:, 0]), expit(outputs[:, 0])])
        return softmax(outputs, axis=1)

    def to_dict(self) -> dict:
        return {"kind": self.kind, "classes": self.classes.tolist()}


class OwnTarget(Target):
    """Targets of a loss that the user makes; the predictions are the outputs themselves."""

    kind = "own"

    def __init__(self, outputs: int, make: Callable | None = None, rows=None) -> None:
        self.outputs = outputs
        self.rows = rows
        self._make = make

    @classmethod
    def learn(cls, make: Callable, y, outputs: int) -> OwnTarget:
        """Return the target of y, (n,) or (n, columns), as it is, for a network of `outputs`."""
        return cls(outputs, make, real_array("y", y, ndim=(1, 2)))

    def _loss(self, rows: np.ndarray) -> Loss:
        loss = self._make(rows)
        if not isinstance(loss, Loss):
            raise TypeError(f"loss must make a riemgn.Loss of y, it made {type(loss).__name__}")
        return loss

    def predictions(self, outputs: np.ndarray) -> np.ndarray:
        return outputs[:, 0] if self.outputs == 1 else outputs

    def to_dict(self) -> dict:
        return {"kind": self.kind, "outputs": self.outputs}


def learn_target(loss: str | Callable, y, outputs: int) -> Target:
    """Return what `loss` makes of y, for a network of that many outputs.

    Args:
        loss: A name of `LOSSES`, or a function that makes a `riemgn.Loss` of some rows of y.
        y: Targets, their kind depending on the loss.
        outputs: The network's number of outputs.

    Raises:
        TypeError: `loss` is a finished `riemgn.Loss`, or y is not of its kind.
        ValueError: The name is unknown; y is empty, constant, NaN or infinite; or the network has
            another number of outputs than y needs.
    """
    if isinstance(loss, Loss):
        raise TypeError(
            "loss must be a name or a function that makes a Loss of some rows of y, such as "
            f"lambda y: riemgn.HuberLoss(y, 1.0); got the finished {loss!r}"
        )
    if callable(loss):
        return OwnTarget.learn(loss, y, outputs)
    kind = choice("loss", loss, LOSSES)
    if kind in ("logistic", "softmax"):
        target: Target = ClassTarget.learn(kind, y)
    else:
        _refuse_constant(Standardiser.of(_columns(y)).constant)
        target = CountTarget.learn(y) if kind == "poisson" else RealTarget.learn(kind, y)
    if target.outputs != outputs:
        raise ValueError(
            f"y needs {target.outputs} network output{'s' * (target.outputs > 1)} under loss "
            f"{kind!r}, the network has {outputs}"
        )
    return target


def target_from_dict(description: dict) -> Target:
    """Return the target that `to_dict` described, without its rows."""
    kind = description["kind"]
    if kind in ("squared", "huber"):
        scaler = Standardiser(np.array(description["centre"]), np.array(description["scale"]))
        return RealTarget(kind, scaler)
    if kind in ("logistic", "softmax"):
        return ClassTarget(kind, np.array(description["classes"]))
    if kind == "poisson":
        return CountTarget(np.array(description["mean"]))
    return OwnTarget(description["outputs"])


def _columns(y) -> np.ndarray:
    values = real_array("y", y, ndim=(1, 2))
    return values[:, None] if values.ndim == 1 else values


def _counts(y) -> np.ndarray:
    columns = _columns(y)
    if np.any(columns < 0):
        raise ValueError(f"y must be >= 0 for loss 'poisson', got {columns.min():g}")
    return columns


def _labels(y) -> np.ndarray:
    given = np.asarray(y)
    if given.dtype.kind in "fc":
        given = real_array("y", given, ndim=1)
    if given.ndim != 1 or given.size == 0:
        raise ValueError(f"y must hold one label a row, shape (n,), got {given.shape}")
    if given.dtype.kind == "O":
        if not all(isinstance(label, str) for label in given):
            raise TypeError("y must hold labels of one kind: strings, integers or booleans")
        given = given.astype(str)
    return given


def _refuse_constant(constant: np.ndarray) -> None:
    if constant.any():
        where = f" in column {int(np.argmax(constant))}" if constant.size > 1 else ""
        raise ValueError(f"y is constant{where}: there is nothing to fit")
