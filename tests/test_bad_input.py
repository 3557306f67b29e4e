"""Any value in the place of any argument: a right answer, or one line that names the argument."""

import autograd.numpy as anp
import numpy as np
import pytest
from bad_values import SETTINGS, answer, anything, values
from hypothesis import example, given
from hypothesis import strategies as st

import riemgn as rg
from riemgn import optimizers
from riemgn.optimizers import CostSettled, Fixed, GainRatio, KernelAdaptive, MaxTime

NET = rg.Network([2, 3, 1])
W0 = NET.init(seed=0)
X = np.random.default_rng(0).normal(size=(5, 2))
P, N = NET.dim, 5
MAPS = {
    "network": NET.immersion(X),
    "autograd": rg.autograd_immersion(
        lambda w: anp.stack([w[0] * w[1], anp.exp(w[0]), w[2], w[0] ** 3]), dim=3, ambient_dim=4
    ),
}
MAPS |= {
    "scaled": MAPS["autograd"].scaled(2.0),
    "reparametrised": MAPS["autograd"].reparametrised(np.eye(3)),
    "ridged": MAPS["autograd"].ridged(0.5, np.ones(3)),
}
each_map = pytest.mark.parametrize("name", MAPS)


NETWORK_CALLS = {
    "widths": rg.Network,
    "activation": lambda v: rg.Network([2, 1], activation=v),
    "scale": lambda v: rg.Network([2, 1], scale=v),
    "reference": lambda v: rg.Network([2, 1], reference=v),
    "seed": NET.init,
    "scheme": lambda v: NET.init(0, scheme=v),
    "alpha": NET.scaled,
    "w0": NET.centred,
    "w": lambda v: NET.predict(v, X),
    "X_new": lambda v: NET.predict(W0, v),
    "X": NET.immersion,
    "description": rg.Network.from_dict,
}


@pytest.mark.parametrize("name", NETWORK_CALLS)
@SETTINGS
@given(data=st.data())
def test_networks(name, data):
    size = {"reference": 3, "w0": P, "w": P}.get(name, 2)
    value = data.draw(values(size))
    result = answer(NETWORK_CALLS[name], value, name)
    if name == "X_new" and result is not None:
        np.testing.assert_array_equal(result, NET.predict(W0, np.array(value, dtype=float)))


def map_calls(f):
    w, v = 0.1 * np.ones(f.dim), np.ones(f.ambient_dim)
    return {
        "w in jacobian": (f.jacobian, f.dim),
        "w in jvp": (lambda x: f.jvp(x, w), f.dim),
        "xi in jvp": (lambda x: f.jvp(w, x), f.dim),
        "v in vjp": (lambda x: f.vjp(w, x), f.ambient_dim),
        "w in second_derivative": (lambda x: f.second_derivative(x, w, w), f.dim),
        "eta in second_derivative": (lambda x: f.second_derivative(w, w, x), f.dim),
        "normal in hessian_vp": (lambda x: f.hessian_vp(w, x, w), f.ambient_dim),
        "w in hessian_vp": (lambda x: f.hessian_vp(x, v, w), f.dim),
        "w in tangent_kernel": (f.tangent_kernel, f.dim),
        "alpha in scaled": (lambda x: f.scaled(x).jacobian(w), 1),
        "w0 in centred": (lambda x: f.centred(x) and None, f.dim),
        "A in reparametrised": (lambda x: f.reparametrised(x) and None, f.dim),
        "strength in ridged": (lambda x: f.ridged(x, w).jacobian(w), 1),
        "reference in ridged": (lambda x: f.ridged(1.0, x).jacobian(w), f.dim),
    }


@each_map
@pytest.mark.parametrize("argument", map_calls(MAPS["autograd"]))
@SETTINGS
@given(data=st.data())
def test_immersions(name, argument, data):
    call, size = map_calls(MAPS[name])[argument]
    named = argument.split()[0]
    named = "" if named in ("w", "w0") else named  # which is z after a reparametrisation
    answer(call, data.draw(values(size)), named)


@each_map
@SETTINGS
@given(data=st.data())
def test_values_of_immersions(name, data):
    # f itself may be infinite, or NaN out of its domain
    f = MAPS[name]
    value = data.draw(values(f.dim))
    result = answer(f, value, non_finite=True)
    assert result is None or result.shape == (f.ambient_dim,)


