"""Laws of the second order of a submanifold: Weingarten map and second fundamental form."""

from __future__ import annotations

from itertools import product

import numpy as np

from riemgn.errors import NumericalError
from riemgn.testing.arrays import disagreement, flat, size_of
from riemgn.testing.cases import ManifoldCase
from riemgn.testing.laws import Residual, Slope, law
from riemgn.testing.slopes import EPS, measured_slope

PAIRS = 3


@law("Weingarten map is the derivative of the projection", NumericalError)
def weingarten_is_the_derivative_of_the_projection(case: ManifoldCase) -> Slope:
    """P (P_y N) - t W(v, N) falls as t^2 for a normal N, with y = R(t v)."""
    M, x = case.manifold, case.point
    weingarten = offered(case, "weingarten")
    case.require_constant_metric()
    case.require_smooth_projection()
    N, v = case.normal(), case.reach * case.direction()
    turned = flat(weingarten(x, v, N))

    def remainder(t: float) -> float:
        onto = M.projection(x, M.projection(case.retracted(t * v), N))
        return float(np.linalg.norm(flat(onto) - t * turned))

    term = float(np.linalg.norm(turned))
    rounding = case.accuracy / (100 * EPS)  # of the projections at x and y, in eps
    curve = measured_slope(
        remainder,
        size=rounding * size_of(N) + term / case.reach * case.position_size,
        term=term,
        order=1,
        accuracy=max(1e-6, case.accuracy),
    )
    return Slope(curve, 2)


@law("Weingarten map is tangent", NumericalError)
def weingarten_is_tangent(case: ManifoldCase) -> Residual:
    """P W(v, N) = W(v, N)."""
    turned = offered(case, "weingarten")(case.point, case.direction(), case.normal())
    onto = case.manifold.projection(case.point, turned)
    return Residual(disagreement(onto, turned, _curvature_scale(case)), case.second_accuracy)


@law("Weingarten map is self-adjoint", NumericalError)
def weingarten_is_self_adjoint(case: ManifoldCase) -> Residual:
    """<W(v, N), z> = <v, W(z, N)>."""
    weingarten, x, N = offered(case, "weingarten"), case.point, case.normal()
    inner = case.manifold.inner_product
    pairs = _pairs(case)
    left = [inner(x, weingarten(x, v, N), z) for v, z in pairs]
    right = [inner(x, v, weingarten(x, z, N)) for v, z in pairs]
    return Residual(disagreement(left, right, _curvature_scale(case)), case.second_accuracy)


@law("second fundamental form is dual to the Weingarten map", NumericalError)
def second_fundamental_form_is_dual(case: ManifoldCase) -> Residual:
    """<N, II(v, z)> = <W(v, N), z>."""
    weingarten, bend = offered(case, "weingarten"), offered(case, "second_fundamental_form")
    inner, x, N = case.manifold.inner_product, case.point, case.normal()
    pairs = _pairs(case)
    left = [inner(x, N, bend(x, v, z)) for v, z in pairs]
    right = [inner(x, weingarten(x, v, N), z) for v, z in pairs]
    return Residual(disagreement(left, right, _curvature_scale(case)), case.second_accuracy)


@law("second fundamental form is normal", NumericalError)
def second_fundamental_form_is_normal(case: ManifoldCase) -> Residual:
    """P II(v, z) = 0."""
    bend = offered(case, "second_fundamental_form")(case.point, case.direction(), case.direction())
    onto = size_of(case.manifold.projection(case.point, bend))
    return Residual(onto / max(size_of(bend), _curvature_scale(case)), case.second_accuracy)


@law("second fundamental form is symmetric and bilinear", NumericalError)
def second_fundamental_form_is_bilinear(case: ManifoldCase) -> Residual:
    """II(2 v - 3 z, y) = 2 II(y, v) - 3 II(y, z)."""
    bend, x = offered(case, "second_fundamental_form"), case.point
    v, z, y = case.direction(), case.direction(), case.direction()
    left, right = bend(x, 2.0 * v - 3.0 * z, y), 2.0 * bend(x, y, v) - 3.0 * bend(x, y, z)
    return Residual(disagreement(left, right, _curvature_scale(case)), case.second_accuracy)


@law("second fundamental form is the normal acceleration", NumericalError)
def second_fundamental_form_is_the_normal_acceleration(case: ManifoldCase) -> Slope:
    """(I - P) (R(t v) - x) - t^2/2 II(v, v) falls as t^3."""
    bend, M, x = offered(case, "second_fundamental_form"), case.manifold, case.point
    v = case.reach * case.direction()
    start, half = flat(x), 0.5 * flat(bend(x, v, v))

    def remainder(t: float) -> float:
        way = flat(case.retracted(t * v)) - start
        return float(np.linalg.norm(way - M.projection(x, way) - t**2 * half))

    curve = measured_slope(
        remainder,
        size=case.position_size,
        term=float(np.linalg.norm(half)),
        order=2,
        accuracy=max(1e-6, case.second_accuracy),
    )
    return Slope(curve, 3)


