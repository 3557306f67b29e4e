"""`rg.minimize` with its defaults on Moré, Garbow and Hillstrom's problems, near and far."""

import pytest

from riemgn.benchmark.arrivals import OURS
from riemgn.benchmark.collection import INSTANCES
from riemgn.benchmark.collection.minima import FACTORS
from riemgn.benchmark.evidence import collection_run

LONG = {"Brown almost linear 30", "Brown almost linear 40"}
RUNS = [
    pytest.param(
        instance,
        factor,
        marks=[pytest.mark.slow] if factor == 100 or instance.name in LONG else [],
        id=f"{instance.name} x{factor}",
    )
    for instance in INSTANCES
    for factor in FACTORS
]


@pytest.mark.parametrize(("instance", "factor"), RUNS)
def test_every_problem_is_solved_from_every_start(instance, factor):
    run = collection_run(OURS, instance, factor)
    assert run.solved, f"{run.arrival.sum_of_squares:.10g}: {run.arrival.ending}"
    assert run.arrival.success, run.arrival.ending
