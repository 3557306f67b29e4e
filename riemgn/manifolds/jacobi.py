"""Jacobi fields: how the end of a geodesic moves with its initial velocity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from riemgn.immersions.outputs import finite
from riemgn.manifolds.connection import Connection
from riemgn.manifolds.sight import Sight


@dataclass
class EndMap:
    """The derivative of a geodesic's end by its initial velocity, in orthonormal frames.

    Attributes:
        frame: The start's frame carried to the end, as the metric sees it, (n, r).
        matrix: The end's movement in that frame, by the coordinates of the velocity at the start,
            (r, r).
    """

    frame: np.ndarray
    matrix: np.ndarray

    def solve(self, movement: np.ndarray) -> np.ndarray:
        """Return the change (r,) of the velocity that moves the end, seen by the metric, (n,)."""
        return np.linalg.lstsq(self.matrix, self.frame.T @ movement, rcond=None)[0]

    def learn(self, change: np.ndarray, movement: np.ndarray) -> None:
        """Take in how the end has moved (n,) by a change of the velocity (r,): Broyden's rule."""
        rest = self.frame.T @ movement - self.matrix @ change
        self.matrix = self.matrix + np.outer(rest, change) / (change @ change)


def end_map(connection: Connection, nodes: list[tuple[float, np.ndarray, np.ndarray]]) -> EndMap:
    """Return the derivative of the end by the velocity, through y'' = -R y in a parallel frame.

    R_ij = <II(c', c'), II(E_i, E_j)> - <II(c', E_i), II(c', E_j)> by the Gauss equation
    (docs/theory.md, section 2). Between two nodes R is taken as its mean, and the frame is carried
    by the nearest rotation to the projection: an error of the order of the squared distance. In a
    metric that varies over R^n the curvature is left out.

    Args:
        connection: That of the geodesic.
        nodes: Times t from 0 on with w and w', (p,) each.
    """
    t, w, velocity = nodes[0]
    sight = connection.sight(w)
    basis, r = sight.frame.basis, sight.rank
    rotation, R = np.eye(r), tidal_matrix(connection, sight, velocity)
    Y, dY = np.zeros((r, r)), np.eye(r)
    for t_next, w, velocity in nodes[1:]:
        sight = connection.sight(w)
        U, _, Vt = np.linalg.svd(sight.frame.basis.T @ basis @ rotation)
        basis, rotation = sight.frame.basis, U @ Vt
        R_next = rotation.T @ tidal_matrix(connection, sight, velocity) @ rotation
        Y, dY = _propagated(0.5 * (R + R_next), t_next - t, Y, dY)
        finite("a Jacobi field", Y, w)
        t, R = t_next, R_next
    return EndMap(basis @ rotation, Y)


def tidal_matrix(connection: Connection, sight: Sight, velocity: np.ndarray) -> np.ndarray:
    """Return R_ij = <R(E_i, c') c', E_j>, (r, r), in the frame of a point of the geodesic."""
    frame, jet, root = sight.frame, sight.jet, sight.root
    if connection.metric.varies or sight.rank == jet.shape[0]:
        return np.zeros((sight.rank, sight.rank))
    bends = root.transposed(jet.second_derivatives(velocity, frame.lifts))
    bends -= frame.tangential(bends)
    own = root.transposed(jet.second_derivative(velocity, velocity))
    normal = root.times(own - frame.tangential(own))
    pulled = np.stack([jet.hessian_vp(normal, xi) for xi in frame.lifts.T], axis=1)
    product = frame.lifts.T @ pulled
    return 0.5 * (product + product.T) - bends.T @ bends


def _propagated(
    R: np.ndarray, h: float, Y: np.ndarray, dY: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return Y and Y' a time h later, for y'' = -R y with a constant symmetric R."""
    values, V = np.linalg.eigh(finite("the curvature along a geodesic", R, Y))
    Y, dY = V.T @ Y, V.T @ dY
    with np.errstate(over="ignore", invalid="ignore"):
        x = np.sqrt(values.astype(complex)) * h
        cosine, sine = np.cos(x).real[:, None], (h * np.sinc(x / np.pi)).real[:, None]
        return V @ (cosine * Y + sine * dY), V @ (cosine * dY - values[:, None] * sine * Y)
