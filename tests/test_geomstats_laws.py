"""geomstats' own test cases on output sets, on its numpy and on its autograd backend."""

import os
import subprocess
import sys

import numpy as np
import pytest
from geomstats.test_cases.geometry.base import ImmersedSetTestCase
from geomstats.test_cases.geometry.manifold import ManifoldTestCase
from geomstats.test_cases.geometry.pullback_metric import PullbackMetricTestCase
from geomstats.test_cases.geometry.riemannian_metric import RiemannianMetricTestCase
from geomstats_cases import NearbyData, Saddle, laws, network_space, run_law

from riemgn.geomstats import OutputSet

pytestmark = pytest.mark.slow

ON_SETS = sorted(laws(ManifoldTestCase))
ON_METRICS = sorted(laws(RiemannianMetricTestCase))

# Geodesics are integrated to about 1e-11 of their length, logarithms hit to 1e-10 of the chord.
ATOL = 1e-9


@pytest.fixture(scope="module")
def saddle():
    return NearbyData(OutputSet(Saddle()), np.array([0.4, -0.2]), 0.3)


@pytest.fixture(scope="module")
def network():
    return NearbyData(*network_space(), 0.02)


def test_the_cases_have_laws():
    assert len(ON_SETS) >= 8
    assert len(ON_METRICS) >= 33
    # connections are among them, and pullback metrics have no further ones
    assert laws(PullbackMetricTestCase) == set(ON_METRICS)


@pytest.mark.parametrize("law", ON_SETS)
def test_a_set(law, saddle, network):
    run_law(ManifoldTestCase, law, saddle, atol=1e-12)
    run_law(ManifoldTestCase, law, network, atol=1e-12)


@pytest.mark.parametrize("law", sorted(laws(ImmersedSetTestCase) - set(ON_SETS)))
def test_an_immersed_set(law, saddle):
    saddle.point_to_project = saddle.space.embedding_space.random_point
    run_law(ImmersedSetTestCase, law, saddle, atol=1e-9)


@pytest.mark.parametrize("law", ON_METRICS)
def test_the_metric_of_a_surface(law, saddle):
    run_law(RiemannianMetricTestCase, law, saddle, ATOL)


@pytest.mark.slow
@pytest.mark.parametrize("law", ON_METRICS)
def test_the_metric_of_a_network(law, network):
    run_law(RiemannianMetricTestCase, law, network, ATOL)


@pytest.mark.slow
@pytest.mark.skipif(os.environ.get("GEOMSTATS_BACKEND") == "autograd", reason="it is this one")
def test_on_the_autograd_backend():
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__]
    environment = os.environ | {"GEOMSTATS_BACKEND": "autograd"}
    run = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout[-3000:]
