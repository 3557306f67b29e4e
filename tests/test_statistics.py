"""Covariance, standard errors and intervals against certified values, scipy and closed forms."""

import autograd.numpy as anp
import numpy as np
import pytest
import scipy.optimize
import scipy.stats
from autograd import hessian
from regression_cases import Regression, fitted, minimum, names

import riemgn as rg
from riemgn.losses import WeightedLoss

GENERATOR = np.random.default_rng(0)
X = np.linspace(0.1, 4.0, 25)
NOISY = 2.0 * np.exp(-0.7 * X) + 0.05 * GENERATOR.normal(size=X.size)


def decay(w):
    return w[0] * anp.exp(-w[1] * X)


def decay_statistics(**options):
    return rg.fit_statistics(*fitted(decay, [1.0, 1.0], rg.SquaredLoss(NOISY)), **options)


# What double precision data allow: Lanczos1 is exact but for rounding, its residual is noise.
DIGITS = {"Lanczos1": 2}


@pytest.mark.parametrize("name", names("nist"))
def test_certified_deviations(name):
    case = Regression("nist", name)
    point = case.minimum(case.facts["certified"])
    statistics = rg.fit_statistics(case.problem, point, names=case.parameters)
    close = {"rtol": 10.0 ** -DIGITS.get(name, 8)}
    np.testing.assert_allclose(statistics.standard_errors, case.facts["certified_sd"], **close)
    np.testing.assert_allclose(
        statistics.residual_standard_deviation, case.facts["residual_sd"], **close
    )
    assert statistics.degrees_of_freedom == case.facts["n"] - case.facts["p"]
    assert statistics.identifiable.all()


@pytest.mark.parametrize("name", names("curvature"))
def test_scaled_curvatures_are_those_of_rms_curv(name):
    case = Regression("curvature", name)
    statistics = rg.fit_statistics(case.problem, case.minimum(case.facts["values"]))
    wanted = case.facts["parameter_effects"], case.facts["intrinsic"]
    np.testing.assert_allclose(statistics.curvatures, wanted, rtol=1e-6)


def test_a_linear_model_against_the_formulas_of_regression():
    A = np.column_stack([np.ones(12), np.arange(12.0), np.arange(12.0) ** 2])
    y = A @ [1.0, -2.0, 0.1] + GENERATOR.normal(size=12)
    statistics = rg.fit_statistics(*fitted(lambda w: anp.dot(A, w), np.ones(3), rg.SquaredLoss(y)))
    beta, rss, _, _ = np.linalg.lstsq(A, y, rcond=None)
    covariance = rss[0] / 9 * np.linalg.inv(A.T @ A)
    errors = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose(statistics.estimates, beta, rtol=1e-7)
    np.testing.assert_allclose(statistics.covariance, covariance, rtol=1e-9)
    np.testing.assert_allclose(
        statistics.correlation, covariance / np.outer(errors, errors), rtol=1e-9
    )
    reach = scipy.stats.t.ppf(0.975, 9) * errors
    np.testing.assert_allclose(statistics.intervals[:, 0], beta - reach, rtol=1e-7)
    np.testing.assert_allclose(statistics.intervals[:, 1], beta + reach, rtol=1e-7)
    assert statistics.curvatures == pytest.approx((0.0, 0.0), abs=1e-12)


@pytest.mark.parametrize("sigma", [None, np.linspace(0.5, 2.0, X.size)])
def test_a_nonlinear_model_against_curve_fit(sigma):
    loss = rg.SquaredLoss(NOISY)
    if sigma is not None:
        loss = WeightedLoss(loss, sigma**-2)
    statistics = rg.fit_statistics(*fitted(decay, [1.0, 1.0], loss))
    best, covariance = scipy.optimize.curve_fit(
        lambda x, a, b: a * np.exp(-b * x),
        X,
        NOISY,
        p0=[2.0, 0.7],
        sigma=sigma,
        jac=lambda x, a, b: np.column_stack([np.exp(-b * x), -a * x * np.exp(-b * x)]),
        xtol=1e-14,
        ftol=1e-14,
    )
    np.testing.assert_allclose(statistics.estimates, best, rtol=1e-7)
    np.testing.assert_allclose(statistics.covariance, covariance, rtol=1e-6)


