"""Manifolds with closed derivatives for the tests of the kit, and manifolds that go wrong."""

import numpy as np

import riemgn as rg


class Torus(rg.Immersion):
    """Radii 2 and 1 in R^3, with all derivatives written out."""

    dim, ambient_dim = 2, 3

    def __call__(self, w):
        r = 2 + np.cos(w[0])
        return np.array([r * np.cos(w[1]), r * np.sin(w[1]), np.sin(w[0])])

    def jacobian(self, w):
        r, dr, c, s = 2 + np.cos(w[0]), -np.sin(w[0]), np.cos(w[1]), np.sin(w[1])
        return np.array([[dr * c, -r * s], [dr * s, r * c], [np.cos(w[0]), 0.0]])

    def second_derivative(self, w, xi, eta):
        first, mixed, second = self._bends(w)
        cross = xi[0] * eta[1] + xi[1] * eta[0]
        return first * xi[0] * eta[0] + mixed * cross + second * xi[1] * eta[1]

    def hessian_vp(self, w, normal, xi):
        first, mixed, second = (bend @ normal for bend in self._bends(w))
        return np.array([first * xi[0] + mixed * xi[1], mixed * xi[0] + second * xi[1]])

    def _bends(self, w):
        r, dr, c, s = 2 + np.cos(w[0]), -np.sin(w[0]), np.cos(w[1]), np.sin(w[1])
        first = np.array([-np.cos(w[0]) * c, -np.cos(w[0]) * s, -np.sin(w[0])])
        return first, np.array([-dr * s, dr * c, 0.0]), np.array([-r * c, -r * s, 0.0])


class Linear(rg.Immersion):
    """A plane in R^3."""

    dim, ambient_dim = 2, 3
    matrix = np.array([[1.0, 2.0], [1.0, -1.0], [0.0, 3.0]])

    def __call__(self, w):
        return self.matrix @ w

    def jacobian(self, w):
        return self.matrix.copy()

    def second_derivative(self, w, xi, eta):
        return np.zeros(3)

    def hessian_vp(self, w, normal, xi):
        return np.zeros(2)


def going_wrong(base, **methods):
    """A subclass whose methods take what is right: `method(self, right, *args)`."""

    def wrong(name, method):
        def called(self, *args, **kwargs):
            right = getattr(super(subclass, self), name)
            return method(self, right, *args, **kwargs)

        return called

    subclass = type(f"Wrong{base.__name__}", (base,), {})
    for name, method in methods.items():
        setattr(subclass, name, wrong(name, method))
    return subclass


def times(factor):
    """A method that answers with a multiple of what is right."""
    return lambda self, right, *args, **kwargs: factor * right(*args, **kwargs)


def failing_laws(check, *args, **options):
    """The names of the laws that a check says to fail by what it measured; none where it passes."""
    try:
        report = check(*args, **options)
    except AssertionError as caught:
        report, told = caught.report, str(caught)
    else:
        told = ""
    names = [verdict.law.name for verdict in report.failures]
    assert all(verdict.measured is not None for verdict in report.failures), told
    assert all(name in told for name in names)
    assert told.startswith(names[0] if names else "")
    return names
