"""Curvature where the Jacobian loses rank, or nearly so: an answer with digits, or an error."""

import autograd.numpy as anp
import numpy as np
import pytest
from manifold_cases import a_normal, gentle_tangent, tangents

import riemgn as rg
from riemgn.manifolds.normals import EPS, normal_projection

SAMPLES = 40
X = np.random.default_rng(0).normal(size=(SAMPLES, 2))
NET = rg.Network([2, 4, 1])


def weights(kind, size):
    w = NET.init(seed=3)
    (W, b), (V, _) = NET.unflatten(w)
    if kind == "twins":
        W[1], b[1], V[0, 1] = W[0] + size * np.array([1, -0.5]), b[0] + 0.3 * size, V[0, 0]
    elif kind == "output weights":
        V[0] = size * np.array([1, -0.5, 0.3, 2])
    elif kind == "one output weight":
        V[0, 0] = size
    elif kind == "bias":
        b[0] = size
    return w


POINTS = [
    *(("twins", d) for d in [0, *10.0 ** np.arange(-15, -2)]),
    *(("output weights", d) for d in [1e-12, 1e-9, 1e-6, 1e-3]),
    *(("one output weight", d) for d in [0, 1e-15, 1e-14, 1e-12, 1e-9, 1e-6, 1e-3]),
    *(("bias", d) for d in [5, 8, 9, 10, 12, 15, 17, 18, 20, 30]),
]


def numbers(w, order):
    """What is told of a point whose samples stand in another order, each as an array."""
    M = rg.OutputManifold(NET, X[order])
    x = M.point(w)
    back = np.argsort(order)
    vectors = np.random.default_rng(1).normal(size=(4, SAMPLES))
    a, b = vectors[:2, order]  # their tangential parts bend as much as any
    J = rg.OutputManifold(NET, X).point(w).jacobian
    c, d = (J @ vectors[2:, : NET.dim].T).T[:, order]  # of small lifts, along which M bends little
    N = np.random.default_rng(2).normal(size=SAMPLES)[order]
    asked = {
        "second fundamental form": lambda: M.second_fundamental_form(x, a, b)[back],
        "Weingarten map": lambda: M.weingarten(x, a, N - M.projection(x, N))[back],
        "second fundamental form of small lifts": lambda: M.second_fundamental_form(x, c, d)[back],
        "mean curvature": lambda: M.mean_curvature(x)[back],
        "principal curvatures": lambda: M.principal_curvatures(x, N),
        "normal curvature": lambda: M.normal_curvature(x, a),
        "largest": lambda: M.largest_normal_curvature(x).value,
        "root mean squares": lambda: M.rms_curvatures(x)[1],
        "sectional": lambda: M.sectional_curvature(x, a, b),
        "sectional of small lifts": lambda: M.sectional_curvature(x, c, d),
        "Riemann": lambda: M.riemann(x, a, b, b, a),
        "Ricci": lambda: M.ricci(x, a, b),
        "scalar": lambda: M.scalar_curvature(x),
    }
    return {name: _told(question) for name, question in asked.items()}


def _told(question):
    try:
        return np.atleast_1d(question())
    except rg.NumericalError as error:
        return None if "rank" in str(error) and "condition number" in str(error) else error


@pytest.mark.parametrize(("kind", "size"), POINTS)
def test_no_number_depends_on_rounding(kind, size):
    w = weights(kind, size)
    first = numbers(w, np.arange(SAMPLES))
    other = numbers(w, np.random.default_rng(5).permutation(SAMPLES))
    for name, value in first.items():
        if value is not None and other[name] is not None:
            scale = np.abs(value).max()
            np.testing.assert_allclose(other[name], value, atol=1e-3 * scale, err_msg=name)


def test_points_beside_singular_ones_are_refused_and_others_are_not():
    told = {(kind, size): numbers(weights(kind, size), np.arange(SAMPLES)) for kind, size in POINTS}
    for point in (("twins", 1e-12), ("twins", 1e-9), ("bias", 10), ("bias", 15)):
        assert all(value is None for value in told[point].values())
    for point in (("twins", 0), ("twins", 1e-14), ("one output weight", 1e-9), ("bias", 30)):
        assert all(value is not None for value in told[point].values())


