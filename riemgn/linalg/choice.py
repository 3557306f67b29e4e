"""The one place where a factorisation is chosen, by shape, by size and by conditioning."""

from __future__ import annotations

import numpy as np

from riemgn.errors import NumericalError
from riemgn.linalg.cholesky import GramFactor, KernelFactor
from riemgn.linalg.damped import DampedGram, DampedSystem
from riemgn.linalg.damped_kernel import DampedKernel
from riemgn.linalg.factor import Differential, Factor
from riemgn.linalg.orthogonal import orthogonal_factor
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
        J = differential.jacobian()
        if not np.all(np.isfinite(J)):
            raise NumericalError(f"the Jacobian ({n} x {p}) holds NaN or infinity")
        try:
            return orthogonal_factor(J)
        except np.linalg.LinAlgError as error:
            raise NumericalError(
                f"the Jacobian ({n} x {p}) could not be factorised: {error}"
            ) from None


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
