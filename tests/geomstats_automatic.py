"""Compare output sets with geomstats' own PullbackMetric, which autograd differentiates.

Run in a process of its own, on the autograd backend: python geomstats_automatic.py CASE. It raises
AssertionError where they differ.
"""

import sys
from functools import cached_property

import geomstats.backend as gs
import numpy as np
from geomstats.geometry.base import ImmersedSet
from geomstats.geometry.euclidean import Euclidean
from geomstats.geometry.pullback_metric import PullbackMetric

import riemgn as rg
from riemgn.geomstats import OutputSet


class KeptRiemann(PullbackMetric):
    """geomstats' metric, which computes the curvature tensor, a slow thing, only once."""

    kept = None

    def riemann_tensor(self, base_point=None):
        if self.kept is None:
            self.kept = super().riemann_tensor(base_point)
        return self.kept


class AutomaticNetwork(ImmersedSet):
    """A tanh network with one hidden layer in geomstats' own words."""

    def __init__(self, X, hidden):
        self.X, self.hidden = X, hidden
        super().__init__(dim=hidden * (X.shape[1] + 2) + 1)

    def _define_embedding_space(self):
        return Euclidean(len(self.X))

    @staticmethod
    def default_metric():
        return KeptRiemann

    def immersion(self, w):
        (_, inputs), hidden = self.X.shape, self.hidden
        cut = hidden * inputs
        weights = gs.reshape(w[..., :cut], (*w.shape[:-1], hidden, inputs))
        pre = gs.einsum("nj,...ij->...ni", self.X, weights) + w[..., None, cut : cut + hidden]
        out = w[..., cut + hidden : -1]
        return gs.einsum("...ni,...i->...n", gs.tanh(pre), out) + w[..., -1:]


class Comparison:
    def __init__(self, inputs, hidden, samples, seed):
        X = 1.5 * np.random.default_rng(3).normal(size=(samples, inputs))
        net = rg.Network([inputs, hidden, 1])
        self.w = 1.5 * net.init(seed=seed)
        self.ours = OutputSet(net.immersion(X)).metric
        self.theirs = AutomaticNetwork(X, hidden).metric

    @cached_property
    def vectors(self):
        """Three parameter vectors, normal in an orthonormal frame."""
        lifts = np.linalg.pinv(self.ours._space.jacobian_immersion(self.w))
        return np.random.default_rng(0).normal(size=(3, len(lifts.T))) @ lifts.T

    def agree(self, name, *vectors, rtol=1e-8):
        ours = getattr(self.ours, name)(*vectors, self.w)
        theirs = getattr(self.theirs, name)(*vectors, self.w)
        scale = np.max(np.abs(theirs))
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=rtol * scale, err_msg=name)


def first_order():
    """p = 13: metric, connection, second fundamental form."""
    case = Comparison(inputs=2, hidden=3, samples=20, seed=5)
    assert case.w.size == 13
    a, b, _ = case.vectors
    for name in ("metric_matrix", "inner_product_derivative_matrix", "christoffels"):
        case.agree(name)
    case.agree("inner_product", a, b)
    case.agree("normalize", a)


def curvature(**size):
    case = Comparison(**size)
    a, b, c = case.vectors
    for name in ("riemann_tensor", "covariant_riemann_tensor", "ricci_tensor", "scalar_curvature"):
        case.agree(name)
    for name in ("second_fundamental_form", "mean_curvature_vector", "cometric_matrix"):
        case.agree(name)
    case.agree("curvature", a, b, c)
    case.agree("sectional_curvature", a, b)
    case.agree("directional_curvature", a, b)


def euler():
    """geomstats' exponential map makes Euler steps: the difference is their error, of order 1."""
    case = Comparison(inputs=1, hidden=1, samples=6, seed=9)
    xi = 0.05 * case.vectors[0]
    gaps = []
    for steps in (25, 50):
        case.theirs.exp_solver.integrator.n_steps = steps
        end = case.theirs.exp(xi, case.w)
        gaps.append(np.linalg.norm(end - case.ours.exp(xi, case.w)))
    assert 0 < gaps[0] < 3e-2 * np.linalg.norm(xi)
    np.testing.assert_allclose(gaps[0] / gaps[1], 2, rtol=0.1)


CASES = {
    "first_order": first_order,
    "small_curvature": lambda: curvature(inputs=1, hidden=1, samples=6, seed=9),  # p = 4
    "curvature": lambda: curvature(inputs=1, hidden=2, samples=10, seed=18),  # p = 7
    "euler": euler,
}

if __name__ == "__main__":
    assert gs.__name__.endswith("autograd")
    CASES[sys.argv[1]]()
