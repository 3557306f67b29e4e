"""The search of a descent's step against closed forms, numpy's descents and every candidate."""

import itertools

import autograd.numpy as anp
import numpy as np
import pytest
from contract_cases import Watched, generic, narrow, on, valley
from parameter_cases import quadratic, told

import riemgn as rg
from riemgn.optimizers import Adam, Ending, FixedStepDescent, MaxTime
from riemgn.optimizers.allowance import Allowance
from riemgn.optimizers.step_search import best_adaptive_step, best_stable_step, largest_curvature


@pytest.mark.parametrize("least", [0.01, 0.1])
def test_the_best_stable_step_of_a_quadratic_is_known(least):
    problem, x, _ = quadratic([least, 0.3, 1.0])
    search = best_stable_step(problem, x, trial_steps=250)
    # the spacing 4^(1/16) of the grid
    assert search.step == pytest.approx(2 / (least + 1.0), rel=0.1)
    unstable = [step for step in search.tried if step > 2.01]
    assert unstable
    assert all(search.tried[step] == np.inf for step in unstable)


def sharpening(beta=0.05):
    """(a b - 1/2)^2 / 2 + beta (a - 3)^2 / 2, a valley whose curvature a^2 grows from 1 to 9."""
    root = np.sqrt(beta)
    immersion = Watched(
        lambda w: np.array([w[0] * w[1], root * (w[0] - 3)]),
        lambda w: np.array([[w[1], w[0]], [root, 0.0]]),
        dim=2,
        ambient_dim=2,
    )
    immersion.hessian_vp = lambda w, g, v: g[0] * v[::-1]
    return on(immersion, [0.5, 0.0], [1.0, 0.1])


def after(problem, x, step, count):
    """The least loss of gradient descent, in a few lines of numpy; infinite if it diverges."""
    value, w, least = told(problem), x.params, np.inf
    with np.errstate(all="ignore"):
        for _ in range(count):
            loss, gradient = value(w)
            least = min(least, loss)
            w = w - step * gradient
    return least


