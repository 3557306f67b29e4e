"""The look that all figures share: colours, axes, bands, themes for light and dark pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np

from riemgn.arguments import choice

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

DPI = 150
WIDTH, HEIGHT = 8.0, 4.5  # inches

# M. Okabe and K. Ito's palette, which the colour-blind can tell apart, without black and yellow.
BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY = COLOURS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
)
MUTED = "#6b7280"

# In the order of COLOURS, so that lines are told apart in greyscale too.
_STYLES = ("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)), (0, (9, 3)))
_MARKERS = ("o", "s", "^", "D", "v", "P")
_MARKED = 30  # points up to which every point of a line has a marker
_ROW = 0.18  # of a legend beside axes, inches
_SHORT = 12  # letters of a name up to which such a legend may have two columns
_NARROW = 26  # letters in one of its lines
_MUTED = 0.6  # the share of ink in the colour of what is not the subject

_SPREADS = {"range": (0.0, 1.0), "quartiles": (0.25, 0.75)}


def new_figure() -> Figure:
    """Return the empty figure that a claim draws on; `Figure.set_size_inches` may change it."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, HEIGHT), layout="constrained", dpi=DPI)
    figure.get_layout_engine().set(w_pad=0.1, h_pad=0.1)  # inches
    return figure


def finish(axes: Axes, xlabel: str, ylabel: str, title: str = "") -> None:
    """Label axes, and give them a light grid and, if anything has a label, a legend."""
    label_axes(axes, xlabel, ylabel, title)
    bounded_legend(axes, frameon=False)


def label_axes(axes: Axes, xlabel: str, ylabel: str, title: str = "") -> None:
    """Label axes and give them a light grid; a legend is left to the caller."""
    axes.set_xlabel(xlabel, fontsize=10)
    axes.set_ylabel(ylabel, fontsize=10)
    if title:
        axes.set_title(title, fontsize=11, loc="left", fontweight="bold")
    axes.tick_params(labelsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25, linewidth=0.6)


def bounded_legend(axes: Axes, most: int = 10, kept: Sequence[str] = (), **inside) -> None:
    """Draw a legend, if anything has a label, that leaves the axes their room.

    One of more than `most` names is drawn beside the axes, in one or two columns; where the figure
    has no layout that would make room for it, `most` names are drawn inside. What is left out is
    counted in a last line.

    Args:
        axes: The axes.
        most: How many names may be drawn inside.
        kept: Names that come first where some are left out.
        inside: Further options of `Axes.legend` there.
    """
    handles, labels = axes.get_legend_handles_labels()
    if not labels:
        return
    if len(labels) > most:
        order = sorted(range(len(labels)), key=lambda k: labels[k] not in kept)
        handles, labels = [handles[k] for k in order], [labels[k] for k in order]
    if len(labels) > most and axes.figure.get_layout_engine() is not None:
        _legend_beside(axes, handles, labels)
    else:
        axes.legend(*_first(most, handles, labels), **{"fontsize": 9, **inside})


def _legend_beside(axes: Axes, handles: Sequence[Artist], labels: Sequence[str]) -> None:
    figure = axes.figure.figure
    rows = int(axes.get_position().height * figure.get_figheight() / _ROW)
    columns = 2 if len(labels) > rows and max(map(len, labels)) <= _SHORT else 1
    labels = [fill(label, _NARROW) for label in labels]
    filled = np.cumsum([1 + label.count("\n") for label in labels])
    most = len(labels)
    if filled[-1] > columns * rows:  # one row tells how many are left out
        most = 1 + max(1, int(np.count_nonzero(filled < columns * rows)))
    handles, labels = _first(most, handles, labels)
    axes.legend(
        handles,
        labels,
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        ncols=columns,
        frameon=False,
        fontsize=8,
    )


def _first(
    most: int, handles: Sequence[Artist], labels: Sequence[str]
) -> tuple[list[Artist], list[str]]:
    """Return so many names of a legend, the last one the number of what is left out."""
    from matplotlib.lines import Line2D

    rest = len(labels) - most
    if rest <= 0:
        return list(handles), list(labels)
    kept = most - 1
    more = Line2D([], [], linestyle="none")
    return [*handles[:kept], more], [*labels[:kept], f"and {rest + 1} more"]