def test_a_common_factor_on_the_weights_changes_nothing():
    weights = np.linspace(0.5, 2.0, X.size)
    one, other = (
        rg.fit_statistics(*fitted(decay, [1.0, 1.0], WeightedLoss(rg.SquaredLoss(NOISY), w)))
        for w in (weights, 49 * weights)
    )
    np.testing.assert_allclose(one.standard_errors, other.standard_errors, rtol=1e-8)
    np.testing.assert_allclose(one.curvatures, other.curvatures, rtol=1e-6)


def test_weighted_curvatures_are_those_of_the_weighted_model():
    factors = np.linspace(0.5, 2.0, X.size)
    weighted = WeightedLoss(rg.SquaredLoss(NOISY), factors**2)
    plain = rg.SquaredLoss(factors * NOISY)
    one = rg.fit_statistics(*fitted(decay, [1.0, 1.0], weighted))
    other = rg.fit_statistics(*fitted(lambda w: factors * decay(w), [1.0, 1.0], plain))
    np.testing.assert_allclose(one.curvatures, other.curvatures, rtol=1e-6)


@pytest.mark.parametrize("units", [[1e-9, 1e9], [1e7, 1.0]])
def test_units_of_the_parameters_do_not_matter(units):
    plain = decay_statistics()
    f = rg.autograd_immersion(lambda z: decay(z * np.array(units)), dim=2)
    M = rg.ImmersedManifold(f)
    point = M.point(plain.estimates / units)
    statistics = rg.fit_statistics(rg.Problem(M, rg.SquaredLoss(NOISY)), point)
    assert statistics.identifiable.all()
    np.testing.assert_allclose(units * statistics.standard_errors, plain.standard_errors, rtol=1e-8)
    np.testing.assert_allclose(statistics.correlation, plain.correlation, rtol=1e-7)
    np.testing.assert_allclose(statistics.curvatures, plain.curvatures, rtol=1e-6)


# Likelihoods

LOGIT_X = np.column_stack([np.ones(60), GENERATOR.normal(size=(60, 2))])
LABELS = (GENERATOR.random(60) < 1 / (1 + np.exp(-LOGIT_X @ [0.3, 1.0, -0.5]))).astype(int)


def logits(w):
    return anp.dot(LOGIT_X, w)


def rates(w):
    return w[0] - w[1] * X


COUNTS = GENERATOR.poisson(np.exp(2.0 - 0.5 * X))


def test_logistic_deviations_against_the_hessian_of_the_likelihood():
    statistics = rg.fit_statistics(*fitted(logits, np.zeros(3), rg.LogisticLoss(LABELS)))

    def deviance(w):
        return anp.sum(anp.log(1 + anp.exp(-(2 * LABELS - 1) * logits(w))))

    covariance = np.linalg.inv(hessian(deviance)(statistics.estimates.copy()))
    np.testing.assert_allclose(statistics.covariance, covariance, rtol=1e-8)
    assert statistics.residual_standard_deviation == 1
    assert statistics.degrees_of_freedom == np.inf
    assert statistics.quantile == pytest.approx(scipy.stats.norm.ppf(0.975))
    assert statistics.curvatures is None


def test_logistic_deviation_of_a_share():
    ones, n = 13, 40
    labels = np.arange(n) < ones
    statistics = rg.fit_statistics(
        *fitted(lambda w: w[0] * np.ones(n), [0.0], rg.LogisticLoss(labels))
    )
    share = ones / n
    assert statistics.estimates[0] == pytest.approx(np.log(share / (1 - share)), rel=1e-8)
    assert statistics.standard_errors[0] == pytest.approx(1 / np.sqrt(n * share * (1 - share)))