def test_the_chosen_step_is_stable_long_after_a_short_trial():
    problem, x = sharpening()
    short = best_stable_step(problem, x, trial_steps=8)
    long = best_stable_step(problem, x, trial_steps=500)
    assert short.step > 1.5 * 2 / 9  # stable at first, and not when the valley has narrowed
    assert long.step <= 2 / 9
    assert long.length > 8
    run = 4 * long.length
    chosen = after(problem, x, long.step, run)
    first = problem.cost(x)
    for multiple in (0.5, 0.75, 0.9, 1.1, 1.25, 1.5, 2.0):
        assert chosen <= after(problem, x, multiple * long.step, run) + 1e-6 * first
    seen = []
    rg.minimize(problem, x, FixedStepDescent(), seen.append, max_iterations=run)
    later = [record.cost for record in seen[len(seen) // 2 :]]
    assert all(b <= a * (1 + 1e-9) + 1e-25 for a, b in itertools.pairwise(later))


def test_adam_takes_the_best_half_decade():
    problem, x = narrow()
    found = best_adaptive_step(problem, x, Adam().steps, trial_steps=60)
    losses = {}
    for half in range(-8, 1):
        step = 10 ** (half / 2)
        losses[step] = rg.minimize(problem, x, Adam(step), max_iterations=60, tolerance=0).cost
    best = min(losses, key=losses.get)
    assert found.step == pytest.approx(best, rel=1e-12)
    assert found.tried[found.step] == pytest.approx(losses[best], rel=1e-12)
    tuned = rg.minimize(problem, x, "adam", max_iterations=60, tolerance=0)
    assert tuned.log["step"] == found.step
    assert tuned.cost == pytest.approx(losses[best], rel=1e-12)


def test_a_loss_without_a_bound_has_no_best_step():
    immersion = rg.autograd_immersion(lambda w: w + 0.01 * w**2, dim=2)
    problem = rg.Problem(rg.ImmersedManifold(immersion), lambda u: -anp.sum(u))
    x = problem.manifold.point([1.0, 2.0])
    with pytest.raises(rg.NumericalError, match="ever longer steps"):
        best_stable_step(problem, x, 20)
    result = rg.minimize(problem, x, "fixed-step", max_iterations=50)
    assert not result.success
    far = rg.minimize(problem, x, FixedStepDescent(1e9), max_iterations=3)
    assert far.cost < -1e16
    assert not far.success
    assert far.ending is Ending.UNBOUNDED


@pytest.mark.parametrize("method", [FixedStepDescent(), Adam()], ids=repr)
def test_a_search_keeps_within_the_limits_of_the_run(method):
    problem, x = narrow()
    limited = rg.minimize(problem, x, method, max_evaluations=30)
    assert limited.cost_evaluations <= 30
    assert 0 < limited.log["tuning_evaluations"] <= 30
    none = method.searched(problem, x, Allowance(evaluations=0))
    assert none.evaluations == 0
    assert none.step > 0
    short = method.searched(problem, x, Allowance(iterations=16))
    assert short.length <= 16


def test_a_search_that_takes_too_long_is_given_up(monkeypatch):
    clock = itertools.count()
    monkeypatch.setattr("riemgn.optimizers.allowance.time.perf_counter", lambda: next(clock) / 100)
    problem, x = narrow()
    found = best_adaptive_step(problem, x, Adam().steps, 2000, Allowance(seconds=1.0))
    assert 90 <= found.evaluations <= 100


def test_an_allowance_is_that_of_the_limits():
    limits = [MaxTime(3.0), MaxTime(2.0)]
    allowance = Allowance.like(limits)
    assert allowance.seconds == 2.0
    assert allowance.iterations == np.inf


@pytest.mark.parametrize("p", [3, 60])
def test_the_largest_curvature_of_a_quadratic(p):
    problem, x, _ = quadratic(np.linspace(0.5, 7.0, p))
    assert largest_curvature(problem, x) == pytest.approx(7.0, rel=1e-2)


def test_the_largest_curvature_has_second_derivatives():
    problem, x = generic()
    value, w = told(problem), x.params
    h = 1e-5
    columns = [(value(w + h * e)[1] - value(w - h * e)[1]) / (2 * h) for e in np.eye(w.size)]
    H = np.stack(columns)
    expected = np.abs(np.linalg.eigvalsh((H + H.T) / 2)).max()
    assert largest_curvature(problem, x) == pytest.approx(expected, rel=1e-6)


def test_without_curvature_there_is_no_step_to_search():
    A = np.eye(2)
    problem = rg.Problem(
        rg.ImmersedManifold(Watched(lambda w: A @ w, lambda w: A, 2, 2)), lambda u: anp.sum(u)
    )
    with pytest.raises(rg.NumericalError, match="give a step"):
        largest_curvature(problem, problem.manifold.point([1.0, 2.0]))


def test_the_search_is_told_and_not_charged():
    problem, x, _ = quadratic([0.1, 1.0])
    immersion = problem.manifold.immersion
    result = rg.minimize(problem, x, FixedStepDescent(trial_steps=30), max_iterations=5)
    assert result.iterations == 5
    assert result.cost_evaluations == 6
    assert result.log["tuning_evaluations"] > 20
    assert immersion.count == 6 + result.log["tuning_evaluations"]
    search = best_stable_step(problem, x, 5)
    assert result.log == {"step": search.step, "tuning_evaluations": search.evaluations}
    limited = rg.minimize(problem, x, FixedStepDescent(trial_steps=30), max_evaluations=4)
    assert limited.cost_evaluations == 4
    assert limited.ending is Ending.LIMIT


@pytest.mark.parametrize("at", [1, 2, 30, 200])
def test_an_interrupt_while_the_step_is_searched_returns_the_start(at):
    def told(count):
        if count == at:
            raise KeyboardInterrupt

    quiet = valley()
    problem, x = on(quiet, [0.0, 0.0], [-1.2, 1.0])
    quiet._told, quiet.count = told, 0
    result = rg.minimize(problem, x, FixedStepDescent())
    assert result.interrupted
    assert np.array_equal(result.point.params, x.params)
