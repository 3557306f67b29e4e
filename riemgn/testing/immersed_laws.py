"""Laws of the image of an immersion: lifts, Christoffel symbols, its own moves and transports."""

from __future__ import annotations

import numpy as np

from riemgn.errors import NumericalError
from riemgn.testing.arrays import disagreement, size_of_difference
from riemgn.testing.cases import ManifoldCase
from riemgn.testing.immersed_case import ImmersedCase
from riemgn.testing.laws import Residual, Slope, law
from riemgn.testing.motion_laws import GEODESIC
from riemgn.testing.slopes import EPS, measured_slope
from riemgn.testing.submanifold_laws import offered

LARGEST_JACOBIAN = 100_000  # entries up to which lifts are compared with numpy's


@law("points are the outputs of their parameters")
def points_are_outputs(case: ManifoldCase) -> Residual:
    """The array of a point is f at its parameters."""
    x = _immersed(case).point
    value = np.array(case.manifold.immersion(x.params.copy()))
    return Residual(disagreement(np.asarray(x), value), 0.0)


@law("lift is inverted by the Jacobian")
def lift_is_inverted_by_the_jacobian(case: ManifoldCase) -> Residual:
    """J lift(v) = v for a tangent vector v."""
    v = _immersed(case).tangent()
    pushed = case.point.jet.jvp(case.manifold.lift(case.point, v))
    return Residual(disagreement(pushed, v), case.accuracy)


@law("lift has least norm")
def lift_has_least_norm(case: ManifoldCase) -> Residual:
    """lift(J xi) is the solution of least norm that numpy finds in J's own row space.

    Where there is one solution alone, both are compared in units of J's columns.
    """
    _immersed(case)
    J, v = case.point.jacobian, case.direction()
    if J.size > LARGEST_JACOBIAN:
        raise NotImplementedError(f"a Jacobian of more than {LARGEST_JACOBIAN} entries")
    if case.manifold.metric.varies:
        raise NotImplementedError("the metric may be degenerate")
    sizes = np.linalg.norm(J, axis=0) if case.sight.rank == J.shape[1] else np.ones(J.shape[1])
    wanted = np.linalg.lstsq(J / sizes, v, rcond=max(J.shape) * EPS)[0]
    found = sizes * case.manifold.lift(case.point, v)
    return Residual(disagreement(found, wanted), case.accuracy)


@law("tangent basis is orthonormal")
def tangent_basis_is_orthonormal(case: ManifoldCase) -> Residual:
    """The basis has the rank's number of vectors, tangent, with products 1 and 0."""
    M, x = _immersed(case).manifold, case.point
    basis = M.tangent_basis(x)
    if basis.shape != (x.size, case.sight.rank):
        raise ValueError(f"the basis has shape {basis.shape}, the rank is {case.sight.rank}")
    gram = [[M.inner_product(x, a, b) for b in basis.T] for a in basis.T]
    tangency = disagreement(M.projection(x, basis), basis)
    return Residual(max(disagreement(gram, np.eye(len(gram))), tangency), case.accuracy)


@law("Christoffel symbols are those of the metric")
def christoffel_symbols_are_those_of_the_metric(case: ManifoldCase) -> Slope:
    """D_a <b, c> + D_b <a, c> - D_c <a, b> = 2 <Gamma(a, b), c>: what is left falls as t^2."""
    M, x = _immersed(case).manifold, case.point
    a, b, c = (case.change() for _ in range(3))
    if np.any(M.immersion.bend(x.params, a)):
        raise NotImplementedError("the parameters' domain is curved")

    def product(w: np.ndarray, xi: np.ndarray, eta: np.ndarray) -> float:
        y = M.point(w)
        return M.inner_product(y, y.jet.jvp(xi), y.jet.jvp(eta))

    def products(t: float) -> np.ndarray:
        w = x.params
        return np.array(
            [product(w + t * a, b, c), product(w + t * b, a, c), -product(w + t * c, a, b)]
        )

    start, symbol = products(0.0), 2 * product(x.params, M.christoffel(x, a, b), c)
    size = sum(product(x.params, xi, xi) for xi in (a, b, c))
    curve = measured_slope(
        lambda t: float(abs(np.sum(products(t) - start) - t * symbol)),
        size=size,
        term=max(abs(symbol), 1e-3 * size),
        order=1,
        accuracy=max(1e-6, case.second_accuracy),
    )
    return Slope(curve, 2)


