"""docs/extending.md: every example of the page gives what it says."""

import doctest
from pathlib import Path

import pytest

PAGE = Path(__file__).parent.parent / "docs" / "extending.md"


@pytest.fixture(scope="module")
def page():
    return doctest.DocTestParser().get_doctest(_examples(), {}, PAGE.name, str(PAGE), 0)


def _examples():
    """The page with everything but its examples left out."""
    blocks = PAGE.read_text(encoding="utf-8").split("```{doctest}\n")[1:]
    return "\n".join(block.split("```")[0] for block in blocks)


def test_every_example_gives_what_the_page_says(page):
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    told = []
    results = runner.run(page, out=told.append)
    assert results.failed == 0, "".join(told)
    assert results.attempted > 60


def test_the_page_says_every_kind_of_extension(page):
    for name in ("Immersion", "Retraction", "Loss", "domain=", "metric="):
        assert name in page.docstring
