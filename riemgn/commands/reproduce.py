"""`riemgn reproduce`: measure the claims of the theory, and write a page about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from riemgn.commands.outcomes import DoesNotHold, Interrupted

if TYPE_CHECKING:
    from rich.table import Table

    from riemgn.reproduction.claim import Verdict
    from riemgn.reproduction.run import Standing


def reproduce(
    claims: Annotated[
        str | None,
        typer.Option(metavar="KEYS", help="Claims, separated by commas: C1,C4. By default all."),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Smaller sizes and fewer seeds: about two minutes.")
    ] = False,
    seeds: Annotated[
        int | None,
        typer.Option(metavar="N", help="How many seeds, for the claims that have them."),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(metavar="N", help="Processes at once; by default as many as cores."),
    ] = None,
    out: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where to write the page, figures and numbers.")
    ] = Path("reproduction"),
) -> None:
    """Measure the claims of the theory anew, and say which of them hold.

    A run that is interrupted goes on from what is finished when it is started again. The folder
    gets index.html, claims.json and a figure for each claim.
    """
    from riemgn import reproduction
    from riemgn.commands.fit_files import check_folder
    from riemgn.commands.screen import screen
    from riemgn.reproduction.page import PAGE
    from riemgn.reproduction.run import reproduce as run

    keys = reproduction.in_order(reproduction.CLAIMS if claims is None else _keys(claims))
    check_folder(out)
    try:
        with _shown() as note:
            verdicts = run(keys, "quick" if quick else "full", out, seeds, jobs, note)
    except KeyboardInterrupt as interruption:
        raise Interrupted(str(interruption) or "interrupted") from None
    console = screen()
    console.print(verdicts_table(verdicts))
    console.print(f"wrote {out / PAGE}", highlight=False, soft_wrap=True)
    failing = [verdict for verdict in verdicts if not verdict.holds]
    if failing:
        raise DoesNotHold("; ".join(map(_why, failing)))


def verdicts_table(verdicts: Sequence[Verdict]) -> Table:
    """Return the table of the verdicts: what was predicted and what was measured, by claim."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from riemgn.reproduction import claim
    from riemgn.reproduction.page import verdict_words

    table = Table(box=box.ROUNDED, show_lines=True)
    table.add_column("claim")
    table.add_column("predicted", ratio=2)
    table.add_column("measured", ratio=2)
    table.add_column("verdict", no_wrap=True)
    for verdict in verdicts:
        style = "bold green" if verdict.holds else "bold red"
        table.add_row(
            Text(verdict.claim, style="cyan") + Text(f" {claim(verdict.claim).title}", style=""),
            Text(_lines(verdict.predicted)),
            Text(_lines(verdict.measured)),
            Text(verdict_words(verdict.holds), style=style),
        )
    return table


def _keys(text: str) -> list[str]:
    return [key.strip().upper() for key in text.split(",")]


def _lines(values: dict) -> str:
    from riemgn.markup import told
    from riemgn.reproduction.store import plain

    return "\n".join(f"{name}: {told(value)}" for name, value in plain(values).items())


def _why(verdict: Verdict) -> str:
    from riemgn.markup import told

    failing = [check for check in verdict.checks if not check.holds]
    if not failing:
        return f"{verdict.claim} does not hold: nothing was checked"
    first = failing[0]
    reason = f"{first.name} (predicted {told(first.predicted)}, measured {told(first.measured)})"
    more = f" and {len(failing) - 1} more" if len(failing) > 1 else ""
    return f"{verdict.claim} does not hold: {reason}{more}"


@contextmanager
def _shown() -> Iterator[Callable[[Standing], None]]:
    """Give a function that shows how claims stand, a bar for each, where one watches."""
    from riemgn.progress import passing_bars

    with passing_bars() as show:
        yield lambda standing: show(
            standing.claim,
            standing.finished,
            standing.pieces,
            "" if standing.last is None else str(standing.last),
        )
