"""Geometry of networks against geomstats' automatic PullbackMetric (autograd, another process)."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from geomstats_reference import NAMES, network

import riemgn as rg

SCRIPT = Path(__file__).with_name("geomstats_reference.py")


def reference(folder, inputs, hidden, samples, names):
    file = folder / "reference.npz"
    sizes = [str(size) for size in (inputs, hidden, samples)]
    subprocess.run([sys.executable, SCRIPT, file, *sizes, ",".join(names)], check=True)
    return np.load(file)


def same_network(inputs, hidden, samples):
    X, w, _ = network(inputs, hidden, samples)
    M = rg.OutputManifold(rg.Network([inputs, hidden, 1]), X)
    return M, M.point(w)


def close(got, wanted):
    np.testing.assert_allclose(got, wanted, atol=1e-8 * np.abs(wanted).max())


def check_first_and_second_order(M, x, wanted):
    close(x.jacobian.T @ x.jacobian, wanted["metric"])
    assert M.volume_element(x) == pytest.approx(np.sqrt(np.linalg.det(wanted["metric"])), rel=1e-6)
    close(M.christoffel_symbols(x), wanted["christoffels"])
    J, forms = x.jacobian, wanted["second_fundamental_form"]
    got = [[M.second_fundamental_form(x, a, b) for b in J.T] for a in J.T]
    close(np.moveaxis(got, 2, 0), forms)
    # geomstats' own mean curvature vector leaves out the 1 / d that its documentation has
    mean = np.einsum("ij,aij->a", np.linalg.inv(wanted["metric"]), forms) / M.dim
    close(M.mean_curvature(x), mean)


@pytest.mark.slow
@pytest.mark.parametrize(("inputs", "hidden"), [(4, 1), (2, 2), (3, 2), (4, 2)])
def test_symbols_and_second_fundamental_form(inputs, hidden, tmp_path):
    M, x = same_network(inputs, hidden, samples=30)
    assert 7 <= M.dim <= 13
    check_first_and_second_order(M, x, reference(tmp_path, inputs, hidden, 30, NAMES[:3]))


@pytest.mark.slow
def test_riemann_ricci_and_sectional_curvature(tmp_path):
    M, x = same_network(2, 1, samples=12)
    wanted = reference(tmp_path, 2, 1, 12, NAMES)
    check_first_and_second_order(M, x, wanted)
    J, p = x.jacobian, M.dim
    R, G = wanted["riemann"], wanted["metric"]
    # geomstats' R_ijkl is <R(x_k, x_l) x_j, x_i>
    got = np.array(
        [[[[M.riemann(x, c, d, b, a) for d in J.T] for c in J.T] for b in J.T] for a in J.T]
    )
    close(got, R)
    ricci = np.einsum("ki,ijkl->jl", np.linalg.inv(G), R)
    close([[M.ricci(x, a, b) for b in J.T] for a in J.T], ricci)
    assert M.scalar_curvature(x) == pytest.approx(np.trace(np.linalg.solve(G, ricci)), rel=1e-8)
    for i, j in zip(*np.triu_indices(p, 1), strict=True):
        sectional = R[i, j, i, j] / (G[i, i] * G[j, j] - G[i, j] ** 2)
        assert M.sectional_curvature(x, J[:, i], J[:, j]) == pytest.approx(
            sectional, rel=1e-8, abs=1e-8 * np.abs(R).max()
        )
