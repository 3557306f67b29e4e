"""Lets every picture of a page open in its own size, and marks those that are wide on paper.

A figure of several panels is small beside text and smaller on a phone. Pictures that are in a link
already, as thumbnails are, stay as they are.
"""

from __future__ import annotations

import posixpath
from pathlib import Path
from urllib.parse import quote

from docutils import nodes
from PIL import Image
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

WIDE = 7.5  # inches


class Enlarged(nodes.General, nodes.Inline, nodes.Element):
    """A link around a picture to its file."""


class Enlarge(SphinxPostTransform):
    """Put every picture of a page in HTML into a link to itself."""

    default_priority = 900
    formats = ("html",)

    def run(self, **kwargs) -> None:
        """Replace the pictures that are in no link."""
        for image in list(self.document.findall(nodes.image)):
            if not isinstance(image.parent, nodes.reference):
                image.replace_self(_linked(image, Path(self.app.srcdir) / image["uri"]))


def _linked(image: nodes.image, file: Path) -> Enlarged:
    """Return a copy of an image in a link that has its classes."""
    shown = image.deepcopy()
    wide = ["wide"] if inches(file) > WIDE else []
    themes = [name for name in image["classes"] if name.startswith("only-")]
    return Enlarged("", shown, classes=["enlarged", *wide, *themes])


def inches(file: Path) -> float:
    """Return how wide a picture is on paper, 0 where it does not say."""
    with Image.open(file) as picture:
        dots = picture.info.get("dpi", (0, 0))[0]
        return picture.width / dots if dots else 0.0


def visit_enlarged(self, node: Enlarged) -> None:
    """Begin the link, to where the builder puts the file."""
    name = self.builder.images[node[0]["uri"]]
    to = posixpath.join(self.builder.imgpath, quote(name))
    title = "Open in its own size"
    self.body.append(self.starttag(node, "a", "", href=to, title=title))


def depart_enlarged(self, node: Enlarged) -> None:
    """End the link."""
    self.body.append("</a>")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the links."""
    app.add_node(Enlarged, html=(visit_enlarged, depart_enlarged))
    app.add_post_transform(Enlarge)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
