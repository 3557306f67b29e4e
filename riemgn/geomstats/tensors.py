"""Tensors of an output manifold at a point, in the coordinates that its parameters are.

Their indices are the parameters', in geomstats' order. They follow from J and D^2 f by the Gauss
equation (docs/theory.md, section 2) through the factorisation of J.
"""

from __future__ import annotations

import numpy as np

from riemgn.errors import NumericalError
from riemgn.immersions import Jet
from riemgn.immersions.outputs import finite
from riemgn.manifolds import gauss
from riemgn.manifolds.curvature import normal_bends
from riemgn.manifolds.normals import normal_parts
from riemgn.manifolds.sight import Sight


def hessian(jet: Jet) -> np.ndarray:
    """Return D^2 f, (n, p, p)."""
    n, p = jet.shape
    units, bends = np.eye(p), np.empty((n, p, p))
    for i in range(p):
        bends[:, i, i:] = jet.second_derivatives(units[i], units[:, i:])
        bends[:, i:, i] = bends[:, i, i:]
    return finite("D^2 f", bends, jet.params)


def metric_derivative(jet: Jet) -> np.ndarray:
    """Return d_k g_ij at [i, j, k], (p, p, p)."""
    half = np.tensordot(hessian(jet), jet.jacobian(), axes=(0, 0))  # <D^2 f[e_k, e_i], J e_j>
    return (half + half.transpose(0, 2, 1)).transpose(1, 2, 0)


def cometric(sight: Sight) -> np.ndarray:
    """Return (J^T J)^-1, (p, p), the product of the frame's lifts with themselves."""
    lifts = sight.frame.lifts
    return lifts @ lifts.T


def second_fundamental_form(sight: Sight) -> np.ndarray:
    """Return II(e_i, e_j), the normal part of D^2 f[e_i, e_j], at [:, i, j], (n, p, p)."""
    bends = hessian(sight.jet)
    return normal_parts(sight, bends.reshape(len(bends), -1)).reshape(bends.shape)


def covariant_riemann(sight: Sight) -> np.ndarray:
    """Return <R(e_k, e_l) e_j, e_i> at [i, j, k, l], (p, p, p, p).

    It is <II(e_i, e_k), II(e_j, e_l)> - <II(e_i, e_l), II(e_j, e_k)>.
    """
    bends = second_fundamental_form(sight)
    p, flat = bends.shape[1], bends.reshape(len(bends), -1)
    products = (flat.T @ flat).reshape(p, p, p, p)  # <II(e_a, e_b), II(e_c, e_d)>
    return products.transpose(0, 2, 1, 3) - products.transpose(0, 2, 3, 1)


def riemann(sight: Sight) -> np.ndarray:
    """Return dx^l(R(e_j, e_k) e_i) at [i, j, k, l], (p, p, p, p)."""
    p = sight.jet.shape[1]
    lowered = covariant_riemann(sight).reshape(p, -1)
    return np.moveaxis(_lifted(sight, lowered).reshape(p, p, p, p), 0, -1)


def curvature(sight: Sight, a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Return R(a, b) c, (p,): the Weingarten map of a by II(b, c) less that of b by II(a, c)."""
    jet = sight.jet
    across_b, across_a = normal_bends(sight, c, np.stack([b, a], axis=1)).T
    lowered = jet.hessian_vp(across_b, a) - jet.hessian_vp(across_a, b)
    return _lifted(sight, finite("a Hessian product of f", lowered, jet.params))


def sectional(sight: Sight, a: np.ndarray, b: np.ndarray) -> float:
    """Return the curvature of the plane that parameter vectors a, b (p,) span."""
    return gauss.sectional_curvature(sight, sight.jet.jvp(a), sight.jet.jvp(b))


def ricci(sight: Sight) -> np.ndarray:
    """Return the Ricci curvature of e_i and e_j at [i, j], (p, p)."""
    coframe = sight.frame.basis.T @ sight.jet.jacobian()
    return coframe.T @ gauss.ricci_matrix(sight) @ coframe


def _lifted(sight: Sight, q: np.ndarray) -> np.ndarray:
    """Return (J^T J)^-1 q, (p,) or (p, m), of covectors q."""
    return sight.factor.lift(sight.factor.transposed_lift(q))


def require_full_rank(sight: Sight) -> None:
    """Raise NumericalError where J loses rank: parameters are no coordinates there."""
    p = sight.jet.shape[1]
    if sight.rank < p:
        raise NumericalError(
            f"the metric J^T J is singular: the Jacobian has rank {sight.rank} of {p} at "
            f"|w| = {np.linalg.norm(sight.jet.params):.3g} "
            "(the curvatures of space.manifold are those of its range)"
        )
