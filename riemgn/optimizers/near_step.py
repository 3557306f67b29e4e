"""The near phase: Newton's step on the manifold, with the exact Riemannian Hessian."""

from __future__ import annotations

import numpy as np

from riemgn.linalg.spectral import DampedSpectrum
from riemgn.optimizers.local_model import LocalModel, Trial

# Newton's step is asked for where the tangent cosine is below this.
NEAR = 0.1

# The least eigenvalue of a Hessian, as a share of its largest, that is safely positive.
_DEFINITE = 1e-8


def is_near(model: LocalModel, damping: float) -> bool:
    """Whether the residual is nearly normal to the tangent space.

    Where parameters have units of their own, it is enough that the damping sees it so: directions
    that hardly move the outputs then do not count.
    """
    if model.scale is None:
        return model.optimality.tangent_cosine < NEAR
    seen = model.system.push(model.step(damping))
    return bool(np.linalg.norm(seen) < NEAR * np.linalg.norm(model.target))


def newton_step(model: LocalModel, damping: float) -> tuple[np.ndarray, float] | None:
    """Return Newton's step (p,) and the decrease it promises; None where the Hessian is indefinite.

    In an orthonormal frame of the tangent space with lifts x_i the Hessian is I + C,
    C_ij = sum_k N_k D^2 f_k[x_i, x_j], N the part of the loss's gradient that is normal to the
    tangent space as the damping sees it (docs/minimize.md). No condition number
    is squared.
    """
    system: DampedSpectrum = model.system
    frame = system.frame
    normal = model.root.times(system.push(model.step(damping)) - model.target)
    if frame.shape[1] == 0:
        return None
    C = frame.T @ np.stack([model.point.jet.hessian_vp(normal, x) for x in frame.T], axis=1)
    if not np.all(np.isfinite(C)):
        return None
    values, vectors = np.linalg.eigh(np.eye(C.shape[0]) + (C + C.T) / 2)
    if values[0] <= _DEFINITE * max(1.0, values[-1]):
        return None
    gradient = vectors.T @ (system.basis.T @ model.target)
    step = frame @ (vectors @ (gradient / values))
    return step, 0.5 * float(gradient @ (gradient / values))


def newton_trial(model: LocalModel, damping: float) -> Trial | None:
    """Return Newton's step if it lowers the cost, or if the cost stays and the cosine halves."""
    newton = newton_step(model, damping)
    if newton is None:
        return None
    step, promise = newton
    point, cost = model.tried(step)
    if not cost <= model.cost + model.slack:
        return None
    trial = Trial(point, cost, 0.0, (model.cost - cost) / promise if promise > 0 else 1.0)
    if model.cost - cost >= 1e-4 * max(promise - model.optimality.rounding, 0.0):
        return trial
    trial = trial.modelled(model)
    return trial if trial.halves_cosine(model) else None
