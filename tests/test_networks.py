"""Networks against an independent forward pass; initialisation, centring, descriptions, errors."""

import copy
import dataclasses
import json
import pickle
from itertools import pairwise

import autograd.numpy as anp
import numpy as np
import pytest
from autograd.scipy.special import erf

from riemgn import networks
from riemgn.activations import ACTIVATIONS, Activation, activation
from riemgn.errors import NumericalError
from riemgn.networks import Network

FORMULAS = {
    "tanh": anp.tanh,
    "sigmoid": lambda z: 1.0 / (1.0 + anp.exp(-z)),
    "softplus": lambda z: anp.log(1.0 + anp.exp(z)),
    "gelu": lambda z: 0.5 * z * (1.0 + erf(z / anp.sqrt(2.0))),
    "silu": lambda z: z / (1.0 + anp.exp(-z)),
    "sin": anp.sin,
    "erf": erf,
    "identity": lambda z: z,
}
ALL_WIDTHS = [(3, 1), (3, 5, 1), (1, 4, 2), (4, 6, 5, 2), (2, 3, 4, 3, 3)]


def phi(widths, name, w, X):
    """A forward pass sample by sample that knows only the order of the parameters."""
    sigma, rows = FORMULAS[name], []
    for x in X:
        start = 0
        for layer, (fan_in, fan_out) in enumerate(pairwise(widths)):
            z = []
            for j in range(fan_out):
                row = w[start + j * fan_in : start + (j + 1) * fan_in]
                z.append(anp.dot(row, x) + w[start + fan_out * fan_in + j])
            start += fan_out * (fan_in + 1)
            x = anp.array(z) if layer == len(widths) - 2 else sigma(anp.array(z))
        rows.append(x)
    return np.array(rows)


def inputs(widths, samples=7, seed=3):
    return np.random.default_rng(seed).normal(size=(samples, widths[0]))


