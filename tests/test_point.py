"""A point is its output vector to numpy, autograd and pymanopt, and knows where it came from."""

import copy
import pickle

import autograd
import autograd.numpy as anp
import numpy as np
import pymanopt
import pytest
from manifold_cases import network_manifold

import riemgn as rg


@pytest.fixture(scope="module")
def manifold_and_point():
    return network_manifold()


@pytest.fixture(name="M")
def manifold(manifold_and_point):
    return manifold_and_point[0]


@pytest.fixture(name="x")
def point(manifold_and_point):
    return manifold_and_point[1]


# As an array


def test_it_has_the_attributes_of_a_vector(x):
    u = x.outputs
    assert (x.shape, x.ndim, x.size, x.dtype) == ((40,), 1, 40, np.float64)
    assert len(x) == 40
    assert x[3] == u[3]
    np.testing.assert_array_equal(x[5:8], u[5:8])
    np.testing.assert_array_equal(list(x), list(u))


ARITHMETIC = {
    "sum of points": lambda x: x + x,
    "minus an array": lambda x: x - np.arange(40.0),
    "an array minus": lambda x: np.arange(40.0) - x,
    "times a number": lambda x: 2 * x,
    "divided": lambda x: x / 3.0,
    "power": lambda x: x**2,
    "negative": lambda x: -x,
    "absolute": lambda x: abs(x),
    "comparison": lambda x: x > 0,
    "equality": lambda x: x == x,
    "ufunc": lambda x: np.exp(x),
    "ufunc into an array": lambda x: np.multiply(x, 2.0, out=np.empty(40)),
    "outer ufunc": lambda x: np.multiply.outer(x, x),
    "product": lambda x: x @ x,
    "matrix times it": lambda x: np.ones((3, 40)) @ x,
    "it times matrix": lambda x: x @ np.ones((40, 2)),
    "dot": lambda x: np.dot(x, x),
    "sum": lambda x: np.sum(x),
    "mean": lambda x: np.mean(x),
    "maximum": lambda x: np.max(x),
    "norm": lambda x: np.linalg.norm(x),
    "concatenation": lambda x: np.concatenate([x, x]),
    "choice": lambda x: np.where(x > 0, x, 0.0),
    "reshape": lambda x: np.reshape(x, (8, 5)),
    "autograd's numpy": lambda x: anp.sum(anp.tanh(x)),
}


@pytest.mark.parametrize("name", ARITHMETIC)
def test_arithmetic_is_that_of_the_outputs_and_gives_plain_arrays(name, x):
    got, wanted = ARITHMETIC[name](x), ARITHMETIC[name](x.outputs)
    assert type(got) is type(wanted)
    np.testing.assert_array_equal(got, wanted)


def test_the_array_protocol(x):
    assert np.asarray(x) is x.outputs
    assert np.asarray(x, dtype=np.float64) is x.outputs
    copied = np.array(x)
    copied[0] = 7.0
    assert x[0] != 7.0
    assert np.asarray(x, dtype=np.float32).dtype == np.float32
    assert x.__array__(copy=False) is x.outputs
    assert x.__array__(dtype="f8", copy=False) is x.outputs
    fresh = x.__array__(dtype=np.float64, copy=True)
    assert not np.shares_memory(fresh, x.outputs)
    assert fresh.flags.writeable
    with pytest.raises(ValueError, match="need a copy"):
        x.__array__(dtype=np.float32, copy=False)


def test_it_is_read_only(x):
    before = x.outputs.copy()
    for array in (x.outputs, x.params, x.jacobian, np.asarray(x), x[2:4]):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1.0
    with pytest.raises(TypeError, match="cannot be written to"):
        np.add(x, 1.0, out=x)
    with pytest.raises(TypeError, match="cannot be written to"):
        x += 1.0
    with pytest.raises(TypeError):
        x[0] = 1.0
    for name in ("params", "outputs", "jacobian", "rank"):
        with pytest.raises(AttributeError):
            setattr(x, name, 1.0)
    np.testing.assert_array_equal(x.outputs, before)


# What it knows


