"""Nonlinear regressions with values that other programs computed, from the files of tests/data."""

import json
import math
from pathlib import Path

import autograd.numpy as anp
import numpy as np

import riemgn as rg

DATA = Path(__file__).parent / "data"
FUNCTIONS = {
    "exp": anp.exp,
    "log": anp.log,
    "cos": anp.cos,
    "sin": anp.sin,
    "arctan": anp.arctan,
    "pi": math.pi,
}


def names(folder):
    return sorted(path.stem for path in (DATA / folder).glob("*.json"))


class Regression:
    """A case: its file's `facts`, its model, and the problem of fitting it."""

    def __init__(self, folder, name):
        self.facts = json.loads((DATA / folder / f"{name}.json").read_text())
        columns = {key: np.array(column) for key, column in self.facts["data"].items()}
        self.parameters = self.facts["parameters"]

        def model(b):
            values = {parameter: b[i] for i, parameter in enumerate(self.parameters)}
            return eval(self.facts["model"], FUNCTIONS, {**columns, **values})

        self.model = model
        self.y = np.asarray(eval(self.facts["response"], FUNCTIONS, columns))
        f = rg.autograd_immersion(model, dim=self.facts["p"], ambient_dim=self.facts["n"])
        self.manifold = rg.ImmersedManifold(f)
        self.problem = rg.Problem(self.manifold, rg.SquaredLoss(self.y))

    def minimum(self, start):
        """The minimum near a start, to all digits."""
        return minimum(self.problem, start)


def minimum(problem, start):
    return rg.minimize(problem, problem.manifold.point(start)).point


def fitted(function, start, loss):
    """The problem of an `autograd.numpy` function under a loss, and its minimum."""
    dim = len(start)
    problem = rg.Problem(rg.ImmersedManifold(rg.autograd_immersion(function, dim=dim)), loss)
    return problem, minimum(problem, start)