def test_weights_of_a_likelihood_are_repetitions():
    labels, weights = np.array([0, 1]), np.array([27.0, 13.0])
    loss = WeightedLoss(rg.LogisticLoss(labels), weights)
    statistics = rg.fit_statistics(*fitted(lambda w: w[0] * np.ones(2), [0.0], loss))
    share = 13 / 40
    assert statistics.standard_errors[0] == pytest.approx(1 / np.sqrt(40 * share * (1 - share)))


def test_poisson_deviation_of_a_mean():
    counts = np.array([3.0, 0.0, 5.0, 2.0])
    statistics = rg.fit_statistics(
        *fitted(lambda w: w[0] * np.ones(4), [0.0], rg.PoissonLoss(counts))
    )
    assert statistics.estimates[0] == pytest.approx(np.log(2.5), rel=1e-8)
    assert statistics.standard_errors[0] == pytest.approx(1 / np.sqrt(10))


def test_softmax_of_two_classes_is_logistic():
    two = rg.fit_statistics(
        *fitted(
            lambda w: anp.reshape(anp.stack([np.zeros(60), logits(w)], axis=1), -1),
            np.zeros(3),
            rg.SoftmaxLoss(LABELS),
        )
    )
    one = rg.fit_statistics(*fitted(logits, np.zeros(3), rg.LogisticLoss(LABELS)))
    np.testing.assert_allclose(two.covariance, one.covariance, rtol=1e-7)


def test_fewer_outcomes_than_parameters_are_no_trouble_for_a_likelihood():
    statistics = rg.fit_statistics(
        *fitted(lambda w: anp.array([w[0] + w[1]]), [0.0, 0.0], rg.PoissonLoss([4.0]))
    )
    np.testing.assert_array_equal(statistics.standard_errors, [np.inf, np.inf])


# Parameters that the data do not determine


def redundant(w):
    return w[0] * w[1] * anp.exp(-w[2] * X)


def test_what_is_not_identifiable_has_infinite_errors_and_is_named():
    problem, point = fitted(redundant, [1.0, 2.0, 1.0], rg.SquaredLoss(NOISY))
    statistics = rg.fit_statistics(problem, point, names=["gain", "height", "rate"])
    plain = decay_statistics()
    np.testing.assert_array_equal(statistics.identifiable, [False, False, True])
    assert statistics.degrees_of_freedom == X.size - 2
    assert statistics.standard_errors[2] == pytest.approx(plain.standard_errors[1], rel=1e-8)
    np.testing.assert_array_equal(statistics.standard_errors[:2], np.inf)
    np.testing.assert_array_equal(statistics.intervals[0], [-np.inf, np.inf])
    covariance = statistics.covariance
    assert not np.isnan(covariance).any()
    assert covariance[0, 1] == -np.inf
    assert np.isfinite(covariance[2]).all()
    np.testing.assert_allclose(
        statistics.correlation, [[1, -1, 0], [-1, 1, 0], [0, 0, 1]], atol=1e-9
    )
    assert "do not determine gain, height:" in statistics.verdict
    assert "rank 2 of 3" in statistics.verdict
    assert statistics.curvatures[1] == pytest.approx(plain.curvatures[1], rel=1e-6)


def test_a_parameter_without_effect():
    problem, point = fitted(lambda w: decay(w[1:]), [5.0, 1.0, 1.0], rg.SquaredLoss(NOISY))
    statistics = rg.fit_statistics(problem, point)
    np.testing.assert_array_equal(statistics.standard_errors == np.inf, [True, False, False])
    np.testing.assert_allclose(
        statistics.covariance[1:, 1:], decay_statistics().covariance, rtol=1e-7
    )
    np.testing.assert_array_equal(statistics.covariance[0], [np.inf, 0, 0])
    np.testing.assert_array_equal(statistics.correlation[0], [1, 0, 0])


