"""Bounds of derivatives against sampled derivatives, and where they are attained."""

import autograd.numpy as anp
import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import riemgn as rg
from riemgn.activations import ACTIVATIONS, Activation
from riemgn.immersions.derivative_bounds import DerivativeBounds
from riemgn.immersions.propagation import propagate
from riemgn.immersions.seminorms import LayerBounds, SeminormsInFrame
from riemgn.theory.lipschitz import jacobian_lipschitz, largest_bend

BOUNDED = ("tanh", "sigmoid", "sin", "erf", "softplus", "gelu", "silu", "identity")
SHAPES = ([2, 1], [2, 3, 1], [3, 2, 2], [1, 3, 2, 3], [2, 2, 3, 2, 1])

EXACT = {
    "tanh": mpmath.tanh,
    "sigmoid": lambda z: 1 / (1 + mpmath.exp(-z)),
    "softplus": lambda z: mpmath.log(1 + mpmath.exp(z)),
    "gelu": lambda z: z * mpmath.ncdf(z),
    "silu": lambda z: z / (1 + mpmath.exp(-z)),
    "sin": mpmath.sin,
    "erf": mpmath.erf,
    "identity": lambda z: z,
}


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_third_bound_is_the_supremum(name):
    with mpmath.workdps(40):
        sizes = [abs(mpmath.diff(EXACT[name], mpmath.mpf(k) / 50, 3)) for k in range(-300, 301)]
        largest = float(max(sizes))
    bound = ACTIVATIONS[name].third_bound
    assert largest <= bound * (1 + 1e-12) + 1e-12
    assert bound <= largest * (1 + 1e-3) + 1e-12


def test_an_activation_of_unknown_third_bound_has_none():
    sigma = Activation("square", lambda z: z**2, lambda z, a: 2 * z, lambda z, a: 2 + 0 * z)
    assert sigma.third_bound == np.inf
    with pytest.raises(ValueError, match="third_bound"):
        Activation("bad", np.sin, np.cos, np.sin, 1.0, 1.0, 1.0, -1.0)


def network_case(widths, activation, seed, samples=7):
    generator = np.random.default_rng(seed)
    network = rg.Network(widths, activation=activation).scaled(generator.uniform(0.3, 3))
    f = network.immersion(generator.normal(size=(samples, widths[0])))
    return f, network.init(generator), generator


def third_along(f, w, xi, h=1e-4):
    """D^3 f[xi, xi, xi] by a central difference of the second derivative."""
    ahead, behind = (f.second_derivative(w + s * h * xi, xi, xi) for s in (1, -1))
    return np.linalg.norm(ahead - behind) / (2 * h)


def in_ball(generator, radius, dim):
    step = generator.normal(size=dim)
    return radius * step / np.linalg.norm(step) * generator.uniform() ** (1 / dim)


@pytest.mark.slow
@pytest.mark.parametrize("widths", SHAPES, ids=str)
@pytest.mark.parametrize("activation", BOUNDED)
def test_no_sampled_derivative_exceeds_its_bound(widths, activation):
    f, w, generator = network_case(widths, activation, seed=3)
    for radius in (0.0, 0.3, 3.0):
        bounds = f.derivative_bounds(w, radius)
        for _ in range(4):
            there = w + in_ball(generator, radius, f.dim)
            xi = generator.normal(size=f.dim)
            xi /= np.linalg.norm(xi)
            assert largest_bend(f.at(there), xi) <= bounds.second
            assert third_along(f, there, xi) <= bounds.third * (1 + 1e-6) + 1e-6


@given(seed=st.integers(0, 10**6), shape=st.sampled_from(SHAPES), radius=st.floats(0, 2))
@settings(max_examples=25, deadline=None)
def test_bounds_in_a_frame(seed, shape, radius):
    f, w, generator = network_case(shape, "tanh", seed)
    q = int(generator.integers(1, f.dim + 1))
    A = generator.normal(size=(f.dim, q)) * np.logspace(0, -3, q)
    bounds = f.derivative_bounds_in(w, A)(radius)
    framed = f.reparametrised(A)
    for _ in range(3):
        z = in_ball(generator, radius, q)
        c = generator.normal(size=q)
        c /= np.linalg.norm(c)
        bend = f.second_derivative(w + A @ z, A @ c, A @ c)
        assert np.linalg.norm(bend) <= bounds.second * (1 + 1e-9)
        assert third_along(f, w + A @ z, A @ c) <= bounds.third * (1 + 1e-6) + 1e-6
    start = np.linalg.lstsq(A, w, rcond=None)[0]
    own = framed.derivative_bounds(start, radius)
    length = np.linalg.norm(A, 2)
    plain = f.derivative_bounds(A @ start, length * radius)
    assert own.second <= length**2 * plain.second * (1 + 1e-9)
    assert own.third <= length**3 * plain.third * (1 + 1e-9)


