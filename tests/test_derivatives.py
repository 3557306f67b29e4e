"""A network's closed-form derivatives against an independent autograd network and differences."""

from dataclasses import replace

import numpy as np
import pytest
from autograd import grad, jacobian
from autograd import numpy as anp

import riemgn as rg
from riemgn.activations import ACTIVATIONS
from riemgn.immersions import FeedforwardImmersion

WIDTHS = {1: [2], 2: [2, 4], 3: [2, 3, 4], 4: [3, 2, 3, 2]}


def case(activation, depth, outputs, samples=4, seed=0):
    """A scaled, centred network away from its centre, its inputs, and random vectors."""
    generator = np.random.default_rng(seed)
    net = rg.Network([*WIDTHS[depth], outputs], activation=activation)
    X = generator.normal(size=(samples, net.inputs))
    w = net.init(seed=generator)
    net = net.scaled(1.7).centred(w + 0.3 * generator.normal(size=net.dim))
    xi, eta = generator.normal(size=(2, net.dim))
    return net, X, w, xi, eta, generator.normal(size=samples * outputs)


EVERY = pytest.mark.parametrize(
    ("activation", "depth", "outputs"),
    [(a, d, k) for a in ACTIVATIONS for d in WIDTHS for k in (1, 2, 3)],
)


def close(got, wanted, digits=11):
    atol = 10.0**-digits * max(np.abs(wanted).max(), 1.0)
    np.testing.assert_allclose(got, wanted, rtol=0, atol=atol)


@EVERY
def test_first_derivatives_are_those_of_autograd(activation, depth, outputs, network_function):
    net, X, w, xi, _, v = case(activation, depth, outputs)
    f, reference = net.immersion(X), network_function(net, X)
    J = jacobian(reference)(w)
    close(f(w), reference(w))
    close(f.jacobian(w), J)
    close(f.jvp(w, xi), J @ xi)
    close(f.vjp(w, v), J.T @ v)
    close(f.tangent_kernel(w), J @ J.T)
    close(f.at(w).gram(), J.T @ J)


@EVERY
def test_second_derivatives_are_those_of_autograd(activation, depth, outputs, network_function):
    net, X, w, xi, eta, v = case(activation, depth, outputs)
    f, reference = net.immersion(X), network_function(net, X)

    def hessian_times_xi(normal):
        gradient = grad(lambda w: anp.dot(normal, reference(w)))
        # the zero term spares autograd's warning where the gradient is constant
        return grad(lambda w: anp.dot(gradient(w), xi) + 0.0 * anp.sum(w))(w)

    along_xi = np.stack([hessian_times_xi(e) for e in np.eye(f.ambient_dim)])
    close(f.second_derivative(w, xi, eta), along_xi @ eta, digits=10)
    close(f.second_derivative(w, xi, xi), along_xi @ xi, digits=10)
    close(f.hessian_vp(w, v, xi), v @ along_xi, digits=10)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_differences_of_the_independent_network_agree(activation, network_function):
    net, X, w, xi, eta, v = case(activation, depth=3, outputs=2)
    f, reference = net.immersion(X), network_function(net, X)
    h = 1e-4
    ahead, behind = reference(w + h * xi), reference(w - h * xi)
    close(f.jvp(w, xi), (ahead - behind) / (2 * h), digits=5)
    close(f.second_derivative(w, xi, xi), (ahead - 2 * reference(w) + behind) / h**2, digits=4)
    mixed = [reference(w + h * (s * xi + t * eta)) for s, t in ((1, 1), (1, -1), (-1, 1), (-1, -1))]
    bend = (mixed[0] - mixed[1] - mixed[2] + mixed[3]) / (4 * h**2)
    close(f.second_derivative(w, xi, eta), bend, digits=4)
    curved = (f.vjp(w + h * xi, v) - f.vjp(w - h * xi, v)) / (2 * h)
    close(f.hessian_vp(w, v, xi), curved, digits=5)


