import copy
import math
import pickle

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import grad, hessian
from autograd.scipy.special import logsumexp
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from riemgn.linalg.roots import IdentityRoot
from riemgn.losses import (
    AutogradLoss,
    DirectSumLoss,
    HuberLoss,
    LogisticLoss,
    Loss,
    PoissonLoss,
    SoftmaxLoss,
    SquaredLoss,
)

SIZE = 12


def soft_absolute(u):
    return anp.sum(anp.sqrt(1 + u**2)) + 0.5 * anp.dot(u, u)


class CubedLoss(Loss):
    """A user's loss that leaves everything optional to the defaults."""

    def value(self, u):
        return float(np.sum(np.abs(u) ** 3))

    def gradient(self, u):
        return 3 * np.abs(u) * u

    def hessian_vp(self, u, v):
        return 6 * np.abs(u) * v


def squared(y):
    return SquaredLoss(y), lambda u: 0.5 * anp.sum((u - y) ** 2)


def huber(y, delta):
    def reference(u):
        r = anp.abs(u - y)
        return anp.sum(anp.where(r <= delta, 0.5 * r**2, delta * (r - 0.5 * delta)))

    return HuberLoss(y, delta), reference


def logistic(labels, ridge):
    signs = np.where(np.asarray(labels) == 1, 1.0, -1.0)
    return LogisticLoss(
        labels, ridge
    ), lambda u: anp.sum(anp.log(1 + anp.exp(-signs * u))) + ridge / 2 * anp.dot(u, u)


def softmax(labels, ridge, classes=None):
    loss = SoftmaxLoss(labels, ridge, classes=classes)

    def reference(u):
        z = anp.reshape(u, (len(labels), loss.classes))
        chosen = z[np.arange(len(labels)), labels]
        return anp.sum(logsumexp(z, axis=1) - chosen) + ridge / 2 * anp.dot(u, u)

    return loss, reference


def poisson(counts):
    return PoissonLoss(counts), lambda u: anp.sum(anp.exp(u) - counts * u)


def direct_sum(first, second):
    size = first[0].size
    return DirectSumLoss(first[0], second[0]), lambda u: first[1](u[:size]) + second[1](u[size:])


def losses():
    rng = np.random.default_rng(0)
    y, binary, classes = rng.standard_normal(SIZE), rng.integers(0, 2, SIZE), np.array([2, 0, 1, 2])
    counts = rng.poisson(2.0, SIZE).astype(float)
    return {
        "squared": squared(y),
        "huber": huber(y, 0.8),
        "logistic": logistic(binary, 0.0),
        "logistic, -1 and 1, ridge": logistic(2 * binary - 1, 0.3),
        "logistic, tiny ridge": logistic(binary, 1e-9),
        "softmax": softmax(classes, 0.0),
        "softmax, two classes": softmax(np.array([0, 1, 1, 0, 1, 0]), 0.0),
        "softmax, a class absent": softmax(classes[:3], 0.0, classes=4),
        "softmax, ridge": softmax(classes, 0.3),
        "softmax, tiny ridge": softmax(classes, 1e-9),
        "softmax, huge ridge": softmax(classes, 1e3),
        "poisson": poisson(counts),
        "autograd": (AutogradLoss(soft_absolute), soft_absolute),
        "softmax and ridge rows": direct_sum(softmax(classes[:2], 0.0), squared(np.zeros(6))),
        "logistic and autograd": direct_sum(
            logistic(binary[:4], 0.1), (AutogradLoss(soft_absolute, size=8), soft_absolute)
        ),
        "cubed, defaults only": (CubedLoss(), lambda u: anp.sum(anp.abs(u) ** 3)),
    }


LOSSES = losses()
SMOOTH = [name for name in LOSSES if name not in ("huber", "cubed, defaults only")]
SEEDS = range(3)
each_loss = pytest.mark.parametrize("name", LOSSES)
each_seed = pytest.mark.parametrize("seed", SEEDS)


def outputs(seed, count=1, scale=2.0):
    return scale * np.random.default_rng(100 + seed).standard_normal((count, SIZE))


def dense_hessian(loss, u):
    return np.column_stack([loss.hessian_vp(u, e) for e in np.eye(len(u))])


