"""What `fit` promises: the choice of the ridge, regimes, shapes, seeds, interruption, errors."""

import numpy as np
import pytest
import scipy.optimize

import riemgn as rg
from riemgn.fitting.ridge_path import FACTOR, PATIENCE
from riemgn.immersions.jet import Jet

EXACT = {"max_iterations": 300, "tolerance": 1e-14}


def noisy_waves(rows=120, seed=0, noise=0.3):
    draws = np.random.default_rng(seed)
    X = draws.normal(size=(rows, 3))
    return X, np.sin(2 * X[:, 0]) + 0.5 * X[:, 1] + noise * draws.normal(size=rows)


def standardised(X):
    return (X - X.mean(axis=0)) / X.std(axis=0)


def test_outliers_harm_hubers_loss_less():
    X, y = noisy_waves()
    spoilt = y.copy()
    spoilt[::10] += 40
    net = rg.Network([3, 6, 1])
    huber, squared = (rg.fit(net, X, spoilt, loss).score(X, y) for loss in ("huber", "squared"))
    assert huber > 0.55 > squared + 0.3


def test_the_end_of_a_fit_is_stationary_in_all_parameters():
    X, y = noisy_waves()
    net = rg.Network([3, 5, 1])
    fitted = rg.fit(net, X, y, ridge=2.0, **EXACT)
    start = net.init(seed=0)
    start[net.layer_slices[-1].weights] = start[net.layer_slices[-1].biases] = 0

    def cost(w):
        residual = net.predict(w, standardised(X)) - standardised(y)
        return 0.5 * residual @ residual + 0.5 * 2.0 * np.sum((w - start) ** 2)

    gradient = scipy.optimize.approx_fprime(fitted.params, cost, 1e-6)
    assert np.abs(gradient).max() < 1e-3
    assert cost(fitted.params) < cost(start) / 2


# The choice of the ridge, and early stopping.


def test_the_chosen_ridge_has_the_least_held_out_loss():
    X, y = noisy_waves()
    report = rg.fit(rg.Network([3, 8, 1]), X, y).report
    strengths = [ridge for ridge, _ in report.ridge_path]
    means = [np.mean(losses) for _, losses in report.ridge_path]
    best = int(np.argmin(means))
    assert strengths[0] == 4 * 120
    np.testing.assert_allclose(np.diff(np.log(strengths)), -np.log(FACTOR))
    assert report.ridge == strengths[best]
    assert report.held_out_loss == pytest.approx(means[best])
    assert len(means) == best + 1 + PATIENCE
    assert all(len(losses) == 5 for _, losses in report.ridge_path)


def test_many_rows_need_few_folds():
    X, y = noisy_waves(rows=1100)
    path = rg.fit(rg.Network([3, 2, 1]), X, y).report.ridge_path
    assert {len(losses) for _, losses in path} == {2}


def test_the_chosen_ridge_predicts_better_than_none():
    X, y = noisy_waves(rows=100, noise=0.8)
    X_new, y_new = noisy_waves(rows=400, seed=1, noise=0.8)
    net = rg.Network([3, 16, 1])
    chosen, bare = rg.fit(net, X, y), rg.fit(net, X, y, ridge=0)
    assert bare.report.loss < chosen.report.loss
    assert bare.score(X_new, y_new) < 0
    assert chosen.score(X_new, y_new) > 0.25


def test_early_stopping_returns_the_iterate_with_the_least_held_out_loss():
    X, y = noisy_waves(rows=80, noise=1.0)
    fitted = rg.fit(rg.Network([3, 16, 1]), X, y, ridge=0, validation=0.25)
    losses = [step.held_out_loss for step in fitted.history]
    assert {step.phase for step in fitted.history} == {"early stopping"}
    assert fitted.report.held_out_loss == min(losses)
    assert fitted.report.iterations == np.argmin(losses)
    assert np.argmin(losses) < len(losses) - 1
    assert fitted.score(X, y) < rg.fit(rg.Network([3, 16, 1]), X, y, ridge=0).score(X, y)


# Regimes, methods, shapes.


def test_the_regime_follows_from_n_and_p():
    X, y = noisy_waves(rows=40)
    under = rg.fit(rg.Network([3, 4, 1]), X, y, ridge=1.0)
    over = rg.fit(rg.Network([3, 30, 1]), X, y, ridge=1.0)
    assert (under.regime, under.report.n, under.report.p) == ("underparameterised", 40, 21)
    assert (over.regime, over.report.n, over.report.p) == ("overparameterised", 40, 151)
    assert under.report.rank == 21
    assert over.report.rank == 40
    J = under.network.immersion(standardised(X)).jacobian(under.params)
    assert under.report.condition_number == pytest.approx(np.linalg.cond(J), rel=1e-6)


def test_an_overparameterised_network_without_ridge_interpolates():
    X, y = noisy_waves(rows=40)
    fitted = rg.fit(rg.Network([3, 30, 1]), X, y, ridge=0, **EXACT)
    np.testing.assert_allclose(fitted.predict(X), y, atol=1e-6)


