"""Weights on another manifold, against the same map with its normalisation written out."""

import pickle

import autograd.numpy as anp
import numpy as np
import pytest
import scipy.optimize
from pymanopt.manifolds import (
    ComplexCircle,
    Euclidean,
    FixedRankEmbedded,
    Grassmann,
    Oblique,
    Product,
    SpecialOrthogonalGroup,
    Sphere,
    Stiefel,
    Symmetric,
    SymmetricPositiveDefinite,
)
from pymanopt.manifolds.sphere import SphereSubspaceIntersection
from pymanopt.optimizers import ConjugateGradient, SteepestDescent, TrustRegions

import riemgn as rg
from riemgn.immersions import FeedforwardImmersion
from riemgn.immersions.domain import Domain
from riemgn.immersions.on_domain import OnDomain

SAMPLES = 30
X = np.random.default_rng(0).normal(size=(SAMPLES, 3))


def units(w):
    """A network of two hidden units, its weights (3, 2) by columns, then two output weights."""
    hidden = anp.tanh(anp.dot(X, anp.reshape(w[:6], (3, 2))))
    return anp.dot(hidden, w[6:])


def normalised_units(z):
    """The same with unit columns, written out: rank 6 of 8 parameters."""
    W = anp.reshape(z[:6], (3, 2))
    W = W / anp.sqrt(anp.sum(W**2, axis=0))
    return units(anp.concatenate([anp.reshape(W, -1), z[6:]]))


UNIT_COLUMNS = Product([Oblique(3, 2), Euclidean(2)])


def manifold(function=units, dim=8, domain=UNIT_COLUMNS, **options):
    return rg.ImmersedManifold(rg.autograd_immersion(function, dim), domain=domain, **options)


def written_out():
    return rg.ImmersedManifold(rg.autograd_immersion(normalised_units, 8))


def a_point(M):
    """A point where the units differ and their output weights are far from zero."""
    W = np.array([[1.0, 0.2], [0.3, -0.8], [-0.5, 0.7]])
    return M.point(np.concatenate([(W / np.linalg.norm(W, axis=0)).ravel(), [1.3, -0.8]]))


BOTH = pytest.mark.parametrize("domain", [Stiefel(4, 2), Product([Oblique(2, 2), Sphere(4)])])


def bent(w):
    return anp.concatenate([anp.sin(w) + w[::-1] ** 2, w[1:] * w[:-1]])


def close(got, wanted, tolerance=1e-9):
    np.testing.assert_allclose(got, wanted, rtol=0, atol=tolerance * max(np.abs(wanted).max(), 1))


def vectors(count, size, seed=1):
    return np.random.default_rng(seed).normal(size=(count, size))


# The domain itself

EMBEDDED = {
    "sphere": Sphere(5),
    "sphere of matrices": Sphere(2, 3),
    "circle": Sphere(2),
    "oblique": Oblique(3, 4),
    "stiefel": Stiefel(5, 2),
    "stiefel, polar": Stiefel(5, 2, retraction="polar"),
    "stiefels": Stiefel(4, 2, k=3),
    "euclidean": Euclidean(3, 2),
    "symmetric": Symmetric(3),
    "subspace": SphereSubspaceIntersection(np.random.default_rng(0).normal(size=(6, 4))),
    "product": Product([Sphere(3), Oblique(2, 3), Euclidean(2)]),
}
EVERY = pytest.mark.parametrize("manifold_", EMBEDDED.values(), ids=EMBEDDED)


def domain_and_point(manifold_, seed=0):
    size = Domain(manifold_, _entries(manifold_)).random(np.random.default_rng(0)).size
    domain = Domain(manifold_, size)
    return domain, domain.random(np.random.default_rng(seed))


def _entries(manifold_):
    point = manifold_.random_point()
    parts = point if isinstance(manifold_, Product) else [point]
    return sum(np.size(part) for part in parts)


