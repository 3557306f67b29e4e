"""Immersions of users' functions: what autograd can follow, and what it cannot."""

import math
import warnings

import autograd.numpy as anp
import numpy as np
import pytest
from autograd.scipy.special import erf, expit
from immersion_cases import check_by_differences

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
