"""What all reports share: a heading, parts, settings, and the versions that were used."""

from __future__ import annotations

import io
import platform
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, NamedTuple

from riemgn import markup
from riemgn.markup import Markup, escaped, in_powers, verbatim

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FIGURE = (6.2, 4.1)  # inches
DPI = 200


class Part(NamedTuple):
    """A part of a report: a title, and HTML below it."""

    title: str
    body: str


def report(title: str, lead: str, parts: Sequence[Part], settings: Mapping[str, object]) -> str:
    """Return a report as a page of HTML that stands alone.

    Args:
        title: The heading.
        lead: A few sentences below it: what was done, and what came out; text as
            `riemgn.markup.in_powers` takes it.
        parts: What follows.
        settings: The options by name, told at the end; text as it was typed.
    """
    header = (
        f"<header>\n<h1>{escaped(title)}</h1>\n<p>{in_powers(lead)}</p>\n"
        f'<p class="soft">{escaped(versions())}.</p>\n</header>\n'
    )
    told = [(name, _setting(value)) for name, value in settings.items()]
    parts = [*parts, Part("Settings", markup.table(("Option", "Value"), told))]
    return markup.page(f"riemgn: {title}", header + "".join(map(_section, parts)))


def _setting(value: object) -> str:
    return verbatim(value) if isinstance(value, str) else markup.told(value)


def versions() -> str:
    """Return the versions of riemgn and of what it computes with, in a line."""
    from riemgn import __version__

    packages = ("numpy", "scipy", "pymanopt")
    return ", ".join(
        [f"riemgn {__version__}", f"Python {platform.python_version()}"]
        + [f"{name} {version(name)}" for name in packages]
    )


def picture(draw: Callable[[Axes], object], words: str, alternative: str = "") -> Markup:
    """Return a figure of a page that one function draws on axes, on white.

    Args:
        draw: What draws it.
        words: The caption, text or `Markup`.
        alternative: What is read out in its place; the caption if it is empty.
    """
    return markup.figure(png(draw), words, alternative)


def png(draw: Callable[[Axes], object]) -> bytes:
    """Return what one function draws on axes, on white, as a PNG."""
    from matplotlib.figure import Figure

    from riemgn.plotting import theme

    with theme("light"):
        figure = Figure(figsize=FIGURE, layout="constrained", dpi=DPI)
        figure.get_layout_engine().set(w_pad=0.08, h_pad=0.08)  # inches
        draw(figure.subplots())
        drawn = io.BytesIO()
        figure.savefig(drawn, format="png")
    return drawn.getvalue()


def paragraph(text: str) -> str:
    """Return a paragraph of text, or of `Markup`."""
    return f"<p>{in_powers(text)}</p>\n"


def marked(text: str, is_good: bool) -> Markup | str:
    """Return text that stands out where it is good."""
    return Markup(f'<span class="good">{escaped(text)}</span>') if is_good else text


def command(line: str) -> str:
    """Return a line to be typed, or several."""
    return f'<pre tabindex="0"><code>{escaped(line)}</code></pre>\n'


def _section(part: Part) -> str:
    return f'<section class="part">\n<h2>{escaped(part.title)}</h2>\n{part.body}</section>\n'
