"""Laws of retractions, geodesics, distances and transports, for any pymanopt manifold."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from riemgn.errors import NumericalError
from riemgn.testing.arrays import disagreement, flat, shaped_like, size_of, size_of_difference
from riemgn.testing.cases import LEAST_ACCURACY, ManifoldCase
from riemgn.testing.laws import Residual, Slope, law
from riemgn.testing.slopes import EPS, Curve, measured_slope

# What geodesics that are integrated, and differences of them, may leave.
GEODESIC = 1e-6
DIFFERENCE = 1e-2  # the step of differences along a curve, in its whole length


# Retractions


@law("retraction of zero is the point")
def retraction_of_zero_is_the_point(case: ManifoldCase) -> Residual:
    """R(0) = x: exactly where M's points are outputs, else up to rounding."""
    same = case.retracted(case.manifold.zero_vector(case.point))
    gap = case.gap(same, case.point) / max(size_of(case.point), 1.0)
    return Residual(gap, case.standstill)


@law("retraction is of first order")
def retraction_is_of_first_order(case: ManifoldCase) -> Slope:
    """R(t v) - x - t v falls as t^2 in the ambient space."""
    return Slope(_departure(case, case.retracted), 2)


@law("retraction has its declared order", NumericalError)
def retraction_has_its_declared_order(case: ManifoldCase) -> Slope:
    """The gap of R(t v) and exp(t v) falls as t^(k + 1) for order k; 1 where none is declared."""
    order = case.retraction_order
    v = case.direction() * case.reach
    gap = _gap_of_curves(case, case.exp(0.0 * v))
    curve = measured_slope(
        lambda t: gap(case.retracted(t * v), case.exp(t * v)),
        size=case.position_size,
        term=case.manifold.norm(case.point, v),
        order=1,
        accuracy=max(1e-7, case.accuracy),
    )
    return Slope(curve, min(order, 3) + 1)


# Geodesics


@law("exp starts with its velocity", NumericalError)
def exp_starts_with_its_velocity(case: ManifoldCase) -> Slope:
    """exp(t v) - x - t v falls as t^2 in the ambient space."""
    return Slope(_departure(case, case.exp, accuracy=1e-4), 2)


@law("exp keeps its speed", NumericalError)
def exp_keeps_its_speed(case: ManifoldCase) -> Residual:
    """d/dt exp(t v) has the length of v at every t."""
    case.require_comparable_points()
    v = case.reach * case.direction()
    speed = case.manifold.norm(case.point, v)
    rounding = EPS * case.position_size / (DIFFERENCE * speed)
    if rounding > LEAST_ACCURACY:
        raise NotImplementedError("rounding of points hides the speed")
    return Residual(
        max(abs(_speed(case, v, t) - speed) for t in (0.5, 1.0)) / speed,
        max(GEODESIC, case.accuracy, 10 * rounding),
    )


@law("exp has no tangential acceleration", NumericalError)
def exp_has_no_tangential_acceleration(case: ManifoldCase) -> Slope:
    """P (exp(t v) - x - t v) falls as t^3 where the metric is the ambient space's."""
    case.require_constant_metric()
    return Slope(_departure(case, case.exp, tangential=True, accuracy=1e-7), 3)


@law("dist is the length of a geodesic", NumericalError)
def dist_is_the_length_of_a_geodesic(case: ManifoldCase) -> Residual:
    """dist(x, exp(v)) = |v| for a short v."""
    v = case.reach * case.direction()
    length = case.manifold.norm(case.point, v)
    gap = abs(case.manifold.dist(case.point, case.exp(v)) - length)
    return Residual(gap / length, max(GEODESIC, case.distance_accuracy))


@law("log inverts exp", NumericalError)
def log_inverts_exp(case: ManifoldCase) -> Residual:
    """log(exp(v)) = v for a short v."""
    v = case.reach * case.direction()
    back = case.manifold.log(case.point, case.exp(v))
    return Residual(disagreement(back, v), max(GEODESIC, case.accuracy))


@law("exp inverts log", NumericalError)
def exp_inverts_log(case: ManifoldCase) -> Residual:
    """exp(log(y)) = y for a y near x."""
    v, y = case.nearby()
    back = case.exp(case.manifold.log(case.point, y))
    return Residual(
        case.gap(back, y) / size_of(case.embedded(v)), max(GEODESIC, case.distance_accuracy)
    )


# Distances


@law("dist is symmetric", NumericalError)
def dist_is_symmetric(case: ManifoldCase) -> Residual:
    """dist(x, y) = dist(y, x), and dist(x, x) = 0."""
    dist, x = case.manifold.dist, case.point
    _, y = case.nearby()
    there, back = dist(x, y), dist(y, x)
    asymmetry = abs(there - back) / max(there, back)
    return Residual(max(asymmetry, abs(dist(x, x))), case.distance_accuracy)


