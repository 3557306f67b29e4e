"""How a run gets on, shown to whoever watches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from riemgn.progress import passing_line

if TYPE_CHECKING:
    from riemgn.optimizers.records import Record

HEADER = "iteration             cost  gradient norm     cosine       step    damping"


@contextmanager
def shown(verbosity: int) -> Iterator[Callable[[Record], None]]:
    """Give a function that shows a record: a passing line where one watches, or printed lines."""
    if verbosity > 0:
        print(HEADER)
        yield lambda record: print(described(record))
        return
    with passing_line() as show:
        yield lambda record: show(
            f"step {record.iteration}, cost {record.cost:.6g}, cosine {record.tangent_cosine:.1e}"
        )


def described(record: Record) -> str:
    """Return a record as a line under `HEADER`."""
    return (
        f"{record.iteration:9d}  {record.cost:15.8e}  {record.gradient_norm:13.4e}"
        f"  {record.tangent_cosine:9.2e}  {record.step:9.2e}  {record.damping:9.2e}"
    )
