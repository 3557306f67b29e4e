"""Stopping criteria: each says why it stops a run, and they combine with `&` and `|`."""

from __future__ import annotations

import itertools
import statistics
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from numbers import Real
from typing import TYPE_CHECKING

from riemgn.arguments import integer, positive, told
from riemgn.optimizers.optimality import EPS

if TYPE_CHECKING:
    from riemgn.optimizers.records import Record


class Ending(Enum):
    """What kind of end a run came to; `Result.stopping_criterion` says it in a sentence."""

    OPTIMAL = "first-order optimal within the tolerance"
    PRECISION = "cost and step are at machine precision"
    LIMIT = "a limit on iterations, time or evaluations"
    CRITERION = "a criterion of the caller's"
    CALLBACK = "the callback"
    INTERRUPTED = "the user"
    FLAT = "a flat valley: the cost settles while the parameters run to infinity"
    UNBOUNDED = "the loss falls without bound while the parameters run to infinity"
    SETTLED = "the cost settles, and no optimum is in reach"
    STUCK = "no step lowers the cost"
    DAMPING_LIMIT = "the damping grew to its limit"
    NOT_FINITE = "a derivative that is not finite"


class Criterion(ABC):
    """When a run should stop: `a & b` where both say so, `a | b` where either does."""

    ending = Ending.CRITERION

    @abstractmethod
    def reason(self, history: Sequence[Record]) -> str | None:
        """Return why to stop at the last record of `history`, or None to go on."""

    def __and__(self, other: Criterion) -> Criterion:
        return _Combined(both=True, first=self, second=_criterion(other))

    def __or__(self, other: Criterion) -> Criterion:
        return _Combined(both=False, first=self, second=_criterion(other))


@dataclass(frozen=True)
class _Combined(Criterion):
    both: bool
    first: Criterion
    second: Criterion

    def reason(self, history: Sequence[Record]) -> str | None:
        reasons = [criterion.reason(history) for criterion in (self.first, self.second)]
        given = [reason for reason in reasons if reason is not None]
        if len(given) < (2 if self.both else 1):
            return None
        return " and ".join(given)


def _criterion(other) -> Criterion:
    if not isinstance(other, Criterion):
        raise TypeError(
            f"a stopping criterion combines with another one, got {type(other).__name__}"
        )
    return other


@dataclass(frozen=True)
class TangentCosine(Criterion):
    """Stop where the cosine between residual and tangent space is at most `tolerance`."""

    tolerance: float

    def __post_init__(self) -> None:
        positive("tolerance", self.tolerance, allow_zero=True)

    def reason(self, history: Sequence[Record]) -> str | None:
        cosine = history[-1].tangent_cosine
        return f"tangent cosine {cosine:.1e} reached" if cosine <= self.tolerance else None


@dataclass(frozen=True)
class GradientNorm(Criterion):
    """Stop where the Riemannian gradient's norm is at most `bound`."""

    bound: float

    def __post_init__(self) -> None:
        positive("bound", self.bound, allow_zero=True)

    def reason(self, history: Sequence[Record]) -> str | None:
        norm = history[-1].gradient_norm
        return f"gradient norm {norm:.1e} reached" if norm <= self.bound else None


@dataclass(frozen=True)
class CostBelow(Criterion):
    """Stop where the cost is at most `value`."""

    value: float

    def __post_init__(self) -> None:
        if isinstance(self.value, bool) or not isinstance(self.value, Real):
            raise TypeError(f"value must be a number, got {told(self.value)}")
        if self.value != self.value:
            raise ValueError("value must be a number, got nan")

    def reason(self, history: Sequence[Record]) -> str | None:
        cost = history[-1].cost
        return f"cost {cost:.6g} reached" if cost <= self.value else None


@dataclass(frozen=True)
class CostSettled(Criterion):
    """Stop where the last `steps` steps together lowered the cost by at most a `share` of it."""

    share: float
    steps: int = 1

    def __post_init__(self) -> None:
        positive("share", self.share, allow_zero=True)
        integer("steps", self.steps)

    def reason(self, history: Sequence[Record]) -> str | None:
        if len(history) <= self.steps:
            return None
        before, now = history[-1 - self.steps].cost, history[-1].cost
        if before - now > self.share * abs(before):
            return None
        count = "the last step" if self.steps == 1 else f"the last {self.steps} steps"
        return f"{count} lowered the cost by less than {self.share:g} of it"


