"""What `riemgn.minimize` owes its user, whichever method it is given."""

import autograd.numpy as anp
import numpy as np
import pytest
from contract_cases import (
    FIXED_STEP,
    KERNEL,
    METHODS,
    PROBLEMS,
    SWARMS,
    cosine,
    each_method,
    each_pair,
    generic,
    on,
    suited,
    valley,
)

import riemgn as rg
from riemgn.optimizers import Ending, MaxIterations, StepBelow, When


@each_pair
def test_records_run_from_0_to_the_returned_point(name, shape):
    problem, x = PROBLEMS[shape]()
    seen = []
    result = rg.minimize(
        problem, x, METHODS[name](), seen.append, max_iterations=3, record_points=True, tolerance=0
    )
    history = result.history
    assert [record.iteration for record in history] == list(range(result.iterations + 1))
    assert result.iterations <= 3
    assert np.array_equal(history[0].point.params, x.params)
    assert np.array_equal(history[-1].point.params, result.point.params)
    assert [record.cost for record in seen][: len(history)] == [record.cost for record in history]
    for record in history:
        assert record.cost == problem.cost(record.point)
        assert record.size == pytest.approx(np.linalg.norm(record.point.params))
    M = problem.manifold
    gradient = M.norm(result.point, problem.riemannian_gradient(result.point))
    assert result.gradient_norm == pytest.approx(gradient, rel=1e-9)
    assert result.optimality.tangent_cosine == pytest.approx(
        cosine(problem, result.point), rel=1e-6, abs=1e-9
    )
    costs = [record.cost for record in history]
    assert result.cost == costs[-1]
    if name in FIXED_STEP:
        assert result.cost == min(costs)
    else:
        assert np.all(np.diff(costs) <= 1e-12 * costs[0])
    evaluations = [record.evaluations for record in history]
    assert evaluations == sorted(evaluations)
    assert result.cost_evaluations >= evaluations[-1]


@each_pair
def test_success_is_first_order_optimality(name, shape):
    problem, x = PROBLEMS[shape]()
    result = rg.minimize(problem, x, METHODS[name](), max_iterations=25, max_time=0.5)
    assert result.stopping_criterion.startswith("Terminated - ")
    if result.success:
        # at machine precision of the cost the cosine is known to the root of that
        assert cosine(problem, result.point) < 1e-5 or result.cost < 1e-15
        assert result.ending in (Ending.OPTIMAL, Ending.PRECISION, Ending.LIMIT)
    else:
        assert cosine(problem, result.point) > 1e-8
        assert result.ending not in (Ending.OPTIMAL, Ending.PRECISION)


@pytest.mark.parametrize("name", ["auto", "gauss-newton", "levenberg-marquardt", "newton"])
@pytest.mark.parametrize("shape", PROBLEMS)
def test_riemgns_own_methods_arrive(name, shape):
    problem, x = PROBLEMS[shape]()
    result = rg.minimize(problem, x, name, max_iterations=300)
    assert result.success, result
    # the cost is flat to rounding where the cosine is still about sqrt(eps |J| |w| / |s|)
    assert cosine(problem, result.point) < 1e-5 or result.cost < 1e-15


@each_method
@pytest.mark.parametrize("shape", [shape for shape in PROBLEMS if shape != "labelled"])
def test_started_at_an_optimum_it_stays(name, shape):
    if name == KERNEL and shape != "wide":
        pytest.skip("kernel damping needs p >= n")
    problem, x = PROBLEMS[shape]()
    there = rg.Problem(problem.manifold, rg.SquaredLoss(np.asarray(x).copy()))
    result = rg.minimize(there, x, METHODS[name]())
    assert result.iterations == 0
    assert result.success
    assert result.ending is Ending.OPTIMAL
    assert np.array_equal(result.point.params, x.params)


@each_method
@pytest.mark.parametrize("count", [0, 1, 2])
def test_max_iterations(name, count):
    problem, x = suited(name)
    result = rg.minimize(problem, x, METHODS[name](), max_iterations=count)
    assert result.iterations == count
    assert result.ending is Ending.LIMIT
    assert f"the limit of {count} iterations" in result.stopping_criterion


@each_method
@pytest.mark.parametrize("count", [1, 2, 3])
def test_max_evaluations(name, count):
    immersion = valley()
    problem, x = on(immersion, [0.0, 0.0], [-1.2, 1.0])
    immersion.count = 1
    result = rg.minimize(problem, x, METHODS[name](), max_evaluations=count, tolerance=0)
    assert result.ending is Ending.LIMIT
    assert f"the limit of {count} evaluations" in result.stopping_criterion
    # what was let go, or gone back to, is evaluated once more
    assert immersion.count - result.cost_evaluations in (0, 1)
    # these look at limits after a whole step, with its refused trials
    by_steps = name.startswith(("auto", "gauss", "Gauss", "leven", "Leven"))
    assert result.cost_evaluations <= count + (60 if by_steps else 0)


@each_method
def test_max_time(name):
    problem, x = suited(name)
    result = rg.minimize(problem, x, METHODS[name](), max_time=1e-9)
    assert result.iterations == 0
    assert result.ending is Ending.LIMIT
    assert "s is reached" in result.stopping_criterion


