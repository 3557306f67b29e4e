"""[C2] of docs/theory.md: what the outputs do does not depend on how f is parametrised."""

import autograd.numpy as anp
import numpy as np
import pytest

import riemgn as rg

STEPS = 60


@pytest.fixture(scope="module")
def problem_parts():
    """A centred network on 300 samples, targets beyond its reach, and two random rotations."""
    generator = np.random.default_rng(1)
    X = generator.normal(size=(300, 5))
    net = rg.Network([5, 4, 1])
    w0 = net.init(seed=1, scheme="uniform")
    f = net.scaled(16.0).centred(w0).immersion(X)
    y = np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2]
    U, V = (np.linalg.qr(generator.normal(size=(f.dim, f.dim)))[0] for _ in range(2))
    return f, w0, rg.SquaredLoss(y), U, V


def euler(f, w, loss, eta=0.1):
    """The outputs along explicit Euler steps of the Riemannian gradient flow from w."""
    M = rg.ImmersedManifold(f)
    problem, x, path = rg.Problem(M, loss), M.point(w), []
    for _ in range(STEPS):
        x = M.retraction(x, -eta * problem.riemannian_gradient(x))
        path.append(x.outputs)
    return np.array(path)


def normal_equations(f, w, loss, eta=0.1):
    """The same steps by the method that loses twice as many digits."""
    path = []
    for _ in range(STEPS):
        J = f.jacobian(w)
        w = w - eta * np.linalg.solve(J.T @ J, J.T @ loss.gradient(f(w)))
        path.append(f(w))
    return np.array(path)


def deviation(path, reference):
    return np.abs(path - reference).max() / np.abs(reference).max()


@pytest.mark.parametrize(("decades", "limit"), [(2, 1e-11), (6, 1e-8), (10, 1e-4)])
def test_outputs_along_the_flow_do_not_see_a_reparametrisation(decades, limit, problem_parts):
    f, w0, loss, U, V = problem_parts
    reference = euler(f, w0, loss)
    assert loss.value(reference[-1]) < 0.9 * loss.value(np.zeros(300))
    A = U @ np.diag(np.logspace(0, -decades, f.dim)) @ V.T
    z0 = V @ ((U.T @ w0) / np.logspace(0, -decades, f.dim))
    g = f.reparametrised(A)
    assert np.linalg.cond(g.jacobian(z0)) > 10.0**decades
    assert deviation(euler(g, z0, loss), reference) < limit
    if decades == 6:  # the normal equations have lost what the limit asks for
        assert deviation(normal_equations(g, z0, loss), reference) > 10 * limit


def test_the_reference_is_the_flow_of_an_independent_solver(problem_parts):
    f, w0, loss, _, _ = problem_parts
    path, w = [], w0
    for _ in range(STEPS):
        w = w - 0.1 * np.linalg.lstsq(f.jacobian(w), loss.gradient(f(w)), rcond=None)[0]
        path.append(f(w))
    assert deviation(euler(f, w0, loss), np.array(path)) < 1e-11


@pytest.mark.parametrize("decades", [1, 3, 5])
def test_undamped_gauss_newton_does_not_see_the_units_of_its_parameters(decades, problem_parts):
    f, w0, loss, _, _ = problem_parts
    f = f.scaled(8.0)  # so flat that no step loses rank
    D = 10.0 ** np.random.default_rng(0).permutation(np.linspace(-decades, decades, f.dim))
    iterates = []
    for g, start in ((f, w0), (f.reparametrised(np.diag(1 / D)), D * w0)):
        M = rg.ImmersedManifold(g)
        seen = []
        rg.GaussNewton(step_size=0.5, max_iterations=12).run(
            rg.Problem(M, loss),
            initial_point=M.point(start),
            callback=lambda record, seen=seen: seen.append(record.point.outputs),
        )
        iterates.append(np.array(seen))
    assert iterates[0].shape == (13, 300)
    assert deviation(iterates[1], iterates[0]) < 1e-10


@pytest.mark.parametrize("optimizer", [rg.GaussNewton, rg.LevenbergMarquardt])
def test_a_fit_reaches_the_same_outputs_in_relative_units(optimizer):
    # a generic map is damped by relative changes, so that units do not matter there either
    t = np.linspace(0.0, 4.0, 30)
    y = 2.0 * np.exp(-0.7 * t) + 0.3 + 0.01 * np.sin(9 * t)
    ends = []
    for units in (np.ones(3), np.array([1e-4, 1e3, 1e2])):
        f = rg.autograd_immersion(
            lambda z, units=units: (
                z[0] * units[0] * anp.exp(-z[1] * units[1] * t) + z[2] * units[2]
            ),
            dim=3,
        )
        M = rg.ImmersedManifold(f)
        x = M.point(np.array([1.0, 0.3, 0.1]) / units)
        result = optimizer().run(rg.Problem(M, rg.SquaredLoss(y)), initial_point=x)
        ends.append(result.point.outputs)
    np.testing.assert_allclose(ends[1], ends[0], atol=1e-8)
