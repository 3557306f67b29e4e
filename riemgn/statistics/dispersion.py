"""What a loss says of the noise: its scale, estimated or known, and the quantiles that follow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from riemgn.losses import (
    LogisticLoss,
    Loss,
    PoissonLoss,
    SoftmaxLoss,
    SquaredLoss,
    WeightedLoss,
)
from riemgn.manifolds import Point
from riemgn.optimizers.optimality import optimality_at
from riemgn.problem import Problem

# Losses that are a negative log-likelihood up to a constant, of dispersion 1.
_LIKELIHOODS = (LogisticLoss, SoftmaxLoss, PoissonLoss)


@dataclass(frozen=True)
class Dispersion:
    """The noise's scale s: twice the rise of the loss over s^2 is a squared deviation.

    Attributes:
        scale: s, the residual standard deviation of a squared loss; 1 for a likelihood.
        degrees_of_freedom: Those of the estimate of s; infinite where it is known.
    """

    scale: float
    degrees_of_freedom: float

    @property
    def is_estimated(self) -> bool:
        """Whether s was estimated from residuals."""
        return bool(np.isfinite(self.degrees_of_freedom))

    def quantile(self, confidence: float) -> float:
        """Return the half-width, in standard errors, of an interval: Student's t or normal."""
        upper = 0.5 + 0.5 * confidence
        if not self.is_estimated:
            return float(special.ndtri(upper))
        return float(special.stdtrit(self.degrees_of_freedom, upper))

    def region_radius(self, confidence: float, rank: int) -> float:
        """Return s sqrt(r F(r, n - r)): the radius in outputs of a confidence region."""
        F = special.fdtri(rank, self.degrees_of_freedom, confidence)
        return float(self.scale * np.sqrt(rank * F))


def dispersion(loss: Loss, cost: float, n: int, rank: int) -> Dispersion:
    """Return the dispersion of a loss that `require_likelihood` accepts, at its minimum `cost`."""
    if not is_squared(loss):
        return Dispersion(1.0, np.inf)
    freedom = n - rank
    return Dispersion(float(np.sqrt(2 * cost / freedom)), freedom)


def is_squared(loss: Loss) -> bool:
    """Whether the loss is a sum of squares, with weights or without."""
    return isinstance(_unweighted(loss), SquaredLoss)


def is_exact(problem: Problem, point: Point, noise: Dispersion) -> bool:
    """Whether the residual, from which the noise was estimated, is zero but for rounding."""
    return noise.is_estimated and not is_resolved(problem, point, noise)


def is_resolved(problem: Problem, point: Point, noise: Dispersion) -> bool:
    """Whether the loss at a point is known to the square of the noise."""
    return 2 * optimality_at(problem, point).rounding < noise.scale**2


def has_idle_logits(problem: Problem, point: Point, rank: int) -> bool:
    """Whether directions that softmax does not see cost B = L^T J, of that rank, some of J's."""
    return isinstance(_unweighted(problem.loss), SoftmaxLoss) and point.rank > rank


def require_likelihood(loss: Loss, n: int, p: int) -> None:
    """Raise where the loss is no likelihood of data, or leaves nothing to estimate the noise from.

    Raises:
        ValueError: The loss is robust, penalised, or a function of one's own; or it is a squared
            loss of n <= p outputs.
    """
    plain = _unweighted(loss)
    if isinstance(plain, SquaredLoss):
        if n <= p:
            raise ValueError(
                f"problem has {n} outputs for {p} parameters: no degrees of freedom are left to "
                "estimate the noise from; statistics of a squared loss need n > p"
            )
        return
    if not isinstance(plain, _LIKELIHOODS):
        raise ValueError(
            "problem must have a squared, logistic, softmax or Poisson loss, with weights or "
            f"without, to have statistics; {loss!r} is not the likelihood of a noise model"
        )
    if getattr(plain, "ridge", 0.0) > 0:
        raise ValueError(
            f"problem must have a loss without a ridge to have statistics; {loss!r} is penalised, "
            "so that its minimum is biased"
        )


def _unweighted(loss: Loss) -> Loss:
    return loss.loss if isinstance(loss, WeightedLoss) else loss
