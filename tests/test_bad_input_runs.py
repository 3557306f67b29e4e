"""Any value in the place of any argument of a manifold, a problem, a run or a fit."""

import io
from contextlib import redirect_stdout

import autograd.numpy as anp
import numpy as np
import pytest
from bad_values import SETTINGS, answer, anything, values
from hypothesis import example, given
from hypothesis import strategies as st

import riemgn as rg
from riemgn.arguments import choice

NET = rg.Network([2, 3, 1])
X = np.random.default_rng(0).normal(size=(5, 2))
MANIFOLDS = {
    "network": rg.OutputManifold(NET, X),
    "autograd": rg.ImmersedManifold(
        rg.autograd_immersion(
            lambda w: anp.stack([w[0] * w[1], anp.exp(w[0]), w[0] ** 2]), dim=2, ambient_dim=3
        ),
        retraction="corrected",
    ),
}
STARTS = {"network": NET.init(seed=0), "autograd": np.array([0.1, 0.2])}
each_manifold = pytest.mark.parametrize("name", MANIFOLDS)


def manifold_calls(M, x):
    t, n, p = M.random_tangent_vector(x, 0), x.size, x.params.size
    return {
        "params in point": (M.point, p),
        "seed in random_point": (M.random_point, 1),
        "seed in random_tangent_vector": (lambda v: M.random_tangent_vector(x, v), 1),
        "vector in projection": (lambda v: M.projection(x, v), n),
        "tangent_vector in lift": (lambda v: M.lift(x, v), n),
        "tangent_vector in norm": (lambda v: M.norm(x, v), n),
        "tangent_vector_a in inner_product": (lambda v: M.inner_product(x, v, t), n),
        "tangent_vector_b in inner_product": (lambda v: M.inner_product(x, t, v), n),
        "vector in transport": (lambda v: M.transport(x, x, v), n),
        "xi in christoffel": (lambda v: M.christoffel(x, v, np.ones(p)), p),
        "eta in christoffel": (lambda v: M.christoffel(x, np.ones(p), v), p),
        "tangent_a in second_fundamental_form": (lambda v: M.second_fundamental_form(x, v, t), n),
        "tangent_b in second_fundamental_form": (lambda v: M.second_fundamental_form(x, t, v), n),
        "tangent_vector in weingarten": (lambda v: M.weingarten(x, v, t), n),
        "normal_vector in weingarten": (lambda v: M.weingarten(x, t, v), n),
    }


@each_manifold
@pytest.mark.parametrize(
    "argument",
    manifold_calls(MANIFOLDS["autograd"], MANIFOLDS["autograd"].point(STARTS["autograd"])),
)
@SETTINGS
@given(data=st.data())
def test_manifolds(name, argument, data):
    M = MANIFOLDS[name]
    call, size = manifold_calls(M, M.point(STARTS[name]))[argument]
    answer(call, data.draw(values(size)), argument.split()[0])


@each_manifold
@SETTINGS
@given(data=st.data())
def test_retractions(name, data):
    # a step out of the domain leads to a point whose outputs are not finite, and says so
    M = MANIFOLDS[name]
    x = M.point(STARTS[name])
    value = data.draw(values(x.size))
    y = answer(lambda v: M.retraction(x, v), value, "tangent_vector", non_finite=True)
    assert y is None or y.is_finite or np.max(np.abs(np.asarray(value, dtype=float))) > 1e2


@each_manifold
@SETTINGS
@given(value=values(3))
def test_what_is_no_point(name, value):
    M = MANIFOLDS[name]
    x = M.point(STARTS[name])
    v = np.ones(x.size)
    calls = (
        lambda q: M.projection(q, v),
        lambda q: M.lift(q, v),
        lambda q: M.norm(q, v),
        lambda q: M.inner_product(q, v, v),
        lambda q: M.retraction(q, v),
        lambda q: M.transport(x, q, v),
        lambda q: M.christoffel(q, x.params, x.params),
        lambda q: M.second_fundamental_form(q, v, v),
        lambda q: M.weingarten(q, v, v),
        M.tangent_basis,
        M.zero_vector,
        M.rms_curvatures,
        M.random_tangent_vector,
    )
    for call in calls:
        assert answer(call, value, "point") is None


MADE = {
    "immersion": rg.ImmersedManifold,
    "retraction": lambda v: rg.ImmersedManifold(MANIFOLDS["network"].immersion, retraction=v),
    "network": lambda v: rg.OutputManifold(v, X),
    "X": lambda v: rg.OutputManifold(NET, v),
    "manifold": lambda v: rg.Problem(v, rg.SquaredLoss([1.0])),
    "loss": lambda v: rg.Problem(MANIFOLDS["network"], v),
    "dim": lambda v: rg.autograd_immersion(anp.sin, dim=v),
    "ambient_dim": lambda v: rg.autograd_immersion(anp.sin, dim=2, ambient_dim=v),
    "function": lambda v: rg.autograd_immersion(v, dim=2),
}