def test_the_infinite_entries_are_the_limit_of_a_vague_prior():
    problem, point = fitted(redundant, [1.0, 2.0, 1.0], rg.SquaredLoss(NOISY))
    statistics = rg.fit_statistics(problem, point)
    J, s = point.jacobian, statistics.residual_standard_deviation
    units = np.abs(J).max(axis=0)
    B = J / units
    prior = 1e-7 * np.trace(B.T @ B)
    C = s**2 * np.linalg.inv(B.T @ B + prior * np.eye(3)) / np.outer(units, units)
    errors = np.sqrt(np.diag(C))
    np.testing.assert_allclose(C / np.outer(errors, errors), statistics.correlation, atol=1e-3)
    assert C[2, 2] == pytest.approx(statistics.covariance[2, 2], rel=1e-4)
    np.testing.assert_array_equal(np.sign(C[:2, :2]), np.sign(statistics.covariance[:2, :2]))


@pytest.mark.parametrize("seed", range(8))
def test_linear_models_of_any_rank_and_units(seed):
    generator = np.random.default_rng(seed)
    n, p = 20, int(generator.integers(1, 7))
    rank = int(generator.integers(1, p + 1))
    A = generator.normal(size=(n, rank)) @ generator.integers(-1, 2, size=(rank, p))
    units = 10.0 ** generator.integers(-6, 7, size=p)
    y = generator.normal(size=n)
    w = np.linalg.lstsq(A, y, rcond=None)[0] / units
    M = rg.ImmersedManifold(rg.autograd_immersion(lambda z: anp.dot(A, z * units), dim=p))
    if not A.any():
        return
    statistics = rg.fit_statistics(rg.Problem(M, rg.SquaredLoss(y)), M.point(w))
    numbers = (statistics.covariance, statistics.correlation, statistics.intervals)
    assert not any(np.isnan(array).any() for array in numbers)
    # identifiable are the parameters whose unit vector lies in the row space
    null = np.eye(p) - np.linalg.pinv(A) @ A
    identifiable = np.linalg.norm(null, axis=0) < 1e-8
    np.testing.assert_array_equal(statistics.identifiable, identifiable)
    s = np.sqrt(np.sum((A @ (w * units) - y) ** 2) / (n - np.linalg.matrix_rank(A)))
    errors = s * np.sqrt(np.diag(np.linalg.pinv(A.T @ A))) / units
    np.testing.assert_allclose(
        statistics.standard_errors[identifiable], errors[identifiable], rtol=1e-8
    )
    assert np.isinf(statistics.standard_errors[~identifiable]).all()


# What is refused


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (rg.HuberLoss(NOISY, 1.0), "HuberLoss.* is not the likelihood"),
        (rg.AutogradLoss(lambda u: anp.sum(u**2)), "not the likelihood"),
        (rg.DirectSumLoss(rg.SquaredLoss(NOISY[:5]), rg.SquaredLoss(NOISY[5:])), "not the like"),
        (rg.LogisticLoss(NOISY > 0.5, ridge=0.1), "without a ridge"),
    ],
)
def test_losses_that_are_no_likelihood(loss, message):
    M = rg.ImmersedManifold(rg.autograd_immersion(decay, dim=2))
    with pytest.raises(ValueError, match=message):
        rg.fit_statistics(rg.Problem(M, loss), M.point([2.0, 0.7]))


@pytest.mark.parametrize("n", [1, 2])
def test_no_degrees_of_freedom(n):
    problem, point = fitted(lambda w: decay(w)[:n], [1.0, 1.0], rg.SquaredLoss(NOISY[:n]))
    with pytest.raises(ValueError, match=f"{n} outputs for 2 parameters: no degrees of freedom"):
        rg.fit_statistics(problem, point)


@pytest.mark.parametrize("start", [[1.0, 1.0], [2.0, 0.72]])
def test_a_point_that_is_no_minimum(start):
    M = rg.ImmersedManifold(rg.autograd_immersion(decay, dim=2))
    with pytest.raises(ValueError, match="point is no minimum: the next step is"):
        rg.fit_statistics(rg.Problem(M, rg.SquaredLoss(NOISY)), M.point(start))


