"""Lines and bars that pass: there while something lasts, gone when it is over.

The first second passes in silence. What is shown inside of something that is shown is a row below
it, so that a comparison's bar has the run that is under way beneath it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from riemgn.progress.display import shown_rows
from riemgn.progress.row import Row


@contextmanager
def passing_line() -> Iterator[Callable[[str], None]]:
    """Give a function that shows a text on a line; it does nothing where nobody watches."""
    began = time.perf_counter()
    with shown_rows() as put:
        put("", Row(began, "starting"))
        yield lambda text: put("", Row(began, text))


@contextmanager
def passing_bar(total: float) -> Iterator[Callable[..., None]]:
    """Give a function `show(done, text="")` that shows how much is done, as a bar and a text.

    Args:
        total: How much there is; an int is shown as a count, "3/10", another number in percent.
    """
    began = time.perf_counter()
    with shown_rows() as put:

        def show(done: float, text: str = "") -> None:
            put("", Row(began, text, done=done, total=total))

        show(0)
        yield show


@contextmanager
def passing_bars() -> Iterator[Callable[..., None]]:
    """Give a function `show(name, done, total, text="")` that shows a bar for each name."""
    began = time.perf_counter()
    with shown_rows() as put:

        def show(name: str, done: float, total: float, text: str = "") -> None:
            put(name, Row(began, text, name, done, total))

        yield show
