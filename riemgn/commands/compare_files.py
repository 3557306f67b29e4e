"""What `riemgn compare --out` writes: all of it, or nothing."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

from riemgn import __version__
from riemgn.commands.compare_problem import Trained
from riemgn.commands.fit_files import json_text
from riemgn.comparison import Comparison
from riemgn.files import write_all
from riemgn.plotting import comparison_figure, theme
from riemgn.reports.compare import compare_page


def write(
    destination: Path, subject: Trained, comparison: Comparison, settings: Mapping[str, object]
) -> list[Path]:
    """Write the page, the report and the figure, and return their paths.

    The folder is made if it does not exist.
    """
    page = compare_page(subject.data, subject.description, comparison, settings)
    contents = {
        "compare.html": page.encode(),
        "compare.json": json_text(report(subject, comparison)).encode(),
        "compare.png": _figure(comparison),
    }
    return write_all(destination, contents)


def report(subject: Trained, comparison: Comparison) -> dict:
    """Return everything about a comparison that JSON can hold."""
    network = subject.network
    return {
        "riemgn": __version__,
        "data": {"name": subject.data, "rows": subject.rows},
        "network": {"widths": network.widths, "activation": network.activation.name},
        "loss": subject.loss,
        "ridge": subject.ridge,
        "comparison": comparison.to_dict(),
    }


def _figure(comparison: Comparison) -> bytes:
    drawn = io.BytesIO()
    with theme("light"):
        comparison_figure(comparison).savefig(drawn, format="png")
    return drawn.getvalue()