@each_map
@pytest.mark.parametrize("way", ["f4", "i8", "i1", "?", "list", "tuple", "read-only", "strided"])
def test_what_widens_without_loss_gives_the_same(name, way):
    f = MAPS[name]
    w = np.resize([0.0, 1.0, 1.0], f.dim)
    made = {
        "list": w.tolist(),
        "tuple": tuple(w.tolist()),
        "read-only": np.broadcast_to(w, w.shape),
        "strided": np.repeat(w, 2)[::2],
    }
    given = made[way] if way in made else w.astype(way)
    M = rg.ImmersedManifold(f)
    assert np.array_equal(f(given), f(w))
    assert np.array_equal(f.jacobian(given), f.jacobian(w))
    assert np.array_equal(M.point(given).outputs, M.point(w).outputs)
    assert M.point(given).outputs.dtype == np.float64
    assert f(given).dtype == np.float64


RETURNED = {
    "a tuple": lambda w: (w[0], w[1]),
    "a list": lambda w: [w[0], w[1]],
    "a scalar": lambda w: w[0],
    "a matrix": lambda w: anp.outer(w, w),
    "nothing": lambda w: None,
    "a string": lambda w: "outputs",
    "booleans": lambda w: np.array([True, False]),
    "complex numbers": lambda w: w * 1j,
    "an empty array": lambda w: w[:0],
    "another length": lambda w: w[: 1 + int(getattr(w[0], "_value", w[0]) > 0.5)],
}


@pytest.mark.parametrize("returned", RETURNED)
def test_what_a_function_must_not_return(returned):
    f = rg.autograd_immersion(RETURNED[returned], dim=2, ambient_dim=2)
    w = np.array([0.1, 0.2])
    for call in (f, f.jacobian, f.tangent_kernel, rg.ImmersedManifold(f).point):
        with pytest.raises(
            (TypeError, ValueError), match=r"the function must return|not depend on"
        ):
            call(w)


class Own(rg.Immersion):
    """Outputs and a Jacobian that may be a buffer, or wrong."""

    dim, ambient_dim = 2, 3

    def __init__(self, shape=(3, 2), fill=1.0):
        self.outputs, self.J = np.ones(3), np.full(shape, fill)

    def __call__(self, w):
        self.outputs[:] = w[0], w[1], w[0] * w[1]
        return self.outputs

    def jacobian(self, w):
        self.J[:] = [[1.0, 0.0], [0.0, 1.0], [w[1], w[0]]] if self.J.shape == (3, 2) else 1.0
        return self.J


def test_reused_buffers_are_copied():
    M = rg.ImmersedManifold(Own())
    x, y = M.point([1.0, 2.0]), M.point([3.0, 4.0])
    assert x.outputs.tolist() == [1.0, 2.0, 2.0]
    J = x.jacobian.copy()
    assert y.jacobian.tolist() == [[1.0, 0.0], [0.0, 1.0], [4.0, 3.0]]
    assert np.array_equal(x.jacobian, J)
    result = rg.minimize(rg.Problem(M, rg.SquaredLoss([1.0, 2.0, 2.0])), y)
    np.testing.assert_allclose(result.point.params, [1.0, 2.0], atol=1e-7)


@pytest.mark.parametrize("shape", [(2, 3), (3,), (3, 3), (3, 2, 1)])
def test_a_jacobian_of_another_shape_is_refused(shape):
    M = rg.ImmersedManifold(Own(shape))
    x = M.point([1.0, 2.0])
    with pytest.raises(ValueError, match=r"jacobian must return shape \(3, 2\)"):
        M.projection(x, np.ones(3))
    with pytest.raises(ValueError, match=r"jacobian must return shape \(3, 2\)"):
        rg.minimize(rg.Problem(M, rg.SquaredLoss(np.ones(3))), x)


