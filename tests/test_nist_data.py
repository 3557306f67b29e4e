"""NIST's certified regressions: the data in this folder reproduce what NIST certifies."""

import numpy as np
import pytest
from autograd import jacobian

from riemgn.benchmark.certified import FOLDER, Regression, regressions

REGRESSIONS = regressions(FOLDER)
# Its residuals lie below the rounding of the certified digits (tests/data/nist/README.md).
BELOW_ROUNDING = "Lanczos1"


def reproducible():
    return [
        pytest.param(regression, id=regression.name)
        for regression in REGRESSIONS
        if regression.name != BELOW_ROUNDING
    ]


def residuals(regression):
    return regression.model(regression.certified) - regression.response


def test_all_27_are_there():
    assert len(REGRESSIONS) == 27
    assert len({regression.name for regression in REGRESSIONS}) == 27


@pytest.mark.parametrize("regression", REGRESSIONS, ids=lambda regression: regression.name)
def test_sizes_agree(regression):
    p = regression.certified.size
    assert regression.response.ndim == 1
    assert [start.shape for start in regression.starts] == [(p,), (p,)]
    assert regression.certified_sd.shape == (p,)
    assert regression.model(regression.starts[0]).shape == regression.response.shape
    variance = regression.rss / (regression.response.size - p)
    assert np.sqrt(variance) == pytest.approx(regression.residual_sd, rel=2e-10)


@pytest.mark.parametrize("regression", reproducible())
def test_certified_parameters_have_the_certified_sum_of_squares(regression):
    r = residuals(regression)
    assert r @ r == pytest.approx(regression.rss, rel=2e-10)


@pytest.mark.parametrize("regression", reproducible())
def test_certified_parameters_have_the_certified_standard_deviations(regression):
    # in units of the parameters: the Jacobian's columns then differ less in size
    J = jacobian(regression.model)(regression.certified) * regression.certified
    R = np.linalg.qr(J, mode="r")
    rows = np.linalg.norm(np.linalg.inv(R), axis=1)
    sd = regression.residual_sd * rows * np.abs(regression.certified)
    np.testing.assert_allclose(sd, regression.certified_sd, rtol=1e-8)


@pytest.mark.parametrize("regression", reproducible())
def test_certified_parameters_are_first_order_points(regression):
    J = jacobian(regression.model)(regression.certified) * regression.certified
    step = np.linalg.lstsq(J, -residuals(regression), rcond=1e-15)[0]
    assert np.max(np.abs(step)) < 3e-10


def test_digits_are_those_of_the_worst_parameter():
    regression = Regression(
        name="line",
        difficulty="Lower",
        model=lambda b: b,
        response=np.zeros(2),
        starts=(np.ones(2), np.ones(2)),
        certified=np.array([1.0, -200.0]),
        certified_sd=np.ones(2),
        rss=1.0,
        residual_sd=1.0,
    )
    assert regression.digits(np.array([1.0, -200.0])) == 11.0
    assert regression.digits(np.array([1.0001, -200.0])) == pytest.approx(4.0)
    assert regression.digits(np.array([1.0, -220.0])) == pytest.approx(1.0)
    assert regression.digits(np.array([1.0, np.nan])) == -1.0


def test_a_folder_without_problems_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no problems"):
        regressions(tmp_path)
