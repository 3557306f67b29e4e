"""Moré, Garbow and Hillstrom's problems: their formulas, starts and minima."""

import autograd.numpy as anp
import numpy as np
import pytest
import scipy.optimize
from autograd import hessian, jacobian

from riemgn.benchmark.collection import INSTANCES, functions

BY_NAME = {instance.name: instance for instance in INSTANCES}
MINIMA = [
    pytest.param(instance, minimum, id=f"{instance.name}: {minimum.value:.6g}")
    for instance in INSTANCES
    for minimum in instance.minima
]
FINITE = [case for case in MINIMA if case.values[1].kind in ("global", "local", "stationary")]
# Norms of the residuals at 1, 10 and 100 times the standard start and at the end of `lmder` from
# there, as MINPACK's own driver prints them in its reference results.
REFERENCE = {
    "Linear, full rank, n = 10": [(5.0000000e00, 2.2360680e00)],
    "Linear, full rank, n = 50": [(8.0622577e00, 6.7082039e00)],
    "Linear, rank 1, n = 10": [(2.9152187e02, 1.4638501e00)],
    "Linear, rank 1, n = 50": [(3.1016004e03, 3.4826302e00)],
    "Linear, rank 1 with zeros, n = 10": [(1.2603968e02, 1.9097274e00)],
    "Linear, rank 1 with zeros, n = 50": [(1.7489500e03, 3.6917294e00)],
    "Rosenbrock": [(4.9193496e00, 0.0), (1.3400631e03, 0.0), (1.4300005e05, 0.0)],
    "Helical valley": [(5.0000000e01, 0.0), (1.0295630e02, 0.0), (9.9126182e02, 0.0)],
    "Powell singular": [(1.4662878e01, 0.0), (1.2709839e03, 0.0), (1.2688790e05, 0.0)],
    "Freudenstein-Roth": [
        (2.0012496e01, 6.9988752e00),
        (1.2432834e04, 6.9988752e00),
        (1.1426455e07, 6.9988752e00),
    ],
    "Bard": [
        (6.4561363e00, 9.0635960e-02),
        (3.6141853e01, 4.1747687e00),
        (3.8411468e02, 4.1747687e00),
    ],
    "Kowalik-Osborne": [
        (7.2891510e-02, 1.7535838e-02),
        (2.9793701e00, 3.2052193e-02),
        (2.9959062e01, 1.7535838e-02),
    ],
    "Meyer": [(4.1153467e04, 9.3779451e00), (4.1682169e06, None)],  # the second hit its limit
    "Watson 6": [
        (5.4772256e00, 4.7829594e-02),
        (6.4331258e03, 4.7829594e-02),
        (6.7425604e05, 4.7829594e-02),
    ],
    "Watson 9": [
        (5.4772256e00, 1.1831146e-03),
        (1.2088127e04, 1.1831146e-03),
        (1.2691093e06, 1.1831146e-03),
    ],
    "Watson 12": [
        (5.4772256e00, 2.1731040e-05),
        (1.9220759e04, 2.1731040e-05),
        (2.0189180e06, 2.1731040e-05),
    ],
    "Box": [(3.2111584e01, 0.0)],
    "Jennrich-Sampson": [(6.4585650e01, 1.1151779e01)],
    "Brown-Dennis": [
        (2.8154384e03, 2.9295429e02),
        (5.5507335e05, 2.9295427e02),
        (6.1211252e07, 2.9295431e02),
    ],
    "Chebyquad 1, n = 8": [
        (1.8862380e00, 1.8862380e00),
        (5.3833444e09, 1.8842482e00),
        (1.1808873e18, 1.8842482e00),
    ],
    "Chebyquad 8": [(1.9651386e-01, 5.9303236e-02)],
    "Chebyquad 9": [(1.6994993e-01, 0.0)],
    "Chebyquad 10": [(1.8374783e-01, 8.0647100e-02)],
    "Brown almost linear 10": [(1.6530216e01, 0.0), (9.7656240e06, 0.0), (9.7656250e16, 0.0)],
    "Brown almost linear 30": [(8.3476044e01, 0.0)],
    "Brown almost linear 40": [(1.2802636e02, 0.0)],
    "Osborne 1": [(9.3756402e-01, 7.3924926e-03)],
    "Osborne 2": [(1.4468654e00, 2.0034404e-01)],
}
REFERENCE_RUNS = [
    pytest.param(BY_NAME[name], factor, first, last, id=f"{name} x{factor}")
    for name, runs in REFERENCE.items()
    for factor, (first, last) in zip((1, 10, 100), runs, strict=False)
]


def sum_of_squares(instance):
    return lambda x: anp.sum(instance.function(x) ** 2)


def test_the_sizes_are_those_of_the_drivers_28_lines():
    assert len(INSTANCES) == len(BY_NAME) == 28
    for instance in INSTANCES:
        assert instance.function(instance.start()).shape == (instance.n,)
        assert all(len(minimum.point) == instance.p for minimum in instance.minima)


@pytest.mark.parametrize(("instance", "factor", "first", "last"), REFERENCE_RUNS)
def test_norms_agree_with_minpacks_reference_results(instance, factor, first, last):
    norm = np.linalg.norm(instance.function(instance.start(factor)))
    assert norm == pytest.approx(first, rel=1e-7)
    if last is not None:
        assert instance.reached(last**2, factor) is not None


def test_the_reference_results_are_all_53():
    assert len(REFERENCE_RUNS) == 53
    assert REFERENCE.keys() == BY_NAME.keys()


