"""How a fit gets on, shown to whoever watches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from riemgn.fitting.result import FitStep
from riemgn.progress import passing_line


@contextmanager
def shown() -> Iterator[Callable[[FitStep], None]]:
    """Give a callback that shows each step on a passing line where one watches."""
    with passing_line() as show:
        yield lambda step: show(described(step))


def described(step: FitStep) -> str:
    """Return a step in words that fit a line."""
    doing = {"ridge": "choosing the ridge", "fit": "fitting, ridge"}.get(step.phase, step.phase)
    held_out = "" if step.held_out_loss is None else f", held out {step.held_out_loss:.3g}"
    return f"{doing}: {step.ridge:.3g}, step {step.iteration}, loss {step.loss:.3g}{held_out}"
