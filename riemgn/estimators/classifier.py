"""A classifier: two classes by one logit, more by one logit each."""

from __future__ import annotations

import numpy as np
from scipy.special import log_expit, log_softmax
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets

from riemgn.estimators.base import NetworkEstimator, Prepared
from riemgn.fitting.model import Model
from riemgn.fitting.rows import WeightedRows
from riemgn.fitting.targets import ClassTarget


class GaussNewtonClassifier(ClassifierMixin, NetworkEstimator):
    """A network for class labels, trained by damped Gauss-Newton, as a scikit-learn estimator.

    The loss is logistic for two classes and softmax for more. Everything else is as in
    `GaussNewtonRegressor`: inputs are standardised, equal rows are merged, and a row counts as
    often as its `sample_weight` says.

    Args:
        hidden: The widths of the hidden layers, or one width; () is a linear model.
        activation: A name of `riemgn.activations.ACTIVATIONS`, or an `Activation`.
        ridge: The strength, or "auto": chosen on held-out rows, which takes some ten times as long.
            Without hidden layers it is 1/C of scikit-learn's `LogisticRegression` on standardised
            inputs with a column of ones and `fit_intercept=False`, as it is on the biases too.
        method: See `GaussNewtonRegressor`.
        validation: See `GaussNewtonRegressor`.
        max_iterations: The most steps of a fit; beyond them it warns.
        tolerance: The fit ends at a step that lowers what is minimised by less than this share.
        warm_start: Whether `fit` carries on from the weights of the fit before, with its scaling;
            the shape of the network and the classes must be the same.
        random_state: See `GaussNewtonRegressor`.

    Attributes:
        classes_: The class labels of rows with a positive weight, sorted.
        network_: The `riemgn.Network`, on standardised inputs.
        params_: Its parameters, (p,).
        model_: The network with its scaling, a `riemgn.fitting.Model`, which
            `riemgn.modelfile.save_model` writes to a file.
        ridge_: The strength of the ridge.
        loss_: The loss a row on the training rows, without the ridge.
        n_iter_: The steps of the last fit that led to the parameters.
        history_: A `riemgn.fitting.FitStep` for every iterate, also of the fits carried on.
        n_outputs_: The number of logits: 1 for two classes, else one a class.
        n_features_in_: The number of inputs.
        feature_names_in_: Their names, where X had string names.
    """

    def fit(self, X, y, sample_weight=None) -> GaussNewtonClassifier:
        """Train on X and y.

        Args:
            X: Inputs (n, inputs), at least two rows.
            y: Labels (n,) of at least two classes, of any one kind.
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
        classes = None if known is None else self.classes_
        return self._fit(self._prepared(X, y, sample_weight, known, classes), known)

    def partial_fit(self, X, y, classes=None, sample_weight=None) -> GaussNewtonClassifier:
        """Take one step on X and y from the weights so far, or from the start.

        The first call sets the scaling, and with ridge "auto" the ridge, so that its rows should be
        typical of those to come. Later on the ridge measures from the weights so far: it says how
        firmly these stand against the new rows, as the inverse of a learning rate does.
        Result and errors are those of `fit`.

        Args:
            X: Inputs (n, inputs).
            y: Labels (n,), all of them in `classes`.
            classes: All class labels; needed in the first call, where y may lack some.
            sample_weight: Weights (n,) >= 0, one for each row; None is one.
        """
        known = self._known()
        if classes is not None:
            classes = np.unique(classes)
        if known is not None:
            if classes is not None and not np.array_equal(classes, self.classes_):
                raise ValueError(f"classes must be those of the fit before, {self.classes_}")
            classes = self.classes_
        elif classes is None:
            raise ValueError("classes must be given in the first call of partial_fit")
        return self._partial_fit(self._prepared(X, y, sample_weight, known, classes), known)

    def predict(self, X) -> np.ndarray:
        """Return the likeliest class of each row, (N,).

        Raises:
            sklearn.exceptions.NotFittedError: It was not fitted.
            ValueError: X has other columns than in `fit`, or holds NaN or infinity.
        """
        outputs = self._outputs(X)
        return self.model_.target.predictions(outputs)

    def predict_proba(self, X) -> np.ndarray:
        """Return the probability of each class, (N, classes); errors as in `predict`."""
        outputs = self._outputs(X)
        return self.model_.target.probabilities(outputs)

    def predict_log_proba(self, X) -> np.ndarray:
        """Return the logarithms of `predict_proba`, (N, classes), finite where these round to 0."""
        outputs = self._outputs(X)
        if self.n_outputs_ == 1:
            return np.column_stack([log_expit(-outputs[:, 0]), log_expit(outputs[:, 0])])
        return log_softmax(outputs, axis=1)

    def decision_function(self, X) -> np.ndarray:
        """Return the logits: (N,), of the second class, or (N, classes); errors as in `predict`."""
        outputs = self._outputs(X)
        return outputs[:, 0] if self.n_outputs_ == 1 else outputs

    def _prepared(
        self, X, y, sample_weight, known: Model | None, classes: np.ndarray | None
    ) -> Prepared:
        X, y, weights = self._checked(X, y, sample_weight, known)
        check_classification_targets(y)
        found, labels = np.unique(y, return_inverse=True)
        if classes is None:
            classes = found
        unknown = np.setdiff1d(found, classes)
        if unknown.size:
            raise ValueError(f"y must hold the classes {classes}, got {unknown.tolist()[0]!r} too")
        if classes.size < 2:
            raise ValueError(
                f"y must hold at least two classes, got one class: {classes.tolist()[0]!r}"
            )
        rows = WeightedRows.merged(X, np.searchsorted(classes, found)[labels], weights)
        kind = "logistic" if classes.size == 2 else "softmax"
        return Prepared(rows, ClassTarget(kind, classes, rows.y), {"classes_": classes})
