"""Profile-likelihood intervals against closed forms, R's profile.nls and scipy."""

import autograd.numpy as anp
import numpy as np
import pytest
import scipy.optimize
import scipy.stats
from regression_cases import Regression, fitted, minimum

import riemgn as rg
from riemgn.statistics import End, Profile
from riemgn.statistics.refit import Refit

X = np.linspace(0.1, 4.0, 25)


def statistics_of(case, start, **options):
    return rg.fit_statistics(case.problem, case.minimum(start), **options)


def test_a_linear_model_has_its_linear_intervals():
    generator = np.random.default_rng(0)
    A = generator.normal(size=(15, 4))
    y = A @ [1.0, -2.0, 3.0, 0.0] + generator.normal(size=15)
    statistics = rg.fit_statistics(*fitted(lambda w: anp.dot(A, w), np.ones(4), rg.SquaredLoss(y)))
    np.testing.assert_allclose(statistics.profile_intervals(), statistics.intervals, rtol=1e-7)
    values = statistics.estimates[0] + statistics.standard_errors[0] * np.array([-3.0, 0.0, 0.5])
    taus = [statistics.profile(0).tau(value) for value in values]
    np.testing.assert_allclose(taus, [-3.0, 0.0, 0.5], atol=1e-7)


def exponential(y):
    """f(w) = exp(w), whose profile is known: exp(w) is the mean of y."""
    n = y.size
    return fitted(lambda w: anp.exp(w[0]) * np.ones(n), [0.0], rg.SquaredLoss(y))


def test_one_parameter_in_closed_form():
    y = 3.0 + np.array([0.5, -0.4, 0.9, -1.2, 0.2, 0.3])
    statistics = rg.fit_statistics(*exponential(y), confidence=0.9)
    reach = scipy.stats.t.ppf(0.95, 5) * y.std(ddof=1) / np.sqrt(6)
    interval = statistics.profile_interval(0)
    np.testing.assert_allclose(
        tuple(interval), np.log([y.mean() - reach, y.mean() + reach]), rtol=1e-8
    )
    assert interval.lower_end is End.CROSSING
    w = 0.5
    wanted = (np.exp(w) - y.mean()) * np.sqrt(6) / y.std(ddof=1)
    assert statistics.profile(0).tau(w) == pytest.approx(wanted, rel=1e-9)


def test_a_flat_profile_is_open_on_its_side():
    y = 0.3 + np.array([0.5, -0.4, 0.9, -1.2, 0.2, 0.3])  # a mean that might be zero
    statistics = rg.fit_statistics(*exponential(y))
    reach = scipy.stats.t.ppf(0.975, 5) * y.std(ddof=1) / np.sqrt(6)
    interval = statistics.profile_interval(0)
    assert interval.lower == -np.inf
    assert interval.lower_end is End.OPEN
    assert interval.upper == pytest.approx(np.log(y.mean() + reach), rel=1e-8)
    assert "open-ended" in statistics.verdict
    assert "(-inf," in str(statistics)


# tau and the other parameter, from `profile(nls(demand ~ SSasympOrig(Time, A, lrc), BOD))` as R's
# reference output of the example of `profile.nls` prints it (tests/Examples/stats-Ex.Rout.save).
R_PROFILE_A = [
    (-3.0873, 13.59751, 0.14033),
    (-2.4957, 14.46884, 0.01607),
    (-1.8906, 15.41836, -0.11787),
    (-0.6080, 17.75662, -0.44553),
    (0.4998, 20.52853, -0.80750),
    (1.3780, 23.98253, -1.17103),
    (2.1841, 29.75928, -1.59599),
    (2.9028, 41.42542, -2.12176),
]
R_PROFILE_LRC = [
    (-2.9550, 42.395076, -2.184153),
    (-2.0570, 28.124205, -1.547326),
    (-1.0653, 22.245847, -1.063030),
    (0.5539, 18.095015, -0.420487),
    (1.6298, 16.621533, 0.007939),
    (3.0276, 15.265409, 0.779458),
]


def oxygen_demand():
    facts = Regression("curvature", "BOD").facts["data"]
    time, demand = np.array(facts["Time"]), np.array(facts["demand"])

    def model(w):
        return w[0] * (1 - anp.exp(-anp.exp(w[1]) * time))

    return fitted(model, [19.0, -0.6], rg.SquaredLoss(demand))


