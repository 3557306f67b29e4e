"""What the core is measured against: an independent network, and matrices known exactly."""

import os
from itertools import pairwise

import autograd.numpy as anp
import numpy as np
import pytest
import scipy.linalg
from autograd.scipy.special import erf


def pytest_configure(config):
    """Give each process of a parallel run one BLAS thread: together they have all cores."""
    if getattr(config.option, "numprocesses", None):
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


SIGMA = {
    "tanh": anp.tanh,
    "sigmoid": lambda z: 1 / (1 + anp.exp(-z)),
    "softplus": lambda z: anp.log1p(anp.exp(z)),
    "gelu": lambda z: 0.5 * z * (1 + erf(z / anp.sqrt(2.0))),
    "silu": lambda z: z / (1 + anp.exp(-z)),
    "sin": anp.sin,
    "erf": erf,
    "identity": lambda z: z,
}


@pytest.fixture(scope="session")
def network_function():
    """(network, X) -> its outputs as an `autograd.numpy` function of w, from the definition."""

    def of(network, X):
        sigma = SIGMA[network.activation.name]

        def raw(w):
            H, at = X, 0
            widths = network.widths
            for l, (inputs, outputs) in enumerate(pairwise(widths)):
                W = anp.reshape(w[at : at + inputs * outputs], (outputs, inputs))
                at += inputs * outputs
                Z = anp.dot(H, W.T) + w[at : at + outputs]
                at += outputs
                H = sigma(Z) if l < len(widths) - 2 else Z
            return anp.reshape(H, -1)

        shift = 0.0 if network.reference is None else raw(network.reference)
        return lambda w: network.scale * (raw(w) - shift)

    return of


class LinearMap:
    """A matrix as the `riemgn.linalg.Differential` that factorisations work with."""

    streams = False

    def __init__(self, J):
        self._J = np.asfortranarray(J)
        self.shape = self._J.shape

    def jacobian(self):
        return self._J

    def row_blocks(self):
        yield slice(0, self.shape[0]), self._J

    def gram(self):
        return self._J.T @ self._J

    def kernel(self):
        return self._J @ self._J.T

    def jvp(self, xi):
        return self._J @ xi

    def vjp(self, v):
        return self._J.T @ v


@pytest.fixture(scope="session")
def linear_map():
    return LinearMap


class StreamedMap(LinearMap):
    """The same, as a map too large to be held: it is read by blocks of rows."""

    streams = True

    def row_blocks(self):
        for start in range(0, self.shape[0], 10):
            rows = slice(start, min(start + 10, self.shape[0]))
            yield rows, self._J[rows]


@pytest.fixture(scope="session")
def streamed_map():
    return StreamedMap


class KnownMatrix:
    """J = U diag(s) V^T whose every entry, factor and singular value is a float64 without rounding.

    U and V are columns of Hadamard matrices, so that J is known exactly and errors of a projection
    are those of the method, not those of the matrix.
    """

    def __init__(self, condition, n=64, p=16, seed=0):
        generator = np.random.default_rng(seed)
        digits = 2.0**45
        self.s = np.round(np.logspace(0, -np.log10(condition), p) * digits) / digits
        signs = generator.choice([-1.0, 1.0], size=(n, 1))
        self.U = signs * generator.permutation(scipy.linalg.hadamard(n))[:, :p] / np.sqrt(n)
        self.V = generator.permutation(scipy.linalg.hadamard(p)) / np.sqrt(p)
        self.J = (self.U * self.s) @ self.V.T

    def project(self, v):
        return self.U @ (self.U.T @ v)

    def lift(self, v):
        return self.V @ ((self.U.T @ v).T / self.s).T

    def transposed_lift(self, q):
        return self.U @ ((self.V.T @ q).T / self.s).T


@pytest.fixture(scope="session")
def known_matrix():
    return KnownMatrix
