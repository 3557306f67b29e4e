"""Random matrices of a given condition number, and the stacked least squares by QR."""

import numpy as np
import scipy.linalg


def stacked(B, t, damping, scale=None):
    """The minimiser of |B x - t|^2 + damping |D x|^2, by QR of the stacked rows."""
    p = B.shape[1]
    D = np.ones(p) if scale is None else scale
    Q, R = np.linalg.qr(np.vstack([B, np.sqrt(damping) * np.diag(D)]))
    return scipy.linalg.solve_triangular(R, Q.T @ np.concatenate([t, np.zeros(p)]))


def random_matrix(n, p, condition, seed=0):
    generator = np.random.default_rng(seed)
    k = min(n, p)
    U = np.linalg.qr(generator.normal(size=(n, k)))[0]
    V = np.linalg.qr(generator.normal(size=(p, k)))[0]
    return (U * np.logspace(0, -np.log10(condition), k)) @ V.T


def assert_close(x, wanted, B, limit, scale=None):
    """Near in the damping's units and, which matters, in output space."""
    D = 1.0 if scale is None else scale
    assert np.linalg.norm(D * (x - wanted)) <= limit * np.linalg.norm(D * wanted)
    assert np.linalg.norm(B @ (x - wanted)) <= limit * np.linalg.norm(B @ wanted)