@pytest.mark.parametrize("name", SWARMS)
def test_time_is_looked_at_between_the_gains_of_a_search_without_derivatives(name):
    problem, x = on(valley(sign=-1.0), [0.0, 0.0], [-1.2, 1.0])
    result = rg.minimize(problem, x, METHODS[name](), max_time=0.05)
    assert result.ending is Ending.LIMIT
    assert result.cost_evaluations < 1000


@each_method
@pytest.mark.parametrize("at", [0, 1, 2])
def test_the_callback_stops_it_at_any_record(name, at):
    problem, x = suited(name)
    seen = []

    def stop(record):
        seen.append(record)
        if record.iteration == at:
            raise StopIteration

    result = rg.minimize(problem, x, METHODS[name](), stop)
    assert result.iterations == at
    assert result.ending is Ending.CALLBACK
    assert "callback" in result.stopping_criterion
    assert len(seen) == at + 1
    assert seen[-1].point is not None
    assert all(record.point is None for record in result.history)


@each_method
@pytest.mark.parametrize(
    "error", [RuntimeError, ZeroDivisionError, ValueError, rg.NumericalError, SystemExit]
)
def test_another_exception_of_the_callback_passes_through(name, error):
    problem, x = suited(name)
    raised = error("mine")

    def fail(record):
        if record.iteration == 1:
            raise raised

    with pytest.raises(error) as caught:
        rg.minimize(problem, x, METHODS[name](), fail)
    assert caught.value is raised


def test_a_stop_iteration_of_f_is_no_word_of_the_callback():
    def told(count):
        if count == 4:
            raise StopIteration

    problem, x = on(valley(told), [0.0, 0.0], [-1.2, 1.0])
    with pytest.raises((StopIteration, RuntimeError)):
        rg.minimize(problem, x)


@each_method
def test_criteria_combine(name):
    problem, x = suited(name)
    at_least = When(lambda record: record.iteration >= 1, "one step is made")
    for stop, steps, words in (
        (at_least | MaxIterations(5), 1, "one step is made"),
        (at_least & MaxIterations(2), 2, "one step is made and the limit of 2 iterations"),
        (StepBelow(1e300), 1, "a step of length"),
    ):
        result = rg.minimize(problem, x, METHODS[name](), stop=stop)
        assert result.iterations == steps
        assert result.ending is Ending.CRITERION
        assert words in result.stopping_criterion


def logarithm(w):
    """Rows log(1 + k w_0) + w_1, which is NaN where w_0 < -1/5."""
    return anp.log(1.0 + w[0] * np.arange(1.0, 6.0)) + w[1]


def strict_logarithm(w):
    """The same, as a function that raises where the logarithm does not exist."""
    if getattr(w[0], "_value", w[0]) <= -0.2:
        raise ZeroDivisionError("outside the domain")
    return logarithm(w)


@each_method
@pytest.mark.parametrize("f", [logarithm, strict_logarithm])
def test_points_beyond_the_domain_are_refused(name, f):
    if name == KERNEL:
        pytest.skip("kernel damping needs p >= n")
    target = np.linspace(-30, -20, 5)
    problem, x = on(rg.autograd_immersion(f, dim=2), target, [0.5, 0.0])
    result = rg.minimize(problem, x, METHODS[name](), max_iterations=20, max_time=0.5)
    assert np.all(np.isfinite(result.point.params))
    assert np.isfinite(result.cost)
    assert result.cost <= problem.cost(x)
    assert result.iterations > 0
    assert result.ending is not Ending.NOT_FINITE


@each_method
def test_a_start_beyond_the_domain_is_an_error(name):
    immersion = rg.autograd_immersion(lambda w: anp.sqrt(w) * 1e200, dim=2)
    problem, x = on(immersion, [1.0, 2.0], [1.0, 1.0])
    infinite = rg.Problem(problem.manifold, rg.PoissonLoss([1.0, 2.0]))
    with pytest.raises(rg.NumericalError, match="cost is not finite at the initial point"):
        rg.minimize(infinite, x, METHODS[name]())
    with pytest.raises(rg.NumericalError, match="output vector holds NaN"):
        problem.manifold.point([-1.0, 1.0])


@each_method
def test_a_rank_deficient_start_descends(name):
    if name == KERNEL:
        pytest.skip("kernel damping needs p >= n")
    X = np.random.default_rng(0).normal(size=(50, 2))
    net = rg.Network([2, 2, 1])
    w = net.init(seed=0)
    (W, b), (c, _) = net.unflatten(w)
    W[1], b[1], c[:, 1] = W[0], b[0], c[:, 0]
    M = rg.OutputManifold(net, X)
    x = M.point(w)
    assert x.rank < M.dim
    problem = rg.Problem(M, rg.SquaredLoss(X[:, 0] * X[:, 1]))
    result = rg.minimize(problem, x, METHODS[name](), max_iterations=2)
    assert result.cost < problem.cost(x) or name in FIXED_STEP


def test_steps_of_a_fixed_length_that_diverge_return_the_best_point():
    problem, x = on(valley(sign=-1.0), [0.0, 0.0], [-1.2, 1.0])
    seen = []
    result = rg.minimize(problem, x, rg.GaussNewton(0.5), seen.append, max_iterations=15)
    assert seen[-1].cost > seen[0].cost
    assert result.cost == seen[0].cost
    assert np.array_equal(result.point.params, x.params)
    assert result.ending is Ending.LIMIT
    assert not result.success


def test_a_random_start_where_none_is_given():
    problem, _ = generic()
    assert rg.minimize(problem, max_iterations=1).iterations == 1
