"""Constant metrics of the ambient space: the geometry of f in H = L L^T is that of L^T f in R^n."""

import autograd.numpy as anp
import numpy as np
import pytest
from pymanopt.optimizers import ConjugateGradient, SteepestDescent, TrustRegions

import riemgn as rg
from riemgn.immersions import FeedforwardImmersion, feedforward
from riemgn.manifolds.metrics import ambient_metric

N = 7
TIMES = np.linspace(0.2, 2.0, N)


def curves(w):
    """A map from R^3 to R^7 that bends."""
    return w[0] * anp.exp(-w[1] * TIMES) + anp.sin(w[2] * TIMES)


def diagonal_weight():
    return np.geomspace(0.1, 20.0, N)


def dense_weight(seed=0):
    A = np.random.default_rng(seed).normal(size=(N, N))
    return A @ A.T + 0.3 * np.eye(N)


WEIGHTS = {"diagonal": diagonal_weight(), "dense": dense_weight()}
EVERY = pytest.mark.parametrize("weight", WEIGHTS.values(), ids=WEIGHTS)


class Seen:
    """f in the metric H beside L^T f in the dot product, at one w."""

    def __init__(self, weight, f=curves, w=(1.5, 0.7, 1.1), **options):
        w = np.asarray(w)
        self.H = np.diag(weight) if weight.ndim == 1 else weight
        self.L = np.linalg.cholesky(self.H)
        Lt = self.L.T.copy()
        f = rg.autograd_immersion(f, dim=w.size)
        self.M = rg.ImmersedManifold(f, metric=weight, **options)
        self.x = self.M.point(w)
        self.plain = rg.ImmersedManifold(
            rg.autograd_immersion(lambda z: anp.dot(Lt, f(z)), dim=w.size), **options
        )
        self.y = self.plain.point(w)

    def see(self, v):
        return self.L.T @ v

    def draw(self, count=1, seed=0):
        return np.random.default_rng(seed).normal(size=(count, self.x.size))

    def tangents(self):
        return [self.M.random_tangent_vector(self.x, seed=i) for i in range(2)]

    def normal(self):
        v = self.draw(seed=9)[0]
        return v - self.M.projection(self.x, v)


def close(got, wanted, tolerance=1e-11):
    np.testing.assert_allclose(got, wanted, rtol=0, atol=tolerance * max(np.abs(wanted).max(), 1))


@EVERY
def test_first_order_geometry_is_that_of_the_seen_map(weight):
    case = Seen(weight)
    M, x, plain, y = case.M, case.x, case.plain, case.y
    v, z = case.draw(2)
    close(case.see(M.projection(x, v)), plain.projection(y, case.see(v)))
    close(M.lift(x, v), plain.lift(y, case.see(v)))
    assert M.inner_product(x, v, z) == pytest.approx(v @ case.H @ z)
    assert M.norm(x, v) == pytest.approx(np.sqrt(v @ case.H @ v))
    columns = np.stack([v, z], axis=1)
    close(M.projection(x, columns)[:, 1], M.projection(x, z))
    close(M.lift(x, columns)[:, 0], M.lift(x, v))
    assert np.linalg.norm(M.projection(x, v) - M.in_metric(None).projection(x, v)) > 1e-2


@EVERY
def test_the_projection_is_orthogonal_in_the_metric(weight):
    case = Seen(weight)
    P = case.M.projection(case.x, np.eye(N))
    close(P @ P, P)
    close(case.H @ P, (case.H @ P).T)
    close(P @ case.x.jacobian, case.x.jacobian)
    assert np.trace(P) == pytest.approx(3.0)


@EVERY
def test_frames_and_random_vectors_have_unit_length_in_the_metric(weight):
    case = Seen(weight)
    E = case.M.tangent_basis(case.x)
    close(E.T @ case.H @ E, np.eye(3))
    close(case.M.projection(case.x, E), E)
    v = case.M.random_tangent_vector(case.x, seed=1)
    assert v @ case.H @ v == pytest.approx(1.0)
    # uniform over directions: the mean of the coordinates' products is a multiple of the identity
    drawn = np.stack([case.M.random_tangent_vector(case.x, seed=i) for i in range(2000)])
    coordinates = drawn @ case.H @ E
    np.testing.assert_allclose(coordinates.T @ coordinates / 2000, np.eye(3) / 3, atol=0.03)


