"""Orthogonal factorisations and kernel solves of a Jacobian; knows nothing of manifolds."""

from riemgn.linalg.buffers import BufferPool
from riemgn.linalg.choice import factorise
from riemgn.linalg.damped import DampedSystem, damped_system
from riemgn.linalg.factor import Differential, Factor, rank_tolerance
from riemgn.linalg.roots import IdentityRoot
from riemgn.linalg.threads import gram, one_blas_thread

__all__ = [
    "BufferPool",
    "DampedSystem",
    "Differential",
    "Factor",
    "IdentityRoot",
    "damped_system",
    "factorise",
    "gram",
    "one_blas_thread",
    "rank_tolerance",
]
