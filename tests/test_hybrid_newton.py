"""The default method: its phases, its further ways, and how it leaves a critical point."""

import autograd.numpy as anp
import numpy as np
import pytest
import scipy.optimize

import riemgn as rg
from riemgn.optimizers.hybrid_newton import HybridNewton
from riemgn.optimizers.stopping import Ending


def noisy(seed, n=60, hidden=6, noise=0.3):
    """A network that can fit part of the noise."""
    draws = np.random.default_rng(seed)
    X = draws.normal(size=(n, 2))
    y = np.sin(2 * X[:, 0]) * X[:, 1] + noise * draws.normal(size=n)
    net = rg.Network([2, hidden, 1])
    M = rg.OutputManifold(net, X)
    return rg.Problem(M, rg.SquaredLoss(y)), M.point(net.init(draws))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_further_ways_never_end_higher(seed):
    problem, x = noisy(seed)
    one = rg.minimize(problem, x, HybridNewton(most_ways=1), max_iterations=3000)
    all_ways = rg.minimize(problem, x, max_iterations=20_000)
    assert all_ways.cost <= one.cost
    costs = [record.cost for record in all_ways.history]
    assert np.all(np.diff(costs) <= 1e-12 * costs[0])
    # the first way is the same in both
    k = min(one.iterations, all_ways.iterations) // 2
    assert all_ways.history[k].cost == one.history[k].cost


@pytest.mark.slow
def test_some_further_way_is_better():
    gains = []
    for seed in range(6):
        problem, x = noisy(seed)
        one = rg.minimize(problem, x, HybridNewton(most_ways=1))
        if not one.success:
            gains.append(rg.minimize(problem, x).cost / one.cost)
    assert min(gains) < 0.95


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_steps_of_further_ways_count_for_the_limit(seed):
    problem, x = noisy(seed)
    whole = rg.minimize(problem, x)
    limit = whole.iterations + 20
    cut = rg.minimize(problem, x, max_iterations=limit)
    assert cut.iterations <= limit
    assert cut.cost >= whole.cost


@pytest.mark.parametrize("limit", [1, 2, 7, 30])
def test_no_more_evaluations_than_allowed(limit):
    problem, x = noisy(0)
    result = rg.minimize(problem, x, max_evaluations=limit)
    assert result.cost_evaluations <= limit
    assert result.ending is Ending.LIMIT


def test_without_noise_one_way_suffices():
    draws = np.random.default_rng(0)
    X = draws.normal(size=(200, 3))
    net = rg.Network([3, 5, 1])
    w = net.init(draws)
    M = rg.OutputManifold(net, X)
    problem = rg.Problem(M, rg.SquaredLoss(net.predict(w, X)))
    result = rg.minimize(problem, M.point(0.7 * w + 0.3 * net.init(draws)))
    assert result.success
    assert result.cost < 1e-25
    assert result.cost_evaluations < 60


def test_an_optimal_end_is_left_as_it_is():
    # a lower minimum may lie elsewhere: what is asked for is an optimum
    for seed in range(8):
        problem, x = noisy(seed, n=200, hidden=2)
        result = rg.minimize(problem, x, HybridNewton(most_ways=1))
        if result.ending is Ending.OPTIMAL:
            again = rg.minimize(problem, x)
            assert again.iterations == result.iterations
            return
    pytest.fail("no run ended at an optimum")


def test_a_critical_point_with_a_residual_is_returned():
    # the residual is normal to the circle at both ends of a diameter
    M = rg.ImmersedManifold(
        rg.autograd_immersion(lambda w: anp.array([anp.cos(w[0]), anp.sin(w[0])]), dim=1)
    )
    problem = rg.Problem(M, rg.SquaredLoss(np.array([3.0, 0.0])))
    result = rg.minimize(problem, M.point([0.0]))
    assert result.iterations <= 1
    assert result.success
    np.testing.assert_allclose(result.point.params, [0.0], atol=1e-12)


@pytest.mark.parametrize("units", [1e-8, 1.0, 1e8])
def test_units_of_parameters_and_outputs_change_nothing(units):
    t = np.linspace(0, 3, 30)
    true = np.array([2.0, 0.7])
    y = true[0] * np.exp(-true[1] * t) + 0.01 * np.random.default_rng(0).normal(size=30)
    costs = []
    for a, b in ((1.0, 1.0), (units, 1.0), (1.0, units)):
        M = rg.ImmersedManifold(
            rg.autograd_immersion(lambda w, a=a, b=b: a * w[0] / b * anp.exp(-w[1] * t), dim=2)
        )
        problem = rg.Problem(M, rg.SquaredLoss(a * y))
        result = rg.minimize(problem, M.point([b * 1.0, 2.0]))
        assert result.success
        costs.append((result.cost / a**2, result.iterations))
    assert costs[1] == pytest.approx(costs[0], rel=1e-9)
    assert costs[2] == pytest.approx(costs[0], rel=1e-9)


