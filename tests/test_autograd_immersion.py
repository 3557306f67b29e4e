"""Immersions of users' functions and classes: what autograd can follow, and what it cannot."""

import math
import warnings

import autograd.numpy as anp
import numpy as np
import pytest
from autograd.scipy.special import erf, expit

import riemgn as rg

P = 3
RNG = np.random.default_rng(0)
W, XI, ETA = RNG.normal(size=(3, P))
V = RNG.normal(size=P)
DERIVATIVES = {
    "jacobian": (W,),
    "jvp": (W, XI),
    "vjp": (W, V),
    "second_derivative": (W, XI, ETA),
    "hessian_vp": (W, V, XI),
    "tangent_kernel": (W,),
}
EVERY = pytest.mark.parametrize("derivative", DERIVATIVES)


def asked(f, derivative):
    return getattr(f, derivative)(*DERIVATIVES[derivative])


def check_by_differences(f, w, seed=1, digits=5):
    """Every derivative of f against central differences of its values."""
    generator = np.random.default_rng(seed)
    xi, eta = generator.normal(size=(2, f.dim))
    v = generator.normal(size=f.ambient_dim)
    h = 1e-4

    def bend(a):
        return (f(w + h * a) - 2 * f(w) + f(w - h * a)) / h**2

    atol = 10.0**-digits
    J = np.stack([(f(w + h * e) - f(w - h * e)) / (2 * h) for e in np.eye(f.dim)], axis=1)
    mixed = (bend(xi + eta) - bend(xi - eta)) / 4
    hessian = np.stack([(bend(xi + e) - bend(xi - e)) / 4 @ v for e in np.eye(f.dim)])
    np.testing.assert_allclose(f.jacobian(w), J, atol=atol)
    np.testing.assert_allclose(f.jvp(w, xi), J @ xi, atol=atol)
    np.testing.assert_allclose(f.vjp(w, v), J.T @ v, atol=atol)
    np.testing.assert_allclose(f.second_derivative(w, xi, eta), mixed, atol=10 * atol)
    np.testing.assert_allclose(f.hessian_vp(w, v, xi), hessian, atol=10 * atol)
    np.testing.assert_allclose(f.tangent_kernel(w), J @ J.T, atol=atol)