@pytest.mark.parametrize("hidden", [4, 60])
def test_a_ridge_has_one_minimum_in_both_regimes(hidden):
    X, y = noisy_waves(rows=60)
    net = rg.Network([3, hidden, 1])
    a = rg.fit(net, X, y, ridge=30.0, method="levenberg-marquardt", **EXACT)
    b = rg.fit(net, X, y, ridge=30.0, method="gauss-newton", **EXACT)
    np.testing.assert_allclose(a.predict(X), b.predict(X), atol=1e-4)


def test_several_outputs_are_fitted_and_scored():
    from sklearn.metrics import r2_score

    X, y = rg.datasets.load("linnerud")
    fitted = rg.fit(rg.Network([3, 4, 3]), X, y, ridge=1.0)
    assert fitted.predict(X).shape == (20, 3)
    assert fitted.score(X, y) == pytest.approx(r2_score(y, fitted.predict(X)))
    assert fitted.report.n == 60


def test_one_input_may_be_a_vector():
    x = np.linspace(-2, 2, 30)
    fitted = rg.fit(rg.Network([1, 6, 1]), x, np.sin(x), ridge=0)
    assert fitted.score(x, np.sin(x)) > 0.999


def test_labels_come_back_as_they_were():
    X, y = rg.datasets.load("iris")
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    fitted = rg.fit(rg.Network([4, 4, 3]), X, names, "softmax", ridge=0.5)
    assert fitted.model.classes.tolist() == ["setosa", "versicolor", "virginica"]
    assert fitted.score(X, names) == np.mean(fitted.predict(X) == names) > 0.95
    np.testing.assert_allclose(fitted.predict_proba(X).sum(axis=1), 1)


def test_a_loss_of_the_users_own():
    X, y = noisy_waves()
    own = rg.fit(rg.Network([3, 4, 1]), X, standardised(y), rg.SquaredLoss, ridge=1.0)
    named = rg.fit(rg.Network([3, 4, 1]), X, standardised(y), "squared", ridge=1.0)
    np.testing.assert_allclose(own.predict(X), named.predict(X), atol=1e-9)


def test_predictions_do_not_depend_on_the_units():
    X, y = noisy_waves()
    plain = rg.fit(rg.Network([3, 4, 1]), X, y).predict(X)
    scale, shift = np.array([1e-3, 1.0, 1e5]), np.array([7.0, -2.0, 1e4])
    other = rg.fit(rg.Network([3, 4, 1]), X * scale + shift, 1e3 * y - 5)
    np.testing.assert_allclose((other.predict(X * scale + shift) + 5) / 1e3, plain, rtol=1e-5)


def test_a_constant_column_is_ignored():
    X, y = noisy_waves()
    wide = np.column_stack([X, np.full(len(X), 3.3)])
    fitted = rg.fit(rg.Network([4, 4, 1]), wide, y, ridge=1.0)
    other = wide.copy()
    other[:, 3] = -100
    assert fitted.predict(other).tolist() == fitted.predict(wide).tolist()


def test_a_centred_network_starts_at_its_centre():
    X, y = noisy_waves()
    net = rg.Network([3, 4, 1])
    w0 = net.init(seed=3)
    fitted = rg.fit(net.centred(w0), X, y, ridge=1e9, seed=None)
    np.testing.assert_allclose(fitted.params, w0, atol=1e-5)
    np.testing.assert_allclose(fitted.predict(X), y.mean(), atol=1e-4)


# Seeds, interruption, arguments.


def test_the_seed_is_the_only_source_of_randomness():
    X, y = noisy_waves()
    net = rg.Network([3, 4, 1])
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - that it is left alone is the test
    a, b, c = (rg.fit(net, X, y, seed=seed) for seed in (0, np.random.default_rng(0), 1))
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    assert a.params.tolist() == b.params.tolist()
    assert a.report.ridge_path == b.report.ridge_path
    assert a.params.tolist() != c.params.tolist()


def test_arguments_are_left_as_they_were():
    X, y = noisy_waves()
    kept = X.copy(), y.copy()
    fitted = rg.fit(rg.Network([3, 4, 1]), X, y)
    assert np.array_equal(X, kept[0])
    assert np.array_equal(y, kept[1])
    with pytest.raises(ValueError, match="read-only"):
        fitted.params[0] = 1


@pytest.mark.parametrize("leave", [StopIteration, KeyboardInterrupt])
@pytest.mark.parametrize("after", [0, 1, 30, 75])
def test_an_interrupted_fit_returns_the_best_so_far(leave, after):
    X, y = noisy_waves()
    seen = []

    def callback(step):
        seen.append(step)
        if len(seen) > after:
            raise leave

    fitted = rg.fit(rg.Network([3, 8, 1]), X, y, tolerance=1e-12, callback=callback)
    assert fitted.report.interrupted
    assert len(fitted.history) == after + 1
    assert np.all(np.isfinite(fitted.predict(X)))
    assert fitted.score(X, y) >= (0.5 if after >= 30 else -1e-9)
    assert (seen[-1].phase == "fit") == (after == 75)


