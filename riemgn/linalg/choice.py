"""The one place where a factorisation is chosen, by shape, by size and by conditioning."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from riemgn.errors import NumericalError
from riemgn.linalg.cholesky import GramFactor, KernelFactor
from riemgn.linalg.damped import DampedGram, DampedSystem
from riemgn.linalg.damped_kernel import DampedKernel
from riemgn.linalg.factor import EPS, Differential, Factor, numerical_rank
from riemgn.linalg.orthogonal import orthogonal_factor, orthogonal_factor_at_rank
from riemgn.linalg.roots import Root
from riemgn.linalg.seen import seen_through
from riemgn.linalg.spectral import SMALL, DampedSpectrum
from riemgn.linalg.streamed import SeminormalFactor, StreamedGram
from riemgn.linalg.threads import one_blas_thread


def factorise(differential: Differential) -> Factor:
    """Return the cheapest factor of J that is as accurate as an orthogonal one.

    The Cholesky factor of the smaller Gram matrix where its condition number passes the guard,
    otherwise Householder QR, cut by an SVD where the rank falls (docs/theory.md, section 6).

    Raises:
        NumericalError: J holds NaN or infinity, or an SVD did not converge.
    """
    n, p = differential.shape
    # a Gram matrix that overflows is refused there, and J factorised itself
    with one_blas_thread(), np.errstate(all="ignore"):
        guarded = KernelFactor.of(differential) if p > n else GramFactor.of(differential)
        if guarded is not None:
            return guarded
        if differential.streams:
            return SeminormalFactor(differential)
        with _no_linalg_error(n, p):
            return orthogonal_factor(_finite_jacobian(differential))


def factorise_at_rank(differential: Differential, rank: int) -> Factor:
    """Return the factor of J on its `rank` largest singular values, where no other one counts.

    On a path of deficient rank rounding moves the singular values that are zero; up to the root of
    the machine precision, and to a tenth of the last that counts, they still are.

    Raises:
        NumericalError: The rank is another one here; J holds NaN or infinity.
    """
    n, p = differential.shape
    if rank == min(n, p) or differential.streams:
        factor = factorise(differential)
        if factor.rank != rank:
            raise NumericalError(f"the Jacobian's rank turns from {rank} to {factor.rank}")
        return factor
    with one_blas_thread(), _no_linalg_error(n, p):
        factor = orthogonal_factor_at_rank(_finite_jacobian(differential), rank)
    values = factor.singular_values()
    found = numerical_rank(values, n, p)
    if found < rank:
        raise NumericalError(f"the Jacobian's rank falls from {rank} to {found}")
    if rank and values[rank] > min(values[rank - 1] / 10, np.sqrt(EPS) * values[0]):
        raise NumericalError(f"the Jacobian's rank rises from {rank} to {found}")
    return factor


def _finite_jacobian(differential: Differential) -> np.ndarray:
    J = differential.jacobian()
    if not np.all(np.isfinite(J)):
        n, p = differential.shape
        raise NumericalError(f"the Jacobian ({n} x {p}) holds NaN or infinity")
    return J


@contextmanager
def _no_linalg_error(n: int, p: int) -> Iterator[None]:
    try:
        yield
    except np.linalg.LinAlgError as error:
        raise NumericalError(f"the Jacobian ({n} x {p}) could not be factorised: {error}") from None


def damped_system(
    differential: Differential, root: Root, scale: np.ndarray | None = None
) -> DampedSystem:
    """Return the damped least squares of B = L^T J in its smaller form.

    Args:
        differential: J at a point, (n, p).
        root: L, a root of the loss Hessian (`riemgn.linalg.roots`).
        scale: The diagonal of D, (p,); None for the identity.
    """
    n, p = differential.shape
    B = seen_through(differential, root)
    with one_blas_thread():
        if (p <= n or scale is not None) and not B.streams and n * p * min(n, p) <= SMALL:
            return DampedSpectrum(B.jacobian(), scale)
        if p > n:
            return DampedKernel(B, scale)
        return StreamedGram(B, scale) if B.streams else DampedGram(B.jacobian(), scale)


def precise_damped_system(differential: Differential, root: Root) -> DampedSystem:
    """Return the damped least squares of B = L^T J with every digit that J has.

    A kernel holds the small singular values of B only as far as their squares exceed rounding;
    where they do not, B is decomposed itself, which takes an (n, p) array.
    """
    system = damped_system(differential, root)
    if isinstance(system, DampedKernel) and system.loses_digits:
        return DampedSpectrum(seen_through(differential, root).jacobian())
    return system
