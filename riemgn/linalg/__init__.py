"""Orthogonal factorisations and kernel solves of a Jacobian; knows nothing of manifolds."""

from riemgn.linalg.buffers import BufferPool
from riemgn.linalg.choice import (
    damped_system,
    factorise,
    factorise_at_rank,
    precise_damped_system,
)
from riemgn.linalg.damped import DampedSystem
from riemgn.linalg.factor import Differential, Factor, rank_tolerance
from riemgn.linalg.roots import IdentityRoot
from riemgn.linalg.seen import seen_through, sum_of_grams
from riemgn.linalg.threads import gram, mapped, one_blas_thread, sum_in_order

__all__ = [
    "BufferPool",
    "DampedSystem",
    "Differential",
    "Factor",
    "IdentityRoot",
    "damped_system",
    "factorise",
    "factorise_at_rank",
    "gram",
    "mapped",
    "one_blas_thread",
    "precise_damped_system",
    "rank_tolerance",
    "seen_through",
    "sum_in_order",
    "sum_of_grams",
]
