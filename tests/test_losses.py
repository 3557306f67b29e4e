import autograd.numpy as anp
import numpy as np
import pytest
from autograd import grad, hessian
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from loss_cases import (
    EXACT_ROOTS,
    LOSSES,
    SIZE,
    SMOOTH,
    assert_whitened,
    dense_hessian,
    dense_root,
    each_loss,
    each_seed,
    outputs,
)

from riemgn.losses import (
    AutogradLoss,
    DirectSumLoss,
    LogisticLoss,
    Loss,
    PoissonLoss,
    SoftmaxLoss,
    SquaredLoss,
)


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
@pytest.mark.parametrize("name", EXACT_ROOTS)
def test_root_squares_to_the_hessian(name, seed):
    loss, _ = LOSSES[name]
    u = outputs(seed)[0]
    L = dense_root(loss, u)
    np.testing.assert_allclose(L @ L.T, dense_hessian(loss, u), rtol=1e-13, atol=1e-13)


@each_seed
@each_loss
def test_root_times_whitened_gradient_is_the_gradient(name, seed):
    loss, _ = LOSSES[name]
    for scale in (0.0, 1e-8, 1.0, 30.0):
        assert_whitened(loss, outputs(seed, scale=scale)[0])


@pytest.mark.parametrize("name", ["squared", "cubed, defaults only"])
def test_identity_is_the_default_root(name):
    loss, _ = LOSSES[name]
    u = outputs(0)[0]
    assert loss.hessian_root(u).is_identity
    np.testing.assert_array_equal(loss.whitened_gradient(u), loss.gradient(u))


def test_root_of_a_sum_over_outputs_is_its_hessians():
    import autograd.numpy as anp

    loss = AutogradLoss(lambda u: 3.0 * anp.mean(anp.exp(u)))
    u = outputs(0)[0]
    L = dense_root(loss, u)
    np.testing.assert_allclose(L @ L.T, dense_hessian(loss, u), rtol=1e-12, atol=1e-14)


def test_root_of_a_coupled_loss_is_its_mean_curvature():
    import autograd.numpy as anp

    loss = AutogradLoss(lambda u: anp.sum(u**2) + 0.1 * anp.sum((u[1:] - u[:-1]) ** 2))
    u = outputs(0)[0]
    values = loss.hessian_root(u).values
    assert np.ptp(values) == 0
    mean = np.trace(dense_hessian(loss, u)) / SIZE
    assert 0.5 * mean < values[0] ** 2 < 2 * mean
    tenfold = AutogradLoss(lambda u: 10.0 * loss.function(u))
    np.testing.assert_allclose(tenfold.hessian_root(u).values ** 2, 10 * values**2, rtol=1e-12)


def test_a_loss_without_curvature_has_the_identitys_root():
    import autograd.numpy as anp

    loss = AutogradLoss(lambda u: anp.sum(2.0 * u))
    np.testing.assert_array_equal(loss.hessian_root(outputs(0)[0]).values, 1.0)


def test_huber_root_is_the_hessian_inside_and_majorises_everywhere():
    loss, _ = LOSSES["huber"]
    u = outputs(0)[0]
    inside = np.abs(u - loss.targets) <= loss.delta
    assert 0 < inside.sum() < SIZE
    np.testing.assert_array_equal(loss.hessian_root(u).values[inside], 1.0)
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


def test_softmax_of_two_classes_is_logistic():
    rng = np.random.default_rng(3)
    labels, u = rng.integers(0, 2, 9), 3 * rng.standard_normal(9)
    logits = np.column_stack([np.zeros(9), u]).ravel()
    one, two = LogisticLoss(labels), SoftmaxLoss(labels, classes=2)
    assert one.value(u) == pytest.approx(two.value(logits), rel=1e-14)
    np.testing.assert_allclose(one.gradient(u), two.gradient(logits)[1::2], rtol=1e-13)
