"""Ordinary differential equations along paths of parameters, with an account of where they end."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from scipy.integrate import DOP853, DenseOutput, OdeSolver

from riemgn.errors import NumericalError

# Error of a step, in units in which the path has speed 1.
TOLERANCE = 1e-11

# Evaluations of the right side, each with a Jacobian and its factorisation, before giving up.
MOST_EVALUATIONS = 10_000


class Integration:
    """An equation y' = F(t, y) integrated step by step by one of scipy's solvers.

    The default is Dormand and Prince's method of order 8. A step into a place where F raises
    `ArithmeticError` is made again, shorter; what F said is told when no step is left. Source:
    Hairer, Norsett, Wanner, Solving Ordinary Differential Equations I (1993), section II.5.

    Args:
        rates: F, from t and y (m,) to (m,).
        start: y at the first time, (m,).
        span: The first and the last time; the last may be infinite.
        told: What an error says of the place y besides the time.
        max_evaluations: How often F may be evaluated.
        tolerance: The error of a step, relative and absolute.
        solver: Makes an `OdeSolver` as scipy's classes do.

    Raises:
        NumericalError: F cannot be evaluated at the start.
    """

    def __init__(
        self,
        rates: Callable[[float, np.ndarray], np.ndarray],
        start: np.ndarray,
        span: tuple[float, float],
        told: Callable[[np.ndarray], str],
        max_evaluations: int = MOST_EVALUATIONS,
        tolerance: float = TOLERANCE,
        solver: Callable[..., OdeSolver] = DOP853,
    ) -> None:
        self._rates = rates
        self._told = told
        self._trouble: ArithmeticError | None = None
        self.max_evaluations = max_evaluations
        self.t, self.y = span[0], start
        rates(span[0], start)  # an error at the very start is told as it is
        with np.errstate(all="ignore"):
            self._solver = solver(
                self._guarded, span[0], start, span[1], rtol=tolerance, atol=tolerance
            )
        if not np.isfinite(self._solver.h_abs):
            raise self.breakdown("no first step is found")

    @property
    def running(self) -> bool:
        """Whether the last time is still ahead."""
        return self._solver.status == "running"

    @property
    def evaluations(self) -> int:
        """How often F was evaluated."""
        return self._solver.nfev

    def steps(self) -> Iterator[tuple[float, np.ndarray]]:
        """Make all steps to the last time, and yield time and state after each.

        Raises:
            NumericalError: No step leads further, or the evaluations are spent; it says where.
        """
        while self.running:
            self.step()
            yield self.t, self.y

    def step(self) -> None:
        """Make one step, or raise as `steps` does."""
        if self.evaluations >= self.max_evaluations:
            raise self.breakdown(f"its {self.max_evaluations} evaluations are spent")
        if self._solver.status != "failed":
            self._trouble = None
            with np.errstate(all="ignore"):
                self._solver.step()
        if self._solver.status == "failed":
            raise self.breakdown(str(self._trouble or "no step is short enough"))
        self.t, self.y = float(self._solver.t), self._solver.y

    def dense_output(self) -> DenseOutput:
        """Return the interpolant of the latest step, of order 7."""
        with np.errstate(all="ignore"):
            return self._solver.dense_output()

    def breakdown(self, why: str) -> NumericalError:
        """Return the error that says where the path ends."""
        return NumericalError(f"the path ends at t = {self.t:.6g}, {self._told(self.y)}: {why}")

    def _guarded(self, t: float, y: np.ndarray) -> np.ndarray:
        if np.all(np.isfinite(y)):
            try:
                return self._rates(t, y)
            except ArithmeticError as error:
                self._trouble = error
        return np.full(y.size, np.nan)
