"""Values in words, and words in HTML."""

from __future__ import annotations

import math
import re
from html import escape, unescape

_LISTED = 6  # so many values of a list are told one by one, of a longer one the ends
_TAG = re.compile(r"<[^>]*>")
_RAISED = re.compile(r"(?<=[A-Za-z)])\^(\w+)")
_POWER = re.compile(r"(?<![\w.#])(\d+(?:\.\d+)?)e([+-]?)0*(\d+)\b")


class Markup(str):
    """A string that is HTML already, and is not escaped again."""


def told(value) -> str:
    """Return a value in a few words: numbers to four digits, long lists by their ends."""
    if value is None or value != value:  # NaN
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        return ", ".join(f"{name} {told(part)}" for name, part in value.items())
    if isinstance(value, (list, tuple)):
        if len(value) > _LISTED:
            return f"{told(value[0])} … {told(value[-1])} ({len(value)} values)"
        return ", ".join(f"({told(v)})" if isinstance(v, (list, tuple)) else told(v) for v in value)
    return str(value)


def duration(seconds: float) -> str:
    """Return seconds in words: "0.42 s", "3 min 7 s"; "-" for NaN and infinity."""
    if not math.isfinite(seconds):
        return "-"
    if seconds < 59.5:
        return f"{seconds:.2g} s" if seconds < 9.95 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def escaped(text) -> str:
    """Return text as HTML shows it."""
    return escape(str(text), quote=True)


def verbatim(text) -> Markup:
    """Return a name as HTML that shows it as it is: a user's `run-1e5` holds no power of ten."""
    return Markup(escaped(text))


def visible(markup: str) -> str:
    """Return the text that HTML shows."""
    return unescape(_TAG.sub("", markup))


def in_powers(text) -> Markup:
    """Return HTML of riemgn's own words: 1e-09 set as a power of ten, R^n with a raised exponent.

    `Markup` is returned as it is, so that a sentence may hold names (`verbatim`).
    """
    if isinstance(text, Markup):
        return text

    def power(match: re.Match) -> str:
        digits, sign, exponent = match.groups()
        signed = ("&minus;" if sign == "-" else "") + exponent
        return f"{digits} &times; 10<sup>{signed}</sup>"

    return Markup(_RAISED.sub(r"<sup>\1</sup>", _POWER.sub(power, escaped(text))))
