"""Problems in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from riemgn.display.numbers import number
from riemgn.markup import card

if TYPE_CHECKING:
    from riemgn.problem import Problem


def problem_card(problem: Problem) -> str:
    """Return a problem's loss with its moduli, and its manifold."""
    loss = problem.loss
    rows = [
        ("loss", repr(loss)),
        ("strong convexity nu", number(loss.strong_convexity, 4)),
        ("smoothness mu", number(loss.smoothness, 4)),
        ("manifold", str(problem.manifold)),
        ("metric", repr(problem.manifold.metric)),
    ]
    return card("Problem", rows)
