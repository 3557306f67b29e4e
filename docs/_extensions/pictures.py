"""The directives `picture`, whose code is shown and run, and `thumbnails`, a grid of a page's.

The code of a picture is run while the page is read; `:hidden:` shows its figure alone, where the
page has the code already. The figure is the value of its last expression,
as in a notebook: a figure or axes. It is drawn a second time for dark pages. The pictures of a page
share one namespace, from top to bottom.
"""

from __future__ import annotations

import ast
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.util.docutils import SphinxDirective

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 160  # sharp at twice the density of a page
THEMES = ("light", "dark")


class Picture(SphinxDirective):
    """Python code, and the figure that it draws."""

    has_content = True
    option_spec = {  # noqa: RUF012 (docutils' own convention)
        "alt": directives.unchanged,
        "hidden": directives.flag,
    }

    def run(self) -> list[nodes.Node]:
        """Return the code and, where pages are written in HTML, its figure in both themes."""
        source = "\n".join(self.content)
        shown = [] if "hidden" in self.options else [self._code(source)]
        if self.env.app.builder.format != "html":
            return shown
        files = self._drawn(source)
        if files and "alt" not in self.options:
            raise self.error("a picture that draws needs the option :alt:")
        return [*shown, *(self._image(file, theme) for theme, file in files.items())]

    def _code(self, source: str) -> nodes.literal_block:
        shown = nodes.literal_block(source, source, language="python")
        self.set_source_info(shown)
        return shown

    def _drawn(self, source: str) -> dict[str, Path]:
        """Run the code once, and once more for the dark theme if it is that of a figure."""
        number = self.env.temp_data["pictures"] = self.env.temp_data.get("pictures", 0) + 1
        stem = f"{self.env.docname.replace('/', '-')}-{number}"
        files = {}
        for theme in THEMES:
            file = Path(self.env.app.doctreedir) / "pictures" / f"{stem}-{theme}.png"
            if not self._draw(source, theme, file):
                break
            files[theme] = file
        return files

    def _draw(self, source: str, theme_name: str, file: Path) -> bool:
        """Run the code in a theme; keep its figure, if it has one, in a file."""
        import matplotlib.pyplot as plt

        from riemgn.plotting import theme

        namespace = self.env.temp_data.setdefault("picture names", {})
        place = f"{self.env.doc2path(self.env.docname)}, picture at line {self.lineno}"
        with theme(theme_name), warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.filterwarnings("ignore", category=ImportWarning)
            try:
                figure = _figure(_value(source, place, namespace))
            except Exception as error:
                raise self.error(f"{place}: {type(error).__name__}: {error}") from error
            if figure is not None:
                file.parent.mkdir(parents=True, exist_ok=True)
                figure.savefig(file, dpi=DPI, bbox_inches="tight", pad_inches=0.08)
            plt.close("all")
        return figure is not None

    def _image(self, file: Path, theme: str) -> nodes.image:
        """Return an image that is shown on pages of its theme."""
        beside = Path(self.env.doc2path(self.env.docname)).parent
        return nodes.image(
            uri=Path(os.path.relpath(file, beside)).as_posix(),
            alt=self.options["alt"],
            classes=["picture", f"only-{theme}"],
        )


def _value(source: str, place: str, namespace: dict) -> object:
    """Run code and return the value of its last expression, or None."""
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, place, "exec"), namespace)
    if last is None:
        return None
    return eval(compile(ast.Expression(last.value), place, "eval"), namespace)


def _figure(value: object) -> Figure | None:
    """Return a figure, or that of axes; None for anything else."""
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    if isinstance(value, Axes):
        return value.figure
    return value if isinstance(value, Figure) else None


class Grid(nodes.General, nodes.Element):
    """The place of the thumbnails, until the whole page is read."""


class Thumbnails(SphinxDirective):
    """A grid of links to the sections of the page that have a picture."""

    def run(self) -> list[nodes.Node]:
        """Return the place of the grid."""
        return [Grid()]


class FillGrid(SphinxTransform):
    """Put the first picture of each section into the grid of the page."""

    default_priority = 500

    def apply(self, **kwargs) -> None:
        """Replace every grid by its thumbnails."""
        for grid in list(self.document.findall(Grid)):
            box = nodes.container(classes=["thumbnails"])
            box += [thumb for s in self.document.findall(nodes.section) if (thumb := _thumb(s))]
            grid.replace_self(box)


def _thumb(section: nodes.section) -> nodes.paragraph | None:
    """Return a link to a section with its pictures and title, if it has pictures of its own."""
    images = [child for child in section.children if isinstance(child, nodes.image)]
    if not images:
        return None
    title = section.next_node(nodes.title).astext()
    link = nodes.reference("", "", internal=True, refid=section["ids"][0])
    for image in images[: len(THEMES)]:
        small = image.deepcopy()
        small["alt"] = ""  # the title beside it says the same
        small["classes"] = [name for name in image["classes"] if name != "picture"]
        link += small
    link += nodes.inline(title, title)
    return nodes.paragraph("", "", link, classes=["thumbnail"])


def setup(app: Sphinx) -> dict[str, bool]:
    """Register both directives."""
    app.add_directive("picture", Picture)
    app.add_directive("thumbnails", Thumbnails)
    app.add_node(Grid)
    app.add_transform(FillGrid)
    return {"parallel_read_safe": False}