def test_the_minimum_is_that_of_scipy():
    t = np.linspace(0, 5, 50)
    y = 2 * np.exp(-0.6 * t) + 0.5 + 0.05 * np.random.default_rng(1).normal(size=50)
    M = rg.ImmersedManifold(rg.autograd_immersion(lambda w: w[0] * anp.exp(-w[1] * t) + w[2], 3))
    result = rg.minimize(rg.Problem(M, rg.SquaredLoss(y)), M.point([1.0, 1.0, 1.0]))
    peer = scipy.optimize.least_squares(
        lambda w: w[0] * np.exp(-w[1] * t) + w[2] - y, [1.0, 1.0, 1.0], xtol=1e-15, ftol=1e-15
    )
    np.testing.assert_allclose(result.point.params, peer.x, rtol=1e-6)
    assert result.cost <= peer.cost * (1 + 1e-14)
    assert result.optimality.tangent_cosine < 1e-12


def test_a_residual_whose_square_overflows_at_the_start():
    M = rg.ImmersedManifold(
        rg.autograd_immersion(lambda w: anp.exp(w[0] * np.arange(1.0, 6.0)) + w[1], dim=2)
    )
    y = np.exp(0.3 * np.arange(1.0, 6.0)) + 2
    result = rg.minimize(rg.Problem(M, rg.SquaredLoss(y)), M.point([100.0, 0.0]))
    np.testing.assert_allclose(result.point.params, [0.3, 2.0], rtol=1e-8)
    assert result.success


def from_start(function, start, loss, **options):
    M = rg.ImmersedManifold(rg.autograd_immersion(function, dim=len(start)))
    return rg.minimize(rg.Problem(M, loss), M.point(start), **options)


def test_parameters_whose_units_differ_by_thirty_decades():
    q = np.linspace(0, 1e15, 20)
    y = 2 + 3 * q / 1e15 + 0.5 * (q / 1e15) ** 2 + 0.01 * np.sin(70 * q / 1e15)
    result = from_start(
        lambda w: w[0] + w[1] * q + w[2] * q**2, [1.0, 1e-15, 1e-30], rg.SquaredLoss(y)
    )
    columns = np.stack([np.ones(20), q / 1e15, (q / 1e15) ** 2], axis=1)
    least = np.linalg.lstsq(columns, y, rcond=None)[1][0]
    assert 2 * result.cost == pytest.approx(least, rel=1e-9)
    assert result.success


def test_a_point_is_not_optimal_because_a_parameter_is_small():
    # the second column of J is 1e17 times the first, which counts all the same
    x = np.linspace(0, 1, 20)
    result = from_start(
        lambda w: w[0] + 1e17 * w[1] * x, [1.0, 1e-17], rg.SquaredLoss(3 + x), max_iterations=0
    )
    assert not result.success


def test_a_loss_without_bound_is_no_success():
    loss = rg.AutogradLoss(lambda u: -anp.sum(u**2))
    result = from_start(lambda w: w, [1.0], loss, max_iterations=3000)
    assert not result.success


@pytest.mark.parametrize("start", [0.0, 1e-3, 1.0])
def test_a_minimum_where_the_jacobian_fades_is_one_from_any_start(start):
    result = from_start(lambda w: (w - 5) ** 2 * np.ones(2), [start], rg.SquaredLoss(-np.ones(2)))
    np.testing.assert_allclose(result.point.params, [5.0], atol=1e-5)
    assert result.success, result


def test_a_minimum_where_a_column_fades_beside_another():
    result = from_start(
        lambda w: anp.array([(w[0] - 5) ** 2, w[1] - 1, 0.0 * w[0]]),
        [1.0, 1.0],
        rg.SquaredLoss(np.array([-1.0, 0.0, 2.0])),
    )
    assert result.success, result


@pytest.mark.parametrize("offset", [1e9, 1e11])
def test_a_large_offset_of_the_outputs(offset):
    x = np.linspace(0, 2, 30)
    y = offset + 2 * np.exp(0.7 * x) + 0.01 * np.sin(20 * x)
    result = from_start(lambda w: offset + w[0] * anp.exp(w[1] * x), [1.0, 1.0], rg.SquaredLoss(y))
    assert result.success, result
    np.testing.assert_allclose(result.point.params, [2.0, 0.7], rtol=0.02)


@pytest.mark.parametrize("start", [40.0, 100.0])
def test_logistic_regression_from_a_saturated_start(start):
    draws = np.random.default_rng(0)
    X = np.column_stack([np.ones(60), draws.normal(size=(60, 2))])
    labels = (X @ [0.3, 1.0, -1.0] + draws.logistic(size=60) > 0).astype(int)
    near = from_start(lambda w: anp.dot(X, w), [0.0, 0.0, 0.0], rg.LogisticLoss(labels))
    far = from_start(lambda w: anp.dot(X, w), [start, 0.0, 0.0], rg.LogisticLoss(labels))
    assert near.success
    assert far.success, far
    assert far.cost == pytest.approx(near.cost, rel=1e-12)


def test_a_jacobian_that_is_zero_at_the_start_is_a_critical_point():
    result = from_start(lambda w: w**2, [0.0], rg.SquaredLoss(np.ones(1)))
    assert result.ending is Ending.OPTIMAL
    assert result.iterations == 0


@pytest.mark.slow
def test_criteria_are_asked_on_further_ways_too():
    problem, x = noisy(0)
    whole = rg.minimize(problem, x)
    for limit in (whole.time / 2, whole.time * 0.8):
        stop = rg.optimizers.MaxTime(limit) | rg.optimizers.CostBelow(-1.0)
        assert rg.minimize(problem, x, stop=stop).time < limit + 0.3