def dense_root(loss, u):
    root = loss.hessian_root(u)
    return root.times(np.eye(len(u)))


def assert_whitened(loss, u):
    """L s = g', to the rounding of the product itself or to the floor of L L^T, exp(-600)."""
    L, s, g = dense_root(loss, u), loss.whitened_gradient(u), loss.gradient(u)
    rounding = 1e-14 * (np.abs(L) @ np.abs(s) + np.abs(g)) + np.exp(-600)
    product = loss.hessian_root(u).times(s)
    assert np.all(np.abs(product - g) <= rounding), np.max(np.abs(product - g) / rounding)
    assert np.all(np.isfinite(s))


@each_seed
@each_loss
def test_value_and_derivatives_against_autograd(name, seed):
    loss, reference = LOSSES[name]
    u, v = outputs(seed, 2)
    assert loss.value(u) == pytest.approx(reference(u), rel=1e-13)
    np.testing.assert_allclose(loss.gradient(u), grad(reference)(u), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(loss.hessian_vp(u, v), hessian(reference)(u) @ v, atol=1e-11)


@each_seed
@each_loss
def test_derivatives_against_finite_differences(name, seed):
    loss, _ = LOSSES[name]
    u, v = outputs(seed, 2)
    h = 1e-5
    slope = (loss.value(u + h * v) - loss.value(u - h * v)) / (2 * h)
    assert slope == pytest.approx(loss.gradient(u) @ v, rel=1e-6, abs=1e-6)
    change = (loss.gradient(u + h * v) - loss.gradient(u - h * v)) / (2 * h)
    np.testing.assert_allclose(change, loss.hessian_vp(u, v), rtol=1e-6, atol=1e-6)


@each_seed
@pytest.mark.parametrize("name", SMOOTH)
def test_third_derivative_against_autograd(name, seed):
    loss, reference = LOSSES[name]
    u, a, b = outputs(seed, 3)

    def curvature(u):
        return anp.dot(a, anp.dot(hessian(reference)(u), b)) + 0.0 * anp.sum(u)

    np.testing.assert_allclose(loss.third_derivative(u, a, b), grad(curvature)(u), atol=1e-9)


@each_seed
def test_third_derivative_by_default_is_as_accurate_as_documented(seed):
    loss, _ = LOSSES["logistic"]
    for scale, tolerance in ((0.3, 4e-10), (300.0, 2e-8)):
        u, a, b = outputs(seed, 3, scale=0.3)
        u[0] = scale
        by_difference = Loss.third_derivative(loss, u, a, b)
        exact = loss.third_derivative(u, a, b)
        assert np.linalg.norm(by_difference - exact) <= tolerance * np.linalg.norm(exact)
    assert not Loss.third_derivative(loss, u, np.zeros(SIZE), b).any()


def test_huber_has_no_third_derivative():
    assert not LOSSES["huber"][0].third_derivative(*outputs(0, 3)).any()


@each_seed
@each_loss
def test_root_squares_to_the_hessian(name, seed):
    loss, _ = LOSSES[name]
    u = outputs(seed)[0]
    L = dense_root(loss, u)
    if isinstance(loss.hessian_root(u), IdentityRoot) or name == "logistic and autograd":
        pytest.skip("the identity, or part of it, stands for the Hessian")
    if name == "huber":
        inside = np.abs(u - loss.targets) <= loss.delta
        assert 0 < inside.sum() < SIZE
        np.testing.assert_array_equal(np.diag(L)[inside], 1.0)
        return
    np.testing.assert_allclose(L @ L.T, dense_hessian(loss, u), rtol=1e-13, atol=1e-13)


@each_seed
@each_loss
def test_root_times_whitened_gradient_is_the_gradient(name, seed):
    loss, _ = LOSSES[name]
    for scale in (0.0, 1e-8, 1.0, 30.0):
        assert_whitened(loss, outputs(seed, scale=scale)[0])


@pytest.mark.parametrize("name", ["squared", "cubed, defaults only", "autograd"])
def test_identity_is_the_default_root(name):
    loss, _ = LOSSES[name]
    u = outputs(0)[0]
    assert loss.hessian_root(u).is_identity
    np.testing.assert_array_equal(loss.whitened_gradient(u), loss.gradient(u))


def test_huber_root_majorises():
    loss, _ = LOSSES["huber"]
    points = outputs(1, 200, scale=3.0)
    for u, v in zip(points[::2], points[1::2], strict=True):
        weights = np.diag(dense_root(loss, u)) ** 2
        model = loss.value(u) + loss.gradient(u) @ (v - u) + 0.5 * weights @ (v - u) ** 2
        assert loss.value(v) <= model * (1 + 1e-14)
        assert loss.value(u - loss.gradient(u) / weights) <= 1e-14 * loss.value(u)


@each_seed
@each_loss
def test_moduli_bound_the_spectrum(name, seed):
    loss, _ = LOSSES[name]
    for u in outputs(seed, 4, scale=3.0):
        spectrum = np.linalg.eigvalsh(dense_hessian(loss, u))
        slack = 1e-14 * spectrum[-1]
        assert loss.strong_convexity - slack <= spectrum[0]
        assert spectrum[-1] <= loss.smoothness + slack


def test_moduli_are_sharp():
    u = np.zeros(2)
    for ridge in (0.0, 0.5):
        for loss in (LogisticLoss([0, 1], ridge), SoftmaxLoss([1], ridge)):
            largest = np.linalg.eigvalsh(dense_hessian(loss, u))[-1]
            assert largest == pytest.approx(loss.smoothness, rel=1e-14)
    assert (PoissonLoss([1]).strong_convexity, PoissonLoss([1]).smoothness) == (0.0, np.inf)
    both = DirectSumLoss(LogisticLoss([0, 1]), SquaredLoss([1.0]))
    assert (both.strong_convexity, both.smoothness) == (0.0, 1.0)


@each_loss
def test_structural_zeros_of_the_hessian(name):
    loss, _ = LOSSES[name]
    spectrum = np.linalg.eigvalsh(dense_hessian(loss, outputs(0, scale=0.5)[0]))
    if name != "huber":
        assert np.sum(spectrum < 1e-14) == loss.hessian_nullity


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(LOSSES)),
    arrays(float, SIZE, elements=st.floats(-50, 50)),
    arrays(float, SIZE, elements=st.floats(-50, 50)),
    st.floats(0, 1),
)
def test_convexity(name, u, v, share):
    loss, _ = LOSSES[name]
    chord = share * loss.value(u) + (1 - share) * loss.value(v)
    assert loss.value(share * u + (1 - share) * v) <= chord + 1e-12 * (1 + abs(chord))
    gap = loss.value(v) - loss.value(u) - loss.gradient(u) @ (v - u)
    least = 0.5 * loss.strong_convexity * np.sum((v - u) ** 2)
    size = abs(loss.value(v)) + abs(loss.value(u)) + np.abs(loss.gradient(u)) @ np.abs(v - u)
    assert gap >= least - 1e-12 * (1 + size)


