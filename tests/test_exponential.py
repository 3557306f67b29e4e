"""The exponential integrator of stiff flows: phi functions, order, interpolant, error control."""

from itertools import pairwise

import mpmath
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from riemgn.flows.exponential import ExponentialRungeKutta, GramPart, KernelPart, phi, stiff_part


@pytest.mark.parametrize("k", range(6))
def test_phi_functions_against_their_integrals(k):
    z = np.array([0.0, -1e-12, -1e-3, -0.5, -0.999, -1.0, -1.5, -20.0, -1e3, -1e8])
    with mpmath.workdps(150):
        exact = [
            1 / mpmath.factorial(k)
            if x == 0
            else (mpmath.exp(x) - sum(mpmath.mpf(x) ** j / mpmath.factorial(j) for j in range(k)))
            / mpmath.mpf(x) ** k
            for x in z
        ]
    assert phi(k, z) == pytest.approx(np.array(exact, dtype=float), rel=2e-14, abs=1e-300)


@pytest.mark.parametrize(("n", "p"), [(9, 4), (4, 9)])
def test_stiff_part_is_the_matrix_function(linear_map, n, p):
    B = np.random.default_rng(0).normal(size=(n, p))
    part, x = stiff_part(linear_map(B)), np.random.default_rng(1).normal(size=p)
    assert isinstance(part, KernelPart if p > n else GramPart)
    values, V = np.linalg.eigh(B.T @ B)
    assert part.times(x) == pytest.approx(-(B.T @ (B @ x)), rel=1e-12)
    weights, h = {0: 0.5, 1: 2.0, 3: -4.0}, 0.7
    factors = sum(c * phi(k, -h * np.maximum(values, 0)) for k, c in weights.items())
    assert part.phis(weights, h, x) == pytest.approx(V @ (factors * (V.T @ x)), rel=1e-11)
    assert part.seen(x) == pytest.approx(B @ x)


class Stiff:
    """y' = -D y + sin(y) + cos t-free coupling, with rates from 1e-2 to 1e4."""

    def __init__(self, linear_map):
        self.B = linear_map(np.diag(np.sqrt(np.logspace(-2, 4, 5))))
        self.shift = np.roll(np.eye(5), 1, axis=0)

    def __call__(self, t, y):
        return -(self.B.gram() @ y) + np.sin(self.shift @ y) + 1.0

    def solver(self, t_bound, tolerance):
        return ExponentialRungeKutta(
            self,
            0.0,
            np.ones(5),
            t_bound,
            stiff=lambda y: stiff_part(self.B),
            reach=1.0,
            rtol=tolerance,
            atol=tolerance,
        )


def run(solver):
    pieces = []
    while solver.status == "running":
        solver.step()
        pieces.append(solver.dense_output())
    assert solver.status == "finished"
    return solver, pieces


@pytest.mark.slow
def test_error_follows_the_tolerance_at_few_steps(linear_map):
    stiff = Stiff(linear_map)
    own = solve_ivp(stiff, (0, 2), np.ones(5), method="Radau", rtol=1e-12, atol=1e-13)
    errors = []
    for tolerance in (1e-4, 1e-6, 1e-8):
        solver, _ = run(stiff.solver(2.0, tolerance))
        errors.append(np.abs(solver.y - own.y[:, -1]).max())
        assert errors[-1] < tolerance
    assert errors[2] < 1e-2 * errors[0]
    assert solver.nfev < 10_000  # explicit methods need 2e4 for stability alone


def test_order_is_four(linear_map):
    # a nonlinear problem that is not stiff: the classical order
    B = linear_map(np.diag([1.0, 0.7, 1.3]))

    def rate(t, y):
        return -(B.gram() @ y) + np.cos(np.roll(y, 1)) * y

    own = solve_ivp(rate, (0, 1), np.ones(3), method="DOP853", rtol=1e-13, atol=1e-14)
    errors, steps = [], [4, 8, 16, 32]
    for count in steps:
        solver = ExponentialRungeKutta(
            rate, 0.0, np.ones(3), 1.0, stiff=lambda y: stiff_part(B), reach=1.0, rtol=1e9, atol=1e9
        )
        while solver.status == "running":
            solver.h_abs = 1.0 / count
            solver.step()
        errors.append(np.abs(solver.y - own.y[:, -1]).max())
    slope = np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert -4.6 < slope < -3.7


def test_interpolant_joins_the_steps(linear_map):
    stiff = Stiff(linear_map)
    own = solve_ivp(
        stiff, (0, 2), np.ones(5), method="Radau", rtol=1e-12, atol=1e-13, dense_output=True
    )
    _, pieces = run(stiff.solver(2.0, 1e-6))
    for before, after in pairwise(pieces):
        assert before(before.t) == pytest.approx(after(after.t_old), rel=1e-12)
        middle = 0.5 * (after.t_old + after.t)
        assert np.abs(after(middle) - own.sol(middle)).max() < 1e-4
    several = pieces[0](np.array([0.0, pieces[0].t]))
    assert several.shape == (5, 2)
    assert several[:, 0] == pytest.approx(np.ones(5))


def test_a_rate_that_is_not_finite_shortens_the_step_until_none_is_left(linear_map):
    def wall(t, y):
        return np.where(y < 2.0, 1.0, np.nan)

    solver = ExponentialRungeKutta(
        wall,
        0.0,
        np.ones(2),
        5.0,
        stiff=lambda y: stiff_part(linear_map(np.zeros((3, 2)))),
        reach=1.0,
        rtol=1e-6,
        atol=1e-6,
    )
    while solver.status == "running":
        solver.step()
    assert solver.status == "failed"
    assert solver.t == pytest.approx(1.0, abs=1e-6)