FUNCTIONS = {
    "more outputs than parameters": (lambda w: anp.sin(anp.outer(np.arange(1, 4), w).ravel()), 3),
    "fewer outputs than parameters": (lambda w: anp.array([w[0] * w[1], anp.exp(w[2] * w[3])]), 4),
    "one of each": (lambda w: anp.tanh(w), 1),
    "a part that does not depend on w": (lambda w: anp.array([1.0, w[1] ** 2, w[0]]), 2),
    "erf, which has no forward rule": (lambda w: erf(w) * w[0], 3),
    "expit, which has none either": (lambda w: anp.concatenate([expit(w * w[1]), w[:1]]), 3),
    "numpy on traced values": (lambda w: np.zeros(3) + np.sin(w) * w[1], 3),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_derivatives_agree_with_differences(name):
    function, p = FUNCTIONS[name]
    f = rg.autograd_immersion(function, dim=p)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_by_differences(f, np.linspace(0.3, 0.7, p))


@EVERY
def test_a_linear_function_has_no_curvature_and_no_warning(derivative):
    A = np.random.default_rng(2).normal(size=(P, P))
    wanted = {
        "jacobian": A,
        "jvp": A @ XI,
        "vjp": A.T @ V,
        "second_derivative": np.zeros(P),
        "hessian_vp": np.zeros(P),
        "tangent_kernel": A @ A.T,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        got = asked(rg.autograd_immersion(lambda w: anp.dot(A, w), dim=P), derivative)
    np.testing.assert_allclose(got, wanted[derivative], atol=1e-14)


def filled(w):
    out = np.zeros(P)
    out[0] = w[0]
    return out


UNTRACEABLE = {
    "a fresh numpy array": lambda w: np.array([w[0], w[1], w[2]]),
    "no dependence": lambda w: np.ones(P),
    "values put into an array": filled,
    "the math module": lambda w: anp.array([math.sin(w[0]), w[1], w[2]]),
    "float()": lambda w: anp.array([float(w[0]), w[1], w[2]]),
    "a method that traced arrays lack": lambda w: anp.array(w.tolist()),
}


@EVERY
@pytest.mark.parametrize("name", UNTRACEABLE)
def test_what_autograd_cannot_follow_is_told_to_use_autograd_numpy(name, derivative):
    f = rg.autograd_immersion(UNTRACEABLE[name], dim=P)
    assert f(W).shape == (P,)
    with pytest.raises(ValueError, match=r"autograd\.numpy instead of numpy"):
        asked(f, derivative)


@EVERY
def test_a_functions_own_error_is_not_blamed_on_numpy(derivative):
    def picky(w):
        raise ValueError("only for positive weights")

    with pytest.raises(ValueError, match=r"^only for positive weights$"):
        asked(rg.autograd_immersion(picky, dim=P, ambient_dim=P), derivative)


WRONG_OUTPUTS = {
    "tuple": (lambda w: (w[0], w[1], w[2]), TypeError, "got a tuple; join"),
    "list": (lambda w: [w[0], w[1], w[2]], TypeError, "got a list; join"),
    "complex": (lambda w: w * 1j, TypeError, "real numbers, got dtype complex128"),
    "scalar": (lambda w: anp.sum(w), ValueError, r"shape \(3,\), got \(\)"),
    "matrix": (lambda w: anp.outer(w, w), ValueError, r"shape \(3,\), got \(3, 3\)"),
    "wrong length": (lambda w: w[:2], ValueError, r"shape \(3,\), got \(2,\)"),
}


@EVERY
@pytest.mark.parametrize("name", WRONG_OUTPUTS)
def test_wrong_outputs_are_refused_by_every_derivative(name, derivative):
    function, error, message = WRONG_OUTPUTS[name]
    f = rg.autograd_immersion(function, dim=P, ambient_dim=P)
    with pytest.raises(error, match=message):
        asked(f, derivative)
    with pytest.raises(error, match=message):
        f.at(W)


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (np.array([1.0, None, 2.0], dtype=object), TypeError),
        (np.array(["a", "b"]), TypeError),
        (None, TypeError),
        (np.ones(0), ValueError),
        (np.array([True, False]), TypeError),
    ],
)
def test_outputs_that_are_no_numbers_are_refused(value, error):
    with pytest.raises(error, match="the function must return"):
        rg.autograd_immersion(lambda w: value, dim=P).at(W)


def test_outputs_are_copied_from_a_buffer_that_the_function_reuses():
    buffer = np.empty(2)

    def f(w):
        if isinstance(w, np.ndarray):
            buffer[:] = w[0] * w[1], w[1] ** 2
            return buffer
        return anp.stack([w[0] * w[1], w[1] ** 2])

    M = rg.ImmersedManifold(rg.autograd_immersion(f, dim=2))
    x, y = M.point([1.0, 2.0]), M.point([3.0, 4.0])
    np.testing.assert_array_equal(x.outputs, [2.0, 4.0])
    np.testing.assert_array_equal(y.outputs, [12.0, 16.0])
    assert buffer.flags.writeable


def test_integer_outputs_are_widened():
    f = rg.autograd_immersion(lambda w: np.array([1, 2, 3]), dim=P)
    assert f.at(W).outputs.dtype == np.float64


def test_the_number_of_outputs_is_found_by_evaluation():
    calls = []

    def f(w):
        calls.append(np.array(w))
        return anp.concatenate([w, w])

    known = rg.autograd_immersion(f, dim=P, ambient_dim=6)
    assert known.ambient_dim == 6
    unknown = rg.autograd_immersion(f, dim=P)
    assert unknown.known_ambient_dim is None
    assert not calls
    assert unknown.ambient_dim == 6
    np.testing.assert_array_equal(calls, [np.ones(P)])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((3.0, P), TypeError, "function must be callable, got float"),
        ((anp.sin, 0), ValueError, "dim must be an integer >= 1, got 0"),
        ((anp.sin, 2.0), TypeError, "dim must be an integer"),
        ((anp.sin, P, 0), ValueError, "ambient_dim must be an integer >= 1"),
    ],
)
def test_bad_arguments_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        rg.autograd_immersion(*arguments)


# Immersions that are classes of the user's own


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
