"""That a run says truthfully how it ended."""

from dataclasses import replace

import autograd.numpy as anp
import numpy as np
import pytest
from contract_cases import (
    FIXED_STEP,
    METHODS,
    SWARMS,
    Watched,
    each_method,
    interrupted_at,
    narrow,
    on,
    valley,
)

import riemgn as rg
from riemgn.optimizers import Damping, Ending
from riemgn.optimizers.records import Record
from riemgn.optimizers.stopping import FlatValley

OWN = ("auto", "gauss-newton", "levenberg-marquardt", "newton")


def decay(target):
    """exp(-w) towards a target that it reaches at infinity, if at all."""
    return on(rg.autograd_immersion(lambda w: anp.exp(-w), dim=1), [target], [1.0])


@pytest.mark.parametrize("name", OWN)
def test_a_decay_to_infinity_is_a_flat_valley(name):
    result = rg.minimize(*decay(0.0), name)
    assert result.ending is Ending.FLAT
    assert not result.success
    assert "run to infinity" in result.stopping_criterion


@pytest.mark.parametrize("name", OWN)
def test_a_decay_to_a_bound_out_of_reach_is_a_flat_valley(name):
    # J fades until the gradient is zero in floats, which makes no point optimal
    result = rg.minimize(*decay(-0.1), name)
    assert result.ending is Ending.FLAT
    assert not result.success


@pytest.mark.parametrize("name", ["auto", "gauss-newton", "levenberg-marquardt", "newton"])
def test_separable_labels_are_a_flat_valley(name):
    X = np.random.default_rng(0).normal(size=(30, 2))
    net = rg.Network([2, 1])
    M = rg.OutputManifold(net, X)
    problem = rg.Problem(M, rg.LogisticLoss(X[:, 0] > 0))
    result = rg.minimize(problem, M.point(net.init(seed=0)), name)
    assert result.ending is Ending.FLAT
    assert not result.success


def test_a_unit_driven_to_a_step_is_a_flat_valley():
    # one sample of noise between two flat parts: tanh turns into a step
    x = np.array([-2.0, -1.0, 1.0, 2.0])
    immersion = rg.autograd_immersion(lambda w: anp.tanh(w[0] * x) * w[1], dim=2)
    result = rg.minimize(*on(immersion, [-1.0, -1.1, 1.1, 1.0], [1.0, 1.0]))
    assert result.ending is Ending.FLAT
    assert not result.success


@pytest.mark.parametrize("twins", [False, True])
def test_an_optimum_far_from_the_start_is_no_flat_valley(twins):
    A = np.vander(np.linspace(0, 1, 12), 3)
    if twins:  # which make J lose rank, and hide none of the way
        A[:, 1] = A[:, 0]
    immersion = rg.autograd_immersion(lambda w: anp.dot(A, w), dim=3)
    y = A @ [1e6, -1e5, 1e4] + np.sin(np.arange(12.0))
    result = rg.minimize(*on(immersion, y, [1e-3, 1e-3, 1e-3]))
    assert result.success
    assert result.ending is Ending.OPTIMAL


def test_an_exact_fit_reached_by_fading_steps_is_no_flat_valley():
    # |w| grows at every one of 30 steps, the last ones quadratically short, the loss vanishes
    X = np.random.default_rng(0).normal(size=(30, 2))
    problem = rg.Problem(rg.OutputManifold(rg.Network([2, 20, 1]), X), rg.SquaredLoss(np.ones(30)))
    x = problem.manifold.point(rg.Network([2, 20, 1]).init(seed=0))
    optimality = rg.minimize(problem, x, max_iterations=0).optimality
    steps = np.r_[0.0, np.full(24, 0.1), 10.0 ** -np.arange(2.0, 8.0)]
    sizes, costs = 1 + np.cumsum(steps), np.r_[np.full(30, 1.0), 1e-18]
    history = [
        Record(k, costs[k], optimality, sizes[k], steps[k], 0.0, k + 1, 0.0, None)
        for k in range(31)
    ]
    assert FlatValley().reason(history) is None
    even = [replace(record, step=0.1 * (record.iteration > 0)) for record in history]
    assert FlatValley().reason(even) is not None


