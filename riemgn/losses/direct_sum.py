"""The sum of two losses over consecutive parts of the output vector."""

from __future__ import annotations

import numpy as np

from riemgn.linalg.roots import DirectSumRoot, IdentityRoot, Root
from riemgn.losses.loss import Loss, silently


class DirectSumLoss(Loss):
    """g(u) = first(u[:m]) + second(u[m:]), m = first.size.

    A ridge on parameters enters a least-squares problem in this way: the rows sqrt(ridge) (w - w0)
    join the outputs, and their loss is `SquaredLoss` with zero targets.

    Args:
        first: The loss of the first m outputs; its size must be known.
        second: The loss of the outputs that follow.

    Raises:
        TypeError: `first` or `second` is not a `Loss`.
        ValueError: The size of `first` is None.
    """

    def __init__(self, first: Loss, second: Loss) -> None:
        for name, loss in (("first", first), ("second", second)):
            if not isinstance(loss, Loss):
                raise TypeError(f"{name} must be a Loss, got {type(loss).__name__}")
        if first.size is None:
            raise ValueError(f"first must have a known size, got {first!r}")
        self.first, self.second = first, second
        self.size = None if second.size is None else first.size + second.size
        self.strong_convexity = min(first.strong_convexity, second.strong_convexity)
        self.smoothness = max(first.smoothness, second.smoothness)
        self.hessian_lipschitz = max(first.hessian_lipschitz, second.hessian_lipschitz)
        self.nonnegative = first.nonnegative and second.nonnegative
        self.hessian_nullity = first.hessian_nullity + second.hessian_nullity

    def __repr__(self) -> str:
        return f"DirectSumLoss({self.first!r}, {self.second!r})"

    @property
    def targets(self) -> np.ndarray:
        """The targets of both parts, joined; AttributeError if a part has none."""
        return np.concatenate([self.first.targets, self.second.targets])

    @silently
    def value(self, u) -> float:
        """Return first(u[:m]) + second(u[m:])."""
        head, tail = self._parts(u)
        return self.first.value(head) + self.second.value(tail)

    def terms(self, u) -> np.ndarray:
        """Return the terms of both parts, joined."""
        head, tail = self._parts(u)
        return np.concatenate([self.first.terms(head), self.second.terms(tail)])

    def gradient(self, u) -> np.ndarray:
        """Return both gradients, joined."""
        head, tail = self._parts(u)
        return np.concatenate([self.first.gradient(head), self.second.gradient(tail)])

    def hessian_vp(self, u, v) -> np.ndarray:
        """Return both Hessian-vector products, joined."""
        (head, tail), (v_head, v_tail) = self._parts(u), self._parts(v, "v")
        return np.concatenate(
            [self.first.hessian_vp(head, v_head), self.second.hessian_vp(tail, v_tail)]
        )

    def third_derivative(self, u, a, b) -> np.ndarray:
        """Return both third derivatives, joined."""
        (a_head, a_tail), (b_head, b_tail) = self._parts(a, "a"), self._parts(b, "b")
        head, tail = self._parts(u)
        return np.concatenate(
            [
                self.first.third_derivative(head, a_head, b_head),
                self.second.third_derivative(tail, a_tail, b_tail),
            ]
        )

    def hessian_root(self, u) -> Root:
        """Return the direct sum of both roots."""
        head, tail = self._parts(u)
        roots = self.first.hessian_root(head), self.second.hessian_root(tail)
        if all(root.is_identity for root in roots):
            return IdentityRoot()
        return DirectSumRoot(roots[0], self.first.size, roots[1])

    def whitened_gradient(self, u) -> np.ndarray:
        """Return both whitened gradients, joined."""
        head, tail = self._parts(u)
        return np.concatenate(
            [self.first.whitened_gradient(head), self.second.whitened_gradient(tail)]
        )

    def _parts(self, u, name: str = "u") -> tuple[np.ndarray, np.ndarray]:
        u = self._vector(u, name)
        if u.size < self.first.size:
            raise ValueError(f"{name} must have at least {self.first.size} entries, got {u.shape}")
        return u[: self.first.size], u[self.first.size :]