@pytest.mark.parametrize("margin", [1e-3, 1.0, 35.0, 40.0, 300.0, 700.0])
def test_small_losses_keep_their_relative_precision(margin):
    tail = np.exp(-margin)
    expected = np.log1p(tail)
    assert LogisticLoss([1]).value([margin]) == pytest.approx(expected, rel=1e-15)
    assert LogisticLoss([0]).value([-margin]) == pytest.approx(expected, rel=1e-15)
    assert SoftmaxLoss([1]).value([3.0, 3.0 + margin]) == pytest.approx(expected, rel=1e-12)
    assert SoftmaxLoss([1]).value([0.0, margin]) == pytest.approx(expected, rel=1e-15)
    np.testing.assert_allclose(
        SoftmaxLoss([1]).gradient([0.0, margin]), tail / (1 + tail) * np.array([1, -1]), rtol=1e-14
    )
    wrong = margin + expected
    assert LogisticLoss([1]).value([-margin]) == pytest.approx(wrong, rel=1e-15)
    assert SoftmaxLoss([0], classes=2).value([0.0, margin]) == pytest.approx(wrong, rel=1e-15)


EXTREMES = [
    LogisticLoss([0, 1, 1, 0, 1, 0]),
    LogisticLoss([0, 1, 1, 0, 1, 0], ridge=1e-6),
    SoftmaxLoss([0, 2]),
    SoftmaxLoss([1, 2], ridge=1e-6),
    SoftmaxLoss([1, 2], ridge=2.0),
    HuberLoss(np.zeros(6), 1e-3),
    PoissonLoss([0, 1, 2, 0, 5, 1e6]),
]


