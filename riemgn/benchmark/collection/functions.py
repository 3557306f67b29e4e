"""The 18 residual functions of Moré, Garbow and Hillstrom's least-squares collection.

J. J. Moré, B. S. Garbow, K. E. Hillstrom, "Testing unconstrained optimization software", ACM
Transactions on Mathematical Software 7 (1981), 17-41, and Algorithm 566; the formulas and data are
theirs. Each function takes x (p,) and returns residuals (n,); where n is free it is an argument.
All are written with `autograd.numpy`. Nothing is clipped: far from the minimum some overflow.
"""

from __future__ import annotations

from functools import reduce
from operator import mul

import autograd.numpy as np

from riemgn.benchmark.collection import data


def linear_full_rank(x, n: int):
    """Linear, rank p."""
    padded = np.concatenate([x, np.zeros(n - len(x))])
    return padded - 2.0 * np.sum(x) / n - 1.0


def linear_rank_one(x, n: int):
    """Linear, rank 1."""
    return np.arange(1, n + 1) * np.dot(np.arange(1, len(x) + 1), x) - 1.0


def linear_rank_one_with_zeros(x, n: int):
    """Linear, rank 1, with zero first and last rows and columns."""
    inner = np.dot(np.arange(2, len(x)), x[1:-1])
    rows = np.concatenate([[0.0], np.arange(1.0, n - 1), [0.0]])
    return rows * inner - 1.0


def rosenbrock(x):
    """Rosenbrock's curved valley."""
    return np.array([10.0 * (x[1] - x[0] ** 2), 1.0 - x[0]])


def helical_valley(x):
    """Fletcher and Powell's helical valley.

    The angle is arctan(x2 / x1), plus a half turn where x1 < 0: it runs from -1/4 to 3/4 of a turn
    and jumps where x1 = 0 and x2 < 0. The one formula below has that range and that jump.
    """
    turns = 0.25 + np.arctan2(-x[0], x[1]) / (2.0 * np.pi)
    radius = np.sqrt(x[0] ** 2 + x[1] ** 2)
    return np.array([10.0 * (x[2] - 10.0 * turns), 10.0 * (radius - 1.0), x[2]])


def powell_singular(x):
    """Powell's function, whose Jacobian is singular at the minimum."""
    return np.array(
        [
            x[0] + 10.0 * x[1],
            np.sqrt(5.0) * (x[2] - x[3]),
            (x[1] - 2.0 * x[2]) ** 2,
            np.sqrt(10.0) * (x[0] - x[3]) ** 2,
        ]
    )


def freudenstein_roth(x):
    """Freudenstein and Roth's two cubics."""
    return np.array(
        [
            -13.0 + x[0] + ((5.0 - x[1]) * x[1] - 2.0) * x[1],
            -29.0 + x[0] + ((x[1] + 1.0) * x[1] - 14.0) * x[1],
        ]
    )


def bard(x):
    """Bard's rational model, n = 15."""
    u = np.arange(1.0, 16.0)
    v = 16.0 - u
    w = np.minimum(u, v)
    return data.BARD - (x[0] + u / (x[1] * v + x[2] * w))


def kowalik_osborne(x):
    """Kowalik and Osborne's rational model of an enzyme reaction, n = 11."""
    u = data.KOWALIK_OSBORNE_U
    return data.KOWALIK_OSBORNE - x[0] * (u**2 + u * x[1]) / (u**2 + u * x[2] + x[3])


def meyer(x):
    """Meyer's model of a thermistor's resistance, n = 16."""
    t = 45.0 + 5.0 * np.arange(1, 17)
    return x[0] * np.exp(x[1] / (t + x[2])) - data.MEYER


def watson(x):
    """Watson's polynomial solution of a differential equation, n = 31."""
    t = np.arange(1, 30) / 29.0
    j = np.arange(len(x))
    slope = np.dot(t[:, None] ** (j[1:] - 1), j[1:] * x[1:])
    value = np.dot(t[:, None] ** j, x)
    ends = np.array([x[0], x[1] - x[0] ** 2 - 1.0])
    return np.concatenate([slope - value**2 - 1.0, ends])


def box(x, n: int = 10):
    """Box's difference of exponentials."""
    t = np.arange(1, n + 1) / 10.0
    return np.exp(-t * x[0]) - np.exp(-t * x[1]) - x[2] * (np.exp(-t) - np.exp(-10.0 * t))


def jennrich_sampson(x, n: int = 10):
    """Jennrich and Sampson's sum of two exponentials, whose data it cannot fit."""
    i = np.arange(1, n + 1)
    return 2.0 + 2.0 * i - (np.exp(i * x[0]) + np.exp(i * x[1]))


def brown_dennis(x, n: int = 20):
    """Brown and Dennis' sums of squares: large residuals."""
    t = np.arange(1, n + 1) / 5.0
    first = x[0] + t * x[1] - np.exp(t)
    second = x[2] + x[3] * np.sin(t) - np.cos(t)
    return first**2 + second**2


def chebyquad(x, n: int):
    """Fletcher's quadrature: means of shifted Chebyshev polynomials less their integrals."""
    z = 2.0 * x - 1.0
    before, now = np.ones(len(x)), z
    residuals = []
    for degree in range(1, n + 1):
        integral = 0.0 if degree % 2 else -1.0 / (degree**2 - 1)
        residuals.append(np.mean(now) - integral)
        before, now = now, 2.0 * z * now - before
    return np.array(residuals)


def brown_almost_linear(x):
    """Brown's almost linear system: p - 1 linear residuals and a product of all parameters."""
    linear = x[:-1] + np.sum(x) - (len(x) + 1.0)
    product = reduce(mul, [x[j] for j in range(len(x))])  # np.prod has no derivative at zeros
    return np.concatenate([linear, np.array([product - 1.0])])


def osborne_one(x):
    """Osborne's constant and two exponentials, n = 33."""
    t = 10.0 * np.arange(33)
    return data.OSBORNE_ONE - (x[0] + x[1] * np.exp(-t * x[3]) + x[2] * np.exp(-t * x[4]))


def osborne_two(x):
    """Osborne's exponential and three Gaussian peaks, n = 65."""
    t = np.arange(65) / 10.0
    model = x[0] * np.exp(-t * x[4])
    for height, width, centre in ((1, 5, 8), (2, 6, 9), (3, 7, 10)):
        model = model + x[height] * np.exp(-((t - x[centre]) ** 2) * x[width])
    return data.OSBORNE_TWO - model
