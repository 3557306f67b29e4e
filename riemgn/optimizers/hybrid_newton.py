"""The default method: accelerated Levenberg-Marquardt far away, Newton's method on M at the end.

Every iteration asks, in this order: is anything left to gain (`_ended`)? Is an optimum so near, or
progress so slow, that the full second-order model is worth its products (`_near`)? If that gave no
step, or only a rival one, where does the damped Gauss-Newton step along the geodesic lead (`_far`)?
The better trial is the next iterate.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from riemgn.linalg import one_blas_thread
from riemgn.linalg.damped import GramSystem
from riemgn.linalg.spectral import DampedSpectrum
from riemgn.manifolds import Point
from riemgn.optimizers.damping import GainRatio
from riemgn.optimizers.local_model import LocalModel, Trial
from riemgn.optimizers.near_step import is_near, newton_trial
from riemgn.optimizers.optimality import Optimality, optimality_at
from riemgn.optimizers.records import Journal
from riemgn.optimizers.stopping import Ending
from riemgn.optimizers.subspace_step import SubspaceStep
from riemgn.problem import Problem

# A step that lowers the cost by less than this share makes the run a slow one.
_SLOW = 0.1

# Steps in a row that gain less than rounding before a run ends.
_MOST_IDLE = 3

# Growth of |w| beyond which a run that found no optimum is taken to chase one at infinity.
_FAR_OUT = 10.0


@dataclass
class HybridNewton:
    """One run of the default method: what it remembers from step to step.

    Attributes:
        far: The damped step and its damping.
        near: The trust region of the full model.
        last_step: The step (p,) that led to the present point.
        damping: The damping, or the trust region's multiplier, of that step.
        first_gradient: |P s| at the start.
        slow: Whether a step ever gained little; a fit without residual never becomes slow.
        lost: How often in a row the far trial lost against the near one.
        pause: For how many iterations the far trial is left out.
        idle: Steps in a row that gained less than rounding.
        restarted: Whether the damping was set back to its floor after vain refusals.
        polished: Whether the last step began at an optimal point.
    """

    far: GainRatio = field(default_factory=lambda: GainRatio(start=1e-3))
    near: SubspaceStep = field(default_factory=SubspaceStep)
    last_step: np.ndarray | None = None
    damping: float = 0.0
    first_gradient: float = 0.0
    slow: bool = False
    lost: int = 0
    pause: int = 0
    idle: int = 0
    restarted: bool = False
    polished: bool = False

    def descend(self, problem: Problem, point: Point, journal: Journal) -> tuple[Ending, str]:
        """Move until something ends the run, and return what."""
        scale = problem.manifold.immersion.damping_scale(point.params)
        with one_blas_thread():
            model = LocalModel(problem, point, problem.cost(point), scale)
            self.first_gradient = model.optimality.gradient_norm
            self.last_step = np.zeros(point.params.size)
            self.far.begin(model)
            while True:
                optimality = model.confirmed_optimality(journal.tolerance)
                journal.note(model.point, model.cost, optimality, self.damping)
                met = optimality.tangent_cosine <= journal.tolerance
                if met and (self.polished or optimality.residual_norm == 0):
                    return Ending.OPTIMAL, self._words(optimality)
                if self.idle >= _MOST_IDLE and optimality.at_precision:
                    return Ending.PRECISION, Ending.PRECISION.value
                trial = self._polish(model) if met else self._step(model)
                journal.evaluations += model.trials
                if trial is None and met:
                    return Ending.OPTIMAL, self._words(optimality)
                if trial is None:
                    return self._vain_end(model, journal.records[0].size)
                self._remember(model, trial)
                self.polished = met
                point, cost, model = trial.point, trial.cost, trial.model
                # the memory of the Jacobian just left serves the next one
                del trial
                journal.let_go()
                model = model or LocalModel(problem, point, cost, scale)

    def _step(self, model: LocalModel) -> Trial | None:
        """The next iterate, or None where nothing is left to gain."""
        near = is_near(model, self.far.damping)
        trial = self._near(model) if near or self.slow else None
        if trial is None:
            return self._far(model)
        if near or self._pauses():
            return trial
        rival = self.far.attempt(model)
        if rival is None or rival.cost >= trial.cost:
            self.lost += 1
            if self.lost > 2:
                self.pause = min(2 ** (self.lost - 2), 8)
            return trial
        self.lost = 0
        self.near.cover(model.system.norm(rival.point.params - model.point.params))
        return rival

    def _pauses(self) -> bool:
        """Whether the far trial is left out now, having lost too often."""
        self.pause = max(self.pause - 1, -1)
        return self.pause >= 0

    def _near(self, model: LocalModel) -> Trial | None:
        """A step on the full model; none where there are more parameters than outputs."""
        if _is_dense(model):
            return newton_trial(model, self.far.damping)
        if not isinstance(model.system, (GramSystem, DampedSpectrum)):
            return None
        progress = model.optimality.gradient_norm / self.first_gradient
        return self.near.search(model, self.last_step, self.far.damping, progress)

    def _far(self, model: LocalModel) -> Trial | None:
        """The damped step, shortened until it lowers the cost or promises nothing any more."""
        rounding = model.optimality.rounding
        while not self.far.exhausted(model):
            trial = self.far.attempt(model)
            if trial is not None:
                return trial
            damping, floor = self.far.damping, model.system.floor
            promise = model.predicted_decrease(model.step(damping), damping)
            if promise < rounding or model.optimality.at_precision:
                if self.restarted or damping <= floor:
                    return None
                self.restarted = True
                self.far.restart(floor)
        return None

    def _polish(self, model: LocalModel) -> Trial | None:
        """One more step from a point that meets the tolerance, if it halves the cosine at least."""
        trial = self._near(model)
        if trial is None:
            return None
        trial = trial.modelled(model)
        finer = trial.model.optimality.tangent_cosine < 0.5 * model.optimality.tangent_cosine
        return trial if finer and trial.cost <= model.cost + model.optimality.rounding else None

    def _remember(self, model: LocalModel, trial: Trial) -> None:
        """Learn from a step how the run gets on."""
        gain = model.cost - trial.cost
        self.damping = trial.damping
        self.last_step = trial.point.params - model.point.params
        self.slow = not _is_dense(model) and (self.slow or gain < _SLOW * abs(model.cost))
        self.idle = self.idle + 1 if gain <= model.optimality.rounding else 0

    def _vain_end(self, model: LocalModel, first_size: float) -> tuple[Ending, str]:
        """Why no step from here lowers the cost."""
        if self.far.exhausted(model):
            return Ending.DAMPING_LIMIT, "the damping grew to its limit and no step lowers the cost"
        if optimality_at(model.problem, model.point).at_precision:
            return Ending.PRECISION, Ending.PRECISION.value
        if np.linalg.norm(model.point.params) > _FAR_OUT * first_size:
            return Ending.FLAT, Ending.FLAT.value
        return Ending.STUCK, "steps were refused until what they promise fell below rounding"

    @staticmethod
    def _words(optimality: Optimality) -> str:
        if optimality.residual_norm == 0:
            return "the residual is zero"
        return f"tangent cosine {optimality.tangent_cosine:.1e} reached"


def _is_dense(model: LocalModel) -> bool:
    """Whether the whole Hessian is formed: small problems whose parameters have their own units."""
    return isinstance(model.system, DampedSpectrum) and model.own_units