@pytest.mark.parametrize("scale", [1.0, 0.25, 300.0])
@pytest.mark.parametrize("centred", [False, True])
def test_scale_and_centre(scale, centred, network_function):
    net, X, w, xi, eta, _ = case("tanh", depth=3, outputs=2)
    raw = network_function(replace(net, scale=1.0, reference=None), X)
    own = replace(net, scale=scale, reference=net.reference if centred else None)
    f = own.immersion(X)
    shift = raw(net.reference) if centred else 0.0
    np.testing.assert_allclose(f(w), scale * (raw(w) - shift), rtol=1e-12, atol=1e-12 * scale)
    np.testing.assert_allclose(f.jacobian(w), scale * jacobian(raw)(w), atol=1e-12 * scale)
    np.testing.assert_allclose(
        f.second_derivative(w, xi, eta),
        scale * replace(net, scale=1.0).immersion(X).second_derivative(w, xi, eta),
        rtol=1e-12,
    )
    if centred:
        np.testing.assert_array_equal(f(net.reference), np.zeros(f.ambient_dim))


def test_centring_twice_is_centring_once():
    net, X, w, *_ = case("tanh", depth=2, outputs=2)
    f = net.immersion(X)
    other = w + 0.5
    again = f.centred(other)
    np.testing.assert_allclose(again(w), f(w) - f(other), atol=1e-13)
    np.testing.assert_allclose(again(other), np.zeros(f.ambient_dim), atol=1e-13)


def test_second_derivative_is_symmetric_and_bilinear():
    net, X, w, xi, eta, v = case("silu", depth=4, outputs=2)
    f = net.immersion(X)
    bend = f.second_derivative(w, xi, eta)
    np.testing.assert_allclose(f.second_derivative(w, eta, xi), bend, rtol=1e-10, atol=1e-12)
    both = f.second_derivative(w, xi + 2 * eta, eta)
    apart = bend + 2 * f.second_derivative(w, eta, eta)
    np.testing.assert_allclose(both, apart, rtol=1e-10, atol=1e-12)
    # the two second derivatives contract one and the same third-order array
    assert v @ bend == pytest.approx(eta @ f.hessian_vp(w, v, xi), rel=1e-10)


def test_jets_compute_once_and_agree_with_the_immersion():
    net, X, w, xi, eta, v = case("tanh", depth=3, outputs=2)
    f = net.immersion(X)
    jet = f.at(w)
    assert jet.jacobian() is jet.jacobian()
    assert jet.jacobian().flags.f_contiguous
    for _ in range(2):  # a product that wrote into shared arrays would spoil the second round
        np.testing.assert_array_equal(jet.jvp(xi), f.jvp(w, xi))
        np.testing.assert_array_equal(jet.vjp(v), f.vjp(w, v))
        np.testing.assert_array_equal(
            jet.second_derivative(xi, eta), f.second_derivative(w, xi, eta)
        )
        np.testing.assert_array_equal(jet.hessian_vp(v, xi), f.hessian_vp(w, v, xi))
        np.testing.assert_array_equal(jet.kernel(), f.tangent_kernel(w))
        np.testing.assert_array_equal(jet.jacobian(), f.jacobian(w))


def test_arguments_are_left_alone_and_results_belong_to_the_caller():
    net, X, w, xi, eta, v = case("tanh", depth=3, outputs=2)
    X_before, w_before, xi_before = X.copy(), w.copy(), xi.copy()
    f = net.immersion(X)
    f.second_derivative(w, xi, eta)
    f.hessian_vp(w, v, xi)
    outputs, J, K = f(w), f.jacobian(w), f.tangent_kernel(w)
    for mine in (outputs, J, K):
        mine[...] = 7.0
    assert not np.any(f(w) == 7.0)
    assert not np.any(f.jacobian(w) == 7.0)
    assert not np.any(f.tangent_kernel(w) == 7.0)
    jet = f.at(w)
    w[:] = 0.0
    np.testing.assert_array_equal(jet.jacobian(), f.jacobian(w_before))
    np.testing.assert_array_equal(X, X_before)
    np.testing.assert_array_equal(xi, xi_before)
    X[:] = 0.0
    np.testing.assert_array_equal(f(w_before), net.immersion(X_before)(w_before))


