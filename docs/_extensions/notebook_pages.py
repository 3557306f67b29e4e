"""Shows the committed notebooks as pages, with the outputs that they were committed with.

Before the sources are looked for, every notebook of `notebook_folder` becomes a Markdown page in
`docs/notebooks/`, which git ignores. Nothing is executed. Links to a notebook lead to its page.
"""

from __future__ import annotations

import base64
import json
import os
import re
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

FOLDER = "notebooks"
_COLOURS_OF_TERMINALS = re.compile(r"\x1b\[[0-9;]*m")
_NOTEBOOK_LINK = re.compile(r"\]\((?P<up>(?:\.\./)+)notebooks/(?P<name>[\w-]+)\.ipynb\)")
_BETWEEN_NOTEBOOKS = re.compile(r"\]\((?P<name>[\w-]+)\.ipynb\)")
_TO_DOCUMENTATION = re.compile(r"\]\(\.\./docs/(?P<page>[\w/-]+\.md(?:#[\w-]+)?)\)")


def write_pages(app: Sphinx, config) -> None:
    """Write the page of every notebook, and remove those of notebooks that are gone."""
    source = (Path(app.srcdir) / config.notebook_folder).resolve()
    target = Path(app.srcdir) / FOLDER
    pages = set()
    for notebook in sorted(source.glob("*.ipynb")):
        page = target / f"{notebook.stem}.md"
        target.mkdir(exist_ok=True)
        _write_changed(page, _page(notebook, target).encode())
        pages.add(page)
    for left in set(target.glob("*.md")) - pages:
        left.unlink()


def _page(notebook: Path, target: Path) -> str:
    """Return a notebook in Markdown; its pictures are written into a folder of its name."""
    content = json.loads(notebook.read_text(encoding="utf-8"))
    parts, pictures = [], 0
    for cell in content["cells"]:
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(_links_of_pages(text))
        elif cell["cell_type"] == "code":
            parts.append(_fenced(text, "python"))
            for output in cell["outputs"]:
                picture = f"{notebook.stem}/{pictures}.png"
                part = _output(output, notebook, target / picture, picture)
                pictures += picture in part
                parts.append(part)
    where = f"*This page is the notebook `notebooks/{notebook.name}`, with its outputs.*"
    return "\n\n".join([*parts, where]) + "\n"


def _links_of_pages(text: str) -> str:
    """Return a notebook's Markdown with its links between notebooks and to the documentation."""
    text = _BETWEEN_NOTEBOOKS.sub(r"](\g<name>.md)", text)
    return _TO_DOCUMENTATION.sub(r"](../\g<page>)", text)


def _output(output: dict, notebook: Path, file: Path, picture: str) -> str:
    """Return an output in the richest form that a page without scripts can show."""
    if output["output_type"] == "error":
        raise ExtensionError(f"{notebook}: a cell failed with {output['ename']}")
    if output["output_type"] == "stream":
        return _text("".join(output["text"]))
    forms = output["data"]
    if "image/png" in forms:
        file.parent.mkdir(exist_ok=True)
        _write_changed(file, base64.b64decode("".join(forms["image/png"])))
        return f"![Figure of the code above]({picture})"
    html = "".join(forms.get("text/html", ""))
    if html and "<script" not in html:
        return _fenced(f'<div class="notebook-output">\n{html}\n</div>', "{raw} html")
    for form in ("text/markdown", "text/latex"):
        if form in forms:
            return "".join(forms[form])
    if "text/plain" not in forms:
        raise ExtensionError(f"{notebook}: no way to show an output of {', '.join(forms)}")
    return _text("".join(forms["text/plain"]))


def _text(text: str) -> str:
    return _fenced(_COLOURS_OF_TERMINALS.sub("", text).rstrip("\n"), "text")


def _fenced(text: str, kind: str) -> str:
    """Return a block of code, in a fence longer than any in it."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{kind}\n{text}\n{fence}"


def _write_changed(file: Path, content: bytes) -> None:
    """Write a file unless it has this content, so that Sphinx reads only what changed."""
    if not file.is_file() or file.read_bytes() != content:
        file.write_bytes(content)


def links_to_pages(app: Sphinx, docname: str, source: list[str]) -> None:
    """Let the links of the documentation to notebooks lead to their pages."""

    def to_page(link: re.Match) -> str:
        page = os.path.relpath(f"{FOLDER}/{link['name']}.md", os.path.dirname(docname) or ".")
        return f"]({Path(page).as_posix()})"

    source[0] = _NOTEBOOK_LINK.sub(to_page, source[0])


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the pages and their links."""
    app.add_config_value("notebook_folder", "notebooks", "env")
    app.connect("config-inited", write_pages)
    app.connect("source-read", links_to_pages)
    return {"parallel_read_safe": True}
