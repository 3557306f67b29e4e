"""What `riemgn geometry` looks at: a network on rows, fresh or fitted, with the loss of these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from riemgn.commands.data import input_data, training_data
from riemgn.datasets import Dataset
from riemgn.evaluation import natural_loss, outputs_for
from riemgn.fitting.model import Model
from riemgn.fitting.targets import ClassTarget, OwnTarget, Target, learn_target
from riemgn.manifolds import OutputManifold, Point
from riemgn.networks import Network
from riemgn.problem import Problem
from riemgn.scaling import Standardiser
from riemgn.tables import read_table


@dataclass(frozen=True, eq=False)
class Subject:
    """A point of an output manifold, with the problem and the words for it.

    Attributes:
        problem: The loss of the rows on the manifold of the network's outputs.
        point: The point.
        network: The network.
        data: The name of the rows.
        rows: Their number.
        loss: The name of the loss.
        origin: Where the point comes from, in words.
    """

    problem: Problem
    point: Point
    network: Network
    data: str
    rows: int
    loss: str
    origin: str


def fresh(
    data: Dataset, hidden: Sequence[int], activation: str, loss: str, scale: float, seed: int
) -> Subject:
    """Return a network at its initialisation on a data set, centred so that its outputs are zero.

    Inputs and targets are standardised on all rows, as `riemgn.fit` does.

    Args:
        data: The rows.
        hidden: The widths of the hidden layers.
        activation: The name of the activation.
        loss: A name of `riemgn.fitting.targets.LOSSES`, or "auto".
        scale: The output scale alpha.
        seed: Of the initialisation.

    Raises:
        ValueError: An argument is not legal.
    """
    if loss == "auto":
        loss = natural_loss(data, data.y)
    network = Network([data.X.shape[1], *hidden, outputs_for(loss, data.y)], activation)
    start = network.init(seed)
    network = network.scaled(scale).centred(start)
    inputs, target = Standardiser.of(data.X), learn_target(loss, data.y, network.outputs)
    origin = f"a fresh network, seed {seed}, output scale {scale:g}"
    return _subject(network, start, inputs.forward(data.X), target, data.name, origin)


def fitted(
    model: Model, path: Path, file: Path | None, dataset: str | None, target: Sequence[str]
) -> Subject:
    """Return a fitted network on rows of its kind, standardised as the model does it.

    Args:
        model: The model.
        path: Its file, for the words.
        file: A table that has the model's columns, or None.
        dataset: The name of a bundled data set, or None.
        target: The names of the target columns, by default those of the model.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The rows are not of the model's kind.
    """
    X, y, name = _rows(model, file, dataset, target)
    learnt = _on(model, y)
    origin = f"the fitted model {path}"
    return _subject(model.network, model.params, model.inputs.forward(X), learnt, name, origin)


def _subject(
    network: Network, params: np.ndarray, X: np.ndarray, target: Target, name: str, origin: str
) -> Subject:
    manifold = OutputManifold(network, X)
    problem = Problem(manifold, target.loss(target.rows))
    return Subject(problem, manifold.point(params), network, name, len(X), target.kind, origin)


def _rows(
    model: Model, file: Path | None, dataset: str | None, target: Sequence[str]
) -> tuple[np.ndarray, np.ndarray, str]:
    if file is None or dataset is not None:
        data = training_data(file, dataset, list(target), "auto")
        _require_columns(model, data)
        return data.X, data.y, data.name
    table, names = read_table(file), tuple(target) or model.targets
    if not names:
        raise ValueError("this model knows no target's name: give it with --target NAME")
    y = table.numbers(names) if model.classes is None else table.column(names[0])
    columns = model.columns or tuple(name for name in table.columns if name not in names)
    return input_data(table, columns), y, table.path.name


def _require_columns(model: Model, data: Dataset) -> None:
    width = data.X.shape[1]
    if width != model.network.inputs or (model.columns and model.columns != data.columns):
        raise ValueError(
            f"the model's inputs are not those of {data.name}: it takes "
            f"{', '.join(model.columns) or model.network.inputs}"
        )


def _on(model: Model, y: np.ndarray) -> Target:
    """Return a model's target with the rows of y."""
    target = model.target
    if isinstance(target, OwnTarget):
        raise ValueError("the model was fitted with a loss of one's own, which its file lacks")
    if isinstance(target, ClassTarget):
        unknown = np.setdiff1d(y, target.classes)
        if unknown.size:
            raise ValueError(f"the target holds {unknown[0]!s}, which the model does not know")
        return ClassTarget(target.kind, target.classes, np.searchsorted(target.classes, y))
    columns = y.shape[1] if y.ndim == 2 else 1
    if y.dtype.kind not in "fiub" or columns != target.outputs:
        wanted = f"{target.outputs} column{'s' * (target.outputs > 1)} of numbers"
        raise ValueError(f"the target must be {wanted} for this model")
    return target.on(y)
