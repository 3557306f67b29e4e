"""Curvatures of an output manifold, from accelerations in an orthonormal tangent frame."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from riemgn.errors import NumericalError
from riemgn.linalg import IdentityRoot
from riemgn.linalg.roots import Root
from riemgn.manifolds.sight import TangentFrame

if TYPE_CHECKING:
    from riemgn.immersions import Jet


def accelerations(
    jet: Jet, frame: TangentFrame, root: Root | None = None
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield each i with the columns L^T D^2 f[xi_i, xi_j], j = i, ..., r - 1, (n, r - i).

    Args:
        jet: f at the point.
        frame: Its tangent frame, of the map L^T f.
        root: L, constant; None for the identity.

    Raises:
        NumericalError: A second derivative holds NaN or infinity.
    """
    root = IdentityRoot() if root is None else root
    for i, xi in enumerate(frame.lifts.T):
        columns = [jet.second_derivative(xi, eta) for eta in frame.lifts.T[i:]]
        bends = root.transposed(np.stack(columns, axis=1))
        if not np.all(np.isfinite(bends)):
            raise NumericalError("a second derivative of f holds NaN or infinity at this point")
        yield i, bends


def rms_curvatures(jet: Jet, frame: TangentFrame, root: Root | None = None) -> tuple[float, float]:
    """Return the root-mean-square curvatures (parameter effects, intrinsic) of L^T f.

    The mean of |a(v, v)|^2 over unit tangent vectors v, a the tangential or the normal part of the
    acceleration, is (2 sum_ij |a_ij|^2 + |sum_i a_ii|^2) / (r (r + 2)): docs/theory.md, section 2.
    It takes r (r + 1) / 2 second derivatives. Source: Bates and Watts (1980), section 2.3.

    Args:
        jet: f at the point.
        frame: Its tangent frame, of the map L^T f.
        root: L, constant; None for the identity.
    """
    squares, traces = np.zeros(2), np.zeros((2, frame.basis.shape[0]))
    for _, bends in accelerations(jet, frame, root):
        tangential = frame.tangential(bends)
        for part, a in enumerate((tangential, bends - tangential)):
            # a_ij and a_ji are the same: those off the diagonal count twice
            squares[part] += 2 * np.sum(a**2) - np.sum(a[:, 0] ** 2)
            traces[part] += a[:, 0]
    r = frame.rank
    means = (2 * squares + np.sum(traces**2, axis=1)) / (r * (r + 2))
    parameter_effects, intrinsic = np.sqrt(means)
    return float(parameter_effects), float(intrinsic)
