"""What two choices of riemgn's linear algebra bring: one BLAS thread, and a transposed Jacobian."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from scipy.linalg.blas import dgemm
from threadpoolctl import threadpool_limits

from riemgn.benchmark.floor import least_seconds
from riemgn.benchmark.problems import RECIPES, FitProblem

_SIZE = 800


def least_wall(work: Callable[[], object]) -> float:
    """Return the least wall time of one call in seconds."""
    return least_seconds(work, clock=time.perf_counter)


def product_rates() -> dict[str, float]:
    """Return GF/s of matrix products by numpy's BLAS alone and in turn with scipy's, by wall time.

    Both bring an OpenBLAS of their own, whose idle threads spin for a while after each call.
    """
    A, B = np.ones((_SIZE, _SIZE)), np.ones((_SIZE, _SIZE), order="F")

    def alone() -> None:
        A @ A
        A @ A

    def in_turn() -> None:
        A @ A
        dgemm(1.0, B, B)

    work = 4 * _SIZE**3 / 1e9
    rates = {
        "numpy alone, all threads": work / least_wall(alone),
        "numpy and scipy in turn, all threads": work / least_wall(in_turn),
    }
    with threadpool_limits(limits=1):
        rates["numpy alone, one thread"] = work / least_wall(alone)
        rates["numpy and scipy in turn, one thread"] = work / least_wall(in_turn)
    return rates


def jacobian_times(name: str = "U2") -> dict[str, float]:
    """Return milliseconds of one Jacobian of a problem, as riemgn fills it and in other ways."""
    problem = RECIPES[name].problem(0)
    kept, w = problem.immersion(), problem.start
    buffer = np.zeros(problem.shape)
    samples = problem.X
    ways: dict[str, Callable[[], object]] = {
        "transposed, in a kept buffer (riemgn)": lambda: kept.at(w).jacobian(),
        "transposed, in fresh memory": lambda: problem.immersion().at(w).jacobian(),
        "sample by sample (C order)": lambda: sample_major_jacobian(problem, samples),
        "three fills of its memory": lambda: [buffer.fill(1.0) for _ in range(3)],
    }
    with threadpool_limits(limits=1):
        return {way: 1e3 * least_wall(work) for way, work in ways.items()}


def sample_major_jacobian(problem: FitProblem, X: np.ndarray) -> np.ndarray:
    """Return J (n, p) of a tanh network in C order, every array (samples, width)."""
    layers = problem.network.unflatten(problem.start)
    entering = [X]
    for W, b in layers[:-1]:
        entering.append(np.tanh(entering[-1] @ W.T + b))
    J = np.empty(problem.shape)
    D = np.ones((X.shape[0], 1))
    for l in range(len(layers) - 1, -1, -1):
        weights, biases = problem.network.layer_slices[l]
        H = entering[l]
        J[:, weights] = (D[:, :, None] * H[:, None, :]).reshape(X.shape[0], -1)
        J[:, biases] = D
        if l:
            D = (D @ layers[l][0]) * (1 - H**2)
    return J
