"""Pieces of HTML that notebooks and pages show: tables, figures, sparklines."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence

import numpy as np

from riemgn.markup.wording import escaped, in_powers

_WIDTH, _HEIGHT, _MARGIN = 160, 28, 2  # of a sparkline, pixels
_MOST_DRAWN = 400  # points of a sparkline


class Markup(str):
    """A string that is HTML already, and is not escaped again."""


def table(headings: Sequence[str], rows: Iterable[Sequence]) -> Markup:
    """Return a table that scrolls where it is too wide; the first cell of a row is its heading.

    Args:
        headings: One a column.
        rows: Cells of text, which are escaped and whose powers of ten are set, or `Markup`.
    """
    head = "".join(f'<th scope="col">{_cell(heading)}</th>' for heading in headings)
    body = "".join(f"<tr>{_row(cells)}</tr>\n" for cells in rows)
    return Markup(
        f'<div class="scroll"><table>\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}</tbody>\n</table></div>\n"
    )


def figure(png: bytes, words: str, alternative: str = "") -> Markup:
    """Return a figure that carries its image, with a caption.

    Args:
        png: The image.
        words: The caption.
        alternative: What is read out in place of the image; the caption if it is empty.
    """
    source = base64.b64encode(png).decode("ascii")
    return Markup(
        f'<figure><img alt="{escaped(alternative or words)}" '
        f'src="data:image/png;base64,{source}">'
        f'<figcaption class="soft">{_cell(words)}</figcaption></figure>\n'
    )


def card(title: str, rows: Iterable[tuple[str, object]]) -> str:
    """Return a small table for a notebook: a title, then a name and a value a row.

    It has no colours of its own, so that it is read on light and dark pages.

    Args:
        title: The first line.
        rows: Names with text or `Markup`.
    """
    left = 'style="text-align: left"'
    body = "".join(
        f'<tr><th scope="row" {left}>{_cell(name)}</th><td {left}>{_cell(value)}</td></tr>\n'
        for name, value in rows
    )
    return (
        f"<table>\n<caption {left}><b>{_cell(title)}</b></caption>\n<tbody>\n{body}</tbody></table>"
    )


def sparkline(values: Sequence[float], words: str, logarithmic: bool = True) -> Markup:
    """Return a small line of values as SVG, in the colour of the text around it.

    Values that cannot be drawn, such as zeros on a logarithmic scale, are left out.

    Args:
        values: (m,).
        words: What the line shows, for those who cannot see it.
        logarithmic: Whether heights are those of the values' logarithms.
    """
    heights = np.asarray(values, dtype=np.float64)
    with np.errstate(all="ignore"):
        heights = np.log10(heights) if logarithmic else heights
    places = np.linspace(0, 1, heights.size)
    drawn = np.flatnonzero(np.isfinite(heights))
    if drawn.size > _MOST_DRAWN:
        drawn = drawn[np.linspace(0, drawn.size - 1, _MOST_DRAWN).round().astype(int)]
    if drawn.size < 2:
        return Markup("")
    places, heights = places[drawn], heights[drawn]
    low, high = heights.min(), heights.max()
    ups = (heights - low) / (high - low) if high > low else np.full(heights.size, 0.5)
    x = _MARGIN + places * (_WIDTH - 2 * _MARGIN)
    y = _HEIGHT - _MARGIN - ups * (_HEIGHT - 2 * _MARGIN)
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    return Markup(
        f'<svg role="img" aria-label="{escaped(words)}" width="{_WIDTH}" height="{_HEIGHT}"'
        f' viewBox="0 0 {_WIDTH} {_HEIGHT}"><polyline points="{points}" fill="none" '
        'stroke="currentColor" stroke-width="1.5" stroke-linejoin="round"/></svg>'
    )


def _row(cells: Sequence) -> str:
    first, *rest = cells
    return f'<th scope="row">{_cell(first)}</th>' + "".join(
        f"<td{_words(cell)}>{_cell(cell)}</td>" for cell in rest
    )


def _words(cell) -> str:
    """Return the class of a cell whose text is long enough to be broken."""
    return ' class="words"' if not isinstance(cell, Markup) and len(str(cell)) > 40 else ""


def _cell(value) -> str:
    return value if isinstance(value, Markup) else in_powers(value)
