"""Threads of a step: both BLAS pools are held at one, the cores are used by row blocks instead.

numpy's and scipy's wheels each bring an OpenBLAS whose idle workers spin against the other's, so that
alternating calls at two threads run slower than at one (docs/performance.md).
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np
import scipy.linalg  # noqa: F401 - its BLAS must be loaded before the pools are counted
from threadpoolctl import ThreadpoolController

# How many threads the user allowed when the outermost step began; None outside a step.
_allowed: ContextVar[int | None] = ContextVar("allowed_threads", default=None)

# Below this many multiplications a second thread costs more than it brings.
_WORTH_A_THREAD = 2e8


@functools.cache
def _pools() -> ThreadpoolController:
    return ThreadpoolController().select(user_api="blas")


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Hold every BLAS pool at one thread, and restore the user's setting afterwards."""
    if _allowed.get() is not None:
        yield
        return
    pools = _pools()
    counts = [pool.num_threads for pool in pools.lib_controllers]
    token = _allowed.set(max(counts, default=1))
    try:
        with pools.limit(limits=1):
            yield
    finally:
        _allowed.reset(token)


def gram(rows: np.ndarray) -> np.ndarray:
    """Return `rows @ rows.T` for a C-ordered (p, n) array, summed over blocks of columns.

    With `rows` the transposed Jacobian this is J^T J, (p, p). Each block is one symmetric rank update.
    """
    p, n = rows.shape
    workers = _allowed.get() or 1
    if workers == 1 or n < 2 * workers or n * p**2 < _WORTH_A_THREAD:
        return rows @ rows.T
    edges = np.linspace(0, n, workers + 1).astype(int)
    blocks = [rows[:, a:b] for a, b in zip(edges[:-1], edges[1:], strict=True)]
    with ThreadPoolExecutor(workers) as pool:
        parts = list(pool.map(lambda block: block @ block.T, blocks))
    return sum(parts[1:], start=parts[0])
