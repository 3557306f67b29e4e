"""One thing that gets on, as a row of a display, and what a display can do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Row:
    """How one thing stands.

    Attributes:
        began: When it began, on the clock of `time.perf_counter` (seconds).
        text: What is being done.
        name: What it is called, empty if there is one thing only.
        done: How much of it is done.
        total: How much there is, an int where it is counted; None where nobody knows.
    """

    began: float
    text: str
    name: str = ""
    done: float = 0
    total: float | None = None

    @property
    def share(self) -> float | None:
        """The share that is done, in [0, 1]; None where nobody knows."""
        if self.total is None:
            return None
        return min(max(self.done / self.total, 0.0), 1.0) if self.total > 0 else 1.0

    @property
    def count(self) -> str:
        """The share in words: "3/10" where it is counted, else "37 %"; empty if it is unknown."""
        if self.share is None:
            return ""
        if isinstance(self.total, int):
            return f"{self.done}/{self.total}"
        return f"{100 * self.share:.0f} %"

    def age(self, now: float) -> str:
        """Return the time since it began, "1:05" or "2:00:07"."""
        minutes, seconds = divmod(int(now - self.began), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


class View(Protocol):
    """Where rows are drawn, each time in place of what was drawn before.

    Attributes:
        interval: Seconds between two drawings.
    """

    interval: float

    def draw(self, rows: Sequence[Row], now: float) -> None:
        """Draw the rows; `now` is on the clock on which they began."""

    def close(self) -> None:
        """Take away what was drawn."""