@law("dist obeys the triangle inequality", NumericalError)
def dist_obeys_the_triangle_inequality(case: ManifoldCase) -> Residual:
    """dist(x, z) <= dist(x, y) + dist(y, z), and the like for the other sides."""
    dist, x = case.manifold.dist, case.point
    (_, y), (_, z) = case.nearby(), case.nearby()
    sides = np.array([dist(x, y), dist(y, z), dist(x, z)])
    excess = (2 * sides.max() - sides.sum()) / sides.sum()
    broken = excess if np.all(sides > 0) else np.inf
    return Residual(max(float(broken), 0.0), case.distance_accuracy)


@law("pair_mean is half-way", NumericalError)
def pair_mean_is_half_way(case: ManifoldCase) -> Residual:
    """The mean of x and y is at half their distance from both."""
    dist, x = case.manifold.dist, case.point
    _, y = case.nearby()
    mean = case.manifold.pair_mean(x, y)
    whole = dist(x, y)
    halves = np.array([dist(x, mean), dist(mean, y)])
    return Residual(
        float(np.abs(halves / whole - 0.5).max()), max(GEODESIC, 10 * case.distance_accuracy)
    )


# Transports


@law("transport is tangent")
def transport_is_tangent(case: ManifoldCase) -> Residual:
    """What transport makes of a tangent vector at x is tangent at y."""
    z, y = case.direction(), case.nearby()[1]
    carried = case.manifold.transport(case.point, y, z)
    again = case.manifold.projection(y, case.embedded(carried, y))
    return Residual(disagreement(again, carried, size_of(z)), case.accuracy)


@law("transport is linear")
def transport_is_linear(case: ManifoldCase) -> Residual:
    """T(2 v - 3 z) = 2 T(v) - 3 T(z)."""
    v, z, y = case.direction(), case.direction(), case.nearby()[1]

    def carried(a):
        return case.manifold.transport(case.point, y, a)

    right = 2.0 * carried(v) - 3.0 * carried(z)
    scale = size_of(v) + size_of(z)
    return Residual(disagreement(carried(2.0 * v - 3.0 * z), right, scale), case.accuracy)


@law("transport to the same point changes nothing")
def transport_to_the_same_point(case: ManifoldCase) -> Residual:
    """T(v) = v for y = x."""
    v = case.direction()
    same = case.manifold.transport(case.point, case.point, v)
    return Residual(disagreement(same, v), case.accuracy)


MOTION_LAWS = (
    retraction_of_zero_is_the_point,
    retraction_is_of_first_order,
    retraction_has_its_declared_order,
    exp_starts_with_its_velocity,
    exp_keeps_its_speed,
    exp_has_no_tangential_acceleration,
    dist_is_the_length_of_a_geodesic,
    log_inverts_exp,
    exp_inverts_log,
    dist_is_symmetric,
    dist_obeys_the_triangle_inequality,
    pair_mean_is_half_way,
    transport_is_tangent,
    transport_is_linear,
    transport_to_the_same_point,
)


def _departure(
    case: ManifoldCase, moved, *, tangential: bool = False, accuracy: float = 1e-6
) -> Curve:
    """Return the curve of moved(t v) - x - t v, or of its tangential part."""
    case.require_comparable_points()
    v = case.reach * case.direction()
    x, velocity = flat(case.point), flat(case.embedded(v))
    project = _flat_projection(case) if tangential else lambda a: a

    def remainder(t: float) -> float:
        return float(np.linalg.norm(project(flat(moved(t * v)) - x - t * velocity)))

    return measured_slope(
        remainder,
        size=case.position_size,
        term=float(np.linalg.norm(velocity)),
        order=1,
        accuracy=max(accuracy, case.accuracy),
    )


def _flat_projection(case: ManifoldCase) -> Callable[[np.ndarray], np.ndarray]:
    """Return the projection on the tangent space at x, of flat ambient vectors."""
    template = case.embedded(case.tangent())

    def projected(numbers: np.ndarray) -> np.ndarray:
        v = case.manifold.projection(case.point, shaped_like(numbers, template))
        return flat(case.embedded(v))

    return projected


def _gap_of_curves(case: ManifoldCase, start) -> Callable[[object, object], float]:
    """Return the distance of arrays if curves start at x's own, else the manifold's distance.

    Points of a quotient are written in many ways, and a curve may start at another.
    """
    if size_of_difference(start, case.point) <= case.accuracy * size_of(case.point):
        return size_of_difference
    return case.manifold.dist


def _speed(case: ManifoldCase, v, t: float) -> float:
    """Return |d/ds exp(s v)| at t, by differences of fourth order."""
    h = DIFFERENCE
    y = case.exp(t * v)
    ends = [flat(case.exp((t + k * h) * v)) for k in (-2, -1, 1, 2)]
    velocity = np.dot([1, -8, 8, -1], ends) / (12 * h)
    at_y = case.manifold.projection(y, shaped_like(velocity, case.embedded(v)))
    return case.manifold.norm(y, at_y)
