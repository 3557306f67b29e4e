"""The survey of a point in other metrics than the dot product, and beside other losses."""

import autograd
import autograd.numpy as anp
import numpy as np
import pytest

import riemgn as rg
from riemgn.reports.geometry import CURVATURE, geometry_figures
from riemgn.surveying import survey

TIMES = np.linspace(0, 3, 9)
DRAWS = np.random.default_rng(1)
W, Y = np.array([0.7, 1.3, -0.4]), DRAWS.normal(size=9)
WEIGHTS = DRAWS.uniform(0.2, 4, 9)
_A = DRAWS.normal(size=(9, 9))
METRICS = {"diagonal": np.diag(WEIGHTS), "dense": _A @ _A.T + 0.3 * np.eye(9)}
EVERY = pytest.mark.parametrize("H", METRICS.values(), ids=METRICS)


def curves(w):
    return anp.exp(-w[0] * TIMES) * w[1] + w[2] * TIMES**2 * w[0]


def problem_of(loss, metric=None, f=curves, dim=3):
    return rg.Problem(rg.ImmersedManifold(rg.autograd_immersion(f, dim), metric=metric), loss)


def surveyed(problem, w=W):
    return survey(problem, problem.manifold.point(w))


class Plain:
    """The geometry of L^T f in R^n at W, from autograd's derivatives and one QR of numpy's."""

    def __init__(self, H, g):
        L = np.linalg.cholesky(H)

        def seen(w):
            return anp.dot(L.T, curves(w))

        J = autograd.jacobian(seen)(W)
        D2 = autograd.jacobian(autograd.jacobian(seen))(W)
        Q, R = np.linalg.qr(J)
        lifts = np.linalg.inv(R)
        bends = np.einsum("nij,ia,jb->nab", D2, lifts, lifts)
        normals = bends - np.einsum("nk,mk,mab->nab", Q, Q, bends)
        trace = np.einsum("naa->n", normals)
        residual = -np.linalg.solve(L, g)
        self.tangential = np.linalg.norm(Q.T @ residual)
        normal = residual - Q @ (Q.T @ residual)
        self.normal = np.linalg.norm(normal)
        self.mean = np.linalg.norm(trace) / 3
        self.rms = np.sqrt((2 * np.sum(normals**2) + trace @ trace) / 15)
        along = np.einsum("n,nab->ab", normal / self.normal, normals)
        self.principal = np.linalg.eigvalsh(along)
        # of half the squared error in the dot product: l'' = I
        E = np.linalg.solve(L.T, Q)
        self.squared_hessian = E.T @ E - self.normal * along


def checked(found, plain):
    assert found.gradient_norm == pytest.approx(plain.tangential, rel=1e-9)
    assert found.residual_norm == pytest.approx(plain.normal, rel=1e-9)
    cosine = plain.tangential / np.hypot(plain.tangential, plain.normal)
    assert found.tangent_cosine == pytest.approx(cosine, rel=1e-9)
    assert found.mean_curvature == pytest.approx(plain.mean, rel=1e-8)
    assert found.intrinsic_curvature == pytest.approx(plain.rms, rel=1e-8)
    size = np.abs(plain.principal).max()
    np.testing.assert_allclose(found.principal_curvatures, plain.principal, atol=1e-8 * size)
    assert found.residual_bend == pytest.approx(plain.principal[-1] * plain.normal, rel=1e-8)


@EVERY
def test_a_constant_metric(H):
    found = surveyed(problem_of(rg.SquaredLoss(Y), H))
    plain = Plain(H, curves(W) - Y)
    checked(found, plain)
    modulus = np.linalg.eigvalsh(plain.squared_hessian)[0]
    assert found.geodesic_modulus == pytest.approx(modulus, rel=1e-7)
    assert found.strong_convexity == pytest.approx(1 / np.linalg.eigvalsh(H)[-1], rel=1e-9)
    assert found.geodesic_modulus >= found.strong_convexity - found.residual_bend - 1e-12
    assert found.metric == "constant weight of 9 outputs"


def test_a_weighted_loss_in_the_dot_product():
    found = surveyed(problem_of(rg.WeightedLoss(rg.SquaredLoss(Y), WEIGHTS)))
    checked(found, Plain(np.eye(9), WEIGHTS * (curves(W) - Y)))
    assert found.metric == "dot product"
    # optimizers judge in the metric of the loss: another cosine, and named as such
    told = found.left_out["optimum_certificate"]
    assert told.endswith("in the metric of the loss")
    shown = f"{Plain(METRICS['diagonal'], WEIGHTS * (curves(W) - Y)).tangential:.2g}"
    assert shown not in told


