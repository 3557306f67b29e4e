"""A line on the terminal that says how a fit gets on."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from riemgn.fitting.result import FitStep


@contextmanager
def shown_on_terminal() -> Iterator[Callable[[FitStep], None]]:
    """Give a callback that shows each step on standard error if that is a terminal, else none.

    The line is gone when the fit is over.
    """
    if not sys.stderr.isatty():
        yield lambda step: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        line = progress.add_task("starting")
        yield lambda step: progress.update(line, description=described(step))


def described(step: FitStep) -> str:
    """Return a step in words."""
    doing = {"ridge": "choosing the ridge", "fit": "fitting all rows"}.get(step.phase, step.phase)
    held_out = "" if step.held_out_loss is None else f", held out {step.held_out_loss:.4g}"
    return (
        f"{doing}: ridge {step.ridge:.3g}, iteration {step.iteration}, "
        f"loss a row {step.loss:.4g}{held_out}"
    )
