"""Options that are text on the command line and something else inside."""

from __future__ import annotations


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