@pytest.mark.parametrize("instance", INSTANCES, ids=lambda instance: instance.name)
def test_jacobian_by_autograd_agrees_with_differences(instance):
    # away from the start, whose symmetry hides terms
    x = instance.start() * np.linspace(1.01, 1.07, instance.p) + 0.01
    J = jacobian(instance.function)(x)
    differences = np.empty_like(J)
    for j in range(instance.p):
        h = 6e-6 * max(abs(x[j]), 1e-3)
        ahead, behind = x.copy(), x.copy()
        ahead[j] += h
        behind[j] -= h
        moved = instance.function(ahead) - instance.function(behind)
        differences[:, j] = moved / (ahead[j] - behind[j])
    scale = np.abs(J).max(axis=0) + np.abs(instance.function(x)).max() / 1e3
    assert np.max(np.abs(J - differences) / scale) < 1e-6


@pytest.mark.parametrize(("instance", "minimum"), MINIMA)
def test_minima_have_their_values(instance, minimum):
    value = instance.sum_of_squares(np.array(minimum.point))
    assert value == pytest.approx(minimum.value, rel=1e-9, abs=1e-25)


@pytest.mark.parametrize(("instance", "minimum"), FINITE)
def test_minima_are_first_order_points(instance, minimum):
    x = np.array(minimum.point)
    r, J = instance.function(x), jacobian(instance.function)(x)
    if minimum.value == 0.0:
        assert r @ r < 1e-25
        return
    J = J / np.maximum(np.linalg.norm(J, axis=0), 1e-300)
    tangent = J @ np.linalg.lstsq(J, r, rcond=1e-13)[0]
    assert np.linalg.norm(tangent) < 1e-6 * np.linalg.norm(r)


@pytest.mark.parametrize(
    ("instance", "minimum"), [case for case in FINITE if case.values[1].kind != "stationary"]
)
def test_minima_are_second_order_points(instance, minimum):
    x = np.array(minimum.point)
    H = hessian(sum_of_squares(instance))(x)
    d = np.sqrt(np.maximum(np.diag(H), 1e-300))
    assert np.linalg.eigvalsh(H / np.outer(d, d))[0] > -1e-9


@pytest.mark.parametrize("name", ["Bard", "Kowalik-Osborne"])
def test_a_minimum_at_infinity_is_approached_from_above(name):
    instance = BY_NAME[name]
    (minimum,) = (m for m in instance.minima if m.kind == "at infinity")
    far = np.array(minimum.point)
    grows = np.abs(far) > 1e6
    values = [
        instance.sum_of_squares(np.where(grows, far * share, far)) for share in (1e-6, 1e-5, 1e-4)
    ]
    assert values[0] > values[1] > values[2] > minimum.value


@pytest.mark.parametrize(("name", "factor"), [("Box", 100), ("Osborne 2", 10), ("Osborne 2", 100)])
def test_a_plateau_counts_only_from_starts_that_lie_on_it(name, factor):
    instance = BY_NAME[name]
    (minimum,) = (m for m in instance.minima if m.kind == "plateau")
    assert instance.reached(minimum.value, factor) is minimum
    assert instance.reached(minimum.value, 1) is None
    x = instance.start(factor)
    J = jacobian(instance.function)(x)
    without_effect = np.max(np.abs(J * x), axis=0) < 1e-40
    assert np.any(without_effect & (x != 0))


def test_the_helical_valleys_angle_has_the_published_branches():
    for x, turns in (
        ((2.0, 2.0), 0.125),
        ((-2.0, 2.0), 0.375),
        ((-2.0, -2.0), 0.625),
        ((2.0, -2.0), -0.125),
        ((0.0, 3.0), 0.25),
        ((0.0, -3.0), -0.25),
    ):
        first = functions.helical_valley(np.array([*x, 1.0]))[0]
        assert first == pytest.approx(10.0 * (1.0 - 10.0 * turns))


def test_chebyquads_polynomials_are_numpys():
    x = np.array([0.2, 0.7, 1.3])
    for i, residual in enumerate(functions.chebyquad(x, n=6), start=1):
        basis = np.polynomial.Chebyshev.basis(i, domain=[0, 1])
        integral = basis.integ()(1.0) - basis.integ()(0.0)
        assert residual == pytest.approx(np.mean(basis(x)) - integral, rel=1e-12)


def test_watsons_start_is_the_factor_itself():
    watson = BY_NAME["Watson 6"]
    assert np.array_equal(watson.start(), np.zeros(6))
    assert np.array_equal(watson.start(10), np.full(6, 10.0))
    assert np.array_equal(BY_NAME["Rosenbrock"].start(10), [-12.0, 10.0])


def test_solved_is_a_matter_of_six_digits_or_of_zero():
    freudenstein = BY_NAME["Freudenstein-Roth"]
    assert freudenstein.reached(48.98425, 1).kind == "local"
    assert freudenstein.reached(48.9844, 1) is None
    assert freudenstein.reached(1e-17, 1).kind == "global"
    assert freudenstein.reached(1e-15, 1) is None
    assert freudenstein.reached(np.nan, 1) is None
    assert BY_NAME["Watson 12"].reached(0.0, 1) is None


def test_far_starts_overflow_to_infinity_without_a_warning():
    sampson = BY_NAME["Jennrich-Sampson"]
    assert sampson.sum_of_squares(sampson.start(100)) == np.inf


@pytest.mark.parametrize("name", ["Bard", "Meyer", "Osborne 1", "Osborne 2", "Brown-Dennis"])
def test_scipy_arrives_at_the_lowest_minimum(name):
    instance = BY_NAME[name]
    result = scipy.optimize.least_squares(
        instance.function,
        instance.start(),
        jacobian(instance.function),
        method="lm",
        x_scale="jac",
        ftol=1e-15,
        xtol=1e-15,
        gtol=1e-15,
        max_nfev=2000,
    )
    assert instance.reached(2 * result.cost, 1) is instance.minima[0]
