"""pymanopt's optimizers under riemgn's contract: recorded, stopped and judged like its own.

Their loops run untouched on a problem that notes every new iterate (the point of a gradient; where
none is asked for, every point that lowers the cost), and an exception leaves them. Their own limits
are lifted on a copy.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from copy import deepcopy

import numpy as np
from pymanopt.optimizers import NelderMead, ParticleSwarm, TrustRegions
from pymanopt.optimizers.optimizer import Optimizer

from riemgn.manifolds import ImmersedManifold, Point
from riemgn.optimizers.endings import Stopped, worded
from riemgn.optimizers.journal import Journal
from riemgn.optimizers.optimality import optimality_at
from riemgn.optimizers.stopping import Ending
from riemgn.problem import Problem

_UNLIMITED = 10**9

# Trial points in a row that lead to no new iterate before a run counts as stuck.
MOST_REFUSED = 300
_MOST_WITHOUT_GAIN = 3000

# How often a step of a search without derivatives is halved to end within the domain of f.
_MOST_HALVINGS = 60


# Where a step has left the domain of f so that f raises: a point of infinite cost.
OUTSIDE = object()


class PymanoptDescent:
    """One run of a pymanopt optimizer on a manifold of outputs."""

    def __init__(self, optimizer: Optimizer) -> None:
        self._optimizer = unlimited(optimizer)

    def descend(self, problem: Problem, point: Point, journal: Journal) -> tuple[Ending, str]:
        """Move by pymanopt's loop until something ends the run, and return what."""
        watched = WatchedProblem(problem, journal)
        watched.note(point, problem.cost(point))
        optimizer = self._optimizer
        if isinstance(optimizer, (NelderMead, ParticleSwarm)):
            watched.notes_every_gain = True
            watched.steps.halves = True
            initial = _population(watched, point, optimizer)
        else:
            initial = point
        run = optimizer.run(watched, initial_point=initial, **_radii(optimizer, watched, point))
        return Ending.STUCK, end_of(run.stopping_criterion)


class WatchedSteps:
    """A manifold's retraction as pymanopt calls it: counted, and never an error out of f's domain.

    There it leads to `OUTSIDE`, of infinite cost; or, if `halves` is set, half as far. Searches
    without derivatives need that: they also measure distances to the points they try.
    """

    def __init__(self, manifold: ImmersedManifold, journal: Journal) -> None:
        self.halves = False
        self._manifold = manifold
        self._journal = journal

    def retraction(self, point: Point, tangent_vector: np.ndarray) -> Point | object:
        """Return the point that a tangent vector leads to."""
        if not self.halves:
            return self._reached(point, tangent_vector)
        for _ in range(_MOST_HALVINGS):
            reached = self._reached(point, tangent_vector)
            if reached is not OUTSIDE and reached.is_finite:
                return reached
            tangent_vector = tangent_vector / 2
        return point

    def _reached(self, point: Point, tangent_vector: np.ndarray) -> Point | object:
        self._journal.spend()
        try:
            return self._manifold.retraction(point, tangent_vector)
        except ArithmeticError:
            return OUTSIDE


def watched_manifold(
    manifold: ImmersedManifold, steps: WatchedSteps, latest: Callable[[], Point]
) -> ImmersedManifold:
    """Return a copy of a manifold with watched steps, whose random choices are the same each time.

    Its random point is the latest iterate: others may lie outside the domain of f. Its distances
    and logarithms are those of chords, which join any two points (`ImmersedManifold.by_chords`).
    """
    watched, draws = manifold.by_chords(), np.random.default_rng(0)
    watched.retraction = steps.retraction
    watched.random_point = latest
    watched.random_tangent_vector = lambda point: manifold.random_tangent_vector(point, draws)
    return watched