@pytest.mark.parametrize("unit", [1e-9, 1e-18, 1e-30])
def test_a_slope_along_a_parameter_of_a_tiny_unit_is_seen(unit):
    best = decay_statistics().estimates
    f = rg.autograd_immersion(lambda z: decay(z * np.array([1.0, unit])), dim=2)
    M = rg.ImmersedManifold(f)
    problem = rg.Problem(M, rg.SquaredLoss(NOISY))
    assert rg.fit_statistics(problem, M.point(best / [1.0, unit])).identifiable.all()
    # the best height for a rate that is not the best one
    rate = 1.3 * best[1]
    shape = np.exp(-rate * X)
    height = shape @ NOISY / (shape @ shape)
    with pytest.raises(ValueError, match="point is no minimum: the next step is"):
        rg.fit_statistics(problem, M.point([height, rate / unit]))


def test_an_exact_fit_has_no_uncertainty():
    y = decay(np.array([2.0, 0.7]))
    M = rg.ImmersedManifold(rg.autograd_immersion(decay, dim=2))
    statistics = rg.fit_statistics(rg.Problem(M, rg.SquaredLoss(y)), M.point([2.0, 0.7]))
    assert statistics.residual_standard_deviation == 0
    np.testing.assert_array_equal(statistics.standard_errors, 0)
    np.testing.assert_array_equal(statistics.intervals[:, 0], statistics.intervals[:, 1])
    assert statistics.curvatures == (0, 0)
    assert not np.isnan(statistics.correlation).any()
    assert "noise cannot be measured" in statistics.verdict
    assert "trusted" not in statistics.verdict
    with pytest.raises(ValueError, match="residual is zero"):
        statistics.profile_interval(0)


def test_a_zero_jacobian_is_said():
    M = rg.ImmersedManifold(rg.autograd_immersion(lambda w: w[0] ** 2 * np.ones(3), dim=1))
    with pytest.raises(rg.NumericalError, match="is zero"):
        rg.fit_statistics(rg.Problem(M, rg.SquaredLoss([1.0, 2.0, 3.0])), M.point([0.0]))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"confidence": 0.0}, ValueError, "confidence"),
        ({"confidence": 1.0}, ValueError, "confidence must be between 0 and 1, got 1"),
        ({"confidence": 95}, ValueError, "confidence must be between 0 and 1, got 95"),
        ({"confidence": np.nan}, ValueError, "confidence"),
        ({"confidence": "0.95"}, TypeError, "confidence"),
        ({"names": ["a"]}, ValueError, "2 different names"),
        ({"names": ["a", "a"]}, ValueError, "2 different names"),
        ({"names": "ab"}, TypeError, "sequence of strings"),
        ({"names": [1, 2]}, TypeError, "sequence of strings"),
        ({"names": 3}, TypeError, "sequence of strings"),
    ],
)
def test_bad_options(options, error, message):
    with pytest.raises(error, match=message):
        decay_statistics(**options)


def test_other_things_than_a_problem_and_its_point():
    problem, point = fitted(decay, [1.0, 1.0], rg.SquaredLoss(NOISY))
    with pytest.raises(TypeError, match=r"problem must be a riemgn\.Problem"):
        rg.fit_statistics(problem.manifold, point)
    with pytest.raises(TypeError, match="point must be a point"):
        rg.fit_statistics(problem, point.params)
    other = rg.ImmersedManifold(rg.autograd_immersion(lambda w: 2 * decay(w), dim=2))
    with pytest.raises(ValueError, match="another manifold"):
        rg.fit_statistics(problem, other.point(point.params))
    wider = rg.ImmersedManifold(rg.autograd_immersion(redundant, dim=3))
    with pytest.raises(ValueError, match="another manifold"):
        rg.fit_statistics(problem, wider.point(np.ones(3)))
    same = rg.ImmersedManifold(rg.autograd_immersion(decay, dim=2)).point(point.params)
    assert rg.fit_statistics(problem, same).residual_standard_deviation > 0


# What people read


