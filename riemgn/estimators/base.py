"""What both estimators share: checked rows, a training that can be carried on, its outcome."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from riemgn.activations import Activation
from riemgn.arguments import generator, integer, positive
from riemgn.fitting.diary import Diary
from riemgn.fitting.model import Model
from riemgn.fitting.phases import Run, Task, run_phases
from riemgn.fitting.rows import WeightedRows
from riemgn.fitting.settings import initial_params, regularisation
from riemgn.fitting.targets import Target
from riemgn.fitting.training import Limits
from riemgn.networks import Network
from riemgn.scaling import Standardiser

LEAST_ROWS = 2  # of a first fit
LEAST_ROWS_TO_HOLD_OUT = 3
PARTIAL_ITERATIONS = 1


@dataclass(frozen=True, eq=False)
class Prepared:
    """What a subclass makes of X and y.

    Attributes:
        rows: The checked rows.
        target: The target of their y.
        learnt: Attributes by name that the estimator takes from y once it is trained.
    """

    rows: WeightedRows
    target: Target
    learnt: dict[str, Any]


class NetworkEstimator(BaseEstimator):
    """A network trained by damped Gauss-Newton; a subclass says what y means.

    It stores the arguments that both have; a subclass makes X and y `Prepared`, and hands this to
    `_fit` or `_partial_fit`. A `known` model is one to be carried on: from its parameters and on
    its scale. Its ridge keeps its centre in `_fit`, while in `_partial_fit` it measures from the
    parameters reached, so that they are not forgotten.
    """

    def __init__(
        self,
        hidden: int | Sequence[int] = (16,),
        activation: str | Activation = "tanh",
        *,
        ridge: float | str = "auto",
        method: str = "auto",
        validation: float | None = None,
        max_iterations: int = 200,
        tolerance: float = 1e-4,
        warm_start: bool = False,
        random_state=None,
    ) -> None:
        self.hidden = hidden
        self.activation = activation
        self.ridge = ridge
        self.method = method
        self.validation = validation
        self.max_iterations = max_iterations
        self.tolerance = tolerance
        self.warm_start = warm_start
        self.random_state = random_state

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")

    def _outputs(self, X) -> np.ndarray:
        """The network's outputs (N, outputs) for new rows."""
        check_is_fitted(self)
        return self.model_.outputs(validate_data(self, X, reset=False, dtype=np.float64))

    def _known(self) -> Model | None:
        return getattr(self, "model_", None)

    def _checked(
        self, X, y, sample_weight, known: Model | None, **y_checks
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """X, y and positive weights as scikit-learn checks them; rows of weight zero are gone."""
        X, y = validate_data(
            self,
            X,
            y,
            reset=known is None,
            dtype=np.float64,
            ensure_min_samples=LEAST_ROWS if known is None else 1,
            **y_checks,
        )
        weights = _check_sample_weight(sample_weight, X, dtype=np.float64)
        if np.any(weights < 0):
            raise ValueError(f"sample_weight must be >= 0, got {weights.min():g}")
        kept = weights > 0
        if not kept.any():
            raise ValueError("sample_weight must not be zero in every row")
        return X[kept], y[kept], weights[kept]

    def _fit(self, prepared: Prepared, known: Model | None) -> NetworkEstimator:
        ridge, share = self._regularisation(known)
        iterations = integer("max_iterations", self.max_iterations)
        centre = None if known is None else self._start
        run = self._train(prepared, known, centre, ridge, share, iterations)
        if run.ran_out:
            warnings.warn(
                f"the fit took max_iterations={iterations} steps and the last one still lowered "
                f"the cost by more than tolerance={self.tolerance:g} of it",
                ConvergenceWarning,
                stacklevel=3,
            )
        return self

    def _partial_fit(self, prepared: Prepared, known: Model | None) -> NetworkEstimator:
        ridge, share = self._regularisation(known)
        share = share if ridge is None else 0.0
        centre = None if known is None else known.params
        self._train(prepared, known, centre, ridge, share, PARTIAL_ITERATIONS)
        return self

    def _regularisation(self, known: Model | None) -> tuple[float | None, float]:
        """The ridge, None where it is to be chosen, and the held-out share."""
        ridge, share = regularisation(self.ridge, self.validation)
        chosen = None if known is None else self.ridge_
        return (chosen, 0.0) if ridge is None and chosen is not None else (ridge, share)

    def _train(
        self,
        prepared: Prepared,
        known: Model | None,
        centre: np.ndarray | None,
        ridge: float | None,
        share: float,
        iterations: int,
    ) -> Run:
        """Train and keep the outcome; KeyboardInterrupt leaves the best parameters so far."""
        rows, target = prepared.rows, prepared.target
        _require_rows_to_hold_out(rows, share)
        draws = _generator(self.random_state)
        model = self._beginning(rows, target, known, draws)
        centre = model.params if centre is None else centre
        weights = None if np.all(rows.weights == 1) else rows.weights
        X = model.inputs.forward(rows.X)
        task = Task(model.network, centre, X, target, self.method, weights, model.params)
        limits = Limits(iterations, positive("tolerance", self.tolerance))
        diary = Diary(lambda step: None, () if known is None else self.history_)
        run = run_phases(task, ridge, share, limits, draws, diary)
        self._keep(run, model, prepared.learnt)
        if known is None:
            self._start = centre
        if run.last is None:
            raise KeyboardInterrupt
        return run

    def _beginning(
        self, rows: WeightedRows, target: Target, known: Model | None, draws: np.random.Generator
    ) -> Model:
        """The model from which training begins: the known one, or one not yet trained."""
        network = Network(
            (self.n_features_in_, *_widths(self.hidden), target.outputs), self.activation
        )
        if known is None:
            columns = tuple(map(str, getattr(self, "feature_names_in_", ())))
            inputs = Standardiser.of(rows.X, rows.weights)
            return Model(network, initial_params(network, draws), inputs, target, columns)
        if network != known.network:
            raise ValueError(
                f"a training is carried on with the network that it began with, {known.network!r}; "
                f"hidden, activation and y now ask for {network!r}"
            )
        return replace(known, target=target)

    def _keep(self, run: Run, model: Model, learnt: dict[str, Any]) -> None:
        task = run.task
        params = np.array(run.params)
        params.flags.writeable = False
        vars(self).update(learnt)
        self.model_ = replace(model, params=params, target=task.target.bare())
        self.network_ = task.network
        self.params_ = params
        self.n_outputs_ = task.network.outputs
        self.ridge_ = run.ridge
        self.n_iter_ = run.iterations
        self.history_ = run.diary.history
        self.loss_ = task.training().mean_loss(task.network.predict(params, task.X).ravel())


def _require_rows_to_hold_out(rows: WeightedRows, share: float) -> None:
    if share > 0 and len(rows) < LEAST_ROWS_TO_HOLD_OUT:
        raise ValueError(
            f"X must have at least {LEAST_ROWS_TO_HOLD_OUT} different rows for some to be held "
            f"out, got {len(rows)}; give a ridge and no validation share"
        )


def _widths(hidden) -> tuple[int, ...]:
    """The widths of the hidden layers; one number is one layer."""
    if isinstance(hidden, Integral):
        return (integer("hidden", hidden),)
    if isinstance(hidden, str) or not np.iterable(hidden):
        raise TypeError(f"hidden must be a width or a sequence of widths, got {hidden!r}")
    return tuple(integer(f"hidden[{i}]", width) for i, width in enumerate(hidden))


def _generator(random_state) -> np.random.Generator:
    """A Generator from all that scikit-learn takes, and from a Generator; None is fresh entropy."""
    if random_state is None or isinstance(random_state, np.random.Generator):
        return generator(random_state)
    return np.random.default_rng(check_random_state(random_state).randint(2**31 - 1))
