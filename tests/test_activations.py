"""Activations against autograd, differences, the math module, and their bounds against a search."""

import math
import pickle

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import elementwise_grad
from autograd.scipy.special import erf, expit
from scipy.optimize import minimize_scalar

from riemgn.activations import ACTIVATIONS, Activation, activation

EPS = np.finfo(float).eps
NAMES = ("tanh", "sigmoid", "softplus", "gelu", "silu", "sin", "erf", "identity")

TRACED = {
    "tanh": anp.tanh,
    "sigmoid": lambda z: 1.0 / (1.0 + anp.exp(-z)),
    "softplus": lambda z: anp.logaddexp(0.0, z),
    "gelu": lambda z: 0.5 * z * (1.0 + erf(z / anp.sqrt(2.0))),
    "silu": lambda z: z * expit(z),
    "sin": anp.sin,
    "erf": erf,
    "identity": lambda z: 1.0 * z,
}


def logistic(z):
    return 1.0 / (1.0 + math.exp(-z)) if z > 0 else math.exp(z) / (1.0 + math.exp(z))


def normal_density(z):
    return math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)


def normal_distribution(z):
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


def logistic_slope(z):
    return logistic(z) * logistic(-z)


# Value, first and second derivative of a float, in forms that do not cancel in the tails.
SCALAR = {
    "tanh": (
        math.tanh,
        lambda z: 4.0 * logistic_slope(2.0 * z),
        lambda z: -8.0 * math.tanh(z) * logistic_slope(2.0 * z),
    ),
    "sigmoid": (
        logistic,
        logistic_slope,
        lambda z: -logistic_slope(z) * math.tanh(0.5 * z),
    ),
    "softplus": (
        lambda z: max(z, 0.0) + math.log1p(math.exp(-abs(z))),
        logistic,
        logistic_slope,
    ),
    "gelu": (
        lambda z: z * normal_distribution(z),
        lambda z: normal_distribution(z) + z * normal_density(z),
        lambda z: (2.0 - z * z) * normal_density(z),
    ),
    "silu": (
        lambda z: z * logistic(z),
        lambda z: logistic(z) + z * logistic_slope(z),
        lambda z: logistic_slope(z) * (2.0 - z * math.tanh(0.5 * z)),
    ),
    "sin": (math.sin, math.cos, lambda z: -math.sin(z)),
    "erf": (
        math.erf,
        lambda z: 2.0 / math.sqrt(math.pi) * math.exp(-z * z),
        lambda z: -4.0 / math.sqrt(math.pi) * z * math.exp(-z * z),
    ),
    "identity": (lambda z: z, lambda z: 1.0, lambda z: 0.0),
}


def three(sigma, z):
    a = sigma.value(z)
    return a, sigma.first(z, a), sigma.second(z, a)


def bounds(sigma):
    return sigma.bound, sigma.slope_bound, sigma.curvature_bound


def square(z):
    return z * z


def square_first(z, a):
    return 2.0 * z


def square_second(z, a):
    return np.full_like(z, 2.0)


def test_all_are_there():
    assert tuple(ACTIVATIONS) == NAMES
    for name in NAMES:
        assert activation(name).name == name


