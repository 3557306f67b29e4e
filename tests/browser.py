"""Pages in the system's chromium: what a person's browser would ask for, show and complain of."""

import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

WIDTHS = (1200, 390)  # a desktop's window and a phone's, in pixels


@dataclass
class Visit:
    """What happened while a page was shown.

    Attributes:
        messages: What the console said, errors of scripts included.
        requests: The addresses that the page asked for.
        images: (width of the image itself, its alternative text) for each.
        tables: (heading cells without a scope, rows of the body) for each.
        title: The window's title.
        headings: The texts of h1 and h2.
        overflow: Pixels by which the page is wider than the window.
        hidden: Pixels by which the widest table is wider than what is seen of it.
    """

    messages: list = field(default_factory=list)
    requests: list = field(default_factory=list)
    images: list = field(default_factory=list)
    tables: list = field(default_factory=list)
    title: str = ""
    headings: list = field(default_factory=list)
    overflow: int = 0
    hidden: int = 0


@contextmanager
def chromium():
    """Give a browser; skip the test where there is none."""
    sync = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("chromium is not installed: pages are not looked at in a browser")
    with sync.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


def visit(browser, path, width):
    """Return what happens when a file is opened in a window of some width, without a network."""
    seen = Visit()
    context = browser.new_context(viewport={"width": width, "height": 900}, offline=True)
    try:
        page = context.new_page()
        page.on("console", lambda message: seen.messages.append(message.text))
        page.on("pageerror", lambda error: seen.messages.append(str(error)))
        page.on("request", lambda request: seen.requests.append(request.url))
        page.goto(path.resolve().as_uri(), wait_until="load")
        seen.images = page.eval_on_selector_all(
            "img", "all => all.map(i => [i.complete ? i.naturalWidth : 0, i.alt])"
        )
        seen.tables = page.eval_on_selector_all(
            "table",
            "all => all.map(t => [t.querySelectorAll('th:not([scope])').length, "
            "t.tBodies[0].rows.length])",
        )
        seen.title = page.title()
        seen.headings = page.eval_on_selector_all("h1, h2", "all => all.map(h => h.textContent)")
        seen.overflow = page.evaluate("document.scrollingElement.scrollWidth - window.innerWidth")
        seen.hidden = page.evaluate(
            "Math.max(0, ...[...document.querySelectorAll('.scroll')]"
            ".map(s => s.scrollWidth - s.clientWidth))"
        )
    finally:
        context.close()
    return seen


def own_requests(seen):
    """Return the addresses that are neither the file itself nor data within it."""
    return [url for url in seen.requests[1:] if not url.startswith("data:")]
