"""The table that `riemgn geometry` prints."""

from __future__ import annotations

from rich import box
from rich.table import Table
from rich.text import Text

from riemgn.commands.geometry_subject import Subject
from riemgn.surveying import Survey
from riemgn.surveying.wording import LEFT_OUT, sections


def geometry_table(subject: Subject, survey: Survey) -> Table:
    """Return the table of a survey: each quantity, its value, and what it says."""
    shape = "-".join(map(str, subject.network.widths))
    table = Table(
        title=Text(f"{subject.data}: {shape}, {subject.network.activation.name}, {subject.origin}"),
        title_style="bold",
        title_justify="left",
        show_header=False,
        box=box.ROUNDED,
    )
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(style="dim")
    for section in sections(survey):
        table.add_row(Text(section.title, style="bold"), "", "")
        for row in section.rows:
            value = Text(row.value, style="dim" if row.value == LEFT_OUT else "")
            table.add_row(f"  {row.name}", value, Text(row.meaning))
        table.add_section()
    return table