@EVERY
def test_the_gradient_represents_the_derivative(weight):
    case = Seen(weight)
    g = case.draw(seed=3)[0]
    gradient = case.M.euclidean_to_riemannian_gradient(case.x, g)
    J = case.x.jacobian
    close(gradient, J @ np.linalg.solve(J.T @ case.H @ J, J.T @ g))
    for v in case.tangents():
        assert case.M.inner_product(case.x, gradient, v) == pytest.approx(g @ v)


@EVERY
def test_second_order_geometry_is_that_of_the_seen_map(weight):
    case = Seen(weight)
    M, x, plain, y = case.M, case.x, case.plain, case.y
    a, b = case.tangents()
    n = case.normal()
    see = case.see
    bend = M.second_fundamental_form(x, a, b)
    close(see(bend), plain.second_fundamental_form(y, see(a), see(b)))
    close(see(M.weingarten(x, a, n)), plain.weingarten(y, see(a), see(n)))
    assert M.inner_product(x, M.weingarten(x, a, n), b) == pytest.approx(
        M.inner_product(x, n, bend)
    )
    close(M.projection(x, bend), np.zeros(N))
    xi, eta = np.random.default_rng(5).normal(size=(2, 3))
    close(M.christoffel(x, xi, eta), plain.christoffel(y, xi, eta))
    np.testing.assert_allclose(M.rms_curvatures(x), plain.rms_curvatures(y), rtol=1e-10)
    assert not np.allclose(M.rms_curvatures(x), M.in_metric(None).rms_curvatures(x), rtol=1e-2)


@EVERY
def test_curvatures_are_those_of_the_seen_map(weight):
    case = Seen(weight)
    M, x, plain, y = case.M, case.x, case.plain, case.y
    a, b = case.tangents()
    seen_a, seen_b, n = case.see(a), case.see(b), case.normal()
    for got, wanted in (
        (M.sectional_curvature(x, a, b), plain.sectional_curvature(y, seen_a, seen_b)),
        (M.ricci(x, a, b), plain.ricci(y, seen_a, seen_b)),
        (M.scalar_curvature(x), plain.scalar_curvature(y)),
        (M.principal_curvatures(x, n), plain.principal_curvatures(y, case.see(n))),
        (M.normal_curvature(x, a), plain.normal_curvature(y, seen_a)),
        (case.see(M.mean_curvature(x)), plain.mean_curvature(y)),
        (M.volume_element(x), plain.volume_element(y)),
    ):
        np.testing.assert_allclose(got, wanted, rtol=1e-9, atol=1e-12)


@EVERY
def test_geodesics_are_those_of_the_seen_map(weight):
    case = Seen(weight)
    M, x, plain, y = case.M, case.x, case.plain, case.y
    a, b = case.tangents()
    reached, there = M.exp(x, 0.3 * a), plain.exp(y, 0.3 * case.see(a))
    close(case.see(reached.outputs), there.outputs, 1e-9)
    close(M.log(x, reached), 0.3 * a, 1e-8)
    assert M.dist(x, reached) == pytest.approx(0.3, rel=1e-8)
    carried = M.parallel_transport(x, 0.3 * a, b)
    close(case.see(carried), plain.parallel_transport(y, 0.3 * case.see(a), case.see(b)), 1e-8)
    assert M.norm(reached, carried) == pytest.approx(1.0)


@pytest.mark.slow
@EVERY
def test_every_law_of_a_manifold_holds_in_the_metric(weight):
    case = Seen(weight)
    assert rg.testing.check_manifold(case.M, case.x).ok


