"""The laws of manifolds, in the order in which a report lists them."""

from __future__ import annotations

from riemgn.testing.cost_laws import CONVERSION_LAWS
from riemgn.testing.immersed_laws import IMMERSED_LAWS
from riemgn.testing.motion_laws import MOTION_LAWS
from riemgn.testing.submanifold_laws import SUBMANIFOLD_LAWS
from riemgn.testing.tangent_laws import TANGENT_LAWS

MANIFOLD_LAWS = (
    *TANGENT_LAWS,
    *MOTION_LAWS,
    *CONVERSION_LAWS,
    *SUBMANIFOLD_LAWS,
    *IMMERSED_LAWS,
)