def test_the_profile_of_the_oxygen_demand_is_that_of_r():
    statistics = rg.fit_statistics(*oxygen_demand(), names=["A", "lrc"])
    profile = statistics.profile("A")
    for tau, A, lrc in R_PROFILE_A:
        assert profile.tau(A) == pytest.approx(tau, abs=6e-5)
        np.testing.assert_allclose(profile.params(A), [A, lrc], atol=1e-5)
    profile = statistics.profile("lrc")
    for tau, A, lrc in R_PROFILE_LRC:
        assert profile.tau(lrc) == pytest.approx(tau, abs=6e-5)
        np.testing.assert_allclose(profile.params(lrc), [A, lrc], atol=3e-5)


def test_intervals_interpolate_the_profile_of_r():
    statistics = rg.fit_statistics(*oxygen_demand(), names=["A", "lrc"])
    for name, rows, column in (("A", R_PROFILE_A, 1), ("lrc", R_PROFILE_LRC, 2)):
        taus, values = np.array(rows)[:, 0], np.array(rows)[:, column]
        interval = tuple(statistics.profile_interval(name))
        for end, quantile in zip(
            interval, (-statistics.quantile, statistics.quantile), strict=True
        ):
            assert values[taus < quantile].max() < end < values[taus > quantile].min()


def test_higher_confidence_opens_the_interval_of_the_oxygen_demand():
    statistics = rg.fit_statistics(*oxygen_demand(), confidence=0.99, names=["A", "lrc"])
    A, rate = statistics.profile_interval("A"), statistics.profile_interval("lrc")
    assert np.isfinite(A.lower)
    assert (A.upper, A.upper_end) == (np.inf, End.OPEN)
    assert tuple(rate) == (-np.inf, np.inf)
    # the straight line that the model tends to is not worse than the quantile
    facts = Regression("curvature", "BOD").facts["data"]
    time, demand = np.array(facts["Time"]), np.array(facts["demand"])
    line = np.sum((demand - time * (time @ demand) / (time @ time)) ** 2)
    s = statistics.residual_standard_deviation
    assert np.sqrt(line - 4 * s**2) / s < statistics.quantile


def independent_interval(case, w, j, statistics):
    """The same by scipy: constrained least squares at each value, and a bracketing root."""
    s, quantile = statistics.residual_standard_deviation, statistics.quantile
    rss = np.sum((case.model(w) - case.y) ** 2)
    free = np.delete(np.arange(w.size), j)
    scale = statistics.standard_errors

    def tau(value, start):
        def residual(z):
            b = w.copy()
            b[free], b[j] = w[free] + scale[free] * z, value
            return case.model(b) - case.y

        found = scipy.optimize.least_squares(residual, start, xtol=1e-15, ftol=1e-15, gtol=1e-15)
        return np.sqrt(max(2 * found.cost - rss, 0.0)) / s, found.x

    ends = []
    for side in (-1, 1):
        start, value = np.zeros(free.size), w[j]
        while True:
            ahead = value + 0.25 * side * scale[j]
            root, warm = tau(ahead, start)
            if root > quantile:
                break
            value, start = ahead, warm
        ends.append(scipy.optimize.brentq(lambda v, z=start: tau(v, z)[0] - quantile, value, ahead))
    return ends


@pytest.mark.parametrize("name", ["Puromycin", "Rat42", "Chwirut2", "BOD"])
def test_intervals_against_scipy(name):
    case = Regression("curvature", name)
    statistics = statistics_of(case, case.facts["values"])
    w = statistics.estimates.copy()
    wanted = [independent_interval(case, w, j, statistics) for j in range(w.size)]
    moved = (statistics.profile_intervals() - wanted) / statistics.standard_errors[:, None]
    np.testing.assert_allclose(moved, 0, atol=2e-6)


@pytest.mark.parametrize(("name", "j"), [("Nelson", 1), ("Rat43", 2), ("MGH09", 3)])
def test_intervals_of_crooked_valleys_against_scipy(name, j):
    case = Regression("nist", name)
    statistics = statistics_of(case, case.facts["certified"])
    interval = statistics.profile_interval(j)
    assert (interval.lower_end, interval.upper_end) == (End.CROSSING, End.CROSSING)
    wanted = independent_interval(case, statistics.estimates.copy(), j, statistics)
    moved = (np.array(tuple(interval)) - wanted) / statistics.standard_errors[j]
    np.testing.assert_allclose(moved, 0, atol=1e-4)


