"""What the records of a run cost descents in the parameters: their seconds over those of a loop."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.optimize import minimize as scipy_minimize

from riemgn.benchmark.floor import least_seconds
from riemgn.linalg import one_blas_thread
from riemgn.losses import SquaredLoss
from riemgn.manifolds import OutputManifold
from riemgn.minimization import Method, minimize
from riemgn.networks import Network
from riemgn.optimizers import LBFGS, Adam, FixedStepDescent
from riemgn.problem import Problem

STEPS = 300
ADAM_STEP, FIXED_STEP = 1e-3, 1e-4
SIZES = ((50, 3, 4), (442, 10, 16), (2000, 20, 50))  # samples, inputs, hidden units

CostAndGradient = Callable[[np.ndarray], tuple[float, np.ndarray]]


@dataclass(frozen=True)
class RecordingRow:
    """What runs on one network are charged, as multiples of a loop's seconds.

    Attributes:
        samples, weights: The size of the network's problem.
        ratios: By the name of the method.
    """

    samples: int
    weights: int
    ratios: dict[str, float]


def recording_costs(trials: int = 5) -> Iterator[RecordingRow]:
    """Yield the costs for each size, of the least seconds of some trials."""
    with one_blas_thread():
        for size in SIZES:
            yield _row(*size, trials)


def _row(samples: int, inputs: int, hidden: int, trials: int) -> RecordingRow:
    X = np.random.default_rng(0).normal(size=(samples, inputs))
    y = np.sin(X.sum(axis=1))
    network = Network([inputs, hidden, 1])
    problem = Problem(OutputManifold(network, X), SquaredLoss(y))
    w0, bare = network.init(seed=0), cost_and_gradient(X, y, hidden)
    ratios = {}
    for name, (method, loop) in METHODS.items():
        charged = _charged(problem, w0, method, trials)  # first: a loop alone has cold memory
        ratios[name] = charged / least_seconds(partial(loop, bare, w0), trials, time.perf_counter)
    return RecordingRow(samples, network.dim, ratios)


def cost_and_gradient(X: np.ndarray, y: np.ndarray, hidden: int) -> CostAndGradient:
    """Return half the squared error of a tanh network and its gradient, in plain numpy."""
    inputs = X.shape[1]
    ends = np.cumsum([hidden * inputs, hidden, hidden])

    def of(w: np.ndarray) -> tuple[float, np.ndarray]:
        A, b, c, d = np.split(w, ends)
        H = np.tanh(X @ A.reshape(hidden, inputs).T + b)
        r = H @ c + d - y
        D = np.outer(r, c) * (1 - H**2)
        gradient = np.concatenate([(D.T @ X).ravel(), D.sum(axis=0), H.T @ r, [r.sum()]])
        return 0.5 * float(r @ r), gradient

    return of


def _charged(problem: Problem, w0: np.ndarray, method: Method, trials: int) -> float:
    """Return the seconds charged up to the last step of a run, the least of some trials.

    That step may lie beyond the best point, where the history of the result ends.
    """
    charged = []
    for _ in range(trials):
        told = deque(maxlen=1)
        start = problem.manifold.point(w0)
        minimize(problem, start, method, told.append, max_iterations=STEPS, tolerance=0)
        charged.append(told[0].seconds)
    return min(charged)


def _adam(f: CostAndGradient, w: np.ndarray) -> None:
    mean = square = 0.0
    for k in range(1, STEPS + 1):
        gradient = f(w)[1]
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.999 * square + 0.001 * gradient**2
        w = w - ADAM_STEP * (mean / (1 - 0.9**k)) / (np.sqrt(square / (1 - 0.999**k)) + 1e-8)


def _fixed_step(f: CostAndGradient, w: np.ndarray) -> None:
    for _ in range(STEPS):
        w = w - FIXED_STEP * f(w)[1]


def _lbfgs(f: CostAndGradient, w: np.ndarray) -> None:
    limits = {"maxiter": STEPS, "maxfun": 100 * STEPS, "ftol": 0.0, "gtol": 0.0}
    scipy_minimize(f, w, jac=True, method="L-BFGS-B", options=limits)


METHODS: dict[str, tuple[Method, Callable[[CostAndGradient, np.ndarray], None]]] = {
    "Adam": (Adam(ADAM_STEP), _adam),
    "fixed step": (FixedStepDescent(FIXED_STEP), _fixed_step),
    "L-BFGS": (LBFGS(), _lbfgs),
}
