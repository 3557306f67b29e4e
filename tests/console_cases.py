"""Pages that show commands with what they print: parsed, run again, and compared.

In a fenced `console` block a line that begins with `$ ` is a command, and the lines up to the next
one are what it prints. A line `...` stands for lines that are left out. A fenced `python` block
whose first line is `# name.py` is a file that the page tells its reader to write.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from notebook_cases import NUMBER, Tolerance

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_OMITTED = "..."
_TIME = re.compile(NUMBER.pattern + r"\s*(?:ms|s|min|seconds?|minutes?)\b")
# Counts of steps vary a little from machine to machine, and what is zero is so up to rounding.
_COUNT, _MEASURE = Tolerance(rtol=0.05), Tolerance(rtol=0.02, atol=1e-6)


@dataclass(frozen=True)
class WrittenFile:
    """A file that the reader writes."""

    name: str
    text: str


@dataclass(frozen=True)
class Command:
    """A command with the lines that the page shows."""

    line: str
    shown: tuple[str, ...]

    @property
    def words(self) -> list[str]:
        return shlex.split(self.line)


def steps(page: str) -> list[WrittenFile | Command]:
    """The files and commands of a page, in its order."""
    return [step for kind, text in _BLOCK.findall(page) for step in _steps_of(kind, text)]


def _steps_of(kind: str, text: str) -> Iterator[WrittenFile | Command]:
    if kind == "python" and (named := re.match(r"# (\S+\.py)\n", text)):
        yield WrittenFile(named[1], text)
    if kind == "console":
        for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            line, *shown = part.splitlines()
            yield Command(line, tuple(shown))


def differences(shown: tuple[str, ...], printed: str) -> list[str]:
    """Where what is printed differs from what a page shows, in words."""
    fresh, found = [line for line in printed.splitlines() if line.strip()], []
    at, ends = 0, len(fresh)
    columns: list[int] = []
    kept = [line for line in shown if line.strip()]
    for place, line in enumerate(kept):
        if line.strip() == _OMITTED:
            at = _next_place(kept[place + 1 :], fresh, at)
            continue
        if at == ends:
            return [*found, f"shown but not printed: {line.strip()}"]
        columns = _columns_of_seconds(line, columns)
        found += _line_differences(line, fresh[at], columns)
        at += 1
    if at < ends:
        found.append(f"printed but not shown: {fresh[at].strip()}")
    return found


def _next_place(shown: list[str], fresh: list[str], at: int) -> int:
    """The first line from `at` on that has the words of what follows an omission."""
    if not shown:
        return len(fresh)
    wanted = _words(shown[0])
    places = [place for place in range(at, len(fresh)) if _words(fresh[place]) == wanted]
    return places[0] if places else len(fresh)


def _columns_of_seconds(line: str, before: list[int]) -> list[int]:
    """The columns headed "seconds" of the table that a line belongs to."""
    cells = _cells(line)
    if len(cells) < 2:
        return before if re.fullmatch(r"[\s─━═╭╮╰╯├┤┼┬┴│]*", line) else []
    if NUMBER.search(line):
        return before
    return [place for place, cell in enumerate(cells) if cell == "seconds"] or before


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("│ ").split("│")]


def _line_differences(shown: str, fresh: str, columns: list[int]) -> list[str]:
    shown, fresh = _without_times(shown, columns), _without_times(fresh, columns)
    if _words(shown) != _words(fresh):
        return [f"{shown.strip()!r} has become {fresh.strip()!r}"]
    pairs = zip(NUMBER.findall(shown), NUMBER.findall(fresh), strict=True)
    return [
        f"{old} has become {new} in {fresh.strip()!r}"
        for old, new in pairs
        if not (_COUNT if old.isdigit() else _MEASURE).holds(old, new)
    ]


def _without_times(line: str, columns: list[int]) -> str:
    cells = _cells(line)
    if cells[0] == "seconds":
        return "seconds"
    kept = ["" if place in columns else cell for place, cell in enumerate(cells)]
    return _TIME.sub("", " │ ".join(kept))


def _words(line: str) -> str:
    """A line without its numbers, spaces, and the lengths of its rules."""
    return re.sub(r"([─━═])\1*|\s+", r"\1", NUMBER.sub("#", line))
