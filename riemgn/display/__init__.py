"""What a notebook shows of an object: a small table of what is known of it already.

Nothing is computed for it that an object does not hold, but for sums over its arrays and the
number of outputs of a map.
"""

from riemgn.display.certificates import certificate_card
from riemgn.display.fits import fit_card, report_card, statistics_card
from riemgn.display.geometry import (
    immersion_card,
    manifold_card,
    network_card,
    outputs_of,
    point_card,
)
from riemgn.display.problems import problem_card
from riemgn.display.runs import result_card, trajectory_card

__all__ = [
    "certificate_card",
    "fit_card",
    "immersion_card",
    "manifold_card",
    "network_card",
    "outputs_of",
    "point_card",
    "problem_card",
    "report_card",
    "result_card",
    "statistics_card",
    "trajectory_card",
]
