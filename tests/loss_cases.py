"""Losses for the tests, each with an independent autograd function, and dense matrices."""

import autograd.numpy as anp
import numpy as np
import pytest
from autograd.scipy.special import logsumexp

from riemgn.losses import (
    AutogradLoss,
    DirectSumLoss,
    HuberLoss,
    LogisticLoss,
    Loss,
    PoissonLoss,
    SoftmaxLoss,
    SquaredLoss,
    WeightedLoss,
)

SIZE = 12


def soft_absolute(u):
    return anp.sum(anp.sqrt(1 + u**2)) + 0.5 * anp.dot(u, u)


class CubedLoss(Loss):
    """A user's loss that leaves everything optional to the defaults."""

    def value(self, u):
        return float(np.sum(np.abs(u) ** 3))

    def gradient(self, u):
        return 3 * np.abs(u) * u

    def hessian_vp(self, u, v):
        return 6 * np.abs(u) * v


def squared(y):
    return SquaredLoss(y), lambda u: 0.5 * anp.sum((u - y) ** 2)


def huber(y, delta):
    def reference(u):
        r = anp.abs(u - y)
        return anp.sum(anp.where(r <= delta, 0.5 * r**2, delta * (r - 0.5 * delta)))

    return HuberLoss(y, delta), reference


def logistic(labels, ridge):
    signs = np.where(np.asarray(labels) == 1, 1.0, -1.0)
    return LogisticLoss(
        labels, ridge
    ), lambda u: anp.sum(anp.log(1 + anp.exp(-signs * u))) + ridge / 2 * anp.dot(u, u)


def softmax(labels, ridge, classes=None):
    loss = SoftmaxLoss(labels, ridge, classes=classes)

    def reference(u):
        z = anp.reshape(u, (len(labels), loss.classes))
        chosen = z[np.arange(len(labels)), labels]
        return anp.sum(logsumexp(z, axis=1) - chosen) + ridge / 2 * anp.dot(u, u)

    return loss, reference


def poisson(counts):
    return PoissonLoss(counts), lambda u: anp.sum(anp.exp(u) - counts * u)


def direct_sum(first, second):
    size = first[0].size
    return DirectSumLoss(first[0], second[0]), lambda u: first[1](u[:size]) + second[1](u[size:])


def weighted(make, targets, *arguments):
    """A case of `make` with weights, its reference one of `make` for every sample."""
    weights = 0.3 + np.arange(len(targets)) % 5
    loss = WeightedLoss(make(targets, *arguments)[0], weights)
    singles = [make(targets[i : i + 1], *arguments)[1] for i in range(len(targets))]
    outputs = loss.size // len(targets)

    def reference(u):
        parts = [u[outputs * i : outputs * (i + 1)] for i in range(len(targets))]
        return sum(
            w * single(part) for w, single, part in zip(weights, singles, parts, strict=True)
        )

    return loss, reference


def losses():
    rng = np.random.default_rng(0)
    y, binary, classes = rng.standard_normal(SIZE), rng.integers(0, 2, SIZE), np.array([2, 0, 1, 2])
    counts = rng.poisson(2.0, SIZE).astype(float)
    return {
        "squared": squared(y),
        "huber": huber(y, 0.8),
        "logistic": logistic(binary, 0.0),
        "logistic, -1 and 1, ridge": logistic(2 * binary - 1, 0.3),
        "logistic, tiny ridge": logistic(binary, 1e-9),
        "softmax": softmax(classes, 0.0),
        "softmax, two classes": softmax(np.array([0, 1, 1, 0, 1, 0]), 0.0),
        "softmax, a class absent": softmax(classes[:3], 0.0, classes=4),
        "softmax, ridge": softmax(classes, 0.3),
        "softmax, tiny ridge": softmax(classes, 1e-9),
        "softmax, huge ridge": softmax(classes, 1e3),
        "poisson": poisson(counts),
        "autograd": (AutogradLoss(soft_absolute), soft_absolute),
        "softmax and ridge rows": direct_sum(softmax(classes[:2], 0.0), squared(np.zeros(6))),
        "logistic and autograd": direct_sum(
            logistic(binary[:4], 0.1), (AutogradLoss(soft_absolute, size=8), soft_absolute)
        ),
        "weighted squared": weighted(squared, y),
        "weighted logistic": weighted(logistic, binary, 0.0),
        "weighted logistic, ridge": weighted(logistic, binary, 0.3),
        "weighted softmax": weighted(softmax, classes, 0.0, 3),
        "weighted softmax, ridge": weighted(softmax, classes, 0.3, 3),
        "weighted poisson": weighted(poisson, counts),
        "weighted softmax and ridge rows": direct_sum(
            weighted(softmax, classes[:2], 0.0, 3), squared(np.zeros(6))
        ),
        "cubed, defaults only": (CubedLoss(), lambda u: anp.sum(anp.abs(u) ** 3)),
    }


LOSSES = losses()
SMOOTH = [name for name in LOSSES if name not in ("huber", "cubed, defaults only")]
IDENTITY_ROOTS = ["autograd", "logistic and autograd", "cubed, defaults only"]
EXACT_ROOTS = [name for name in LOSSES if name not in ("huber", *IDENTITY_ROOTS)]
each_loss = pytest.mark.parametrize("name", LOSSES)
each_seed = pytest.mark.parametrize("seed", range(3))


def outputs(seed, count=1, scale=2.0):
    return scale * np.random.default_rng(100 + seed).standard_normal((count, SIZE))


def dense_hessian(loss, u):
    return np.column_stack([loss.hessian_vp(u, e) for e in np.eye(len(u))])


def dense_root(loss, u):
    root = loss.hessian_root(u)
    return root.times(np.eye(len(u)))


def assert_whitened(loss, u):
    """L s = g', to the rounding of the product itself or to products that underflow."""
    L, s, g = dense_root(loss, u), loss.whitened_gradient(u), loss.gradient(u)
    rounding = 1e-14 * (np.abs(L) @ np.abs(s) + np.abs(g)) + 1e-190
    product = loss.hessian_root(u).times(s)
    assert np.all(np.abs(product - g) <= rounding), np.max(np.abs(product - g) / rounding)
    assert np.all(np.isfinite(s))