@pytest.mark.parametrize("name", NAMES)
def test_derivatives_agree_with_autograd(name):
    z = np.linspace(-6.0, 6.0, 1001)
    traced = TRACED[name]
    slope = elementwise_grad(traced)
    value, first, second = three(activation(name), z)
    np.testing.assert_allclose(value, traced(z), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(first, slope(z), rtol=1e-12, atol=1e-14)
    if name != "identity":
        np.testing.assert_allclose(second, elementwise_grad(slope)(z), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("name", NAMES)
def test_derivatives_agree_with_central_differences(name):
    sigma, z, h = activation(name), np.linspace(-8.0, 8.0, 401), 1e-5
    ahead, behind = three(sigma, z + h), three(sigma, z - h)
    _, first, second = three(sigma, z)
    np.testing.assert_allclose(first, (ahead[0] - behind[0]) / (2.0 * h), atol=1e-9)
    np.testing.assert_allclose(second, (ahead[1] - behind[1]) / (2.0 * h), atol=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_accuracy_is_a_few_units_in_the_last_place(name):
    rng = np.random.default_rng(0)
    z = np.concatenate(
        [rng.normal(size=2000), rng.uniform(-40.0, 40.0, 2000), rng.uniform(-700.0, 700.0, 200)]
    )
    z = np.concatenate([z, [0.0, 1e-9, -1e-160, 1e-300, 5e-324, 700.0, -700.0]])
    sigma = activation(name)
    for ours, exact, bound in zip(three(sigma, z), SCALAR[name], bounds(sigma), strict=True):
        wanted = np.array([exact(float(x)) for x in z])
        unit = EPS * np.maximum(np.abs(wanted), bound if bound < math.inf else 1.0)
        assert np.all(np.abs(ours - wanted) <= 12.0 * unit)


@pytest.mark.parametrize("name", ["sigmoid", "softplus", "silu"])
def test_left_tails_keep_their_digits(name):
    z = np.array([-700.0, -300.0, -50.0])
    wanted = np.exp(z) * (z if name == "silu" else 1.0)
    np.testing.assert_allclose(activation(name).value(z), wanted, rtol=1e-14)


def test_left_tail_of_gelu_keeps_most_digits():
    z = np.array([-20.0, -10.0, -5.0])
    wanted = [SCALAR["gelu"][0](x) for x in z]
    np.testing.assert_allclose(activation("gelu").value(z), wanted, rtol=1e-13)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_overflows(name):
    z = np.array([1e308, 1e200, 1e155, 1e3, 800.0])
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        for part in three(activation(name), np.concatenate([z, -z])):
            assert np.all(np.isfinite(part))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(), (0,), (5,), (2, 3, 4)])
def test_any_shape(name, shape):
    z = np.random.default_rng(1).normal(size=shape)
    z = np.asarray(z)
    for part in three(activation(name), z):
        assert np.shape(part) == shape


@pytest.mark.parametrize("name", NAMES)
def test_strided_arguments_are_left_alone(name):
    z = np.random.default_rng(2).normal(size=(6, 8))[::2, ::3].T
    kept = z.copy()
    sigma = activation(name)
    a = sigma.value(z)
    kept_value = a.copy()
    for array in (z, a):
        array.flags.writeable = False
    for part, whole in zip(three(sigma, z), three(sigma, kept), strict=True):
        np.testing.assert_array_equal(part, whole)
        assert not np.shares_memory(part, z)
    assert not np.shares_memory(sigma.first(z, a), a)
    assert not np.shares_memory(sigma.second(z, a), a)
    np.testing.assert_array_equal(z, kept)
    np.testing.assert_array_equal(a, kept_value)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("order", [0, 1, 2])
def test_bounds_are_the_suprema(name, order):
    sigma = activation(name)
    bound = bounds(sigma)[order]
    if bound == math.inf:
        assert sigma.value(np.array(1e9)) > 1e8
        return

    def size(z):
        return float(np.abs(three(sigma, np.asarray(z, dtype=float))[order]))

    grid = np.linspace(-40.0, 40.0, 80001)
    sizes = np.abs(three(sigma, grid)[order])
    peak = grid[np.argmax(sizes)]
    refined = minimize_scalar(
        lambda z: -size(z), bounds=(peak - 1e-2, peak + 1e-2), options={"xatol": 1e-10}
    )
    supremum = max(sizes.max(), size(refined.x))
    assert supremum <= bound * (1.0 + 8.0 * EPS)
    assert supremum == pytest.approx(bound, rel=1e-12, abs=0.0)


@pytest.mark.parametrize("name", NAMES)
def test_pickling(name):
    assert pickle.loads(pickle.dumps(activation(name))) == activation(name)


@pytest.mark.parametrize(
    ("wrong", "right"), [("tahn", "tanh"), ("softpuls", "softplus"), ("Gelu", "gelu")]
)
def test_unknown_name_suggests_the_nearest(wrong, right):
    with pytest.raises(ValueError, match=f"unknown activation '{wrong}'; did you mean '{right}'"):
        activation(wrong)


def test_unknown_name_lists_what_there_is():
    with pytest.raises(ValueError, match="one of tanh, sigmoid, softplus"):
        activation("zzzz")


@pytest.mark.parametrize(
    "name", ["relu", "ReLU", "relu6", "leaky_relu", "LeakyReLU", "elu", "selu", "celu", "prelu"]
)
def test_kinked_functions_are_refused_with_the_reason(name):
    with pytest.raises(ValueError, match=r"two continuous derivatives.*softplus.*gelu.*silu"):
        activation(name)


@pytest.mark.parametrize("wrong", [None, 3, np.tanh])
def test_neither_name_nor_activation(wrong):
    with pytest.raises(TypeError, match="activation must be"):
        activation(wrong)


def test_the_table_cannot_be_changed():
    with pytest.raises(TypeError):
        ACTIVATIONS["relu"] = activation("tanh")
    with pytest.raises(AttributeError):
        activation("tanh").bound = 2.0


def test_custom_activation():
    mine = Activation("square", square, square_first, square_second, curvature_bound=2)
    assert activation(mine) is mine
    assert bounds(mine) == (math.inf, math.inf, 2.0)
    assert repr(mine) == "Activation('square')"
    assert pickle.loads(pickle.dumps(mine)) == mine


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"name": 3}, TypeError, "name must be a string"),
        ({"name": ""}, ValueError, "name must not be empty"),
        ({"first": 2.0}, TypeError, "first must be a function"),
        ({"bound": "1"}, TypeError, "bound must be a number"),
        ({"slope_bound": -1.0}, ValueError, "slope_bound must be >= 0"),
        ({"curvature_bound": math.nan}, ValueError, "curvature_bound must be >= 0"),
    ],
)
def test_bad_custom_activation(changed, error, message):
    fields = {"name": "mine", "value": square, "first": square_first, "second": square_second}
    with pytest.raises(error, match=message):
        Activation(**{**fields, **changed})
