"""Laws of tangent spaces and of the metric, for any pymanopt manifold."""

from __future__ import annotations

import numpy as np

from riemgn.testing.arrays import disagreement, flat, shaped_like
from riemgn.testing.cases import ManifoldCase
from riemgn.testing.laws import Residual, law

LARGEST_AMBIENT = 200  # entries of an ambient vector up to which a tangent space is counted out


@law("projection is idempotent")
def projection_is_idempotent(case: ManifoldCase) -> Residual:
    """P P a = P a for an ambient vector a."""
    v = _projected(case, case.ambient())
    return Residual(disagreement(_projected(case, case.embedded(v)), v), case.accuracy)


@law("projection is linear")
def projection_is_linear(case: ManifoldCase) -> Residual:
    """P (2 a - 3 b) = 2 P a - 3 P b for ambient vectors a, b."""
    case.require_ambient_tangents()
    a, b = case.ambient(), case.ambient()
    left = _projected(case, 2.0 * a - 3.0 * b)
    right = 2.0 * _projected(case, a) - 3.0 * _projected(case, b)
    return Residual(disagreement(left, right), case.accuracy)


@law("projection is self-adjoint")
def projection_is_self_adjoint(case: ManifoldCase) -> Residual:
    """<P a, b> = <a, P b> in the metric, for ambient vectors a, b."""
    case.require_ambient_tangents()
    M, x = case.manifold, case.point
    a, b = case.ambient(), case.ambient()
    left = M.inner_product(x, _projected(case, a), b)
    right = M.inner_product(x, a, _projected(case, b))
    scale = np.sqrt(abs(M.inner_product(x, a, a) * M.inner_product(x, b, b)))
    return Residual(abs(left - right) / max(abs(left), 0.1 * scale), case.accuracy)


@law("to_tangent_space keeps tangent vectors")
def to_tangent_space_keeps_tangents(case: ManifoldCase) -> Residual:
    """The vector that to_tangent_space makes of a tangent one is itself."""
    v = case.tangent()
    return Residual(disagreement(case.manifold.to_tangent_space(case.point, v), v), case.accuracy)


@law("dim is that of the tangent space")
def dim_is_that_of_the_tangent_space(case: ManifoldCase) -> Residual:
    """The projection's trace is the manifold's dimension; at a point of low rank, the rank."""
    case.require_ambient_tangents()
    ambient = case.ambient()
    size = flat(ambient).size
    if size > LARGEST_AMBIENT:
        raise NotImplementedError(f"more than {LARGEST_AMBIENT} ambient entries to count out")
    images = [flat(_projected(case, unit)) for unit in _units(ambient)]
    return Residual(abs(np.trace(images) - case.tangent_dimension), size * case.accuracy)


@law("random tangent vectors are tangent")
def random_tangents_are_tangent(case: ManifoldCase) -> Residual:
    """P v = v for a random tangent vector v."""
    v = case.tangent()
    return Residual(disagreement(_projected(case, case.embedded(v)), v), case.accuracy)


@law("random tangent vectors have norm 1")
def random_tangents_have_unit_norm(case: ManifoldCase) -> Residual:
    """|v| = 1 for a random tangent vector v."""
    return Residual(abs(case.manifold.norm(case.point, case.tangent()) - 1), case.accuracy)


@law("zero_vector is zero")
def zero_vector_is_zero(case: ManifoldCase) -> Residual:
    """The zero vector has norm zero, and v + 0 = v."""
    M, x = case.manifold, case.point
    v, zero = case.tangent(), M.zero_vector(x)
    return Residual(float(M.norm(x, zero)) + disagreement(v + zero, v), 0.0)


@law("inner product is symmetric")
def inner_product_is_symmetric(case: ManifoldCase) -> Residual:
    """<v, z> = <z, v>, a real number."""
    M, x = case.manifold, case.point
    pairs = [(case.tangent(), case.tangent()) for _ in range(3)]
    left = [M.inner_product(x, v, z) for v, z in pairs]
    right = [M.inner_product(x, z, v) for v, z in pairs]
    return Residual(disagreement(left, right), case.accuracy)


@law("inner product is bilinear")
def inner_product_is_bilinear(case: ManifoldCase) -> Residual:
    """<2 v - 3 z, y> = 2 <v, y> - 3 <z, y>."""
    M, x = case.manifold, case.point
    v, z, y = case.tangent(), case.tangent(), case.tangent()
    left = M.inner_product(x, 2.0 * v - 3.0 * z, y)
    right = 2 * M.inner_product(x, v, y) - 3 * M.inner_product(x, z, y)
    return Residual(disagreement(left, right, scale=1.0), case.accuracy)


@law("inner product is positive")
def inner_product_is_positive(case: ManifoldCase) -> Residual:
    """<v, v> > 0 for a random tangent vector v."""
    square = case.manifold.inner_product(case.point, *2 * (case.tangent(),))
    return Residual(0.0 if square > 0 else np.inf, 0.0)


@law("norm is that of the inner product")
def norm_is_that_of_the_inner_product(case: ManifoldCase) -> Residual:
    """|v|^2 = <v, v>."""
    v = 1.7 * case.tangent()
    square = case.manifold.inner_product(case.point, v, v)
    return Residual(disagreement(case.manifold.norm(case.point, v) ** 2, square), case.accuracy)


TANGENT_LAWS = (
    projection_is_idempotent,
    projection_is_linear,
    projection_is_self_adjoint,
    to_tangent_space_keeps_tangents,
    dim_is_that_of_the_tangent_space,
    random_tangents_are_tangent,
    random_tangents_have_unit_norm,
    zero_vector_is_zero,
    inner_product_is_symmetric,
    inner_product_is_bilinear,
    inner_product_is_positive,
    norm_is_that_of_the_inner_product,
)


def _projected(case: ManifoldCase, ambient):
    return case.manifold.projection(case.point, ambient)


def _units(ambient):
    """Yield the ambient vectors with a single number 1, in the order of `flat`."""
    for numbers in np.eye(flat(ambient).size):
        yield shaped_like(numbers, ambient)
