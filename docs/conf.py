"""Configuration of the documentation."""

import logging
import os
import re
import sys
from pathlib import Path

import riemgn

# Pictures are drawn on the axes that the code makes; no window is wanted.
os.environ.setdefault("MPLBACKEND", "agg")
# The theme's highlighting has the root logger show everything; that a run ended is no news here.
for name in ("matplotlib", "riemgn"):
    logging.getLogger(name).setLevel(logging.WARNING)
sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

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
    "enlarged",
    "notebook_pages",
    "pictures",
]
exclude_patterns = ["_build"]

myst_enable_extensions = ["amsmath", "attrs_block", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = "riemgn"
html_static_path = ["_static"]
html_css_files = ["riemgn.css"]
pygments_dark_style = "github-dark"
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0b5c8f", "color-brand-content": "#0b5c8f"},
    "dark_css_variables": {"color-brand-primary": "#6bb8e8", "color-brand-content": "#6bb8e8"},
}

notebook_folder = "../notebooks"

# Single backticks in docstrings are code.
default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
maximum_signature_line_length = 80
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False

_CODE = re.compile(r"(`[^`]*`)")
_PAGE = re.compile(r"docs/(?P<page>[\w-]+)\.md")


def as_written(app, what, name, obj, options, lines):
    """Keep the |v| and the `Point`s of docstrings from being read as markup; link their pages."""
    first, *rest = _CODE.split("\n".join(lines))
    rest[1::2] = [re.sub(r"^(?=\w)", r"\\ ", _prose(part)) for part in rest[1::2]]
    lines[:] = "".join([_prose(first), *rest]).split("\n")


def _prose(text):
    return _PAGE.sub(r":doc:`/\g<page>`", text.replace("|", r"\|"))


def setup(app):
    """Register the docstring filter."""
    app.connect("autodoc-process-docstring", as_written)