def test_the_path_keeps_to_its_valley():
    """One step to a value this far leads into another valley, where tau would be 41."""
    case = Regression("nist", "Nelson")
    statistics = statistics_of(case, case.facts["certified"])
    profile, far = statistics.profile(1), 1e-6
    w, y = statistics.estimates.copy(), case.y
    for value in np.geomspace(w[1], far, 30):

        def residual(z, v=value):
            return case.model([z[0], v, z[1]]) - y

        found = scipy.optimize.least_squares(residual, w[[0, 2]], x_scale="jac", xtol=1e-14)
        w[[0, 2]] = found.x
    rise = 2 * found.cost - np.sum((case.model(statistics.estimates) - y) ** 2)
    tau = np.sqrt(rise) / statistics.residual_standard_deviation
    assert profile.tau(far) == pytest.approx(tau, rel=1e-5)
    assert tau < 10


def test_a_likelihood_ratio_interval_of_a_share():
    ones, n = 3, 40
    statistics = rg.fit_statistics(
        *fitted(lambda w: w[0] * np.ones(n), [0.0], rg.LogisticLoss(np.arange(n) < ones))
    )

    def excess(logit):
        def likelihood(p):
            return scipy.stats.binom.logpmf(ones, n, p)

        ratio = 2 * (likelihood(ones / n) - likelihood(1 / (1 + np.exp(-logit))))
        return ratio - scipy.stats.chi2.ppf(0.95, 1)

    top = np.log(ones / (n - ones))
    wanted = [scipy.optimize.brentq(excess, a, b) for a, b in ((-10, top), (top, 3))]
    np.testing.assert_allclose(tuple(statistics.profile_interval(0)), wanted, rtol=1e-7)


def test_an_interval_of_a_likelihood_with_other_parameters():
    generator = np.random.default_rng(1)
    A = np.column_stack([np.ones(50), generator.normal(size=(50, 2))])
    counts = generator.poisson(np.exp(A @ [1.0, 0.5, -0.3]))
    statistics = rg.fit_statistics(
        *fitted(lambda w: anp.dot(A, w), np.zeros(3), rg.PoissonLoss(counts))
    )

    def loss(w):
        return np.sum(np.exp(A @ w) - counts * (A @ w))

    for end in statistics.profile_interval(1):
        rest = scipy.optimize.minimize(
            lambda z, v=end: loss([z[0], v, z[1]]), [1.0, -0.3], tol=1e-12
        )
        ratio = 2 * (rest.fun - loss(statistics.estimates))
        assert ratio == pytest.approx(scipy.stats.chi2.ppf(0.95, 1), rel=1e-6)


def test_an_edge_of_the_domain_ends_an_interval():
    y = 0.2 + np.array([0.5, -0.4, 0.9, -1.2, 0.2, 0.3])
    statistics = rg.fit_statistics(
        *fitted(lambda w: anp.sqrt(w[0]) * np.ones(6), [0.5], rg.SquaredLoss(y))
    )
    interval = statistics.profile_interval(0)
    assert interval.lower_end is End.EDGE
    assert interval.lower == pytest.approx(0.0, abs=1e-6 * statistics.standard_errors[0])
    reach = scipy.stats.t.ppf(0.975, 5) * y.std(ddof=1) / np.sqrt(6)
    assert interval.upper == pytest.approx((y.mean() + reach) ** 2, rel=1e-7)
    assert statistics.profile(0).tau(-1.0) == -np.inf


def test_what_is_not_identifiable_has_an_open_profile():
    y = 2.0 * np.exp(-0.7 * X) + 0.05 * np.random.default_rng(0).normal(size=X.size)

    def redundant(w):
        return (w[0] + w[1]) * anp.exp(-w[2] * X)

    def plain(w):
        return w[0] * anp.exp(-w[1] * X)

    statistics = rg.fit_statistics(*fitted(redundant, [1.0, 1.0, 1.0], rg.SquaredLoss(y)))
    alone = rg.fit_statistics(*fitted(plain, [1.0, 1.0], rg.SquaredLoss(y)))
    intervals = statistics.profile_intervals()
    np.testing.assert_array_equal(intervals[:2], [[-np.inf, np.inf]] * 2)
    np.testing.assert_allclose(intervals[2], tuple(alone.profile_interval(1)), rtol=1e-7)


