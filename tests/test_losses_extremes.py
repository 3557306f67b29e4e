import numpy as np
import pytest
from loss_cases import LOSSES, SIZE, assert_whitened, dense_hessian, dense_root, each_loss

from riemgn.losses import (
    HuberLoss,
    LogisticLoss,
    PoissonLoss,
    SoftmaxLoss,
    SquaredLoss,
)


@pytest.mark.parametrize("margin", [1e-3, 1.0, 35.0, 40.0, 300.0, 700.0])
def test_small_losses_keep_their_relative_precision(margin):
    tail = np.exp(-margin)
    expected = np.log1p(tail)
    assert LogisticLoss([1]).value([margin]) == pytest.approx(expected, rel=4e-15, abs=0)
    assert LogisticLoss([0]).value([-margin]) == pytest.approx(expected, rel=4e-15, abs=0)
    assert SoftmaxLoss([1]).value([3.0, 3.0 + margin]) == pytest.approx(expected, rel=1e-12, abs=0)
    assert SoftmaxLoss([1]).value([0.0, margin]) == pytest.approx(expected, rel=4e-15, abs=0)
    np.testing.assert_allclose(
        SoftmaxLoss([1]).gradient([0.0, margin]), tail / (1 + tail) * np.array([1, -1]), rtol=1e-14
    )
    wrong = margin + expected
    assert LogisticLoss([1]).value([-margin]) == pytest.approx(wrong, rel=4e-15, abs=0)
    assert SoftmaxLoss([0], classes=2).value([0.0, margin]) == pytest.approx(
        wrong, rel=4e-15, abs=0
    )


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
