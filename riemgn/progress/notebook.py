"""Rows below a notebook's cell."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from riemgn.markup import escaped
from riemgn.progress.row import Row

if TYPE_CHECKING:
    from IPython.core.display_functions import DisplayHandle
    from IPython.core.interactiveshell import InteractiveShell

_GONE = {"text/html": "", "text/plain": ""}


# The number of the cell that last showed rows, and their output, by the shell that runs it.
_OUTPUTS: WeakKeyDictionary[InteractiveShell, tuple[int, DisplayHandle]] = WeakKeyDictionary()


class NotebookView:
    """Rows in one output of the running cell, replaced in place and empty at the end.

    An output cannot be taken away alone: an empty one remains, one a cell however often it shows
    rows. It needs no widgets.
    """

    interval = 0.5

    def __init__(self) -> None:
        self._drawn: dict[str, str] = {}

    def draw(self, rows: Sequence[Row], now: float) -> None:
        content = {"text/html": _table(rows, now), "text/plain": _lines(rows, now)}
        if rows and content != self._drawn:
            _show(content)
            self._drawn = content

    def close(self) -> None:
        if self._drawn:
            _show(_GONE)


def _show(content: dict[str, str]) -> None:
    """Show a content in the output that the running cell has for it."""
    from IPython import get_ipython
    from IPython.display import display

    shell = get_ipython()
    cell, output = _OUTPUTS.get(shell, (None, None))
    if cell == shell.execution_count:
        output.update(content, raw=True)
    else:
        output = display(content, raw=True, display_id=True)
        _OUTPUTS[shell] = shell.execution_count, output


def _table(rows: Sequence[Row], now: float) -> str:
    cells = [
        (row.age(now), escaped(row.name), _bar(row), row.count, escaped(row.text)) for row in rows
    ]
    used = [any(column) for column in zip(*cells, strict=True)]
    lines = (_line([*compress(line, used)]) for line in cells)
    return f'<table role="presentation">{"".join(lines)}</table>'


def _line(cells: Sequence[str]) -> str:
    return "<tr>" + "".join(f'<td style="text-align: left">{cell}</td>' for cell in cells) + "</tr>"


def _bar(row: Row) -> str:
    if row.share is None:
        return ""
    words = escaped(row.name or "done")
    return f'<progress max="1" value="{row.share:.4f}" aria-label="{words}"></progress>'


def _lines(rows: Sequence[Row], now: float) -> str:
    cells = [(row.age(now), row.name, row.count, row.text) for row in rows]
    return "\n".join("  ".join(filter(None, line)) for line in cells)
