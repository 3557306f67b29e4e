"""The a-priori certificate against integrated flows, sampled curvatures and closed forms."""

from dataclasses import replace

import autograd.numpy as anp
import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import minimize_scalar

import riemgn as rg
from riemgn.immersions.derivative_bounds import DerivativeBounds
from riemgn.theory.certificate import certificate
from riemgn.theory.local_bounds import local_bounds
from riemgn.theory.moduli import geodesic_modulus


def regression(alpha, widths=(2, 3, 1), n=40, seed=1, activation="tanh"):
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(n, widths[0]))
    y = np.sin(2 * X[:, 0]) + 0.5 * generator.normal(size=n)
    network = rg.Network(widths, activation=activation)
    w0 = network.init(generator)
    return network.scaled(alpha).centred(w0).immersion(X), y, w0


def problem_of(f, loss, w0):
    M = rg.ImmersedManifold(f)
    return rg.Problem(M, loss), M.point(w0)


def threshold(f, loss, w0):
    return certificate(*problem_of(f, loss, w0)).alpha_threshold


def flow_of(f, loss, w0, t_end):
    """The Gauss-Newton flow by scipy: times, parameters, losses.

    The state is alpha (w - w0), so that tolerances are those of what moves.
    """
    alpha = f.output_scale

    def velocity(t, moved):
        w = w0 + moved / alpha
        return -alpha * np.linalg.lstsq(f.jacobian(w), loss.gradient(f(w)), rcond=None)[0]

    run = solve_ivp(velocity, (0, t_end), 0 * w0, method="DOP853", rtol=1e-9, atol=1e-7)
    assert run.success
    params = w0 + run.y.T / alpha
    return run.t, params, np.array([loss.value(f(w)) for w in params])


CASES = {
    "squared": (2, 3, 1, "tanh", lambda y: rg.SquaredLoss(y)),
    "weighted": (2, 2, 1, "erf", lambda y: rg.WeightedLoss(rg.SquaredLoss(y), 1 + np.abs(y))),
    "deep": (2, 2, 2, 1, "tanh", lambda y: rg.SquaredLoss(y)),
    "logistic": (2, 2, 1, "sin", lambda y: rg.LogisticLoss(y > 0, ridge=0.5)),
}