@EVERY
def test_the_hessian_is_the_second_derivative_along_geodesics(weight):
    case = Seen(weight, retraction="corrected")
    M, x = case.M, case.x
    problem = rg.Problem(M, lambda u: anp.sum(anp.log(anp.cosh(u - 0.3))))
    gradient = problem.riemannian_gradient(x)
    a, b = case.tangents()
    Ha, Hb = problem.riemannian_hessian(x, a), problem.riemannian_hessian(x, b)
    assert M.inner_product(x, Ha, b) == pytest.approx(M.inner_product(x, a, Hb), rel=1e-10)
    close(M.projection(x, Ha), Ha)
    h = 1e-3
    ahead, here, behind = (problem.cost(M.retraction(x, s * h * a)) for s in (1, 0, -1))
    slope = M.inner_product(x, gradient, a)
    assert (ahead - behind) / (2 * h) == pytest.approx(slope, rel=1e-4)
    bend = (ahead - 2 * here + behind) / h**2
    assert bend == pytest.approx(M.inner_product(x, Ha, a), rel=1e-4, abs=1e-5)


@EVERY
def test_cost_gradient_and_hessian_are_those_of_the_seen_problem(weight):
    case = Seen(weight)
    inverse = np.linalg.inv(case.L.T)
    problem = rg.Problem(case.M, lambda u: anp.sum(anp.cos(u) + 0.1 * u**4))
    seen = rg.Problem(
        case.plain, lambda s: anp.sum(anp.cos(anp.dot(inverse, s)) + 0.1 * anp.dot(inverse, s) ** 4)
    )
    a = case.tangents()[0]
    close(case.see(problem.riemannian_gradient(case.x)), seen.riemannian_gradient(case.y), 1e-10)
    close(
        case.see(problem.riemannian_hessian(case.x, a)),
        seen.riemannian_hessian(case.y, case.see(a)),
        1e-9,
    )


@EVERY
@pytest.mark.parametrize("retraction", ["parametric", "corrected"])
def test_retractions_are_those_of_the_seen_map(weight, retraction):
    case = Seen(weight, retraction=retraction)
    v = 0.1 * case.tangents()[0]
    moved = case.M.retraction(case.x, v)
    close(moved.params, case.plain.retraction(case.y, case.see(v)).params)


@EVERY
def test_an_open_manifold_is_flat_in_every_constant_metric(weight):
    w = np.random.default_rng(4).normal(size=14)
    case = Seen(weight, f=lambda z: z[:7] * z[7:] + z[7:] ** 2, w=w)
    M, x = case.M, case.x
    v, n = case.draw(2)
    assert x.rank == M.dim == N
    np.testing.assert_array_equal(M.projection(x, v), v)
    close(M.lift(x, v), case.plain.lift(case.y, case.see(v)))
    close(M.euclidean_to_riemannian_gradient(x, v), np.linalg.solve(case.H, v), 1e-10)
    np.testing.assert_array_equal(M.weingarten(x, v, n), np.zeros(N))
    problem = rg.Problem(M, lambda u: anp.sum(u**4) / 12)
    close(problem.riemannian_hessian(x, v), np.linalg.solve(case.H, x.outputs**2 * v), 1e-9)
    E = M.tangent_basis(x)
    close(E.T @ case.H @ E, np.eye(N))


@EVERY
def test_a_rank_deficient_point_answers_on_its_tangent_space(weight):
    # two equal decays: only the sum of their amplitudes shows
    def twins(w):
        return (w[0] + w[1]) * anp.exp(-w[2] * TIMES)

    case = Seen(weight, f=twins, w=(0.5, 0.7, 0.9))
    M, x = case.M, case.x
    v = case.draw()[0]
    assert M._sight(x).rank == x.rank == 2
    close(case.see(M.projection(x, v)), case.plain.projection(case.y, case.see(v)))
    xi = M.lift(x, v)
    assert xi[0] == pytest.approx(xi[1])  # of least norm
    close(x.jacobian @ xi, M.projection(x, v))
    E = M.tangent_basis(x)
    close(E.T @ case.H @ E, np.eye(2))
    np.testing.assert_allclose(
        M.rms_curvatures(x), case.plain.rms_curvatures(case.y), rtol=1e-9, atol=1e-12
    )