@pytest.mark.parametrize("name", MADE)
@SETTINGS
@given(value=values(2))
def test_manifolds_and_problems_are_made_of_what_they_ask_for(name, value):
    answer(MADE[name], value, name)


@SETTINGS
@given(value=values(5))
def test_problems(value):
    problem = rg.Problem(MANIFOLDS["network"], rg.SquaredLoss(np.arange(5.0)))
    assert answer(problem.riemannian_gradient, value) is None


ARGUMENTS = (
    "problem",
    "point",
    "method",
    "callback",
    "stop",
    "max_iterations",
    "max_time",
    "max_evaluations",
    "tolerance",
    "verbosity",
)


@pytest.mark.parametrize("argument", ARGUMENTS)
@SETTINGS
@given(value=values(5))
@example(value="gaus-newton")
def test_minimize(argument, value):
    if argument == "callback" and callable(value):
        return
    M = MANIFOLDS["network"]
    given = {
        "problem": rg.Problem(M, rg.SquaredLoss(np.arange(5.0))),
        "point": M.point(STARTS["network"]),
        "max_iterations": 1,
        argument: value,
    }
    with redirect_stdout(io.StringIO()):
        result = answer(lambda v: rg.minimize(**{**given, argument: v}), value, argument)
    assert result is None or np.isfinite(result.cost)


@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1e-30, 1e30, 1e150, 1e300])
@pytest.mark.parametrize("method", ["auto", "gauss-newton", "levenberg-marquardt", "newton"])
def test_targets_of_any_size(method, scale):
    # sizes whose squares leave the range of floats included
    A = np.vander(np.linspace(0.1, 1, 6), 2)
    M = rg.ImmersedManifold(rg.autograd_immersion(lambda w: anp.dot(A, w), dim=2))
    y = scale * np.array([1.0, 2.0, 2.0, 3.0, 5.0, 4.0])
    problem, x = rg.Problem(M, rg.SquaredLoss(y)), M.point([scale, scale])

    def run(_):
        return rg.minimize(problem, x, method, max_iterations=30)

    result = answer(run, None)
    if result is not None:
        assert np.isfinite(result.cost)
        assert np.all(np.isfinite(result.point.params))
        if 1e-140 < scale < 1e140:
            wanted = np.linalg.lstsq(A, y, rcond=None)[0]
            np.testing.assert_allclose(result.point.params, wanted, rtol=1e-6)


ROWS = np.random.default_rng(0).normal(size=(6, 2))
FIT = ("network", "X", "y", "loss", "method", "ridge", "validation", "max_iterations", "tolerance")


@pytest.mark.parametrize("argument", [*FIT, "seed", "callback"])
@SETTINGS
@given(data=st.data())
@example(data=None)
def test_fit(argument, data):
    value = "sqared" if data is None else data.draw(values(6))
    if argument in ("callback", "loss") and callable(value):
        return
    given = {"network": rg.Network([2, 1]), "X": ROWS, "y": ROWS[:, 0], "seed": 0}
    given |= {"ridge": 0.1, "max_iterations": 2, argument: value}
    result = answer(lambda v: rg.fit(**{**given, argument: v}), value, argument)
    assert result is None or np.all(np.isfinite(result.params))


MISSPELT = {
    "tahn": ("tanh", lambda v: rg.Network([2, 1], activation=v)),
    "symetric": ("symmetric", lambda v: NET.init(0, v)),
    "parametrc": ("parametric", lambda v: rg.ImmersedManifold(MANIFOLDS["network"].immersion, v)),
    "levenberg-marqardt": (
        "levenberg-marquardt",
        lambda v: rg.minimize(
            rg.Problem(MANIFOLDS["network"], rg.SquaredLoss(np.ones(5))), method=v
        ),
    ),
    "gain-ration": ("gain-ratio", rg.LevenbergMarquardt),
    "armjo": ("armijo", rg.GaussNewton),
    "diabets": ("diabetes", rg.datasets.load),
    "huberr": ("huber", lambda v: rg.fit(rg.Network([2, 1]), ROWS, ROWS[:, 0], loss=v)),
}


@pytest.mark.parametrize("name", MISSPELT)
def test_a_misspelt_name_meets_the_nearest_right_one(name):
    right, call = MISSPELT[name]
    with pytest.raises(ValueError, match=f"did you mean '{right}'"):
        call(name)


@SETTINGS
@given(value=anything())
def test_names_are_strings(value):
    answer(lambda v: choice("name", v, ["first", "second"]), value, "name")