@EVERY
def test_the_projection_is_that_of_the_manifold(manifold_):
    domain, w = domain_and_point(manifold_)
    P = np.stack([domain.projection(w, e) for e in np.eye(w.size)])
    close(P @ P, P, 1e-14)
    close(P, P.T, 1e-14)
    assert np.trace(P) == pytest.approx(domain.dim)


@EVERY
def test_the_turn_of_the_projection_holds_both_second_fundamental_form_and_weingarten(manifold_):
    domain, w = domain_and_point(manifold_)
    v, z, u = vectors(3, w.size)
    a, b = domain.projection(w, v), domain.projection(w, z)
    n = u - domain.projection(w, u)
    bend, turned = domain.turn(w, a, b), domain.turn(w, a, n)
    close(domain.projection(w, bend), 0 * w, 1e-13)
    close(domain.projection(w, turned), turned, 1e-13)
    close(domain.turn(w, b, a), bend, 1e-13)
    assert turned @ b == pytest.approx(n @ bend, abs=1e-12)
    # pymanopt converts a Hessian of zero by the Weingarten map alone
    own = domain.own
    zero = own(np.zeros(w.size))
    converted = manifold_.euclidean_to_riemannian_hessian(own(w), own(n), zero, own(a))
    close(domain._flat(converted), turned, 1e-13)
    length = np.linalg.norm(a)
    close(length * domain._differenced_turn(w, a / length, b), bend, 1e-10)


@EVERY
def test_moving_is_a_retraction_of_order_two_that_stays_on_the_domain(manifold_):
    domain, w = domain_and_point(manifold_)
    xi = domain.projection(w, vectors(1, w.size)[0])
    xi /= np.linalg.norm(xi)
    np.testing.assert_allclose(domain.moved(w, 0 * xi), w, atol=1e-15)
    there = domain.moved(w, 3.0 * xi)
    assert domain.nearest(there) is there
    # the acceleration at the start is normal: that of a geodesic
    h = 1e-3
    ahead, behind = domain.moved(w, h * xi), domain.moved(w, -h * xi)
    close((ahead - behind) / (2 * h), xi, 1e-5)
    close((ahead - 2 * w + behind) / h**2, domain.turn(w, xi, xi), 1e-5)


