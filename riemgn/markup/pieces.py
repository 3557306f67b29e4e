"""Pieces of HTML that notebooks and pages show: tables, figures, sparklines."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence

import numpy as np

from riemgn.markup.wording import Markup, escaped, in_powers, visible

_WIDTH, _HEIGHT, _MARGIN = 160, 28, 2  # of a sparkline, pixels
_MOST_DRAWN = 400  # points of a sparkline


def table(headings: Sequence[str], rows: Iterable[Sequence]) -> Markup:
    """Return a table that scrolls where it is too wide; the first cell of a row is its heading.

    Args:
        headings: One a column.
        rows: Cells of text as `in_powers` takes it, or `Markup`; names are `verbatim`.
    """
    head = "".join(f'<th scope="col">{in_powers(heading)}</th>' for heading in headings)
    body = "".join(f"<tr>{_row(cells)}</tr>\n" for cells in rows)
    return Markup(
        f'<div class="scroll"><table>\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}</tbody>\n</table></div>\n"
    )


def figure(png: bytes, words: str, alternative: str = "") -> Markup:
    """Return a figure that carries its image, with a caption.

    Args:
        png: The image.
        words: The caption, text or `Markup`.
        alternative: What is read out in place of the image; the caption if it is empty.
    """
    read_out = alternative or (visible(words) if isinstance(words, Markup) else words)
    source = base64.b64encode(png).decode("ascii")
    return Markup(
        f'<figure><img alt="{escaped(read_out)}" '
        f'src="data:image/png;base64,{source}">'
        f'<figcaption class="soft">{in_powers(words)}</figcaption></figure>\n'
    )


def card(title: str, rows: Iterable[tuple[str, object]]) -> Markup:
    """Return a small table for a notebook: a title, then a name and a value a row.

    It has no colours of its own, so that it is read on light and dark pages.

    Args:
        title: The first line.
        rows: Names with text or `Markup`.
    """
    left = 'style="text-align: left"'
    body = "".join(
        f'<tr><th scope="row" {left}>{in_powers(name)}</th>'
        f"<td {left}>{in_powers(value)}</td></tr>\n"
        for name, value in rows
    )
    return Markup(
        f"<table>\n<caption {left}><b>{in_powers(title)}</b></caption>\n"
        f"<tbody>\n{body}</tbody></table>"
    )


def sparkline(
    values: Sequence[float],
    words: str,
    logarithmic: bool = True,
    places: Sequence[float] | None = None,
) -> Markup:
    """Return a small line of values as SVG, in the colour of the text around it.

    Values that cannot be drawn, such as zeros on a logarithmic scale, are left out. Where fewer
    than two are left there is no line, and the text is empty.

    Args:
        values: (m,).
        words: What the line shows, for those who cannot see it.
        logarithmic: Whether heights are those of the values' logarithms.
        places: Where the values lie, (m,), increasing; evenly by default.
    """
    heights = np.asarray(values, dtype=np.float64)
    with np.errstate(all="ignore"):
        heights = np.log10(heights) if logarithmic else heights
    x = np.arange(heights.size) if places is None else np.asarray(places, dtype=np.float64)
    drawn = np.flatnonzero(np.isfinite(heights) & np.isfinite(x))
    if drawn.size > _MOST_DRAWN:
        drawn = drawn[np.linspace(0, drawn.size - 1, _MOST_DRAWN).round().astype(int)]
    if drawn.size < 2:
        return Markup("")
    across, up = _shares(x[drawn]), _shares(heights[drawn])
    x = _MARGIN + across * (_WIDTH - 2 * _MARGIN)
    y = _HEIGHT - _MARGIN - up * (_HEIGHT - 2 * _MARGIN)
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    return Markup(
        f'<svg role="img" aria-label="{escaped(words)}" width="{_WIDTH}" height="{_HEIGHT}"'
        f' viewBox="0 0 {_WIDTH} {_HEIGHT}"><polyline points="{points}" fill="none" '
        'stroke="currentColor" stroke-width="1.5" stroke-linejoin="round"/></svg>'
    )


def _shares(values: np.ndarray) -> np.ndarray:
    """Return where values lie between the least and the largest, in [0, 1]; 1/2 if all are one."""
    halves = values / 2  # whose range does not overflow
    low, high = halves.min(), halves.max()
    if not high > low:
        return np.full(values.size, 0.5)
    return (halves - low) / (high - low)


def _row(cells: Sequence) -> str:
    first, *rest = cells
    return f'<th scope="row">{in_powers(first)}</th>' + "".join(
        f"<td{_words(cell)}>{in_powers(cell)}</td>" for cell in rest
    )


def _words(cell) -> str:
    """Return the class of a cell whose text is long enough to be broken."""
    text = visible(cell) if isinstance(cell, Markup) else str(cell)
    return ' class="words"' if len(text) > 40 else ""
