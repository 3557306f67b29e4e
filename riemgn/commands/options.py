"""What several commands take: options of the same meaning, and text that stands for values."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

TableFile = Annotated[
    Path | None, typer.Argument(metavar="FILE", help="A CSV or Parquet table, with --target.")
]
BundledName = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Bundled data: diabetes, breast_cancer, digits, wine, iris or linnerud.",
    ),
]
Targets = Annotated[
    list[str] | None,
    typer.Option(metavar="COLUMN", help="The column to predict; repeat it for several."),
]
HiddenWidths = Annotated[
    str, typer.Option(metavar="WIDTHS", help="Widths of the hidden layers: 16, or 16,16.")
]
ActivationName = Annotated[str, typer.Option(metavar="NAME", help="A smooth activation.")]


def hidden_widths(text: str) -> list[int]:
    """Return the widths in "16" or "16,16"; "0" is a network without hidden layers.

    Raises:
        ValueError: The text is not a list of positive whole numbers.
    """
    if text.strip() == "0":
        return []
    parts = text.split(",")
    if not all(part.strip().isdecimal() and int(part) > 0 for part in parts):
        raise ValueError(f"--hidden must be widths such as 16 or 16,16, got {text!r}")
    return [int(part) for part in parts]


def number_or(word: str, name: str, text: str) -> float | str:
    """Return the number in a text, or the word that may stand in its place.

    Raises:
        ValueError: The text is neither.
    """
    if text == word:
        return text
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"--{name} must be {word} or a number, got {text!r}") from None