def band(
    axes: Axes,
    x: Sequence[float],
    rows: Sequence[Sequence[float]],
    label: str | None = None,
    colour: str = BLUE,
    spread: str = "range",
    **line,
) -> Line2D:
    """Draw the median over seeds as a line in a band, and return the line.

    NaN is left out; where a column has nothing else, the line and the band have a gap.

    Args:
        axes: The axes.
        x: (m,).
        rows: A row for each seed, (seeds, m).
        label: The line's name in the legend.
        colour: Of both.
        spread: How far the band goes: the "range" over seeds, or the "quartiles".
        line: Further options of `Axes.plot`.
    """
    choice("spread", spread, _SPREADS)
    x, rows = np.asarray(x, dtype=float), np.atleast_2d(np.asarray(rows, dtype=float))
    levels = np.full((3, rows.shape[1]), np.nan)
    there = ~np.isnan(rows).all(axis=0)
    low, high = _SPREADS[spread]
    if there.any():
        levels[:, there] = np.nanquantile(rows[:, there], (low, 0.5, high), axis=0)
    if len(rows) > 1:
        axes.fill_between(x, levels[0], levels[2], color=colour, alpha=0.2, linewidth=0)
    [drawn] = axes.plot(x, levels[1], label=label, **{"color": colour, "linewidth": 1.8, **line})
    return drawn


def prediction(
    axes: Axes, x: Sequence[float], y: Sequence[float], label: str | None = "predicted"
) -> Line2D:
    """Draw what theory says, dashed and in ink above everything else, and return the line."""
    [drawn] = axes.plot(x, y, color=ink(), linewidth=1.3, linestyle="--", zorder=5, label=label)
    return drawn


def look(k: int, points: int = 0) -> dict[str, object]:
    """Return the options of `Axes.plot` for the k-th of several lines.

    Colours and dashes change together, so that a picture printed in grey is still read. The first
    36 lines all differ.

    Args:
        k: From 0 on.
        points: How many points the line has; few points have markers.
    """
    rounds, colour = divmod(k, len(COLOURS))
    options = {
        "color": COLOURS[colour],
        "linestyle": _STYLES[(colour + rounds) % len(_STYLES)],
        "linewidth": 1.8,
    }
    if 0 < points <= _MARKED:
        options |= {"marker": _MARKERS[(colour + rounds) % len(_MARKERS)], "markersize": 4}
    return options


def whole_numbers(axis: Axis) -> None:
    """Let the ticks of an axis be integers, if it is linear."""
    from matplotlib.ticker import MaxNLocator

    if axis.get_scale() == "linear":
        axis.set_major_locator(MaxNLocator("auto", integer=True, steps=(1, 2, 5, 10)))


def remark(axes: Axes, words: str) -> None:
    """Add a sentence to the legend that `finish` makes, without a line beside it."""
    axes.plot([], [], linestyle="none", label=words)


def axes_or_new(ax: Axes | None, projection: str | None = None, size=(6.4, 4.4)) -> Axes:
    """Return the axes given, or new ones in a figure of their own.

    Args:
        ax: Axes, or None.
        projection: Of the axes wanted: None for two dimensions, "3d" for three.
        size: Of a new figure, inches.

    Raises:
        TypeError: `ax` is something else.
        ValueError: The axes have another projection.
    """
    from matplotlib.axes import Axes

    wanted = projection or "rectilinear"
    if ax is None:
        import matplotlib.pyplot as plt

        figure = plt.figure(figsize=size, layout="constrained")
        return figure.add_subplot(projection=projection)
    if not isinstance(ax, Axes):
        raise TypeError(f"ax must be matplotlib axes, got {type(ax).__name__}")
    if ax.name != wanted:
        raise ValueError(f"ax must have the projection {wanted!r}, got {ax.name!r}")
    return ax


def ink() -> str:
    """Return the colour of text on the present background: lines that are neither run nor data."""
    import matplotlib

    return matplotlib.rcParams["text.color"]


def muted() -> str:
    """Return a colour between ink and the present background: lines that are not the subject."""
    import matplotlib
    from matplotlib.colors import to_hex, to_rgb

    paper = np.array(to_rgb(matplotlib.rcParams["axes.facecolor"]))
    return to_hex(_MUTED * np.array(to_rgb(ink())) + (1 - _MUTED) * paper)


@contextmanager
def theme(name: str) -> Iterator[None]:
    """Draw for a "light" or a "dark" page within this context.

    The colours of lines are the same in both; background, text and grid change.
    """
    import matplotlib

    with matplotlib.rc_context(_THEMES[choice("theme", name, _THEMES)]):
        yield


def _paper(background: str, text: str, line: str) -> dict[str, str]:
    return {
        "figure.facecolor": background,
        "axes.facecolor": background,
        "savefig.facecolor": background,
        "text.color": text,
        "axes.labelcolor": text,
        "axes.titlecolor": text,
        "axes.edgecolor": line,
        "xtick.color": line,
        "ytick.color": line,
        "xtick.labelcolor": text,
        "ytick.labelcolor": text,
        "grid.color": line,
    }


_THEMES = {
    "light": _paper("white", "#1c2430", "#5b6472"),
    "dark": _paper("#14181f", "#e6e9ee", "#98a2b3"),
}
