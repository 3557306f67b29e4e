"""What else was tried for `riemgn.minimize`, each idea as a small change to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from riemgn.benchmark.certified import Regression
from riemgn.benchmark.collection import INSTANCES
from riemgn.benchmark.collection.minima import FACTORS
from riemgn.benchmark.evidence import SOLVED_DIGITS
from riemgn.immersions.autodiff import AutogradImmersion
from riemgn.losses import SquaredLoss
from riemgn.manifolds import ImmersedManifold
from riemgn.minimization import minimize
from riemgn.optimizers.damping import GainRatio
from riemgn.optimizers.hybrid_newton import HybridNewton
from riemgn.optimizers.local_model import LocalModel, Trial
from riemgn.problem import Problem

# Problems with more parameters take minutes without saying more.
_MOST_PARAMETERS = 6

_MOST_ITERATIONS = 500


class Straight(GainRatio):
    """No geodesic acceleration."""

    def _corrected(self, model: LocalModel, step: np.ndarray) -> np.ndarray:
        return step


class DelayedGratification(GainRatio):
    """The damping rises by 1.5 and falls by 5, whatever the gain ratio."""

    def attempt(self, model: LocalModel) -> Trial | None:
        damping = self.damping
        trial = super().attempt(model)
        self.restart(1.5 * damping if trial is None else max(damping / 5, model.system.floor))
        return trial


class BoldAcceptance(GainRatio):
    """A step may raise the cost if it goes on in the last one's direction.

    It is taken if (1 - cosine) times the new cost is at most the lowest one so far.
    """

    def __init__(self) -> None:
        super().__init__(1e-3, wary_factor=0.7)
        self._last = np.zeros(1)
        self._lowest = np.inf

    def attempt(self, model: LocalModel) -> Trial | None:
        damping = self.damping
        step = self._corrected(model, model.step(damping))
        if step is not None:
            point, cost = model.tried(step)
            ratio = (model.cost - cost) / model.predicted_decrease(model.step(damping), damping)
            self._lowest = min(self._lowest, model.cost)
            if ratio > 1e-4 or (1 - self._cosine(step)) * cost <= self._lowest:
                self._last = step
                self._relax(ratio, model.system.floor)
                return Trial(point, cost, damping, ratio)
        self.tighten()
        return None

    def _cosine(self, step: np.ndarray) -> float:
        size = np.linalg.norm(step) * np.linalg.norm(self._last)
        return float(step @ self._last / size) if size > 0 and self._last.size > 1 else 0.0


class OutputMetric(Straight):
    """The trust region is measured in the outputs: the Gauss-Newton step, shortened."""

    def attempt(self, model: LocalModel) -> Trial | None:
        share = 1 / (1 + self.damping / model.system.largest)
        full = model.step(model.system.floor)
        predicted = share * (1 - share / 2) * float(model.descent @ full)
        damping = self.damping
        point, cost = model.tried(share * full)
        ratio = (model.cost - cost) / predicted if predicted > 0 else 0.0
        if ratio > 1e-4:
            self._relax(ratio, model.system.floor)
            return Trial(point, cost, damping, ratio)
        self.tighten()
        return None


class WithoutNewton(HybridNewton):
    """Damped steps to the end."""

    def _near(self, model: LocalModel) -> None:
        return None


class NegativeCurvature(HybridNewton):
    """Where the Hessian is indefinite near the end, the full model in a trust region."""

    def _near(self, model: LocalModel) -> Trial | None:
        trial = super()._near(model)
        if trial is not None:
            return trial
        progress = model.optimality.gradient_norm / self.first_gradient
        return self.full.search(model, self.last_step, self.far.damping, progress)


class InIdentity(AutogradImmersion):
    """Damping measured by the identity."""

    def damping_scale(self, w0: np.ndarray) -> np.ndarray:
        return np.ones(w0.size)


@dataclass(frozen=True)
class Variant:
    """A change of the default method: its run, and the immersion that says what it measures by."""

    name: str
    method: Callable[[], HybridNewton] = HybridNewton
    immersion: Callable = AutogradImmersion


VARIANTS = (
    Variant("as it is"),
    Variant("without Newton's step", WithoutNewton),
    Variant("full model where the Hessian is indefinite", NegativeCurvature),
    Variant("without acceleration", lambda: HybridNewton(far=Straight(1e-3, wary_factor=0.7))),
    Variant("delayed gratification", lambda: HybridNewton(far=DelayedGratification(1e-3))),
    Variant("bold acceptance", lambda: HybridNewton(far=BoldAcceptance())),
    Variant(
        "trust region in the output metric",
        lambda: HybridNewton(far=OutputMetric(1e-3, wary_factor=0.7)),
    ),
    Variant("damping in the identity", immersion=InIdentity),
)


@dataclass(frozen=True)
class VariantScore:
    """How a variant fared.

    Attributes:
        name: The variant.
        certified: How many of NIST's runs end with six digits, and of how many.
        certified_points: The points that these runs tried in all.
        collection: How many of the collection's runs are solved, and of how many.
        collection_points: The points that these runs tried in all.
    """

    name: str
    certified: tuple[int, int]
    certified_points: int
    collection: tuple[int, int]
    collection_points: int


def scores(regressions: list[Regression]) -> Iterator[VariantScore]:
    """Yield the score of each variant."""
    instances = [one for one in INSTANCES if one.p <= _MOST_PARAMETERS]
    for variant in VARIANTS:
        digits, points = [], 0
        for problem in regressions:
            for start in problem.starts:
                params, _, tried = _run(variant, problem.model, problem.response, start)
                digits.append(problem.digits(params))
                points += tried
        solved, steps = [], 0
        for instance in instances:
            for factor in FACTORS:
                _, cost, tried = _run(variant, instance.function, None, instance.start(factor))
                solved.append(instance.reached(2 * cost, factor) is not None)
                steps += tried
        good = sum(value >= SOLVED_DIGITS for value in digits)
        yield VariantScore(
            variant.name, (good, len(digits)), points, (sum(solved), len(solved)), steps
        )


def _run(
    variant: Variant, function: Callable, response: np.ndarray | None, start: np.ndarray
) -> tuple[np.ndarray, float, int]:
    """Return where a run ends, its cost, and how many points it tried."""
    immersion = variant.immersion(function, dim=start.size)
    M = ImmersedManifold(immersion)
    target = np.zeros(M.point(start).size) if response is None else response
    try:
        problem, method = Problem(M, SquaredLoss(target)), variant.method()
        result = minimize(problem, M.point(start), method, max_iterations=_MOST_ITERATIONS)
    except ArithmeticError:  # a variant may fail where the method does not
        return start, np.inf, 0
    return result.point.params, result.cost, result.cost_evaluations
