"""The certificate at an optimum against sampled Hessians, true distances and known neighbours."""

import autograd.numpy as anp
import numpy as np
import pytest
from scipy.optimize import brentq, minimize

import riemgn as rg
from riemgn.immersions.derivative_bounds import DerivativeBounds
from riemgn.theory.local_bounds import local_bounds
from riemgn.theory.moduli import geodesic_modulus
from riemgn.theory.optimum import Convexity, hessian_in_outputs, optimum_certificate


def fit(loss="squared", widths=(2, 2, 1), alpha=100.0, n=40, seed=1):
    """A problem and its optimum near a random start."""
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(n, widths[0]))
    y = np.sin(2 * X[:, 0]) + 0.5 * generator.normal(size=n)
    network = rg.Network(widths, activation="tanh")
    w0 = network.init(generator)
    f = network.scaled(alpha).centred(w0).immersion(X)
    target = rg.SquaredLoss(y) if loss == "squared" else rg.LogisticLoss(y > 0, ridge=0.3)
    problem = rg.Problem(rg.ImmersedManifold(f), target)
    return problem, rg.minimize(problem, problem.manifold.point(w0), tolerance=1e-13).point


def hessian(problem, w, frame):
    """R^-T D^2 (l o f) R^-1 at w by central differences of the gradient."""
    f, loss, h = problem.manifold.immersion, problem.loss, 1e-5

    def gradient(z):
        there = w + frame @ z
        return frame.T @ (f.jacobian(there).T @ loss.gradient(f(there)))

    steps = h * np.eye(frame.shape[1])
    H = np.stack([(gradient(z) - gradient(-z)) / (2 * h) for z in steps])
    return 0.5 * (H + H.T)


@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_the_loss_is_strictly_convex_in_the_ball(loss):
    problem, best = fit(loss)
    found = optimum_certificate(problem, best)
    assert found.applies
    assert found.is_strict_minimum
    assert found.distance < 1e-6 < found.radius
    sight = best.seen_in(problem.manifold.metric)
    frame = sight.frame.lifts
    H = hessian_in_outputs(problem.loss, sight, problem.loss.gradient(best.outputs))
    np.testing.assert_allclose(hessian(problem, best.params, frame), H, atol=1e-5)
    generator = np.random.default_rng(0)
    for _ in range(12):
        z = generator.normal(size=frame.shape[1])
        z *= found.radius * generator.uniform() ** 0.2 / np.linalg.norm(z)
        assert np.linalg.eigvalsh(hessian(problem, best.params + frame @ z, frame))[0] > 0


@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_the_modulus_is_that_of_the_riemannian_hessian(loss):
    problem, best = fit(loss)
    found = optimum_certificate(problem, best)
    assert found.modulus == pytest.approx(geodesic_modulus(problem, best), rel=1e-6)


@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("share", [1e-6, 1e-3, 0.05, 0.2])
def test_the_optimum_lies_within_the_distance(loss, share):
    problem, best = fit(loss)
    f, generator = problem.manifold.immersion, np.random.default_rng(2)
    reach = optimum_certificate(problem, best).radius
    frame = best.seen_in(problem.manifold.metric).frame.lifts
    for _ in range(3):
        z = generator.normal(size=f.dim)
        z *= share * reach / np.linalg.norm(z)
        near = problem.manifold.point(best.params + frame @ z)
        found = optimum_certificate(problem, near)
        away = np.linalg.norm(near.jacobian @ (best.params - near.params))
        assert found.applies
        assert away <= found.distance * (1 + 1e-6)
        assert found.distance <= 3 * away
        assert found.distance < found.radius


class Parabola(rg.Immersion):
    """(w, w^2), with its exact bounds."""

    dim, ambient_dim = 1, 2

    def __call__(self, w):
        return anp.concatenate([w, w**2])

    def derivative_bounds(self, w, radius):
        return DerivativeBounds(2.0, 0.0)


@pytest.mark.parametrize("b", [0.51, 0.6, 1.0, 3.0, 50.0])
def test_the_other_critical_points_lie_outside(b):
    # half the squared distance to (0, b) is critical at 0 and at w^2 = b - 1/2
    problem = rg.Problem(rg.ImmersedManifold(Parabola()), rg.SquaredLoss([0.0, b]))
    w = np.sqrt(b - 0.5)
    point = problem.manifold.point([w])
    found = optimum_certificate(problem, point)
    assert found.applies
    stretch = np.sqrt(1 + 4 * w**2)
    assert found.modulus == pytest.approx((6 * w**2 + 1 - 2 * b) / stretch**2)
    assert 0.05 * stretch * w < found.radius <= stretch * w
    saddle = optimum_certificate(problem, problem.manifold.point([0.0]))
    assert not saddle.applies
    assert saddle.radius == 0
    assert "not convex" in saddle.why


