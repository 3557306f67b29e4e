"""The console that the commands print on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

LEAST_WIDTH = 120  # columns of output that nobody watches: a file or a pipe


def screen() -> Console:
    """Return a console on standard output; in a file or a pipe its lines are wide and plain."""
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        console = Console(width=max(console.width, LEAST_WIDTH))
    return console
