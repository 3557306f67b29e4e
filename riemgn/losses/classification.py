"""Losses of class labels, with logits as outputs: logistic for two classes, softmax for more."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy.special import expit

from riemgn.arguments import positive
from riemgn.linalg.roots import BlockRoot, DiagonalRoot
from riemgn.losses.loss import LEAST_LOG_CURVATURE, Loss, silently
from riemgn.losses.targets import binary_labels, class_labels


class LogisticLoss(Loss):
    """g(u) = sum log(1 + exp(-y_i u_i)) + ridge/2 |u|^2, y = -1 or 1, one logit a sample.

    nu = ridge, mu = 1/4 + ridge, and the Hessian has the Lipschitz constant sup |sigmoid''| =
    1 / (6 sqrt 3). Without a ridge L = diag(1 / (2 cosh(u/2))) and
    s = -y exp(-y u/2), which divides nothing; beyond |u| = 600 both are held, and L s = g'(u)
    still holds. With a ridge L = diag(sqrt(h)), h the diagonal of the Hessian.

    Args:
        labels: Labels 0 and 1 (or booleans), or -1 and 1, shape (n,).
        ridge: Weight of the squared outputs, at least 0.

    Attributes:
        targets: The labels in the coding given, integers, read-only, shape (n,).
        ridge: The weight.

    Raises:
        TypeError: The labels or the ridge are complex or not numbers.
        ValueError: The labels are empty, of another number of dimensions, NaN or otherwise coded;
            the ridge is negative or not finite.
    """

    hessian_lipschitz = 1.0 / math.sqrt(108.0)
    nonnegative = True

    def __init__(self, labels, ridge: float = 0.0) -> None:
        self.targets = binary_labels(labels)
        self.ridge = positive("ridge", ridge, allow_zero=True)
        self.size = self.targets.size
        self.strong_convexity = self.ridge
        self.smoothness = 0.25 + self.ridge
        self._signs = np.where(self.targets == 1, 1.0, -1.0)

    def __repr__(self) -> str:
        return f"LogisticLoss(size={self.size}, ridge={self.ridge:g})"

    @silently
    def value(self, u) -> float:
        """Return the loss, each term to full relative precision."""
        return float(np.sum(self.terms(u)))

    @silently
    def terms(self, u) -> np.ndarray:
        """Return each sample's loss with its share of the ridge, (n,)."""
        u = self._vector(u)
        return np.logaddexp(0.0, -self._signs * u) + _ridge_terms(self.ridge, u)

    @silently
    def gradient(self, u) -> np.ndarray:
        """Return -y / (1 + exp(y u)) + ridge u."""
        u = self._vector(u)
        return -self._signs * expit(-self._signs * u) + self.ridge * u

    @silently
    def hessian_vp(self, u, v) -> np.ndarray:
        """Return (1 / (2 cosh(u/2))^2 + ridge) v."""
        return self._curvature(self._vector(u)) * self._vector(v, "v")

    @silently
    def third_derivative(self, u, a, b) -> np.ndarray:
        """Return -tanh(u/2) / (2 cosh(u/2))^2 a b."""
        u, a, b = self._vector(u), self._vector(a, "a"), self._vector(b, "b")
        return -np.tanh(0.5 * u) * expit(u) * expit(-u) * a * b

    @silently
    def hessian_root(self, u) -> DiagonalRoot:
        """Return the square root of the diagonal Hessian."""
        u = self._vector(u)
        if self.ridge > 0:
            return DiagonalRoot(np.sqrt(self._curvature(u)))
        size = np.minimum(np.abs(u), -LEAST_LOG_CURVATURE)
        return DiagonalRoot(np.exp(-0.5 * size) / (1.0 + np.exp(-size)))

    @silently
    def whitened_gradient(self, u) -> np.ndarray:
        """Return -y exp(-y u/2), or g'(u) / sqrt(h) with a ridge."""
        u = self._vector(u)
        if self.ridge > 0:
            return self.gradient(u) / np.sqrt(self._curvature(u))
        half = 0.5 * np.minimum(np.abs(u), -LEAST_LOG_CURVATURE)
        return -self._signs * np.exp(half - np.maximum(self._signs * u, 0.0))

    def _curvature(self, u: np.ndarray) -> np.ndarray:
        return expit(u) * expit(-u) + self.ridge


