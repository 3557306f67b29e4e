"""Problems with more weights than outputs, on inputs that nearly coincide in pairs (C6 and C7)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, xlogy

from riemgn import datasets
from riemgn.losses import LogisticLoss, Loss, PoissonLoss, SquaredLoss
from riemgn.manifolds import OutputManifold, Point
from riemgn.networks import Network
from riemgn.problem import Problem

INPUTS = 5
ALPHA = 300.0
WIDTH = 2000
DEEP = (300, 300, 300)

# The dampings that both claims speak of: c of the adaptive ones, in units of lambda_min, and the
# fixed rho.
C = 1.0
FIXED = 0.3

# Decades of lambda_min that both claims are measured over: eight, less what random inputs make of
# distances of pairs over four decades.
DECADES = 7.5

# How far what does not see lambda_min may be from what it is for linear f, relative to itself.
NEARLY_LINEAR = 0.02

# Above this distance between the inputs of a pair, targets of size 1 leave f nearly linear along
# the whole path at the scale `ALPHA`.
_FLAT_FROM = 1e-2


@dataclass(frozen=True, eq=False)
class Wide:
    """A problem with p >= n, the start of its flows at outputs zero, and the infimum of its loss.

    Attributes:
        problem: The loss on the manifold of outputs, in the dot product.
        point: The start.
        least_loss: The infimum of the loss over all outputs, in closed form or by a root of each
            sample's own equation.
        curvature: The least and the largest eigenvalue of the loss's Hessian at that infimum.
    """

    problem: Problem
    point: Point
    least_loss: float = 0.0
    curvature: tuple[float, float] = (1.0, 1.0)


def nearly_linear_targets(distance: float) -> float:
    """Return a size of targets at which f is nearly linear on the way to them, at most 1.

    Outputs in the direction of a pair's difference move the weights by |y| / sqrt(lambda_min), and
    f bends by alpha times the square of that: relative to |y| by |y| / (alpha distance^2). Targets
    that fall like the distance's square, at a fixed output scale, are an output scale that grows
    like its inverse for fixed targets (docs/theory.md, section 7).
    """
    return min(1.0, (distance / _FLAT_FROM) ** 2)


def paired_inputs(distance: float, rng: np.random.Generator, n: int) -> np.ndarray:
    """Return n / 2 random inputs of length 1, and each again with normal noise: (n, 5).

    Args:
        distance: The standard deviation of the noise.
        rng: Where they are drawn from.
        n: Even.
    """
    X = rng.normal(size=(n // 2, INPUTS))
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    return np.vstack([X, X + distance * rng.normal(size=X.shape)])


def paired_regression(
    distance: float,
    seed: int,
    n: int = 20,
    hidden: tuple[int, ...] = (WIDTH,),
    alpha: float = ALPHA,
    target_size: float = 1.0,
) -> Wide:
    """Return normal targets of a size on paired inputs, with squared loss.

    Args:
        distance: Between the inputs of a pair, about.
        seed: Of the data and of the initialisation.
        n: The number of inputs.
        hidden: The widths of the hidden layers.
        alpha: The output scale.
        target_size: The standard deviation of the targets.
    """
    rng = np.random.default_rng(seed)
    X = paired_inputs(distance, rng, n)
    return Wide(*_started(X, SquaredLoss(target_size * rng.normal(size=n)), hidden, alpha, seed))


def paired_classes(distance: float, seed: int, ridge: float, n: int = 20) -> Wide:
    """Return random labels on paired inputs, with logistic loss and a ridge on the logits."""
    rng = np.random.default_rng(seed)
    X = paired_inputs(distance, rng, n)
    return _classified(X, rng.integers(0, 2, size=n), ridge, ALPHA, seed)


def paired_counts(distance: float, seed: int, mean: float, n: int = 20) -> Wide:
    """Return counts of at least 1 on paired inputs, with Poisson loss."""
    rng = np.random.default_rng(seed)
    X = paired_inputs(distance, rng, n)
    counts = 1.0 + rng.poisson(mean, size=n)
    least = float(np.sum(counts - xlogy(counts, counts)))
    started = _started(X, PoissonLoss(counts), (WIDTH,), ALPHA, seed)
    return Wide(*started, least, (float(counts.min()), float(counts.max())))


def wide_breast_cancer(seed: int, alpha: float, rows: int = 60, ridge: float = 0.1) -> Wide:
    """Return random rows of the breast cancer data, with logistic loss and a ridge on the logits.

    Args:
        seed: Of the rows and of the initialisation.
        alpha: The output scale.
        rows: How many.
        ridge: The weight of the squared logits.
    """
    X, y = datasets.load("breast_cancer")
    kept = np.random.default_rng(seed).choice(y.size, rows, replace=False)
    return _classified(X[kept], y[kept], ridge, alpha, seed)


def wide_digits(seed: int, alpha: float, rows: int = 60) -> Wide:
    """Return random rows of the digits data, with squared loss on their standardised labels.

    Args:
        seed: Of the rows and of the initialisation.
        alpha: The output scale.
        rows: How many.
    """
    X, y = datasets.load("digits")
    kept = np.random.default_rng(seed).choice(y.size, rows, replace=False)
    labels = (y[kept] - y[kept].mean()) / y[kept].std()
    return Wide(*_started(X[kept], SquaredLoss(labels), (WIDTH,), alpha, seed))


def logistic_optimum(ridge: float) -> float:
    """Return the logit u of a sample of class 1 at the least loss: 1 / (1 + e^u) = ridge u."""
    return float(brentq(lambda u: expit(-u) - ridge * u, 0.0, 1.0 / ridge, xtol=1e-14))


def _classified(X: np.ndarray, labels: np.ndarray, ridge: float, alpha: float, seed: int) -> Wide:
    u = logistic_optimum(ridge)
    least = labels.size * float(np.logaddexp(0.0, -u) + 0.5 * ridge * u**2)
    curvature = float(expit(u) * expit(-u) + ridge)
    started = _started(X, LogisticLoss(labels, ridge), (WIDTH,), alpha, seed)
    return Wide(*started, least, (curvature, curvature))


def _started(
    X: np.ndarray, loss: Loss, hidden: tuple[int, ...], alpha: float, seed: int
) -> tuple[Problem, Point]:
    net = Network((X.shape[1], *hidden, 1))
    w0 = net.init(seed=seed)
    M = OutputManifold(net.scaled(alpha).centred(w0), X)
    return Problem(M, loss), M.point(w0)
