"""Laws of a cost's gradient and Hessian: of a manifold's conversions, and of a problem."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from riemgn.errors import NumericalError
from riemgn.testing.arrays import alike, disagreement, flat, size_of
from riemgn.testing.cases import ManifoldCase
from riemgn.testing.laws import Residual, Slope, law
from riemgn.testing.slopes import Curve, measured_slope

DIRECTIONS = 3
CRITICAL = 1e-7  # a gradient as small as this beside the Hessian counts as zero


@law("Riemannian gradient is the derivative of the cost")
def gradient_is_the_derivative(case: ManifoldCase) -> Slope:
    """c(R(t v)) - c(x) - t <grad c, v> falls as t^2."""
    gradient = case.problem.riemannian_gradient(case.point)
    vectors = _vectors(case)
    slopes = [case.manifold.inner_product(case.point, gradient, v) for v in vectors]
    curves = [lambda t, v=v: case.retracted(t * v) for v in vectors]
    return Slope(_cost_remainder(case, curves, slopes), 2)


@law("Riemannian gradient is tangent")
def gradient_is_tangent(case: ManifoldCase) -> Residual:
    """P grad c = grad c."""
    gradient = case.problem.riemannian_gradient(case.point)
    return Residual(_off_tangent(case, gradient), case.accuracy)


@law("Euclidean gradient is the derivative of the cost")
def euclidean_gradient_is_the_derivative(case: ManifoldCase) -> Slope:
    """c(R(t v)) - c(x) - t <c', v> falls as t^2, with the ambient space's own product."""
    gradient = case.problem.euclidean_gradient(case.point)
    vectors = _vectors(case)
    seen = [case.embedded(v) for v in vectors]
    if not alike(seen[0], gradient):
        raise NotImplementedError("gradients and tangent vectors are not written alike")
    slopes = [float(flat(gradient) @ flat(v)) for v in seen]
    curves = [lambda t, v=v: case.retracted(t * v) for v in vectors]
    return Slope(_cost_remainder(case, curves, slopes), 2)


@law("Riemannian Hessian is the second derivative of the cost", NumericalError)
def hessian_is_the_second_derivative(case: ManifoldCase) -> Slope:
    """c(g(t)) - c(x) - t <grad c, v> - t^2/2 <Hess c v, v> falls as t^3.

    The curve g has velocity v and no acceleration on M: a geodesic or a retraction of second order;
    at a critical point any retraction.
    """
    M, x, problem = case.manifold, case.point, case.problem
    vectors = _vectors(case)
    gradient = problem.riemannian_gradient(x)
    bends = [M.inner_product(x, problem.riemannian_hessian(x, v), v) for v in vectors]
    slopes = [M.inner_product(x, gradient, v) for v in vectors]
    if np.linalg.norm(slopes) <= CRITICAL * np.linalg.norm(bends):
        curves = [lambda t, v=v: case.retracted(t * v) for v in vectors]
    else:
        curves = [case.second_order_curve(v) for v in vectors]
    return Slope(_cost_remainder(case, curves, slopes, bends), 3)


@law("Riemannian Hessian is the derivative of the gradient", NumericalError)
def hessian_is_the_derivative_of_the_gradient(case: ManifoldCase) -> Slope:
    """P (grad c(R(t v)) - grad c(x)) - t Hess c v falls as t^2 where the metric is constant."""
    M, x, problem = case.manifold, case.point, case.problem
    v = case.reach * case.direction()
    hessian = flat(problem.riemannian_hessian(x, v))
    case.require_constant_metric()
    case.require_ambient_tangents()
    case.require_smooth_projection()
    start = problem.riemannian_gradient(x)

    def remainder(t: float) -> float:
        end = problem.riemannian_gradient(case.retracted(t * v))
        return float(np.linalg.norm(flat(M.projection(x, end - start)) - t * hessian))

    curve = measured_slope(
        remainder,
        size=size_of(start) + size_of(hessian) / case.reach * case.position_size,
        term=float(np.linalg.norm(hessian)),
        order=1,
        accuracy=max(1e-6, case.second_accuracy),
    )
    return Slope(curve, 2)


@law("Riemannian Hessian is symmetric", NumericalError)
def hessian_is_symmetric(case: ManifoldCase) -> Residual:
    """<Hess c v, z> = <v, Hess c z>."""
    M, x, hessian = case.manifold, case.point, case.problem.riemannian_hessian
    pairs = [(case.direction(), case.direction()) for _ in range(DIRECTIONS)]
    left = [M.inner_product(x, hessian(x, v), z) for v, z in pairs]
    right = [M.inner_product(x, v, hessian(x, z)) for v, z in pairs]
    scale = max(M.norm(x, hessian(x, v)) for v, _ in pairs)
    return Residual(
        disagreement(left, right, 1e-2 * scale + _rounding_scale(case)), case.second_accuracy
    )


@law("Riemannian Hessian is linear", NumericalError)
def hessian_is_linear(case: ManifoldCase) -> Residual:
    """Hess c (2 v - 3 z) = 2 Hess c v - 3 Hess c z."""
    x, hessian = case.point, case.problem.riemannian_hessian
    v, z = case.direction(), case.direction()
    left, right = hessian(x, 2.0 * v - 3.0 * z), 2.0 * hessian(x, v) - 3.0 * hessian(x, z)
    return Residual(disagreement(left, right, _rounding_scale(case)), case.second_accuracy)


@law("Riemannian Hessian is tangent", NumericalError)
def hessian_is_tangent(case: ManifoldCase) -> Residual:
    """P Hess c v = Hess c v."""
    hessian = case.problem.riemannian_hessian(case.point, case.direction())
    return Residual(_off_tangent(case, hessian), case.second_accuracy)


CONVERSION_LAWS = (
    gradient_is_the_derivative,
    hessian_is_the_second_derivative,
    hessian_is_the_derivative_of_the_gradient,
    hessian_is_symmetric,
    hessian_is_tangent,
)

COST_LAWS = (
    gradient_is_the_derivative,
    gradient_is_tangent,
    euclidean_gradient_is_the_derivative,
    hessian_is_the_second_derivative,
    hessian_is_the_derivative_of_the_gradient,
    hessian_is_symmetric,
    hessian_is_linear,
    hessian_is_tangent,
)


def _vectors(case: ManifoldCase) -> list:
    return [case.reach * case.direction() for _ in range(DIRECTIONS)]


def _off_tangent(case: ManifoldCase, v) -> float:
    """Return how far a vector is from its projection, relative to it."""
    onto = case.manifold.projection(case.point, case.embedded(v))
    return disagreement(onto, v, _rounding_scale(case))


def _rounding_scale(case: ManifoldCase) -> float:
    """The size below which derivatives are rounding: a thousandth of the Euclidean gradient's."""
    try:
        return 1e-3 * size_of(case.problem.euclidean_gradient(case.point))
    except NotImplementedError:
        return 0.0


def _cost_remainder(
    case: ManifoldCase,
    curves: list[Callable],
    slopes: list[float],
    bends: list[float] | None = None,
) -> Curve:
    """Return the curve of the Taylor remainder of the cost along all curves together."""
    cost = case.problem.cost
    start, slopes = float(cost(case.point)), np.array(slopes)
    bends = None if bends is None else 0.5 * np.array(bends)

    def remainder(t: float) -> float:
        rest = np.array([float(cost(curve(t))) for curve in curves]) - start - t * slopes
        return float(np.linalg.norm(rest if bends is None else rest - t**2 * bends))

    last, order = (slopes, 1) if bends is None else (bends, 2)
    return measured_slope(
        remainder,
        size=abs(start) + float(np.linalg.norm(slopes)) / case.reach * case.position_size,
        term=float(np.linalg.norm(last)),
        order=order,
        accuracy=max(1e-6, case.second_accuracy),
    )
