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
    """The same map, that autograd cannot trace, with its Jacobian in one buffer used again."""

    dim, ambient_dim = 2, 3

    def __init__(self):
        self.buffer = np.zeros((3, 2))

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
