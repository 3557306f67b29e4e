"""What gets on, shown while it lasts to whoever watches a terminal or a notebook."""

from riemgn.progress.lines import passing_bar, passing_bars, passing_line
from riemgn.progress.watching import is_watched

__all__ = ["is_watched", "passing_bar", "passing_bars", "passing_line"]