@pytest.mark.parametrize("validation", [0.0, 0.25])
@pytest.mark.parametrize("leave", [StopIteration, KeyboardInterrupt])
def test_whoever_interrupts_a_fit_does_not_wait_for_a_factorisation(leave, validation, monkeypatch):
    X, y = noisy_waves()
    sizes = []

    def factorised(jet):
        sizes.append(jet.shape[0])
        return factor(jet)

    factor = Jet.factor
    monkeypatch.setattr(Jet, "factor", factorised)

    def callback(step):
        sizes.clear()
        if step.iteration == 4:
            raise leave

    options = {"validation": validation} if validation else {}
    fitted = rg.fit(rg.Network([3, 8, 1]), X, y, callback=callback, **options)
    assert fitted.report.interrupted
    assert (fitted.report.rank, fitted.report.condition_number) == (None, None)
    # that of the training on all rows and no ridge
    assert len(X) not in sizes


@pytest.mark.parametrize("validation", [0.0, 0.25])
@pytest.mark.parametrize("leave", [StopIteration, KeyboardInterrupt])
def test_an_interrupted_fit_tells_its_steps(leave, validation):
    X, y = noisy_waves()

    def callback(step):
        if step.iteration == 4:
            raise leave

    net = rg.Network([3, 8, 1])
    fitted = rg.fit(net, X, y, ridge=0.1, validation=validation, callback=callback)
    assert fitted.report.interrupted
    losses = [step.held_out_loss if validation else step.loss for step in fitted.history]
    assert fitted.report.iterations == np.argmin(losses) > 0
    if validation:
        assert fitted.report.held_out_loss == min(losses)
    else:
        assert fitted.report.loss == losses[-1]


def test_the_callback_sees_the_history():
    X, y = noisy_waves()
    seen = []
    fitted = rg.fit(rg.Network([3, 4, 1]), X, y, callback=seen.append)
    assert tuple(seen) == fitted.history
    assert [step.iteration for step in seen] == list(range(len(seen)))
    assert list(dict.fromkeys(s.phase for s in seen)) == ["ridge", "fit"]
    assert seen[-1].loss == pytest.approx(fitted.report.loss)


def test_nothing_is_printed(capsys):
    X, y = noisy_waves()
    rg.fit(rg.Network([3, 4, 1]), X, y)
    assert capsys.readouterr() == ("", "")


NET, X3, Y3 = rg.Network([2, 2, 1]), np.arange(12.0).reshape(6, 2) ** 2, np.arange(6.0)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        (("net", X3, Y3), {}, TypeError, "network must be a riemgn.Network, got str"),
        ((NET, X3[:, :1], Y3), {}, ValueError, r"X must have shape \(rows, 2\)"),
        ((NET, X3, Y3[:5]), {}, ValueError, "as many rows, got 6 and 5"),
        ((NET, X3[:2], Y3[:2]), {}, ValueError, "at least 3 rows, got 2"),
        ((NET, X3 * np.nan, Y3), {}, ValueError, "X must be finite"),
        ((NET, X3 * 1j, Y3), {}, TypeError, "X must be real"),
        ((NET, X3, Y3), {"method": "gaus-newton"}, ValueError, "did you mean 'gauss-newton'"),
        ((NET, X3, Y3), {"ridge": -1.0}, ValueError, "ridge must be a finite number >= 0"),
        ((NET, X3, Y3), {"ridge": "strong"}, ValueError, "unknown ridge 'strong'"),
        ((NET, X3, Y3), {"validation": 0}, ValueError, "give a validation share > 0"),
        ((NET, X3, Y3), {"validation": 0.7}, ValueError, r"validation must be in \[0, 0.5\]"),
        ((NET, X3, Y3), {"max_iterations": 0}, ValueError, "max_iterations must be an integer"),
        ((NET, X3, Y3), {"tolerance": 0}, ValueError, "tolerance must be a finite number > 0"),
        ((NET, X3, Y3), {"seed": -1}, ValueError, "seed must be an integer >= 0"),
    ],
)
def test_mistakes_are_named(arguments, options, error, message):
    with pytest.raises(error, match=message):
        rg.fit(*arguments, **options)


def test_three_rows_are_enough():
    fitted = rg.fit(NET, X3[:3], Y3[:3])
    assert np.all(np.isfinite(fitted.predict(X3)))


def test_a_model_names_a_wrong_shape():
    fitted = rg.fit(NET, X3, Y3, ridge=1.0)
    with pytest.raises(ValueError, match=r"X_new must have shape \(rows, 2\)"):
        fitted.predict(X3[:, :1])
    with pytest.raises(ValueError, match=r"y must have shape \(6,\), got \(5,\)"):
        fitted.score(X3, Y3[:5])
    with pytest.raises(TypeError, match="class labels"):
        fitted.predict_proba(X3)
