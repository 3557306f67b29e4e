"""HTML as the tests read it: every tag closed, tables with headings, pictures with words."""

from html.parser import HTMLParser

VOID = {"br", "hr", "img", "input", "link", "meta"}
COLOURS = ("color", "background", "fill", "stroke")


class Reader(HTMLParser):
    """The tags and the text of a piece of HTML; a tag that is left open or closed twice fails."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.words, self._open = [], [], []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open, f"</{tag}> closes nothing"
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return "".join(self.words)

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def read(html):
    """Return the reader of what a notebook shows, which must be accessible and without colours."""
    reader = Reader(html)
    assert all(heading.get("scope") in ("row", "col") for heading in reader.all("th"))
    assert all(line["role"] == "img" and line["aria-label"] for line in reader.all("svg"))
    for tag, attributes in reader.tags:
        assert tag not in ("script", "style", "link", "img")
        for name in COLOURS:
            assert attributes.get(name) in (None, "none", "currentColor")
            assert f"{name}:" not in attributes.get("style", "")
    return reader


class Rows(HTMLParser):
    """The rows of a card: the text of the cell beside each heading; powers as they are typed."""

    def __init__(self, html):
        super().__init__()
        self.found, self._name, self._cell = {}, "", None
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        if tag == "th":
            self._name = ""
        if tag == "td":
            self.found.setdefault(self._name, "")
        if tag == "sup":
            self.handle_data("^")
        if tag in ("th", "td"):
            self._cell = tag

    def handle_endtag(self, tag):
        if tag in ("th", "td"):
            self._cell = None

    def handle_data(self, data):
        if self._cell == "th":
            self._name += data
        elif self._cell == "td":
            self.found[self._name] += data


def rows(html):
    """Return the text of each row of a card by its name, with 1e-9 for its power of ten."""
    times, minus = "\N{MULTIPLICATION SIGN}", "\N{MINUS SIGN}"
    return {
        name: text.replace(f" {times} 10^", "e").replace(minus, "-")
        for name, text in Rows(html).found.items()
    }