def test_integers_and_short_floats_are_widened():
    net, X, w, xi, *_ = case("tanh", depth=2, outputs=1)
    f = net.immersion(X)
    short = w.astype(np.float32)
    np.testing.assert_array_equal(f(short), f(short.astype(float)))
    whole = np.arange(f.dim)
    np.testing.assert_array_equal(f.jvp(w, whole), f.jvp(w, whole.astype(float)))
    np.testing.assert_array_equal(f.jvp(list(w), list(xi)), f.jvp(w, xi))


@pytest.mark.parametrize("name", ["jacobian", "jvp", "vjp", "second_derivative", "hessian_vp"])
@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda a: a[:-1], ValueError),
        (lambda a: a[:, None], ValueError),
        (lambda a: np.where(np.arange(a.size) == 1, np.nan, a), ValueError),
        (lambda a: np.where(np.arange(a.size) == 1, np.inf, a), ValueError),
        (lambda a: a + 0j, TypeError),
        (lambda a: a.astype(str), TypeError),
    ],
)
def test_bad_arguments_are_refused_by_name(name, spoil, error):
    net, X, w, xi, eta, v = case("tanh", depth=2, outputs=2)
    f = net.immersion(X)
    arguments = {
        "jacobian": {"w": w},
        "jvp": {"w": w, "xi": xi},
        "vjp": {"w": w, "v": v},
        "second_derivative": {"w": w, "xi": xi, "eta": eta},
        "hessian_vp": {"w": w, "normal": v, "xi": xi},
    }[name]
    for bad in arguments:
        with pytest.raises(error, match=f"^{bad} "):
            getattr(f, name)(**{**arguments, bad: spoil(arguments[bad])})


@pytest.mark.parametrize(
    ("X", "error"),
    [
        (np.ones((3, 5)), ValueError),
        (np.ones(4), ValueError),
        (np.full((3, 2), np.nan), ValueError),
        (np.ones((3, 2)) * 1j, TypeError),
        (np.ones((0, 2)), ValueError),
    ],
)
def test_bad_inputs_are_refused(X, error):
    with pytest.raises(error, match="X"):
        FeedforwardImmersion(rg.Network([2, 3, 1]), X)


def test_a_single_input_may_be_a_vector():
    net = rg.Network([1, 3, 1])
    x = np.linspace(-1, 1, 5)
    w = net.init(seed=0)
    np.testing.assert_array_equal(net.immersion(x)(w), net.immersion(x[:, None])(w))


@pytest.mark.parametrize("activation", ["identity", "softplus", "sin"])
def test_overflow_is_named_not_warned_of(activation):
    net = rg.Network([2, 3, 3, 3, 1], activation=activation)
    f = net.immersion(np.random.default_rng(0).normal(size=(4, 2)))
    huge = np.full(f.dim, 1e308)
    assert not f.at(huge).is_finite
    with pytest.raises(rg.NumericalError, match=r"Jacobian.*\|w\|"):
        f.jacobian(huge)
    with pytest.raises(rg.NumericalError, match=r"kernel.*\|w\|"):
        f.tangent_kernel(huge)


def test_an_overflow_in_the_output_layer_alone_is_named():
    # activations of 1e10 are finite, and so are the outputs, to which they go with weights of zero
    net = rg.Network([1, 1, 1], activation="identity").scaled(1e300)
    f = net.immersion(np.ones(3))
    w = np.array([1e10, 0.0, 0.0, 0.0])
    assert f.at(w).is_finite
    with pytest.raises(rg.NumericalError, match="Jacobian"):
        f.jacobian(w)
