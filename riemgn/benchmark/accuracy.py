"""A least-squares step on each path of `riemgn.linalg`: its error and its time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from autograd import numpy as anp
from scipy.linalg import cho_factor, cho_solve

from riemgn.benchmark.floor import least_seconds
from riemgn.immersions import Immersion, Jet
from riemgn.linalg import factorise, one_blas_thread
from riemgn.linalg.cholesky import EquilibratedCholesky, GramFactor
from riemgn.linalg.orthogonal import orthogonal_factor

Path = Callable[[np.ndarray, np.ndarray], np.ndarray | None]
CONDITIONS = (1e2, 1e6, 1e10)


class LinearMap(Immersion):
    """w -> J w for a given matrix J (n, p): what brings a plain matrix to `riemgn.linalg`."""

    def __init__(self, J: np.ndarray) -> None:
        self.J = J
        self.ambient_dim, self.dim = J.shape

    def __call__(self, w):
        return anp.dot(self.J, w)

    def jacobian(self, w) -> np.ndarray:
        return self.J

    @classmethod
    def jet(cls, J: np.ndarray) -> Jet:
        """Return the map's jet, whose Jacobian is J everywhere."""
        return cls(J).at(np.zeros(J.shape[1]))


@dataclass(frozen=True)
class LeastSquares:
    """`min |J d - b|` with singular values of J from 1 down to 1 / condition, and its answer.

    b is a unit vector, half of it (in the square) normal to the range of J.

    Attributes:
        J: The matrix, (n, p).
        b: The right-hand side, (n,).
        image: J d at the minimum, (n,), in extended precision.
    """

    J: np.ndarray
    b: np.ndarray
    image: np.ndarray

    @classmethod
    def drawn(cls, n: int, p: int, condition: float, seed: int = 0) -> LeastSquares:
        """Draw a problem of the given shape and condition number."""
        draws = np.random.default_rng(seed)
        U, V = (np.linalg.qr(draws.standard_normal((m, p)))[0] for m in (n, p))
        J = np.asfortranarray((U * np.geomspace(1, 1 / condition, p)) @ V.T)
        tangent = U @ draws.standard_normal(p)
        normal = draws.standard_normal(n)
        normal -= U @ (U.T @ normal)
        b = tangent / np.linalg.norm(tangent) + normal / np.linalg.norm(normal)
        b /= np.linalg.norm(b)
        return cls(J, b, extended_projection(J, b))

    def error(self, d: np.ndarray) -> float:
        """Return |J d - image| / |b|, with J d in extended precision: the error in output space."""
        return float(np.linalg.norm(self.J.astype(np.longdouble) @ d - self.image))


def extended_projection(J: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the projection of b on the range of J, by Gram-Schmidt twice in extended precision.

    On x86 `numpy.longdouble` carries 64 bits, 2048 times the precision of a double.
    """
    Q = np.empty(J.shape, dtype=np.longdouble, order="F")
    for j in range(J.shape[1]):
        column = J[:, j].astype(np.longdouble)
        for _ in range(3):
            column -= Q[:, :j] @ (Q[:, :j].T @ column)
        Q[:, j] = column / np.sqrt(column @ column)
    return Q @ (Q.T @ b.astype(np.longdouble))


def by_normal_equations(J: np.ndarray, b: np.ndarray) -> np.ndarray | None:
    """Solve J^T J d = J^T b by Cholesky, as textbooks do; None where the factor does not exist."""
    try:
        return cho_solve(cho_factor(J.T @ J), J.T @ b)
    except np.linalg.LinAlgError:
        return None


def by_equilibrated_cholesky(J: np.ndarray, b: np.ndarray) -> np.ndarray | None:
    """The same with a unit diagonal, without refinement and without a guard."""
    cholesky = EquilibratedCholesky.of(J.T @ J)
    return None if cholesky is None else cholesky.solve(J.T @ b)


def by_refined_cholesky(J: np.ndarray, b: np.ndarray) -> np.ndarray | None:
    """`riemgn.linalg`'s Gram path, refined twice; None where its guard refuses."""
    factor = GramFactor.of(LinearMap.jet(J))
    return None if factor is None else factor.lift(b)


def by_householder(J: np.ndarray, b: np.ndarray) -> np.ndarray:
    """`riemgn.linalg`'s orthogonal path."""
    return orthogonal_factor(J).lift(b)


def as_chosen(J: np.ndarray, b: np.ndarray) -> np.ndarray:
    """What `riemgn.linalg.factorise` chooses."""
    return factorise(LinearMap.jet(J)).lift(b)


PATHS: dict[str, Path] = {
    "normal equations": by_normal_equations,
    "equilibrated Cholesky": by_equilibrated_cholesky,
    "with two refinements, guarded": by_refined_cholesky,
    "Householder QR": by_householder,
    "as riemgn chooses": as_chosen,
}


@dataclass(frozen=True)
class PathResult:
    """What one path does with problems of each of `CONDITIONS`.

    Attributes:
        errors: The error of the step in output space; None where the path gives no step.
        milliseconds: CPU time of the step at the smallest condition number, the best of three.
    """

    errors: tuple[float | None, ...]
    milliseconds: float


def measured_paths(n: int, p: int, seed: int = 0) -> dict[str, PathResult]:
    """Return what each path does with n x p problems, on one BLAS thread."""
    problems = [LeastSquares.drawn(n, p, condition, seed) for condition in CONDITIONS]
    with one_blas_thread():
        return {name: _result(path, problems) for name, path in PATHS.items()}


def _result(path: Path, problems: list[LeastSquares]) -> PathResult:
    steps = [path(problem.J, problem.b) for problem in problems]
    found = (
        None if d is None else problem.error(d) for problem, d in zip(problems, steps, strict=True)
    )
    easiest = problems[0]
    seconds = least_seconds(lambda: path(easiest.J, easiest.b), trials=3)
    return PathResult(tuple(found), 1e3 * seconds)