def test_away_from_an_optimum_none_is_proved():
    problem = rg.Problem(rg.ImmersedManifold(Parabola()), rg.SquaredLoss([0.0, 1.0]))
    found = optimum_certificate(problem, problem.manifold.point([3.0]))
    assert not found.applies
    assert not found.is_strict_minimum
    assert found.distance == np.inf
    assert found.radius > 0  # at most one critical point there, for the loss is convex
    assert "too large" in found.why
    assert 3.0 - np.sqrt(0.5) > found.radius / np.sqrt(37)


def test_the_critical_point_of_an_asymmetric_curve_is_within_its_distance():
    problem = rg.Problem(rg.ImmersedManifold(Parabola()), rg.SquaredLoss([0.3, 1.2]))
    exact = brentq(lambda w: (w - 0.3) + 2 * w * (w**2 - 1.2), 0.5, 2.0, xtol=1e-15)
    for error in (1e-9, 1e-4, -0.02):
        point = problem.manifold.point([exact + error])
        found = optimum_certificate(problem, point)
        assert found.applies
        away = abs(error) * np.sqrt(1 + 4 * (exact + error) ** 2)
        assert away * (1 - 1e-4) <= found.distance <= 1.5 * away


class Cubic(rg.Immersion):
    """(w, a w^3 / 6), with its exact bounds."""

    dim, ambient_dim = 1, 2
    a = 0.01

    def __call__(self, w):
        return anp.concatenate([w, self.a * w**3 / 6])

    def derivative_bounds(self, w, radius):
        return DerivativeBounds(self.a * (abs(w[0]) + radius), self.a)


def test_the_third_derivative_bends_along_a_large_residual():
    # the second derivative of the loss by w is 1 - 100 a w + O(a^2): convex for w < 1
    problem = rg.Problem(rg.ImmersedManifold(Cubic()), rg.SquaredLoss([0.0, 100.0]))
    found = optimum_certificate(problem, problem.manifold.point([0.0]))
    assert found.applies
    assert 0.9 < found.radius < 1.0


class Line(rg.Immersion):
    """w itself."""

    dim = ambient_dim = 1

    def __call__(self, w):
        return 1.0 * w

    def derivative_bounds(self, w, radius):
        return DerivativeBounds(0.0, 0.0)


def test_the_hessian_of_the_loss_varies_by_no_more_than_is_allowed():
    loss, steepest = rg.LogisticLoss([1], ridge=1e-3), np.log(2 + np.sqrt(3))
    M = rg.ImmersedManifold(Line())
    bounds = local_bounds(M.point([steepest]).seen_in(M.metric))

    def curvature(u):
        return float(loss.hessian_vp(np.array([u]), np.ones(1))[0])

    convexity = Convexity(loss, bounds, curvature(steepest), 1.0)
    for r in (0.01, 0.1, 0.5):
        lowest = min(curvature(u) for u in np.linspace(steepest - r, steepest + r, 101))
        assert convexity.modulus(bounds.on_ball(r)) <= lowest
    assert convexity.modulus(bounds.on_ball(0.01)) == pytest.approx(
        curvature(steepest + 0.01), rel=1e-4
    )


def test_a_linear_map_has_one_optimum_everywhere():
    problem, best = fit(widths=(2, 1))
    far = problem.manifold.point(best.params + 1.0)
    found = optimum_certificate(problem, far)
    assert found.applies
    assert found.radius > 1e9
    assert found.modulus == pytest.approx(1.0)
    away = np.linalg.norm(best.jacobian @ (best.params - far.params))
    assert found.distance == pytest.approx(away, rel=1e-6)


def test_a_distance_by_another_minimiser():
    problem, best = fit("logistic")
    f, loss = problem.manifold.immersion, problem.loss
    run = minimize(
        lambda s: loss.value(f(best.params + s / 100)),
        np.zeros(f.dim),
        jac=lambda s: (
            f.jacobian(best.params + s / 100).T @ loss.gradient(f(best.params + s / 100)) / 100
        ),
        method="BFGS",
        options={"gtol": 1e-9},
    )
    reached = problem.manifold.point(best.params + run.x / 100)
    found = optimum_certificate(problem, reached)
    assert found.applies
    assert (
        np.linalg.norm(reached.jacobian @ (best.params - reached.params)) <= found.distance + 1e-9
    )


