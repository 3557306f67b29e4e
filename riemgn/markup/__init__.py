"""HTML: words, numbers, tables, sparklines and pages that stand alone."""

from riemgn.markup.page import page
from riemgn.markup.pieces import card, figure, sparkline, table
from riemgn.markup.wording import Markup, duration, escaped, in_powers, told, verbatim

__all__ = [
    "Markup",
    "card",
    "duration",
    "escaped",
    "figure",
    "in_powers",
    "page",
    "sparkline",
    "table",
    "told",
    "verbatim",
]
