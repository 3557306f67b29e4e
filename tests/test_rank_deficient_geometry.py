"""Every geometric call where the Jacobian loses rank, or nearly does.

A permutation of samples and neurons changes no geometry, but rounds every sum otherwise. So each
call must give the same either way, and the same as a network without the redundant neurons; or
raise `NumericalError` with the rank.
"""

from dataclasses import dataclass, replace

import numpy as np
import pytest

import riemgn as rg
from riemgn.manifolds.retractions.geodesic import GeodesicRetraction

SAMPLES = 30
FEW = 200  # evaluations of a geodesic
RELATIVE, ABSOLUTE = 1e-3, 1e-7  # what rounding may change


@dataclass(frozen=True)
class Place:
    """A network at some weights, with two tangent vectors and one that is not tangent.

    Attributes:
        vectors: Ambient vectors (3, n).
        A: Of a reparametrisation w = A z, or None.
    """

    net: rg.Network
    X: np.ndarray
    w: np.ndarray
    vectors: np.ndarray
    A: np.ndarray | None = None

    def point(self, retraction):
        f, w = self.net.immersion(self.X), self.w
        if self.A is not None:
            f, w = f.reparametrised(self.A), np.linalg.pinv(self.A) @ w
        M = rg.ImmersedManifold(f, retraction=retraction)
        return M, M.point(w)

    def permuted(self):
        """The same place with its samples and its hidden neurons in another order."""
        generator = np.random.default_rng(8)
        rows = generator.permutation(self.X.shape[0])
        order = generator.permutation(self.net.widths[1])
        w, places = self.w.copy(), np.arange(self.w.size)
        (W, b), (C, _) = self.net.unflatten(places.astype(float))
        W[:], b[:], C[:] = W[order].copy(), b[order].copy(), C[:, order].copy()
        places = np.concatenate([W.ravel(), b, C.ravel(), places[-1:]]).astype(int)
        A = None if self.A is None else self.A[places]
        moved = replace(self, X=self.X[rows], w=w[places], vectors=self.vectors[:, rows], A=A)
        return moved, rows


def place(net, X, w, A=None):
    generator = np.random.default_rng(5)
    J = net.immersion(X).jacobian(w)
    tangents = (J @ (0.03 * generator.normal(size=(2, w.size))).T).T
    return Place(net, X, w, np.vstack([tangents, generator.normal(size=J.shape[0])]), A)


def network(hidden=4, samples=SAMPLES, scheme="normal"):
    net = rg.Network([2, hidden, 1])
    X = np.random.default_rng(1).normal(size=(samples, 2))
    return net, X, net.init(seed=8, scheme=scheme)


def twins(gap=0.0):
    net, X, w = network()
    (W, b), (C, _) = net.unflatten(w)
    W[1], b[1], C[0, 1] = W[0] + gap, b[0] - gap, C[0, 0]
    return place(net, X, w)


def merged_twins():
    """The network of `twins` with one neuron for the two."""
    whole = twins()
    (W, b), (C, c) = whole.net.unflatten(whole.w)
    net = rg.Network([2, 3, 1])
    C = np.concatenate([[C[0, 0] + C[0, 1]], C[0, 2:]])
    w = np.concatenate([W[1:].ravel(), b[1:], C, c])
    return replace(whole, net=net, w=w)


def symmetric():
    return place(*network(scheme="symmetric"))


def no_output_weights():
    net, X, w = network()
    net.unflatten(w)[1][0][:] = 0.0
    return place(net, X, w)


def saturated(bias):
    net, X, w = network()
    net.unflatten(w)[0][1][0] = bias
    return place(net, X, w)


def redundant():
    net, X, w = network()
    A = np.random.default_rng(2).normal(size=(w.size, w.size + 3))
    return place(net, X, w, A)


def wide():
    net, X, w = network(hidden=12, samples=10)
    return place(net, np.vstack([X, X]), w)


POINTS = {
    "regular": lambda: place(*network()),
    "equal twins": twins,
    "symmetric twins": symmetric,
    "no output weights": no_output_weights,
    "redundant parameters": redundant,
    "wide": wide,
    **{f"bias {b}": (lambda b=b: saturated(b)) for b in (5.0, 8.0, 12.0, 16.0, 18.0, 20.0, 40.0)},
    **{f"twins 1e-{k}": (lambda k=k: twins(10.0**-k)) for k in (3, 6, 8, 10, 12, 14, 15)},
}


def orders(values):
    return np.sort(np.ravel(values))


# What is computed of a manifold M, a point x, tangent vectors a, b and an ambient vector N: an
# array with n rows, whose rows are permuted alike, or one that does not depend on their order.
FIRST_ORDER = {
    "projection": lambda M, x, a, b, N: M.projection(x, N),
    "lift": lambda M, x, a, b, N: x.jet.jvp(M.lift(x, a)),
    "tangent_basis": lambda M, x, a, b, N: M.tangent_basis(x) @ (M.tangent_basis(x).T @ N),
    "gradient": lambda M, x, a, b, N: M.euclidean_to_riemannian_gradient(x, N),
    "rank": lambda M, x, a, b, N: np.array([x.rank]),
}
SECOND_ORDER = {
    "christoffel": lambda M, x, a, b, N: x.jet.jvp(M.christoffel(x, M.lift(x, a), M.lift(x, b))),
    "hessian": lambda M, x, a, b, N: M.euclidean_to_riemannian_hessian(x, N, a, a),
    "second_fundamental_form": lambda M, x, a, b, N: M.second_fundamental_form(x, a, b),
    "weingarten": lambda M, x, a, b, N: M.weingarten(x, a, N - M.projection(x, N)),
    "principal_curvatures": lambda M, x, a, b, N: orders(M.principal_curvatures(x, N)),
    "mean_curvature": lambda M, x, a, b, N: M.mean_curvature(x),
    "normal_curvature": lambda M, x, a, b, N: np.array([M.normal_curvature(x, a)]),
    "largest_normal_curvature": lambda M, x, a, b, N: np.array(
        [M.largest_normal_curvature(x).upper_bound]
    ),
    "rms_curvatures": lambda M, x, a, b, N: np.array(M.rms_curvatures(x))[1:],
    "sectional_curvature": lambda M, x, a, b, N: np.array([M.sectional_curvature(x, a, b)]),
    "riemann": lambda M, x, a, b, N: np.array([M.riemann(x, a, b, b, a)]),
    "ricci": lambda M, x, a, b, N: np.array([M.ricci(x, a, b)]),
    "scalar_curvature": lambda M, x, a, b, N: np.array([M.scalar_curvature(x)]),
}


