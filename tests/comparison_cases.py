"""Comparisons made by hand, whose every number is known."""

import numpy as np

from riemgn.comparison import Comparison, MethodRun
from riemgn.optimizers.optimality import Optimality
from riemgn.optimizers.records import Record
from riemgn.optimizers.results import Result


def run(method, seed, losses, seconds, evaluations=None):
    """A run with these losses at these seconds."""
    evaluations = evaluations or range(1, len(losses) + 1)
    at = Optimality(1.0, 2.0, 0.0, cost=losses[-1])
    history = [
        Record(k, loss, at, 1.0, 1.0, 0.0, spent, second, None)
        for k, (loss, second, spent) in enumerate(zip(losses, seconds, evaluations, strict=True))
    ]
    result = Result(
        point=None,
        cost=min(losses),
        iterations=len(losses) - 1,
        stopping_criterion="Terminated - made by hand.",
        time=seconds[-1],
        cost_evaluations=history[-1].evaluations,
        gradient_norm=1.0,
        log={},
        history=history,
        optimality=at,
    )
    return MethodRun(method, seed, result)


def failed(method, seed):
    """A run that came to nothing."""
    return MethodRun(method, seed, None, "NumericalError: made by hand")


def comparison(*runs, ended="complete"):
    """A comparison of runs, by method and seed."""
    methods = tuple(dict.fromkeys(run.method for run in runs))
    ordered = sorted(runs, key=lambda run: (methods.index(run.method), run.seed))
    budget = {"max_iterations": 9, "max_time": 1.0, "max_evaluations": None, "tolerance": 1e-8}
    return Comparison(tuple(ordered), methods, "a problem made by hand", budget, ended)


def two_problems():
    """Three methods on two problems; seconds to the 0.1-accurate solutions are in the comments.

    Both start at 10 with the least loss 0, so that 1 is accurate enough.
    """
    quick = ([10.0, 5.0, 0.5], [0.0, 1.0, 2.0])
    exact = ([10.0, 0.9, 0.0], [0.0, 4.0, 9.0])
    never = ([10.0, 3.0, 2.0], [0.0, 0.1, 0.2])
    late = ([10.0, 8.0, 1.0], [0.0, 2.0, 6.0])
    first = comparison(
        run("a", 0, *quick),  # 2
        run("b", 0, *exact),  # 4
        run("c", 0, *never),  # never
    )
    second = comparison(
        run("a", 0, *late),  # 6
        run("b", 0, *exact),  # 4
        run("c", 0, *late),  # 6
    )
    return {"first": first, "second": second}


RATIOS = np.array([[1.0, 2.0, np.inf], [1.5, 1.0, 1.5]])
