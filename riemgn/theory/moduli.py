"""Moduli of convexity on the manifold: what the rates of flows follow from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from riemgn.arguments import real_array
from riemgn.errors import NumericalError
from riemgn.flows import Trajectory
from riemgn.linalg import one_blas_thread
from riemgn.manifolds import Point
from riemgn.manifolds.connection import christoffel
from riemgn.manifolds.curvature import shape_operator
from riemgn.manifolds.sight import Sight
from riemgn.optimizers.starts import point_of
from riemgn.problem import Problem


@one_blas_thread()
def riemannian_hessian(problem: Problem, point: Point) -> np.ndarray:
    """Return the Riemannian Hessian of the loss in an orthonormal tangent frame, (r, r).

    In a constant metric it is `e_i^T l'' e_j + <g_normal, II(e_i, e_j)>` (docs/theory.md, section
    2); in that of the loss's Hessian the second derivative by the parameters less the Christoffel
    symbols along the gradient.

    Raises:
        TypeError, ValueError: `problem` is no riemgn problem, or the point not of its manifold.
        riemgn.NumericalError: The Jacobian is zero there, or a derivative is not finite.
    """
    x = point_of(problem, point)
    metric, loss = problem.manifold.metric, problem.loss
    sight = x.seen_in(metric)
    if sight.rank == 0:
        raise NumericalError("the Jacobian is zero: there is no tangent space for a Hessian")
    g = loss.gradient(x.outputs)
    basis = sight.tangent_basis()
    bent = np.stack([loss.hessian_vp(x.outputs, e) for e in basis.T], axis=1)
    H = basis.T @ bent + (_curved_in_varying if metric.varies else _curved)(problem, sight, g)
    if not np.all(np.isfinite(H)):
        raise NumericalError("the Riemannian Hessian holds NaN or infinity")
    return 0.5 * (H + H.T)


def geodesic_modulus(problem: Problem, point: Point) -> float:
    """Return the least eigenvalue of the Riemannian Hessian of the loss at a point.

    It is the least second derivative of the loss along geodesics of unit speed. The Riemannian
    gradient flow that ends at the point has twice that as its asymptotic rate (docs/theory.md,
    section 4).

    Raises:
        TypeError, ValueError, riemgn.NumericalError: As for `riemannian_hessian`.
    """
    return float(np.linalg.eigvalsh(riemannian_hessian(problem, point))[0])


def pl_moduli(flow: Trajectory, least_loss: float) -> np.ndarray:
    """Return |grad l|^2 / (2 gap) at every time of a flow, (m,): its Polyak-Lojasiewicz moduli.

    Along the Riemannian gradient flow the gap falls exactly at twice this rate (docs/theory.md,
    section 4). It is NaN where the gap is not positive.

    Args:
        flow: The trajectory.
        least_loss: The loss that the gap is measured from: that of the optimum which is reached.

    Raises:
        TypeError: `flow` is no trajectory.
    """
    if not isinstance(flow, Trajectory):
        raise TypeError(f"flow must be a Trajectory, got {type(flow).__name__}")
    gaps = flow.losses - float(real_array("least_loss", least_loss, ndim=0))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(gaps > 0, flow.gradient_norms**2 / (2 * gaps), np.nan)


@dataclass(frozen=True)
class CurvatureBound:
    """How far the curvature of M can lower the geodesic modulus at a point.

    Attributes:
        modulus: The geodesic modulus itself.
        along_residual: nu less the largest eigenvalue of minus the shape operator of the normal
            gradient, if that is positive: what the curvature in that one direction leaves, nu at
            most.
        by_curvature: nu - kappa |g_normal|, kappa a bound of the normal curvatures in every
            direction: no larger than `along_residual`, which is no larger than `modulus`.
        normal_gradient_norm: |g_normal|.
        largest_curvature: kappa.
    """

    modulus: float
    along_residual: float
    by_curvature: float
    normal_gradient_norm: float
    largest_curvature: float


@one_blas_thread()
def curvature_bound(problem: Problem, point: Point, seed: int = 0) -> CurvatureBound:
    """Return lower bounds of the geodesic modulus by the curvature of M at a point.

    h >= nu - kappa |g_normal|, kappa = max |II(v, v)| over unit tangent v (docs/theory.md, section
    4); nu is the loss's modulus as the metric sees it, so the metric must be the dot product.

    Args:
        problem: A `riemgn.Problem` in the dot product.
        point: A point of its manifold.
        seed: Of the search for the largest normal curvature, whose proved upper bound is used.

    Raises:
        NotImplementedError: The metric is another one.
        TypeError, ValueError, riemgn.NumericalError: As for `riemannian_hessian`.
    """
    x = point_of(problem, point)
    sight = x.seen_in(problem.manifold.metric)
    if not sight.root.is_identity:
        raise NotImplementedError("curvature bounds of the modulus are those of the dot product")
    g = problem.loss.gradient(x.outputs)
    normal = g - sight.project(g)
    nu = problem.loss.strong_convexity
    kappa = problem.manifold.largest_normal_curvature(x, seed=seed).upper_bound
    size = float(np.linalg.norm(normal))
    bent = np.linalg.eigvalsh(_curved(problem, sight, g))[0] if sight.rank else 0.0
    return CurvatureBound(
        geodesic_modulus(problem, x),
        float(nu + min(bent, 0.0)),
        float(nu - kappa * size),
        size,
        float(kappa),
    )


def _curved(problem: Problem, sight: Sight, g: np.ndarray) -> np.ndarray:
    """Return <g_normal, II(e_i, e_j)> for a constant metric H = L L^T, (r, r)."""
    if sight.root.is_identity:
        return shape_operator(sight, g - sight.project(g))
    lifts = sight.frame.lifts
    gradient = problem.manifold.metric.whitened(sight.jet.outputs, g)
    normal = sight.root.times(gradient - sight.factor.project(gradient))
    products = np.stack([sight.jet.hessian_vp(normal, xi) for xi in lifts.T], axis=1)
    return lifts.T @ products


def _curved_in_varying(problem: Problem, sight: Sight, g: np.ndarray) -> np.ndarray:
    """Return g D^2 f[xi_i, xi_j] - q Gamma(xi_i, xi_j), (r, r), where the metric varies."""
    lifts, jet = sight.frame.lifts, sight.jet
    q = jet.vjp(g)
    rows = []
    for xi in lifts.T:
        bends = jet.second_derivatives(xi, lifts)
        symbols = christoffel(problem.manifold.metric, sight, xi, lifts)
        rows.append(g @ bends - q @ symbols)
    return np.stack(rows)
