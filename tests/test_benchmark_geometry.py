"""The benchmark of the geometry: its own forms, its table, and one small run beside geomstats."""

import subprocess
import sys

import numpy as np
import pytest
from manifold_cases import network_manifold
from rich.console import Console

from riemgn.benchmark import tables
from riemgn.benchmark.geometry import NETWORKS, GeometryRow, second_fundamental_forms


def test_the_networks_have_their_sizes():
    assert [hidden * (inputs + 2) + 1 for inputs, hidden in NETWORKS] == [7, 13, 25]


def test_all_forms_are_those_of_pairs():
    M, x = network_manifold(widths=(4, 2, 1), samples=20, seed=1)
    forms = second_fundamental_forms(M, x)
    J = x.jacobian
    for i, j in ((0, 0), (3, 9), (12, 1)):
        wanted = M.second_fundamental_form(x, J[:, i], J[:, j])
        np.testing.assert_allclose(forms[:, i, j], wanted, atol=1e-10)


def test_the_table_tells_ratios():
    console = Console(width=100)
    with console.capture() as said:
        console.print(tables.geometry([GeometryRow("metric", 7, 1e-4, 0.02, 3e-15)], 50))
    line = next(line for line in said.get().splitlines() if line.startswith("  metric"))
    assert line.split() == ["metric", "7", "0.100", "20.0", "200", "3e-15"]


RUN = """
from riemgn.benchmark import geometry
geometry.NETWORKS = ((2, 1),)
for row in geometry.compared(8, sectional=True):
    print(row.quantity.replace(" ", "-"), row.p, row.difference < 1e-8, row.theirs > row.ours)
"""


@pytest.mark.slow
def test_a_small_run_agrees_with_geomstats():
    done = subprocess.run(
        [sys.executable, "-c", RUN], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    names = "metric", "Christoffel-symbols", "second-fundamental-form", "sectional-curvature"
    assert [line.split() for line in done] == [[name, "5", "True", "True"] for name in names]
