"""The second fundamental form of an output manifold, as its metric sees it, and means over it.

Everything here is of L^T f in R^n with the dot product, for a constant metric H = L L^T.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from riemgn.immersions.outputs import finite
from riemgn.linalg import IdentityRoot
from riemgn.linalg.roots import Root
from riemgn.manifolds.normals import (
    FrameNormals,
    grown,
    is_normal,
    normal_parts,
    normal_projection,
    tamed,
)
from riemgn.manifolds.sight import Sight, TangentFrame

if TYPE_CHECKING:
    from riemgn.immersions import Jet


def seen_bends(jet: Jet, root: Root, xi: np.ndarray, etas: np.ndarray) -> np.ndarray:
    """Return L^T D^2 f[xi, eta_j] as columns, (n, m).

    Raises:
        NumericalError: A second derivative holds NaN or infinity.
    """
    bends = jet.second_derivatives(xi, etas)
    return root.transposed(finite("a second derivative of f", bends, jet.params))


def normal_bends(sight: Sight, xi: np.ndarray, etas: np.ndarray) -> np.ndarray:
    """Return L^T II(J xi, J eta_j) as columns, (n, m): zero where M is open in R^n."""
    return normal_parts(sight, seen_bends(sight.jet, sight.root, xi, etas))


def second_fundamental_form(sight: Sight, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return II(a, b), (n,), an ambient vector."""
    (a, *size_a), (b, *size_b) = tamed(a), tamed(b)
    bend = sight.jet.second_derivative(sight.lift(a), sight.lift(b))
    return grown("II(a, b)", _ambient_normal(sight, bend), *size_a, *size_b)


def frame_trace(sight: Sight) -> np.ndarray:
    """Return the sum of II(e_i, e_i) over an orthonormal frame, (n,), an ambient vector."""
    jet = sight.jet
    return _ambient_normal(sight, sum(jet.second_derivative(xi, xi) for xi in sight.frame.lifts.T))


def _ambient_normal(sight: Sight, bend: np.ndarray) -> np.ndarray:
    """The normal part of an ambient vector (n,), refused where it is rounding."""
    finite("a second derivative of f", bend, sight.jet.params)
    seen = normal_parts(sight, sight.root.transposed(bend))
    if sight.root.is_identity or not seen.any():
        return seen
    return bend - sight.project(bend)


def shape_operator(sight: Sight, normal: np.ndarray) -> np.ndarray:
    """Return the products of L^T II(e_i, e_j) with a normal (n,), (r, r), in the tangent frame.

    Raises:
        NumericalError: A Hessian product holds NaN or infinity.
    """
    if sight.rank == normal.size:
        return np.zeros((normal.size, normal.size))
    lifts, covector = sight.frame.lifts, sight.root.times(normal)
    products = np.stack([sight.jet.hessian_vp(covector, xi) for xi in lifts.T], axis=1)
    S = lifts.T @ finite("a Hessian product of f", products, sight.jet.params)
    return 0.5 * (S + S.T)


def weingarten(sight: Sight, v: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """Return W(v, N), (n,), an ambient vector, for ambient vectors v, N (n,).

    Raises:
        NumericalError: It is not finite, or neither zero nor more than rounding.
    """
    (v, size_v), (seen, size_N) = tamed(v), tamed(sight.root.transposed(normal))
    seen = normal_projection(sight, seen)
    if not seen.any():
        return np.zeros(v.size)
    xi = sight.lift(v)
    turned = sight.raised(sight.jet.hessian_vp(sight.root.times(seen), xi))
    finite("a Hessian product of f", turned, sight.jet.params)
    size = np.linalg.norm(sight.root.transposed(turned))
    if size == 0:
        return turned
    bend = seen_bends(sight.jet, sight.root, xi, sight.lift(turned / size)[:, None])
    if not is_normal(sight, bend, size / np.linalg.norm(seen)):
        return np.zeros(v.size)
    return grown("W(v, N)", turned, size_v, size_N)


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
        yield i, seen_bends(jet, root, xi, frame.lifts[:, i:])


@dataclass(frozen=True)
class Moments:
    """Sums over a tangent frame of the tangential or of the normal parts of accelerations a_ij.

    Attributes:
        square: sum_ij |a_ij|^2.
        trace_square: |sum_i a_ii|^2.
        rank: The dimension r of the frame.
    """

    square: float
    trace_square: float
    rank: int

    @property
    def root_mean_square(self) -> float:
        """The root of the mean of |a(v, v)|^2 over unit tangent vectors."""
        r = self.rank
        return float(np.sqrt((2 * self.square + self.trace_square) / (r * (r + 2))))


def moments(
    columns: Iterator[tuple[int, np.ndarray]],
    split: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]],
    shape: tuple[int, int],
) -> tuple[Moments, Moments]:
    """Return the sums of both parts into which accelerations are split.

    Args:
        columns: The accelerations, as `accelerations` yields them.
        split: What parts columns (n, m) in two.
        shape: (n, r).
    """
    n, r = shape
    squares, traces = np.zeros(2), np.zeros((2, n))
    for _, bends in columns:
        for part, a in enumerate(split(bends)):
            # a_ij and a_ji are the same: those off the diagonal count twice
            squares[part] += 2 * np.sum(a**2) - np.sum(a[:, 0] ** 2)
            traces[part] += a[:, 0]
    first, second = (
        Moments(float(square), float(trace @ trace), r)
        for square, trace in zip(squares, traces, strict=True)
    )
    return first, second


def frame_moments(sight: Sight) -> tuple[Moments, Moments]:
    """Return the sums of the tangential and the normal parts at a point.

    Raises:
        NumericalError: The normal parts are neither zero nor more than rounding.
    """
    normals, columns = FrameNormals(sight), accelerations(sight.jet, sight.frame, sight.root)
    tangential, normal = moments(columns, normals.split, sight.frame.basis.shape)
    share = normals.share()
    return tangential, Moments(share * normal.square, share * normal.trace_square, normal.rank)


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

    def split(bends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        tangential = frame.tangential(bends)
        return tangential, bends - tangential

    tangential, normal = moments(accelerations(jet, frame, root), split, frame.basis.shape)
    return tangential.root_mean_square, normal.root_mean_square
