"""Ends of a command that are no faults, and have exit codes of their own."""

from __future__ import annotations


class DoesNotHold(Exception):  # noqa: N818 - an outcome, not a fault
    """A claim does not hold; the message names it."""


class Interrupted(Exception):  # noqa: N818
    """The command was interrupted; the message says what is kept."""
