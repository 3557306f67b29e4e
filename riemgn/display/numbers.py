"""Numbers as a card tells them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from riemgn.markup import Markup, told

_SHOWN = 5  # entries of a vector


def number(value, digits: int = 6) -> str:
    """Return a number to so many digits; "-" for None."""
    return "-" if value is None else f"{value:.{digits}g}"


def first_entries(array: np.ndarray) -> str:
    """Return the first entries of a vector, "0.5, -1.2, ...", in a few words."""
    entries = ", ".join(f"{entry:.4g}" for entry in array[:_SHOWN])
    return f"{entries}, …" if array.size > _SHOWN else entries


def from_to(values: Sequence[float]) -> str:
    """Return the first and the last of some values: "3.2 to 0.01"; "-" if there are none."""
    if len(values) == 0:
        return "-"
    return f"{number(values[0])} to {number(values[-1])}"


def space(dimension) -> Markup:
    """Return R^dimension as it is written."""
    return Markup(f"R<sup>{told(dimension)}</sup>")
