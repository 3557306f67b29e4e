"""Runs to interrupt, one of each kind that a method treats in its own way."""

import autograd.numpy as anp
import numpy as np

import riemgn as rg

FACTS = (
    "cost",
    "cost_evaluations",
    "gradient_norm",
    "optimality",
    "success",
    "ending",
    "stopping_criterion",
)
COLUMNS = ("iteration", "cost", "size", "step", "damping", "evaluations", "optimality")


def noisy_network():
    """More outputs than parameters and noise: the default method takes subspace steps."""
    generator = np.random.default_rng(0)
    X = generator.normal(size=(40, 3))
    net = rg.Network([3, 4, 1])
    M = rg.OutputManifold(net, X)
    target = np.sin(X[:, 0]) + 0.3 * generator.normal(size=40)
    return rg.Problem(M, rg.SquaredLoss(target)), M.point(net.init(seed=0))


def wide_network():
    """More parameters than outputs: the kernel form."""
    generator = np.random.default_rng(1)
    X = generator.normal(size=(10, 2))
    net = rg.Network([2, 8, 1])
    M = rg.OutputManifold(net, X)
    return rg.Problem(M, rg.SquaredLoss(3 * generator.normal(size=10))), M.point(net.init(seed=1))


def decay(watch=lambda: None):
    """A curve with parameters of their own units: the default method takes dense Newton steps."""
    t = np.linspace(0, 10, 33)

    def model(b):
        watch()
        return b[0] + b[1] * anp.exp(-t * b[3]) + b[2] * anp.exp(-t * b[4])

    noise = 0.02 * np.random.default_rng(2).normal(size=33)
    M = rg.ImmersedManifold(rg.autograd_immersion(model, dim=5, ambient_dim=33))
    target = model(np.array([0.4, 1.9, -1.5, 0.3, 1.0])) + noise
    return rg.Problem(M, rg.SquaredLoss(target)), M.point([0.5, 1.5, -1.0, 0.1, 2.0])


def logistic_network():
    """A loss whose Hessian is not the identity."""
    generator = np.random.default_rng(3)
    X = generator.normal(size=(50, 2))
    labels = (X[:, 0] * X[:, 1] + 0.5 * generator.normal(size=50) > 0).astype(int)
    net = rg.Network([2, 4, 1])
    M = rg.OutputManifold(net, X)
    return rg.Problem(M, rg.LogisticLoss(labels, ridge=0.01)), M.point(net.init(seed=3))


CASES = {case.__name__: case for case in (noisy_network, wide_network, decay, logistic_network)}


def stopping_at(iteration):
    """A callback that ends a run at an iteration."""

    def callback(record):
        if record.iteration == iteration:
            raise StopIteration

    return callback


def difference(one, other):
    """What differs between two results in any bit, wall time aside; None if nothing does."""
    if len(one.history) != len(other.history):
        return f"{len(one.history)} records, {len(other.history)} records"
    for a, b in zip(one.history, other.history, strict=True):
        for name in COLUMNS:
            if getattr(a, name) != getattr(b, name):
                return f"{name} of record {a.iteration}"
        if not _same_point(a.point, b.point):
            return f"point of record {a.iteration}"
    if not _same_point(one.point, other.point):
        return "the returned point"
    for name in (
        "cost",
        "cost_evaluations",
        "gradient_norm",
        "optimality",
        "success",
        "ending",
        "stopping_criterion",
    ):
        if getattr(one, name) != getattr(other, name):
            return f"{name}: {getattr(one, name)!r} and {getattr(other, name)!r}"
    return None


def _same_point(one, other):
    if one is None or other is None:
        return one is other
    return np.array_equal(one.params, other.params) and np.array_equal(one.outputs, other.outputs)
