"""The documentation as written: its links, its anchors, and the names that the API documents."""

import inspect
import re
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"

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

_FENCE = re.compile(r"^(?P<fence>`{3,})(?P<kind>[^\n]*)\n(?P<body>.*?)^(?P=fence)\s*$", re.M | re.S)
_CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.S)
_LINK = re.compile(r"\[(?:[^\[\]]|\[[^\[\]]*\])*\]\((?P<target>[^()\s]+)\)")
_HEADING = re.compile(r"^#{1,6}\s+(?P<title>.+?)\s*$", re.M)
_LABEL = re.compile(r"^\((?P<label>[\w-]+)\)=\s*$", re.M)
_DIRECTIVE = re.compile(
    r"^\.\. (?P<kind>currentmodule|auto\w+):: (?P<name>\S+)\n(?P<options>(?:[ ]+:.*\n)*)", re.M
)


@dataclass(frozen=True)
class Link:
    """A link of a page: where it stands, and what it says it leads to."""

    page: Path
    target: str

    @property
    def is_external(self):
        return re.match(r"[a-z]+:", self.target) is not None

    def fault(self):
        """What is wrong with a link inside the repository, or None."""
        path, _, anchor = self.target.partition("#")
        file = (self.page.parent / path).resolve() if path else self.page
        if not file.is_relative_to(ROOT):
            return "leads out of the repository"
        if not file.exists():
            return "leads to no file"
        if anchor and anchor not in anchors(file.read_text(encoding="utf-8")):
            return f"{file.name} has no heading or label {anchor!r}"
        return None

    def __str__(self):
        return f"{self.page.name}: {self.target}"


def pages():
    """The pages that are written by hand: what is made of the notebooks is not among them."""
    made = DOCS / "notebooks", DOCS / "_build"
    return [p for p in sorted(DOCS.rglob("*.md")) if not any(p.is_relative_to(m) for m in made)]


def links(page, text):
    """The links of a page's prose; those in code are none."""
    return [Link(page, link["target"]) for link in _LINK.finditer(prose(text))]


def prose(text):
    """A page's text without its blocks of code and its code in lines."""
    return _CODE.sub("", _FENCE.sub("", text))


def fenced(text, kind):
    """The bodies of a page's blocks of a kind."""
    return [block["body"] for block in _FENCE.finditer(text) if block["kind"].strip() == kind]


def anchors(text):
    """What a link's #fragment may name: headings, spelt as GitHub and MyST do, and labels."""
    text = _FENCE.sub("", text)
    titles = [heading["title"] for heading in _HEADING.finditer(text)]
    return {slug(title) for title in titles} | {m["label"] for m in _LABEL.finditer(text)}


def slug(title):
    """A heading's anchor: small letters, hyphens for blanks, no punctuation."""
    return re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-")


def documented():
    """The objects that the pages of the API document, by identity."""
    found = {}
    for page in sorted((DOCS / "api").glob("*.md")):
        for block in fenced(page.read_text(encoding="utf-8"), "{eval-rst}"):
            for thing in _documented_by(block):
                found.setdefault(id(thing), []).append((page.name, thing))
    return found


def _documented_by(block):
    module = None
    for directive in _DIRECTIVE.finditer(block + "\n"):
        kind, name = directive["kind"], directive["name"]
        if kind in ("currentmodule", "automodule"):
            module = import_module(name)
        if kind == "automodule":
            yield from (getattr(module, m) for m in _members(module, directive["options"]))
        elif kind != "currentmodule":
            yield _resolved(name, module)


def _members(module, options):
    """The members that an automodule names, or all public ones."""
    named = re.search(r":members:(.*)", options)
    if named is None:
        return []
    return named[1].replace(",", " ").split() or module.__all__


def _resolved(name, module):
    """The object of a directive's name, with its module or in the current one."""
    if not name.startswith("riemgn."):
        return getattr(module, name)
    parent, _, last = name.rpartition(".")
    return getattr(import_module(parent), last)


def is_documentable(thing):
    """Whether autodoc has a page for it: modules have pages of their own."""
    return inspect.isclass(thing) or inspect.isroutine(thing)
