"""Dampings that the point prescribes: fixed, or tied to the tangent kernel.

Their steps are Euler's along a flow, whose speeds in the eigendirections of the kernel they know.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from riemgn.arguments import positive
from riemgn.optimizers.damping import Damping
from riemgn.optimizers.local_model import DampedModel, LocalModel, Trial
from riemgn.optimizers.stopping import Ending

_EPS = float(np.finfo(np.float64).eps)


class DampedForm(ABC):
    """A damped direction at one point, and how fast it moves along the kernel's eigenvectors."""

    damping: float

    @abstractmethod
    def direction(self, model: DampedModel) -> np.ndarray:
        """Return the parameters' direction, (p,)."""

    @abstractmethod
    def speed(self, eigenvalues: np.ndarray) -> np.ndarray:
        """Return sigma(lambda) for eigenvalues lambda of the kernel: outputs move by -S g."""


@dataclass(frozen=True)
class Shifted(DampedForm):
    """The direction length [B^T B + shift I]^{-1} B^T t.

    Attributes:
        shift: Added to every eigenvalue.
        length: The factor: 1 + shift makes it the convex form.
    """

    shift: float
    length: float

    @property
    def damping(self) -> float:
        """The rho of the convex form with the same shift, rho / (1 - rho)."""
        return self.shift / (1 + self.shift)

    def direction(self, model: DampedModel) -> np.ndarray:
        return self.length * model.step(self.shift)

    def speed(self, eigenvalues: np.ndarray) -> np.ndarray:
        return self.length * eigenvalues / (eigenvalues + self.shift)


@dataclass(frozen=True)
class SteepestDescent(DampedForm):
    """The direction B^T t, the limit of the convex form for rho = 1."""

    damping = 1.0

    def direction(self, model: DampedModel) -> np.ndarray:
        return model.descent

    def speed(self, eigenvalues: np.ndarray) -> np.ndarray:
        return np.asarray(eigenvalues, dtype=np.float64)


class Prescribed(Damping):
    """A damping that the point alone prescribes, so that its steps are Euler's along a flow.

    A subclass gives `form`. A step that is refused is halved (Armijo).
    """

    @abstractmethod
    def form(self, model: DampedModel) -> DampedForm:
        """Return the damped direction at the model's point."""

    def direction(self, model: DampedModel) -> tuple[np.ndarray, float]:
        """Return the step of unit length eta = 1, (p,), and its damping."""
        form = self.form(model)
        return form.direction(model), form.damping

    def search(self, model: LocalModel) -> Trial | None:
        step, damping = self.direction(model)
        slope = float(model.descent @ step)
        if slope <= 0:
            self.reason = "rounding left no direction of descent"
            return None
        eta = 1.0
        while eta > _EPS:
            point, cost = model.tried(eta * step)
            asked = 1e-4 * eta * slope
            if cost <= model.cost - asked and cost < model.cost:
                # the model's decrease along a damped direction, to first order in eta
                ratio = (model.cost - cost) / (eta * slope)
                return Trial(point, cost, damping, ratio)
            if eta * slope <= 10 * _EPS * abs(model.cost):
                break
            eta /= 2
        if eta == 1.0:
            self.reason, self.ending = "cost and step are at machine precision", Ending.PRECISION
        else:
            self.reason = "no step along the damped direction lowers the cost"
        return None

    def measure(self, model: LocalModel) -> float:
        return model.gradient_norm(self.direction(model)[0])


class Fixed(Prescribed):
    """Constant damping in the convex form `[(1 - rho) B^T B + rho I]^{-1}`, 0 < rho <= 1.

    rho = 1 is gradient descent, rho -> 0 Gauss-Newton (docs/theory.md, section 3).
    """

    def __init__(self, rho: float) -> None:
        self.rho = positive("damping", rho)
        if self.rho > 1:
            raise ValueError(f"a fixed damping must be in (0, 1], got {rho!r}")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.rho:g})"

    def form(self, model: DampedModel) -> DampedForm:
        if self.rho == 1:
            return SteepestDescent()
        return Shifted(self.rho / (1 - self.rho), 1 / (1 - self.rho))


class _TiedToKernel(Prescribed):
    """Damping in units of the least eigenvalue of the tangent kernel B B^T; it needs p >= n."""

    def __init__(self, c: float = 1.0) -> None:
        self.c = positive("c", c)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.c:g})"

    def shift(self, model: DampedModel) -> float:
        """Return c lambda, or what rounding makes of it where lambda is lost in it."""
        n, p = model.point.jet.shape
        if p < n:
            raise ValueError(
                "damping tied to the tangent kernel needs p >= n, where that can be regular; "
                f"here p = {p}, n = {n}"
            )
        values = model.kernel_eigenvalues
        return float(max(self.c * values[0], n * _EPS * values[-1]))


class KernelAdaptive(_TiedToKernel):
    """Damping tied to the least eigenvalue of the tangent kernel B B^T, [C6] of docs/theory.md.

    With lambda the least eigenvalue, rho = c lambda / (1 + c lambda) in the convex form: every mode
    then contracts at a rate of at least 1 / (1 + c), however small lambda is. For lambda > 1 that
    is stiff, and the shifted form (`KernelShifted`) takes its place. It needs p >= n.

    Args:
        c: The damping in units of the least eigenvalue.
    """

    def form(self, model: DampedModel) -> DampedForm:
        shift = self.shift(model)
        return Shifted(shift, 1 + shift if model.kernel_eigenvalues[0] <= 1 else 1.0)


class KernelShifted(_TiedToKernel):
    """The shifted form `[B^T B + c lambda I]^{-1}` of `KernelAdaptive`, for every lambda.

    It maps every eigenvalue of the kernel into [1 / (1 + c), 1), whatever its size
    (docs/theory.md, section 3). It needs p >= n.

    Args:
        c: The damping in units of the least eigenvalue.
    """

    def form(self, model: DampedModel) -> DampedForm:
        return Shifted(self.shift(model), 1.0)
