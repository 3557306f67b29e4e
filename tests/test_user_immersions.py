"""Immersions that are classes of the user's own."""

import math

import autograd.numpy as anp
import numpy as np
import pytest
from immersion_cases import check_by_differences

import riemgn as rg


class Traceable(rg.Immersion):
    """Only what the base class asks for."""

    dim, ambient_dim = 2, 3

    def __call__(self, w):
        return anp.array([anp.sin(w[0] * w[1]), w[0] ** 2, anp.exp(w[1])])


class OwnJacobian(rg.Immersion):
    """The same map, which autograd cannot trace; its Jacobian comes in one and the same buffer."""

    dim, ambient_dim = 2, 3

    def __init__(self):
        self.buffer = np.zeros((3, 2), order="F")

    def __call__(self, w):
        return np.array([math.sin(w[0] * w[1]), w[0] ** 2, math.exp(w[1])])

    def jacobian(self, w):
        J = self.buffer
        J[0] = math.cos(w[0] * w[1]) * w[1], math.cos(w[0] * w[1]) * w[0]
        J[1] = 2 * w[0], 0.0
        J[2] = 0.0, math.exp(w[1])
        return J


PLACE = np.array([0.4, -0.3])


def test_a_class_needs_only_its_value():
    check_by_differences(Traceable(), PLACE)


def test_an_own_jacobian_is_differenced_where_autograd_cannot_go():
    own, traced = OwnJacobian(), Traceable()
    check_by_differences(own, PLACE)
    xi, eta = np.array([[1.0, -2.0], [0.5, 3.0]])
    v = np.array([1.0, -1.0, 0.5])
    close = {"rtol": 1e-8, "atol": 1e-9}
    np.testing.assert_allclose(
        own.second_derivative(PLACE, xi, eta), traced.second_derivative(PLACE, xi, eta), **close
    )
    np.testing.assert_allclose(
        own.hessian_vp(PLACE, v, xi), traced.hessian_vp(PLACE, v, xi), **close
    )
    np.testing.assert_array_equal(own.second_derivative(PLACE, xi, np.zeros(2)), np.zeros(3))
    np.testing.assert_array_equal(own.hessian_vp(PLACE, v, np.zeros(2)), np.zeros(2))


@pytest.mark.parametrize("size", [1e-4, 1.0, 1e4])
def test_differences_do_not_depend_on_the_length_of_the_direction(size):
    own, traced = OwnJacobian(), Traceable()
    xi = size * np.array([1.0, -2.0])
    np.testing.assert_allclose(
        own.second_derivative(PLACE, xi, xi), traced.second_derivative(PLACE, xi, xi), rtol=1e-7
    )


def test_a_reused_jacobian_buffer_is_copied():
    M = rg.ImmersedManifold(OwnJacobian())
    x = M.point(PLACE)
    J = x.jacobian.copy()
    M.point(PLACE + 1.0).factor  # noqa: B018 - fills the buffer anew
    np.testing.assert_array_equal(x.jacobian, J)
    v = np.arange(3.0)
    np.testing.assert_allclose(M.projection(x, v), J @ np.linalg.lstsq(J, v, rcond=None)[0])


def test_the_geometry_of_an_untraceable_map_is_that_of_the_traced_one():
    M, N = rg.ImmersedManifold(OwnJacobian()), rg.ImmersedManifold(Traceable())
    x, y = M.point(PLACE), N.point(PLACE)
    a, b = N.random_tangent_vector(y, seed=0), N.random_tangent_vector(y, seed=1)
    normal = np.ones(3) - N.projection(y, np.ones(3))
    close = {"rtol": 1e-7, "atol": 1e-8}
    np.testing.assert_allclose(M.weingarten(x, a, normal), N.weingarten(y, a, normal), **close)
    np.testing.assert_allclose(
        M.second_fundamental_form(x, a, b), N.second_fundamental_form(y, a, b), **close
    )


def test_an_own_jacobian_of_another_shape_is_refused():
    class Wrong(OwnJacobian):
        def jacobian(self, w):
            return super().jacobian(w).T

    with pytest.raises(ValueError, match=r"jacobian must return shape \(3, 2\), got \(2, 3\)"):
        rg.ImmersedManifold(Wrong()).point(PLACE).jacobian  # noqa: B018


def test_outputs_of_another_length_than_declared_are_refused():
    class Wrong(Traceable):
        ambient_dim = 4

    with pytest.raises(ValueError, match=r"shape \(4,\), got \(3,\)"):
        Wrong().at(PLACE)
    with pytest.raises(ValueError, match=r"shape \(4,\), got \(3,\)"):
        Wrong().jacobian(PLACE)


def test_the_base_class_is_abstract():
    class Nothing(rg.Immersion):
        dim, ambient_dim = 1, 1

    with pytest.raises(TypeError, match="__call__"):
        Nothing()


class Everything(rg.Immersion):
    """w -> B w + c |w|^2 / 2, with every derivative of its own and no array of n x p."""

    dim, ambient_dim = 30, 4

    def __init__(self):
        generator = np.random.default_rng(0)
        self.B, self.c = generator.normal(size=(4, 30)), generator.normal(size=4)

    def __call__(self, w):
        return self.B @ w + 0.5 * (w @ w) * self.c

    def jacobian(self, w):
        raise AssertionError("nothing needs the Jacobian here")

    def jvp(self, w, xi):
        return self.B @ xi + (w @ xi) * self.c

    def vjp(self, w, v):
        return self.B.T @ v + (self.c @ v) * w

    def second_derivative(self, w, xi, eta):
        return (xi @ eta) * self.c

    def hessian_vp(self, w, normal, xi):
        return (self.c @ normal) * xi

    def tangent_kernel(self, w):
        J = self.B + np.outer(self.c, w)
        return J @ J.T


def test_overridden_derivatives_are_the_ones_that_geometry_uses():
    f = Everything()
    w = np.random.default_rng(1).normal(size=30)
    M = rg.ImmersedManifold(f, retraction="corrected")
    x = M.point(w)
    J = f.B + np.outer(f.c, w)
    v = np.arange(4.0)
    np.testing.assert_allclose(M.lift(x, v), np.linalg.pinv(J) @ v, rtol=1e-10)
    assert x.rank == 4
    y = M.retraction(x, 0.1 * v)
    xi = np.linalg.pinv(J) @ (0.1 * v)
    step = xi - 0.5 * np.linalg.pinv(J) @ ((xi @ xi) * f.c)
    np.testing.assert_allclose(y.params, w + step, rtol=1e-10)
    problem = rg.Problem(M, rg.SquaredLoss(np.ones(4)))
    damped = rg.LevenbergMarquardt(0.5, max_iterations=20).run(problem, initial_point=x)
    assert damped.cost < 1e-3 * problem.cost(x)
    # a wrapped immersion asks the inner one
    scaled = rg.ImmersedManifold(f.scaled(2.0))
    np.testing.assert_allclose(scaled.lift(scaled.point(w), v), np.linalg.pinv(2 * J) @ v)