@law("principal curvatures are those of the Weingarten map", NumericalError)
def principal_curvatures_are_those_of_the_weingarten_map(case: ManifoldCase) -> Residual:
    """They are the eigenvalues of <W(e_i, N), e_j> in an orthonormal basis e."""
    M, x, N = case.manifold, case.point, case.normal()
    curvatures = np.sort(offered(case, "principal_curvatures")(x, N))
    basis = M.tangent_basis(x).T
    shape = [[M.inner_product(x, M.weingarten(x, a, N), b) for b in basis] for a in basis]
    return Residual(
        disagreement(curvatures, np.linalg.eigvalsh(shape), _curvature_scale(case)),
        case.frame_accuracy,
    )


@law("sectional curvature obeys Gauss's equation", NumericalError)
def sectional_curvature_obeys_gauss(case: ManifoldCase) -> Residual:
    """K |v ^ z|^2 = <II(v, v), II(z, z)> - |II(v, z)|^2."""
    sectional, bend = offered(case, "sectional_curvature"), offered(case, "second_fundamental_form")
    x, inner = case.point, case.manifold.inner_product
    v, z = _plane(case)
    area = inner(x, v, v) * inner(x, z, z) - inner(x, v, z) ** 2
    bends = [bend(x, a, b) for a, b in product((v, z), repeat=2)]
    terms = np.array([inner(x, bends[0], bends[3]), -inner(x, bends[1], bends[2])]) / area
    scale = max(np.abs(terms).sum(), _curvature_scale(case) ** 2)
    return Residual(abs(sectional(x, v, z) - terms.sum()) / scale, case.second_accuracy)


@law("sectional curvature is that of a plane", NumericalError)
def sectional_curvature_is_that_of_a_plane(case: ManifoldCase) -> Residual:
    """K(v, z) = K(z, v) = K(2 v + z, z): the plane counts, not the vectors that span it."""
    sectional, x = offered(case, "sectional_curvature"), case.point
    v, z = _plane(case)
    given = sectional(x, v, z)
    others = [sectional(x, z, v), sectional(x, 2.0 * v + z, z)]
    gap = max(abs(other - given) for other in others)
    bends = [
        offered(case, "second_fundamental_form")(x, a, b) for a, b in product((v, z), repeat=2)
    ]
    scale = max(abs(given), sum(map(size_of, bends)) ** 2, _curvature_scale(case) ** 2)
    return Residual(gap / scale, 10 * case.second_accuracy)


SUBMANIFOLD_LAWS = (
    weingarten_is_the_derivative_of_the_projection,
    weingarten_is_tangent,
    weingarten_is_self_adjoint,
    second_fundamental_form_is_dual,
    second_fundamental_form_is_normal,
    second_fundamental_form_is_bilinear,
    second_fundamental_form_is_the_normal_acceleration,
    principal_curvatures_are_those_of_the_weingarten_map,
    sectional_curvature_obeys_gauss,
    sectional_curvature_is_that_of_a_plane,
)


def offered(case: ManifoldCase, method: str):
    """Return a method beyond pymanopt's interface.

    Raises:
        NotImplementedError: The manifold has none of that name.
    """
    found = getattr(case.manifold, method, None)
    if found is None:
        raise NotImplementedError(f"{type(case.manifold).__name__} has no {method}")
    return found


def _pairs(case: ManifoldCase) -> list[tuple]:
    return [(case.direction(), case.direction()) for _ in range(PAIRS)]


def _plane(case: ManifoldCase) -> tuple:
    """Return two tangent vectors of norm 1 that are not nearly parallel.

    Raises:
        NotImplementedError: There are none, or none is found.
    """
    M, x = case.manifold, case.point
    v = case.direction()
    for _ in range(10):
        z = case.direction()
        z = z - M.inner_product(x, z, v) * v
        if M.norm(x, z) > 0.1:
            return v, z / M.norm(x, z)
    dimension = case.tangent_dimension
    if dimension == 1:
        raise NotImplementedError("there is no plane in a tangent space of dimension 1")
    raise NotImplementedError(
        f"in this tangent space of dimension {dimension} no two vectors were found that are not "
        "nearly parallel: one direction of the parameters outweighs all others"
    )


def _curvature_scale(case: ManifoldCase) -> float:
    """The size of a curvature that is rounding alone: a thousandth of one over |x|."""
    return 1e-3 / (case.position_size or 1.0)
