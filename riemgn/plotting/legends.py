"""Legends above axes or a figure, in as many columns as its width holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from warnings import catch_warnings, simplefilter

import numpy as np

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

_SIZE, _SMALL = 9, 7  # of letters, points
_MOST_ROWS = 6  # of letters of the usual size
_BESIDE = 4.8  # room of a column beside its label: the line and the gap to the next, in letters
_POINTS = 72  # an inch

Entries = Sequence[tuple[str, "Artist"]]


def legend_above_axes(axes: Axes, entries: Entries) -> None:
    """Put a legend above axes, no wider than they are; the last ones in a row have its rest.

    Args:
        axes: The axes, which give way where the layout is constrained.
        entries: Labels, which may begin with an underscore, and what is drawn under each.
    """
    box, cell = axes.get_position(), axes.get_subplotspec()
    share = 1 - box.x0 if cell is not None and cell.is_last_col() else box.width
    place = {"loc": "lower left", "bbox_to_anchor": (0.0, 1.0)}
    axes.legend(**_filled(entries, share * _width(axes.figure)), **place)


def legend_above_figure(figure: Figure, entries: Entries) -> None:
    """Put a legend above all axes of a figure with a constrained layout, no wider than it is."""
    figure.legend(**_filled(entries, _width(figure)), loc="outside upper center")


def columns(labels: Sequence[str], width: float, size: float) -> int:
    """Return in how many columns a legend is no wider than a width; at least 1.

    Args:
        labels: Of its entries, which fill column by column.
        width: Inches.
        size: Of the letters, points.
    """
    widths = [text_width(label, size) + _BESIDE * size / _POINTS for label in labels]
    for rows in range(1, len(labels)):
        parts = np.array_split(widths, -(-len(labels) // rows))  # as matplotlib does it
        if sum(max(part) for part in parts) <= width:
            return len(parts)
    return 1


def text_width(text: str, size: float) -> float:
    """Return how wide a text of one or several lines is, in inches.

    Args:
        text: The text; formulas count as they are typed.
        size: Of the letters, points.
    """
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(size=size)
    with catch_warnings():
        simplefilter("ignore", UserWarning)  # of glyphs that the font lacks: drawing tells it
        widths = [
            text_to_path.get_text_width_height_descent(line, font, ismath=False)[0]
            for line in text.splitlines()
        ]
    return max(widths, default=0.0) / _POINTS


def fitting(label: str, width: float, size: float) -> str:
    """Return a label, without its middle where it is wider than a width in inches."""
    short, kept = label, len(label)
    while kept > 2 and text_width(short, size) > width:
        kept -= 1
        short = f"{label[: -(-kept // 2)]}\N{HORIZONTAL ELLIPSIS}{label[len(label) - kept // 2 :]}"
    return short


def _width(figure: Figure | SubFigure) -> float:
    return figure.bbox.width / figure.dpi


def _filled(entries: Entries, width: float) -> dict[str, object]:
    """Options of a legend with these entries that is at most so many inches wide."""
    size = _SIZE
    labels = [label for label, _ in entries]
    if -(-len(labels) // columns(labels, width, size)) > _MOST_ROWS:
        size = _SMALL
    room = width - _BESIDE * size / _POINTS
    labels = [fitting(label, room, size) or "(no label)" for label in labels]
    return {
        "handles": [artist for _, artist in entries],
        "labels": labels,
        "ncols": columns(labels, width, size),
        "fontsize": size,
        "frameon": False,
    }