def test_norms_of_hidden_layers_in_a_frame_are_those_of_differences():
    network = rg.Network([2, 4, 3, 2], activation="gelu")
    generator = np.random.default_rng(4)
    X, w = generator.normal(size=(6, 2)), network.init(4)
    A = generator.normal(size=(network.dim, 5))

    def passed(w):
        return propagate(network.unflatten(w), network.activation, X.T)

    seminorms = SeminormsInFrame(network, w, passed(w), A)
    h, moved = 1e-5, []
    for column in A.T:
        ahead, behind = passed(w + h * column).pre[:-1], passed(w - h * column).pre[:-1]
        moved.append([(a - b) / (2 * h) for a, b in zip(ahead, behind, strict=True)])
    zero = np.zeros(seminorms.count)
    unknown = LayerBounds(zero + np.inf, zero + np.inf, np.outer(zero, zero), 0.0)
    for l in range(2):
        derivative = np.stack([m[l] for m in moved], axis=-1)  # width, samples, q
        known = seminorms.sharpened(l, unknown, radius=0.0)
        whole = np.linalg.norm(derivative.reshape(-1, 5), 2)
        single = max(np.linalg.norm(derivative[:, i], 2) for i in range(6))
        assert seminorms.largest_linear(known.whole) == pytest.approx(whole, rel=1e-7)
        assert seminorms.largest_linear(known.single) == pytest.approx(single, rel=1e-7)


def test_the_jacobian_is_lipschitz_with_the_second_bound():
    f, w, generator = network_case([3, 4, 2], "gelu", seed=8)
    bound = f.derivative_bounds(w, 0.5).second
    for _ in range(30):
        a, b = (in_ball(generator, 0.5, f.dim) for _ in range(2))
        change = np.linalg.norm(f.jacobian(w + a) - f.jacobian(w + b), 2)
        assert change <= bound * np.linalg.norm(a - b)


def test_attained_by_a_bilinear_network():
    # f_i = v (a x_i + b) + c: |D^2 f[xi, xi]| = 2 |dv| |X~ (da, db)|, at most |X~|
    f, w, _ = network_case([2, 1, 1], "identity", seed=1)
    inputs = np.column_stack([f.inputs.T, np.ones(f.ambient_dim)])
    exact = f.network.scale * np.linalg.norm(inputs, 2)
    for radius in (0.0, 5.0):
        assert f.derivative_bounds(w, radius).second == pytest.approx(exact, rel=1e-9)
    known = jacobian_lipschitz(f, w, 1.0, samples=3)
    assert known.sampled == pytest.approx(known.upper, rel=1e-6)
    assert known.sampled <= known.upper


def test_nearly_attained_by_one_neuron():
    # v tanh(w x + b) at the largest tanh'', with v so large that its own motion hardly counts
    steepest = np.arctanh(1 / np.sqrt(3))
    f = rg.Network([1, 1, 1]).immersion([[2.0]])
    w = np.array([0.0, steepest, 1e4, 0.0])
    found = largest_bend(f.at(w), np.array([1.0, 1.0, 0.1, 0.0]))
    bound = f.derivative_bounds(w, 0.0).second
    assert found == pytest.approx(1e4 * 5 * 4 / np.sqrt(27), rel=1e-6)
    assert found <= bound <= found * (1 + 1e-6)


def test_third_derivative_nearly_attained_by_one_neuron():
    # v sin(w x + b) at 0: |sin'''| = 1
    f = rg.Network([1, 1, 1], activation="sin").immersion([[3.0]])
    w = np.array([0.0, 0.0, 1e5, 0.0])
    bound = f.derivative_bounds(w, 0.0).third
    xi = np.array([3.0, 1.0, 0.0, 0.0]) / np.sqrt(10)
    assert third_along(f, w, xi) == pytest.approx(1e5 * 10**1.5, rel=1e-6)
    assert bound == pytest.approx(1e5 * 10**1.5, rel=1e-3)