@pytest.mark.parametrize("size", [40.0, 300.0, 599.0, 650.0, 1e4, 1e12])
@pytest.mark.parametrize("loss", EXTREMES, ids=repr)
def test_root_and_whitened_gradient_at_extreme_outputs(loss, size):
    rng = np.random.default_rng(7)
    patterns = [rng.uniform(-1, 1, 6), rng.choice([-1.0, 0.0, 1.0], 6), np.eye(6)[2], -np.ones(6)]
    for pattern in patterns:
        u = size * pattern
        if isinstance(loss, PoissonLoss):
            u = np.minimum(u, 690.0)
        assert_whitened(loss, u)
        assert np.linalg.norm(loss.whitened_gradient(u)) < np.inf
        L = dense_root(loss, u)
        if not isinstance(loss, HuberLoss):
            H = dense_hessian(loss, u)
            np.testing.assert_allclose(L @ L.T, H, rtol=1e-12, atol=1e-13 * (H.max() + 1e-200))


@pytest.mark.parametrize("z", [50.0, 300.0, 1000.0])
def test_whitened_gradient_in_closed_form(z):
    np.testing.assert_allclose(
        LogisticLoss([1]).whitened_gradient([-min(z, 600.0)]), -np.exp(min(z, 600.0) / 2)
    )
    s = SoftmaxLoss([0], classes=3).whitened_gradient([-z, 0.0, 0.0])
    label = -np.exp(min(z, 600.0) / 2) * np.sqrt(2)
    np.testing.assert_allclose(s, [label, np.sqrt(0.5), np.sqrt(0.5)], rtol=1e-12)
    L = PoissonLoss([3]).hessian_root([z]).values
    np.testing.assert_allclose(PoissonLoss([3]).whitened_gradient([z]), np.exp(z / 2))
    np.testing.assert_allclose(L, np.exp(z / 2))


@each_loss
def test_overflow_is_silent(name):
    loss, _ = LOSSES[name]
    for u in (np.full(SIZE, 1e300), np.linspace(-8e307, 8e307, SIZE), np.full(SIZE, np.inf)):
        with np.errstate(all="ignore" if name.startswith("cubed") else "raise"):
            value = loss.value(u)
            loss.gradient(u)
            loss.hessian_vp(u, np.ones(SIZE))
            loss.third_derivative(u, np.ones(SIZE), np.ones(SIZE))
            loss.whitened_gradient(u)
            loss.hessian_root(u)
        assert np.all(u == np.inf) or not np.isnan(value)
    assert SquaredLoss([0.0]).value([1e200]) == np.inf
    assert PoissonLoss([2]).value([800.0]) == np.inf
    assert PoissonLoss([2]).gradient([800.0]) == np.inf


def test_softmax_of_two_classes_is_logistic():
    rng = np.random.default_rng(3)
    labels, u = rng.integers(0, 2, 9), 3 * rng.standard_normal(9)
    logits = np.column_stack([np.zeros(9), u]).ravel()
    one, two = LogisticLoss(labels), SoftmaxLoss(labels, classes=2)
    assert one.value(u) == pytest.approx(two.value(logits), rel=1e-14)
    np.testing.assert_allclose(one.gradient(u), two.gradient(logits)[1::2], rtol=1e-13)


def test_targets_are_kept_clean_and_safe():
    y = np.arange(6, dtype=np.float32).reshape(3, 2)
    loss = SquaredLoss(y)
    y[:] = 7
    np.testing.assert_array_equal(loss.targets, [0, 1, 2, 3, 4, 5])
    with pytest.raises(ValueError, match="read-only"):
        loss.targets[0] = 1
    np.testing.assert_array_equal(LogisticLoss([True, False]).targets, [1, 0])
    np.testing.assert_array_equal(LogisticLoss([1.0, -1.0]).targets, [1, -1])
    np.testing.assert_array_equal(SoftmaxLoss([2.0, 0.0]).targets, [2, 0])
    assert SoftmaxLoss([2, 0]).targets.dtype.kind == "i"
    joined = DirectSumLoss(SquaredLoss([1.0]), PoissonLoss([2]))
    np.testing.assert_array_equal(joined.targets, [1, 2])


