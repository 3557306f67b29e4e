"""Descents in the parameters against scipy, a few lines of numpy and closed forms."""

import itertools
from dataclasses import replace

import autograd.numpy as anp
import numpy as np
import pytest
import scipy.optimize
from contract_cases import PROBLEMS, Watched, generic, narrow, on
from parameter_cases import quadratic, told

import riemgn as rg
from riemgn.optimizers import LBFGS, Adam, Ending, FixedStepDescent, MaxTime, journal
from riemgn.optimizers.optimality import optimality_at
from riemgn.optimizers.parameter_cost import gradient_at, optimality_below

SEARCHED = FixedStepDescent(trial_steps=20)
TUNED = Adam(trial_steps=20)
EVERY = [LBFGS(), Adam(1e-3), TUNED, FixedStepDescent(1e-3), SEARCHED]
each = pytest.mark.parametrize("method", EVERY, ids=repr)


@pytest.mark.parametrize("memory", [3, 10])
@pytest.mark.parametrize("shape", ["generic", "wide", "labelled"])
def test_lbfgs_makes_scipys_steps(shape, memory):
    problem, x = PROBLEMS[shape]()
    iterates = [x.params]
    theirs = scipy.optimize.minimize(
        told(problem),
        x.params,
        jac=True,
        method="L-BFGS-B",
        callback=lambda w: iterates.append(w.copy()),
        options={"maxcor": memory, "maxiter": 6, "ftol": 0, "gtol": 0},
    )
    result = rg.minimize(
        problem, x, LBFGS(memory), max_iterations=6, tolerance=0, record_points=True
    )
    assert result.iterations == theirs.nit == len(iterates) - 1
    for record, w in zip(result.history, iterates, strict=True):
        np.testing.assert_allclose(record.point.params, w, rtol=1e-6, atol=1e-9)
    assert result.cost_evaluations == theirs.nfev


def test_adam_follows_its_paper():
    problem, x = narrow()
    value = told(problem)
    w, m, v = x.params, 0.0, 0.0
    path = [w]
    for t in range(1, 31):
        g = value(w)[1]
        m = 0.8 * m + 0.2 * g
        v = 0.9 * v + 0.1 * g * g
        w = w - 0.05 * (m / (1 - 0.8**t)) / (np.sqrt(v / (1 - 0.9**t)) + 1e-6)
        path.append(w)
    seen = []
    rg.minimize(problem, x, Adam(0.05, 0.8, 0.9, 1e-6), seen.append, max_iterations=30)
    for record, expected in zip(seen, path, strict=True):
        np.testing.assert_allclose(record.point.params, expected, rtol=1e-9, atol=1e-12)


def test_adams_defaults_are_those_of_its_paper_but_for_the_step():
    assert Adam() == Adam(None, 0.9, 0.999, 1e-8)


def test_adam_returns_its_best_iterate():
    problem, x, _ = quadratic([1.0, 30.0])
    seen = []
    result = rg.minimize(problem, x, Adam(step=0.7), seen.append, max_iterations=40)
    costs = [record.cost for record in seen]
    assert any(b > a for a, b in itertools.pairwise(costs))
    assert result.cost == min(costs)


def test_a_fixed_step_on_a_quadratic_has_a_closed_form():
    problem, x, H = quadratic([1.0, 4.0, 9.0])
    result = rg.minimize(
        problem, x, FixedStepDescent(0.15), max_iterations=20, record_points=True, tolerance=0
    )
    power = np.eye(3)
    for record in result.history:
        np.testing.assert_allclose(record.point.params, power @ x.params, rtol=1e-10, atol=1e-13)
        power = power @ (np.eye(3) - 0.15 * H)
    assert result.log == {}


def test_a_step_that_turns_out_too_long_returns_the_best_iterate():
    problem, x, _ = quadratic([1.0, 2.0])
    seen = []
    result = rg.minimize(problem, x, FixedStepDescent(1.2), seen.append, max_iterations=12)
    assert seen[-1].cost > seen[0].cost
    assert result.cost == min(record.cost for record in seen)


@each
def test_the_end_at_an_optimum_is_true(method):
    problem, x, _ = quadratic([0.5, 1.0])
    result = rg.minimize(problem, x, method, max_iterations=1000)
    reached = optimality_at(problem, result.point)
    assert result.optimality.gradient_norm == reached.gradient_norm
    assert result.success == reached.is_met(1e-8)
    if method in (LBFGS(), SEARCHED):
        assert result.success
        assert result.ending in (Ending.OPTIMAL, Ending.PRECISION)


@each
@pytest.mark.parametrize("at", [0, 2])
def test_the_callback_stops_it(method, at):
    problem, x = generic()

    def stop(record):
        if record.iteration == at:
            raise StopIteration

    result = rg.minimize(problem, x, method, stop)
    noted = 1 if method == TUNED and at else at  # whose first steps overshoot: the best is kept
    assert (result.iterations, result.ending) == (noted, Ending.CALLBACK)


def test_lbfgs_comes_back_from_outside_of_the_domain():
    tried = []

    def f(w):
        tried.append(float(w[0]))
        return np.array([np.log(w[0]) if w[0] > 0 else np.nan])

    immersion = Watched(f, lambda w: np.array([[1 / w[0]]]), 1, 1)
    problem, x = on(immersion, [-3.0], [0.5])
    result = rg.minimize(problem, x, "lbfgs", max_iterations=50)
    assert min(tried) < 0
    assert result.point.params[0] == pytest.approx(np.exp(-3.0), rel=1e-6)
    assert result.success


