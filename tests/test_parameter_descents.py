"""Descents in the parameters against scipy, a few lines of numpy and closed forms."""

import itertools

import autograd.numpy as anp
import numpy as np
import pytest
import scipy.optimize
from contract_cases import PROBLEMS, Watched, generic, narrow, on, valley

import riemgn as rg
from riemgn.optimizers import LBFGS, Adam, Ending, FixedStepDescent, records
from riemgn.optimizers.optimality import optimality_at
from riemgn.optimizers.parameter_cost import gradient_at, optimality_below
from riemgn.optimizers.step_search import best_stable_step, largest_curvature

SEARCHED = FixedStepDescent(trial_steps=20)
EVERY = [LBFGS(), Adam(), FixedStepDescent(1e-3), SEARCHED]
each = pytest.mark.parametrize("method", EVERY, ids=repr)


def quadratic(eigenvalues, seed=0):
    """|A w|^2 / 2 with A^T A of these eigenvalues, and a start with a share of each eigenvector."""
    eigenvalues = np.asarray(eigenvalues, dtype=float)
    p = eigenvalues.size
    Q = np.linalg.qr(np.random.default_rng(seed).normal(size=(p, p)))[0]
    A = np.sqrt(eigenvalues)[:, None] * Q.T
    immersion = Watched(lambda w: A @ w, lambda w: A, dim=p, ambient_dim=p)
    problem, x = on(immersion, np.zeros(p), Q.sum(axis=1))
    immersion.count = 1
    return problem, x, A.T @ A


def told(problem):
    """Loss and gradient by the parameters, from f, J and the loss's gradient alone."""
    f, loss = problem.manifold.immersion, problem.loss

    def value(w):
        return loss.value(f(w)), f.jacobian(w).T @ loss.gradient(f(w))

    return value


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


def test_adams_defaults_are_those_of_its_paper():
    assert Adam() == Adam(0.001, 0.9, 0.999, 1e-8)


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


@pytest.mark.parametrize("least", [0.01, 0.1])
def test_the_best_stable_step_of_a_quadratic_is_known(least):
    problem, x, _ = quadratic([least, 0.3, 1.0])
    search = best_stable_step(problem, x, trial_steps=250)
    # two factors 4^(1/64) of the grid, and what finitely many steps move it
    assert search.step == pytest.approx(2 / (least + 1.0), rel=0.05)
    assert search.tried[search.step] == min(search.tried.values())
    unstable = [step for step in search.tried if step > 2.01]
    assert unstable
    assert all(search.tried[step] == np.inf for step in unstable)


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
    assert result.log["tuning_evaluations"] > 100
    assert immersion.count == 6 + result.log["tuning_evaluations"]
    search = best_stable_step(problem, x, 30)
    assert result.log == {"step": search.step, "tuning_evaluations": search.evaluations}
    limited = rg.minimize(problem, x, FixedStepDescent(trial_steps=30), max_evaluations=4)
    assert limited.cost_evaluations == 4
    assert limited.ending is Ending.LIMIT


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
    assert (result.iterations, result.ending) == (at, Ending.CALLBACK)


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
    monkeypatch.setattr(records.time, "perf_counter", lambda: float(next(clock)))
    problem, x = generic()
    journal = records.Journal()
    with journal.aside():
        for _ in range(100):
            next(clock)
    journal.note(x, 1.0, optimality_at(problem, x))
    assert journal.records[-1].seconds < 10


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


@each
def test_they_cannot_be_resumed_and_say_so(method, tmp_path):
    with pytest.raises(ValueError, match="cannot be resumed"):
        rg.minimize(*generic(), method, checkpoint=tmp_path / "run")