@pytest.mark.parametrize("widths", ALL_WIDTHS)
@pytest.mark.parametrize("name", list(ACTIVATIONS))
def test_predict_agrees_with_an_independent_forward_pass(widths, name):
    net = Network(widths, name)
    X, w, w0 = inputs(widths), net.init(seed=0), net.init(seed=1)
    wanted = phi(widths, name, w, X)
    centred = 3.5 * (wanted - phi(widths, name, w0, X))
    if widths[-1] == 1:
        wanted, centred = wanted[:, 0], centred[:, 0]
    np.testing.assert_allclose(net.predict(w, X), wanted, rtol=1e-13, atol=1e-13)
    ours = net.scaled(3.5).centred(w0).predict(w, X)
    np.testing.assert_allclose(ours, centred, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("widths", ALL_WIDTHS)
def test_immersion_agrees_with_predict(widths):
    net = Network(widths, "gelu").scaled(2.0)
    w, X = net.init(seed=0), inputs(widths)
    for each in (net, net.centred(net.init(seed=1))):
        f = each.immersion(X)
        assert (f.dim, f.ambient_dim) == (net.dim, len(X) * net.outputs)
        np.testing.assert_allclose(f(w), np.ravel(each.predict(w, X)), rtol=1e-13, atol=1e-13)


def test_shapes_of_predictions():
    assert Network((3, 4, 1)).predict(np.zeros(21), np.zeros((5, 3))).shape == (5,)
    assert Network((3, 4, 2)).predict(np.zeros(26), np.zeros((5, 3))).shape == (5, 2)
    net, x = Network((1, 3, 1)), np.linspace(-1.0, 1.0, 6)
    w = net.init(seed=0)
    np.testing.assert_array_equal(net.predict(w, x), net.predict(w, x[:, None]))


def test_blocks_do_not_change_predictions(monkeypatch):
    net = Network((3, 5, 2))
    net = net.centred(net.init(seed=1))
    w, X = net.init(seed=0), inputs(net.widths, samples=23)
    whole = net.predict(w, X)
    monkeypatch.setattr(networks, "BLOCK", 45)  # five samples a block, three in the last
    np.testing.assert_allclose(net.predict(w, X), whole, rtol=1e-13, atol=1e-14)


def test_predict_takes_what_converts_without_loss_and_leaves_it_alone():
    net = Network((2, 3, 1))
    w, X = net.init(seed=0), np.array([[1, 2], [3, 4]])
    kept, first = w.copy(), net.predict(w, X)
    np.testing.assert_array_equal(net.predict(list(w), X.astype(np.float32)), first)
    np.testing.assert_array_equal(w, kept)


def test_counts_and_order_of_parameters():
    net = Network([2, 3, 2])
    assert (net.dim, net.inputs, net.outputs, net.depth) == (17, 2, 2, 2)
    w = np.arange(17.0)
    (W1, b1), (W2, b2) = net.unflatten(w)
    assert W1.tolist() == [[0, 1], [2, 3], [4, 5]]
    assert W2.tolist() == [[9, 10, 11], [12, 13, 14]]
    assert (b1.tolist(), b2.tolist()) == ([6, 7, 8], [15, 16])
    assert net.layer_slices == [(slice(0, 6), slice(6, 9)), (slice(9, 15), slice(15, 17))]


def test_unflatten_returns_views():
    net = Network([2, 3, 2])
    w = net.init(seed=0)
    for W, b in net.unflatten(w):
        W[:] = 1.0
        b[:] = 2.0
    assert sorted(w) == [1.0] * 12 + [2.0] * 5
    strided = np.zeros(34)[::2]
    views = [part for layer in net.unflatten(strided) for part in layer]
    assert all(np.shares_memory(view, strided) for view in views)


@pytest.mark.parametrize(("scheme", "variance"), [("normal", 1.0), ("uniform", 1.0 / 3.0)])
def test_spread_of_initial_parameters(scheme, variance):
    net = Network([40, 250, 60, 30])
    w = net.init(seed=0, scheme=scheme)
    for (W, b), fan_in in zip(net.unflatten(w), net.widths, strict=False):
        standardised = np.concatenate([W.ravel(), b]) * np.sqrt(fan_in)
        error = 4.0 / np.sqrt(standardised.size)
        assert abs(standardised.mean()) < error * np.sqrt(variance)
        assert abs(standardised.var() / variance - 1.0) < error * np.sqrt(2.0)
        assert abs(b.var() * fan_in / variance - 1.0) < 4.0 * np.sqrt(2.0 / b.size)
        if scheme == "uniform":
            assert 0.99 < np.abs(standardised).max() < 1.0


@pytest.mark.parametrize("scheme", networks.SCHEMES)
def test_seeds(scheme):
    net = Network([3, 4, 1])
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    w = net.init(seed=1, scheme=scheme)
    assert w.shape == (21,)
    assert w.dtype == np.float64
    np.testing.assert_array_equal(w, net.init(np.random.default_rng(1), scheme))
    np.testing.assert_array_equal(w, net.init(np.int64(1), scheme))
    assert not np.array_equal(w, net.init(2, scheme))
    assert np.array_equal(w, net.init(1)) == (scheme == "normal")
    assert not np.array_equal(net.init(None, scheme), net.init(None, scheme))
    stream = np.random.default_rng(1)
    assert not np.array_equal(net.init(stream, scheme), net.init(stream, scheme))
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002


@pytest.mark.parametrize("widths", [(3, 6, 1), (3, 5, 8, 2)])
@pytest.mark.parametrize("name", list(ACTIVATIONS))
def test_symmetric_starts_at_zero_outputs(widths, name):
    net = Network(widths, name)
    w, X = net.init(seed=0, scheme="symmetric"), inputs(widths, samples=50)
    assert np.abs(net.predict(w, X)).max() < 1e-14
    assert np.abs(net.predict(net.init(seed=0), X)).max() > 0.1
    (W_in, b_in), (W_out, b_out) = net.unflatten(w)[-2:]
    half = widths[-2] // 2
    assert np.array_equal(W_in[:half], W_in[half:])
    assert np.array_equal(b_in[:half], b_in[half:])
    assert np.array_equal(W_out[:, :half], -W_out[:, half:])
    assert not np.any(b_out)


@pytest.mark.parametrize("widths", [[3, 1], [3, 5, 1], [4, 4, 3, 2]])
def test_symmetric_needs_pairs(widths):
    stream = np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"symmetric.*even width"):
        Network(widths).init(stream, "symmetric")
    assert stream.random() == np.random.default_rng(0).random()


