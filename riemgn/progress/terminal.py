"""Rows at the foot of a terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import compress
from typing import TYPE_CHECKING

from riemgn.progress.row import Row

if TYPE_CHECKING:
    from rich.table import Table

_BAR = 24  # columns


class TerminalView:
    """Rows on standard error, below whatever is printed meanwhile.

    What is printed on standard output stays there if that is a file or a pipe.
    """

    interval = 0.1

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live
        from rich.spinner import Spinner

        self._spinner = Spinner("dots")
        self._live = Live(
            console=Console(stderr=True),
            transient=True,
            auto_refresh=False,
            redirect_stdout=sys.stdout is not None and sys.stdout.isatty(),
        )
        self._live.start()

    def draw(self, rows: Sequence[Row], now: float) -> None:
        self._live.update(self._grid(rows, now), refresh=True)

    def close(self) -> None:
        self._live.stop()

    def _grid(self, rows: Sequence[Row], now: float) -> Table:
        from rich.table import Table

        cells = [self._cells(row, now) for row in rows]
        used = [any(column) for column in zip(*cells, strict=True)]
        grid = Table.grid(padding=(0, 1, 0, 0))
        for _ in range(sum(used) - 1):
            grid.add_column(no_wrap=True)
        grid.add_column()  # the text, which gives way where there is no room
        for row in cells:
            grid.add_row(*compress(row, used))
        return grid

    def _cells(self, row: Row, now: float) -> tuple:
        from rich.progress_bar import ProgressBar
        from rich.text import Text

        share = row.share
        bar = "" if share is None else ProgressBar(total=1.0, completed=share, width=_BAR)
        text = Text(row.text, no_wrap=True, overflow="ellipsis")
        return self._spinner, row.age(now), Text(row.name), bar, Text(row.count), text
