"""Pages of HTML read as text: headings, tables and images, for the tests of reports."""

from html.parser import HTMLParser


class Page(HTMLParser):
    """A page that was read.

    Attributes:
        headings: The texts of h1 and h2.
        tables: A list of rows for each table, a row a list of the cells' texts.
        images: The attributes of each image.
        text: All text of the body.
        addresses: What the page refers to outside of itself.
    """

    def __init__(self, text):
        super().__init__()
        self.headings, self.tables, self.images, self.addresses = [], [], [], []
        self.text = ""
        self._within = []
        self.feed(text)
        assert self._within == [], "a tag is not closed"

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "img":
            self.images.append(attrs)
        self.addresses += [
            attrs[name]
            for name in ("src", "href")
            if name in attrs and not attrs[name].startswith(("data:", "#"))
        ]
        if tag in ("meta", "img", "br", "link", "wbr"):
            return
        self._within.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("th", "td"):
            self.tables[-1][-1].append("")
        elif tag in ("h1", "h2"):
            self.headings.append("")

    def handle_endtag(self, tag):
        assert self._within.pop() == tag

    def handle_data(self, data):
        if "style" in self._within:
            return
        self.text += data
        if "tr" in self._within:
            if self.tables[-1][-1]:
                self.tables[-1][-1][-1] += data
        elif self._within and self._within[-1] in ("h1", "h2"):
            self.headings[-1] += data
