"""`rg.minimize` with its defaults on all of NIST's certified regressions, from both starts."""

import numpy as np
import pytest

from riemgn.benchmark.arrivals import OURS, arrival_of_function
from riemgn.benchmark.certified import FOLDER, regressions

RUNS = [
    pytest.param(regression, start, id=f"{regression.name} from start {start}")
    for regression in regressions(FOLDER)
    for start in (1, 2)
]
MOST_POINTS = 200
MEDIAN_POINTS = 12


@pytest.fixture(scope="module")
def arrivals():
    """Each run once, by regression and start."""
    kept = {}

    def of(regression, start):
        key = regression.name, start
        if key not in kept:
            first = regression.starts[start - 1]
            kept[key] = arrival_of_function(OURS, regression.model, regression.response, first)
        return kept[key]

    return of


@pytest.mark.parametrize(("regression", "start"), RUNS)
def test_all_certified_digits_but_the_last_are_found(arrivals, regression, start):
    end = arrivals(regression, start)
    assert regression.digits(end.params) >= 10.0, end.ending
    assert end.success, end.ending
    assert end.points <= MOST_POINTS


def test_the_median_run_tries_few_points(arrivals):
    points = [arrivals(*run.values).points for run in RUNS]
    assert np.median(points) <= MEDIAN_POINTS


def test_points_are_counted_once_each(arrivals):
    # at least a point for each parameter and no derivative by differences, which would need more
    misra = next(run.values[0] for run in RUNS if run.values[0].name == "Misra1a")
    assert 3 <= arrivals(misra, 2).points <= 12