def test_it_holds_parameters_jacobian_and_rank(M, x):
    np.testing.assert_array_equal(x.params, M.network.init(seed=0))
    np.testing.assert_array_equal(x.outputs, M.immersion(x.params))
    np.testing.assert_array_equal(x.jacobian, M.immersion.jacobian(x.params))
    assert x.rank == 16
    sigma = np.linalg.svd(x.jacobian, compute_uv=False)
    assert x.condition_number == pytest.approx(sigma[0] / sigma[-1], rel=1e-6)
    assert x.is_finite


def test_repr_costs_no_factorisation(M, x):
    fresh = M.point(x.params)
    assert repr(fresh) == "Point(u in R^40, w in R^16)"
    assert "factor" not in fresh.__dict__
    assert fresh.rank == 16
    assert repr(fresh) == "Point(u in R^40, w in R^16, rank 16)"


def test_parameters_given_are_copied(M, x):
    w = x.params.copy()
    own = M.point(w)
    w[:] = 0.0
    np.testing.assert_array_equal(own.params, x.params)
    np.testing.assert_array_equal(own.jacobian, x.jacobian)


@pytest.mark.parametrize(
    "make", [copy.copy, copy.deepcopy, lambda p: pickle.loads(pickle.dumps(p))]
)
@pytest.mark.parametrize("wide", [False, True])
def test_copies_are_the_same_point_and_read_only(make, wide):
    M, x = network_manifold((3, 30, 1), 20) if wide else network_manifold()
    v = np.random.default_rng(0).normal(size=x.size)
    wanted = M.lift(x, v)
    for other in (make(x), make(M.point(x.params))):  # factorised, and not yet
        np.testing.assert_array_equal(other.outputs, x.outputs)
        np.testing.assert_array_equal(M.lift(other, v), wanted)
        assert other.rank == x.rank
        for array in (other.params, other.outputs, other.jacobian):
            assert not array.flags.writeable


# In autograd and pymanopt


def test_autograd_differentiates_at_a_point(x):
    y = np.linspace(-1, 1, 40)
    gradient = autograd.grad(lambda u: anp.sum((u - y) ** 3))(x)
    assert type(gradient) is np.ndarray
    np.testing.assert_allclose(gradient, 3 * (x.outputs - y) ** 2, rtol=1e-14)
    product = autograd.hessian_vector_product(lambda u: anp.sum(anp.sin(u)))(x, y)
    np.testing.assert_allclose(product, -np.sin(x.outputs) * y, rtol=1e-14)
    _, pushed = autograd.make_jvp(lambda u: u**2)(x)(y)
    np.testing.assert_allclose(pushed, 2 * x.outputs * y, rtol=1e-14)
    np.testing.assert_allclose(autograd.jacobian(anp.exp)(x), np.diag(np.exp(x.outputs)))


@pytest.mark.parametrize("backend", ["autograd", "numpy"])
def test_pymanopts_decorators_take_it_as_they_take_an_array(backend, M, x):
    y = np.linspace(-1, 1, 40)
    decorate = getattr(pymanopt.function, backend)(M)

    @decorate
    def cost(u):
        return 0.5 * anp.sum((u - y) ** 2)

    given = {}
    if backend == "numpy":
        given["euclidean_gradient"] = decorate(lambda u: u - y)
        given["euclidean_hessian"] = decorate(lambda u, v: v)
    problem = pymanopt.Problem(M, cost, **given)
    own = rg.Problem(M, rg.SquaredLoss(y))
    v = M.random_tangent_vector(x, seed=0)
    assert problem.cost(x) == pytest.approx(own.cost(x), rel=1e-14)
    np.testing.assert_allclose(problem.riemannian_gradient(x), own.riemannian_gradient(x))
    np.testing.assert_allclose(
        problem.riemannian_hessian(x, v), own.riemannian_hessian(x, v), rtol=1e-10, atol=1e-12
    )


def test_an_optimizer_of_pymanopt_returns_a_point(M, x):
    @pymanopt.function.autograd(M)
    def cost(u):
        return anp.sum((u - 1.0) ** 2)

    solver = pymanopt.optimizers.SteepestDescent(max_iterations=3, verbosity=0)
    result = solver.run(pymanopt.Problem(M, cost), initial_point=x)
    assert isinstance(result.point, rg.Point)
    np.testing.assert_array_equal(M.immersion(result.point.params), result.point)