def test_a_better_fit_elsewhere_is_said():
    x = np.linspace(0, 6, 30)
    y = np.sin(3.0 * x) + 0.05 * np.random.default_rng(0).normal(size=30)
    problem, point = fitted(lambda w: w[0] * anp.sin(w[1] * x), [0.5, 1.6], rg.SquaredLoss(y))
    assert problem.cost(point) > 1  # a local minimum
    statistics = rg.fit_statistics(problem, point, confidence=0.999)
    with pytest.raises(ValueError, match="point is not the minimum: with parameter 1 held at"):
        statistics.profile(1).tau(3.0)
    better = minimum(problem, [1.0, 3.0])
    assert np.isfinite(rg.fit_statistics(problem, better).profile_intervals()).all()


def test_a_residual_of_rounding_has_no_profile():
    case = Regression("nist", "Lanczos1")  # exact data but for their fourteenth digit
    statistics = statistics_of(case, case.facts["certified"])
    with pytest.raises(ValueError, match="zero but for rounding"):
        statistics.profile_interval(0)


class StuckPath:
    """A path whose tau is a line but whose fits never converge."""

    held, unit, estimate = 0, 0.5, 2.0

    def tau(self, value):
        return (value - self.estimate) / self.unit

    def walk(self, value, bound=np.inf):
        return value

    def has_converged(self, value):
        return False


def test_an_end_whose_fit_did_not_converge_is_said():
    with pytest.raises(rg.NumericalError, match=r"held at 1\.\d+ did not converge"):
        Profile(StuckPath()).interval(1.96)


def test_a_path_that_cannot_be_followed_is_said(monkeypatch):
    statistics = rg.fit_statistics(*oxygen_demand())

    def lost(problem, held, guesses):
        return Refit(guesses[0], problem.cost(problem.manifold.point(guesses[0])), np.inf)

    monkeypatch.setattr("riemgn.statistics.path.refit", lost)
    with pytest.raises(rg.NumericalError, match="could not be followed"):
        statistics.profile_interval(0)


def test_parameters_by_name_and_by_index():
    statistics = rg.fit_statistics(*oxygen_demand(), names=["A", "lrc"])
    assert statistics.profile_interval("lrc") is statistics.profile_interval(1)
    with pytest.raises(ValueError, match="did you mean 'lrc'"):
        statistics.profile_interval("lcr")
    with pytest.raises(ValueError, match="below 2, got 2"):
        statistics.profile_interval(2)
    with pytest.raises(ValueError, match="parameter"):
        statistics.profile_interval(-1)
    with pytest.raises(TypeError, match="parameter"):
        statistics.profile_interval(1.0)
    with pytest.raises(ValueError, match="finite"):
        statistics.profile(0).tau(np.nan)


@pytest.mark.slow
def test_coverage():
    """The profile interval misses as often as it says, and to both sides alike."""
    generator = np.random.default_rng(0)
    x = np.array([0.5, 1.0, 2.0, 3.0, 5.0, 7.0])
    true = np.array([20.0, 0.4])

    def model(w):
        return w[0] * (1 - anp.exp(-w[1] * x))

    runs = 400
    profile_misses, linear_misses = np.zeros(2), np.zeros(2)  # below the interval and above it
    for _ in range(runs):
        y = model(true) + 1.5 * generator.normal(size=x.size)
        statistics = rg.fit_statistics(*fitted(model, true, rg.SquaredLoss(y)))
        tau = statistics.profile(0).tau(true[0])
        profile_misses += [tau < -statistics.quantile, tau > statistics.quantile]
        lower, upper = statistics.intervals[0]
        linear_misses += [true[0] < lower, true[0] > upper]
    deviation = np.sqrt(runs * 0.025 * 0.975)
    assert np.all(np.abs(profile_misses - 0.025 * runs) < 3 * deviation)
    assert np.ptp(linear_misses) > np.ptp(profile_misses)
