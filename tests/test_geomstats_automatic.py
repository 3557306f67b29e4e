"""Output sets against geomstats' own PullbackMetric, by automatic differentiation."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("geomstats_automatic.py")


def agree(case):
    command = [sys.executable, "-W", "ignore", str(SCRIPT), case]
    environment = os.environ | {"GEOMSTATS_BACKEND": "autograd"}
    run = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-2000:]


@pytest.mark.slow
@pytest.mark.parametrize("case", ["first_order", "small_curvature", "curvature", "euler"])
def test_it_agrees(case):
    agree(case)
