"""Configuration of the documentation."""

import re

import riemgn

project = "riemgn"
author = "The riemgn authors"
copyright = "The riemgn authors"
release = riemgn.__version__
version = release

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.doctest",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
]
exclude_patterns = ["_build"]

myst_enable_extensions = ["dollarmath", "amsmath", "deflist"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = "riemgn"

# Single backticks in docstrings are code.
default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False

_CODE = re.compile(r"(`[^`]*`)")


def as_written(app, what, name, obj, options, lines):
    """Keep the |v| and the `Point`s of docstrings from being read as markup."""
    first, *rest = _CODE.split("\n".join(lines))
    rest[1::2] = [re.sub(r"^(?=\w)", r"\\ ", _without_bars(part)) for part in rest[1::2]]
    lines[:] = "".join([_without_bars(first), *rest]).split("\n")


def _without_bars(text):
    return text.replace("|", r"\|")


def setup(app):
    """Register the docstring filter."""
    app.connect("autodoc-process-docstring", as_written)