def test_the_hessian_of_a_weighted_squared_loss_does_not_vary():
    loss = rg.WeightedLoss(rg.SquaredLoss(Y), WEIGHTS)
    natural = problem_of(loss).natural()
    assert not natural.manifold.metric.varies
    found = surveyed(natural)
    plain = Plain(METRICS["diagonal"], WEIGHTS * (curves(W) - Y))
    checked(found, plain)
    # the loss is half the squared error in this metric
    assert found.strong_convexity == 1
    assert found.geodesic_modulus == pytest.approx(1 - found.residual_bend, rel=1e-9)
    assert found.left_out.keys() == {"least_kernel_eigenvalue", "optimum_certificate"}
    assert "varies" not in found.certificate.why
    assert found.left_out["optimum_certificate"].endswith(f"{found.tangent_cosine:.2g}")


def test_the_metric_of_squared_loss_is_the_dot_product():
    problem = problem_of(rg.SquaredLoss(Y))
    found, natural = surveyed(problem), surveyed(problem.natural())
    np.testing.assert_array_equal(natural.principal_curvatures, found.principal_curvatures)
    assert natural.certificate == found.certificate
    assert natural.left_out == found.left_out


def test_another_loss_than_that_of_a_constant_metric():
    metric = rg.WeightedLoss(rg.SquaredLoss(np.zeros(9)), WEIGHTS)
    loss = rg.LogisticLoss(Y > 0, ridge=0.2)
    found = surveyed(problem_of(loss, metric))
    checked(found, Plain(METRICS["diagonal"], loss.gradient(curves(W))))
    assert found.strong_convexity == pytest.approx(0.2 / WEIGHTS.max())
    same = surveyed(problem_of(loss, WEIGHTS))
    assert found.geodesic_modulus == pytest.approx(same.geodesic_modulus, rel=1e-9)


def test_the_loss_whose_hessian_is_the_metric_and_varies():
    loss = rg.LogisticLoss(Y > 0)
    found = surveyed(problem_of(loss).natural())
    J, u = autograd.jacobian(curves)(W), curves(W)
    root = np.sqrt(np.diag([loss.hessian_vp(u, e)[i] for i, e in enumerate(np.eye(9))]))
    s = np.linalg.solve(root, loss.gradient(u))
    tangential = root @ J @ np.linalg.lstsq(root @ J, s)[0]
    cosine = np.linalg.norm(tangential) / np.linalg.norm(s)
    assert found.tangent_cosine == pytest.approx(cosine, rel=1e-9)
    assert found.residual_norm == pytest.approx(np.linalg.norm(s - tangential), rel=1e-9)
    assert "varies" in found.left_out["principal_curvatures"]


def test_a_metric_without_an_inverse_has_no_residual():
    metric = rg.SoftmaxLoss(np.array([0, 1, 2]), classes=3)
    found = surveyed(problem_of(rg.SquaredLoss(Y), metric))
    for name in ("tangent_cosine", "residual_norm", "principal_curvatures"):
        assert getattr(found, name) is None
        assert found.left_out[name].endswith("may have no inverse")
    assert found.left_out["tangent_cosine"] in str(found)


def test_a_minimum_that_lies_beyond_the_focal_point_of_its_target():
    """u = (w, w^2 / 4) in diag(1, 4), with the target (0, 1): costs 0.5025, 0.5, 0.5025."""
    problem = problem_of(
        rg.SquaredLoss([0.0, 1.0]), [1.0, 4.0], lambda w: anp.array([w[0], w[0] ** 2 / 4]), 1
    )
    found = surveyed(problem, [0.0])
    costs = [problem.cost(problem.manifold.point([w])) for w in (-0.1, 0.0, 0.1)]
    assert costs[1] < min(costs[0], costs[2])
    # r = H^-1 (0, 1) = (0, 1/4), of length 1/2; kappa = <II, N> = 4 (1/2) (1/2)
    assert found.residual_norm == pytest.approx(0.5)
    np.testing.assert_allclose(found.principal_curvatures, [1.0])
    assert found.geodesic_modulus == pytest.approx(0.5)
    assert found.optimum_certificate is not None


def test_the_figure_of_curvatures_is_that_of_half_squared_error_in_the_dot_product():
    for metric, loss, drawn in (
        (None, rg.SquaredLoss(Y), True),
        (WEIGHTS, rg.SquaredLoss(Y), False),
        (None, rg.WeightedLoss(rg.SquaredLoss(Y), WEIGHTS), False),
    ):
        problem = problem_of(loss, metric)
        x = problem.manifold.point(W)
        found = survey(problem, x)
        assert found.principal_curvatures is not None
        assert (CURVATURE in geometry_figures(problem, x, found)) == drawn