class WatchedProblem:
    """What a pymanopt optimizer asks of a problem, noting its iterates on the way."""

    def __init__(self, problem: Problem, journal: Journal) -> None:
        self.steps = WatchedSteps(problem.manifold, journal)
        self.manifold = watched_manifold(problem.manifold, self.steps, lambda: self._latest)
        self.riemannian_hessian = problem.riemannian_hessian
        self.preconditioner = problem.preconditioner
        self.notes_every_gain = False
        self._problem = problem
        self._journal = journal
        self._latest: Point | None = None
        self._left: Point | None = None
        self._best = np.inf
        self._refused = 0

    def note(self, point: Point, cost: float) -> None:
        """Note an iterate; the same one in a row counts once."""
        if point is not self._latest:
            self._latest, self._refused = point, 0
            self._best = min(cost, self._best)
            self._journal.note(point, cost, optimality_at(self._problem, point))

    def cost(self, point: Point) -> float:
        """The cost, infinite outside the domain of f."""
        if point is OUTSIDE:
            return np.inf
        self._refused += 1
        most = _MOST_WITHOUT_GAIN if self.notes_every_gain else MOST_REFUSED
        if self._refused > most:
            raise Stopped(Ending.STUCK, f"{most} trial points in a row lowered the cost no more")
        cost = self._problem.cost(point)
        if self.notes_every_gain and cost < self._best:
            self.note(point, cost)
        return cost

    def residual_norm(self, point: Point) -> float:
        """The length of the residual in the metric of the loss."""
        return float(np.linalg.norm(self._problem.loss.whitened_gradient(point.outputs)))

    def riemannian_gradient(self, point: Point) -> np.ndarray:
        """The Riemannian gradient, asked for at iterates alone; twice where no step was found."""
        if point is self._left:
            raise Stopped(Ending.STUCK, "no step lowers the cost")
        self._left = point
        self.note(point, self._problem.cost(point))
        return self._problem.riemannian_gradient(point)


def unlimited(optimizer: Optimizer) -> Optimizer:
    """Return a silent copy of a pymanopt optimizer that nothing but the journal stops."""
    copy = deepcopy(optimizer)
    copy._max_iterations = _UNLIMITED
    copy._max_cost_evaluations = _UNLIMITED
    copy._max_time = np.inf
    copy._min_gradient_norm = 0.0
    # a search that finds no step answers 0
    copy._min_step_size = sys.float_info.min
    copy._verbosity = 0
    return copy


def limits_of(optimizer: Optimizer) -> tuple[int | None, float]:
    """Return the iterations and seconds that a pymanopt optimizer allows itself."""
    return optimizer._max_iterations, optimizer._max_time


def _radii(optimizer: Optimizer, problem: WatchedProblem, point: Point) -> dict:
    """Trust radii in the units of the residual; and no inner step where the gradient suffices."""
    if not isinstance(optimizer, TrustRegions):
        return {}
    residual = problem.residual_norm(point)
    return {"Delta_bar": max(problem.manifold.typical_dist, 2 * residual), "mininner": 0}


def _population(problem: WatchedProblem, point: Point, optimizer: Optimizer) -> list[Point]:
    """A start for optimizers of many points: this one, and others a residual's length around."""
    manifold = problem.manifold
    if isinstance(optimizer, NelderMead):
        # pymanopt 2.2.1 refuses a simplex of exactly dim + 1 points
        count = manifold.dim + 2
    else:
        count = optimizer._population_size or min(40, 10 * manifold.dim)
    draws = np.random.default_rng(0)
    length = problem.residual_norm(point)
    around = []
    while len(around) < count - 1:
        v = manifold.random_tangent_vector(point)
        neighbour = manifold.retraction(point, length * draws.random() * v)
        if np.isfinite(problem.cost(neighbour)):
            around.append(neighbour)
        else:
            length /= 2
    return [point, *around]


def end_of(criterion: str) -> str:
    """Return what pymanopt says of the end of its own loop."""
    if "step_size" in criterion or "step size" in criterion:
        return "the line search finds no lower cost"
    return worded(criterion)
