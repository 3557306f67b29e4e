"""How optimizers and dampings show themselves."""

import pytest

from riemgn import optimizers as opt
from riemgn.optimizers.hybrid_newton import HybridNewton

GAIN = "GainRatio(start=0.01, least_factor=0.1, bend_limit=0.75, wary_factor=0.1)"


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (opt.GaussNewton(), "GaussNewton('armijo')"),
        (opt.GaussNewton(0.5), "GaussNewton(0.5)"),
        (opt.LevenbergMarquardt(), f"LevenbergMarquardt({GAIN})"),
        (opt.LevenbergMarquardt(0.25), "LevenbergMarquardt(Fixed(0.25))"),
        (opt.LevenbergMarquardt("kernel"), "LevenbergMarquardt(KernelAdaptive(1))"),
        (opt.GainRatio(start=1e-3), GAIN.replace("0.01", "0.001")),
        (opt.KernelShifted(2.0), "KernelShifted(2)"),
        (HybridNewton(), "HybridNewton(way 1 of at most 6)"),
        (opt.LBFGS(), "LBFGS(memory=10)"),
        (opt.EulerSteps(0.1, 2), "EulerSteps(step_size=0.1, t_end=2)"),
        (opt.TaylorSteps(0.1, 2), "TaylorSteps(step_size=0.1, t_end=2)"),
    ],
)
def test_a_short_line_says_what_it_was_made_with(made, words):
    assert repr(made) == words
