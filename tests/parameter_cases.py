"""Problems with known answers for descents in the parameters."""

import numpy as np
from contract_cases import Watched, on


def quadratic(eigenvalues, seed=0):
    """|A w|^2 / 2 with A^T A of these eigenvalues, and a start with a share of each eigenvector."""
    eigenvalues = np.asarray(eigenvalues, dtype=float)
    p = eigenvalues.size
    Q = np.linalg.qr(np.random.default_rng(seed).normal(size=(p, p)))[0]
    A = np.sqrt(eigenvalues)[:, None] * Q.T
    immersion = Watched(lambda w: A @ w, lambda w: A, dim=p, ambient_dim=p)
    problem, x = on(immersion, np.zeros(p), Q.sum(axis=1))
    immersion.count = 1
    return problem, x, A.T @ A


def told(problem):
    """Loss and gradient by the parameters, from f, J and the loss's gradient alone."""
    f, loss = problem.manifold.immersion, problem.loss

    def value(w):
        return loss.value(f(w)), f.jacobian(w).T @ loss.gradient(f(w))

    return value
