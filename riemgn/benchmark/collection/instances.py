"""The collection's problems at the sizes of MINPACK's own driver of `lmder`: 28 of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from riemgn.benchmark.collection import functions, minima
from riemgn.benchmark.collection.minima import Minimum

RELATIVE_TOLERANCE = 1e-6
ZERO = 1e-16


@dataclass(frozen=True)
class Instance:
    """One problem at one size: minimise the sum of squares of `function`.

    Attributes:
        name: The function's name, and its sizes where it is there at several.
        function: Takes x (p,) and returns residuals (n,), traceable by autograd.
        n: The number of residuals.
        standard_start: The standard starting point, (p,).
        minima: The known minima, lowest first.
    """

    name: str
    function: Callable
    n: int
    standard_start: tuple[float, ...]
    minima: tuple[Minimum, ...]

    @property
    def p(self) -> int:
        """The number of parameters."""
        return len(self.standard_start)

    def start(self, factor: int = 1) -> np.ndarray:
        """Return the standard start times a factor, (p,).

        Watson's is zero; in its place stands, as in MINPACK, the factor itself in all parameters.
        """
        x = np.array(self.standard_start)
        return factor * x if factor == 1 or x.any() else np.full(self.p, float(factor))

    def sum_of_squares(self, x: np.ndarray) -> float:
        """Return the sum of squares of the residuals at x (p,): infinity where they overflow."""
        with np.errstate(all="ignore"):
            square = float(np.sum(self.function(x) ** 2))
        return square if np.isfinite(square) else np.inf

    def reached(self, sum_of_squares: float, factor: int) -> Minimum | None:
        """Return the minimum at which a run from `factor` times the start ended, None for none.

        That is what "solved" means here: a sum of squares equal to that of one of `minima`, global
        or not, up to a relative 1e-6 or an absolute 1e-16, which is what a zero minimum is judged
        by. Minima at infinity are limits of the sum of squares and count as the others do; a
        plateau counts only from the starts that lie on it (`Minimum.factors`).
        """
        for minimum in self.minima:
            tolerance = max(ZERO, RELATIVE_TOLERANCE * minimum.value)
            if factor in minimum.factors and abs(sum_of_squares - minimum.value) <= tolerance:
                return minimum
        return None


def _linear(name: str, function: Callable, minimum: Callable) -> list[Instance]:
    return [
        Instance(f"{name}, n = {n}", partial(function, n=n), n, (1.0,) * 5, (minimum(n, 5),))
        for n in (10, 50)
    ]


def _watson(p: int) -> Instance:
    return Instance(f"Watson {p}", functions.watson, 31, (0.0,) * p, minima.WATSON[p])


def _chebyquad(p: int) -> Instance:
    start = tuple(j / (p + 1) for j in range(1, p + 1))
    return Instance(
        f"Chebyquad {p}", partial(functions.chebyquad, n=p), p, start, minima.CHEBYQUAD[p]
    )


def _brown(p: int) -> Instance:
    return Instance(
        f"Brown almost linear {p}",
        functions.brown_almost_linear,
        p,
        (0.5,) * p,
        minima.brown_almost_linear(p),
    )


INSTANCES: tuple[Instance, ...] = (
    *_linear("Linear, full rank", functions.linear_full_rank, minima.linear_full_rank),
    *_linear("Linear, rank 1", functions.linear_rank_one, minima.linear_rank_one),
    *_linear(
        "Linear, rank 1 with zeros",
        functions.linear_rank_one_with_zeros,
        minima.linear_rank_one_with_zeros,
    ),
    Instance("Rosenbrock", functions.rosenbrock, 2, (-1.2, 1.0), minima.ROSENBROCK),
    Instance(
        "Helical valley", functions.helical_valley, 3, (-1.0, 0.0, 0.0), minima.HELICAL_VALLEY
    ),
    Instance(
        "Powell singular",
        functions.powell_singular,
        4,
        (3.0, -1.0, 0.0, 1.0),
        minima.POWELL_SINGULAR,
    ),
    Instance(
        "Freudenstein-Roth", functions.freudenstein_roth, 2, (0.5, -2.0), minima.FREUDENSTEIN_ROTH
    ),
    Instance("Bard", functions.bard, 15, (1.0, 1.0, 1.0), minima.BARD),
    Instance(
        "Kowalik-Osborne",
        functions.kowalik_osborne,
        11,
        (0.25, 0.39, 0.415, 0.39),
        minima.KOWALIK_OSBORNE,
    ),
    Instance("Meyer", functions.meyer, 16, (0.02, 4000.0, 250.0), minima.MEYER),
    _watson(6),
    _watson(9),
    _watson(12),
    Instance("Box", functions.box, 10, (0.0, 10.0, 20.0), minima.BOX),
    Instance(
        "Jennrich-Sampson", functions.jennrich_sampson, 10, (0.3, 0.4), minima.JENNRICH_SAMPSON
    ),
    Instance(
        "Brown-Dennis", functions.brown_dennis, 20, (25.0, 5.0, -5.0, -1.0), minima.BROWN_DENNIS
    ),
    Instance(
        "Chebyquad 1, n = 8",
        partial(functions.chebyquad, n=8),
        8,
        (0.5,),
        minima.CHEBYQUAD_ONE_NODE,
    ),
    _chebyquad(8),
    _chebyquad(9),
    _chebyquad(10),
    _brown(10),
    _brown(30),
    _brown(40),
    Instance(
        "Osborne 1", functions.osborne_one, 33, (0.5, 1.5, -1.0, 0.01, 0.02), minima.OSBORNE_ONE
    ),
    Instance(
        "Osborne 2",
        functions.osborne_two,
        65,
        (1.3, 0.65, 0.65, 0.7, 0.6, 3.0, 5.0, 7.0, 2.0, 4.5, 5.5),
        minima.OSBORNE_TWO,
    ),
)
