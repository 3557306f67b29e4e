"""The kit's laws on manifolds that are right: pymanopt's, and riemgn's own."""

import numpy as np
import pymanopt
import pytest
from kit_cases import Linear, Torus, failing_laws
from manifold_cases import network_manifold
from pymanopt import manifolds

import riemgn as rg
from riemgn.testing import check_manifold, check_problem
from riemgn.testing.manifold_laws import MANIFOLD_LAWS

SECOND = "Riemannian Hessian is the second derivative of the cost"

PYMANOPT = {
    "Sphere": (lambda: manifolds.Sphere(5), 2),
    "Sphere of matrices": (lambda: manifolds.Sphere(3, 4), 2),
    "Stiefel": (lambda: manifolds.Stiefel(6, 3), 1),
    "Stiefel polar": (lambda: manifolds.Stiefel(6, 3, retraction="polar"), 2),
    "Stiefel product": (lambda: manifolds.Stiefel(5, 2, k=2), 1),
    "Grassmann": (lambda: manifolds.Grassmann(6, 2), 2),
    "SPD": (lambda: manifolds.SymmetricPositiveDefinite(4), 2),
    "Oblique": (lambda: manifolds.Oblique(4, 3), 2),
    "SO": (lambda: manifolds.SpecialOrthogonalGroup(4), 1),
    "Positive": (lambda: manifolds.Positive(3, 2), None),
    "complex Grassmann": (lambda: manifolds.ComplexGrassmann(5, 2), 2),
    "Poincare": (lambda: manifolds.PoincareBall(3), None),
    "Euclidean": (lambda: manifolds.Euclidean(4, 3), None),
    "product": (
        lambda: manifolds.Product(
            [manifolds.Sphere(4), manifolds.Grassmann(5, 2), manifolds.SymmetricPositiveDefinite(3)]
        ),
        2,
    ),
    # a product does not hand the embedding of its factors on
    "product with SO": (
        lambda: manifolds.Product([manifolds.SpecialOrthogonalGroup(3), manifolds.Euclidean(2)]),
        1,
    ),
}


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", PYMANOPT)
def test_pymanopt_manifolds_hold(name, seed):
    make, order = PYMANOPT[name]
    report = check_manifold(make(), seed=seed)
    assert len(report) == len(MANIFOLD_LAWS)
    assert report[SECOND].status == "holds"
    measured = report.slopes["retraction has its declared order"]
    if order is None:  # a retraction that is exp itself leaves no gap
        assert measured > 2.9
    else:
        assert measured == pytest.approx(order + 1, abs=0.1)