@pytest.mark.parametrize("method", [Adam(step=1.0), FixedStepDescent(1.0)], ids=repr)
def test_a_step_out_of_the_domain_ends_the_run(method):
    immersion = rg.autograd_immersion(lambda w: anp.log(w), dim=1)
    problem, x = on(immersion, [-3.0], [0.5])
    result = rg.minimize(problem, x, method)
    assert result.ending is Ending.STUCK
    assert "leaves the domain" in result.stopping_criterion
    assert np.array_equal(result.point.params, x.params)


@pytest.mark.parametrize("shape", PROBLEMS)
def test_the_quick_judgement_is_a_lower_bound(shape):
    problem, x = PROBLEMS[shape]()
    draws = np.random.default_rng(1)
    for _ in range(5):
        point = problem.manifold.point(x.params + 0.1 * draws.normal(size=x.params.size))
        cost = problem.cost(point)
        below = optimality_below(problem, point, gradient_at(problem, point), cost)
        exact = optimality_at(problem, point)
        assert 0 < below.gradient_norm <= exact.gradient_norm * (1 + 1e-12)
        assert below.residual_norm == pytest.approx(exact.residual_norm, rel=1e-12)
        assert 0 < below.rounding <= exact.rounding * (1 + 1e-12)


def test_with_one_parameter_the_quick_judgement_is_exact():
    immersion = rg.autograd_immersion(lambda w: w[0] * np.array([1.0, 2.0]) + w[0] ** 2, dim=1)
    problem, x = on(immersion, [1.0, 0.0], [0.7])
    below = optimality_below(problem, x, gradient_at(problem, x), problem.cost(x))
    assert below.gradient_norm == pytest.approx(optimality_at(problem, x).gradient_norm, rel=1e-12)


def test_the_clock_stands_still_aside(monkeypatch):
    clock = itertools.count()
    monkeypatch.setattr(journal.time, "perf_counter", lambda: float(next(clock)))
    problem, x = generic()
    kept = journal.Journal()
    with kept.aside():
        for _ in range(100):
            next(clock)
    kept.note(x, 1.0, optimality_at(problem, x))
    assert kept.records[-1].seconds < 10


def test_judging_is_free_for_as_long_as_a_run_may_last(monkeypatch):
    clock = itertools.count()
    monkeypatch.setattr(journal.time, "perf_counter", lambda: float(next(clock)))
    problem, x = generic()
    kept = journal.Journal(criteria=[MaxTime(1000.0)])
    for _ in range(15):
        with kept.judging():
            for _ in range(100):
                next(clock)
    kept.note(x, 1.0, optimality_at(problem, x))
    assert 500 <= kept.records[-1].seconds <= 550


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: LBFGS(0), ValueError, "memory must be an integer >= 1, got 0"),
        (lambda: Adam(step=0), ValueError, "step must be a finite number > 0"),
        (lambda: Adam(first_decay=1.0), ValueError, r"first_decay must be in \[0, 1\), got 1.0"),
        (lambda: Adam(second_decay=-0.1), ValueError, "second_decay must be"),
        (lambda: Adam(epsilon="small"), TypeError, "epsilon must be a number"),
        (lambda: FixedStepDescent(-1.0), ValueError, "step must be"),
        (lambda: FixedStepDescent(trial_steps=1.5), TypeError, "trial_steps must be"),
        (lambda: rg.minimize(*generic(), Adam), TypeError, "got the class Adam"),
        (lambda: rg.minimize(*generic(), "adamm"), ValueError, "did you mean 'adam'"),
    ],
)
def test_mistakes_are_told(make, error, words):
    with pytest.raises(error, match=words):
        make()


def test_exact_judgements_grow_rare(monkeypatch):
    problem, x, _ = quadratic([1.0, 2.0])
    judged = []

    def never(problem, point):
        judged.append(point)
        return replace(optimality_at(problem, point), gradient_norm=np.inf)

    monkeypatch.setattr("riemgn.optimizers.parameter_cost.optimality_at", never)
    rg.minimize(problem, x, FixedStepDescent(1e-3), max_iterations=40, tolerance=1.0)
    assert len(judged) == 6  # at iterates 0, 1, 3, 7, 15 and 31


@pytest.mark.parametrize("name", ["lbfgs", "adam", "fixed-step", "gradient-descent"])
def test_no_baseline_is_charged_for_judging(name, monkeypatch):
    """Judging takes an hour an iterate by this clock, and everything else nothing."""
    hours = [0.0]
    monkeypatch.setattr(journal.time, "perf_counter", lambda: hours[0])

    def slow(*arguments):
        hours[0] += 3600
        return optimality_below(*arguments)

    monkeypatch.setattr("riemgn.optimizers.parameter_cost.optimality_below", slow)
    problem, x = generic()
    result = rg.minimize(problem, x, name, max_iterations=5)
    assert hours[0] >= 5 * 3600
    assert result.time == 0


@each
def test_they_cannot_be_resumed_and_say_so(method, tmp_path):
    with pytest.raises(ValueError, match="cannot be resumed"):
        rg.minimize(*generic(), method, checkpoint=tmp_path / "run")
