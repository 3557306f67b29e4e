"""Who is told of a run's records before anybody else, to keep the run on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from riemgn.optimizers.journal import Journal


class Keeper(Protocol):
    """What keeps a run while it is under way."""

    def noted(self, journal: Journal) -> None:
        """Take down the run as it is at the record just made."""

    def closed(self, journal: Journal) -> None:
        """Take down how the run ended."""
