import numpy as np
import pytest
from loss_cases import LOSSES, SIZE, assert_whitened, dense_hessian, dense_root, each_seed, outputs

import riemgn as rg
from riemgn.losses import (
    AutogradLoss,
    DirectSumLoss,
    HuberLoss,
    LogisticLoss,
    Loss,
    PoissonLoss,
    SoftmaxLoss,
    SquaredLoss,
    WeightedLoss,
)
from riemgn.manifolds import ImmersedManifold

COUNTS = np.array([1, 3, 2, 1, 4, 1])

PLAIN = {
    "squared": lambda rows: SquaredLoss(np.linspace(-1, 1, 6)[rows]),
    "squared, two outputs": lambda rows: SquaredLoss(np.linspace(-1, 1, 12).reshape(6, 2)[rows]),
    "huber": lambda rows: HuberLoss(np.linspace(-1, 1, 6)[rows], 0.7),
    "logistic": lambda rows: LogisticLoss(np.array([0, 1, 1, 0, 1, 0])[rows]),
    "softmax": lambda rows: SoftmaxLoss(np.array([0, 2, 1, 1, 0, 2])[rows], classes=3),
    "softmax, ridge": lambda rows: SoftmaxLoss(np.array([0, 2, 1, 1, 0, 2])[rows], 0.1, classes=3),
    "poisson": lambda rows: PoissonLoss(np.arange(6.0)[rows]),
}
each_plain = pytest.mark.parametrize("name", PLAIN)


@each_seed
@each_plain
def test_a_weight_of_two_is_the_sample_twice(name, seed):
    rows = np.arange(6)
    again = np.repeat(rows, COUNTS)
    loss, repeated = WeightedLoss(PLAIN[name](rows), COUNTS), PLAIN[name](again)
    k = loss.size // 6
    u, a, b = 2 * np.random.default_rng(seed).standard_normal((3, loss.size))
    of_outputs = (again[:, None] * k + np.arange(k)).ravel()

    def folded(values):
        return np.bincount(of_outputs, values, minlength=loss.size)

    long, long_a, long_b = u[of_outputs], a[of_outputs], b[of_outputs]
    assert loss.value(u) == pytest.approx(repeated.value(long), rel=1e-14)
    np.testing.assert_allclose(loss.gradient(u), folded(repeated.gradient(long)), rtol=1e-13)
    np.testing.assert_allclose(
        loss.hessian_vp(u, a), folded(repeated.hessian_vp(long, long_a)), atol=1e-13
    )
    np.testing.assert_allclose(
        loss.third_derivative(u, a, b),
        folded(repeated.third_derivative(long, long_a, long_b)),
        atol=1e-12,
    )


@each_plain
def test_the_root_belongs_to_the_gradient(name):
    loss = WeightedLoss(PLAIN[name](np.arange(6)), COUNTS)
    for seed in range(3):
        u = 2 * np.random.default_rng(seed).standard_normal(loss.size)
        assert_whitened(loss, u)
        if name != "huber":
            L = dense_root(loss, u)
            np.testing.assert_allclose(L @ L.T, dense_hessian(loss, u), rtol=1e-13, atol=1e-13)


def test_huber_keeps_the_weights_of_reweighted_squares():
    plain = PLAIN["huber"](np.arange(6))
    u = np.linspace(3, -3, 6)
    expected = plain.hessian_root(u).values ** 2 * COUNTS
    found = WeightedLoss(plain, COUNTS).hessian_root(u).values ** 2
    np.testing.assert_allclose(found, expected, rtol=1e-14)


@pytest.mark.parametrize("name", LOSSES)
def test_terms_add_up_to_the_value(name):
    loss, _ = LOSSES[name]
    u = outputs(1)[0]
    if "autograd" in name or "defaults" in name:
        with pytest.raises(TypeError, match="does not give the terms"):
            loss.terms(u)
    else:
        assert np.sum(loss.terms(u)) == pytest.approx(loss.value(u), rel=1e-14)


@pytest.mark.parametrize("optimizer", [rg.GaussNewton, rg.LevenbergMarquardt])
@pytest.mark.parametrize("widths", [(2, 2, 1), (2, 12, 1)])
def test_training_with_weights_is_training_on_repeated_rows(widths, optimizer):
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((12, 2)), rng.standard_normal(12)
    counts = rng.integers(1, 4, 12)
    net = rg.Network(widths)
    w0 = net.init(seed=0)

    def minimiser(X, loss):
        problem = rg.Problem(
            ImmersedManifold(net.immersion(X).ridged(0.5, w0)),
            DirectSumLoss(loss, SquaredLoss(np.zeros(net.dim))),
        )
        start = problem.manifold.point(w0)
        return optimizer(min_gradient_norm=1e-8).run(problem, initial_point=start)

    weighted = minimiser(X, WeightedLoss(SquaredLoss(y), counts))
    repeated = minimiser(np.repeat(X, counts, axis=0), SquaredLoss(np.repeat(y, counts)))
    assert weighted.cost == pytest.approx(repeated.cost, rel=1e-10)
    np.testing.assert_allclose(weighted.point.params, repeated.point.params, atol=1e-6)


def test_moduli_and_what_it_says_of_itself():
    loss = rg.WeightedLoss(SquaredLoss(np.zeros(3)), [2.0, 0.5, 3.0])
    assert (loss.strong_convexity, loss.smoothness, loss.size) == (0.5, 3.0, 3)
    assert repr(loss) == "WeightedLoss(SquaredLoss(size=3), total weight 5.5)"
    with pytest.raises(ValueError, match="read-only"):
        loss.weights[0] = 1.0
    twice = WeightedLoss(loss, [2.0, 2.0, 2.0])
    assert twice.value(np.ones(3)) == 2 * loss.value(np.ones(3))


class Unweightable(Loss):
    size = 2

    def value(self, u):
        return float(np.sum(u))

    gradient = hessian_vp = value


@pytest.mark.parametrize(
    ("loss", "weights", "error", "message"),
    [
        (SquaredLoss([1.0, 2.0]), [1.0, 0.0], ValueError, r"weights must be > 0, got 0 at index"),
        (SquaredLoss([1.0, 2.0]), [1.0, -3.0], ValueError, r"got -3 at index \[1\]"),
        (SquaredLoss([1.0, 2.0]), [1.0, np.nan], ValueError, "weights must be finite"),
        (SquaredLoss([1.0, 2.0]), [1.0, 1j], TypeError, "weights must be real"),
        (SquaredLoss([1.0, 2.0]), [1.0, 2.0, 3.0], ValueError, "weights must be one a sample"),
        (SoftmaxLoss([0, 1]), np.ones(4), ValueError, "weights must be one a sample"),
        (lambda u: 0.0, [1.0], TypeError, "loss must be a Loss, got function"),
        (AutogradLoss(np.sum, size=2), [1.0, 2.0], TypeError, "does not give the terms"),
        (Unweightable(), [1.0, 2.0], TypeError, "does not give the terms"),
        (
            DirectSumLoss(SquaredLoss([1.0]), SquaredLoss([1.0])),
            [1.0, 2.0],
            TypeError,
            "weight the parts",
        ),
        (AutogradLoss(np.sum), [1.0], ValueError, "must have a known size"),
    ],
)
def test_mistakes_are_named(loss, weights, error, message):
    with pytest.raises(error, match=message):
        WeightedLoss(loss, weights)


def test_weights_are_copied():
    weights = np.ones(SIZE)
    loss = WeightedLoss(SquaredLoss(np.zeros(SIZE)), weights)
    weights[:] = 7
    assert loss.value(np.ones(SIZE)) == 0.5 * SIZE
