"""How a run is left before its method comes to an end of its own, and in which words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from riemgn.optimizers.stopping import Criterion, Ending

if TYPE_CHECKING:
    from riemgn.optimizers.records import Record


class Stopped(Exception):  # noqa: N818, it is no error
    """Leaves an optimizer's loop at the last noted point."""

    def __init__(self, ending: Ending, reason: str) -> None:
        super().__init__(reason)
        self.ending = ending
        self.reason = reason


# What may end a run early: a criterion or the callback, the user, a derivative that is not finite
# or that raises, a decomposition that finds no end.
EARLY = (Stopped, KeyboardInterrupt, ArithmeticError, np.linalg.LinAlgError)


def ask(criteria: Iterable[Criterion], history: Sequence[Record]) -> None:
    """Raise `Stopped` where a criterion ends the run at the last record."""
    for criterion in criteria:
        reason = criterion.reason(history)
        if reason is not None:
            raise Stopped(criterion.ending, reason)


def early(ending: BaseException) -> tuple[Ending, str]:
    """Return what an exception that ends a run says of its end."""
    if isinstance(ending, Stopped):
        return ending.ending, ending.reason
    kept = "the last point so far is returned"
    if isinstance(ending, KeyboardInterrupt):
        return Ending.INTERRUPTED, f"interrupted; {kept}"
    return Ending.NOT_FINITE, f"{ending}; {kept}"


def worded(reason: str) -> str:
    """Return pymanopt's words for an end without their frame."""
    return reason.removeprefix("Terminated - ").removesuffix(".")
