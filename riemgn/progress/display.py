"""The display of this process: its rows, and the thread that draws them."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from contextvars import ContextVar, copy_context

from riemgn.progress.row import Row, View
from riemgn.progress.watching import Place, watched_place

# What ends sooner (seconds) is not shown.
PATIENCE = 1.0

Put = Callable[[str, Row], None]

Key = tuple[object, str]  # whose row it is, and its name


class Display:
    """Rows that a thread draws, so that showing one costs nothing and Ctrl-C meets no drawing.

    Args:
        place: Where a person watches.
    """

    def __init__(self, place: Place) -> None:
        self._place: Place = place
        self._rows: dict[Key, Row] = {}  # replaced as a whole, for the thread that reads it
        self._ended = threading.Event()
        # in the cell's own context, by which a notebook tells whose output it is
        self._thread = threading.Thread(target=copy_context().run, args=[self._draw], daemon=True)

    def start(self) -> None:
        """Begin to draw, after a second."""
        self._thread.start()

    def put(self, key: Key, row: Row) -> None:
        """Show a row, in place of the one with the same key."""
        self._rows = self._rows | {key: row}

    def drop(self, owner: object) -> None:
        """Take the rows away that belong to an owner."""
        self._rows = {key: row for key, row in self._rows.items() if key[0] is not owner}

    def end(self) -> None:
        """Take everything away."""
        self._ended.set()
        self._thread.join()

    def _draw(self) -> None:
        _leave_signals()
        if self._ended.wait(PATIENCE):
            return
        with closing(_view(self._place)) as view:
            while not self._ended.is_set():
                now = time.perf_counter()
                old = [row for row in self._rows.values() if now - row.began >= PATIENCE]
                view.draw(old, now)
                self._ended.wait(view.interval)


_foremost: ContextVar[Display | None] = ContextVar("the display of this process", default=None)


@contextmanager
def shown_rows() -> Iterator[Put]:
    """Give a function that shows rows by name, until the end; it does nothing if nobody watches.

    They are rows of the display that is there already, if there is one.
    """
    outer = _foremost.get()
    if outer is not None:
        owner = object()
        try:
            yield lambda name, row: outer.put((owner, name), row)
        finally:
            outer.drop(owner)
        return
    place = watched_place()
    if place is None:
        yield lambda name, row: None
        return
    display = Display(place)
    token = _foremost.set(display)
    display.start()
    try:
        yield lambda name, row: display.put((display, name), row)
    finally:
        _foremost.reset(token)
        display.end()


def _view(place: Place) -> View:
    if place == "notebook":
        from riemgn.progress.notebook import NotebookView

        return NotebookView()
    from riemgn.progress.terminal import TerminalView

    return TerminalView()


def _leave_signals() -> None:
    """Leave Ctrl-C to the main thread, which may hold it back for a while."""
    if hasattr(signal, "pthread_sigmask"):  # not on Windows
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
