"""Derivatives of activations where units saturate: digits relative to themselves, to underflow."""

from decimal import Decimal, localcontext

import numpy as np
import pytest

import riemgn as rg
from riemgn.activations import activation

PI = Decimal("3.14159265358979323846264338327950288419716939937510")
RELATIVE = 1e-14


def logistic(z):
    return 1 / (1 + (-z).exp())


def logistic_slope(z):
    return logistic(z) * logistic(-z)


def logistic_curvature(z):
    return logistic_slope(z) * (logistic(-z) - logistic(z))


# First and second derivative of a Decimal.
EXACT = {
    "tanh": (lambda z: 4 * logistic_slope(2 * z), lambda z: 8 * logistic_curvature(2 * z)),
    "sigmoid": (logistic_slope, logistic_curvature),
    "softplus": (logistic, logistic_slope),
    "silu": (
        lambda z: logistic(z) + z * logistic_slope(z),
        lambda z: 2 * logistic_slope(z) + z * logistic_curvature(z),
    ),
    "erf": (
        lambda z: 2 / PI.sqrt() * (-z * z).exp(),
        lambda z: -4 / PI.sqrt() * z * (-z * z).exp(),
    ),
    "gelu": (None, lambda z: (2 - z * z) * (-z * z / 2).exp() / (2 * PI).sqrt()),
}

# The last |z| at which neither derivative is below the normal numbers.
LAST = {
    "tanh": 353.0,
    "sigmoid": 700.0,
    "softplus": 700.0,
    "silu": 700.0,
    "erf": 26.5,
    "gelu": 37.5,
}


def tails(last, seed=0):
    generator = np.random.default_rng(seed)
    sizes = np.concatenate(
        [generator.uniform(3.0, min(12.0, last), 60), generator.uniform(3.0, last, 60), [last]]
    )
    return np.concatenate([sizes, -sizes])


def derivatives(name, z):
    sigma = activation(name)
    a = sigma.value(z)
    return sigma.first(z, a), sigma.second(z, a)


def reference(function, z):
    with localcontext() as context:
        context.prec = 50
        return np.array([float(function(Decimal(float(x)))) for x in z])


@pytest.mark.parametrize("name", EXACT)
def test_tails_have_their_digits_relative_to_themselves(name):
    z = tails(LAST[name])
    for got, exact in zip(derivatives(name, z), EXACT[name], strict=True):
        if exact is not None:
            np.testing.assert_allclose(got, reference(exact, z), rtol=RELATIVE, atol=0)


# Phi(z) + z phi(z), to 50 digits by mpmath.
GELU_SLOPES = {
    -4.5: -0.000068529161856344574553,
    -6.25: -8.0072850209523803979e-9,
    -12.3: -6.8509009497921363129e-33,
    -20.7: -7.4207322086174281877e-93,
    -37.1: -1.9334575638003556082e-298,
}


def test_the_left_tail_of_the_slope_of_gelu():
    z = np.array(list(GELU_SLOPES))
    first, _ = derivatives("gelu", z)
    np.testing.assert_allclose(first, list(GELU_SLOPES.values()), rtol=RELATIVE, atol=0)


@pytest.mark.parametrize("name", EXACT)
def test_tails_do_not_depend_on_what_else_is_in_the_array(name):
    z = tails(LAST[name])
    alone = [derivatives(name, z[i : i + 1]) for i in range(z.size)]
    mixed = np.column_stack([z, np.linspace(-1.0, 1.0, z.size)])
    for order, part in enumerate(derivatives(name, mixed)):
        got = [pair[order][0] for pair in alone]
        np.testing.assert_allclose(part[:, 0], got, rtol=1e-15, atol=0)
        strided = derivatives(name, np.asfortranarray(mixed))[order]
        np.testing.assert_array_equal(strided, part)


@pytest.mark.parametrize("name", EXACT)
def test_long_arrays_are_mended_in_every_piece(name):
    z = np.tile(tails(LAST[name]), 60)
    short = derivatives(name, tails(LAST[name]))
    for part, once in zip(derivatives(name, z), short, strict=True):
        np.testing.assert_allclose(part, np.tile(once, 60), rtol=1e-15, atol=0)


def test_columns_of_a_saturated_unit_keep_their_direction():
    # with the bias b the unit's slope is exp(-2 b) times that of a bias of 20, up to exp(-40)
    X = np.random.default_rng(0).normal(size=(12, 2))
    net = rg.Network([2, 3, 1])
    w = net.init(seed=0)

    def columns(bias):
        saturated = w.copy()
        net.unflatten(saturated)[0][1][0] = bias
        return net.immersion(X).jacobian(saturated)[:, [0, 1, 6]]

    wanted = columns(20.0) * np.exp(-40.0)
    np.testing.assert_allclose(columns(40.0), wanted, rtol=1e-12)