@dataclass(frozen=True)
class StepBelow(Criterion):
    """Stop after a parameter step of length at most `length`."""

    length: float

    def __post_init__(self) -> None:
        positive("length", self.length, allow_zero=True)

    def reason(self, history: Sequence[Record]) -> str | None:
        step = history[-1].step
        small = len(history) > 1 and step <= self.length
        return f"a step of length {step:.1e}" if small else None


@dataclass(frozen=True)
class When(Criterion):
    """Stop where a function of the last record is true: a criterion of one's own in a line."""

    function: Callable[[Record], bool]
    sentence: str = "the caller's condition holds"

    def __post_init__(self) -> None:
        if not callable(self.function):
            raise TypeError(f"function must be a function of a Record, got {told(self.function)}")

    def reason(self, history: Sequence[Record]) -> str | None:
        return self.sentence if self.function(history[-1]) else None


@dataclass(frozen=True)
class MaxIterations(Criterion):
    """Stop after `count` steps."""

    count: int
    ending = Ending.LIMIT

    def __post_init__(self) -> None:
        integer("max_iterations", self.count, least=0)

    def reason(self, history: Sequence[Record]) -> str | None:
        reached = history[-1].iteration >= self.count
        return f"the limit of {self.count} iterations is reached" if reached else None


@dataclass(frozen=True)
class MaxTime(Criterion):
    """Stop once `seconds` of wall time have passed."""

    seconds: float
    ending = Ending.LIMIT

    def __post_init__(self) -> None:
        positive("max_time", self.seconds)

    def reason(self, history: Sequence[Record]) -> str | None:
        reached = history[-1].seconds >= self.seconds
        return f"the limit of {self.seconds:g} s is reached" if reached else None


@dataclass(frozen=True)
class MaxEvaluations(Criterion):
    """Stop once f has been evaluated at `count` points, those that were rejected included."""

    count: int
    ending = Ending.LIMIT

    def __post_init__(self) -> None:
        integer("max_evaluations", self.count)

    def reason(self, history: Sequence[Record]) -> str | None:
        reached = history[-1].evaluations >= self.count
        return f"the limit of {self.count} evaluations is reached" if reached else None


@dataclass(frozen=True)
class FirstOrder(Criterion):
    """Stop at first-order optimality: tangent cosine, or cost and step at machine precision."""

    tolerance: float
    ending = Ending.OPTIMAL

    def __post_init__(self) -> None:
        positive("tolerance", self.tolerance, allow_zero=True)

    def reason(self, history: Sequence[Record]) -> str | None:
        optimality = history[-1].optimality
        if optimality.has_normal_residual(self.tolerance):
            return f"tangent cosine {optimality.tangent_cosine:.1e} reached"
        return Ending.PRECISION.value if optimality.at_precision else None


@dataclass(frozen=True)
class FlatValley(Criterion):
    """Stop where the parameters grow ever faster while the cost has settled, or is almost zero.

    A minimum at infinity, as of separable labels or of noise fitted by a step function: no finite
    point is optimal.

    Attributes:
        share: The cost has settled if the last 10 steps changed it by less than this share.
        growth: The least factor by which |w| grew over these steps.
        vanished: The share of the first cost below which it is almost zero; |w| must then have
            grown at each of the last 30 steps, by a tenth in all, and the steps must not fade.
    """

    share: float = 1e-9
    growth: float = 1.5
    vanished: float = EPS
    ending = Ending.FLAT

    def reason(self, history: Sequence[Record]) -> str | None:
        settles = self._settles(history) or self._vanishes(history)
        return Ending.FLAT.value if settles else None

    def _settles(self, history: Sequence[Record]) -> bool:
        if not _grows(history, 10):
            return False
        before, now = history[-11], history[-1]
        faster = now.size >= self.growth * before.size and now.step >= before.step
        return faster and abs(before.cost - now.cost) <= self.share * abs(before.cost)

    def _vanishes(self, history: Sequence[Record]) -> bool:
        now = history[-1]
        if not (0 <= now.cost <= self.vanished * history[0].cost and _grows(history, 30)):
            return False
        before = history[-31]
        usual = statistics.median(record.step for record in history[-30:])
        return now.size >= 1.1 * before.size and now.step >= 0.1 * usual


def _grows(history: Sequence[Record], steps: int) -> bool:
    """Whether every one of the last steps made |w| larger."""
    recent = history[-1 - steps :]
    return len(history) > steps and all(a.size < b.size for a, b in itertools.pairwise(recent))