def test_a_linear_network_has_none_and_an_unbounded_activation_no_finite_ones():
    f, w, _ = network_case([2, 3], "tanh", seed=0)
    assert f.derivative_bounds(w, 1.0) == DerivativeBounds(0.0, 0.0)
    cube = Activation("cube", lambda z: z**3, lambda z, a: 3 * z**2, lambda z, a: 6 * z)
    f, w, _ = network_case([2, 3, 1], cube, seed=0)
    assert f.derivative_bounds(w, 1.0) == DerivativeBounds(np.inf, np.inf)
    bent = Activation("bent", np.sin, lambda z, a: np.cos(z), lambda z, a: -a, 1.0, 1.0, 1.0)
    f, w, _ = network_case([2, 3, 1], bent, seed=0)
    bounds = f.derivative_bounds(w, 0.0)
    assert np.isfinite(bounds.second)
    assert bounds.third == np.inf


def test_scaled_centred_and_reparametrised():
    f, w, generator = network_case([2, 3, 1], "tanh", seed=5)
    f = rg.Network([2, 3, 1]).immersion(f.inputs.T)
    bounds = f.derivative_bounds(w, 0.4)
    scaled = f.scaled(7.0).centred(w)
    assert scaled.output_scale == 7.0
    assert scaled.derivative_bounds(w, 0.4).second == pytest.approx(7 * bounds.second)
    affine = rg.Immersion.scaled(f, 7.0)  # by `Affine`
    assert affine.output_scale == 7.0
    assert affine.derivative_bounds(w, 0.4).third == pytest.approx(7 * bounds.third)
    assert affine.derivative_bounds_in(w, np.eye(f.dim))(0.4).second <= 7 * bounds.second
    A = 2 * np.linalg.qr(generator.normal(size=(f.dim, f.dim)))[0]
    turned = affine.reparametrised(A)
    assert turned.output_scale == 7.0
    z = np.linalg.solve(A, w)
    assert turned.derivative_bounds(z, 0.2).second <= 7 * 4 * bounds.second * (1 + 1e-9)


def test_a_map_of_which_nothing_is_known():
    f = rg.autograd_immersion(lambda w: anp.sin(w), dim=2, ambient_dim=2)
    assert f.derivative_bounds(np.ones(2), 1.0) is None
    assert f.derivative_bounds_in(np.ones(2), np.eye(2)) is None
    assert f.scaled(2.0).derivative_bounds(np.ones(2), 1.0) is None
    assert f.reparametrised(np.eye(2)).derivative_bounds(np.ones(2), 1.0) is None
    assert f.output_scale == 1.0
    known = jacobian_lipschitz(f, [np.pi / 2, 0.0], 0.0, samples=2)
    assert known.upper == np.inf
    assert known.sampled == pytest.approx(1.0, rel=1e-6)


def test_a_users_bounds_are_seen_through_a_frame():
    class Sine(rg.Immersion):
        dim = ambient_dim = 2

        def __call__(self, w):
            return anp.sin(w)

        def derivative_bounds(self, w, radius):
            return DerivativeBounds(1.0, 1.0)

    A = np.array([[3.0, 0.0], [0.0, 0.5]])
    assert Sine().derivative_bounds_in(np.zeros(2), A)(1.0) == DerivativeBounds(9.0, 27.0)
    assert Sine().derivative_bounds_in(np.zeros(2), 0 * A)(1.0) == DerivativeBounds(0.0, 0.0)


@pytest.mark.parametrize("widths", [[2, 4, 1], [3, 12, 2]], ids=str)
def test_sampled_constants_lie_below_the_proved_one(widths):
    f, w, _ = network_case(widths, "tanh", seed=2)
    known = jacobian_lipschitz(f, w, 0.2, samples=4)
    assert known.upper / 30 < known.sampled <= known.upper
    assert known.radius == 0.2


def test_bad_arguments_are_told():
    f, w, _ = network_case([2, 2, 1], "tanh", seed=2)
    with pytest.raises(ValueError, match="radius"):
        f.derivative_bounds(w, -1.0)
    with pytest.raises(ValueError, match="w must have shape"):
        f.derivative_bounds(w[:-1], 1.0)
    with pytest.raises(ValueError, match="samples"):
        jacobian_lipschitz(f, w, 1.0, samples=0)
    with pytest.raises(TypeError, match="immersion"):
        jacobian_lipschitz(f.network, w, 1.0)
