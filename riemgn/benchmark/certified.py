"""NIST's certified nonlinear regressions, read from the JSON files of tests/data/nist."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import autograd.numpy as anp
import numpy as np

FOLDER = Path(__file__).parents[2] / "tests" / "data" / "nist"
CERTIFIED_DIGITS = 11.0
_NAMES = {
    "__builtins__": {},
    "exp": anp.exp,
    "log": anp.log,
    "cos": anp.cos,
    "sin": anp.sin,
    "arctan": anp.arctan,
    "pi": math.pi,
}


@dataclass(frozen=True)
class Regression:
    """One certified regression: fit `model(b)` to `response`.

    Attributes:
        name: NIST's name for it.
        difficulty: "Lower", "Average" or "Higher", as NIST has it.
        model: Takes parameters b (p,) and returns predictions (n,), traceable by autograd.
        response: What is fitted, (n,).
        starts: NIST's two starting points, each (p,), the farther one first.
        certified: Certified parameters, (p,).
        certified_sd: Their certified standard deviations, (p,).
        rss: The certified sum of squared residuals, without a factor 1/2.
        residual_sd: The certified residual standard deviation.
    """

    name: str
    difficulty: str
    model: Callable
    response: np.ndarray
    starts: tuple[np.ndarray, np.ndarray]
    certified: np.ndarray
    certified_sd: np.ndarray
    rss: float
    residual_sd: float

    @property
    def p(self) -> int:
        """The number of parameters."""
        return self.certified.size

    def digits(self, estimate: np.ndarray) -> float:
        """Return the digits to which the worst parameter agrees, at most 11; -1 where not finite.

        That is NIST's log relative error, min_j -log10(|b_j - certified_j| / |certified_j|).
        """
        if not np.all(np.isfinite(estimate)):
            return -1.0
        error = np.abs(estimate - self.certified) / np.abs(self.certified)
        return float(-np.log10(max(np.max(error), 10.0**-CERTIFIED_DIGITS)))


def regressions(folder: Path) -> list[Regression]:
    """Return the regressions of a folder in the order of their names.

    Args:
        folder: Holds one JSON file a problem (tests/data/nist/README.md). Their formulas are
            evaluated as Python.

    Raises:
        ValueError: It holds none.
    """
    files = sorted(folder.glob("*.json"))
    if not files:
        raise ValueError(f"data must be a folder of JSON files, found no problems in {folder}")
    return [_read(file) for file in files]


def _read(file: Path) -> Regression:
    content = json.loads(file.read_text())
    columns = {name: np.array(column) for name, column in content["data"].items()}
    formula = compile(content["model"], content["name"], "eval")
    names = content["parameters"]

    def model(b):
        values = {name: b[j] for j, name in enumerate(names)}
        return eval(formula, _NAMES, {**columns, **values})

    first, second = (np.array(start) for start in content["starts"])
    return Regression(
        name=content["name"],
        difficulty=content["difficulty"],
        model=model,
        response=np.asarray(eval(content["response"], _NAMES, columns)),
        starts=(first, second),
        certified=np.array(content["certified"]),
        certified_sd=np.array(content["certified_sd"]),
        rss=content["rss"],
        residual_sd=content["residual_sd"],
    )
