"""Problems in parameters in which J^T J has a condition number that is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from riemgn.manifolds import ImmersedManifold, Point
from riemgn.problem import Problem
from riemgn.theory import riemannian_hessian


@dataclass(frozen=True, eq=False)
class Stretched:
    """A problem in z, w = A z: J A = Q U diag(values) V^T at one point, where J = Q R.

    Attributes:
        problem: That of z -> f(A z).
        origin: The point, in w.
        before: R^-1 U, (p, p); A = before diag(values) V^T.
        values: The singular values of J A at the point, (p,).
        V: Its right singular vectors, (p, p).
    """

    problem: Problem
    origin: Point
    before: np.ndarray
    values: np.ndarray
    V: np.ndarray

    @property
    def point(self) -> Point:
        """The point in z."""
        z = self.V @ (np.linalg.solve(self.before, self.origin.params) / self.values)
        return self.problem.manifold.point(z)


def stretched(problem: Problem, origin: Point, decades: float, seed: int) -> Stretched:
    """Return a problem in z whose Gram matrix has the condition number 10^decades at a point.

    The first column of U is along R w, so that z = V diag(1/values) U^T R w is no larger than R w
    and its rounding does not grow with the condition number; all else is random.

    Args:
        problem: The problem in w.
        origin: The point, at which J has full rank.
        decades: The logarithm.
        seed: Of the directions U and V.
    """
    f = problem.manifold.immersion
    R = np.linalg.qr(origin.jacobian, mode="r")
    rng = np.random.default_rng(seed)
    draws, others = rng.normal(size=(2, f.dim, f.dim))
    draws[:, 0] = R @ origin.params
    U, V = np.linalg.qr(draws)[0], np.linalg.qr(others)[0]
    values = np.logspace(0.0, -decades / 2, f.dim)
    before = np.linalg.solve(R, U)
    manifold = ImmersedManifold(f.reparametrised((before * values) @ V.T))
    return Stretched(Problem(manifold, problem.loss), origin, before, values, V)


class Mode(NamedTuple):
    """The slowest mode of gradient descent at an optimum.

    Attributes:
        direction: A unit vector, (p,).
        least: The eigenvalue of the loss's Hessian in the parameters along it.
        largest: The largest eigenvalue.
    """

    direction: np.ndarray
    least: float
    largest: float


def slowest_mode(at: Stretched, problem: Problem) -> Mode:
    """Return the slowest mode in z at an optimum, where the coordinates are stretched.

    With E a tangent frame and L L^T the Riemannian Hessian in it, the Hessian in z is that of
    L^T E^T J A, whose singular values are accurate where the Hessian's eigenvalues would drown in
    rounding.

    Args:
        at: The problem in z.
        problem: The problem in w.

    Raises:
        numpy.linalg.LinAlgError: The Riemannian Hessian is not positive definite: no minimum.
    """
    frame = at.origin.seen_in(problem.manifold.metric).tangent_basis()
    L = np.linalg.cholesky(riemannian_hessian(problem, at.origin))
    B = L.T @ (frame.T @ at.origin.jacobian @ at.before) * at.values
    _, singular, directions = np.linalg.svd(B)
    return Mode(at.V @ directions[-1], singular[-1] ** 2, singular[0] ** 2)
