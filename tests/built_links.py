"""Checks the links inside a built documentation: `python tests/built_links.py FOLDER`.

Every href and src that does not lead to another site must lead to a file of the folder, and its
fragment to an element of that file. Prints what does not, and exits with 1.
"""

import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Places(HTMLParser):
    """What a page refers to, and what can be referred to in it."""

    def __init__(self):
        super().__init__()
        self.references, self.names = [], set()

    def handle_starttag(self, tag, attrs):
        """Note a tag's references and names."""
        for name, value in attrs:
            if name in ("href", "src") and value:
                self.references.append(value)
            elif name == "id" or (name == "name" and tag == "a"):
                self.names.add(value)


@cache
def places(file):
    """The references and names of a page."""
    parser = Places()
    parser.feed(file.read_text(encoding="utf-8"))
    return parser.references, parser.names


def faults(folder):
    """A line for each reference inside the folder that leads nowhere."""
    folder, found = Path(folder).resolve(), []
    for page in sorted(folder.rglob("*.html")):
        references, _ = places(page)
        for reference in references:
            fault = _fault(folder, page, reference)
            if fault is not None:
                found.append(f"{page.relative_to(folder)}: {reference} {fault}")
    return found


def _fault(folder, page, reference):
    """What is wrong with a reference, or None."""
    parts = urlsplit(reference)
    if parts.scheme or parts.netloc:
        return None
    file = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    if not file.is_relative_to(folder) or not file.is_file():
        return "leads to no file"
    fragment = unquote(parts.fragment)
    if fragment and file.suffix == ".html" and fragment not in places(file)[1]:
        return "leads to no element"
    return None


def main(arguments):
    """Print what leads nowhere, and return an exit code."""
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        print("usage: python built_links.py FOLDER", file=sys.stderr)
        return 2
    found = faults(arguments[0])
    print("\n".join(found) or f"all links inside {arguments[0]} lead somewhere")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