@pytest.mark.parametrize("size", [1e-5, 1e-6, 1e-7])
def test_a_plane_of_a_wild_and_a_mild_direction_keeps_its_digits(size):
    w = weights("twins", size)
    wild, mild = np.random.default_rng(1).normal(size=(2, SAMPLES))
    mild = rg.OutputManifold(NET, X).point(w).jacobian @ mild[: NET.dim]
    found = []
    for order in (np.arange(SAMPLES), np.random.default_rng(5).permutation(SAMPLES)):
        M = rg.OutputManifold(NET, X[order])
        found.append(M.sectional_curvature(M.point(w), wild[order], mild[order]))
    assert found[1] == pytest.approx(found[0], rel=1e-4)


@pytest.mark.parametrize("condition", [1e2, 1e6])
def test_normal_parts_are_normal(condition, known_matrix):
    known = known_matrix(condition)
    p = known.J.shape[1]
    M = rg.ImmersedManifold(rg.autograd_immersion(lambda w: anp.dot(known.J, w), dim=p))
    sight = M.point(np.zeros(p)).seen_in(M.metric)
    v = np.random.default_rng(0).normal(size=known.J.shape[0])
    normal = normal_projection(sight, v)
    # J's columns are what they are: their range is judged through them, each at length 1
    J = known.J / np.linalg.norm(known.J, axis=0)
    assert np.abs(J.T @ normal).max() < 2e-15 * np.linalg.norm(v)


def test_equal_twins_are_the_network_without_the_second():
    w = weights("twins", 0)
    one = rg.Network([2, 3, 1])
    reduced = one.init(seed=0)
    (W, b), (V, c) = NET.unflatten(w)
    for mine, theirs in zip(one.unflatten(reduced), ((W, b), (V, c)), strict=True):
        keep = [0, 2, 3]
        if theirs[0].shape[0] == 4:
            mine[0][:], mine[1][:] = theirs[0][keep], theirs[1][keep]
        else:
            mine[0][:], mine[1][:] = theirs[0][:, keep], theirs[1]
            mine[0][0, 0] *= 2
    M, R = rg.OutputManifold(NET, X), rg.OutputManifold(one, X)
    x, y = M.point(w), R.point(reduced)
    np.testing.assert_allclose(x.outputs, y.outputs, atol=1e-13)
    assert (x.rank, y.rank) == (one.dim, one.dim)
    a, b = tangents(R, y)
    N = a_normal(R, y)
    for name, args in (
        ("second_fundamental_form", (a, b)),
        ("weingarten", (a, N)),
        ("mean_curvature", ()),
        ("principal_curvatures", (N,)),
        ("sectional_curvature", (a, b)),
        ("ricci", (a, b)),
        ("scalar_curvature", ()),
    ):
        got, wanted = getattr(M, name)(x, *args), getattr(R, name)(y, *args)
        np.testing.assert_allclose(got, wanted, atol=1e-8 * np.abs(wanted).max(), err_msg=name)
    assert M.rms_curvatures(x)[1] == pytest.approx(R.rms_curvatures(y)[1], rel=1e-8)
    got, wanted = M.largest_normal_curvature(x), R.largest_normal_curvature(y)
    assert got.value == pytest.approx(wanted.value, rel=1e-8)
    # the parameters' volume is that of more parameters
    assert M.volume_element(x) == 0
    assert R.volume_element(y) > 0


def test_without_output_weights_a_network_is_linear():
    M = rg.OutputManifold(NET, X)
    x = M.point(weights("output weights", 0.0))
    assert x.rank == 5
    a, b = tangents(M, x)
    assert np.abs(M.second_fundamental_form(x, a, b)).max() < 1e-13
    assert abs(M.sectional_curvature(x, a, b)) < 1e-26
    assert M.largest_normal_curvature(x).value < 1e-13
    assert abs(M.scalar_curvature(x)) < 1e-26


def test_optimizers_go_on_where_curvature_is_refused():
    M = rg.OutputManifold(NET, X)
    x = M.point(weights("twins", 1e-10))
    v = gentle_tangent(x)
    with pytest.raises(rg.NumericalError, match="nearly rank-deficient here: rank 16 of"):
        M.second_fundamental_form(x, v, v)
    problem = rg.Problem(M, rg.SquaredLoss(x.outputs + 0.1))
    assert np.all(np.isfinite(problem.riemannian_hessian(x, v)))
    xi = np.random.default_rng(0).normal(size=NET.dim)
    assert np.all(np.isfinite(M.christoffel(x, xi, xi)))
    assert np.all(np.isfinite(M.christoffel_symbols(x)))


