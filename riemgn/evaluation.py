"""A fit judged on rows it has not seen, beside scikit-learn on the same rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from riemgn.arguments import generator
from riemgn.baselines import perceptron_scores
from riemgn.datasets import Dataset
from riemgn.fitting import FitResult, FitStep, fit
from riemgn.fitting.splits import held_out
from riemgn.networks import Network

FEW_ROWS = 8  # with fewer no row is held out for a test


Rows = tuple[np.ndarray, np.ndarray]  # X and y


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A fit with its scores: accuracy for labels, else R^2.

    Attributes:
        result: The fit; its model knows the names of the columns.
        loss: The name of the loss.
        training: The rows that were fitted.
        test: The rows that were not, possibly none.
        seed: The source of the split and of the fit.
        training_score: The score on the training rows.
        test_score: The score on the test rows, None without any.
        baselines: scikit-learn's test score for each solver, empty until `compared`.
    """

    result: FitResult
    loss: str
    training: Rows
    test: Rows
    seed: int
    training_score: float
    test_score: float | None
    baselines: dict[str, float] = field(default_factory=dict)

    @property
    def test_rows(self) -> int:
        """The number of test rows."""
        return len(self.test[0])

    @property
    def score_name(self) -> str:
        """What the scores are: "accuracy" or "R²"."""
        return "accuracy" if self.result.model.classes is not None else "R²"

    def compared(self) -> Evaluation:
        """Return this evaluation with scikit-learn's scores on its test rows, if it has any."""
        if not self.test_rows:
            return self
        labels = self.result.model.classes is not None
        scores = perceptron_scores(
            self.result.network, self.training, self.test, labels=labels, seed=self.seed
        )
        return replace(self, baselines=scores)


def evaluate(
    data: Dataset,
    hidden: Sequence[int],
    activation: str = "tanh",
    *,
    loss: str = "auto",
    seed: int = 0,
    test_share: float = 0.25,
    callback: Callable[[FitStep], None] | None = None,
    **options,
) -> Evaluation:
    """Fit a network to a part of a data set and score it on the rest.

    Args:
        data: The rows.
        hidden: The widths of the hidden layers.
        activation: The name of the activation.
        loss: A name of `riemgn.fitting.targets.LOSSES`; "auto" is "squared" for numbers,
            "logistic" for two classes and "softmax" for more.
        seed: The source of the split, of the fit, and of scikit-learn's fits.
        test_share: The share of test rows, in [0, 1); below eight rows there are none.
        callback: See `riemgn.fit`.
        **options: Further arguments of `riemgn.fit`.

    Raises:
        ValueError: An argument is not legal, or see `riemgn.fit`.
    """
    if not 0 <= test_share < 1:
        raise ValueError(f"test_share must be in [0, 1), got {test_share!r}")
    labels = data.y if data.is_classification else None
    rows = len(data.X)
    if test_share > 0 and rows >= FEW_ROWS:
        kept, tested = held_out(rows, test_share, generator(seed), labels)
    else:
        kept, tested = np.arange(rows), np.arange(0)
    training, test = (data.X[kept], data.y[kept]), (data.X[tested], data.y[tested])
    if loss == "auto":
        loss = natural_loss(data, training[1])
    outputs = outputs_for(loss, training[1])
    network = Network([data.X.shape[1], *hidden, outputs], activation=activation)
    result = fit(network, *training, loss, seed=seed, callback=callback, **options)
    model = replace(result.model, columns=data.columns, targets=data.targets)
    result = replace(result, model=model)
    return Evaluation(
        result=result,
        loss=loss,
        training=training,
        test=test,
        seed=seed,
        training_score=model.score(*training),
        test_score=model.score(*test) if tested.size else None,
    )


def natural_loss(data: Dataset, y: np.ndarray) -> str:
    """Return the name of the loss that "auto" stands for, for a data set's targets y."""
    if not data.is_classification:
        return "squared"
    return "logistic" if np.unique(y).size == 2 else "softmax"


def outputs_for(loss: str, y: np.ndarray) -> int:
    """Return how many outputs a network needs for targets y, (n,) or (n, outputs), under a loss."""
    if loss == "softmax":
        return np.unique(y).size
    return y.shape[1] if y.ndim == 2 else 1