@law("retraction has no tangential acceleration")
def retraction_has_no_tangential_acceleration(case: ManifoldCase) -> Slope:
    """P (R(t v) - x - t v) falls as t^3 where the declared order is 2 or more."""
    _immersed(case).require_constant_metric()
    if case.retraction_order < 2:
        raise NotImplementedError("the retraction is of order 1")
    v, x = case.reach * case.direction(), case.point.outputs

    def remainder(t: float) -> float:
        way = np.asarray(case.retracted(t * v)) - x - t * v
        return float(np.linalg.norm(case.manifold.projection(case.point, way)))

    curve = measured_slope(
        remainder,
        size=case.position_size,
        term=float(np.linalg.norm(v)),
        order=1,
        accuracy=max(1e-8, case.accuracy),
    )
    return Slope(curve, 3)


@law("inverse retraction inverts the retraction", NumericalError)
def inverse_retraction_inverts(case: ManifoldCase) -> Residual:
    """R^-1(R(v)) = v for a short v."""
    inverse = offered(_immersed(case), "inverse_retraction")
    v, y = case.nearby()
    return Residual(disagreement(inverse(case.point, y), v), max(GEODESIC, case.accuracy))


@law("differentiated retraction is the retraction's derivative", NumericalError)
def differentiated_retraction_is_the_derivative(case: ManifoldCase) -> Slope:
    """R(v + t a) - R(v) - t DR(v)[a] falls as t^2."""
    derivative = offered(_immersed(case), "differentiated_retraction")
    v, y = case.nearby()
    a = case.reach * case.direction()
    term = derivative(case.point, v, a)

    def remainder(t: float) -> float:
        moved = np.asarray(case.retracted(v + t * a))
        return float(np.linalg.norm(moved - np.asarray(y) - t * term))

    curve = measured_slope(
        remainder,
        size=case.position_size,
        term=float(np.linalg.norm(term)),
        order=1,
        accuracy=max(1e-6, case.accuracy),
    )
    return Slope(curve, 2)


@law("parallel transport keeps inner products", NumericalError)
def parallel_transport_keeps_inner_products(case: ManifoldCase) -> Residual:
    """<T a, T b> = <a, b>."""
    carry = offered(_immersed(case), "parallel_transport")
    M, x = case.manifold, case.point
    v, a, b = case.reach * case.direction(), case.direction(), case.direction()
    y = case.exp(v)
    left = [M.inner_product(y, carry(x, v, p), carry(x, v, q)) for p, q in ((a, a), (a, b), (b, b))]
    right = [M.inner_product(x, p, q) for p, q in ((a, a), (a, b), (b, b))]
    return Residual(disagreement(left, right), max(GEODESIC, case.accuracy))


@law("parallel transport is tangent", NumericalError)
def parallel_transport_is_tangent(case: ManifoldCase) -> Residual:
    """What it makes of a tangent vector at x is tangent at exp(v)."""
    carry = offered(_immersed(case), "parallel_transport")
    v, a = case.reach * case.direction(), case.direction()
    carried = carry(case.point, v, a)
    onto = case.manifold.projection(case.exp(v), carried)
    return Residual(disagreement(onto, carried), max(GEODESIC, case.accuracy))


@law("parallel transport carries the velocity along", NumericalError)
def parallel_transport_carries_the_velocity(case: ManifoldCase) -> Residual:
    """T v points back along the geodesic: exp(y, -T v) = x for y = exp(x, v)."""
    carry = offered(_immersed(case), "parallel_transport")
    v = case.reach * case.direction()
    back = case.exp(-carry(case.point, v, v), case.exp(v))
    gap = size_of_difference(back, case.point) / float(np.linalg.norm(v))
    return Residual(gap, max(GEODESIC, case.accuracy))


IMMERSED_LAWS = (
    points_are_outputs,
    lift_is_inverted_by_the_jacobian,
    lift_has_least_norm,
    tangent_basis_is_orthonormal,
    christoffel_symbols_are_those_of_the_metric,
    retraction_has_no_tangential_acceleration,
    inverse_retraction_inverts,
    differentiated_retraction_is_the_derivative,
    parallel_transport_keeps_inner_products,
    parallel_transport_is_tangent,
    parallel_transport_carries_the_velocity,
)


def _immersed(case: ManifoldCase) -> ImmersedCase:
    if not isinstance(case, ImmersedCase):
        raise NotImplementedError("the manifold is not the image of an immersion")
    return case