@each_loss
def test_arguments_are_not_changed_nor_returned(name):
    loss, _ = LOSSES[name]
    u, v = outputs(0, 2)
    copies = u.copy(), v.copy()
    results = [loss.gradient(u), loss.hessian_vp(u, v), loss.third_derivative(u, v, v)]
    np.testing.assert_array_equal([u, v], copies)
    assert not any(np.shares_memory(result, given) for result in results for given in (u, v))
    assert loss.value(list(u)) == loss.value(u)
    integers = np.arange(SIZE) - 5
    np.testing.assert_array_equal(loss.gradient(integers), loss.gradient(integers.astype(float)))


@pytest.mark.parametrize("name", [name for name in LOSSES if "defaults" not in name])
def test_copies_and_pickles_and_has_a_telling_repr(name):
    loss, _ = LOSSES[name]
    u = outputs(0)[0]
    for twin in (copy.deepcopy(loss), pickle.loads(pickle.dumps(loss))):
        assert twin.value(u) == loss.value(u)
        assert repr(twin) == repr(loss)
    assert repr(loss).startswith(type(loss).__name__ + "(")


def test_repr_names_what_matters():
    assert repr(SquaredLoss(np.zeros((3, 2)))) == "SquaredLoss(size=6)"
    assert repr(SoftmaxLoss([0, 1], 0.5)) == "SoftmaxLoss(samples=2, classes=2, ridge=0.5)"
    assert repr(HuberLoss([0.0], 2)) == "HuberLoss(size=1, delta=2)"
    assert repr(AutogradLoss(soft_absolute)) == "AutogradLoss(soft_absolute, size=None)"


def test_autograd_loss_with_vanishing_derivatives():
    u, a, b = outputs(0, 3)
    linear = AutogradLoss(lambda u: 2.0 * anp.sum(u))
    np.testing.assert_array_equal(linear.gradient(u), np.full(SIZE, 2.0))
    assert not linear.hessian_vp(u, a).any()
    assert not linear.third_derivative(u, a, b).any()
    cubic = AutogradLoss(lambda u: anp.sum(u**3))
    np.testing.assert_allclose(cubic.third_derivative(u, a, b), 6 * a * b, rtol=1e-14)


def test_autograd_loss_refuses_plain_numpy():
    u = np.ones(3)
    for function in (
        lambda u: sum(math.exp(x) for x in u),
        lambda u: np.sum(np.array([float(x) for x in u])),
        lambda u: float(np.sum(np.asarray(u, dtype=float))),
        lambda u: np.dot(np.ones(3), np.ones(3)),
    ):
        loss = AutogradLoss(function)
        assert np.isfinite(loss.value(u))
        for ask in (loss.gradient, lambda u, f=loss: f.hessian_vp(u, u)):
            with pytest.raises(ValueError, match=r"autograd\.numpy"):
                ask(u)


def test_direct_sum_of_identity_roots_is_the_identity():
    loss = DirectSumLoss(SquaredLoss([1.0, 2.0]), SquaredLoss([0.0]))
    assert loss.hessian_root(np.zeros(3)).is_identity
    K = np.eye(3)
    assert loss.hessian_root(np.zeros(3)).congruence(K) is K


