"""How a run gets on, shown to whoever watches."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from riemgn.optimizers.records import Record

# A run that ends sooner (seconds) shows nothing.
_PATIENCE = 1.0

HEADER = "iteration             cost  gradient norm     cosine       step    damping"


@contextmanager
def shown(verbosity: int) -> Iterator[Callable[[Record], None]]:
    """Give a function that shows a record: a passing line where one watches, or printed lines."""
    if verbosity > 0:
        print(HEADER)
        yield lambda record: print(described(record))
    elif is_watched():
        with passing_line() as show:
            yield lambda record: show(
                f"step {record.iteration}, cost {record.cost:.6g}, "
                f"cosine {record.tangent_cosine:.1e}"
            )
    else:
        yield lambda record: None


def is_watched() -> bool:
    """Whether standard error is a terminal, or this is a notebook."""
    return sys.stderr.isatty() or "ipykernel" in sys.modules


def described(record: Record) -> str:
    """Return a record as a line under `HEADER`."""
    return (
        f"{record.iteration:9d}  {record.cost:15.8e}  {record.gradient_norm:13.4e}"
        f"  {record.tangent_cosine:9.2e}  {record.step:9.2e}  {record.damping:9.2e}"
    )


@contextmanager
def passing_line() -> Iterator[Callable[[str], None]]:
    """Give a function that shows a text on a line of standard error, gone at the end.

    The first second passes in silence.
    """
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = SpinnerColumn(), TimeElapsedColumn(), TextColumn("{task.description}")
    progress = Progress(*columns, console=Console(stderr=True), transient=True)
    line = progress.add_task("starting")
    began = time.perf_counter()

    def show(text: str) -> None:
        if time.perf_counter() - began > _PATIENCE:
            progress.start()  # does nothing the second time
            progress.update(line, description=text)

    try:
        yield show
    finally:
        progress.stop()