def end(M, x, a):
    return M.exp(x, a, max_evaluations=FEW)


GEODESICS = {
    "exp": lambda M, x, a, b, N: end(M, x, a).outputs,
    "log": lambda M, x, a, b, N: M.log(x, end(M, x, a)),
    "dist": lambda M, x, a, b, N: np.array([M.dist(x, end(M, x, a))]),
    "pair_mean": lambda M, x, a, b, N: M.pair_mean(x, end(M, x, a)).outputs,
    "parallel_transport": lambda M, x, a, b, N: M.geodesic_transport(x, end(M, x, a), b),
}
STEPS = {
    "retraction": lambda M, x, a, b, N: M.retraction(x, a).outputs,
    "transport": lambda M, x, a, b, N: M.transport(x, M.retraction(x, a), b),
    "inverse_retraction": lambda M, x, a, b, N: M.inverse_retraction(x, M.retraction(x, a)),
    "differentiated_retraction": lambda M, x, a, b, N: M.differentiated_retraction(x, a, b),
}
RETRACTIONS = ("parametric", "corrected", "projection", "orthographic", GeodesicRetraction(FEW))
CALLS = {
    **{name: (call, "parametric") for name, call in {**FIRST_ORDER, **SECOND_ORDER}.items()},
    **{name: (call, "parametric") for name, call in GEODESICS.items()},
    **{
        f"{name}, {getattr(r, 'name', r)}": (call, r)
        for name, call in STEPS.items()
        for r in RETRACTIONS
    },
}


def slow_if_geodesic(name):
    geodesic = name in GEODESICS or "geodesic" in name
    return pytest.param(name, marks=[pytest.mark.slow] if geodesic else [])


EVERY_CALL = pytest.mark.parametrize("name", [slow_if_geodesic(name) for name in CALLS])

# Christoffel symbols and Hessians serve optimizers, which judge a step by what it brings: they are
# given where the Jacobian is nearly rank-deficient, too, and have no digits there.
WITHOUT_DIGITS = {("bias 16.0", "hessian"), ("twins 1e-12", "christoffel")}
WITHOUT_DIGITS |= {(f"twins 1e-{k}", "hessian") for k in (12, 14)}


def computed(where, call):
    """What a call gives at a place; where it raises, whether the error tells the rank."""
    compute, retraction = call
    M, x = where.point(retraction)
    try:
        value = compute(M, x, *where.vectors)
    except rg.NumericalError as error:
        return "rank" in str(error)
    assert np.all(np.isfinite(value))
    return value


def require_same(got, wanted):
    """The values agree, or what has none says so with the rank."""
    if isinstance(got, bool) or isinstance(wanted, bool):
        assert got is True or isinstance(got, np.ndarray)
        assert wanted is True or isinstance(wanted, np.ndarray)
        return
    atol = RELATIVE * np.abs(wanted).max(initial=0.0) + ABSOLUTE
    np.testing.assert_allclose(got, wanted, rtol=0, atol=atol)


@EVERY_CALL
@pytest.mark.parametrize("point", POINTS)
def test_the_order_of_samples_and_neurons_changes_nothing(point, name):
    if (point, name) in WITHOUT_DIGITS:
        return
    where = POINTS[point]()
    moved, rows = where.permuted()
    wanted, got = computed(where, CALLS[name]), computed(moved, CALLS[name])
    if isinstance(wanted, np.ndarray) and wanted.shape[:1] == (rows.size,):
        wanted = wanted[rows]
    require_same(got, wanted)


@EVERY_CALL
def test_a_regular_point_answers_every_call(name):
    assert isinstance(computed(POINTS["regular"](), CALLS[name]), np.ndarray)


@EVERY_CALL
def test_equal_twins_are_one_neuron(name):
    got, wanted = computed(twins(), CALLS[name]), computed(merged_twins(), CALLS[name])
    assert isinstance(got, np.ndarray)
    assert isinstance(wanted, np.ndarray)
    require_same(got, wanted)


@EVERY_CALL
def test_redundant_parameters_leave_the_geometry_as_it_is(name):
    got, wanted = computed(redundant(), CALLS[name]), computed(POINTS["regular"](), CALLS[name])
    require_same(got, wanted)
    assert isinstance(got, np.ndarray)


def test_errors_are_of_nearly_deficient_points_alone():
    raised = {
        point
        for point in POINTS
        for name in ("second_fundamental_form", "scalar_curvature", "retraction, corrected")
        if isinstance(computed(POINTS[point](), CALLS[name]), bool)
    }
    assert raised
    assert all(point.startswith(("bias", "twins 1e-")) for point in raised)
    assert "bias 5.0" not in raised