def test_the_table_has_a_row_a_parameter():
    statistics = decay_statistics(names=["height", "rate"])
    table = statistics.table()
    assert list(table.index) == ["height", "rate"]
    assert list(table.columns) == ["estimate", "standard error", "lower", "upper"]
    np.testing.assert_array_equal(table["standard error"], statistics.standard_errors)
    statistics.profile_interval("rate")
    table = statistics.table()
    np.testing.assert_array_equal(
        table.loc["rate", ["profile lower", "profile upper"]], tuple(statistics.profile_interval(1))
    )
    assert table.loc["height", ["profile lower", "profile upper"]].isna().all()


def test_the_text_says_everything():
    statistics = decay_statistics(confidence=0.9)
    text = str(statistics)
    assert "23 degrees of freedom" in text
    assert "linear 90 % interval" in text
    assert "profile" not in text
    assert "w[1]" in text
    assert statistics.verdict.split(":")[0] in text
    statistics.profile_interval(1)
    assert "profile 90 % interval" in str(statistics)
    assert repr(statistics) == "FitStatistics(2 parameters, 25 outputs, confidence 0.9)"


def test_the_text_of_a_likelihood():
    statistics = rg.fit_statistics(*fitted(rates, [0.0, 0.0], rg.PoissonLoss(COUNTS)))
    assert "is a likelihood" in str(statistics)
    assert "compare the profile intervals" in statistics.verdict


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("Puromycin", "can be trusted"),
        ("Rat42", "with caution"),
        ("BOD", "cannot be trusted"),
    ],
)
def test_the_verdict_follows_the_curvatures(name, verdict):
    case = Regression("curvature", name)
    statistics = rg.fit_statistics(case.problem, case.minimum(case.facts["values"]))
    assert verdict in statistics.verdict


def test_the_verdict_names_the_parameter_whose_profile_departs_most():
    case = Regression("curvature", "BOD")
    statistics = rg.fit_statistics(
        case.problem, case.minimum(case.facts["values"]), names=case.parameters
    )
    assert "profiles computed" not in statistics.verdict
    statistics.profile_intervals()
    moved = np.abs(statistics.profile_intervals() - statistics.intervals).max(axis=1)
    worst = np.argmax(moved / statistics.standard_errors)
    assert f"that of {case.parameters[worst]} departs most" in statistics.verdict


def test_the_verdict_of_a_linear_model_says_that_intervals_agree():
    A = np.column_stack([np.ones(12), np.arange(12.0)])
    y = A @ [1.0, -2.0] + np.random.default_rng(0).normal(size=12)
    statistics = rg.fit_statistics(*fitted(lambda w: anp.dot(A, w), np.ones(2), rg.SquaredLoss(y)))
    statistics.profile_intervals()
    assert "agree with the linear ones" in statistics.verdict
    assert "departs" not in statistics.verdict


def test_the_verdict_says_that_logits_of_a_class_are_redundant():
    labels = np.arange(60) % 3
    x = labels + 2 * np.random.default_rng(0).normal(size=60)

    def every(w):
        return anp.reshape(anp.outer(np.ones(60), w[:3]) + anp.outer(x, w[3:]), -1)

    def two(w):
        return every(anp.concatenate([[0.0], w[:2], [0.0], w[2:]]))

    redundant = rg.fit_statistics(*fitted(every, np.zeros(6), rg.SoftmaxLoss(labels)))
    np.testing.assert_array_equal(redundant.standard_errors, np.inf)
    assert "those of one class are redundant" in redundant.verdict
    held = rg.fit_statistics(*fitted(two, np.zeros(4), rg.SoftmaxLoss(labels)))
    assert np.isfinite(held.standard_errors).all()
    assert "redundant" not in held.verdict


def test_nothing_of_the_callers_is_changed():
    problem, point = fitted(decay, [1.0, 1.0], rg.SquaredLoss(NOISY))
    params, J = point.params.copy(), point.jacobian.copy()
    statistics = rg.fit_statistics(problem, point)
    statistics.covariance[:] = 0
    statistics.profile(0).params(2.0)[:] = 0
    np.testing.assert_array_equal(point.params, params)
    np.testing.assert_array_equal(point.jacobian, J)
    assert statistics.covariance[0, 0] > 0
    assert minimum(problem, params).params == pytest.approx(params)