def test_units_of_parameters_are_not_amplification():
    f = NET.immersion(X)
    units = np.diag(np.logspace(-4, 4, NET.dim))
    M, S = rg.ImmersedManifold(f), rg.ImmersedManifold(f.reparametrised(units))
    w = NET.init(seed=1)
    x, y = M.point(w), S.point(w / np.diag(units))
    assert y.condition_number > 1e8
    assert x.condition_number < 1e4
    assert y.seen_in(S.metric).amplification < 1e4
    a, b = tangents(M, x)
    assert S.sectional_curvature(y, a, b) == pytest.approx(M.sectional_curvature(x, a, b), rel=1e-8)
    assert S.mean_curvature(y) == pytest.approx(M.mean_curvature(x), rel=1e-6)
    volume = M.log_volume_element(x) + np.log(np.diag(units)).sum()
    assert S.log_volume_element(y) == pytest.approx(volume, abs=1e-9)


@pytest.mark.parametrize("condition", [1e2, 1e6, 1e9])
def test_amplification_is_what_the_frame_shows(condition, known_matrix):
    J = known_matrix(condition).J
    M = rg.ImmersedManifold(rg.autograd_immersion(lambda w: anp.dot(J, w), dim=J.shape[1]))
    sight = M.point(np.zeros(J.shape[1])).seen_in(M.metric)
    D = np.linalg.norm(J, axis=0)
    np.testing.assert_allclose(sight.sizes, D, rtol=1e-12)
    wanted = np.linalg.norm(D[:, None] * sight.frame.lifts, 2)
    assert wanted / 20 < sight.amplification < 20 * wanted


@pytest.mark.parametrize(("n", "p", "condition"), [(3, 2, 1.0), (3, 2, 1e3), (2000, 10, 1.0)])
def test_flat_manifolds_in_curved_parameters_are_exactly_flat(n, p, condition):
    generator = np.random.default_rng(1)
    Q, R = (np.linalg.qr(generator.normal(size=(k, p)))[0] for k in (n, p))
    A = Q * np.logspace(0, -np.log10(condition), p) @ R

    def f(w):
        return anp.dot(A, anp.sinh(w) + 0.3 * w * anp.roll(w, 1))

    M = rg.ImmersedManifold(rg.autograd_immersion(f, dim=p))
    x = M.point(generator.normal(size=p))
    a, b = tangents(M, x)
    N = a_normal(M, x)
    zeros = np.zeros(n)
    np.testing.assert_array_equal(M.second_fundamental_form(x, a, b), zeros)
    np.testing.assert_array_equal(M.weingarten(x, a, N), zeros)
    np.testing.assert_array_equal(M.mean_curvature(x), zeros)
    np.testing.assert_array_equal(M.principal_curvatures(x, N), np.zeros(p))
    assert M.sectional_curvature(x, a, b) == M.scalar_curvature(x) == 0
    assert M.largest_normal_curvature(x).value == 0
    effects, intrinsic = M.rms_curvatures(x)
    assert effects > 0.1
    assert intrinsic == 0


def test_a_normal_part_that_is_half_rounding_is_refused():
    # II is a share 1e-14 of the acceleration: some hundred times its rounding
    def f(w):
        return anp.array([w[0] + w[0] ** 2, 1e-14 * w[0] ** 2, w[1]])

    M = rg.ImmersedManifold(rg.autograd_immersion(f, dim=2))
    x = M.point([0.0, 0.0])
    v = x.jacobian[:, 0]
    assert 1e-14 / EPS < 1e4
    with pytest.raises(rg.NumericalError, match=r"so nearly tangential here .* rank 2 of"):
        M.second_fundamental_form(x, v, v)
    with pytest.raises(rg.NumericalError, match="so nearly tangential"):
        M.weingarten(x, v, [0.0, 1.0, 0.0])
    with pytest.raises(rg.NumericalError, match="so nearly tangential"):
        M.rms_curvatures(x)
