"""The documentation: every link inside leads somewhere, every public name and picture is in it."""

import inspect
import json
import re
import sys
from importlib import import_module

import built_links
import documentation_pages as doc
import pytest

PAGES = [*doc.pages(), doc.ROOT / "README.md", doc.ROOT / "CHANGELOG.md"]

# The modules whose names users write.
PUBLIC = (
    "riemgn",
    "riemgn.comparison",
    "riemgn.estimators",
    "riemgn.fitting",
    "riemgn.flows",
    "riemgn.geomstats",
    "riemgn.immersions",
    "riemgn.losses",
    "riemgn.manifolds",
    "riemgn.optimizers",
    "riemgn.plotting",
    "riemgn.statistics",
    "riemgn.surveying",
    "riemgn.testing",
    "riemgn.theory",
)

# Names of `riemgn.plotting` that draw nothing themselves.
NO_PICTURES = {"theme", "unit", "walk", "walks"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(doc.ROOT)))
def test_every_link_inside_leads_somewhere(page):
    inside = [
        link for link in doc.links(page, page.read_text(encoding="utf-8")) if not link.is_external
    ]
    assert [f"{link} {fault}" for link in inside if (fault := link.fault())] == []


def test_links_are_found_and_judged(tmp_path, monkeypatch):
    monkeypatch.setattr(doc, "ROOT", tmp_path)
    (tmp_path / "other.md").write_text("# Wide formulas, $p$ & more\n\n(label)=\n\ntext\n")
    text = (
        "[a](other.md) [b](other.md#wide-formulas-p--more) [c](other.md#label) `[d](code.md)`\n"
        "[e](gone.md) [f](other.md#gone) [![g](gone.png)](https://example.org)\n"
        "```text\n[h](fenced.md)\n```\n[i](../outside.md)\n"
    )
    found = doc.links(tmp_path / "page.md", text)
    faults = {link.target: link.fault() for link in found if not link.is_external}
    assert faults == {
        "other.md": None,
        "other.md#wide-formulas-p--more": None,
        "other.md#label": None,
        "gone.md": "leads to no file",
        "other.md#gone": "other.md has no heading or label 'gone'",
        "../outside.md": "leads out of the repository",
    }


def test_built_links_are_found_and_judged(tmp_path, capsys):
    (tmp_path / "a.html").write_text('<a id="x" href="b.html#y">b</a><img src="gone.png">')
    (tmp_path / "b.html").write_text('<p id="y"></p><a href="a.html#z">a</a><a href="#y">y</a>')
    assert built_links.faults(tmp_path) == [
        "a.html: gone.png leads to no file",
        "b.html: a.html#z leads to no element",
    ]
    assert built_links.main([str(tmp_path)]) == 1
    assert "gone.png" in capsys.readouterr().out


@pytest.mark.parametrize("module", PUBLIC)
def test_every_public_name_is_in_the_api(module):
    documented = doc.documented()
    public = import_module(module)
    names = [n for n in public.__all__ if doc.is_documentable(getattr(public, n))]
    assert names
    assert [n for n in names if id(getattr(public, n)) not in documented] == []


def test_nothing_is_in_the_api_twice():
    twice = {
        thing.__name__: [page for page, _ in places]
        for places in doc.documented().values()
        for _, thing in places[:1]
        if len(places) > 1
    }
    assert twice == {}


def test_every_picture_is_in_the_gallery():
    import riemgn.plotting as plotting

    page = (doc.DOCS / "gallery.md").read_text(encoding="utf-8")
    code = "\n".join(doc.fenced(page, "{picture}") + doc.fenced(page, "python"))
    drawing = [n for n in plotting.__all__ if inspect.isfunction(getattr(plotting, n))]
    missing = [n for n in drawing if n not in NO_PICTURES and not re.search(rf"\b{n}\(", code)]
    assert missing == []


def test_every_notebook_is_listed():
    notebooks = sorted((doc.ROOT / "notebooks").glob("*.ipynb"))
    page = doc.DOCS / "notebooks.md"
    linked = {link.target for link in doc.links(page, page.read_text(encoding="utf-8"))}
    assert {f"../notebooks/{notebook.name}" for notebook in notebooks} <= linked


def test_every_how_to_page_has_a_goal_and_a_next_step():
    for page in sorted((doc.DOCS / "how-to").glob("*.md")):
        text = page.read_text(encoding="utf-8")
        if page.stem != "index":
            assert "\nGoal: " in text, page.name
            assert "\nWhat to look at: " in text, page.name
            assert "\nNext: " in text, page.name


@pytest.fixture
def notebook_pages(monkeypatch):
    pytest.importorskip("sphinx", reason="the documentation's extras are not installed")
    monkeypatch.setattr(sys, "path", [str(doc.DOCS / "_extensions"), *sys.path])
    return import_module("notebook_pages")


def a_notebook(folder, *outputs):
    cells = [
        {"cell_type": "markdown", "source": ["# T\n", "[a](02-b.ipynb) [c](../docs/flows.md#d)"]},
        {"cell_type": "code", "source": "'```'", "outputs": list(outputs)},
    ]
    file = folder / "01-a.ipynb"
    file.write_text(json.dumps({"cells": cells}))
    return file


def test_a_notebook_becomes_a_page_with_its_outputs(notebook_pages, tmp_path):
    file = a_notebook(
        tmp_path,
        {"output_type": "stream", "text": ["\x1b[1mone\x1b[0m\n", "two\n"]},
        {"output_type": "display_data", "data": {"image/png": "aGk=", "text/plain": "Figure"}},
        {"output_type": "execute_result", "data": {"text/html": "<b>x</b>", "text/plain": "x"}},
        {"output_type": "display_data", "data": {"text/html": "<script>", "text/plain": "y"}},
    )
    page = notebook_pages._page(file, tmp_path)
    assert page.startswith("# T\n[a](02-b.md) [c](../flows.md#d)\n\n````python\n'```'\n````\n")
    assert "```text\none\ntwo\n```" in page
    assert "](01-a/0.png)" in page
    assert (tmp_path / "01-a" / "0.png").read_bytes() == b"hi"
    assert "<b>x</b>" in page
    assert "<script>" not in page
    assert "```text\ny\n```" in page


def test_a_notebook_with_a_failed_cell_is_refused(notebook_pages, tmp_path):
    file = a_notebook(tmp_path, {"output_type": "error", "ename": "ValueError"})
    with pytest.raises(Exception, match="a cell failed with ValueError"):
        notebook_pages._page(file, tmp_path)


def test_links_to_notebooks_lead_to_their_pages(notebook_pages):
    for docname, link, wanted in (
        ("index", "../notebooks/01-a.ipynb", "notebooks/01-a.md"),
        ("how-to/x", "../../notebooks/01-a.ipynb", "../notebooks/01-a.md"),
    ):
        source = [f"[a]({link})"]
        notebook_pages.links_to_pages(None, docname, source)
        assert source == [f"[a]({wanted})"]