@each_method
def test_a_jacobian_of_the_wrong_sign_gets_stuck(name):
    if name in FIXED_STEP:
        pytest.skip("a fixed step asks for no lower cost")
    problem, x = on(valley(sign=-1.0), [0.0, 0.0], [-1.2, 1.0])
    result = rg.minimize(problem, x, METHODS[name](), max_iterations=50, max_time=0.3)
    assert not result.success
    assert result.cost <= problem.cost(x)
    limited = name in (*SWARMS, "TrustRegions", "newton")
    assert result.ending in ({Ending.STUCK, Ending.LIMIT} if limited else {Ending.STUCK})
    if not limited:
        assert result.iterations == 0


class Hopeless(Damping):
    """A damping that never finds a step, as one at its limit."""

    ending = Ending.DAMPING_LIMIT

    def search(self, model):
        return None

    def measure(self, model):
        return 1.0


def test_an_exhausted_damping_says_so():
    result = rg.minimize(*narrow(), rg.LevenbergMarquardt(Hopeless()))
    assert result.ending is Ending.DAMPING_LIMIT
    assert not result.success


@each_method
@pytest.mark.parametrize("spoilt", [np.nan, None])
def test_a_derivative_that_fails_later_ends_the_run_at_the_last_good_point(name, spoilt):
    start = np.array([-1.2, 1.0])

    def jacobian(w):
        if np.linalg.norm(w - start) > 0.1:
            if spoilt is None:
                raise ZeroDivisionError("no derivative here")
            return np.full((2, 2), spoilt)
        return np.array([[-20 * w[0], 10.0], [-1.0, 0.0]])

    problem, x = on(Watched(valley()._f, jacobian, 2, 2), [0.0, 0.0], start)
    result = rg.minimize(problem, x, METHODS[name]())
    assert result.ending is Ending.NOT_FINITE
    assert not result.success
    assert np.linalg.norm(result.point.params - start) <= 0.1
    assert ("NaN" if spoilt else "no derivative") in result.stopping_criterion


@pytest.mark.parametrize("name", OWN)
def test_a_second_derivative_that_raises_does_not_lose_the_result(name):
    def jacobian(w):
        if w[0] > 0.5 + 1e-7:
            raise ZeroDivisionError("beyond the domain")
        return np.array([[1.0], [2 * w[0]]])

    immersion = Watched(lambda w: np.array([w[0], w[0] ** 2]), jacobian, 1, 2)
    problem, x = on(immersion, [3.0, 1.0], [0.5])
    result = rg.minimize(problem, x, name, max_iterations=0)
    assert result.ending is Ending.LIMIT


@each_method
@pytest.mark.parametrize("at", [1, 2, 3, 5, 8, 13, 34])
def test_an_interrupt_within_f_returns_the_best_point_so_far(name, at):
    (problem, x), seen = interrupted_at(at), []
    result = rg.minimize(problem, x, METHODS[name](), seen.append, max_iterations=30, max_time=2)
    assert result.interrupted == (
        problem.manifold.immersion.count > at or result.ending is Ending.INTERRUPTED
    )
    if result.interrupted:
        assert "interrupted" in result.stopping_criterion
    assert result.cost == min(record.cost for record in seen)
    assert problem.cost(result.point) == result.cost


class Interrupting:
    """A function for autograd that is interrupted at one of its calls."""

    def __init__(self, at):
        self.at, self.calls = at, 0

    def __call__(self, w):
        self.calls += 1
        if self.calls == self.at:
            raise KeyboardInterrupt
        return anp.stack([10 * (w[1] - w[0] ** 2), 1 - w[0], w[0] * w[1]])


@pytest.mark.parametrize("name", OWN)
def test_an_interrupt_at_any_call_raises_only_before_the_first_record(name):
    # the last calls judge the point at which a run has ended
    ended, at = False, 0
    while not ended:
        at += 1
        f, seen = Interrupting(at), []
        M = rg.ImmersedManifold(rg.autograd_immersion(f, dim=2, ambient_dim=3))
        problem = rg.Problem(M, rg.SquaredLoss([0.0, 0.0, 3.0]))
        try:
            x = M.point([-1.2, 1.0])
            result = rg.minimize(problem, x, name, seen.append, max_iterations=2)
        except KeyboardInterrupt:
            assert not seen
        else:
            ended = f.calls < at
            assert result.interrupted != ended
            assert result.cost == min(record.cost for record in seen)
    assert at > 15
