"""Processes killed while they write a checkpoint, and at any other moment: nothing is lost."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("killed_runs.py")


def output_of(*arguments):
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, SCRIPT, *map(str, arguments)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked to be killed")
@pytest.mark.parametrize(
    ("case", "stride"),
    [
        ("decay", 7),
        pytest.param("decay", 1, marks=pytest.mark.slow),
        pytest.param("noisy_network", 1, marks=pytest.mark.slow),
        pytest.param("wide_network", 1, marks=pytest.mark.slow),
    ],
)
def test_a_run_killed_within_any_write_loses_nothing(tmp_path, case, stride):
    killed = output_of("in-writes", case, stride, tmp_path)
    assert int(killed) > 60 / stride


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked to be killed")
@pytest.mark.parametrize("count", [5, pytest.param(100, marks=pytest.mark.slow)])
def test_a_run_killed_at_any_moment_loses_nothing(tmp_path, count):
    killed = output_of("at-random", "noisy_network", count, tmp_path)
    assert int(killed) > count / 2
