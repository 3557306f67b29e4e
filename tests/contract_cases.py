"""Every method that `riemgn.minimize` takes, and small problems of every shape."""

import autograd.numpy as anp
import numpy as np
import pytest
from pymanopt.optimizers import (
    ConjugateGradient,
    NelderMead,
    ParticleSwarm,
    SteepestDescent,
    TrustRegions,
)

import riemgn as rg
from riemgn.minimization import METHODS as NAMES
from riemgn.optimizers import Adam

BETA_RULES = ("FletcherReeves", "HagerZhang", "HestenesStiefel", "LiuStorey", "PolakRibiere")

# Made afresh for each use, so that nothing passes from one test to another.
METHODS = {
    # "adam" and "fixed-step" search their steps off the record (test_parameter_descents)
    **{name: lambda name=name: name for name in NAMES if name not in ("adam", "fixed-step")},
    "Adam(0.001)": lambda: Adam(0.001),
    **{
        f"ConjugateGradient({rule})": lambda rule=rule: ConjugateGradient(rule)
        for rule in BETA_RULES
    },
    "SteepestDescent": SteepestDescent,
    "TrustRegions": TrustRegions,
    "NelderMead": NelderMead,
    "ParticleSwarm": ParticleSwarm,
    "GaussNewton(1.0)": lambda: rg.GaussNewton(1.0),
    "GaussNewton(0.5)": lambda: rg.GaussNewton(0.5),
    "GaussNewton(armijo)": rg.GaussNewton,
    "LevenbergMarquardt(gain-ratio)": rg.LevenbergMarquardt,
    "LevenbergMarquardt(kernel)": lambda: rg.LevenbergMarquardt("kernel"),
    "LevenbergMarquardt(0.1)": lambda: rg.LevenbergMarquardt(0.1),
    "LevenbergMarquardt(1.0)": lambda: rg.LevenbergMarquardt(1.0),
}
KERNEL = "LevenbergMarquardt(kernel)"  # needs p >= n
SWARMS = ("NelderMead", "ParticleSwarm")  # record every gain, and need many points for one
FIXED_STEP = (
    "GaussNewton(1.0)",
    "GaussNewton(0.5)",
    "Adam(0.001)",
)  # may let the cost rise on the way

each_method = pytest.mark.parametrize("name", METHODS)


def narrow():
    """A network with more samples than parameters, and noisy targets."""
    generator = np.random.default_rng(0)
    X = generator.normal(size=(30, 2))
    net = rg.Network([2, 2, 1])
    w = net.init(seed=0)
    M = rg.OutputManifold(net.scaled(1024.0).centred(w), X)
    y = np.sin(X[:, 0]) + 0.3 * generator.normal(size=30)
    return rg.Problem(M, rg.SquaredLoss(y)), M.point(w)


def wide():
    """A network with more parameters than samples, which fits its targets."""
    X = np.random.default_rng(0).normal(size=(6, 2))
    net = rg.Network([2, 4, 1])
    M = rg.OutputManifold(net, X)
    return rg.Problem(M, rg.SquaredLoss(np.sin(X[:, 0]))), M.point(net.init(seed=0))


TIMES = np.linspace(0, 3, 20)


def curve(w):
    return w[0] * anp.exp(-w[1] * TIMES) + w[2]


def generic():
    """A curve in autograd, with noise."""
    M = rg.ImmersedManifold(rg.autograd_immersion(curve, dim=3))
    y = curve([2.0, 1.3, 0.5]) + 0.1 * np.random.default_rng(0).normal(size=20)
    return rg.Problem(M, rg.SquaredLoss(y)), M.point([1.0, 1.0, 0.1])


def labelled():
    """A logistic loss."""
    generator = np.random.default_rng(0)
    X = generator.normal(size=(40, 2))
    net = rg.Network([2, 1])
    M = rg.OutputManifold(net, X)
    labels = X[:, 0] + generator.normal(size=40) > 0
    return rg.Problem(M, rg.LogisticLoss(labels)), M.point(net.init(seed=0))


PROBLEMS = {"narrow": narrow, "wide": wide, "generic": generic, "labelled": labelled}
PAIRS = [
    (name, shape) for name in METHODS for shape in PROBLEMS if name != KERNEL or shape == "wide"
]
each_pair = pytest.mark.parametrize(("name", "shape"), PAIRS)


def suited(name):
    """A problem that the method takes."""
    return wide() if name == KERNEL else generic()


class Watched(rg.Immersion):
    """A curve or a given map with a hand-made Jacobian; told of every evaluation of f."""

    def __init__(self, f, jacobian, dim, ambient_dim, told=lambda count: None):
        self.dim, self.ambient_dim = dim, ambient_dim
        self.count = 0
        self._f, self._jacobian, self._told = f, jacobian, told

    def __call__(self, w):
        if isinstance(w, np.ndarray):  # and no trial whether autograd can follow
            self.count += 1
            self._told(self.count)
        return self._f(w)

    def jacobian(self, w):
        return self._jacobian(w)


def valley(told=lambda count: None, sign=1.0):
    """Rosenbrock's function as two outputs, which autograd cannot follow; `sign` spoils J."""
    return Watched(
        lambda w: np.array([10 * (float(w[1]) - float(w[0]) ** 2), 1 - float(w[0])]),
        lambda w: sign * np.array([[-20 * w[0], 10.0], [-1.0, 0.0]]),
        dim=2,
        ambient_dim=2,
        told=told,
    )


def on(immersion, target, start):
    """The squared loss on an immersion, and a starting point."""
    M = rg.ImmersedManifold(immersion)
    return rg.Problem(M, rg.SquaredLoss(target)), M.point(start)


def cosine(problem, point):
    """|P s| / |s| through numpy's least squares, for a loss with a diagonal Hessian."""
    root = np.sqrt(problem.loss.hessian_vp(point.outputs, np.ones(point.size)))
    s = problem.loss.gradient(point.outputs) / root
    B = root[:, None] * problem.manifold.immersion.jacobian(point.params)
    if not np.any(s):
        return 0.0
    return np.linalg.norm(B @ np.linalg.lstsq(B, s, rcond=None)[0]) / np.linalg.norm(s)


def interrupted_at(at):
    """A problem that is interrupted at an evaluation of f."""

    def told(count):
        if count == at:
            raise KeyboardInterrupt

    quiet = valley()
    M = rg.ImmersedManifold(quiet)
    x = M.point([-1.2, 1.0])
    quiet._told, quiet.count = told, 0
    return rg.Problem(M, rg.SquaredLoss([0.0, 0.0])), x
