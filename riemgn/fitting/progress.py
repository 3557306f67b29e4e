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

    columns = SpinnerColumn(), TimeElapsedColumn(), TextColumn("{task.description}")
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        line = progress.add_task("starting")
        yield lambda step: progress.update(line, description=described(step))


def described(step: FitStep) -> str:
    """Return a step in words that fit a line."""
    doing = {"ridge": "choosing the ridge", "fit": "fitting, ridge"}.get(step.phase, step.phase)
    held_out = "" if step.held_out_loss is None else f", held out {step.held_out_loss:.3g}"
    return f"{doing}: {step.ridge:.3g}, step {step.iteration}, loss {step.loss:.3g}{held_out}"
