"""What a claim of the theory is made of: pieces to measure, a judgement of them, a figure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Measured(NamedTuple):
    """One finished piece of a claim.

    Attributes:
        arguments: The keyword arguments of `Claim.measure`, "seed" among them.
        arrays: What it returned.
    """

    arguments: dict
    arrays: dict[str, np.ndarray]


@dataclass(frozen=True)
class Check:
    """One comparison of a measured number with what theory predicts; NaN never holds.

    Attributes:
        name: What is compared, in words.
        predicted: A number, or a condition in words.
        measured: The number that was measured.
        holds: Whether they agree.
    """

    name: str
    predicted: float | str
    measured: float
    holds: bool

    def __post_init__(self) -> None:
        unknown = isinstance(self.predicted, float) and math.isnan(self.predicted)
        object.__setattr__(self, "measured", float(self.measured))
        holds = bool(self.holds) and not unknown and not math.isnan(self.measured)
        object.__setattr__(self, "holds", holds)

    @classmethod
    def below(cls, name: str, measured: float, bound: float) -> Check:
        """Return the check that a number is at most a bound; both must be finite to hold."""
        holds = _all_finite(measured, bound) and measured <= bound
        return cls(name, f"≤ {bound:.4g}", measured, holds)

    @classmethod
    def above(cls, name: str, measured: float, bound: float) -> Check:
        """Return the check that a number is at least a bound; both must be finite to hold."""
        holds = _all_finite(measured, bound) and measured >= bound
        return cls(name, f"≥ {bound:.4g}", measured, holds)

    @classmethod
    def near(cls, name: str, measured: float, predicted: float, within: float) -> Check:
        """Return the check that a number differs from the predicted one by at most `within`."""
        holds = _all_finite(measured, predicted, within) and abs(measured - predicted) <= within
        return cls(name, f"{predicted:.4g} ± {within:.4g}", measured, holds)


def _all_finite(*numbers: float) -> bool:
    return all(math.isfinite(number) for number in numbers)


@dataclass(frozen=True, eq=False)
class Verdict:
    """What the measurements say about a claim.

    Attributes:
        claim: The key of the claim, such as "C1".
        predicted: What theory says, as JSON can hold it.
        measured: What was measured, likewise.
        checks: The comparisons on which the verdict rests.
        arrays: What the figure draws.
        findings: Sentences with measured numbers about what else was seen, such as where the claim
            stops holding. They are not part of the verdict.
    """

    claim: str
    predicted: dict
    measured: dict
    checks: tuple[Check, ...]
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    findings: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether every check holds, of which there must be one at least."""
        return len(self.checks) > 0 and all(check.holds for check in self.checks)


@dataclass(frozen=True)
class Claim:
    """A claim of the theory, and how it is tested.

    Attributes:
        key: Its name in the theory, such as "C1".
        title: A few words.
        statement: The claim in one sentence.
        section: Where it is derived, such as "docs/theory.md, section 4".
        pieces: Returns the keyword arguments of `measure` for every independent piece, as JSON
            can hold them, "seed" among them; takes sizes and the number of seeds.
        measure: Measures one piece and returns arrays, which may hold no Python objects.
        judge: Returns the verdict on all pieces, which come in the order of `pieces`.
        draw: Draws a verdict on an empty figure.
        quick: Arguments of `pieces` for a run of a minute or so.
        full: Those for a whole run.
        caption: What the figure shows, in a sentence or two.
    """

    key: str
    title: str
    statement: str
    section: str
    pieces: Callable[..., list[dict]]
    measure: Callable[..., Mapping[str, np.ndarray]]
    judge: Callable[[list[Measured]], Verdict]
    draw: Callable[[Verdict, Figure], None]
    quick: dict
    full: dict
    caption: str = ""

    def verdict(self, settings: dict, **replaced) -> Verdict:
        """Return the verdict of a run here and now, in this process; nothing is kept.

        Args:
            settings: Arguments of `pieces`, such as `quick`.
            replaced: Arguments of `measure` that stand in place of those of every piece.
        """
        arguments_of_pieces = self.pieces(**settings)
        return self.judge([measured(self.measure, a, **replaced) for a in arguments_of_pieces])


def measured(measure: Callable[..., Mapping], arguments: dict, **replaced) -> Measured:
    """Measure one piece, with BLAS at one thread so that no sum depends on the cores."""
    with threadpool_limits(limits=1, user_api="blas"):
        answer = measure(**{**arguments, **replaced})
    return Measured(arguments, {name: np.asarray(array) for name, array in answer.items()})
