"""Derivatives of an immersion against central differences of its values."""

import numpy as np


def check_by_differences(f, w, seed=1, digits=5):
    """Every derivative of f against central differences of its values."""
    generator = np.random.default_rng(seed)
    xi, eta = generator.normal(size=(2, f.dim))
    v = generator.normal(size=f.ambient_dim)
    h = 1e-4

    def bend(a):
        return (f(w + h * a) - 2 * f(w) + f(w - h * a)) / h**2

    atol = 10.0**-digits
    J = np.stack([(f(w + h * e) - f(w - h * e)) / (2 * h) for e in np.eye(f.dim)], axis=1)
    mixed = (bend(xi + eta) - bend(xi - eta)) / 4
    hessian = np.stack([(bend(xi + e) - bend(xi - e)) / 4 @ v for e in np.eye(f.dim)])
    np.testing.assert_allclose(f.jacobian(w), J, atol=atol)
    np.testing.assert_allclose(f.jvp(w, xi), J @ xi, atol=atol)
    np.testing.assert_allclose(f.vjp(w, v), J.T @ v, atol=atol)
    np.testing.assert_allclose(f.second_derivative(w, xi, eta), mixed, atol=10 * atol)
    np.testing.assert_allclose(f.hessian_vp(w, v, xi), hessian, atol=10 * atol)
    np.testing.assert_allclose(f.tangent_kernel(w), J @ J.T, atol=atol)
