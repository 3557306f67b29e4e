"""The full second-order model in a small subspace, minimised in a trust region.

The model is q^T s + s^T (B^T B + S) s / 2 with S = sum_i g'_i Hess f_i, which enters through
products alone. The subspace grows by preconditioned residuals (Davidson, J. Comput. Phys. 17, 1975)
until the step solves the whole model well enough; an indefinite model is minimised as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from riemgn.linalg.trust_region import trust_region_step
from riemgn.optimizers.local_model import LocalModel, Trial

_MOST_DIRECTIONS = 40
_FORCING = 0.1
_SHRUNK = 1e-10  # what is left of a vector that adds no direction
_MOST_REFUSALS = 12


@dataclass
class SubspaceStep:
    """Trust-region steps on the full model; radius and multiplier live from step to step.

    Attributes:
        radius: The trust radius in the damping's units; None before the first step.
        multiplier: The last multiplier, the shift of the preconditioner.
    """

    radius: float | None = None
    multiplier: float | None = None

    def search(
        self, model: LocalModel, last_step: np.ndarray, damping: float, progress: float
    ) -> Trial | None:
        """Return an accepted step, or None where the radius shrank in vain.

        Args:
            model: The model; its system has the Gram form.
            last_step: The step (p,) that led here, a direction of the first subspace.
            damping: The far phase's damping, the first shift.
            progress: |gradient| as a share of the run's first one, which sets the accuracy.
        """
        length = model.system.norm(last_step)
        if self.radius is None:
            self.radius = length if length > 0 else model.system.norm(model.step(damping))
        if self.multiplier is None:
            self.multiplier = damping
        space = _Subspace(model, self.multiplier, last_step)
        for _ in range(_MOST_REFUSALS if space.Q else 0):
            step, predicted, self.multiplier = space.minimiser(self.radius, _forcing(progress))
            length = model.system.norm(step)
            if not predicted > 0 or length == 0:
                return None
            trial = _accepted(model, step, predicted, self.multiplier)
            if trial is not None:
                self._adapt(trial.gain_ratio, length)
                return trial
            self.radius = length / 4
        return None

    def _adapt(self, ratio: float, length: float) -> None:
        if ratio < 0.25:
            self.radius = length / 2
        elif length > 0.9 * self.radius:
            self.radius *= 10 if ratio > 0.9 else 2 if ratio > 0.75 else 1
        if ratio > 0.9:
            self.multiplier /= 10


def newton_trial(model: LocalModel, last_step: np.ndarray, progress: float) -> Trial | None:
    """Return the step to the full model's minimum; None where it has none or the cost refuses.

    Args:
        model: The model; its system has the Gram form.
        last_step: The step (p,) that led here, a direction of the first subspace.
        progress: |gradient| as a share of the run's first one, which sets the accuracy.
    """
    space = _Subspace(model, 0.0, last_step)
    if not space.Q:
        return None
    step, predicted, _ = space.minimiser(np.inf, _forcing(progress))
    if not (np.all(np.isfinite(step)) and predicted > 0):
        return None
    return _accepted(model, step, predicted, 0.0)


def _forcing(progress: float) -> float:
    """How small the model's gradient must become at its minimiser, as a share."""
    return _FORCING if progress > 1e-4 else min(_FORCING, float(np.sqrt(progress)))


def _accepted(
    model: LocalModel, step: np.ndarray, predicted: float, multiplier: float
) -> Trial | None:
    """The trial of a step, if the cost falls as predicted, or stays where rounding hides it."""
    point, cost = model.tried(step)
    ratio = (model.cost - cost) / predicted
    hidden = predicted <= model.optimality.rounding and cost <= model.cost + model.slack
    if (cost < model.cost and ratio > 1e-4) or hidden:
        return Trial(point, cost, multiplier, ratio)
    return None


@dataclass
class _Subspace:
    """An orthonormal basis Q in the damping's units, with the model's Hessian on it."""

    model: LocalModel
    shift: float
    last_step: np.ndarray
    Q: list[np.ndarray] = field(default_factory=list)
    HQ: list[np.ndarray] = field(default_factory=list)

    def __post_init__(self) -> None:
        model = self.model
        self.scale = model.system.scale
        self.gradient = -model.descent / self.scale
        self.curvature = model.root.times(-model.target)
        self._precondition(self.shift)
        self._add(-self._solve(self.gradient))
        self._add(self.scale * self.last_step)

    def minimiser(self, radius: float, forcing: float) -> tuple[np.ndarray, float, float]:
        """Return the step (p,), the decrease it promises and its multiplier.

        Within an infinite radius the promise is infinitely bad where the model has no minimum.
        """
        wanted = forcing * self._dual_norm(self.gradient)
        while True:
            Q, HQ = np.stack(self.Q, axis=1), np.stack(self.HQ, axis=1)
            T, b = Q.T @ HQ, Q.T @ self.gradient
            if radius == np.inf and np.linalg.eigvalsh((T + T.T) / 2)[0] <= 0:
                return np.zeros(self.scale.size), -np.inf, 0.0
            s, multiplier = trust_region_step((T + T.T) / 2, b, radius)
            residual = HQ @ s + multiplier * (Q @ s) + self.gradient
            done = self._dual_norm(residual) <= wanted or len(self.Q) >= _MOST_DIRECTIONS
            if not done:
                if not 0.1 * self.shift <= multiplier <= 10 * self.shift:
                    self._precondition(multiplier)
                done = not self._add(-self._solve(residual))
            if done:
                predicted = -float(b @ s + 0.5 * s @ (T @ s))
                return (Q @ s) / self.scale, predicted, multiplier

    def _precondition(self, shift: float) -> None:
        self.shift = max(shift, 1e-12 * self.model.system.largest)
        self._cholesky = self.model.system.preconditioner(self.shift)

    def _solve(self, q: np.ndarray) -> np.ndarray:
        """(D^{-1} B^T B D^{-1} + shift I)^{-1} q."""
        return self.scale * self._cholesky.solve(self.scale * q)

    def _dual_norm(self, q: np.ndarray) -> float:
        return float(np.sqrt(max(q @ self._solve(q), 0.0)))

    def _add(self, v: np.ndarray) -> bool:
        """Add what is new in v as a direction, and say whether anything was."""
        size = np.linalg.norm(v)
        if not (np.isfinite(size) and size > 0):
            return False
        v = v / size
        for _ in range(2):
            for q in self.Q:
                v = v - (q @ v) * q
        left = np.linalg.norm(v)
        if left <= _SHRUNK:
            return False
        v /= left
        image = self._hessian(v)
        if not np.all(np.isfinite(image)):
            return False
        self.Q.append(v)
        self.HQ.append(image)
        return True

    def _hessian(self, v: np.ndarray) -> np.ndarray:
        x = v / self.scale
        bend = self.model.point.jet.hessian_vp(self.curvature, x)
        return (self.model.system.gram_product(x) + bend) / self.scale