@EVERY
def test_random_points_are_seeded_and_leave_numpys_state_alone(manifold_):
    domain, _ = domain_and_point(manifold_)
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    one, same, other = (domain.random(np.random.default_rng(seed)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 1e-3
    np.testing.assert_array_equal(domain.point(one), one)


class Normed(Sphere):
    """A sphere whose formula does not continue to complex points."""

    def projection(self, point, vector):
        unit = np.real(point)
        return vector - np.sum(unit * vector) * unit


def test_a_projection_that_does_not_continue_is_differenced():
    domain, exact = Domain(Normed(5), 5), Domain(Sphere(5), 5)
    w = exact.random(np.random.default_rng(0))
    a, v = exact.projection(w, vectors(1, 5)[0]), vectors(1, 5, seed=2)[0]
    assert np.abs(domain._continued_turn(w, a, v) - exact.turn(w, a, v)).max() > 1e-2
    close(domain.turn(w, a, v), exact.turn(w, a, v), 1e-10)


NOT_EMBEDDED = {
    "quotient": (Grassmann(4, 2), 8, "Riemannian submanifold of a space of arrays"),
    "other metric": (SymmetricPositiveDefinite(3), 9, "its metric is not the dot product"),
    "other tangent vectors": (SpecialOrthogonalGroup(3), 9, "its projection is not idempotent"),
    "complex": (ComplexCircle(3), 3, "domain must have real points, those of .* are complex128"),
    "no arrays": (FixedRankEmbedded(4, 3, 2), 12, "Riemannian submanifold of a space of arrays"),
    "part of a product": (Product([Sphere(3), Grassmann(4, 2)]), 11, "got Grassmann manifold"),
    "another size": (Sphere(5), 8, "domain has points of 5 entries .* has 8 parameters"),
}


@pytest.mark.parametrize(("domain", "size", "said"), NOT_EMBEDDED.values(), ids=NOT_EMBEDDED)
def test_what_is_not_embedded_is_refused(domain, size, said):
    with pytest.raises(ValueError, match=said):
        manifold(lambda w: w**2, size, domain)


@pytest.mark.parametrize("domain", [Sphere, "sphere", 3])
def test_what_is_no_manifold_is_refused(domain):
    with pytest.raises(TypeError, match="domain must be a pymanopt manifold"):
        manifold(domain=domain)


# The immersion on it


def test_the_jacobian_is_the_derivative_along_the_domain():
    M = manifold()
    x = a_point(M)
    domain, h = M.immersion.domain, 1e-5
    for xi in vectors(3, 8):
        ahead, behind = (M.immersion(domain.moved(x.params, s * h * xi)) for s in (1, -1))
        close(x.jacobian @ xi, (ahead - behind) / (2 * h), 1e-8)
        close(x.jet.jvp(xi), x.jacobian @ xi, 1e-13)
    v = vectors(1, SAMPLES)[0]
    close(x.jet.vjp(v), x.jacobian.T @ v, 1e-13)


def test_every_derivative_is_that_of_the_map_written_out():
    M, N = manifold(), written_out()
    x = a_point(M)
    y = N.point(x.params)
    xi, eta = vectors(2, 8)
    v = vectors(1, SAMPLES)[0]
    close(x.jacobian, y.jacobian, 1e-14)
    close(x.jet.second_derivative(xi, eta), y.jet.second_derivative(xi, eta), 1e-13)
    close(x.jet.hessian_vp(v, xi), y.jet.hessian_vp(v, xi), 1e-13)
    close(M.immersion.tangent_kernel(x.params), y.jacobian @ y.jacobian.T, 1e-13)
    etas = vectors(3, 8).T
    close(x.jet.second_derivatives(xi, etas)[:, 2], y.jet.second_derivative(xi, etas[:, 2]), 1e-13)


def test_the_geometry_is_that_of_the_map_written_out():
    M, N = manifold(), written_out()
    x = a_point(M)
    y = N.point(x.params)
    assert x.rank == y.rank == M.dim == 6
    v, z = vectors(2, SAMPLES)
    a, b = M.projection(x, v), M.projection(x, z)
    n = v - a
    xi, eta = vectors(2, 8)
    target = z
    problems = [rg.Problem(K, rg.SquaredLoss(target)) for K in (M, N)]
    for got, wanted in (
        (a, N.projection(y, v)),
        (M.lift(x, v), N.lift(y, v)),
        (M.second_fundamental_form(x, a, b), N.second_fundamental_form(y, a, b)),
        (M.weingarten(x, a, n), N.weingarten(y, a, n)),
        (M.christoffel(x, xi, eta), N.christoffel(y, xi, eta)),
        (M.rms_curvatures(x), N.rms_curvatures(y)),
        (problems[0].riemannian_gradient(x), problems[1].riemannian_gradient(y)),
        (problems[0].riemannian_hessian(x, a), problems[1].riemannian_hessian(y, a)),
    ):
        close(got, wanted, 1e-9)
    lifted = M.lift(x, v)
    close(M.immersion.domain.projection(x.params, lifted), lifted, 1e-13)


def test_rank_does_not_depend_on_rounding():
    # parameters of very different effects, nearly normal to the domain: the small circle's case
    A = np.random.default_rng(0).normal(size=(2, 2)) * [1.0, 1e6]
    M = manifold(lambda w: anp.dot(A, w), 2, Sphere(2))
    assert M.dim == 1
    generator = np.random.default_rng(1)
    assert {M.random_point(generator).rank for _ in range(300)} == {1}


def test_the_identity_on_a_sphere_is_the_sphere():
    M, S = manifold(lambda w: 1.0 * w, 4, Sphere(4)), Sphere(4)
    x = M.random_point(0)
    a, b, n = vectors(3, 4)
    a, b = M.projection(x, a), M.projection(x, b)
    close(M.second_fundamental_form(x, a, b), -(a @ b) * x.outputs, 1e-14)
    close(M.weingarten(x, a, x.outputs), S.weingarten(x.params, a, x.params), 1e-14)
    close(M.projection(x, n), S.projection(x.params, n), 1e-14)
    close(M.retraction(x, a).outputs, S.retraction(x.params, a), 1e-14)
    np.testing.assert_allclose(M.rms_curvatures(x), [0, 1], atol=1e-13)


@BOTH
def test_the_corrected_retraction_is_of_order_two_on_any_domain(domain):
    M = manifold(bent, 8, domain, retraction="corrected")
    x = M.random_point(0)
    v = M.random_tangent_vector(x, seed=0)
    h = 1e-3
    ahead, behind = M.retraction(x, h * v), M.retraction(x, -h * v)
    close((ahead - behind) / (2 * h), v, 1e-4)
    acceleration = (ahead + behind - 2 * x.outputs) / h**2
    close(M.projection(x, acceleration), np.zeros(x.size), 1e-4)
    close(acceleration, M.second_fundamental_form(x, v, v), 1e-3)


@BOTH
def test_every_law_of_an_immersion_holds(domain):
    # values near the domain are those of the closest point, so that derivatives are true ones
    rg.testing.check_immersion(manifold(bent, 8, domain).immersion)


@pytest.mark.slow
@BOTH
def test_every_law_of_a_manifold_holds(domain):
    rg.testing.check_manifold(manifold(bent, 8, domain))


def test_a_metric_on_the_outputs_of_a_domain():
    weight = np.linspace(0.5, 2.0, SAMPLES)
    M, N = manifold(metric=weight), written_out().in_metric(weight)
    x = a_point(M)
    y = N.point(x.params)
    v, z = vectors(2, SAMPLES)
    a, b = M.projection(x, v), M.projection(x, z)
    close(a, N.projection(y, v))
    close(M.lift(x, v), N.lift(y, v))
    close(M.second_fundamental_form(x, a, b), N.second_fundamental_form(y, a, b))
    assert M.sectional_curvature(x, a, b) == pytest.approx(N.sectional_curvature(y, a, b))


def test_a_flat_domain_changes_nothing():
    M, N = manifold(domain=Euclidean(4, 2)), manifold(domain=None)
    x = a_point(M)
    y = N.point(x.params)
    v = vectors(1, SAMPLES)[0]
    close(x.jacobian, y.jacobian, 1e-15)
    close(M.lift(x, v), N.lift(y, v), 1e-12)
    assert M.dim == N.dim == 8
    np.testing.assert_array_equal(M.point(np.zeros(8)).params, np.zeros(8))


def test_a_run_on_a_domain_is_resumed_to_the_last_bit(tmp_path):
    M = manifold()
    problem, method = rg.Problem(M, rg.SquaredLoss(teacher())), "levenberg-marquardt"
    whole = rg.minimize(problem, a_point(M), method)
    kept = tmp_path / "run.npz"
    rg.minimize(problem, a_point(M), method, max_iterations=2, checkpoint=kept)
    resumed = rg.resume(kept, problem, max_iterations=1000)
    np.testing.assert_array_equal(resumed.point.params, whole.point.params)


def test_the_exponential_is_that_of_the_sphere():
    M, S = manifold(lambda w: 1.0 * w, 3, Sphere(3)), Sphere(3)
    x = M.random_point(0)
    v = 2.0 * M.random_tangent_vector(x, seed=1)
    y = M.exp(x, v)
    close(y.outputs, S.exp(x.params, v), 1e-9)
    assert np.linalg.norm(y.params) == pytest.approx(1.0, abs=1e-13)
    close(M.log(x, y), v, 1e-8)
    assert M.dist(x, y) == pytest.approx(2.0, rel=1e-8)


def test_geodesics_are_those_of_the_map_written_out():
    M, N = manifold(), written_out()
    x = a_point(M)
    y = N.point(x.params)
    v = 0.5 * M.projection(x, vectors(1, SAMPLES)[0])
    reached = M.exp(x, v)
    close(reached.outputs, N.exp(y, v).outputs, 1e-8)
    close(np.linalg.norm(M.domain_point(reached)[0], axis=0), np.ones(2), 1e-13)


# Minimising on it


def teacher(noise=0.05):
    generator = np.random.default_rng(3)
    W = np.array([[0.9, 0.1], [0.4, -0.9], [-0.3, 0.6]])
    w = np.concatenate([(W / np.linalg.norm(W, axis=0)).ravel(), [1.0, -1.2]])
    return units(w) + noise * generator.normal(size=SAMPLES)


@pytest.mark.parametrize(
    "method",
    [
        "auto",
        "gauss-newton",
        "levenberg-marquardt",
        "newton",
        TrustRegions(verbosity=0),
        SteepestDescent(verbosity=0, max_iterations=400),
        ConjugateGradient(verbosity=0),
    ],
    ids=str,
)
def test_every_method_finds_the_optimum_on_the_domain(method):
    target = teacher()
    M = manifold()
    result = rg.minimize(rg.Problem(M, rg.SquaredLoss(target)), a_point(M), method)
    wanted = scipy.optimize.least_squares(
        lambda z: normalised_units(z) - target,
        a_point(M).params,
        xtol=1e-15,
        ftol=1e-15,
        gtol=1e-15,
    )
    assert result.success
    assert result.cost == pytest.approx(wanted.cost, rel=1e-9)
    close(np.linalg.norm(M.domain_point(result.point)[0], axis=0), np.ones(2), 1e-14)
    close(result.point.outputs, normalised_units(wanted.x), 1e-6)


def test_a_network_with_unit_norm_rows():
    net = rg.Network([3, 2, 1])
    domain = Product([Sphere(3), Sphere(3), Euclidean(net.dim - 6)])
    M = rg.OutputManifold(net, X, domain=domain)
    assert M.dim == net.dim - 2
    result = rg.minimize(rg.Problem(M, rg.SquaredLoss(teacher())), M.random_point(0))
    assert result.success
    W, _ = net.unflatten(result.point.params)[0]
    close(np.linalg.norm(W, axis=1), np.ones(2), 1e-14)


def test_a_streamed_network_on_a_domain(monkeypatch):
    from riemgn.immersions import feedforward

    monkeypatch.setattr(feedforward, "_BLOCK", 2000)
    net = rg.Network([3, 2, 1])
    domain = Product([Sphere(3), Sphere(3), Euclidean(net.dim - 6)])
    held = rg.ImmersedManifold(FeedforwardImmersion(net, X), domain=domain)
    streamed = rg.ImmersedManifold(FeedforwardImmersion(net, X, memory_budget=1e3), domain=domain)
    x = held.random_point(0)
    y = streamed.point(x.params)
    assert y.jet.streams
    v = vectors(1, SAMPLES)[0]
    assert y.rank == x.rank == held.dim
    close(streamed.projection(y, v), held.projection(x, v), 1e-10)
    close(streamed.lift(y, v), held.lift(x, v), 1e-8)


def test_more_weights_than_data():
    target = teacher()[:5]
    M = manifold(lambda w: units(w)[:5])
    assert str(M) == (
        "ImmersedManifold: open subset of R^5, 8 parameters on Product manifold: Oblique manifold "
        "OB(3,2) x Euclidean manifold of 2-vectors"
    )
    for method in ("auto", "levenberg-marquardt"):
        result = rg.minimize(rg.Problem(M, rg.SquaredLoss(target)), a_point(M), method)
        assert result.cost < 1e-15
        close(np.linalg.norm(M.domain_point(result.point)[0], axis=0), np.ones(2), 1e-14)


def test_fewer_degrees_of_freedom_than_outputs_but_more_parameters():
    # n = 3 lies between the dimension 2 of the domain and its 4 entries
    M = manifold(lambda w: anp.array([w[0] * w[3], w[1] + w[2], w[2] ** 2]), 4, Oblique(2, 2))
    x = M.random_point(0)
    assert M.dim == x.rank == 2
    assert "2-dimensional submanifold of R^3, 4 parameters" in str(M)
    result = rg.minimize(rg.Problem(M, rg.SquaredLoss(np.array([0.1, 0.2, 0.3]))), x)
    assert result.success


def test_statistics_of_a_fit_are_those_of_angles():
    M, target = manifold(), teacher()
    problem = rg.Problem(M, rg.SquaredLoss(target))
    best = rg.minimize(problem, a_point(M)).point
    statistics = rg.fit_statistics(problem, best)
    assert statistics.identifiable.all()
    assert statistics.degrees_of_freedom == SAMPLES - 6
    assert "cannot be trusted" not in statistics.verdict

    def weights(a):
        """The same weights by longitudes and latitudes: four angles, two output weights."""
        columns = [
            anp.array([anp.cos(b) * anp.cos(l), anp.cos(b) * anp.sin(l), anp.sin(b)])
            for l, b in ((a[0], a[1]), (a[2], a[3]))
        ]
        return anp.concatenate([anp.reshape(anp.stack(columns, axis=1), -1), a[4:]])

    W, c = M.domain_point(best)
    angles = [f for v in W.T for f in (np.arctan2(v[1], v[0]), np.arcsin(v[2]))]
    chart = rg.autograd_immersion(weights, 6)
    N = rg.ImmersedManifold(rg.autograd_immersion(lambda a: units(weights(a)), 6))
    same = rg.fit_statistics(rg.Problem(N, problem.loss), N.point([*angles, *c]))
    D = chart.jacobian([*angles, *c])
    close(statistics.covariance, D @ same.covariance @ D.T, 1e-9)
    np.testing.assert_allclose(statistics.curvatures[1], same.curvatures[1], rtol=1e-8)
    with pytest.raises(ValueError, match=r"parameters on a domain .* cannot be held one by one"):
        statistics.profile_interval(0)


def test_statistics_tell_what_the_data_do_not_determine_on_the_domain():
    # the third entry of a unit vector shows in no output, but its size follows from the others
    M = manifold(lambda w: anp.concatenate([X[:, :2] @ w[:2], w[3:4]]), 5, UNIT_VECTOR)
    x = M.point([0.6, 0.0, 0.8, 1.0, 2.0])
    statistics = rg.fit_statistics(rg.Problem(M, rg.SquaredLoss(x.outputs + _noise(x))), x)
    np.testing.assert_array_equal(statistics.identifiable, [True, True, True, True, False])


UNIT_VECTOR = Product([Sphere(3), Euclidean(2)])


def _noise(x):
    v = vectors(1, x.size)[0]
    return 0.01 * (v - x.jacobian @ np.linalg.lstsq(x.jacobian, v, rcond=None)[0])


# Points


def test_points_are_given_flat_or_in_the_domains_own_form():
    M = manifold()
    x = a_point(M)
    W, c = M.domain_point(x)
    assert W.shape == (3, 2)
    W[0, 0] += 0.0  # a copy, which may be written to
    for given in ([W, c], (W, c), x.params, x.params.tolist()):
        np.testing.assert_array_equal(M.point(given).params, x.params)
    S = manifold(lambda w: 1.0 * w, 6, Stiefel(3, 2))
    y = S.random_point(0)
    assert S.domain_point(y).shape == (3, 2)
    np.testing.assert_array_equal(S.point(S.domain_point(y)).params, y.params)


def test_points_near_the_domain_are_put_on_it():
    M = manifold()
    x = a_point(M)
    for off in (1e-16, 1e-12, 5e-9):
        y = M.point(x.params * (1 + off))
        close(np.linalg.norm(M.domain_point(y)[0], axis=0), np.ones(2), 1e-13)
        close(y.params[:6], x.params[:6], 1e-13)


BAD_POINTS = {
    "off": (np.ones(8), "params must lie on the domain .* they miss it by"),
    "a little off": (np.array([1.0001, 0, 0, 1, 0, 0, 5, 5]), "params must lie on the domain"),
    "zero": (np.zeros(8), "params must lie on the domain"),
    "short": (np.ones(7), r"params must have shape \(8,\), got \(7,\)"),
    "NaN": (np.full(8, np.nan), "params must be finite"),
    "transposed": ([np.ones((2, 3)), np.ones(2)], r"params must have a part of shape \(3, 2\)"),
    "one part": ([np.ones((3, 2))], "params must"),
}


@pytest.mark.parametrize(("params", "said"), BAD_POINTS.values(), ids=BAD_POINTS)
def test_points_that_are_not_on_the_domain_are_refused(params, said):
    with pytest.raises(ValueError, match=said):
        manifold().point(params)


def test_a_manifold_without_domain_has_no_domain_point():
    M = written_out()
    with pytest.raises(ValueError, match="the manifold has no domain"):
        M.domain_point(M.point(np.ones(8)))


def test_points_pickle():
    M = manifold()
    x = a_point(M)
    y = pickle.loads(
        pickle.dumps(rg.ImmersedManifold(manifold(_squares).immersion).random_point(0))
    )
    assert y.rank == 6
    assert x.bare().rank == 6


def _squares(w):
    return anp.concatenate([w**2, anp.sin(w)])


# Algebra


def test_scaled_and_centred_maps_stay_on_the_domain():
    M = manifold()
    x = a_point(M)
    f = M.immersion.centred(M.domain_point(x)).scaled(3.0)
    assert isinstance(f, OnDomain)
    S = rg.ImmersedManifold(f)
    y = S.point(x.params)
    close(y.outputs, np.zeros(SAMPLES), 1e-15)
    close(y.jacobian, 3 * x.jacobian, 1e-14)
    v = S.random_tangent_vector(y, seed=0)
    close(np.linalg.norm(S.domain_point(S.retraction(y, v))[0], axis=0), np.ones(2), 1e-14)


def test_a_ridge_is_measured_on_the_domain():
    M = manifold()
    x = a_point(M)
    N = rg.ImmersedManifold(M.immersion.ridged(0.5, np.zeros(8)))
    explicit = rg.autograd_immersion(
        lambda z: anp.concatenate([normalised_units(z), np.sqrt(0.5) * _normalised(z)]), 8
    )
    y, xi = N.point(x.params), vectors(1, 8)[0]
    wanted = explicit.at(x.params)
    close(y.jacobian, wanted.jacobian(), 1e-14)
    close(y.jet.second_derivative(xi, xi), wanted.second_derivative(xi, xi), 1e-13)


def _normalised(z):
    W = anp.reshape(z[:6], (3, 2))
    return anp.concatenate([anp.reshape(W / anp.sqrt(anp.sum(W**2, axis=0)), -1), z[6:]])


def test_what_would_leave_the_domain_is_refused():
    f = manifold().immersion
    with pytest.raises(ValueError, match="parameters on a domain have no linear change"):
        f.reparametrised(np.eye(8))
    with pytest.raises(ValueError, match="restrict it to the domain last"):
        OnDomain(f, UNIT_COLUMNS)


def test_the_volume_element_on_a_domain_is_that_of_its_tangent_space():
    doubled = rg.autograd_immersion(lambda w: 2 * w, dim=3)
    M = rg.ImmersedManifold(doubled, domain=Sphere(3))
    assert M.volume_element(M.point([0.0, 0.6, 0.8])) == pytest.approx(4, rel=1e-12)
