"""Paths between two points, straightened until they are nearly geodesic."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from riemgn.errors import NumericalError
from riemgn.immersions import Jet
from riemgn.manifolds.point import Point
from riemgn.manifolds.submanifold import Submanifold

_SEGMENTS = 16
_MOST_STEPS = 100

# A step that lowers the energy by less than this share ends the straightening.
_LEAST_GAIN = 1e-10


class BrokenLine:
    """A path of parameters w_0, ..., w_K with its segments in the outputs, as the metric sees them.

    Its energy is sum_k |L^T (f(w_{k+1}) - f(w_k))|^2 / 2, L the root at the segment's middle.
    """

    def __init__(self, manifold: Submanifold, jets: list[Jet]) -> None:
        self.manifold = manifold
        self.jets = jets
        self.roots = [
            manifold.metric.root(0.5 * (a.outputs + b.outputs)) for a, b in pairwise(jets)
        ]
        self.segments = [
            root.transposed(b.outputs - a.outputs)
            for root, (a, b) in zip(self.roots, pairwise(jets), strict=True)
        ]
        self.energy = 0.5 * float(sum(s @ s for s in self.segments))

    @property
    def length(self) -> float:
        """The sum of the segments' lengths."""
        return float(sum(np.linalg.norm(s) for s in self.segments))

    def velocity(self) -> np.ndarray:
        """Return the velocity J w' at the start, (n,), to second order, with length as speed."""
        w0, w1, w2 = (jet.params for jet in self.jets[:3])
        v = self.jets[0].jvp(-3 * w0 + 4 * w1 - w2)
        seen = self.manifold.metric.root(self.jets[0].outputs).transposed(v)
        return v * (self.length / np.linalg.norm(seen))

    def normal_equations(self) -> tuple[list, list, list]:
        """Return the blocks on and beside the diagonal of the Gauss-Newton matrix, and minus g."""
        on, beside, pull = [], [], []
        inner = [jet.jacobian() for jet in self.jets[1:-1]]
        for k, J in enumerate(inner):
            left, right = self.roots[k].transposed(J), self.roots[k + 1].transposed(J)
            on.append(left.T @ left + right.T @ right)
            pull.append(right.T @ self.segments[k + 1] - left.T @ self.segments[k])
            if k + 1 < len(inner):
                beside.append(-right.T @ self.roots[k + 1].transposed(inner[k + 1]))
        return on, beside, pull

    def moved(self, steps: list[np.ndarray]) -> BrokenLine:
        """Return the path with its inner parameters moved, the ends held."""
        f = self.manifold.immersion
        inner = [
            f.at(f.moved(jet.params, step))
            for jet, step in zip(self.jets[1:-1], steps, strict=True)
        ]
        return BrokenLine(self.manifold, [self.jets[0], *inner, self.jets[-1]])


def straightened(manifold: Submanifold, x: Point, y: Point) -> BrokenLine:
    """Return a path of nearly least energy from x to y, from the segment of their parameters.

    Damped Gauss-Newton steps lower the energy of a broken line whose ends are held.

    Raises:
        NumericalError: f is not finite on the segment, or no damping makes the steps solvable.
    """
    shares = np.linspace(0, 1, _SEGMENTS + 1)[1:-1]
    f, way = manifold.immersion, y.params - x.params
    inner = [f.at(f.moved(x.params, share * way)) for share in shares]
    line = BrokenLine(manifold, [x.jet, *inner, y.jet])
    if not np.isfinite(line.energy):
        raise NumericalError("f is not finite on the segment between the parameters")
    damping = 1e-3
    for _ in range(_MOST_STEPS):
        blocks = line.normal_equations()
        for _ in range(20):
            trial = line.moved(_damped_step(*blocks, damping))
            if trial.energy < line.energy:
                break
            damping *= 5
        else:
            return line
        gain = 1 - trial.energy / line.energy
        line, damping = trial, damping / 5
        if gain < _LEAST_GAIN:
            break
    return line


def _damped_step(
    on: list[np.ndarray], beside: list[np.ndarray], pull: list[np.ndarray], damping: float
) -> list[np.ndarray]:
    """Return the blocks of (A + damping D)^{-1} b for a block tridiagonal A, D its mean."""
    shift = damping * np.mean([np.mean(np.diagonal(block)) for block in on]) * np.eye(len(on[0]))
    try:
        factors, reduced = [cho_factor(on[0] + shift)], [pull[0]]
        for block, off, b in zip(on[1:], beside, pull[1:], strict=True):
            factors.append(cho_factor(block + shift - off.T @ cho_solve(factors[-1], off)))
            reduced.append(b - off.T @ cho_solve(factors[-2], reduced[-1]))
    except (LinAlgError, ValueError) as error:
        raise NumericalError(
            f"the path between the points cannot be straightened: {error}"
        ) from None
    steps = [cho_solve(factors[-1], reduced[-1])]
    for factor, off, b in zip(factors[-2::-1], beside[::-1], reduced[-2::-1], strict=True):
        steps.append(cho_solve(factor, b - off @ steps[-1]))
    return steps[::-1]
