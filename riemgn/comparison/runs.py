"""One run of a method in a comparison."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real

import numpy as np

from riemgn.arguments import choice, told
from riemgn.optimizers.endings import worded
from riemgn.optimizers.results import Result

MEASURES = ("iterations", "evaluations", "seconds")

_OF_A_RECORD = {"iterations": "iteration", "evaluations": "evaluations", "seconds": "seconds"}


@dataclass(frozen=True, eq=False)
class MethodRun:
    """What a method made of a start.

    Attributes:
        method: The method's label.
        seed: Which start.
        result: What it returned, its point without a Jacobian; None where it failed.
        failure: The error with which it failed; None where it did not.
        traceback: Where that error was raised, as Python prints it.
    """

    method: str
    seed: int
    result: Result | None
    failure: str | None = None
    traceback: str = ""

    @property
    def is_cut(self) -> bool:
        """Whether Ctrl-C cut it short."""
        return self.result is not None and self.result.interrupted

    @property
    def loss(self) -> float:
        """The loss of the returned point; infinite where the method failed."""
        return np.inf if self.result is None else float(self.result.cost)

    @property
    def reason(self) -> str:
        """Why it ended, or the error with which it failed."""
        if self.result is None:
            return f"failed: {self.failure}"
        return worded(self.result.stopping_criterion)

    @property
    def tuning_evaluations(self) -> int:
        """At how many points f was evaluated before the run, to choose a step; not charged."""
        return 0 if self.result is None else int(self.result.log.get("tuning_evaluations", 0))

    @property
    def losses(self) -> np.ndarray:
        """The least loss up to each record, (records,)."""
        return np.minimum.accumulate(self._each("cost")) if self._records else np.zeros(0)

    def spent(self, measure: str) -> np.ndarray:
        """Return the iterations, evaluations or seconds up to each record, (records,)."""
        return self._each(_OF_A_RECORD[choice("measure", measure, MEASURES)])

    def spent_to(self, loss: float, measure: str) -> float:
        """Return what was spent to the first record whose loss is at most `loss`, or infinity."""
        spent = self.spent(measure)
        reached = np.flatnonzero(self.losses <= loss)
        return float(spent[reached[0]]) if reached.size else np.inf

    def to_dict(self) -> dict:
        """Return the run in strings and numbers."""
        result = self.result
        told = {
            "method": self.method,
            "seed": self.seed,
            "success": result is not None and result.success,
            "reason": self.reason,
        }
        if result is None:
            return told
        return told | {
            "iterations": result.iterations,
            "evaluations": result.cost_evaluations,
            "tuning_evaluations": self.tuning_evaluations,
            "seconds": float(result.time),
            "loss": self.loss,
            "gradient_norm": float(result.gradient_norm),
            "tangent_cosine": float(result.optimality.tangent_cosine),
            "history": {
                "losses": self._each("cost").tolist(),
                **{measure: self.spent(measure).tolist() for measure in MEASURES},
            },
        }

    @property
    def _records(self) -> list:
        return [] if self.result is None else self.result.history

    def _each(self, name: str) -> np.ndarray:
        return np.array([getattr(record, name) for record in self._records], dtype=np.float64)


def checked_loss(loss) -> float:
    """Return a loss that a user gave as a float; it may be infinite.

    Raises:
        TypeError: It is no real number.
        ValueError: It is NaN.
    """
    if isinstance(loss, (bool, np.bool_)) or not isinstance(loss, Real):
        raise TypeError(f"loss must be a number, got {told(loss)}")
    if np.isnan(loss):
        raise ValueError("loss must be a number, got nan")
    return float(loss)


def finite_or_none(value: float) -> float | None:
    """Return a number as JSON can hold it, None for one that is not finite."""
    return float(value) if np.isfinite(value) else None
