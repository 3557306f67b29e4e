import copy
import math
import pickle

import autograd.numpy as anp
import numpy as np
import pytest
from loss_cases import LOSSES, SIZE, each_loss, outputs, soft_absolute

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
