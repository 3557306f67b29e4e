"""The default method: accelerated Levenberg-Marquardt far away, Newton's method on M at the end.

Every iteration asks, in this order: is the point optimal, or nothing left to gain (`_follow`)? Is
an optimum near, or the run slow and the full second-order model due (`_step`)? If that gave no
step, where does the damped Gauss-Newton step along the geodesic lead (`_far`)?

Networks that fit noise have many valleys, and in most of them a run settles, or follows weights to
infinity, without reaching an optimum. Such a run goes back to its start and tries `WAYS` of damping
that lead into others; the best point is kept, and only what improves on it is recorded.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from riemgn.linalg import one_blas_thread
from riemgn.linalg.damped import GramSystem
from riemgn.linalg.spectral import DampedSpectrum
from riemgn.manifolds import Point
from riemgn.optimizers import subspace_step
from riemgn.optimizers.damping import GainRatio
from riemgn.optimizers.endings import Stopped
from riemgn.optimizers.journal import Journal
from riemgn.optimizers.local_model import LocalModel, Trial
from riemgn.optimizers.near_step import is_near, newton_trial
from riemgn.optimizers.optimality import Optimality
from riemgn.optimizers.stopping import Ending
from riemgn.optimizers.subspace_step import SubspaceStep
from riemgn.optimizers.turns import Turns
from riemgn.optimizers.verdict import is_far_out, judged
from riemgn.problem import Problem

# A step that lowers the cost by less than this share makes the run a slow one.
_SLOW = 0.1

# Steps in a row that gain less than rounding before a run ends.
_MOST_IDLE = 3

# The same where the promise of the model is not below rounding.
_IDLE_FOR_GOOD = 50

# Iterations for which Newton's step in a subspace is left out after repeated failures.
_LONGEST_WAIT = 31

# Dampings that lead from one start into different valleys: the usual one, a strong one, one that is
# careful with bends, one that is slow to relax, a weak one, a very strong one.
WAYS = (
    {"start": 1e-3},
    {"start": 1.0},
    {"start": 1e-2, "bend_limit": 0.3},
    {"start": 1e-2, "least_factor": 0.5},
    {"start": 1e-6},
    {"start": 1e3},
)

# The least factor on the damping right after a refusal.
_WARY = 0.7

# Ends after which another way is tried.
_UNFINISHED = (Ending.SETTLED, Ending.FLAT, Ending.STUCK, Ending.DAMPING_LIMIT)


def damping_of_way(number: int) -> GainRatio:
    """Return the damping with which a way begins."""
    return GainRatio(**WAYS[number], wary_factor=_WARY)


@dataclass(repr=False)
class HybridNewton:
    """One run of the default method: what it remembers from step to step.

    Attributes:
        most_ways: How many of `WAYS` are tried at most, where no way ends at an optimum.
        way: The number of the present one; after the last, the best one is followed further.
        far: The damped step and its damping.
        full: The trust region of the full model.
        turns: Whose turn it is once the run is slow.
        last_step: The step (p,) that led to the present point.
        damping: The damping, or the trust region's multiplier, of that step.
        first_gradient: |P s| at the start.
        slow: Whether a network's step ever gained little; without residual that never happens.
        caution: How long Newton's step in a subspace is left out after its last failure.
        wait: For how many more iterations it is left out.
        idle: Steps in a row that gained less than rounding.
        restarted: Whether the damping was set back to its floor after vain refusals.
        polished: Whether the last step began at an optimal point.
        improved: Whether the present way led to the best point so far.
        passed: Steps on further ways to points that are on no record.
        ending, reason: How the way to the best point ended, once it did.
    """

    most_ways: int = len(WAYS)
    way: int = 0
    far: GainRatio = field(default_factory=lambda: damping_of_way(0))
    full: SubspaceStep = field(default_factory=SubspaceStep)
    turns: Turns = field(default_factory=Turns)
    last_step: np.ndarray | None = None
    damping: float = 0.0
    first_gradient: float = 0.0
    slow: bool = False
    caution: int = 0
    wait: int = 0
    idle: int = 0
    restarted: bool = False
    polished: bool = False
    improved: bool = False
    passed: int = 0
    ending: str = ""
    reason: str = ""

    def __repr__(self) -> str:
        return f"HybridNewton(way {self.way + 1} of at most {self.most_ways})"

    def descend(self, problem: Problem, point: Point, journal: Journal) -> tuple[Ending, str]:
        """Move until something ends the run, and return what."""
        scale = problem.manifold.immersion.damping_scale(journal.origin_of(point))
        journal.memory, journal.passed = self, self.passed
        with one_blas_thread():
            model = LocalModel(problem, point, problem.cost(point), scale, journal.spend)
            if not journal.records:
                self._begin(model)
            while True:
                ended = self._follow(model, journal)
                del model
                if self.improved:
                    self.ending, self.reason = ended[0].name, ended[1]
                unfinished = self.slow and Ending[self.ending] in _UNFINISHED
                if not unfinished or self.way >= self.most_ways:
                    return Ending[self.ending], self.reason
                point = self._next_way(problem, journal)
                model = LocalModel(problem, point, problem.cost(point), scale, journal.spend)
                self._begin(model)

    def _next_way(self, problem: Problem, journal: Journal) -> Point:
        """Forget the way that ended and return where the next one begins."""
        self.way += 1
        self.full = SubspaceStep()
        self.idle, self.restarted, self.polished = 0, False, False
        self.caution, self.wait, self.improved = 0, 0, False
        immersion = problem.manifold.immersion
        if self.way < self.most_ways:
            self.far = damping_of_way(self.way)
            self.turns = Turns(patience=200, only_far=True)
            return Point(immersion.at(journal.origin))
        self.far = damping_of_way(0)
        self.turns = Turns(patience=400, only_far=True, worthwhile=2e-4)
        return journal.point

    def _begin(self, model: LocalModel) -> None:
        """Take from the first model what later steps are measured by."""
        self.first_gradient = model.optimality.gradient_norm or 1.0
        self.last_step = np.zeros(model.point.params.size)
        self.far.begin(model)
        if not _has_full_model(model):
            self.turns.only_far = True

    def _follow(self, model: LocalModel, journal: Journal) -> tuple[Ending, str]:
        """Move along one way until it ends, noting what is better than all before."""
        problem, cost = model.problem, model.cost
        try:
            while True:
                optimality = model.confirmed_optimality(journal.tolerance)
                self._note(model, optimality, journal)
                met = optimality.has_normal_residual(journal.tolerance)
                if met and (self.polished or optimality.residual_norm == 0):
                    return Ending.OPTIMAL, self._words(optimality)
                if self.idle >= _MOST_IDLE and optimality.at_precision:
                    return Ending.PRECISION, Ending.PRECISION.value
                if self.idle >= _IDLE_FOR_GOOD:
                    return self._vain_end(model, journal)
                if self.turns.settled:
                    return Ending.SETTLED, Ending.SETTLED.value
                trial = self._polish(model) if met else self._step(model)
                if trial is None and met:
                    return Ending.OPTIMAL, self._words(optimality)
                if trial is None:
                    return self._vain_end(model, journal)
                self._remember(model, trial)
                self.polished = met
                following, point, cost = trial.model, trial.point, trial.cost
                scale = model.scale
                # the memory of the Jacobian just left serves the next one
                del trial, model
                journal.let_go()
                model = following or LocalModel(problem, point, cost, scale, journal.spend)
                del following
        except Stopped as stopped:
            if stopped.ending is not Ending.FLAT:
                raise
            return stopped.ending, stopped.reason
        except ArithmeticError as error:
            if self.way == 0:
                raise
            return Ending.NOT_FINITE, str(error)

    def _note(self, model: LocalModel, optimality: Optimality, journal: Journal) -> None:
        """Record a point that is the best so far; pass by one on a further way that is not yet."""
        if self.way == 0 or journal.resumes or model.cost < journal.records[-1].cost:
            self.improved = True
            journal.note(model.point, model.cost, optimality, self.damping)
        else:
            self.passed += 1
            journal.pass_by()

    def _step(self, model: LocalModel) -> Trial | None:
        """The next iterate, or None where nothing is left to gain."""
        trial = None
        if is_near(model, self.far.damping):
            trial = self._near(model)
        if trial is None and self.slow and self.turns.full:
            trial = self.full.search(model, self.last_step, self.far.damping, self._progress(model))
        return self._far(model) if trial is None else trial

    def _near(self, model: LocalModel) -> Trial | None:
        """Newton's step; none with more parameters than outputs, or for a while after a failure."""
        if model.system.largest == 0:
            return None  # J is zero
        if _is_dense(model):
            return newton_trial(model, self.far.damping)
        if self.wait > 0 or not _has_full_model(model):
            self.wait = max(self.wait - 1, 0)
            return None
        trial = subspace_step.newton_trial(model, self.last_step, self._progress(model))
        self.caution = 0 if trial else min(2 * self.caution + 1, _LONGEST_WAIT)
        self.wait = self.caution
        return trial

    def _progress(self, model: LocalModel) -> float:
        return model.optimality.gradient_norm / self.first_gradient

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
        lower = trial.cost <= model.cost + model.slack
        return trial if lower and trial.halves_cosine(model) else None

    def _remember(self, model: LocalModel, trial: Trial) -> None:
        """Learn from a step how the run gets on."""
        gain = model.cost - trial.cost
        self.damping = trial.damping
        self.last_step = trial.point.params - model.point.params
        self.idle = self.idle + 1 if gain <= model.optimality.rounding else 0
        if model.scale is None:  # a network, whose weights are commensurate
            self.slow = self.slow or gain < _SLOW * abs(model.cost)
        if self.slow:
            was_full = self.turns.full
            self.turns.step(model.cost, trial.cost)
            if self.turns.full and not was_full:
                self.full = SubspaceStep()

    def _vain_end(self, model: LocalModel, journal: Journal) -> tuple[Ending, str]:
        """Why no step from here lowers the cost any more."""
        if judged(model.problem, model.point, journal.tolerance).is_met(journal.tolerance):
            return Ending.PRECISION, Ending.PRECISION.value
        if self.far.exhausted(model):
            return Ending.DAMPING_LIMIT, "the damping grew to its limit and no step lowers the cost"
        size = float(np.linalg.norm(model.point.params))
        if is_far_out(size, journal.records[0].size):
            return Ending.FLAT, Ending.FLAT.value
        return Ending.STUCK, "steps were refused until what they promise fell below rounding"

    @staticmethod
    def _words(optimality: Optimality) -> str:
        if optimality.residual_norm == 0:
            return "the residual is zero"
        return f"tangent cosine {optimality.tangent_cosine:.1e} reached"


def _is_dense(model: LocalModel) -> bool:
    """Whether the whole Hessian is formed: small problems whose parameters have their own units."""
    return isinstance(model.system, DampedSpectrum) and model.scale is not None


def _has_full_model(model: LocalModel) -> bool:
    """Whether the full model is at hand: not with more parameters than outputs."""
    return isinstance(model.system, (GramSystem, DampedSpectrum))
