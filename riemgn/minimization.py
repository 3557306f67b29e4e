"""`riemgn.minimize`: from a point to an optimum, by any method, under one contract."""

from __future__ import annotations

from riemgn.arguments import choice, positive
from riemgn.manifolds import Point
from riemgn.optimizers.hybrid_newton import HybridNewton
from riemgn.optimizers.records import Callback, Journal, Result, checked_start
from riemgn.optimizers.stopping import Criterion, MaxEvaluations, MaxIterations, MaxTime, FlatValley
from riemgn.problem import Problem


def minimize(problem: Problem, point: Point | None = None, method="auto", callback=None, *,
    stop=None, max_iterations=None, max_time=None, max_evaluations=None, tolerance=1e-8, record_points=False, verbosity=0):
    x = checked_start(problem, point)
    criteria = [MaxIterations(1000 if max_iterations is None else max_iterations), FlatValley()]
    journal = Journal(callback, criteria, record_points, tolerance)
    ended = journal.followed(lambda: HybridNewton().descend(problem, x, journal))
    return journal.result(problem, ended, {})
