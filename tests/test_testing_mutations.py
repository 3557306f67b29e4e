"""A wrong factor or sign in a law's formula makes the check name that law."""

import numpy as np
import pytest
from kit_cases import Torus, failing_laws, going_wrong, times
from manifold_cases import network_manifold

import riemgn as rg
from riemgn.manifolds.retractions.parameter_steps import ParametricRetraction
from riemgn.testing import check_immersion, check_manifold
from riemgn.testing.immersion_laws import IMMERSION_LAWS
from riemgn.testing.manifold_laws import MANIFOLD_LAWS

pytestmark = pytest.mark.slow


def normal_at(M, x):
    return np.cross(*M.tangent_basis(x).T)


def oblique(self, right, x, a):
    J, A = x.jacobian, x.jacobian + 0.3
    return J @ np.linalg.solve(A.T @ J, A.T @ a)


def turned(self, right, x, v, *rest):
    """What is right and a little of v turned in the tangent plane, which is skew."""
    return right(x, v, *rest) + 0.1 * np.cross(normal_at(self, x), v)


def lifted_off(self, right, x, *rest):
    return right(x, *rest) + 0.1 * normal_at(self, x)


def longer_beyond_the_point(self, right, a, b):
    away = np.linalg.norm(np.asarray(a) - START) > 0 and np.linalg.norm(np.asarray(b) - START) > 0
    return right(a, b) * (10 if away else 1)


class Claimed(ParametricRetraction):
    """A retraction of order 1 that claims 2."""

    name = "claimed"
    order = 2


W = np.array([0.4, 0.7])
START = Torus()(W)

# law: the methods that break it
WRONG_MANIFOLDS = {
    "projection is idempotent": {"projection": times(0.9)},
    "projection is linear": {"projection": lambda self, right, x, a: right(x, np.abs(a))},
    "projection is self-adjoint": {"projection": oblique},
    "to_tangent_space keeps tangent vectors": {"to_tangent_space": times(0.9)},
    "dim is that of the tangent space": {"projection": lambda self, right, x, a: a},
    "random tangent vectors are tangent": {
        "random_tangent_vector": lambda self, right, x, seed: seed.normal(size=3)
    },
    "random tangent vectors have norm 1": {"random_tangent_vector": times(2)},
    "zero_vector is zero": {"zero_vector": lambda self, right, x: np.full(3, 1e-9)},
    "inner product is symmetric": {
        "inner_product": lambda self, right, x, a, b: right(x, a, b) + 0.1 * (a[0] * b[1])
    },
    "inner product is bilinear": {
        "inner_product": lambda self, right, x, a, b: right(x, a, b) * (1 + 0.1 * abs(a[0]))
    },
    "inner product is positive": {"inner_product": times(-1)},
    "norm is that of the inner product": {"norm": times(0.9)},
    "retraction of zero is the point": {
        "retraction": lambda self, right, x, v: self.point(right(x, v).params + 1e-14)
    },
    "retraction is of first order": {"retraction": lambda self, right, x, v: right(x, 0.9 * v)},
    "exp starts with its velocity": {"exp": lambda self, right, x, v: right(x, 0.9 * v)},
    "exp keeps its speed": {"exp": lambda self, right, x, v: right(x, v * (1 + np.linalg.norm(v)))},
    "exp has no tangential acceleration": {"exp": lambda self, right, x, v: self.retraction(x, v)},
    "dist is the length of a geodesic": {"dist": times(0.9)},
    "log inverts exp": {"log": times(0.9)},
    "exp inverts log": {"log": times(0.9)},
    "dist is symmetric": {
        "dist": lambda self, right, a, b: right(a, b) * (1.1 if a[0] > b[0] else 1)
    },
    "dist obeys the triangle inequality": {"dist": longer_beyond_the_point},
    "pair_mean is half-way": {
        "pair_mean": lambda self, right, a, b: self.exp(a, 0.4 * self.log(a, b))
    },
    "transport is tangent": {"transport": lambda self, right, a, b, v: v},
    "transport is linear": {"transport": lambda self, right, a, b, v: right(a, b, np.abs(v))},
    "transport to the same point changes nothing": {"transport": times(0.9)},
    "Riemannian gradient is the derivative of the cost": {
        "euclidean_to_riemannian_gradient": times(0.9)
    },
    "Riemannian Hessian is the second derivative of the cost": {
        "euclidean_to_riemannian_hessian": times(0.9)
    },
    "Riemannian Hessian is the derivative of the gradient": {
        "euclidean_to_riemannian_hessian": lambda self, right, x, g, h, v: (
            self.projection(x, h) - self.weingarten(x, v, g - self.projection(x, g))
        )
    },
    "Riemannian Hessian is symmetric": {
        "euclidean_to_riemannian_hessian": lambda self, right, x, g, h, v: (
            right(x, g, h, v) + 0.1 * np.cross(normal_at(self, x), v)
        )
    },
    "Riemannian Hessian is tangent": {"euclidean_to_riemannian_hessian": lifted_off},
    "Weingarten map is the derivative of the projection": {"weingarten": times(-1)},
    "Weingarten map is tangent": {"weingarten": lifted_off},
    "Weingarten map is self-adjoint": {"weingarten": turned},
    "second fundamental form is dual to the Weingarten map": {"weingarten": times(2)},
    "second fundamental form is normal": {
        "second_fundamental_form": lambda self, right, x, a, b: x.jet.second_derivative(
            self.lift(x, a), self.lift(x, b)
        )
    },
    "second fundamental form is symmetric and bilinear": {
        "second_fundamental_form": lambda self, right, x, a, b: right(x, a, b) * (1 + 0.1 * a[0])
    },
    "second fundamental form is the normal acceleration": {"second_fundamental_form": times(0.5)},
    "principal curvatures are those of the Weingarten map": {"principal_curvatures": times(2)},
    "sectional curvature obeys Gauss's equation": {"sectional_curvature": times(-1)},
    "sectional curvature is that of a plane": {
        "sectional_curvature": lambda self, right, x, a, b: right(x, a, b) * (a @ a)
    },
    "lift is inverted by the Jacobian": {"lift": times(0.5)},
    "tangent basis is orthonormal": {"tangent_basis": times(0.9)},
    "Christoffel symbols are those of the metric": {"christoffel": times(-1)},
    "inverse retraction inverts the retraction": {"inverse_retraction": times(0.9)},
    "differentiated retraction is the retraction's derivative": {
        "differentiated_retraction": times(0.9)
    },
    "parallel transport keeps inner products": {"parallel_transport": times(0.9)},
    "parallel transport is tangent": {"parallel_transport": lambda self, right, x, v, a: a},
    "parallel transport carries the velocity along": {"parallel_transport": times(-1)},
}


