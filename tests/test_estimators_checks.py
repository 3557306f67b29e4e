import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

import riemgn as rg

pytestmark = [
    pytest.mark.slow,
    # what scikit-learn's array API check says where that API is not switched on
    pytest.mark.filterwarnings("ignore:.*SCIPY_ARRAY_API:UserWarning"),
]

FAST = [
    rg.GaussNewtonRegressor(ridge=1.0),
    rg.GaussNewtonClassifier(ridge=1.0),
    rg.GaussNewtonRegressor(loss="huber", ridge=0.01),
    rg.GaussNewtonRegressor(hidden=(5, 4), method="gauss-newton", ridge=1.0, validation=0.25),
    rg.GaussNewtonClassifier(hidden=(), ridge=1.0, warm_start=True),
    rg.GaussNewtonClassifier(hidden=4, activation="softplus", ridge=1.0, method="gauss-newton"),
]

DEFAULTS = [rg.GaussNewtonRegressor(), rg.GaussNewtonClassifier()]


@parametrize_with_checks(FAST)
def test_scikit_learns_checks(estimator, check):
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks(DEFAULTS)
def test_scikit_learns_checks_of_the_defaults(estimator, check):
    check(estimator)


def _with_negative_targets(estimator):
    return {"check_regressor_multioutput": "its targets are negative, where no rate can be"}


@parametrize_with_checks(
    [rg.GaussNewtonRegressor(loss="poisson", ridge=1.0)],
    expected_failed_checks=_with_negative_targets,
)
def test_scikit_learns_checks_of_rates(estimator, check):
    check(estimator)
