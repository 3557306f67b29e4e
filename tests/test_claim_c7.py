"""C7: its measurements beside independent ones, and steps that must not pass for adaptive ones."""

import numpy as np
import pytest

from riemgn.plotting.style import new_figure
from riemgn.reproduction.claim import measured
from riemgn.reproduction.contraction import CLAIM
from riemgn.reproduction.contraction_verdict import free_bound
from riemgn.reproduction.damped_steps import damped_steps, linear_steps
from riemgn.reproduction.paired import nearly_linear_targets, paired_regression

pytestmark = pytest.mark.slow

SMALL = {"seeds": 1, "n": 6, "distances": [1e-1, 1e-5]}


def running_mean(iterates):
    return np.mean(iterates, axis=0)


def mostly_last(iterates):
    """A twentieth of the iterate before: contractions hardly differ, but for the first."""
    return 0.95 * iterates[-1] + 0.05 * iterates[max(len(iterates) - 2, 0)]


def steps_without(damping, target_size=1.0):
    case = paired_regression(0.1, 0, 6, alpha=1.0, target_size=target_size)
    return case, damped_steps(case, damping, 0.5, 6, 1e-9)


@pytest.fixture(scope="module")
def small():
    return [measured(CLAIM.measure, arguments) for arguments in CLAIM.pieces(**SMALL)]


@pytest.mark.slow
def test_it_holds_at_a_small_size(small):
    verdict = CLAIM.judge(small)
    assert verdict.holds, [check for check in verdict.checks if not check.holds]
    CLAIM.draw(verdict, new_figure())


@pytest.mark.slow
@pytest.mark.parametrize(
    "replaced", [{"damping": 0.3}, {"iterate": running_mean}], ids=["fixed damping", "mean"]
)
def test_it_does_not_hold_for(replaced):
    verdict = CLAIM.verdict(SMALL, **replaced)
    assert not verdict.holds
    failing = [check.name for check in verdict.checks if not check.holds]
    assert any("late contractions" in name for name in failing)


@pytest.mark.slow
def test_a_little_averaging_does_not_hold():
    verdict = CLAIM.verdict(SMALL, iterate=mostly_last)
    assert not verdict.holds
    failing = [check.name for check in verdict.checks if not check.holds]
    assert sum("beside that of linear f" in name for name in failing) == 3


@pytest.mark.slow
def test_an_optimizer_that_diverges_is_not_slow(small):
    def diverged(piece):
        if piece.arguments["part"] != "sweep":
            return piece
        return piece._replace(arrays=piece.arrays | {"fixed_left": np.array(np.inf)})

    failing = [check for check in CLAIM.judge(list(map(diverged, small))).checks if not check.holds]
    assert [check.name.split(":")[0] for check in failing] == [
        "optimizer, rho = 0.3, where it does not arrive"
    ]


@pytest.mark.slow
def test_pieces_are_deterministic():
    arguments = CLAIM.pieces(**SMALL)[0]
    first, second = (measured(CLAIM.measure, arguments).arrays for _ in range(2))
    assert all(np.array_equal(first[name], second[name], equal_nan=True) for name in first)


def test_steps_are_those_of_the_formula():
    """Beside dense linear algebra with the Jacobian: [(1 - rho) J^T J + rho I]^{-1} J^T g."""
    case, steps = steps_without(0.3)
    w, rho, y = case.point.params.copy(), 0.3, case.problem.loss.targets
    gaps = []
    for _ in range(steps.gaps.size):
        point = case.problem.manifold.point(w)
        J, g = point.jet.jacobian(), point.outputs - y
        gaps.append(0.5 * g @ g)
        w = w - 0.5 * J.T @ np.linalg.solve((1 - rho) * J @ J.T + rho * np.eye(6), g)
    np.testing.assert_allclose(steps.gaps, gaps, rtol=1e-9)
    np.testing.assert_allclose(steps.contractions, steps.gaps[1:] / steps.gaps[:-1])


def test_bends_bound_how_far_f_bends():
    case, steps = steps_without("shifted")
    model_step = 0.5 * shifted_step(case)
    ahead = case.problem.manifold.point(case.point.params + model_step).outputs
    bend = ahead - case.point.outputs - case.point.jet.jacobian() @ model_step
    assert np.linalg.norm(bend) / np.linalg.norm(case.problem.loss.targets) <= steps.bends[0]


def shifted_step(case):
    J, g = case.point.jet.jacobian(), -case.problem.loss.targets
    K = J @ J.T
    return -J.T @ np.linalg.solve(K + np.linalg.eigvalsh(K)[0] * np.eye(len(g)), g)


def test_small_targets_take_linear_steps():
    case = paired_regression(0.1, 0, 6, target_size=1e-3)
    steps = damped_steps(case, "shifted", 0.5, 5, 1e-9)
    values = np.linalg.svd(case.point.jet.jacobian(), compute_uv=False) ** 2
    linear = linear_steps(case, lambda x: 1 - 0.5 * x / (x + values[-1]), 5)
    np.testing.assert_allclose(steps.gaps, linear, rtol=1e-3)


@pytest.mark.parametrize("eta", [0.25, 0.5, 1.0])
def test_the_free_bound_bounds_every_mode(eta):
    """(1 - eta sigma)^2 for the speeds of kernel-adaptive damping, c = 1, over eigenvalues."""
    for least in (1e-6, 0.3, 0.99, 50.0):
        values = least * np.logspace(0, 9, 200)
        length = 1 + least if least <= 1 else 1.0
        speeds = length * values / (values + least)
        assert np.max((1 - eta * speeds) ** 2) <= free_bound(eta, least)


def test_steps_end_where_rounding_begins():
    case = paired_regression(1e-4, 0, 6, target_size=nearly_linear_targets(1e-4) * 1e-7)
    steps = damped_steps(case, "kernel", 1.0, 100, 1e-30)
    assert steps.contractions.size < 20
