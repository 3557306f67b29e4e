"""The pages that riemgn writes, in chromium: nothing is asked for, missing or said amiss."""

import numpy as np
import pytest
import reproduction_cases as cases
from browser import WIDTHS, chromium, own_requests, visit
from comparison_cases import comparison, run

from riemgn import baselines, reproduction
from riemgn.cli import main
from riemgn.minimization import METHODS
from riemgn.reports.compare import compare_page

pytestmark = pytest.mark.slow

FIT = ["fit", "own.csv", "--target", "a price of much length", "--hidden", "3"]
LABELS = ["fit", "kinds.csv", "--target", "kind", "--hidden", "3", "--ridge", "1"]
GEOMETRY = ["geometry", "own.csv", "--target", "a price of much length"]
COMPARE = ["compare", "own.csv", "--target", "a price of much length", "--hidden", "2"]
CLAIM = ["reproduce", "--quick", "--jobs", "1", "--claims", "T1"]

# The words of a command, the page it writes, and the least numbers of images and tables on it.
PAGES = {
    "fit of numbers": (FIT, "fit.html", 3, 4),
    "fit of labels": (LABELS, "fit.html", 1, 4),
    "fit of three targets": (["fit", "--dataset", "linnerud", "--hidden", "2"], "fit.html", 5, 4),
    "fresh network": ([*GEOMETRY, "--hidden", "3"], "geometry.html", 2, 5),
    "more weights than outputs": ([*GEOMETRY, "--hidden", "30"], "geometry.html", 1, 5),
    "fitted model": (["geometry", "own.csv", "--model", "model.npz"], "geometry.html", 2, 5),
    "comparison": ([*COMPARE, "--iterations", "5", "--seeds", "1"], "compare.html", 1, 3),
    "claim": (CLAIM, "index.html", 1, 2),
}


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    draws = np.random.default_rng(0)
    X = draws.normal(size=(40, 2)).round(3)
    prices = (np.tanh(X[:, 0]) + 0.3 * draws.normal(size=40)).round(4)
    rows = [f"{a},{b},{y}" for (a, b), y in zip(X, prices, strict=True)]
    kinds = [f"{a},{b},{'a rather long name' if a > b else 'no'}" for a, b in X]
    (folder / "own.csv").write_text("\n".join(["a,b,a price of much length", *rows]))
    (folder / "kinds.csv").write_text("\n".join(["a,b,kind", *kinds]))
    return folder


@pytest.fixture
def within(folder, monkeypatch):
    monkeypatch.setattr(baselines, "MAX_ITERATIONS", 20)
    monkeypatch.setattr(reproduction, "CLAIMS", cases.registered(cases.CLAIMS))
    monkeypatch.chdir(folder)
    if not (folder / "model.npz").exists():
        main([*FIT, "--ridge", "1", "--out", "."])
    return folder


@pytest.mark.parametrize("name", PAGES)
def test_a_page_in_a_browser(browser, within, name):
    words, file, images, tables = PAGES[name]
    out = within / name.replace(" ", "-")
    assert main([*words, "--out", str(out)]) == 0
    for width in WIDTHS:
        seen = visit(browser, out / file, width)
        assert seen.messages == []
        assert own_requests(seen) == []
        assert len(seen.images) >= images
        assert all(size > 0 and alternative for size, alternative in seen.images)
        assert len(seen.tables) >= tables
        assert all(bare == 0 and rows > 0 for bare, rows in seen.tables)
        assert seen.overflow <= 0
        if file == "geometry.html":
            assert seen.hidden <= 0
        assert seen.title.startswith("riemgn")
        assert seen.headings


def test_a_comparison_of_all_methods_is_seen_whole_on_a_desktop(browser, tmp_path):
    found = comparison(
        *(
            run(name, seed, [400.1, 105.1 + 7.2481e-12 * k], [0.0011, 0.0812], [1, 10000])
            for k, name in enumerate(METHODS)
            for seed in range(2)
        )
    )
    page = tmp_path / "compare.html"
    page.write_text(compare_page("data", "442 rows", found, {}))
    assert visit(browser, page, max(WIDTHS)).hidden <= 0


def test_the_browser_would_have_noticed(browser, tmp_path):
    """What the pages are checked for is found on a page that has it."""
    page = tmp_path / "bad.html"
    page.write_text(
        "<title>x</title><script>console.log('hm'); undefined_function()</script>"
        "<img src='absent.png'><table><tbody></tbody></table>"
        "<script src='https://example.com/x.js'></script>"
        "<div style='width: 3000px'>wide</div>"
        "<div class='scroll' style='overflow-x: auto; width: 100px'>"
        "<div style='width: 500px'>cut</div></div>"
    )
    seen = visit(browser, page, 1200)
    assert any("undefined_function" in text for text in seen.messages)
    assert "hm" in seen.messages
    assert seen.images == [[0, ""]]
    assert seen.tables == [[0, 0]]
    assert seen.overflow >= 1800
    assert seen.hidden >= 400
    assert any(url.endswith("absent.png") for url in own_requests(seen))
    assert "https://example.com/x.js" in own_requests(seen)