def test_direct_sum_with_a_second_part_of_any_size():
    loss = DirectSumLoss(SquaredLoss([1.0]), AutogradLoss(soft_absolute))
    assert loss.size is None
    assert loss.gradient(np.zeros(4)).shape == (4,)
    with pytest.raises(ValueError, match="at least 2"):
        DirectSumLoss(SquaredLoss([1.0, 2.0]), AutogradLoss(soft_absolute)).value([1.0])


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: SquaredLoss([1.0, np.nan]), ValueError, r"y must be finite, got nan at index \[1"),
        (lambda: SquaredLoss([1.0, np.inf]), ValueError, "y must be finite"),
        (lambda: SquaredLoss([1j]), TypeError, "y must be real"),
        (lambda: SquaredLoss(["a"]), TypeError, "y must hold numbers"),
        (lambda: SquaredLoss([]), ValueError, "y is empty"),
        (lambda: SquaredLoss(1.0), ValueError, r"y must be 1-d or 2-d, got shape \(\)"),
        (lambda: SquaredLoss(np.zeros((2, 2, 2))), ValueError, "y must be 1-d or 2-d"),
        (lambda: LogisticLoss([0, 1, 2]), ValueError, r"0 and 1, or -1 and 1, got 2 at index \[2"),
        (lambda: LogisticLoss([-1, 0, 1]), ValueError, r"got 0 at index \[1"),
        (lambda: LogisticLoss([0.0, 0.5]), ValueError, "got 0.5"),
        (lambda: LogisticLoss([[0, 1]]), ValueError, r"labels must be 1-d, got shape \(1, 2\)"),
        (lambda: LogisticLoss(["no", "yes"]), TypeError, "labels must hold numbers"),
        (lambda: LogisticLoss([0, 1], ridge=-1), ValueError, "ridge must be a finite number >= 0"),
        (lambda: LogisticLoss([0, 1], ridge=1j), TypeError, "ridge must be a number"),
        (lambda: SoftmaxLoss([0, 1.5]), ValueError, "labels must be integers from 0 on, got 1.5"),
        (lambda: SoftmaxLoss([0, -1]), ValueError, "got -1"),
        (lambda: SoftmaxLoss([0, 0]), ValueError, "at least two classes"),
        (lambda: SoftmaxLoss([0, 3], classes=3), ValueError, "below classes = 3, got 3"),
        (lambda: SoftmaxLoss([0], classes=1), ValueError, "classes must be an integer >= 2"),
        (lambda: SoftmaxLoss([0, 1], ridge=np.nan), ValueError, "ridge must be a finite"),
        (lambda: PoissonLoss([1, -2]), ValueError, r"counts must be >= 0, got -2 at index \[1"),
        (lambda: PoissonLoss([np.nan]), ValueError, "counts must be finite"),
        (lambda: HuberLoss([1.0], 0), ValueError, "delta must be a finite number > 0"),
        (lambda: HuberLoss([1.0], -1.0), ValueError, "delta"),
        (lambda: AutogradLoss(3), TypeError, "function must be callable, got int"),
        (lambda: AutogradLoss(soft_absolute, size=0), ValueError, "size must be an integer >= 1"),
        (lambda: AutogradLoss(lambda u: u).value([1.0]), ValueError, r"scalar, got shape \(1,\)"),
        (lambda: AutogradLoss(lambda u: u * 2).gradient([1.0]), ValueError, "scalar"),
        (lambda: AutogradLoss(lambda u: 1j).value([1.0]), TypeError, "real"),
        (lambda: DirectSumLoss(SquaredLoss([1.0]), 3), TypeError, "second must be a Loss, got int"),
        (
            lambda: DirectSumLoss(AutogradLoss(soft_absolute), SquaredLoss([1.0])),
            ValueError,
            "first must have a known size",
        ),
        (lambda: Loss(), TypeError, "abstract"),
    ],
)
def test_bad_arguments_raise_one_clear_line(make, error, message):
    with pytest.raises(error, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", [name for name in LOSSES if LOSSES[name][0].size])
def test_wrong_outputs_raise(name):
    loss, _ = LOSSES[name]
    good, bad = np.zeros(SIZE), np.zeros(SIZE + 1)
    shapes = r"u must have shape \(12,\), got \(13,\)"
    for ask in (loss.value, loss.gradient, loss.hessian_root, loss.whitened_gradient):
        with pytest.raises(ValueError, match=shapes):
            ask(bad)
    with pytest.raises(ValueError, match=shapes):
        loss.hessian_vp(bad, good)
    with pytest.raises(ValueError, match=r"v must have shape \(12,\), got \(13,\)"):
        loss.hessian_vp(good, bad)
    with pytest.raises(ValueError, match=r"a must have shape"):
        loss.third_derivative(good, bad, good)
    with pytest.raises(ValueError, match=r"got \(12, 1\)"):
        loss.value(good[:, None])
    with pytest.raises(TypeError, match="u must hold real numbers"):
        loss.gradient(good.astype(complex))
