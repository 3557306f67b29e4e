"""The best fits along one parameter, followed from the optimum so that none changes its branch."""

from __future__ import annotations

import numpy as np

from riemgn.arguments import vector
from riemgn.errors import NumericalError
from riemgn.problem import Problem
from riemgn.statistics.refit import Refit, refit

# The largest change of tau in one step, and that as a share of tau, whichever is larger; beyond it
# a refit may have fallen into another valley.
_STRIDE, _SHARE = 1.5, 0.5
# Steps shorter than this share of a standard error are taken as they are: tau jumps there.
_FINEST = 1e-6
# Refits after which the way to one value is given up.
_PATIENCE = 60
# How far below zero tau^2 may fall, since the optimum itself is known to some digits only.
_SLACK = 1e-3
# Gradients of a refit in units of the noise, about the error of tau: up to the first it may lie on
# the path, up to the second it has converged.
_NEARLY, _CONVERGED = 1.0, 1e-2


class ProfilePath:
    """The best fits with one parameter held, and tau, the signed root of what they lose.

    tau(v) = sign(v - w_j) sqrt(2 (loss(v) - loss)) / s, where loss(v) is the least loss with w_j
    held at v, in the valley of the optimum (docs/theory.md, "Statistics of a fit"). Every fit
    starts from its neighbours on the path; where tau jumps, the step is halved.

    Args:
        problem: The problem.
        optimum: The parameters of its minimum, (p,).
        held: The index j of the parameter.
        trace: The direction in which the minimum moves with w_j, (p,), 1 at j.
        scale: The noise's s, positive.
        unit: A step of w_j of about one standard error, positive.
    """

    def __init__(
        self,
        problem: Problem,
        optimum: np.ndarray,
        held: int,
        trace: np.ndarray,
        scale: float,
        unit: float,
    ) -> None:
        self.held = held
        self.unit = unit
        self.estimate = float(optimum[held])
        self._problem = problem
        self._trace = trace
        self._scale = scale
        self._cost = problem.cost(problem.manifold.point(optimum))
        self._refits = {self.estimate: Refit(optimum, self._cost, 0.0)}

    def at(self, value: float) -> Refit:
        """Return the best fit at a value, its cost infinite outside the domain of the model.

        Raises:
            TypeError, ValueError: The value is no finite real number; or a fit on the way is better
                than the optimum, which is therefore none.
            NumericalError: The path could not be followed to it.
        """
        return self._refits[self.walk(value)]

    def walk(self, value: float, bound: float = np.inf) -> float:
        """Follow the path to a value, or to the first fit on the way with |tau| >= bound.

        Returns:
            The value reached.

        Raises:
            TypeError, ValueError, NumericalError: As `at` does.
        """
        value = float(vector("value", np.atleast_1d(value), 1)[0])
        ahead = [] if value in self._refits else [value]
        for _ in range(_PATIENCE):
            if not ahead:
                return value
            target, (nearest, guesses) = ahead[-1], self._start(ahead[-1])
            found = refit(self._problem, self.held, guesses)
            is_finest = abs(target - nearest) <= _FINEST * self.unit
            if is_finest and not np.isfinite(found.cost):  # an edge of the model's domain
                self._refits[value] = found
                return value
            if not (is_finest or self._follows(found, nearest)):
                ahead.append(0.5 * (target + nearest))
                continue
            self._keep(ahead.pop(), found)
            if self._root(found) >= bound:
                return target
        raise NumericalError(
            f"the fits with parameter {self.held} held could not be followed from "
            f"{self.estimate:.12g} to {value:.12g}"
        )

    def tau(self, value: float) -> float:
        """Return the signed root at a value; infinite outside the domain of the model.

        Raises:
            TypeError, ValueError, NumericalError: As `at` does.
        """
        return float(np.sign(value - self.estimate)) * self._root(self.at(value))

    def has_converged(self, value: float) -> bool:
        """Whether the gradient of the fit at a value is small against the noise."""
        return self.at(value).gradient_norm <= _CONVERGED * self._scale

    def _start(self, value: float) -> tuple[float, list[np.ndarray]]:
        """Return the nearest value known and guesses: on the line to the next one, and its own."""
        finite = [v for v, known in self._refits.items() if np.isfinite(known.cost)]
        nearest, *others = sorted(finite, key=lambda v: abs(v - value))
        at = self._refits[nearest].params
        trace = self._trace
        if others:
            trace = (self._refits[others[0]].params - at) / (others[0] - nearest)
        guesses = [at + (value - nearest) * trace, at.copy()]
        for guess in guesses:
            guess[self.held] = value
        return nearest, [guess for guess in guesses if np.all(np.isfinite(guess))]

    def _follows(self, found: Refit, nearest: float) -> bool:
        """Whether a fit continues the path that leads to the nearest one."""
        if not np.isfinite(found.cost) or found.gradient_norm > _NEARLY * self._scale:
            return False
        before = self._root(self._refits[nearest])
        return abs(self._root(found) - before) <= max(_STRIDE, _SHARE * before)

    def _root(self, found: Refit) -> float:
        squared = 2 * (found.cost - self._cost) / self._scale**2
        return float(np.sqrt(max(squared, 0.0)))

    def _keep(self, value: float, found: Refit) -> None:
        if 2 * (found.cost - self._cost) < -_SLACK * self._scale**2:
            raise ValueError(
                f"point is not the minimum: with parameter {self.held} held at {value:.9g} the "
                f"loss falls from {self._cost:.9g} to {found.cost:.9g}; minimise from another start"
            )
        self._refits[value] = found
