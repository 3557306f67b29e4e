"""Data for the tests of the estimators."""

import numpy as np


def regression(n=40, inputs=3, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(1.0, 2.0, (n, inputs))
    return X, np.sin(X[:, 0]) + X[:, 1] + 0.1 * rng.standard_normal(n)


def classification(classes=3, n=60, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    return labels[:, None] + rng.normal(0.0, 0.5, (n, 2)), np.array(list("xyz"))[labels]


def weights_with_zeros(n, seed=0):
    return np.random.default_rng(seed).integers(0, 4, n).astype(float)
