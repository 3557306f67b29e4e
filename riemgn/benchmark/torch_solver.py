"""torch-levenberg-marquardt as a method of the comparison; imports torch."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from torch_levenberg_marquardt.damping import StandardDampingStrategy
from torch_levenberg_marquardt.training import LevenbergMarquardtModule

from riemgn.benchmark.problems import FitProblem
from riemgn.benchmark.traces import Trace
from riemgn.networks import Network


def fit(problem: FitProblem, trace: Trace, first_damping: float) -> str:
    """Fit on one thread in float64, and return why it stopped.

    The linear solver is Cholesky, the package's fastest; its default first damping is 1e-3.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        model = as_torch(problem.network, problem.start)
        X, y = torch.from_numpy(problem.X), torch.from_numpy(problem.y)[:, None]
        module = LevenbergMarquardtModule(
            model,
            damping_strategy=StandardDampingStrategy(starting_value=first_damping),
            solve_method="cholesky",
        )
        trace.start()
        trace.note(module.flat_params.numpy().copy())
        stopped = False
        while not stopped:
            _, _, stopped, _ = module.training_step(X, y)
            trace.note(module.flat_params.numpy().copy())
    finally:
        torch.set_num_threads(threads)
    return "the damping grew to its limit"


def as_torch(network: Network, w: np.ndarray) -> torch.nn.Sequential:
    """Return a tanh network with parameters w as a float64 torch module; both order w alike."""
    layers = []
    for inputs, outputs in pairwise(network.widths):
        layers += [torch.nn.Linear(inputs, outputs, dtype=torch.float64), torch.nn.Tanh()]
    model = torch.nn.Sequential(*layers[:-1])
    torch.nn.utils.vector_to_parameters(torch.from_numpy(w.copy()), model.parameters())
    return model
