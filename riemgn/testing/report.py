"""The report of a check: every law with its verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

from riemgn.arguments import choice
from riemgn.testing.laws import Slope, Verdict

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Beyond ten lines the colours are used again, in another style.
_LINE_STYLES = ("-", "--", ":")


def _no_optimizers() -> Mapping[str, str]:
    return MappingProxyType({})


@dataclass(frozen=True)
class Report:
    """What a check found.

    Attributes:
        subject: What was checked.
        verdicts: One for each law, in order.
        facts: What the check learned besides: the rank at the point, its condition number.
        complete: Whether all laws were asked for: the text then tells of optimizers, too.
        trial: Tries what pymanopt's optimizers call; the report asks on first use.
    """

    subject: str
    verdicts: tuple[Verdict, ...]
    facts: Mapping[str, object] = field(default_factory=dict)
    complete: bool = True
    trial: Callable[[], Mapping[str, str]] = field(default=_no_optimizers, repr=False)

    @cached_property
    def optimizers(self) -> Mapping[str, str]:
        """For each of pymanopt's optimizers "can serve", or what it still needs."""
        return self.trial()

    @property
    def ok(self) -> bool:
        """Whether no law fails."""
        return not self.failures

    @property
    def failures(self) -> tuple[Verdict, ...]:
        """The verdicts on laws that fail."""
        return self._with("fails")

    @property
    def skipped(self) -> tuple[Verdict, ...]:
        """The verdicts on laws that do not apply, or have nothing to judge by."""
        return self._with("skipped")

    @property
    def slopes(self) -> dict[str, float]:
        """The measured slopes by the law's name; infinite where there is no remainder."""
        return {v.law.name: v.measured.value for v in self.verdicts if _is_slope(v)}

    def __getitem__(self, name: str) -> Verdict:
        """Return the verdict on a law by its name.

        Raises:
            ValueError: No law has that name.
        """
        verdicts = {v.law.name: v for v in self.verdicts}
        return verdicts[choice("law", name, verdicts)]

    def __iter__(self):
        return iter(self.verdicts)

    def __len__(self) -> int:
        return len(self.verdicts)

    def require(self) -> Report:
        """Return the report itself if all laws hold.

        Raises:
            AssertionError: A law fails. The message begins with those that do, and holds the table;
                the error's attribute `report` is the report.
        """
        if self.ok:
            return self
        error = AssertionError("; ".join(map(str, self.failures)) + f"\n\n{self}")
        error.report = self
        raise error

    def __str__(self) -> str:
        facts = ", ".join(f"{name} {value}" for name, value in self.facts.items())
        lines = [self.subject, *([facts] if facts else []), ""]
        lines += _aligned([("law", "verdict", "measured", "wanted"), *map(_row, self.verdicts)])
        if self.complete and self.optimizers:
            lines += ["", *_aligned([("pymanopt optimizer", ""), *self.optimizers.items()])]
        return "\n".join(lines)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the remainders whose slopes were measured, in log-log scale, and return the axes.

        The fitted window is drawn thick.

        Args:
            ax: matplotlib axes to draw on; None for a new figure's.
        """
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(11, 5), layout="constrained").subplots()
        for k, verdict in enumerate(filter(_is_slope, self.verdicts)):
            curve = verdict.measured.curve
            drawn = curve.errors > 0
            label = f"{verdict.law.name}: {verdict.measured}"
            look = {"color": f"C{k}", "linestyle": _LINE_STYLES[k // 10 % len(_LINE_STYLES)]}
            ax.loglog(curve.steps[drawn], curve.errors[drawn], label=label, linewidth=1, **look)
            if not curve.vanishes:
                window = slice(curve.first, curve.last + 1)
                ax.loglog(curve.steps[window], curve.errors[window], linewidth=3, **look)
        ax.set_xlabel("step")
        ax.set_ylabel("remainder")
        ax.set_title(self.subject, loc="left", fontsize="medium")
        if ax.lines:
            ax.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1.01, 1.0))
        return ax

    def _with(self, status: str) -> tuple[Verdict, ...]:
        return tuple(v for v in self.verdicts if v.status == status)


def _is_slope(verdict: Verdict) -> bool:
    return isinstance(verdict.measured, Slope)


def _row(verdict: Verdict) -> tuple[str, str, str, str]:
    if verdict.measured is None:
        return verdict.law.name, verdict.status, verdict.why, ""
    return verdict.law.name, verdict.status, str(verdict.measured), verdict.measured.wanted


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    """Return the rows as text in columns; what needs no column beside it may be long."""
    widths = [
        max(len(row[k]) for row in rows if any(row[k + 1 :])) if k + 1 < len(rows[0]) else 0
        for k in range(len(rows[0]))
    ]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
