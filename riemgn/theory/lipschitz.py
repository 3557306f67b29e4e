"""The Lipschitz constant of a Jacobian on a ball: a proved upper bound and a sampled lower one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh

from riemgn.arguments import generator, integer, positive
from riemgn.errors import NumericalError
from riemgn.immersions import Immersion, Jet

TURNS = 100
DENSE = 60  # parameters up to which a Hessian is held
_TOLERANCE = 1e-8  # share of its value by which a turn must raise it to go on


@dataclass(frozen=True)
class LipschitzBound:
    """What is known of the Lipschitz constant of J on a ball.

    Attributes:
        upper: No constant needed is larger (`Immersion.derivative_bounds`); infinite if unknown.
        sampled: |D^2 f(w')[xi, xi]| at some w' of the ball and unit xi: no constant is smaller.
        radius: That of the ball of parameters.
    """

    upper: float
    sampled: float
    radius: float


def jacobian_lipschitz(
    immersion: Immersion,
    params,
    radius: float,
    samples: int = 16,
    seed: int | np.random.Generator | None = 0,
) -> LipschitzBound:
    """Return bounds of the Lipschitz constant of J on |w' - w| <= radius, in the spectral norm.

    The lower one is climbed from each sample w' of the ball, w the first, in turns: N along
    D^2 f[xi, xi], then xi the eigenvector of sum_i N_i Hess f_i whose eigenvalue is largest in
    size. No turn falls.

    Args:
        immersion: The map f.
        params: The centre w (p,).
        radius: At least 0.
        samples: How many points of the ball are tried.
        seed: Of the samples.

    Raises:
        ValueError, TypeError: An argument is not legal.
        riemgn.NumericalError: A derivative is not finite, or an eigenvector was not found.
    """
    if not isinstance(immersion, Immersion):
        raise TypeError(f"immersion must be a riemgn.Immersion, got {type(immersion).__name__}")
    w, radius = immersion.as_params(params), positive("radius", radius, allow_zero=True)
    samples, draws = integer("samples", samples), generator(seed)
    bounds, sampled = immersion.derivative_bounds(w, radius), 0.0
    for k in range(samples):
        step = draws.normal(size=w.size)
        step *= (0.0 if k == 0 else draws.uniform() ** (1 / w.size)) / np.linalg.norm(step)
        jet = immersion.at(w + radius * step)
        sampled = max(sampled, largest_bend(jet, draws.normal(size=w.size)))
    return LipschitzBound(np.inf if bounds is None else bounds.second, sampled, radius)


def largest_bend(jet: Jet, start: np.ndarray) -> float:
    """Return |D^2 f[xi, xi]|, unit xi, at which turns from a start no longer rise."""
    xi = start / np.linalg.norm(start)
    bend = _bend(jet, xi)
    value = float(np.linalg.norm(bend))
    for _ in range(TURNS):
        if value == 0:
            break
        ahead = _bent_most(jet, bend / value, xi)
        bend = _bend(jet, ahead)
        reached = float(np.linalg.norm(bend))
        if reached <= value * (1 + _TOLERANCE):
            return max(reached, value)
        value, xi = reached, ahead
    return value


def _bend(jet: Jet, xi: np.ndarray) -> np.ndarray:
    bend = jet.second_derivative(xi, xi)
    if not np.all(np.isfinite(bend)):
        raise NumericalError("a second derivative of f in the ball is not finite")
    return bend


def _bent_most(jet: Jet, normal: np.ndarray, xi: np.ndarray) -> np.ndarray:
    """The eigenvector of sum_i normal_i Hess f_i whose eigenvalue is largest in size."""
    p = xi.size
    if p <= DENSE:
        H = np.stack([jet.hessian_vp(normal, unit) for unit in np.eye(p)], axis=1)
        values, vectors = np.linalg.eigh(0.5 * (H + H.T))
        return vectors[:, np.argmax(np.abs(values))]
    product = LinearOperator((p, p), matvec=lambda a: jet.hessian_vp(normal, a.ravel()))
    try:
        return eigsh(product, k=1, v0=xi, tol=1e-6)[1][:, 0]
    except ArpackError as error:
        raise NumericalError(f"the largest second derivative was not found: {error}") from None
