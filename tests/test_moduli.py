"""Moduli against differences along geodesics, against pymanopt's conversion, and against flows."""

import autograd.numpy as anp
import numpy as np
import pytest

import riemgn as rg

theory = rg.theory


def network_problem(loss=None, metric=None, n=24, alpha=16.0, seed=0):
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(n, 2))
    net = rg.Network([2, 2, 1])
    w0 = net.init(seed, scheme="uniform")
    f = net.scaled(alpha).centred(w0).immersion(X)
    y = np.sin(2 * X[:, 0]) + generator.normal(size=n)
    losses = {
        None: lambda: rg.SquaredLoss(y),
        "logistic": lambda: rg.LogisticLoss(y > 0, ridge=0.1),
        "poisson": lambda: rg.PoissonLoss(np.round(np.abs(y))),
    }
    return rg.Problem(rg.ImmersedManifold(f, metric=metric), losses[loss]()), w0


def second_differences(problem, x, directions, h=1e-3):
    """Second derivatives of the loss along geodesics of unit tangent directions, by differences."""
    M = problem.manifold
    values = []
    for v in directions.T:
        geodesic = M.geodesic(x, v)
        ahead, behind = (problem.cost(geodesic(t)) for t in (h, -h))
        values.append((ahead - 2 * problem.cost(x) + behind) / h**2)
    return np.array(values)


@pytest.mark.parametrize("loss", [None, "logistic", "poisson"])
@pytest.mark.parametrize("metric", [None, "weight", "natural"])
def test_hessian_is_the_second_derivative_along_geodesics(loss, metric):
    weight = np.linspace(0.5, 2.0, 24) if metric == "weight" else None
    problem, w0 = network_problem(loss, weight)
    problem = problem.natural() if metric == "natural" else problem
    x = problem.manifold.point(w0)
    H = theory.riemannian_hessian(problem, x)
    basis = problem.manifold.tangent_basis(x)
    generator = np.random.default_rng(1)
    C = generator.normal(size=(H.shape[0], 4))
    C /= np.linalg.norm(C, axis=0)
    measured = second_differences(problem, x, basis @ C)
    assert measured == pytest.approx(np.einsum("ik,ij,jk->k", C, H, C), rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("loss", [None, "logistic"])
def test_hessian_is_pymanopt_s_in_a_frame(loss):
    problem, w0 = network_problem(loss)
    x = problem.manifold.point(w0)
    Q = problem.manifold.tangent_basis(x)
    products = np.stack([problem.riemannian_hessian(x, e) for e in Q.T], axis=1)
    assert theory.riemannian_hessian(problem, x) == pytest.approx(Q.T @ products, abs=1e-9)


def test_modulus_of_a_plane_is_that_of_the_loss():
    J = np.random.default_rng(0).normal(size=(9, 4))
    M = rg.ImmersedManifold(rg.autograd_immersion(lambda w: anp.dot(J, w), dim=4))
    problem = rg.Problem(M, rg.SquaredLoss(np.ones(9)))
    assert theory.geodesic_modulus(problem, M.point(np.ones(4))) == pytest.approx(1.0)


def test_modulus_on_a_circle_has_its_closed_form():
    # on a circle of radius r with the target at distance d from the centre, at the near point:
    # 1 - (1 - d / r): the residual d - r is normal and the curvature 1 / r
    r, d = 2.0, 1.5
    M = rg.ImmersedManifold(
        rg.autograd_immersion(lambda w: r * anp.array([anp.cos(w[0]), anp.sin(w[0])]), dim=1)
    )
    problem = rg.Problem(M, rg.SquaredLoss(np.array([d, 0.0])))
    assert theory.geodesic_modulus(problem, M.point([0.0])) == pytest.approx(d / r)
    assert theory.geodesic_modulus(problem, M.point([np.pi])) == pytest.approx(-d / r)
    bound = theory.curvature_bound(problem, M.point([0.0]))
    assert bound.largest_curvature == pytest.approx(1 / r)
    assert bound.normal_gradient_norm == pytest.approx(r - d)
    # here every bound is attained
    assert bound.along_residual == pytest.approx(bound.modulus)
    assert bound.by_curvature == pytest.approx(bound.modulus)


@pytest.mark.parametrize("alpha", [16.0, 256.0])
@pytest.mark.parametrize("seed", range(3))
def test_curvature_bounds_are_ordered(alpha, seed):
    problem, w0 = network_problem(alpha=alpha, seed=seed)
    bound = theory.curvature_bound(problem, problem.manifold.point(w0))
    assert bound.by_curvature <= bound.along_residual + 1e-12
    assert bound.along_residual <= bound.modulus + 1e-10
    assert bound.modulus <= 1 + bound.largest_curvature * bound.normal_gradient_norm


@pytest.mark.parametrize("loss", ["logistic"])
def test_curvature_bounds_with_other_losses(loss):
    problem, w0 = network_problem(loss)
    bound = theory.curvature_bound(problem, problem.manifold.point(w0))
    assert bound.by_curvature <= bound.along_residual <= bound.modulus
    with pytest.raises(NotImplementedError, match="dot product"):
        theory.curvature_bound(problem.natural(), problem.natural().manifold.point(w0))


@pytest.mark.parametrize("natural", [False, True])
@pytest.mark.parametrize("loss", [None, "logistic"])
def test_flow_near_an_optimum_has_twice_its_modulus_as_rate(loss, natural):
    problem, w0 = network_problem(loss, alpha=256.0)
    problem = problem.natural() if natural else problem
    M = problem.manifold
    best = rg.minimize(problem, M.point(w0), tolerance=1e-13)
    H = theory.riemannian_hessian(problem, best.point)
    modulus = theory.geodesic_modulus(problem, best.point)
    assert 0 < modulus == pytest.approx(np.linalg.eigvalsh(H)[0])
    slowest = M.tangent_basis(best.point) @ np.linalg.eigh(H)[1][:, 0]
    start = M.retraction(best.point, 1e-2 * slowest)
    flow = rg.gauss_newton_flow(problem, start, 3.0 / modulus)
    assert flow.completed
    gap = flow.losses - best.cost
    assert theory.fit_rate(flow.times, gap).rate == pytest.approx(2 * modulus, rel=2e-3)
    moduli = theory.pl_moduli(flow, best.cost)
    assert moduli == pytest.approx(np.full(len(flow), modulus), rel=5e-3)


def test_pl_moduli_are_nan_at_the_floor():
    problem, w0 = network_problem(alpha=256.0)
    flow = rg.gauss_newton_flow(problem, problem.manifold.point(w0), 1.0)
    moduli = theory.pl_moduli(flow, flow.losses[3])
    assert np.isnan(moduli[3:]).all()
    assert (moduli[:3] > 0).all()
    with pytest.raises(TypeError, match="Trajectory"):
        theory.pl_moduli(flow.losses, 0.0)


def test_hessian_where_the_jacobian_is_zero_is_an_error():
    M = rg.ImmersedManifold(rg.autograd_immersion(lambda w: w**2, dim=2))
    problem = rg.Problem(M, rg.SquaredLoss(np.ones(2)))
    with pytest.raises(rg.NumericalError, match="Jacobian is zero"):
        theory.riemannian_hessian(problem, M.point([0.0, 0.0]))
