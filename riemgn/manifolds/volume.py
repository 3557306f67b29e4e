"""The volume element of an output manifold in its parameters."""

from __future__ import annotations

import numpy as np

from riemgn.linalg import seen_through
from riemgn.linalg.streamed import triangle
from riemgn.manifolds.sight import Sight


def log_volume_element(sight: Sight) -> float:
    """Return log sqrt(det(B^T B)) of a B = L^T J of full column rank.

    It is the sum of log |R_ii| of B = Q R, which the parameters' units leave exact.
    """
    B = seen_through(sight.jet, sight.root)
    R = triangle(B.row_blocks(), B.shape[1])
    return float(np.sum(np.log(np.abs(np.diagonal(R)))))
