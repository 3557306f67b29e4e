"""The trust-region subproblem of a small dense quadratic model, indefinite or not."""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq


def trust_region_step(H: np.ndarray, g: np.ndarray, radius: float) -> tuple[np.ndarray, float]:
    """Return the minimiser s of g^T s + s^T H s / 2 over |s| <= radius, and its multiplier.

    With the multiplier m >= 0, (H + m I) s = -g and H + m I is positive semidefinite (More and
    Sorensen, SIAM J. Sci. Stat. Comput. 4, 1983); in the hard case an eigenvector of the least
    eigenvalue fills the radius.

    Args:
        H: Symmetric, (k, k).
        g: (k,).
        radius: Positive; infinity only where H is positive definite.
    """
    values, vectors = np.linalg.eigh(H)
    size = max(abs(values[0]), abs(values[-1]), float(np.finfo(float).tiny))
    b = (vectors.T @ g) / size
    least = max(0.0, -values[0])
    rise = (values + least) / size  # the spectrum above its least value, or above zero

    def coordinates(excess: float) -> np.ndarray:
        """At the multiplier least + excess * size."""
        return -b / (rise + excess)

    if values[0] > 1e-14 * size:
        s = coordinates(0.0)
        if np.linalg.norm(s) <= radius:
            return vectors @ s, 0.0
    low = 1e-14
    if np.linalg.norm(coordinates(low)) <= radius:
        s = coordinates(low)
        s[0] += np.copysign(np.sqrt(max(radius**2 - s @ s, 0.0)), s[0])
        return vectors @ s, least + low * size
    excess = brentq(
        lambda excess: 1 / radius - 1 / np.linalg.norm(coordinates(excess)),
        low,
        max(np.linalg.norm(b) / radius, 2 * low),
        xtol=np.finfo(float).tiny,
        rtol=1e-14,
    )
    return vectors @ coordinates(excess), float(least + excess * size)