def test_a_streamed_jacobian_in_a_diagonal_metric(monkeypatch):
    monkeypatch.setattr(feedforward, "_BLOCK", 2000)
    X = np.random.default_rng(0).normal(size=(60, 3))
    net = rg.Network([3, 4, 1])
    weight = np.random.default_rng(1).uniform(0.5, 2.0, size=60)
    held = rg.ImmersedManifold(FeedforwardImmersion(net, X), metric=weight)
    streamed = rg.ImmersedManifold(FeedforwardImmersion(net, X, memory_budget=5e3), metric=weight)
    w = net.init(seed=0)
    x, y = held.point(w), streamed.point(w)
    assert len(list(y.jet.row_blocks())) > 3
    assert not x.jet.streams
    v = np.random.default_rng(2).normal(size=60)
    close(streamed.projection(y, v), held.projection(x, v), 1e-10)
    close(streamed.lift(y, v), held.lift(x, v), 1e-8)
    a = held.random_tangent_vector(x, seed=0)
    close(streamed.second_fundamental_form(y, a, a), held.second_fundamental_form(x, a, a), 1e-8)
    close(streamed.euclidean_to_riemannian_gradient(y, v), x.jacobian @ held.lift(x, v / weight))
    dense = streamed.in_metric(np.diag(weight))
    with pytest.raises(ValueError, match=r"metric \(n, n\) needs a Jacobian that is held at once"):
        dense.projection(y, v)


@EVERY
@pytest.mark.parametrize("optimizer", [SteepestDescent, ConjugateGradient, TrustRegions])
def test_pymanopt_minimises_in_the_metric(weight, optimizer):
    case = Seen(weight)
    target = case.x.outputs + 0.1 * case.draw(seed=8)[0]
    # half the squared distance in the metric itself, which Gauss-Newton steps suit
    loss = rg.AutogradLoss(lambda u: 0.5 * anp.dot(u - target, anp.dot(case.H, u - target)))
    result = rg.minimize(rg.Problem(case.M, loss), case.x, optimizer(verbosity=0))
    plain = rg.Problem(case.plain, rg.SquaredLoss(case.see(target)))
    wanted = rg.minimize(plain, case.y)
    assert wanted.success
    assert result.cost == pytest.approx(wanted.cost, rel=1e-9)
    np.testing.assert_allclose(result.point.params, wanted.point.params, rtol=1e-4)


def test_the_flow_in_the_metric_of_the_loss_is_natural_gradient():
    case = Seen(diagonal_weight())
    weights = diagonal_weight()
    loss = rg.WeightedLoss(rg.SquaredLoss(np.zeros(N)), weights)
    natural = rg.Problem(case.M, loss).natural()
    constant = rg.Problem(case.M, loss)  # the loss's Hessian is that weight
    gradient = natural.riemannian_gradient(case.x)
    close(constant.riemannian_gradient(case.x), gradient)
    J, g = case.x.jacobian, loss.gradient(case.x.outputs)
    step = np.linalg.solve(J.T @ np.diag(weights) @ J, J.T @ g)
    close(natural.manifold.lift(case.x, gradient), step, 1e-10)
    # it does not depend on the parameters
    A = np.random.default_rng(2).normal(size=(3, 3))
    other = rg.ImmersedManifold(case.M.immersion.reparametrised(A), metric=weights)
    there = other.point(np.linalg.solve(A, case.x.params))
    close(rg.Problem(other, loss).riemannian_gradient(there), gradient, 1e-10)


# What is refused


BAD = {
    "zero": (
        np.array([1.0, 0.0, *np.ones(5)]),
        r"metric must be positive, got .* 0 at index \[1\]",
    ),
    "negative": (np.array([*np.ones(6), -2.0]), r"positive, got the weight -2 at index \[6\]"),
    "NaN": (np.array([np.nan, *np.ones(6)]), r"metric must be finite, got nan at index \[0\]"),
    "infinite": (np.diag([np.inf, *np.ones(6)]), r"metric must be finite, got inf"),
    "unsymmetric": (np.eye(N) + np.triu(np.ones((N, N)), 1) / 9, "metric must be symmetric"),
    "indefinite": (np.eye(N) + 5 * (np.ones((N, N)) - np.eye(N)), "positive definite, got an inde"),
    "singular": (np.ones((N, N)), "metric must be positive definite"),
    "negative diagonal": (np.diag([*np.ones(6), -1.0]), r"got -1 at \[6, 6\]"),
    "rectangular": (np.ones((N, 2)), r"metric must be a vector .* got shape \(7, 2\)"),
    "scalar": (2.0, "metric must be 1-d or 2-d"),
    "empty": (np.array([]), "metric is empty"),
}


