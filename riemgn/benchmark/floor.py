"""What an iteration costs at least: one Gram matrix, one Jacobian and one Cholesky factor."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from riemgn.benchmark.problems import FitProblem

_SIZE = 1200
_FILLED = 2**23


@dataclass(frozen=True)
class Rates:
    """What one core does.

    Attributes:
        gemm: Floating-point operations a second in a large matrix product.
        fill: Bytes a second when warm memory is filled.
    """

    gemm: float
    fill: float


def measured_rates() -> Rates:
    """Measure the rates on one BLAS thread, the best of several trials."""
    A, B, C = (np.ones((_SIZE, _SIZE)) for _ in range(3))
    buffer = np.zeros(_FILLED)
    with threadpool_limits(limits=1):
        product = least_seconds(lambda: np.matmul(A, B, out=C))
        filling = least_seconds(lambda: buffer.fill(1.0))
    return Rates(gemm=2 * _SIZE**3 / product, fill=buffer.nbytes / filling)


def floor_seconds(problem: FitProblem, rates: Rates) -> float:
    """Return the least seconds of an iteration.

    For p <= n, `n p^2 / gemm + 8 n p / fill + p^3 / (3 gemm)`; for p > n, with the kernel built
    layer by layer, `n^2 sum(widths) / gemm + n^3 / (3 gemm)`.
    """
    n, p = problem.shape
    if p > n:
        return (n**2 * sum(problem.network.widths) + n**3 / 3) / rates.gemm
    return (n * p**2 + p**3 / 3) / rates.gemm + 8 * n * p / rates.fill


def least_seconds(
    work: Callable[[], object],
    trials: int = 7,
    clock: Callable[[], float] = time.process_time,
) -> float:
    """Return the least time of one call, on the CPU's clock unless another is given."""
    seconds = []
    for _ in range(trials):
        began = clock()
        work()
        seconds.append(clock() - began)
    return min(seconds)
