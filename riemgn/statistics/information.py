"""The information that data hold of the parameters, through B = L^T J and never through B^T B."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from riemgn.errors import NumericalError
from riemgn.linalg import rank_tolerance, seen_through
from riemgn.manifolds import Point
from riemgn.manifolds.sight import TangentFrame
from riemgn.problem import Problem

# The squared share of a unit-free parameter in the null space from which it counts as touched.
_TOUCHED = 1e-12


@dataclass(frozen=True)
class Information:
    """What B = L^T J at a point says of each parameter (docs/theory.md, "Statistics of a fit").

    The columns of B are brought to one size first, so that neither the rank nor anything else
    depends on the units of the parameters.

    Attributes:
        frame: An orthonormal basis of B's range, and its lifts F: F F^T = (B^T B)^+ in those units.
        unseen: The projector on the null space of B in those units, within the tangent space of the
            parameters' domain, (p, p); zero at full rank.
    """

    frame: TangentFrame
    unseen: np.ndarray

    @property
    def rank(self) -> int:
        """The numerical rank of B."""
        return self.frame.rank

    @cached_property
    def identifiable(self) -> np.ndarray:
        """Which parameters no direction of the null space touches, (p,) booleans."""
        return np.diag(self.unseen) <= _TOUCHED

    @cached_property
    def deviations(self) -> np.ndarray:
        """The square roots of the diagonal of F F^T, (p,), finite even where nothing is known."""
        return np.linalg.norm(self.frame.lifts, axis=1)

    def covariance(self, scale: float) -> np.ndarray:
        """Return s^2 (B^T B)^{-1}, (p, p).

        Entries that grow without bound as nothing is assumed of the null space are infinite, with
        their sign; the others are those of the pseudo-inverse.
        """
        lifts = scale * self.frame.lifts
        covariance = lifts @ lifts.T
        endless = self._both_touched & (np.abs(self.unseen) > _TOUCHED)
        covariance[endless] = np.copysign(np.inf, self.unseen[endless])
        return covariance

    def standard_errors(self, scale: float) -> np.ndarray:
        """Return the roots of the covariance's diagonal, (p,); infinite where not identifiable."""
        return np.where(self.identifiable, scale * self.deviations, np.inf)

    @property
    def correlation(self) -> np.ndarray:
        """The correlation of the estimates, (p, p), in the limit where parameters are touched."""
        seen = np.where(self.identifiable[:, None], self.frame.lifts, 0.0)
        rows = _unit_rows(seen)
        correlation = rows @ rows.T
        size = np.sqrt(np.where(self.identifiable, 1.0, np.diag(self.unseen)))
        limit = self.unseen / np.outer(size, size)
        correlation[self._both_touched] = limit[self._both_touched]
        np.fill_diagonal(correlation, 1.0)
        return np.clip(correlation, -1.0, 1.0)

    @property
    def _both_touched(self) -> np.ndarray:
        return np.logical_and.outer(~self.identifiable, ~self.identifiable)


def information_at(problem: Problem, point: Point) -> Information:
    """Return the information at a point, by the singular value decomposition of scaled B.

    Raises:
        NumericalError: B is not finite, or is zero.
    """
    B = seen_through(point.jet, problem.loss.hessian_root(point.outputs)).jacobian()
    if not np.all(np.isfinite(B)):
        raise NumericalError("the Jacobian in the metric of the loss is not finite at this point")
    units = np.abs(B).max(axis=0)
    if not units.any():
        raise NumericalError("the Jacobian in the metric of the loss is zero at this point")
    domain = point.jet.immersion.domain
    # on a domain lifts are tangent to it in the parameters' own units alone
    units[(units == 0) | (domain is not None)] = 1.0
    try:
        U, sizes, Vt = np.linalg.svd(B / units, full_matrices=False)
    except np.linalg.LinAlgError as error:
        raise NumericalError(f"the Jacobian has no singular values: {error}") from None
    rank = int(np.count_nonzero(sizes > rank_tolerance(*B.shape) * sizes[0]))
    V = Vt[:rank].T
    p = units.size
    if rank == point.jet.immersion.degrees_of_freedom:
        unseen = np.zeros((p, p))
    else:
        unseen = (np.eye(p) if domain is None else domain.projector(point.params)) - V @ V.T
    return Information(TangentFrame(U[:, :rank], V / sizes[:rank] / units[:, None]), unseen)


def _unit_rows(rows: np.ndarray) -> np.ndarray:
    sizes = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, sizes, out=np.zeros_like(rows), where=sizes > 0)
