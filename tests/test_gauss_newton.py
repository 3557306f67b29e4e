"""Gauss-Newton as steepest descent on the output manifold."""

import numpy as np
import pymanopt
import pytest

import riemgn as rg
from riemgn.manifolds.metrics import LossHessian


def small(seed=0, alpha=64.0, samples=60):
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(samples, 3))
    net = rg.Network([3, 4, 1])
    w = net.init(seed=seed)
    M = rg.OutputManifold(net.scaled(alpha).centred(w), X)
    y = np.sin(X[:, 0]) + 0.3 * generator.normal(size=samples)
    return M, rg.Problem(M, rg.SquaredLoss(y)), M.point(w), y


def test_it_is_pymanopts_steepest_descent():
    assert isinstance(rg.GaussNewton(), pymanopt.optimizers.SteepestDescent)


def test_one_unit_step_is_the_classical_step():
    _, problem, x, y = small()
    result = rg.GaussNewton(step_size=1.0, max_iterations=1).run(problem, initial_point=x)
    classical = np.linalg.lstsq(x.jacobian, y - x.outputs, rcond=None)[0]
    np.testing.assert_allclose(result.point.params, x.params + classical, rtol=1e-10, atol=1e-12)
    assert result.iterations == 1


def test_one_unit_step_solves_linear_regression():
    generator = np.random.default_rng(0)
    A, y = generator.normal(size=(20, 4)), generator.normal(size=20)
    import autograd.numpy as anp

    M = rg.ImmersedManifold(rg.autograd_immersion(lambda w: anp.dot(A, w), dim=4))
    result = rg.GaussNewton().run(
        rg.Problem(M, rg.SquaredLoss(y)), initial_point=M.point(np.ones(4))
    )
    np.testing.assert_allclose(
        result.point.params, np.linalg.lstsq(A, y, rcond=None)[0], rtol=1e-10
    )
    assert result.iterations <= 2


def test_armijo_reaches_what_trust_regions_reach():
    _, problem, x, _ = small()
    result = rg.GaussNewton().run(problem, initial_point=x)
    peer = pymanopt.optimizers.TrustRegions(verbosity=0).run(problem, initial_point=x)
    assert result.cost <= peer.cost * (1 + 1e-10)
    assert result.gradient_norm < 1e-6


def test_fixed_steps_are_eulers_on_the_flow():
    M, problem, x, _ = small()
    result = rg.GaussNewton(step_size=0.1, max_iterations=5).run(problem, initial_point=x)
    for _ in range(5):
        x = M.retraction(x, -0.1 * problem.riemannian_gradient(x))
    np.testing.assert_allclose(result.point.outputs, x.outputs, atol=1e-10)


def test_gradient_norm_and_history_are_those_of_the_returned_point():
    M, problem, x, _ = small()
    result = rg.GaussNewton(max_iterations=4, log_verbosity=1).run(problem, initial_point=x)
    fresh = M.norm(result.point, problem.riemannian_gradient(result.point))
    assert result.gradient_norm == fresh == result.history[-1].gradient_norm
    assert [record.iteration for record in result.history] == list(range(5))
    costs = [record.cost for record in result.history]
    assert costs == sorted(costs, reverse=True)
    log = result.log["iterations"]
    assert log["cost"] == costs
    assert np.array_equal(log["point"][-1].params, result.point.params)


def test_callback_and_interrupt_end_the_run():
    _, problem, x, _ = small()
    for error, word in ((StopIteration, "callback"), (KeyboardInterrupt, "interrupted")):

        def end(record, error=error):
            if record.iteration == 2:
                raise error

        result = rg.GaussNewton().run(problem, initial_point=x, callback=end)
        assert result.iterations == 2
        assert word in result.stopping_criterion


def test_started_at_the_optimum_it_stays():
    M, _, x, _ = small()
    problem = rg.Problem(M, rg.SquaredLoss(x.outputs))
    result = rg.GaussNewton().run(problem, initial_point=x)
    assert result.iterations == 0
    assert result.point is x


@pytest.mark.parametrize("kind", ["logistic", "poisson", "huber", "softmax"])
def test_other_losses_descend_in_their_own_metric(kind):
    generator = np.random.default_rng(1)
    X = generator.normal(size=(80, 3))
    z = X[:, 0] - X[:, 1] + 0.8 * generator.normal(size=80)
    loss, outputs = {
        "logistic": lambda: (rg.LogisticLoss((z > 0).astype(int)), 1),
        "poisson": lambda: (rg.PoissonLoss(generator.poisson(np.exp(0.3 * z))), 1),
        "huber": lambda: (rg.HuberLoss(z, 0.4), 1),
        "softmax": lambda: (rg.SoftmaxLoss(np.digitize(z, [-0.5, 0.5]), ridge=0.05), 3),
    }[kind]()
    net = rg.Network([3, 2, outputs])
    w = net.init(seed=1)
    M = rg.OutputManifold(net.scaled(16.0).centred(w), X)
    problem, x = rg.Problem(M, loss), M.point(w)
    result = rg.GaussNewton(max_iterations=60).run(problem, initial_point=x)
    plain = pymanopt.optimizers.TrustRegions(verbosity=0, max_iterations=60).run(
        problem, initial_point=x
    )
    assert result.cost <= plain.cost + 0.02 * abs(plain.cost)
    assert result.gradient_norm < 0.05 * M.norm(x, problem.riemannian_gradient(x))


def test_natural_gradient_is_the_generalised_gauss_newton_direction():
    generator = np.random.default_rng(2)
    X = generator.normal(size=(40, 3))
    net = rg.Network([3, 3, 1])
    M = rg.OutputManifold(net, X)
    problem = rg.Problem(M, rg.LogisticLoss(generator.integers(0, 2, 40), ridge=0.1))
    x = M.point(net.init(seed=0))
    natural = problem.natural()
    assert isinstance(natural.manifold.metric, LossHessian)
    J, g = x.jacobian, problem.loss.gradient(x.outputs)
    H = np.stack([problem.loss.hessian_vp(x.outputs, e) for e in np.eye(40)])
    wanted = J @ np.linalg.solve(J.T @ H @ J, J.T @ g)
    gradient = natural.riemannian_gradient(x)
    np.testing.assert_allclose(gradient, wanted, rtol=1e-6, atol=1e-9)
    v = M.random_tangent_vector(x, seed=0)
    # the gradient represents the derivative in the metric
    assert natural.manifold.inner_product(x, gradient, v) == pytest.approx(g @ v, rel=1e-6)


@pytest.mark.parametrize(
    ("step_size", "error"), [("wolfe", ValueError), (-1.0, ValueError), (0.0, ValueError)]
)
def test_bad_step_sizes_are_refused(step_size, error):
    with pytest.raises(error, match="step_size"):
        rg.GaussNewton(step_size=step_size)


def test_silent(capsys):
    _, problem, x, _ = small()
    rg.GaussNewton().run(problem, initial_point=x)
    assert capsys.readouterr() == ("", "")
