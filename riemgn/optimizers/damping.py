"""Damping schedules of Levenberg-Marquardt: each searches a step that lowers the loss.

A schedule is one object with its own state; a run works on a copy. `search(model)` returns a
`Trial`, or None where no step lowers the loss, `reason` then saying why.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from riemgn.arguments import positive
from riemgn.immersions import Immersion
from riemgn.optimizers.local_model import LocalModel, Trial
from riemgn.optimizers.stopping import Ending

_EPS = float(np.finfo(np.float64).eps)
_TINY = float(np.finfo(np.float64).tiny)  # a damping that has underflowed grows again from here


class Damping(ABC):
    """How strongly a step is damped, and what happens when it is refused."""

    reason = "no step lowers the cost"
    ending = Ending.STUCK

    def scale(self, immersion: Immersion, w0: np.ndarray) -> np.ndarray | None:
        """Return the units D (p,) of the damping, None for the identity, which theory speaks of."""
        return None

    @abstractmethod
    def search(self, model: LocalModel) -> Trial | None:
        """Return an accepted step from the model's point, or None."""

    @abstractmethod
    def measure(self, model: LocalModel) -> float:
        """Return the norm of the loss's gradient on the graph with this damping."""


class GainRatio(Damping):
    """Nielsen's rule: the damping falls with the ratio of actual to predicted decrease.

    Steps follow the geodesic to second order (geodesic acceleration, docs/theory.md, section 3): x
    is corrected by half its acceleration a, and refused where |a| exceeds `bend_limit` |x|.

    Args:
        start: The first damping as a share of the largest diagonal entry of B^T B.
        least_factor: The factor by which a step that went as predicted lowers the damping.
        bend_limit: The largest |a| / |x| of an accepted step.
        wary_factor: The least factor right after a refusal: what was just too little may be again.
    """

    def __init__(
        self,
        start: float = 1e-2,
        least_factor: float = 0.1,
        bend_limit: float = 0.75,
        wary_factor: float = 0.1,
    ) -> None:
        self.start = positive("start", start)
        self.least_factor = positive("least_factor", least_factor)
        self.bend_limit = positive("bend_limit", bend_limit)
        self.wary_factor = positive("wary_factor", wary_factor)
        self.damping: float | None = None
        self.growth = 2.0

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(start={self.start:g}, least_factor={self.least_factor:g}, "
            f"bend_limit={self.bend_limit:g}, wary_factor={self.wary_factor:g})"
        )

    def scale(self, immersion: Immersion, w0: np.ndarray) -> np.ndarray | None:
        return immersion.damping_scale(w0)

    def search(self, model: LocalModel) -> Trial | None:
        self.begin(model)
        while not self.exhausted(model):
            step = model.step(self.damping)
            predicted = model.predicted_decrease(step, self.damping)
            if predicted <= 10 * _EPS * abs(model.cost) or self._at_rest(model, step):
                return self._last_trial(model, step, predicted)
            trial = self.attempt(model)
            if trial is not None:
                return trial
        self.reason = "the damping grew to its limit and no step lowers the cost"
        self.ending = Ending.DAMPING_LIMIT
        return None

    def measure(self, model: LocalModel) -> float:
        self.begin(model)
        return model.gradient_norm(model.step(self.damping))

    def begin(self, model: LocalModel) -> None:
        """Take the first damping from the first model."""
        if self.damping is None:
            self.damping = self.start * model.system.largest

    def exhausted(self, model: LocalModel) -> bool:
        """Whether the damping has grown beyond any use: its step is lost in rounding."""
        limit = 1e30 * model.system.largest
        if self.damping <= limit:
            return False
        return self.damping > 1e300 or self._at_rest(model, model.step(self.damping))

    def attempt(self, model: LocalModel) -> Trial | None:
        """Return the corrected step at the present damping, or None where it must be refused.

        Either way the damping is ready for the next attempt.
        """
        damping = self.damping
        step = model.step(damping)
        full = self._corrected(model, step)
        if full is not None:
            point, cost = model.tried(full)
            ratio = (model.cost - cost) / model.predicted_decrease(step, damping)
            if ratio > 1e-4:
                self._relax(ratio, model.system.floor)
                return Trial(point, cost, damping, ratio)
        self.tighten()
        return None

    def tighten(self) -> None:
        """Raise the damping after a refusal, the more the more there were in a row."""
        self.damping = max(self.damping * self.growth, _TINY)
        self.growth *= 2.0

    def restart(self, damping: float) -> None:
        """Begin again at another damping."""
        self.damping, self.growth = damping, 2.0

    def _at_rest(self, model: LocalModel, step: np.ndarray) -> bool:
        return bool(np.linalg.norm(step) <= _EPS * np.linalg.norm(model.point.params))

    def _last_trial(self, model: LocalModel, step: np.ndarray, predicted: float) -> Trial | None:
        """What is left to gain is below rounding: take the step if the cost falls, else end."""
        point, cost = model.tried(step)
        if cost < model.cost:
            return Trial(point, cost, self.damping, 1.0)
        if self.growth > 2:
            self.reason = "steps were refused until what they promise fell below rounding"
        else:
            self.reason, self.ending = "cost and step are at machine precision", Ending.PRECISION
        return None

    def _corrected(self, model: LocalModel, step: np.ndarray) -> np.ndarray | None:
        """The step with half its acceleration, or None where it bends too much to be trusted."""
        bend = model.acceleration(step, self.damping)
        limit = self.bend_limit * model.system.norm(step)
        size = model.system.norm(bend)
        if size <= limit:
            return step + 0.5 * bend
        # what bends k times too much wants about sqrt(k) times the damping
        if np.isfinite(size) and size > 4 * limit > 0:
            self.damping *= min(0.5 * np.sqrt(size / limit), 1e3)
        return None

    def _relax(self, ratio: float, floor: float) -> None:
        least = self.least_factor if self.growth == 2 else max(self.wary_factor, self.least_factor)
        factor = max(least, 1 - (2 * min(ratio, 1.0) - 1) ** 3)
        self.restart(max(self.damping * factor, floor))
