"""Laws, what they measure, and the verdicts on them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from riemgn.arguments import choice
from riemgn.testing.slopes import Curve

SLOPE_TOLERANCE = 0.3


@dataclass(frozen=True)
class Residual:
    """What a law leaves, relative to its terms, and the most that rounding explains."""

    value: float
    tolerance: float

    @property
    def ok(self) -> bool:
        """Whether it is no more than rounding; NaN is more."""
        return bool(self.value <= self.tolerance)

    @property
    def wanted(self) -> str:
        """What is asked, in words."""
        return f"at most {self.tolerance:.1e}" if self.tolerance else "exactly 0"

    def __str__(self) -> str:
        return f"residual {self.value:.2g}"


@dataclass(frozen=True)
class Slope:
    """The order of a remainder and the least that the law asks."""

    curve: Curve
    order: float

    @property
    def value(self) -> float:
        """The slope; infinite where there is no remainder."""
        return self.curve.slope

    @property
    def tolerance(self) -> float:
        """How far below its order a slope may lie."""
        return SLOPE_TOLERANCE

    @property
    def ok(self) -> bool:
        """Whether the remainder is of that order or higher; NaN is not."""
        return bool(self.value >= self.order - self.tolerance)

    @property
    def wanted(self) -> str:
        """What is asked, in words."""
        return f"at least {self.order - self.tolerance:.1f}"

    def __str__(self) -> str:
        return "no remainder" if self.curve.vanishes else f"slope {self.value:.2f}"


@dataclass(frozen=True)
class Law:
    """A law with the measurement that tells whether a case obeys it.

    Attributes:
        name: Its short name.
        statement: One plain sentence.
        check: Takes the case, returns a `Residual` or a `Slope`; raises NotImplementedError, whose
            message says why, where the law does not apply.
        refusals: The errors with which a case may decline an answer: the law is then skipped.
    """

    name: str
    statement: str
    check: Callable[[object], Residual | Slope]
    refusals: tuple[type[Exception], ...] = (NotImplementedError,)


def law(name: str, *refusals: type[Exception]) -> Callable[[Callable], Law]:
    """Return a decorator that makes a law of a check; its docstring is the statement."""

    def named(check: Callable) -> Law:
        statement = " ".join(check.__doc__.split())
        return Law(name, statement, check, (NotImplementedError, *refusals))

    return named


@dataclass(frozen=True)
class Verdict:
    """What became of a law.

    Attributes:
        law: The law.
        status: "holds", "fails" or "skipped".
        measured: A `Residual` or a `Slope`; None where nothing was measured.
        why: Why nothing was measured.
    """

    law: Law
    status: str
    measured: Residual | Slope | None = None
    why: str = ""

    def __str__(self) -> str:
        if self.measured is None:
            return f"{self.law.name}: {self.why}"
        return f"{self.law.name}: {self.measured}, wanted {self.measured.wanted}"


def verdict_on(law: Law, case) -> Verdict:
    """Return the verdict on one law; an error that the law does not allow for breaks it."""
    case.begin(law.name)
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            measured = law.check(case)
    except law.refusals as refusal:
        return Verdict(law, "skipped", why=_in_one_line(refusal))
    except Exception as error:
        return Verdict(law, "fails", why=f"raised {type(error).__name__}: {_in_one_line(error)}")
    return Verdict(law, "holds" if measured.ok else "fails", measured)


def chosen_laws(laws: Iterable[str | Law] | None, known: tuple[Law, ...]) -> tuple[Law, ...]:
    """Return the laws asked for by name, or themselves; all known ones for None.

    Raises:
        ValueError: No law has that name; the message suggests the nearest.
    """
    if laws is None:
        return known
    by_name = {law.name: law for law in known}
    if isinstance(laws, str):
        laws = [laws]
    return tuple(
        one if isinstance(one, Law) else by_name[choice("law", one, by_name)] for one in laws
    )


def _in_one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