class SoftmaxLoss(Loss):
    """g(u) = sum_i [log sum_j exp(u_ij) - u_i,label(i)] + ridge/2 |u|^2.

    nu = ridge, mu = 1/2 + ridge. With p the probabilities of a sample, each block of the Hessian is
    diag(p) - p p^T + ridge I = R (I - a a^T) R, where R = diag(sqrt(p + ridge)) and a = R^-1 p. So

        L = R (I - a a^T / (1 + t)),    t^2 = 1 - |a|^2 = ridge sum_j p_j / (p_j + ridge),
        s = R^-1 g' + a (a^T R^-1 g') / (t (1 + t)),

    written without subtractions of nearly equal numbers. Without a ridge, t = 0 and the last term
    vanishes: L = diag(sqrt(p)) - p sqrt(p)^T, s = g' / sqrt(p). There sqrt(p_j) is held at
    exp(-300), and L s = g' still holds, to rounding or 1e-190: diag(r) - p r^T maps g' / r to g'
    whatever r is, because the entries of g' add up to zero. Derived here.

    The Hessian has the Lipschitz constant sqrt(2) / (3 sqrt 3): the third derivative along a is the
    third central moment of the entries a_j under p. Among the laws of one mean on an interval that
    moment, linear in the law, is largest for one of two values, where it is q (1 - q) (1 - 2 q) <=
    1 / (6 sqrt 3) times the cube of their distance, at most sqrt(2) |a|.

    Args:
        labels: Integer labels 0..k-1, shape (samples,); integers kept as floats will do.
        ridge: Weight of the squared outputs, at least 0.
        classes: k, if labels may lack the last classes; by default max(labels) + 1.

    Attributes:
        targets: The labels, integers, read-only, shape (samples,).
        ridge: The weight.
        classes: k, the number of logits a sample; size = samples * k.

    Raises:
        TypeError: The labels, the ridge or the classes are not numbers of their kind.
        ValueError: The labels are empty, of another number of dimensions, no integers, negative or
            beyond `classes`; fewer than two classes; the ridge is negative or not finite.
    """

    hessian_lipschitz = math.sqrt(2.0 / 27.0)
    nonnegative = True

    def __init__(self, labels, ridge: float = 0.0, classes: int | None = None) -> None:
        self.targets, self.classes = class_labels(labels, classes)
        self.ridge = positive("ridge", ridge, allow_zero=True)
        self.size = self.targets.size * self.classes
        self.strong_convexity = self.ridge
        self.smoothness = 0.5 + self.ridge
        self.hessian_nullity = self.targets.size if self.ridge == 0 else 0
        self._samples = np.arange(self.targets.size)

    def __repr__(self) -> str:
        return (
            f"SoftmaxLoss(samples={self.targets.size}, classes={self.classes}, "
            f"ridge={self.ridge:g})"
        )

    @silently
    def value(self, u) -> float:
        """Return the loss, each sample's term to full relative precision."""
        return float(np.sum(self.terms(u)))

    @silently
    def terms(self, u) -> np.ndarray:
        """Return each sample's loss with its share of the ridge, (samples,)."""
        u = self._vector(u)
        soft = self._softmax(u)
        behind = -soft.lag[self._samples, self.targets]
        ridge = _ridge_terms(self.ridge, u.reshape(soft.p.shape))
        return behind + np.log1p(soft.rest) + np.sum(ridge, axis=1)

    @silently
    def gradient(self, u) -> np.ndarray:
        """Return p - e_label + ridge u."""
        u = self._vector(u)
        return self._residual(self._softmax(u)).ravel() + self.ridge * u

    @silently
    def hessian_vp(self, u, v) -> np.ndarray:
        """Return p (v - p^T v) + ridge v, sample by sample."""
        soft = self._softmax(self._vector(u))
        v = self._vector(v, "v")
        return (soft.p * soft.centred(v.reshape(soft.p.shape))).ravel() + self.ridge * v

    @silently
    def third_derivative(self, u, a, b) -> np.ndarray:
        """Return p (c - p^T c) with c = (a - p^T a) (b - p^T b), sample by sample."""
        soft = self._softmax(self._vector(u))
        a = self._vector(a, "a").reshape(soft.p.shape)
        b = self._vector(b, "b").reshape(soft.p.shape)
        return (soft.p * soft.centred(soft.centred(a) * soft.centred(b))).ravel()

    @silently
    def hessian_root(self, u) -> BlockRoot:
        """Return the block-diagonal L of the class docstring."""
        soft = self._softmax(self._vector(u))
        r, a, lost = self._scaling(soft)
        t = np.sqrt(lost.sum(axis=1, keepdims=True))
        blocks = -soft.p[:, :, None] * (a / (1.0 + t))[:, None, :]
        diagonal = np.arange(self.classes)
        blocks[:, diagonal, diagonal] = r * (soft.complement + lost + t) / (1.0 + t)
        return BlockRoot(blocks)

    @silently
    def whitened_gradient(self, u) -> np.ndarray:
        """Return s of the class docstring; a^T R^-1 g' is computed as ridge (...), not summed."""
        u = self._vector(u)
        soft = self._softmax(u)
        r, a, lost = self._scaling(soft)
        residual = self._residual(soft)
        if self.ridge == 0:
            return (residual / r).ravel()
        logits = u.reshape(r.shape)
        t = np.sqrt(lost.sum(axis=1, keepdims=True))
        along = np.sum((soft.p * logits - residual) / (soft.p + self.ridge), axis=1, keepdims=True)
        along *= self.ridge
        return ((residual + self.ridge * logits) / r + a * along / (t * (1.0 + t))).ravel()

    def _softmax(self, u: np.ndarray) -> _Softmax:
        return _softmax(u.reshape(-1, self.classes))

    def _residual(self, soft: _Softmax) -> np.ndarray:
        """Return p - e_label; at the label -(1 - p), from the complement."""
        residual = soft.p.copy()
        residual[self._samples, self.targets] = -soft.complement[self._samples, self.targets]
        return residual

    def _scaling(self, soft: _Softmax) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the diagonal of R, the vector a, and ridge p / (p + ridge), whose sum is t^2."""
        if self.ridge > 0:
            r = np.sqrt(soft.p + self.ridge)
            return r, soft.p / r, self.ridge * soft.p / (soft.p + self.ridge)
        half = 0.5 * np.maximum(soft.lag, LEAST_LOG_CURVATURE)
        r = np.exp(half) / np.sqrt(1.0 + soft.rest)[:, None]
        return r, r, np.zeros_like(r)


class _Softmax(NamedTuple):
    """Probabilities of each sample and what they are made of; arrays of shape (samples, k)."""

    largest: tuple[np.ndarray, np.ndarray]
    """Index of each sample's largest logit."""
    lag: np.ndarray
    """u - max u."""
    rest: np.ndarray
    """Sum of exp(lag) without the largest logit's own 1, shape (samples,)."""
    p: np.ndarray
    complement: np.ndarray
    """1 - p, without cancellation."""

    def centred(self, v: np.ndarray) -> np.ndarray:
        """Return v - p^T v, through differences that vanish at the largest p: no cancellation."""
        difference = v - v[self.largest][:, None]
        return difference - np.einsum("sk,sk->s", self.p, difference)[:, None]


def _softmax(logits: np.ndarray) -> _Softmax:
    largest = np.arange(logits.shape[0]), np.argmax(logits, axis=1)
    lag = logits - logits[largest][:, None]
    p = np.exp(lag)
    p[largest] = 0.0
    rest = p.sum(axis=1)
    p[largest] = 1.0
    p /= (1.0 + rest)[:, None]
    complement = 1.0 - p
    complement[largest] = rest / (1.0 + rest)
    return _Softmax(largest, lag, rest, p, complement)


def _ridge_terms(ridge: float, u: np.ndarray) -> np.ndarray:
    return 0.5 * ridge * u**2 if ridge > 0 else np.zeros_like(u)
