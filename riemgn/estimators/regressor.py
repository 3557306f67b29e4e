"""A regressor: real targets or counts, one or several."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.base import RegressorMixin

from riemgn.activations import Activation
from riemgn.arguments import choice
from riemgn.estimators.base import NetworkEstimator, Prepared
from riemgn.fitting.model import Model
from riemgn.fitting.rows import WeightedRows
from riemgn.fitting.targets import CountTarget, RealTarget, Target

LOSSES = ("squared", "huber", "poisson")


class GaussNewtonRegressor(RegressorMixin, NetworkEstimator):
    """A network for numbers, trained by damped Gauss-Newton, as a scikit-learn estimator.

    Inputs and targets are standardised, so that a pipeline needs no scaler. What is minimised is
    the loss summed over rows + ridge/2 |w - start|^2; a row counts as often as its `sample_weight`
    says, and rows that are equal are merged, so that a weight of 2 is the row twice, a weight of 0
    no row, and the order of the rows does not matter. See `riemgn.fit` for the training itself.

    Args:
        hidden: The widths of the hidden layers, or one width; () is a linear model.
        activation: A name of `riemgn.activations.ACTIVATIONS`, or an `Activation`.
        loss: "squared", "huber" (linear beyond 1.345 robust standard deviations of y), or "poisson"
            (y >= 0, the network's output is the logarithm of the rate).
        ridge: The strength, or "auto": chosen on held-out rows, which takes some ten times as long.
            Under "squared" it is scikit-learn's `Ridge(alpha)` on the standardised scale.
        method: "auto" and "levenberg-marquardt" are damped, "gauss-newton" is undamped with
            backtracking.
        validation: The share of rows held out at a time, in [0, 0.5]; None is 0.2 with ridge "auto"
            and 0 with a ridge given. With a ridge given and a share > 0, the training ends when the
            held-out loss has not fallen for ten steps, and its best iterate is kept.
        max_iterations: The most steps of a fit; beyond them it warns.
        tolerance: The fit ends at a step that lowers what is minimised by less than this share.
        warm_start: Whether `fit` carries on from the weights of the fit before. Its scaling, the
            start from which the ridge measures and a ridge chosen by "auto" are then kept; the
            shape of the network and the loss must be the same.
        random_state: The source of the initial weights and of the rows held out: a seed, a
            RandomState, a numpy Generator, or None for fresh entropy.

    Attributes:
        network_: The `riemgn.Network`, on standardised inputs.
        params_: Its parameters, (p,).
        model_: The network with its scaling, a `riemgn.fitting.Model`, which
            `riemgn.modelfile.save_model` writes to a file.
        ridge_: The strength of the ridge.
        loss_: The loss a row on the training rows, without the ridge, on the standardised scale.
        n_iter_: The steps of the last fit that led to the parameters.
        history_: A `riemgn.fitting.FitStep` for every iterate, also of the fits carried on.
        n_outputs_: The number of targets.
        n_features_in_: The number of inputs.
        feature_names_in_: Their names, where X had string names.
    """

    def __init__(
        self,
        hidden: int | Sequence[int] = (16,),
        activation: str | Activation = "tanh",
        loss: str = "squared",
        *,
        ridge: float | str = "auto",
        method: str = "auto",
        validation: float | None = None,
        max_iterations: int = 200,
        tolerance: float = 1e-4,
        warm_start: bool = False,
        random_state=None,
    ) -> None:
        super().__init__(
            hidden,
            activation,
            ridge=ridge,
            method=method,
            validation=validation,
            max_iterations=max_iterations,
            tolerance=tolerance,
            warm_start=warm_start,
            random_state=random_state,
        )
        self.loss = loss

    def fit(self, X, y, sample_weight=None) -> GaussNewtonRegressor:
        """Train on X and y.

        Args:
            X: Inputs (n, inputs), at least two rows.
            y: Targets (n,) or (n, outputs).
            sample_weight: Weights (n,) >= 0, one for each row; None is one.

        Returns:
            The estimator itself.

        Raises:
            TypeError: An argument is of another type, or X is sparse.
            ValueError: An argument has another shape or value, NaN and infinity among them.
            riemgn.NumericalError: A computation broke down.
            KeyboardInterrupt: The user interrupted; the estimator has the best weights so far.
        """
        known = self._known() if self.warm_start else None
        return self._fit(self._prepared(X, y, sample_weight, known), known)

    def partial_fit(self, X, y, sample_weight=None) -> GaussNewtonRegressor:
        """Take one step on X and y from the weights so far, or from the start.

        The first call sets the scaling, and with ridge "auto" the ridge, so that its rows should be
        typical of those to come. Later on the ridge measures from the weights so far: it says how
        firmly these stand against the new rows, as the inverse of a learning rate does.
        Arguments, result and errors are those of `fit`.
        """
        known = self._known()
        return self._partial_fit(self._prepared(X, y, sample_weight, known), known)

    def predict(self, X) -> np.ndarray:
        """Return predictions in the units of y, (N,) or (N, outputs), as y was in `fit`.

        Raises:
            sklearn.exceptions.NotFittedError: It was not fitted.
            ValueError: X has other columns than in `fit`, or holds NaN or infinity.
        """
        outputs = self._outputs(X)
        return self.model_.target.predictions(outputs).reshape(len(outputs), *self._y_columns)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.target_tags.positive_only = self.loss == "poisson"
        return tags

    def _prepared(self, X, y, sample_weight, known: Model | None) -> Prepared:
        loss = choice("loss", self.loss, LOSSES)
        X, y, weights = self._checked(X, y, sample_weight, known, multi_output=True, y_numeric=True)
        rows = WeightedRows.merged(X, y.reshape(len(y), -1), weights)
        if known is None:
            target = _learnt(loss, rows)
        else:
            _require_same(known.target, loss, rows)
            target = known.target.on(rows.y)
        return Prepared(rows, target, {"_y_columns": y.shape[1:]})


def _learnt(loss: str, rows: WeightedRows) -> Target:
    if loss == "poisson":
        return CountTarget.learn(rows.y, rows.weights)
    return RealTarget.learn(loss, rows.y, rows.weights)


def _require_same(target: Target, loss: str, rows: WeightedRows) -> None:
    if loss != target.kind:
        raise ValueError(
            f"a training is carried on with the loss that it began with, {target.kind!r}, got "
            f"{loss!r}"
        )
    if rows.y.shape[1] != target.outputs:
        raise ValueError(
            f"y must have {target.outputs} columns, as in the fit before, got {rows.y.shape[1]}"
        )