def test_scaling_and_centring_commute():
    net = Network([3, 4, 1])
    w0, w, X = net.init(seed=0), net.init(seed=1), inputs(net.widths)
    one, other = net.scaled(2.0).centred(w0).scaled(4.0), net.centred(w0).scaled(8.0)
    assert one == other
    np.testing.assert_array_equal(one.predict(w, X), other.predict(w, X))
    np.testing.assert_array_equal(one.predict(w0, X), np.zeros(7))
    assert net.centred(w0).centred(w) == net.centred(w)
    assert net == Network([3, 4, 1])


def test_immutability():
    net = Network([3, 4, 1])
    w0 = net.init(seed=0)
    centred = net.centred(w0)
    w0[0] = 7.0
    assert centred.reference[0] != 7.0
    with pytest.raises(ValueError, match="read-only"):
        centred.reference[0] = 7.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        net.scale = 2.0


def test_equality_and_hash():
    net = Network([3, 4, 1])
    w0 = net.init(seed=0)
    one, same = net.scaled(2.0).centred(w0), Network((3, 4, 1), activation("tanh"), 2, list(w0))
    assert one == same
    assert hash(one) == hash(same)
    others = [Network([3, 5, 1]), Network([3, 4, 1], "sin"), net.scaled(2.0)]
    others += [net.centred(w0), net.centred(w0 + 1.0)]
    assert len({net, *others, Network([3, 4, 1])}) == 6
    assert net != "Network"


def test_repr():
    net = Network([10, 16, 1])
    assert repr(net) == "Network(10-16-1, tanh, 193 parameters)"
    net = net.scaled(8.0).centred(net.init(seed=0))
    assert repr(net) == "Network(10-16-1, tanh, 193 parameters, scale 8, centred)"


def test_pickle_and_copy():
    net = Network([3, 4, 1], "softplus").scaled(3.0)
    net = net.centred(net.init(seed=0))
    for twin in (pickle.loads(pickle.dumps(net)), copy.deepcopy(net)):
        assert twin == net
        assert not twin.reference.flags.writeable


def test_plain_description():
    net = Network([3, 4, 1], "softplus").scaled(0.1)
    for each in (net, net.centred(net.init(seed=0))):
        assert Network.from_dict(json.loads(json.dumps(each.to_dict()))) == each
    plain = {"widths": [3, 4, 1], "activation": "softplus", "scale": 0.1, "reference": None}
    assert Network(np.array([3, 4, 1]), "softplus", 0.1).to_dict() == plain


def test_custom_activation():
    mine = Activation("tanh", np.sinh, lambda z, a: np.cosh(z), lambda z, a: a)
    net = Network([2, 3, 1], mine)
    w, X = net.init(seed=0), inputs(net.widths)
    (W1, b1), (W2, b2) = net.unflatten(w)
    wanted = (np.sinh(X @ W1.T + b1) @ W2.T + b2)[:, 0]
    np.testing.assert_allclose(net.predict(w, X), wanted, rtol=1e-13)
    assert net != Network([2, 3, 1])
    with pytest.raises(ValueError, match="activation 'tanh' is not one of riemgn's own"):
        net.to_dict()


