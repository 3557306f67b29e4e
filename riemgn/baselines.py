"""scikit-learn's multilayer perceptron on the same rows, for comparison."""

from __future__ import annotations

import warnings

import numpy as np

from riemgn.fitting.model import r_squared
from riemgn.networks import Network
from riemgn.scaling import Standardiser

SOLVERS = ("lbfgs", "adam")
MAX_ITERATIONS = 3000  # epochs of adam, iterations of lbfgs: enough for both to end by themselves

# What scikit-learn has, for what we have: activations that it lacks get the nearest one.
ACTIVATIONS = {
    "tanh": "tanh",
    "sigmoid": "logistic",
    "identity": "identity",
    "softplus": "relu",
    "gelu": "relu",
    "silu": "relu",
}


def perceptron_scores(
    network: Network,
    training: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray],
    *,
    labels: bool,
    seed: int,
) -> dict[str, float]:
    """Return the test score of scikit-learn's perceptron of the same shape, for each solver.

    Inputs, and targets that are numbers, are standardised on the training rows; everything else
    is scikit-learn's default.

    Args:
        network: The shape and the activation.
        training: X (n, inputs) and y, numbers (n,) or (n, outputs), or labels (n,).
        test: The same for the test rows.
        labels: Whether y holds class labels; the score is then accuracy, else R^2.
        seed: scikit-learn's `random_state`.
    """
    (X, y), (X_test, y_test) = training, test
    inputs = Standardiser.of(X)
    X, X_test = inputs.forward(X), inputs.forward(X_test)
    scores = {}
    for solver in SOLVERS:
        perceptron = _perceptron(network, labels, solver, seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that an iteration limit was reached
            if labels:
                scores[solver] = float(perceptron.fit(X, y).score(X_test, y_test))
                continue
            columns = y.reshape(len(y), -1)
            outputs = Standardiser.of(columns)
            perceptron.fit(X, np.squeeze(outputs.forward(columns)))
        predictions = outputs.backward(perceptron.predict(X_test).reshape(len(X_test), -1))
        scores[solver] = r_squared(y_test.reshape(predictions.shape), predictions)
    return scores


def _perceptron(network: Network, labels: bool, solver: str, seed: int):
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    return (MLPClassifier if labels else MLPRegressor)(
        hidden_layer_sizes=network.widths[1:-1],
        activation=ACTIVATIONS.get(network.activation.name, "tanh"),
        solver=solver,
        max_iter=MAX_ITERATIONS,
        random_state=seed,
    )
