"""Threads of a step: both BLAS pools are held at one, the cores are used by row blocks instead.

numpy's and scipy's wheels each bring an OpenBLAS whose idle workers spin against the other's, so
that alternating calls at two threads run slower than at one (docs/performance.md).
"""

from __future__ import annotations

import functools
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import pairwise

import numpy as np
import scipy.linalg  # noqa: F401 - its BLAS must be loaded before the pools are counted
from threadpoolctl import ThreadpoolController

# How many threads the user allowed when the outermost step began; None outside a step.
_allowed: ContextVar[int | None] = ContextVar("allowed_threads", default=None)

# Below this many multiplications a second thread costs more than it brings.
_WORTH_A_THREAD = 2e8


# Of steps that run at once on several threads, the one that holds this sets and restores the pools:
# threadpoolctl ignores settings from any thread but the first that made one.
_held = threading.Lock()


@functools.cache
def _pools() -> ThreadpoolController:
    return ThreadpoolController().select(user_api="blas")


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Hold every BLAS pool at one thread, and restore the user's setting afterwards."""
    if _allowed.get() is not None:
        yield
    elif _held.acquire(blocking=False):
        try:
            counts = [pool.num_threads for pool in _pools().lib_controllers]
            with _step(max(counts, default=1)), _pools().limit(limits=1):
                yield
        finally:
            _held.release()
    else:
        with _step(1):
            yield


@contextmanager
def _step(threads: int) -> Iterator[None]:
    token = _allowed.set(threads)
    try:
        yield
    finally:
        _allowed.reset(token)


def gram(rows: np.ndarray) -> np.ndarray:
    """Return `rows @ rows.T` of a (p, n) array, summed over blocks of columns on several threads.

    With `rows` the transposed Jacobian this is J^T J, (p, p). Each block is one symmetric rank
    update.
    """
    p, n = rows.shape
    workers = _allowed.get() or 1
    if workers == 1 or n < 2 * workers or n * p**2 < _WORTH_A_THREAD:
        return rows @ rows.T
    edges = np.linspace(0, n, workers + 1).astype(int)
    blocks = (rows[:, start:end] for start, end in pairwise(edges))
    return sum_in_order(mapped(lambda block: block @ block.T, blocks))


def sum_in_order(terms: Iterator[np.ndarray]) -> np.ndarray:
    """Return the sum of arrays, added to the first of them as they come."""
    total = next(terms)
    for term in terms:
        total += term
    return total


def mapped(function: Callable, items: Iterator) -> Iterator:
    """Yield `function(item)` in order, on as many threads as the step may use.

    No more items are alive at once than threads work on them.
    """
    workers = _allowed.get() or 1
    if workers == 1:
        yield from map(function, items)
        return
    # a worker belongs to this step and starts no threads of its own
    with ThreadPoolExecutor(workers, initializer=_allowed.set, initargs=(1,)) as pool:
        running: deque = deque()
        for item in items:
            running.append(pool.submit(function, item))
            if len(running) >= workers:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()
