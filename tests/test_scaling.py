import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riemgn.scaling import Standardiser, median


def test_columns_have_mean_zero_and_unit_deviation():
    rows = np.random.default_rng(0).normal(3.0, [1e-6, 1.0, 1e9], size=(50, 3))
    scaled = Standardiser.of(rows).forward(rows)
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(scaled.std(axis=0), 1, rtol=1e-9)


def test_agrees_with_scikit_learn():
    from sklearn.preprocessing import StandardScaler

    rows = np.random.default_rng(1).exponential(size=(40, 4))
    scaled = Standardiser.of(rows).forward(rows)
    np.testing.assert_allclose(scaled, StandardScaler().fit_transform(rows), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("value", [0.0, 0.1, -7.3, 1e300])
def test_constant_columns_are_zero_even_for_new_values(value):
    scaler = Standardiser.of(np.full((9, 1), value))
    assert scaler.constant.all()
    assert scaler.forward(np.array([[value], [value + 5.0]])).tolist() == [[0.0], [0.0]]
    np.testing.assert_allclose(scaler.backward(np.array([[2.0]])), value)


def test_a_spread_below_the_least_float_is_none():
    assert Standardiser.of(np.array([[0.0], [5e-324]])).constant.all()


def test_huge_numbers_do_not_overflow():
    rows = np.array([[1e308], [-1e308], [1.5e308]])
    np.testing.assert_allclose(Standardiser.of(rows).forward(rows).std(), 1)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=20))
def test_backward_undoes_forward(values):
    rows = np.array(values)[:, None]
    scaler = Standardiser.of(rows)
    back = scaler.backward(scaler.forward(rows))
    np.testing.assert_allclose(back, rows, atol=1e-9 * (1 + np.abs(rows).max()))


def test_the_robust_map_ignores_outliers():
    rows = np.random.default_rng(0).normal(5.0, 2.0, size=(401, 2))
    rows[:20, 0] = 1e6
    rows[:, 1] = np.arange(401) < 3  # its median absolute deviation is zero
    scaler = Standardiser.robust(rows)
    assert scaler.centre[0] == np.median(rows[:, 0])
    assert scaler.scale[0] == pytest.approx(2.0, rel=0.15)
    assert scaler.scale[1] == pytest.approx(rows[:, 1].std())


@pytest.mark.parametrize("standardiser", [Standardiser.of, Standardiser.robust])
def test_a_weight_of_two_is_the_row_twice(standardiser):
    rng = np.random.default_rng(3)
    for n in (1, 2, 5, 30):
        rows, counts = rng.exponential(size=(n, 3)), rng.integers(1, 5, n)
        rows[:, 2] = 4.0
        weighted = standardiser(rows, counts.astype(float))
        repeated = standardiser(np.repeat(rows, counts, axis=0))
        np.testing.assert_allclose(weighted.centre, repeated.centre, rtol=1e-13)
        np.testing.assert_allclose(weighted.scale, repeated.scale, rtol=1e-12)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.integers(1, 9)), min_size=1, max_size=30))
def test_the_weighted_median_is_that_of_repeated_rows(pairs):
    values, counts = np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])
    expected = np.median(np.repeat(values, counts))
    for unit in (1.0, 0.1, 1e-300, 1e300):  # halves of 0.1, 0.2, 0.3 are equal but for rounding
        found = median(values[:, None], unit * counts)[0]
        assert found == pytest.approx(expected, rel=1e-15, abs=1e-300)