LOSSES = {
    "y": (rg.SquaredLoss, 3),
    "delta": (lambda v: rg.HuberLoss([1.0], v), 1),
    "labels": (rg.LogisticLoss, 3),
    "ridge": (lambda v: rg.LogisticLoss([0, 1], v), 1),
    "labels of classes": (rg.SoftmaxLoss, 3),
    "classes": (lambda v: rg.SoftmaxLoss([0, 1], classes=v), 1),
    "counts": (rg.PoissonLoss, 3),
    "size": (lambda v: rg.AutogradLoss(anp.sum, v), 1),
    "function": (rg.AutogradLoss, 1),
    "first": (lambda v: rg.DirectSumLoss(v, rg.SquaredLoss([1.0])), 1),
    "second": (lambda v: rg.DirectSumLoss(rg.SquaredLoss([1.0]), v), 1),
    "weights": (lambda v: rg.WeightedLoss(rg.SquaredLoss(np.ones(3)), v), 3),
}


@pytest.mark.parametrize("name", LOSSES)
@SETTINGS
@given(data=st.data())
def test_losses(name, data):
    make, size = LOSSES[name]
    answer(make, data.draw(values(size)), name.split()[0])


U = np.linspace(-1, 1, 6)
MADE = {
    "squared": rg.SquaredLoss(U),
    "huber": rg.HuberLoss(U, 0.5),
    "logistic": rg.LogisticLoss([0, 1, 0, 1, 1, 0]),
    "ridged": rg.LogisticLoss([0, 1, 0, 1, 1, 0], ridge=0.1),
    "softmax": rg.SoftmaxLoss([0, 2], classes=3),
    "poisson": rg.PoissonLoss([0, 1, 2, 3, 4, 5]),
    "autograd": rg.AutogradLoss(lambda u: anp.sum(anp.cosh(u)), size=6),
    "sum": rg.DirectSumLoss(rg.SquaredLoss([1.0, 2.0]), rg.SquaredLoss(np.ones(4))),
}


@pytest.mark.parametrize("name", MADE)
@SETTINGS
@given(data=st.data())
def test_outputs_of_losses(name, data):
    # outputs that are not finite give infinity or NaN, which the problem then refuses
    loss, value = MADE[name], data.draw(values(6))
    for call in (loss.value, loss.gradient, loss.whitened_gradient):
        answer(call, value, "u ", non_finite=not _tame(value))
    answer(lambda v: loss.hessian_vp(v, U), value, "u ", non_finite=not _tame(value))
    answer(lambda v: loss.hessian_vp(U, v), value, "v ", non_finite=not _tame(value))


def _tame(value):
    """Whether all entries are of ordinary size, if they are numbers at all."""
    try:
        array = np.asarray(value)
    except ValueError:
        return True
    return array.dtype.kind not in "fciub" or bool(np.all(np.abs(array.astype(complex)) < 1e3))


STEP_SIZES = {
    "step_size": rg.GaussNewton,
    "damping": rg.LevenbergMarquardt,
    "start": GainRatio,
    "c": KernelAdaptive,
    "damping of Fixed": Fixed,
    "steps": lambda v: CostSettled(0.1, v),
    "dataset": lambda v: rg.datasets.load(v)[0],
}
LIMITS = ("max_iterations", "max_time", "min_gradient_norm", "verbosity", "log_verbosity")
CRITERIA = {
    "TangentCosine": "tolerance",
    "GradientNorm": "bound",
    "CostBelow": "value",
    "CostSettled": "share",
    "StepBelow": "length",
    "When": "function",
    "MaxIterations": "max_iterations",
    "MaxTime": "max_time",
    "MaxEvaluations": "max_evaluations",
}


@pytest.mark.parametrize("name", STEP_SIZES)
@SETTINGS
@given(value=values(3))
@example(value="gain-ratoi")
def test_constructors(name, value):
    answer(STEP_SIZES[name], value, name.split()[0])


@pytest.mark.parametrize("optimizer", [rg.GaussNewton, rg.LevenbergMarquardt])
@pytest.mark.parametrize("name", LIMITS)
@SETTINGS
@given(value=values(1))
def test_limits_of_optimizers(optimizer, name, value):
    answer(lambda v: optimizer(**{name: v}), value, name)


@pytest.mark.parametrize("criterion", CRITERIA)
@SETTINGS
@given(value=values(1))
def test_criteria(criterion, value):
    answer(getattr(optimizers, criterion), value, CRITERIA[criterion])


@SETTINGS
@given(value=anything())
def test_criteria_combine_with_criteria_alone(value):
    for call in (lambda v: MaxTime(1.0) & v, lambda v: MaxTime(1.0) | v):
        assert answer(call, value, "stopping criterion") is None