# What the kit finds in pymanopt 2.2.1.
DEFECTS = {
    # dim is n (n + 1), that of two symmetric matrices; Hermitian ones have n^2
    "dim": (lambda: manifolds.HermitianPositiveDefinite(3), {"dim is that of the tangent space"}),
    # a factored ambient vector U S V^T is transposed as V S U^T
    "S for its transpose": (
        lambda: manifolds.FixedRankEmbedded(5, 4, 2),
        {"projection is idempotent"},
    ),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_defects_of_pymanopt_are_named(name):
    make, laws = DEFECTS[name]
    assert set(failing_laws(check_manifold, make())) == laws


def test_an_exponential_that_drops_imaginary_parts_is_named():
    with pytest.raises(AssertionError, match="exp starts with its velocity"):
        check_manifold(manifolds.ComplexCircle(4))


def test_the_sphere_that_is_wrong_in_one_method():
    class Wrong(manifolds.Sphere):
        def weingarten(self, point, tangent_vector, normal_vector):
            return -super().weingarten(point, tangent_vector, normal_vector)

    assert failing_laws(check_manifold, Wrong(4)) == [
        SECOND,
        "Riemannian Hessian is the derivative of the gradient",
        "Weingarten map is the derivative of the projection",
    ]


def test_a_retraction_for_an_exponential_is_none():
    class Ball(manifolds.manifold.RetrAsExpMixin, manifolds.Sphere):
        pass

    report = check_manifold(Ball(4))
    assert "not available" in report["exp keeps its speed"].why
    assert report[SECOND].status == "skipped"
    assert report["Riemannian Hessian is the derivative of the gradient"].status == "holds"


# riemgn's own


def own_cases():
    yield "torus", rg.ImmersedManifold(Torus()), np.array([0.4, 0.7])
    yield "plane", rg.ImmersedManifold(Linear()), np.array([0.4, 0.7])
    for retraction in ("corrected", "projection"):
        yield f"torus {retraction}", rg.ImmersedManifold(Torus(), retraction), [0.4, 0.7]
    yield "network", *network_manifold()
    yield "wide network", *network_manifold(widths=(3, 12, 1), samples=15)
    generator = np.random.default_rng(0)
    yield "weights", *network_manifold(metric=generator.uniform(0.5, 2, size=40))
    yield "loss metric", *network_manifold(metric=rg.LogisticLoss(generator.integers(0, 2, 40)))


OWN = {name: (M, x) for name, M, x in own_cases()}


QUICK = ("plane", "network")


@pytest.mark.parametrize(
    "name", [k if k in QUICK else pytest.param(k, marks=pytest.mark.slow) for k in OWN]
)
def test_own_manifolds_hold(name):
    M, x = OWN[name]
    report = check_manifold(M, x)
    open_set, varies = M.dim == M.immersion.ambient_dim, M.metric.varies
    for verdict in report.skipped:
        assert (
            ("no normals" in verdict.why and open_set)
            or ("metric" in verdict.why and varies)
            or verdict.why == "the retraction is of order 1"
        ), str(verdict)


def test_the_order_that_each_retraction_declares_is_measured():
    for retraction, order in {"parametric": 1, "corrected": 2, "projection": 2}.items():
        M = rg.ImmersedManifold(Torus(), retraction)
        report = check_manifold(M, [0.4, 0.7], laws="retraction has its declared order")
        (slope,) = report.slopes.values()
        assert slope == pytest.approx(order + 1, abs=0.1)


def test_the_loss_metric_says_what_it_does_not_define():
    report = check_manifold(*OWN["loss metric"], laws=["Weingarten map is self-adjoint"])
    assert "not defined" in report["Weingarten map is self-adjoint"].why


@pytest.mark.slow
def test_twin_neurons_are_checked_on_what_is_left_of_the_tangent_space():
    M, x = network_manifold(widths=(3, 4, 1))
    w = np.array(x.params)
    w[3:6], w[13], w[17] = w[:3], w[12], w[16]
    report = check_manifold(M, w)
    assert report.facts["rank"] == M.dim - 5
    assert "is not constant" in report["Weingarten map is the derivative of the projection"].why


@pytest.mark.slow
def test_an_ill_conditioned_point_is_checked_to_what_rounding_leaves():
    M, x = network_manifold()
    p = x.params.size
    generator = np.random.default_rng(0)
    U, V = (np.linalg.qr(generator.normal(size=(p, p)))[0] for _ in range(2))
    A = U @ np.diag(np.logspace(0, -5, p)) @ V
    M = rg.ImmersedManifold(M.immersion.reparametrised(A))
    w = np.linalg.solve(A, x.params)
    report = check_manifold(M, w)
    assert M.point(w).condition_number > 1e7
    skipped = {verdict.law.name for verdict in report.skipped}
    assert "projection is self-adjoint" not in skipped
    assert SECOND not in skipped

    class Wrong(rg.ImmersedManifold):
        def weingarten(self, point, tangent_vector, normal_vector):
            return 1.1 * super().weingarten(point, tangent_vector, normal_vector)

    name = "second fundamental form is dual to the Weingarten map"
    assert failing_laws(check_manifold, Wrong(M.immersion), w, laws=name) == [name]


# Problems


@pytest.mark.slow
def test_problems_of_every_loss_hold():
    M, x = network_manifold()
    generator = np.random.default_rng(0)
    y, labels = generator.normal(size=40), generator.integers(0, 2, 40)
    losses = [
        rg.SquaredLoss(y),
        rg.LogisticLoss(labels, ridge=0.1),
        rg.PoissonLoss(generator.poisson(2.0, size=40)),
        rg.HuberLoss(y, 0.5),
        rg.WeightedLoss(rg.SquaredLoss(y), generator.uniform(0.5, 2, size=40)),
        rg.AutogradLoss(lambda u: ((u - y) ** 4).sum()),
    ]
    for loss in losses:
        report = check_problem(rg.Problem(M, loss), x)
        assert report[SECOND].status == "holds"
        stands_in = isinstance(loss, rg.HuberLoss | rg.AutogradLoss)
        root = report["loss Hessian root is a root of the Hessian"]
        assert root.status == ("skipped" if stands_in else "holds")
    M, x = network_manifold(widths=(3, 3, 2), samples=20)
    assert check_problem(rg.Problem(M, rg.SoftmaxLoss(generator.integers(0, 2, 20))), x).ok


def test_a_hessian_is_checked_at_a_critical_point_along_any_retraction():
    class NoExp(manifolds.Stiefel):
        def exp(self, point, tangent_vector):
            raise NotImplementedError("no exponential map")

    A = np.diag(np.arange(1.0, 7.0))
    M = NoExp(6, 2)
    numpy = pymanopt.function.numpy(M)
    problem = pymanopt.Problem(
        M,
        numpy(lambda x: 0.5 * np.sum(x * (A @ x) * [1.0, 2.0])),
        euclidean_gradient=numpy(lambda x: A @ x * [1.0, 2.0]),
        euclidean_hessian=numpy(lambda x, v: A @ v * [1.0, 2.0]),
    )
    assert check_problem(problem)[SECOND].status == "skipped"
    assert check_problem(problem, np.eye(6)[:, [1, 0]])[SECOND].status == "holds"


def test_a_problem_on_a_product():
    M = manifolds.Product([manifolds.Sphere(3), manifolds.Euclidean(2)])

    @pymanopt.function.autograd(M)
    def cost(x, y):
        return (x[:2] * y).sum() ** 2 + (x**3).sum() + (y**2).sum()

    assert check_problem(pymanopt.Problem(M, cost))[SECOND].status == "holds"