@pytest.mark.parametrize("name", CASES)
def test_a_flow_beyond_the_threshold_obeys_the_certificate(name):
    *widths, activation, make = CASES[name]
    f, y, w0 = regression(1.0, widths, activation=activation)
    loss = make(y)
    alpha = 2 * threshold(f, loss, w0)
    f, y, w0 = regression(alpha, widths, activation=activation)
    problem, point = problem_of(f, loss, w0)
    promised = certificate(problem, point)
    nu = loss.strong_convexity
    assert promised.applies
    assert promised.alpha == alpha
    assert nu <= promised.guaranteed_rate == 2 * promised.modulus < 2 * nu
    times, params, losses = flow_of(f, loss, w0, t_end=12 / nu)
    best = rg.minimize(problem, problem.manifold.point(params[-1]), tolerance=1e-13).cost
    gap = losses - best
    seen = gap > 1e-7 * gap[0]
    assert seen.sum() > 10
    bound = gap[0] * np.exp(-promised.guaranteed_rate * times)
    assert np.all(gap[seen] <= bound[seen] * (1 + 1e-6))
    assert np.linalg.norm(params - w0, axis=1).max() <= promised.radius
    for w in params[:: len(params) // 4]:
        assert geodesic_modulus(problem, problem.manifold.point(w)) >= promised.modulus


def test_thresholds_of_a_centred_network_do_not_depend_on_alpha():
    certificates = []
    for alpha in (1.0, 64.0, 1e9):
        f, y, w0 = regression(alpha)
        certificates.append(certificate(*problem_of(f, rg.SquaredLoss(y), w0)))
    for name in ("curvature", "confinement", "alpha", "textbook"):
        values = [getattr(c, f"{name}_threshold") for c in certificates]
        np.testing.assert_allclose(values, values[0], rtol=1e-5)
    assert [c.applies for c in certificates] == [False, False, True]
    assert "fails by a factor of" in certificates[0].why
    for c in certificates[:2]:
        assert c.guaranteed_rate == c.modulus == c.radius == 0
    assert certificates[0].alpha_threshold < certificates[0].textbook_threshold / 5
    assert certificates[2].guaranteed_rate > 1.999


def test_it_applies_exactly_from_its_threshold_on():
    f, y, w0 = regression(1.0)
    loss = rg.SquaredLoss(y)
    first = certificate(*problem_of(f, loss, w0))
    alpha = first.alpha_threshold
    assert alpha == max(first.curvature_threshold, first.confinement_threshold)
    assert first.binding == "confinement"
    below = certificate(*problem_of(f.scaled(0.99 * alpha).centred(w0), loss, w0))
    above = certificate(*problem_of(f.scaled(1.01 * alpha).centred(w0), loss, w0))
    assert not below.applies
    assert above.applies
    assert above.modulus >= 0.5
    assert above.radius > 0


def test_thresholds_do_not_depend_on_the_parametrisation():
    f, y, w0 = regression(1.0)
    loss = rg.SquaredLoss(y)
    generator = np.random.default_rng(3)
    U, V = (np.linalg.qr(generator.normal(size=(f.dim, f.dim)))[0] for _ in range(2))
    A = U @ np.diag(np.logspace(0, -5, f.dim)) @ V
    turned = threshold(f.reparametrised(A), loss, np.linalg.solve(A, w0))
    assert turned == pytest.approx(threshold(f, loss, w0), rel=1e-4)


class Parabola(rg.Immersion):
    """(w, w^2 / 2): all of its second derivative at 0 is normal, |D^2 f| = 1."""

    dim, ambient_dim = 1, 2

    def __call__(self, w):
        return anp.concatenate([w, w**2 / 2])

    def derivative_bounds(self, w, radius):
        return DerivativeBounds(1.0, 0.0)


def test_closed_form_of_a_parabola():
    # kappa <= 1 / (1 - r)^2 and reach r - r^2 / 2 on |w| <= r
    G, P = 5.0, 4.0
    f, loss, w0 = Parabola(), rg.SquaredLoss([P, 3.0]), np.zeros(1)

    def larger(r):
        curvature, reach = 2 * G / (1 - r) ** 2, r - r**2 / 2
        scales = np.linspace(1, 60, 200_001)
        h = 1 - G / (scales * (1 - r) ** 2)
        with np.errstate(divide="ignore", invalid="ignore"):
            path = np.minimum(P / h, G / np.sqrt(h))
        return max(curvature, scales[(h >= 0.5) & (scales * reach >= path)][0])

    wanted = minimize_scalar(larger, bounds=(0.01, 0.9), method="bounded").fun
    assert threshold(f, loss, w0) == pytest.approx(wanted, rel=1e-3)
    scaled = f.scaled(1.5 * wanted)
    found = certificate(*problem_of(scaled, loss, w0))
    assert found.applies
    assert found.least_singular_value == pytest.approx(1.0)
    assert found.lipschitz == pytest.approx(1.0)
    # the plain conditions: max(8 L2 G, 4 L2 sqrt(2 gap / (1/2)))
    assert found.textbook_threshold == pytest.approx(8 * G, rel=1e-9)


class SlowedParabola(rg.Immersion):
    """(w + a w^2, k w^2 / 2): flat but for k, and slower towards -1 / (2 a)."""

    dim, ambient_dim = 1, 2
    a, k = 1.0, 1e-3

    def __call__(self, w):
        return anp.concatenate([w + self.a * w**2, self.k * w**2 / 2])

    def derivative_bounds(self, w, radius):
        return DerivativeBounds(float(np.hypot(2 * self.a, self.k)), 0.0)


@pytest.mark.parametrize("r", [0.0, 0.1, 0.3, 0.45])
def test_the_bound_of_curvature_is_attained(r):
    # the curve's curvature is k / ((1 + 2 a w)^2 + k^2 w^2)^(3/2)
    M = rg.ImmersedManifold(SlowedParabola())
    ball = local_bounds(M.point([0.0]).seen_in(M.metric)).on_ball(r)
    exact = M.largest_normal_curvature(M.point([-r])).value
    assert exact <= ball.normal_curvature <= 1.001 * exact
    assert ball.turn == pytest.approx(2 * r, rel=1e-4)
    assert ball.reach == pytest.approx(r - r**2, rel=1e-4)


def test_a_linear_map_needs_no_scale():
    f, y, w0 = regression(1e-3, widths=(2, 1))
    found = certificate(*problem_of(f, rg.SquaredLoss(y), w0))
    assert found.applies
    assert found.alpha_threshold < 1e-3
    assert found.guaranteed_rate == pytest.approx(2.0)
    flat = problem_of(f, rg.SquaredLoss(f(w0)), w0)
    assert certificate(*flat).applies


@pytest.mark.parametrize(
    ("widths", "activation", "sharp"), [((2, 3, 1), "tanh", 0.2), ((2, 2, 2, 2), "silu", 0.03)]
)
def test_local_bounds_hold_where_they_are_sampled(widths, activation, sharp):
    f, _, w0 = regression(3.0, widths, activation=activation)
    M = rg.ImmersedManifold(f)
    x = M.point(w0)
    sight = x.seen_in(M.metric)
    bounds = local_bounds(sight, 3.0)
    frame = 3.0 * sight.frame.lifts
    generator = np.random.default_rng(0)
    worst = 0.0
    for turn in (0.05, 0.4, 0.8):
        ball = bounds.on_ball(turn / bounds.bend)
        assert 0 < ball.reach < ball.radius
        for _ in range(4):
            z = generator.normal(size=f.dim)
            there = M.point(w0 + frame @ z * ball.radius / np.linalg.norm(z))
            J = there.jacobian @ frame / 3.0
            moved = np.linalg.norm(J - sight.frame.basis, 2)
            assert moved <= ball.turn
            assert np.linalg.svd(J, compute_uv=False)[-1] >= 1 - ball.turn
            kappa = 3.0 * M.largest_normal_curvature(there, seed=0).value
            assert kappa <= ball.normal_curvature
            worst = max(worst, kappa / ball.normal_curvature)
    assert worst > sharp
    assert bounds.on_ball(2 / bounds.bend).normal_curvature == np.inf


def test_a_large_map_is_bounded_by_its_layers(monkeypatch):
    f, y, w0 = regression(1.0)
    held = threshold(f, rg.SquaredLoss(y), w0)
    monkeypatch.setattr("riemgn.theory.local_bounds.SMALL", 0)
    layered = certificate(*problem_of(f, rg.SquaredLoss(y), w0))
    assert held < layered.alpha_threshold < layered.textbook_threshold


def refusals():
    f, y, w0 = regression(1e12)
    labels = y > 0
    flat = rg.autograd_immersion(lambda w: anp.concatenate([w, w**2]), dim=2)
    wide, _, w_wide = regression(1e12, widths=(2, 30, 1))
    twins = rg.Network([2, 4, 1]).scaled(1e12)
    weighted = rg.ImmersedManifold(f, metric=np.full(y.size, 2.0))
    ridged = rg.LogisticLoss(labels, ridge=1.0)
    cubic = rg.Activation(
        "cubic", lambda z: z + z**3, lambda z, a: 1 + 3 * z**2, lambda z, a: 6 * z
    )
    unbounded, _, w_cubic = regression(1e12, widths=(2, 1, 1), activation=cubic)
    plain = {
        "strongly convex": (f, rg.LogisticLoss(labels), w0),
        "add a ridge": (f, rg.PoissonLoss(1.0 * labels), w0),
        "override `derivative_bounds`": (flat, rg.SquaredLoss(np.ones(4)), np.ones(2)),
        "more parameters than outputs": (wide, rg.SquaredLoss(y), w_wide),
        "rank-deficient": (
            twins.immersion(f.inputs.T),
            rg.SquaredLoss(y),
            twins.init(0, "symmetric"),
        ),
        "no known bound": (unbounded, rg.SquaredLoss(y), w_cubic),
    }
    cases = [(why, *problem_of(*case)) for why, case in plain.items()]
    cases.append(("is weighted", rg.Problem(weighted, rg.SquaredLoss(y)), weighted.point(w0)))
    varying = problem_of(f, ridged, w0)[0].natural()
    cases.append(("varies", varying, varying.manifold.point(w0)))
    return cases


@pytest.mark.parametrize(("why", "problem", "point"), refusals(), ids=lambda c: str(c)[:20])
def test_where_it_does_not_apply_it_says_why(why, problem, point):
    found = certificate(problem, point)
    assert not found.applies
    assert why in found.why
    assert found.alpha_threshold == found.curvature_threshold == np.inf
    assert found.guaranteed_rate == found.modulus == 0
    assert np.isfinite(found.measured_modulus)


def test_a_domain_is_refused():
    from pymanopt.manifolds import Sphere

    f, y, _ = regression(1e12)
    M = rg.ImmersedManifold(f, domain=Sphere(f.dim))
    found = certificate(rg.Problem(M, rg.SquaredLoss(y)), M.random_point(0))
    assert "domain" in found.why


def test_the_measured_modulus_is_that_of_the_start():
    f, y, w0 = regression(16.0)
    problem, point = problem_of(f, rg.SquaredLoss(y), w0)
    assert certificate(problem, point).measured_modulus == geodesic_modulus(problem, point)


def test_it_prints_on_one_screen():
    f, y, w0 = regression(1.0)
    found = certificate(*problem_of(f, rg.SquaredLoss(y), w0))
    text = str(found)
    assert text.startswith("certificate does not apply: alpha = 1 is too small")
    assert len(text.splitlines()) < 15
    assert f"{found.alpha_threshold:.4g}" in text
    assert "certificate applies" in str(replace(found, applies=True))


def test_ridge_rows_change_no_bound():
    generator = np.random.default_rng(0)
    net = rg.Network([2, 3, 1])
    w0 = net.init(0, scheme="uniform")
    f = net.scaled(50.0).centred(w0).immersion(generator.normal(size=(40, 2)))
    ridged = f.ridged(0.5, w0)
    assert ridged.derivative_bounds(w0, 0.1) == f.derivative_bounds(w0, 0.1)
    targets = np.concatenate([generator.normal(size=40), np.zeros(f.dim)])
    M = rg.ImmersedManifold(ridged)
    found = rg.theory.certificate(rg.Problem(M, rg.SquaredLoss(targets)), M.point(w0))
    assert np.isfinite(found.alpha_threshold)


class NearParabola(rg.Immersion):
    """(w, w^2), whose bounds are told up to a radius."""

    dim, ambient_dim = 1, 2

    def __init__(self, farthest, beyond):
        self.farthest, self.beyond = farthest, beyond

    def __call__(self, w):
        return anp.array([w[0], w[0] ** 2])

    def derivative_bounds(self, w, radius):
        return DerivativeBounds(2.0, 0.0) if radius <= self.farthest else self.beyond


@pytest.mark.parametrize("beyond", [None, DerivativeBounds(np.inf, np.inf)])
def test_bounds_that_are_known_near_by_alone(beyond):
    M = rg.ImmersedManifold(NearParabola(1e-2, beyond))
    problem = rg.Problem(M, rg.SquaredLoss(np.array([1e-5, 0.0])))
    x = M.point([0.0])
    found = certificate(problem, x)
    assert found.applies
    assert found.radius <= 1e-2
    best = rg.minimize(problem, x, tolerance=1e-14).point
    sure = rg.theory.optimum_certificate(problem, best)
    assert sure.applies
    assert 0 < sure.radius <= 1.1e-2


@pytest.mark.parametrize("question", ["certificate", "optimum_certificate", "geodesic_modulus"])
def test_a_point_must_be_given(question):
    M = rg.ImmersedManifold(NearParabola(1.0, None))
    problem = rg.Problem(M, rg.SquaredLoss(np.zeros(2)))
    with pytest.raises(TypeError, match="point must be a point"):
        getattr(rg.theory, question)(problem, None)
