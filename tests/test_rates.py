"""Fitted rates: exact decays, scatter, floors of rounding, and times that lie unevenly."""

import numpy as np
import pytest

import riemgn as rg

fit_rate = rg.theory.fit_rate


def test_exact_decay():
    t = np.linspace(0, 3, 20)
    fit = fit_rate(t, 5 * np.exp(-1.7 * t))
    assert fit.rate == pytest.approx(1.7, rel=1e-12)
    assert fit.standard_error < 1e-12
    assert fit(t) == pytest.approx(5 * np.exp(-1.7 * t))
    assert fit.floor == 0
    assert fit.used.all()


@pytest.mark.parametrize("seed", range(5))
def test_rounding_floor_is_left_out(seed):
    generator = np.random.default_rng(seed)
    t = np.linspace(0, 40, 161)
    loss = 36.0 + 50 * np.exp(-1.34 * t)
    gap = loss - (36.0 + 1e-15 * generator.normal())  # differences of rounded numbers
    gap += 1e-14 * generator.normal(size=t.size)
    fit = fit_rate(t, gap)
    assert fit.rate == pytest.approx(1.34, rel=2e-3)
    assert 0 < fit.floor < 1e-12
    assert not fit.used[-1]
    assert np.log(50 / fit.floor) / 1.34 > t[fit.used][-1] > 20


@pytest.mark.parametrize("floor", [1e-13, 1e-6, 1e-3])
def test_positive_floor_is_left_out(floor):
    t = np.linspace(0, 60, 121)
    generator = np.random.default_rng(1)
    gap = np.exp(-0.8 * t) + floor * (1 + 0.3 * generator.uniform(-1, 1, size=t.size))
    fit = fit_rate(t, gap)
    assert fit.rate == pytest.approx(0.8, rel=0.03)
    assert fit.floor == pytest.approx(floor, rel=0.5)


def test_slow_phase_after_a_fast_one_is_no_floor():
    t = np.linspace(0, 20, 200)
    fit = fit_rate(t, np.exp(-5 * t) + 1e-2 * np.exp(-0.3 * t))
    assert fit.used.all()
    assert fit.floor == 0
    late = t > 4
    gap = np.exp(-5 * t[late]) + 1e-2 * np.exp(-0.3 * t[late])
    assert fit_rate(t[late], gap).rate == pytest.approx(0.3, rel=1e-4)


def test_standard_error_is_that_of_repeated_measurements():
    t = np.linspace(0, 4, 60)
    generator = np.random.default_rng(0)
    fits = [fit_rate(t, np.exp(-t + 0.2 * generator.normal(size=t.size))) for _ in range(400)]
    rates = np.array([fit.rate for fit in fits])
    assert rates.mean() == pytest.approx(1.0, abs=4 * rates.std() / 20)
    # the jackknife of ten blocks is right on average, within a tenth or so
    assert np.mean([fit.standard_error for fit in fits]) == pytest.approx(rates.std(), rel=0.2)


def test_line_does_not_depend_on_where_the_times_lie():
    def gap(t):
        return np.exp(-3 * t) + 0.1 * np.exp(-0.5 * t)

    even = np.linspace(0, 6, 3001)
    uneven = 6 * np.linspace(0, 1, 3001) ** 3
    one, other = (fit_rate(t, gap(t)).rate for t in (even, uneven))
    assert one == pytest.approx(other, rel=1e-4)
    plain = -np.polyfit(uneven, np.log(gap(uneven)), 1)[0]
    assert abs(plain - one) > 0.2 * one  # what unweighted squares would say


def test_growth_has_a_negative_rate():
    t = np.linspace(0, 1, 10)
    assert fit_rate(t, np.exp(0.5 * t)).rate == pytest.approx(-0.5)


@pytest.mark.parametrize(
    ("times", "gaps", "words"),
    [
        ([0, 1, 2], [1, 0.5], "gaps must have shape"),
        ([0, 1, 1], [1, 0.5, 0.2], "times must increase"),
        ([0, 1, 2], [-1.0, -0.5, 0.1], "at least three positive"),
        ([0, 1], [1.0, 0.5], "at least three positive"),
        ([0, 1, 2], [1.0, np.nan, 0.1], "gaps must be finite"),
    ],
)
def test_bad_arguments(times, gaps, words):
    with pytest.raises(ValueError, match=words):
        fit_rate(times, gaps)


@pytest.mark.parametrize(
    ("rate", "floor", "creep"), [(2.0, 1e-12, 0.0), (0.5, 1e-2, 0.0), (2.0, 1e-9, 0.01)]
)
def test_smooth_floor_is_left_out(rate, floor, creep):
    t = np.linspace(0, 20, 200)
    fit = fit_rate(t, np.exp(-rate * t) + floor * np.exp(-creep * t))
    assert fit.rate == pytest.approx(rate, rel=0.05)
    assert fit.floor == pytest.approx(floor, rel=1.0)