def refusals():
    f = fit()[0].manifold.immersion
    y, w = np.linspace(-1, 1, f.ambient_dim), np.linspace(0.2, 0.9, f.dim)
    flat = rg.autograd_immersion(lambda w: anp.concatenate([w, w**2]), dim=2)
    wide = rg.Network([2, 30, 1]).immersion(f.inputs.T)
    twins = rg.Network([2, 2, 1])
    bent = rg.Activation("bent", np.sin, lambda z, a: np.cos(z), lambda z, a: -a, 1.0, 1.0, 1.0)
    third = rg.Network([2, 1, 1], activation=bent)
    squared = rg.SquaredLoss(y)
    plain = {
        "not known to be smooth": (f, rg.PoissonLoss(y + 1), w),
        "not known to be Lipschitz": (f, rg.HuberLoss(y, 1.0), w),
        "override `derivative_bounds`": (flat, rg.SquaredLoss(np.ones(4)), np.ones(2)),
        "more parameters than outputs": (wide, squared, wide.network.init(0)),
        "rank-deficient": (twins.immersion(f.inputs.T), squared, twins.init(0, "symmetric")),
        "the third derivative": (third.immersion(f.inputs.T), squared, third.init(0)),
    }
    cases = []
    for why, (g, loss, at) in plain.items():
        problem = rg.Problem(rg.ImmersedManifold(g), loss)
        cases.append((why, problem, problem.manifold.point(at)))
    weighted = rg.ImmersedManifold(f, metric=np.full(y.size, 2.0))
    cases.append(("is weighted", rg.Problem(weighted, squared), weighted.point(w)))
    return cases


@pytest.mark.parametrize(("why", "problem", "point"), refusals(), ids=lambda c: str(c)[:20])
def test_where_it_does_not_apply_it_says_why(why, problem, point):
    found = optimum_certificate(problem, point)
    assert not found.applies
    assert why in found.why
    assert (found.radius, found.distance) == (0.0, np.inf)


def third_derivative_norm(loss, u, seed=0):
    """The largest |g'''(u)[a, a, .]| over unit a, climbed from a random one."""
    a = np.random.default_rng(seed).normal(size=u.size)
    for _ in range(200):
        a /= np.linalg.norm(a)
        turned = loss.third_derivative(u, a, a)
        a = turned + 0.3 * np.linalg.norm(turned) * a if np.any(turned) else a
    return np.linalg.norm(loss.third_derivative(u, a, a)) / (a @ a)


@pytest.mark.parametrize(
    ("loss", "extremal"),
    [
        (rg.LogisticLoss([0, 1], ridge=0.1), [np.log(2 + np.sqrt(3)), 0.0]),
        (rg.SoftmaxLoss([0, 1], classes=2), [np.log(2 + np.sqrt(3)), 0.0, 0.0, 0.0]),
        (rg.SoftmaxLoss([0, 2], ridge=2.0), [np.log(2 + np.sqrt(3)), 0.0, -60.0, 0.0, 0.0, 0.0]),
        (rg.WeightedLoss(rg.LogisticLoss([0, 1]), [1.0, 3.0]), [0.0, np.log(2 + np.sqrt(3))]),
        (rg.DirectSumLoss(rg.SquaredLoss([1.0]), rg.LogisticLoss([1])), [0.0, 1.3169578969248166]),
    ],
    ids=repr,
)
def test_lipschitz_constants_of_hessians(loss, extremal):
    generator = np.random.default_rng(0)
    for k in range(20):
        u = generator.normal(size=len(extremal)) * generator.uniform(0, 4)
        assert third_derivative_norm(loss, u, seed=k) <= loss.hessian_lipschitz * (1 + 1e-9)
    attained = max(third_derivative_norm(loss, np.array(extremal), seed=k) for k in range(5))
    assert attained == pytest.approx(loss.hessian_lipschitz, rel=1e-4)


def test_what_losses_know_of_themselves():
    y = np.arange(3.0)
    assert rg.SquaredLoss(y).hessian_lipschitz == 0
    assert rg.HuberLoss(y, 1.0).hessian_lipschitz == np.inf
    assert rg.PoissonLoss(y).hessian_lipschitz == np.inf
    assert not rg.PoissonLoss(y).nonnegative
    assert rg.HuberLoss(y, 1.0).nonnegative
    assert rg.WeightedLoss(rg.SquaredLoss(y), y + 1).nonnegative
    assert not rg.DirectSumLoss(rg.SquaredLoss(y), rg.PoissonLoss(y)).nonnegative
    assert not rg.AutogradLoss(lambda u: anp.sum(u**2)).nonnegative
