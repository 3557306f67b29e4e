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

INSTALLED_BY_NAME = r"pip install\s+\\?['\"]?riemgn"

# Names of `riemgn.plotting` that draw nothing themselves.
NO_PICTURES = {"finish", "ink", "surface_mesh", "theme", "unit", "walk", "walks"}

# How a page says where to go on.
WAYS_ON = ("\nNext: ", "\nFrom here: ", "\n## Where next\n")

# The first page and the list of notebooks are nothing but ways on.
ALL_WAYS_ON = {"index.md", "notebooks.md"}


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


@pytest.mark.parametrize("module", doc.PUBLIC)
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
    functions = [n for n in plotting.__all__ if inspect.isfunction(getattr(plotting, n))]
    missing = [n for n in functions if n not in NO_PICTURES and not re.search(rf"\b{n}\(", code)]
    assert missing == []


def section(page, heading):
    """The text of a page's section, without its heading."""
    text = (doc.DOCS / page).read_text(encoding="utf-8")
    return text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def test_what_takes_no_axes_is_told_apart():
    import riemgn.plotting as plotting

    functions = {n: getattr(plotting, n) for n in plotting.__all__}
    functions = {n: f for n, f in functions.items() if inspect.isfunction(f)}
    drawing = {n: inspect.signature(f) for n, f in functions.items() if n not in NO_PICTURES}
    on_axes = {n for n, signature in drawing.items() if "ax" in signature.parameters}
    assert {str(drawing[n].return_annotation) for n in on_axes} == {"Axes", "Axes3D"}
    several = section("how-to/pictures.md", "Figures of several panels")
    figures = set(re.findall(r"`(\w+)`", several))
    assert figures == set(drawing) - on_axes
    nothing = section("how-to/pictures.md", "What draws nothing")
    told = set(re.findall(r"`(\w+)(?:\(\))?`", nothing))
    assert NO_PICTURES - {"theme"} <= told


def test_a_hidden_picture_is_that_of_the_code_beside_it():
    hidden = 0
    for page in doc.pages():
        text = page.read_text(encoding="utf-8")
        beside = {line for block in doc.fenced(text, "python") for line in block.splitlines()}
        for block in doc.fenced(text, "{picture}"):
            options, code = [], []
            for line in block.splitlines():
                (options if re.match(r":\w+:", line) else code).append(line)
            if ":hidden:" in options:
                hidden += 1
                assert [line for line in code[:-1] if line not in beside] == [], page.name
    assert hidden


def test_every_page_leads_on():
    for page in sorted(doc.DOCS.glob("*.md")):
        if page.name in ALL_WAYS_ON:
            continue
        text = page.read_text(encoding="utf-8")
        ends = [text.rpartition(way)[2] for way in WAYS_ON if way in text]
        assert any(doc.links(page, end) for end in ends), page.name


def test_nothing_is_installed_from_an_index_that_does_not_have_it():
    folders = ("riemgn", "docs", "notebooks")
    files = [f for folder in folders for f in sorted((doc.ROOT / folder).rglob("*"))]
    files = [f for f in files if f.suffix in (".py", ".md", ".ipynb")]
    told = [f for f in [*files, *PAGES] if re.search(INSTALLED_BY_NAME, f.read_text("utf-8"))]
    assert told == []


def test_the_readme_tells_solved_from_global():
    table = (doc.DOCS / "minimize.md").read_text(encoding="utf-8").partition("at the global")[2]
    rows = re.findall(r"^\| ([\w ]+) \| (\d+) of 84 .* (\d+) \|$", table, re.MULTILINE)
    readme = (doc.ROOT / "README.md").read_text(encoding="utf-8")
    [line] = [row for row in readme.splitlines() if "MINPACK's collection" in row]
    solved, _, at_global = line.partition("at the global minimum")
    assert len(rows) == 3
    for _, count, best in rows:
        assert re.search(rf"\b{count}\b", solved)
        assert re.search(rf"\b{best}\b", at_global)


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
def extension(monkeypatch):
    """What imports an extension of the documentation by its name."""
    pytest.importorskip("sphinx", reason="the documentation's extras are not installed")
    monkeypatch.setattr(sys, "path", [str(doc.DOCS / "_extensions"), *sys.path])
    return import_module


@pytest.fixture
def notebook_pages(extension):
    return extension("notebook_pages")


def test_a_picture_is_a_link_that_knows_how_wide_it_is(extension, tmp_path):
    from docutils import nodes
    from PIL import Image

    enlarged = extension("enlarged")
    Image.new("L", (900, 300)).save(tmp_path / "wide.png", dpi=(100, 100))
    Image.new("L", (900, 300)).save(tmp_path / "sharp.png", dpi=(200, 200))
    Image.new("L", (900, 300)).save(tmp_path / "silent.png")
    image = nodes.image(uri="wide.png", alt="words", classes=["picture", "only-dark"])
    link = enlarged._linked(image, tmp_path / "wide.png")
    assert link["classes"] == ["enlarged", "wide", "only-dark"]
    assert link[0]["alt"] == "words"
    for other in ("sharp.png", "silent.png"):
        assert "wide" not in enlarged._linked(image, tmp_path / other)["classes"]


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
