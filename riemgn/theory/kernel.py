"""Rates of Levenberg-Marquardt in the overparameterised case, from eigenvalues of the kernel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.integrate import cumulative_trapezoid

from riemgn.arguments import positive, real_array
from riemgn.flows import Trajectory
from riemgn.flows.entry import prescribed
from riemgn.flows.equations import damped_model
from riemgn.linalg import one_blas_thread
from riemgn.losses import Loss
from riemgn.manifolds import Point
from riemgn.manifolds.metrics import LossHessian
from riemgn.optimizers.prescribed import Prescribed
from riemgn.optimizers.starts import checked_problem, point_of
from riemgn.problem import Problem


@dataclass(frozen=True)
class KernelSpeeds:
    """How fast a damped direction moves outputs along the eigenvectors of the tangent kernel.

    Outputs move by u' = -S g (docs/theory.md, section 4). Everything is as the metric sees it.

    Attributes:
        least: The least eigenvalue of S, sigma(lambda_min).
        largest: The largest, sigma(lambda_max).
        least_eigenvalue: lambda_min of the kernel.
        largest_eigenvalue: lambda_max of the kernel.
        damping: rho.
    """

    least: float
    largest: float
    least_eigenvalue: float
    largest_eigenvalue: float
    damping: float


@one_blas_thread()
def kernel_speeds(
    problem: Problem, point: Point, damping: str | float | Prescribed
) -> KernelSpeeds:
    """Return the extreme speeds of Levenberg-Marquardt's direction at a point.

    With p < n the least eigenvalue of the kernel is zero, and so is the least speed.

    Args:
        problem: A `riemgn.Problem`; the metric is that of its manifold.
        point: A point of its manifold.
        damping: As for `riemgn.levenberg_marquardt_flow`.

    Raises:
        TypeError, ValueError: An argument is of another type or has no possible value.
        riemgn.NumericalError: The kernel overflows.
    """
    x = point_of(problem, point)
    model = damped_model(problem, x)
    form = prescribed(damping).form(model)
    n, p = x.jet.shape
    values = model.kernel_eigenvalues
    extremes = np.array([values[0] if p >= n else 0.0, values[-1]])
    least, largest = form.speed(extremes)
    return KernelSpeeds(
        float(least), float(largest), float(extremes[0]), float(extremes[1]), form.damping
    )


def damped_gap_bound(
    problem: Problem, flow: Trajectory, damping: str | float | Prescribed, least_loss: float = 0.0
) -> np.ndarray:
    """Return what the gap of a Levenberg-Marquardt flow cannot exceed, at each of its times (m,).

    It is gap(0) exp(-2 nu int sigma(lambda_min) dt), with the kernel of every recorded point, and
    up to the error of the trapezoidal rule between them (docs/theory.md, section 4). In the metric
    of the loss's Hessian the flow is u' = -L^{-T} S L^{-1} g, and nu is replaced by the ratio of
    the least to the largest curvature of the loss, nu / mu.

    Args:
        problem: The problem of the flow, in its metric: the dot product or the loss's Hessian.
        flow: A trajectory of `riemgn.levenberg_marquardt_flow`.
        damping: That of the flow.
        least_loss: The infimum of the loss, 0 for a squared loss that can be fitted.

    Raises:
        TypeError, ValueError: An argument is of another type or has no possible value.
        riemgn.NumericalError: The kernel overflows.
    """
    least = float(real_array("least_loss", least_loss, ndim=0))
    points = points_of(problem, flow)
    speeds = np.array([kernel_speeds(problem, point, damping).least for point in points])
    slowest = 2 * convexity(problem) * speeds
    whole = cumulative_trapezoid(slowest, flow.times, initial=0.0)
    return (flow.losses[0] - least) * np.exp(-whole)


def points_of(problem: Problem, flow: Trajectory) -> list[Point]:
    """Return the points of a trajectory of a problem, which must have the losses that it says.

    Raises:
        TypeError: `problem` is no riemgn problem, or `flow` no trajectory.
        ValueError: The flow has no times, or is one of another problem.
    """
    checked_problem(problem)
    if not isinstance(flow, Trajectory):
        raise TypeError(f"flow must be a Trajectory, got {type(flow).__name__}")
    n, p = problem.manifold.immersion.ambient_dim, problem.manifold.immersion.dim
    if not len(flow) or flow.params.shape[1] != p or flow.outputs.shape[1] != n:
        raise ValueError(
            f"flow must be a trajectory of the problem, with (n, p) = ({n}, {p}), got {flow!r}"
        )
    points = [problem.manifold.point(w) for w in flow.params]
    if not np.isclose(problem.cost(points[0]), flow.losses[0], rtol=1e-9, atol=0):
        raise ValueError("flow is a trajectory of another problem: its first loss is another one")
    return points


def convexity(problem: Problem) -> float:
    """Return nu' with g^T H^{-1} g >= 2 nu' gap, H the metric: nu, or nu / mu for the loss's own.

    For H = I it is the loss's strong convexity. For H = l'' it follows from l'' <= mu I; where mu
    is infinite or nu zero it is zero, and nothing is guaranteed.

    Raises:
        ValueError: The metric is another one.
    """
    loss, metric = problem.loss, problem.manifold.metric
    if isinstance(metric, LossHessian) and metric.loss is loss:
        return loss.strong_convexity / loss.smoothness
    if metric.root(np.zeros(problem.manifold.immersion.ambient_dim)).is_identity:
        return loss.strong_convexity
    raise ValueError("metric must be the dot product or the problem's own loss for this bound")


def contraction_bound(speeds: KernelSpeeds, loss: Loss, step_size: float) -> float:
    """Return the bound of gap_{k+1} / gap_k for a step of size eta, where f is linear.

    It is 1 - 2 eta nu sigma_min (1 - eta mu sigma_max / 2) in the dot product (docs/theory.md,
    section 4); a curved f adds a term that falls like the inverse of the output scale. It is 1 or
    more, and says nothing, for steps longer than 2 / (mu sigma_max).

    Args:
        speeds: The extreme speeds of the direction at the step's point.
        loss: The loss, with its moduli nu and mu.
        step_size: eta.

    Raises:
        TypeError, ValueError: The step size is no positive number, or an argument of another type.
    """
    eta = positive("step_size", step_size)
    if not isinstance(speeds, KernelSpeeds) or not isinstance(loss, Loss):
        raise TypeError(
            "speeds and loss must be KernelSpeeds and a Loss, got "
            f"{type(speeds).__name__} and {type(loss).__name__}"
        )
    if not np.isfinite(loss.smoothness):
        return np.inf
    shortened = 1 - 0.5 * eta * loss.smoothness * speeds.largest
    return float(1 - 2 * eta * loss.strong_convexity * speeds.least * shortened)