@pytest.mark.parametrize("name", WRONG_MANIFOLDS)
def test_a_wrong_manifold_is_named(name):
    M = going_wrong(rg.ImmersedManifold, **WRONG_MANIFOLDS[name])(Torus())
    assert failing_laws(check_manifold, M, W, laws=name) == [name]


@pytest.mark.parametrize(
    "name", ["retraction has its declared order", "retraction has no tangential acceleration"]
)
def test_a_wrong_order_is_named(name):
    M = rg.ImmersedManifold(Torus(), retraction=Claimed())
    assert failing_laws(check_manifold, M, W, laws=name) == [name]
    assert check_manifold(rg.ImmersedManifold(Torus(), retraction="corrected"), W, laws=name).ok


def test_points_of_another_immersion_are_named():
    name = "points are the outputs of their parameters"
    x = rg.ImmersedManifold(Torus().scaled(2.0)).point(W)
    assert failing_laws(check_manifold, rg.ImmersedManifold(Torus()), x, laws=name) == [name]


def test_a_lift_that_is_too_long_is_named():
    M, x = network_manifold(widths=(2, 6, 1), samples=5)
    kernel = np.linalg.svd(x.jacobian)[2][-1]
    Wrong = going_wrong(
        rg.OutputManifold, lift=lambda self, right, y, v: right(y, v) + 0.1 * kernel
    )
    name = "lift has least norm"
    wrong = Wrong(M.network, np.random.default_rng(0).normal(size=(5, 2)))
    assert failing_laws(check_manifold, wrong, x.params, laws=name) == [name]


def test_every_law_of_manifolds_has_its_mutation():
    elsewhere = {
        "retraction has its declared order",
        "retraction has no tangential acceleration",
        "points are the outputs of their parameters",
        "lift has least norm",
    }
    assert {law.name for law in MANIFOLD_LAWS} == {*WRONG_MANIFOLDS, *elsewhere}


def test_a_wrong_projection_is_named_among_all_laws():
    Wrong = going_wrong(rg.ImmersedManifold, projection=times(0.9))
    assert "projection is idempotent" in failing_laws(check_manifold, Wrong(Torus()))


# Immersions


class Moody(Torus):
    """A value that depends on how often it was asked for."""

    calls = 0

    def __call__(self, w):
        self.calls += 1
        return super().__call__(w) * (1 + 1e-12 * self.calls)


class Greedy(Torus):
    """A product that writes into its argument."""

    def vjp(self, w, v):
        product = super().vjp(w, v)
        w[0] += 1e-3
        return product


def jet_of_another(self, right, w):
    return Torus().scaled(1.1).at(w)


WRONG_IMMERSIONS = {
    "values are finite vectors": going_wrong(
        Torus, __call__=lambda self, right, w: right(w) / [1, 1, 0]
    ),
    "values are repeatable": Moody,
    "parameters are left alone": Greedy,
    "jet agrees with the values": going_wrong(Torus, at=jet_of_another),
    "jacobian is the derivative": going_wrong(Torus, jacobian=times(0.9)),
    "jvp is J xi": going_wrong(Torus, jvp=times(0.9)),
    "vjp is J^T v": going_wrong(Torus, vjp=times(0.9)),
    "jvp and vjp are adjoint": going_wrong(Torus, vjp=times(2)),
    "second derivative is that of the values": going_wrong(Torus, second_derivative=times(0.9)),
    "second derivative is symmetric": going_wrong(
        Torus,
        second_derivative=lambda self, right, w, a, b: right(w, a, b) * (1 + 0.1 * np.sign(a[0])),
    ),
    "second derivative is bilinear": going_wrong(
        Torus, second_derivative=lambda self, right, w, a, b: right(w, np.abs(a), np.abs(b))
    ),
    "hessian_vp is the second derivative along a normal": going_wrong(Torus, hessian_vp=times(2)),
    "tangent kernel is J J^T": going_wrong(
        Torus, tangent_kernel=lambda self, right, w: 0.9 * self.jacobian(w) @ self.jacobian(w).T
    ),
}


@pytest.mark.parametrize("name", [law.name for law in IMMERSION_LAWS])
def test_a_wrong_immersion_is_named(name):
    assert failing_laws(check_immersion, WRONG_IMMERSIONS[name](), laws=name) == [name]
    assert failing_laws(check_immersion, Torus(), laws=name) == []
