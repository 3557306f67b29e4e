"""The three sets of problems that `riemgn.minimize` is measured by, each run by every method."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from riemgn.benchmark.arrivals import (
    FUNCTION_METHODS,
    NETWORK_METHODS,
    Arrival,
    Fit,
    arrival,
    arrival_of_function,
)
from riemgn.benchmark.certified import Regression
from riemgn.benchmark.collection import INSTANCES, Instance, Minimum
from riemgn.benchmark.collection.minima import FACTORS
from riemgn.benchmark.network_fits import NetworkFit

SOLVED_DIGITS = 6.0


@dataclass(frozen=True)
class CertifiedRun:
    """A method on a certified regression from one of its starts, 1 or 2."""

    regression: Regression
    start: int
    arrival: Arrival

    @property
    def digits(self) -> float:
        """To how many digits the worst parameter agrees with the certified one."""
        return self.regression.digits(self.arrival.params)

    @property
    def solved(self) -> bool:
        """Whether all parameters agree to six digits."""
        return self.digits >= SOLVED_DIGITS


@dataclass(frozen=True)
class CollectionRun:
    """A method on a problem of the collection from a multiple of its standard start."""

    instance: Instance
    factor: int
    arrival: Arrival

    @property
    def minimum(self) -> Minimum | None:
        """The known minimum at which the run ended (`Instance.reached`)."""
        return self.instance.reached(self.arrival.sum_of_squares, self.factor)

    @property
    def solved(self) -> bool:
        """Whether that is one."""
        return self.minimum is not None


@dataclass(frozen=True)
class NetworkRun:
    """riemgn and scipy's trf on a network fit."""

    fit: NetworkFit
    ours: Arrival
    peer: Arrival
    first_sum_of_squares: float

    @property
    def is_as_low(self) -> bool:
        """Whether riemgn ends at or below trf, up to six digits or 1e-12 of the start's loss."""
        bound = self.peer.sum_of_squares * (1 + 1e-6) + 1e-12 * self.first_sum_of_squares
        return self.ours.sum_of_squares <= bound


def certified_runs(problems: list[Regression]) -> Iterator[CertifiedRun]:
    """Yield every method on every regression from both starts, as each ends."""
    for problem in problems:
        for number, start in enumerate(problem.starts, start=1):
            for method in FUNCTION_METHODS:
                with threadpool_limits(limits=1):
                    end = arrival_of_function(method, problem.model, problem.response, start)
                yield CertifiedRun(problem, number, end)


def collection_runs(methods: Iterable[str] = FUNCTION_METHODS) -> Iterator[CollectionRun]:
    """Yield the methods on every problem from 1, 10 and 100 times its start, as each ends."""
    for instance in INSTANCES:
        for factor in FACTORS:
            for method in methods:
                yield collection_run(method, instance, factor)


def collection_run(method: str, instance: Instance, factor: int) -> CollectionRun:
    """Run one method on one problem from one start."""
    with threadpool_limits(limits=1):
        end = arrival_of_function(
            method, instance.function, np.zeros(instance.n), instance.start(factor)
        )
    return CollectionRun(instance, factor, end)


def network_runs(fits: list[NetworkFit]) -> Iterator[NetworkRun]:
    """Yield riemgn beside trf on every network fit, as each pair ends."""
    for fit in fits:
        problem = Fit(fit.network.immersion(fit.X), fit.y, fit.start)
        with threadpool_limits(limits=1):
            ours, peer = (arrival(method, problem) for method in NETWORK_METHODS)
        yield NetworkRun(fit, ours, peer, problem.sum_of_squares(fit.start))