NET = Network([3, 4, 1])
W, X = np.zeros(21), np.zeros((2, 3))
MISTAKES = [
    (lambda: Network([3]), ValueError, r"widths must have at least two entries.*\[3\]"),
    (lambda: Network([3, -2, 1]), ValueError, r"widths\[1\] must be an integer >= 1, got -2"),
    (lambda: Network([3, 0]), ValueError, r"widths\[1\] must be an integer >= 1, got 0"),
    (lambda: Network([3, 4.0, 1]), TypeError, r"widths\[1\] must be an integer >= 1, got 4.0"),
    (lambda: Network([3, True]), TypeError, r"widths\[1\] must be an integer"),
    (lambda: Network(3), TypeError, "widths must be a sequence of integers, got 3"),
    (lambda: Network("3-1"), TypeError, "widths must be a sequence of integers, got '3-1'"),
    (lambda: Network([3, 1], "tahn"), ValueError, "did you mean 'tanh'"),
    (lambda: Network([3, 1], "relu"), ValueError, "two continuous derivatives"),
    (lambda: Network([3, 1], np.tanh), TypeError, "activation must be"),
    (lambda: Network([3, 1], scale=0.0), ValueError, "scale must be"),
    (lambda: Network([3, 1], reference=W), ValueError, r"reference must have shape \(4,\)"),
    (lambda: NET.scaled(0.0), ValueError, "alpha must be a finite number > 0"),
    (lambda: NET.scaled(np.nan), ValueError, "alpha must be a finite number > 0"),
    (lambda: NET.centred(W[1:]), ValueError, r"w0 must have shape \(21,\), got \(20,\)"),
    (lambda: NET.centred(W * 1j), TypeError, "w0 must be real"),
    (lambda: NET.centred(W + np.nan), ValueError, "w0 must be finite, got nan"),
    (lambda: NET.unflatten(W[1:]), ValueError, r"w must have shape \(21,\), got \(20,\)"),
    (lambda: NET.predict(W[1:], X), ValueError, r"w must have shape \(21,\), got \(20,\)"),
    (lambda: NET.predict(W[:, None], X), ValueError, r"w must be 1-d, got shape \(21, 1\)"),
    (lambda: NET.predict(W * 1j, X), TypeError, "w must be real"),
    (lambda: NET.predict(W + np.nan, X), ValueError, "w must be finite, got nan"),
    (lambda: NET.predict(W, X.T), ValueError, r"X_new must have shape \(rows, 3\), got \(3, 2\)"),
    (lambda: NET.predict(W, X[0]), ValueError, r"X_new must be 2-d, got shape \(3,\)"),
    (lambda: NET.predict(W, X[:0]), ValueError, "X_new is empty"),
    (lambda: NET.predict(W, X + np.nan), ValueError, "X_new must be finite, got nan"),
    (lambda: NET.predict(W, X * 1j), TypeError, "X_new must be real"),
    (lambda: NET.predict(W, [[1.0, 2.0], [3.0]]), ValueError, "X_new must be a rectangular"),
    (lambda: NET.immersion(X.T), ValueError, r"X must have shape \(rows, 3\), got \(3, 2\)"),
    (lambda: NET.immersion(X + np.nan), ValueError, "X must be finite, got nan"),
    (lambda: NET.init(scheme="symetric"), ValueError, "did you mean 'symmetric'"),
    (lambda: NET.init(scheme=None), TypeError, "scheme must be one of"),
    (lambda: NET.init(seed=-1), ValueError, "seed must be an integer >= 0"),
    (lambda: NET.init(seed=1.5), TypeError, "seed must be an integer"),
    (lambda: Network.from_dict([3, 1]), TypeError, "description must be a dictionary"),
    (lambda: Network.from_dict({"widths": [3]}), ValueError, "description must have the keys"),
    (lambda: Network.from_dict({**NET.to_dict(), "a": 1}), ValueError, "must have the keys"),
]


@pytest.mark.parametrize(("mistake", "error", "message"), MISTAKES)
def test_mistakes_are_named(mistake, error, message):
    with pytest.raises(error, match=message):
        mistake()


def test_overflow_says_where():
    net = Network([2, 2, 1], "identity")
    with pytest.raises(NumericalError, match=r"prediction holds NaN or infinity.* = 3e\+150"):
        net.predict(np.full(net.dim, 1e150), np.full((1, 2), 1e10))