@pytest.mark.parametrize(("weight", "said"), BAD.values(), ids=BAD)
def test_bad_weights_are_refused_by_name(weight, said):
    f = rg.autograd_immersion(curves, dim=3)
    with pytest.raises(ValueError, match=said):
        rg.ImmersedManifold(f, metric=weight)
    with pytest.raises(ValueError, match=said):
        rg.ImmersedManifold(f).in_metric(weight)


@pytest.mark.parametrize("weight", ["euclidean", 1j * np.ones(N), rg.SquaredLoss, np.cos])
def test_what_is_no_metric_is_refused(weight):
    with pytest.raises(TypeError, match="metric must"):
        rg.ImmersedManifold(rg.autograd_immersion(curves, dim=3), metric=weight)


def test_the_size_is_checked_as_soon_as_it_is_known():
    said = "metric measures 4 outputs, the manifold's points have 7"
    metrics = (np.ones(4), np.eye(4), rg.SquaredLoss(np.zeros(4)))
    known = rg.autograd_immersion(curves, dim=3, ambient_dim=N)
    unknown = rg.autograd_immersion(curves, dim=3)
    for metric in metrics:
        with pytest.raises(ValueError, match=said):
            rg.ImmersedManifold(known, metric=metric)
    for metric in metrics:
        M = rg.ImmersedManifold(rg.autograd_immersion(curves, dim=3), metric=metric)
        with pytest.raises(ValueError, match=said):
            M.norm(M.point(np.ones(3)), np.ones(N))
    assert unknown.known_ambient_dim is None


def test_rounding_of_the_units_is_no_asymmetry():
    units = np.geomspace(1e-8, 1e8, N)
    H = dense_weight() * units * units[:, None]
    L = ambient_metric(H * (1 + 1e-15 * np.random.default_rng(0).normal(size=(N, N)))).root(units)
    np.testing.assert_allclose(L.times(L.transposed(np.eye(N))), H, rtol=1e-12)


def test_the_weight_is_copied():
    weight = np.ones(N)
    M = rg.ImmersedManifold(rg.autograd_immersion(curves, dim=3), metric=weight)
    x = M.point(np.ones(3))
    weight[:] = 100.0
    assert M.norm(x, np.ones(N)) == pytest.approx(np.sqrt(7))


def test_what_a_varying_metric_has_not_is_refused():
    loss = rg.PoissonLoss(np.arange(N))
    M = rg.ImmersedManifold(rg.autograd_immersion(curves, dim=3), metric=loss)
    x = M.point([1.5, 0.7, 1.1])
    v = np.ones(N)
    for call in (
        lambda: M.second_fundamental_form(x, v, v),
        lambda: M.weingarten(x, v, v),
        lambda: M.rms_curvatures(x),
        lambda: M.euclidean_to_riemannian_hessian(x, v, v, v),
    ):
        with pytest.raises(NotImplementedError, match="is not defined in riemgn for a metric that"):
            call()
    # while the first-order methods work
    result = rg.minimize(rg.Problem(M, loss), x, ConjugateGradient(verbosity=0))
    assert result.success


@EVERY
def test_a_chord_has_its_length_in_the_metric(weight):
    case = Seen(weight)
    M, x = case.M, case.x
    y = M.retraction(x, 0.1 * M.random_tangent_vector(x, seed=0))
    chord = y.outputs - x.outputs
    assert M.chord_dist(x, y) == pytest.approx(np.sqrt(chord @ case.H @ chord), rel=1e-10)
    assert M.chord_dist(x, y) <= M.dist(x, y) * (1 + 1e-9)
