"""The volume element of an output manifold in its parameters."""

from __future__ import annotations

import numpy as np

from riemgn.linalg import seen_through
from riemgn.linalg.streamed import triangle
from riemgn.manifolds.sight import Sight


def log_volume_element(sight: Sight) -> float:
    """Return log sqrt(det(B^T B)) of B = L^T J, on the tangent space of the parameters' domain.

    At full column rank it is the sum of log |R_ii| of B = Q R, which the parameters' units leave
    exact, else that of the logarithms of the singular values which count.
    """
    B = seen_through(sight.jet, sight.root)
    if sight.rank < B.shape[1]:
        return float(np.sum(np.log(sight.factor.singular_values()[: sight.rank])))
    R = triangle(B.row_blocks(), B.shape[1])
    return float(np.sum(np.log(np.abs(np.diagonal(R)))))
