"""A wrong factor or sign in a problem, or in a loss, makes the check name its law."""

import numpy as np
import pymanopt
import pytest
from kit_cases import Torus, failing_laws, going_wrong, times

import riemgn as rg
from riemgn.linalg.roots import DiagonalRoot
from riemgn.testing import check_problem
from riemgn.testing.problem_laws import PROBLEM_LAWS

W = np.array([0.4, 0.7])


class Quartic(rg.Loss):
    """sum u^4 / 12 + u^2 / 2, with all that a loss may give."""

    def value(self, u):
        u = np.asarray(u)
        return float(np.sum(u**4 / 12 + u**2 / 2))

    def gradient(self, u):
        return np.asarray(u) ** 3 / 3 + u

    def hessian_vp(self, u, v):
        return (np.asarray(u) ** 2 + 1) * v

    def third_derivative(self, u, a, b):
        return 2 * np.asarray(u) * a * b

    def hessian_root(self, u):
        return DiagonalRoot(np.sqrt(np.asarray(u) ** 2 + 1))

    def whitened_gradient(self, u):
        return self.gradient(u) / np.sqrt(np.asarray(u) ** 2 + 1)


def with_loss(**methods):
    return rg.Problem(rg.ImmersedManifold(Torus()), going_wrong(Quartic, **methods)())


def with_function(**functions):
    """A plain pymanopt problem on the sphere, right where nothing else is given."""
    sphere = pymanopt.manifolds.Sphere(4)
    weights = np.arange(1.0, 5.0)
    numpy = pymanopt.function.numpy(sphere)
    right = {
        "cost": lambda x: 0.5 * x @ (weights * x),
        "euclidean_gradient": lambda x: weights * x,
        "euclidean_hessian": lambda x, v: weights * v,
    }
    preconditioner = functions.pop("preconditioner", None)
    given = {name: numpy(function) for name, function in (right | functions).items()}
    if "riemannian_gradient" in functions:
        del given["euclidean_gradient"]
    if "riemannian_hessian" in functions:
        del given["euclidean_hessian"]
    return pymanopt.Problem(sphere, **given, preconditioner=preconditioner)


def hessian_and(extra):
    right = with_function()
    return lambda x, v: right.riemannian_hessian(x, v) + extra(x, v)


def one_turn(x, v):
    A = np.triu(np.ones((4, 4)))
    return right_projection(x, (A - A.T) @ right_projection(x, v))


def right_projection(x, v):
    return v - (x @ v) * x


WRONG_PROBLEMS = {
    "cost is finite and repeatable": lambda: with_function(cost=lambda x: np.nan),
    "Riemannian gradient is the derivative of the cost": lambda: with_function(
        euclidean_gradient=lambda x: 0.9 * np.arange(1.0, 5.0) * x
    ),
    "Riemannian gradient is tangent": lambda: with_function(
        riemannian_gradient=lambda x: np.arange(1.0, 5.0) * x
    ),
    "Euclidean gradient is the derivative of the cost": lambda: with_function(
        euclidean_gradient=lambda x: -np.arange(1.0, 5.0) * x
    ),
    "Riemannian Hessian is the second derivative of the cost": lambda: with_function(
        euclidean_hessian=lambda x, v: 0.9 * np.arange(1.0, 5.0) * v
    ),
    "Riemannian Hessian is the derivative of the gradient": lambda: with_function(
        euclidean_hessian=lambda x, v: 2 * np.arange(1.0, 5.0) * v
    ),
    "Riemannian Hessian is symmetric": lambda: with_function(
        riemannian_hessian=hessian_and(lambda x, v: 0.1 * one_turn(x, v))
    ),
    "Riemannian Hessian is linear": lambda: with_function(
        riemannian_hessian=hessian_and(lambda x, v: 0.1 * right_projection(x, np.abs(v)))
    ),
    "Riemannian Hessian is tangent": lambda: with_function(
        riemannian_hessian=hessian_and(lambda x, v: 0.1 * x)
    ),
    "preconditioner is symmetric and positive": lambda: with_function(
        preconditioner=lambda x, v: -v
    ),
    "preconditioner is tangent": lambda: with_function(preconditioner=lambda x, v: v + x),
    "loss gradient is the derivative of its value": lambda: with_loss(gradient=times(0.9)),
    "loss Hessian is the derivative of its gradient": lambda: with_loss(hessian_vp=times(2)),
    "loss Hessian is symmetric": lambda: with_loss(
        hessian_vp=lambda self, right, u, v: right(u, v) + 0.1 * v[0]
    ),
    "loss third derivative is that of its Hessian": lambda: with_loss(third_derivative=times(-1)),
    "loss Hessian root is a root of the Hessian": lambda: with_loss(
        hessian_root=lambda self, right, u: DiagonalRoot(np.asarray(u) ** 2 + 1)
    ),
    "loss whitened gradient is the gradient through the root": lambda: with_loss(
        whitened_gradient=times(0.9)
    ),
}


@pytest.mark.parametrize("name", [law.name for law in PROBLEM_LAWS])
def test_a_wrong_problem_is_named(name):
    assert failing_laws(check_problem, WRONG_PROBLEMS[name](), laws=name) == [name]


def test_the_right_problems_hold():
    assert failing_laws(check_problem, with_loss(), W) == []
    assert failing_laws(check_problem, with_function()) == []
