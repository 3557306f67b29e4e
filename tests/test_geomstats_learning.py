"""geomstats' statistics on points of output manifolds."""

import geomstats.backend as gs
import numpy as np
import pytest
from geomstats.learning.frechet_mean import FrechetMean
from geomstats.learning.geodesic_regression import GeodesicRegression
from geomstats.learning.kmeans import RiemannianKMeans
from geomstats.learning.pca import TangentPCA
from geomstats_cases import NearbyData, Saddle, network_space

from riemgn.geomstats import OutputSet


@pytest.fixture(scope="module")
def network():
    return network_space()


def test_the_frechet_mean_of_networks(network):
    space, w = network
    points = NearbyData(space, w, 0.01).random_point(4)
    mean = FrechetMean(space).set(epsilon=1e-14).fit(points).estimate_
    logs = space.metric.log(points, mean)
    scatter = np.mean(space.metric.norm(logs, mean))
    assert scatter > 0.01
    assert space.metric.norm(logs.mean(axis=0), mean) < 1e-5 * scatter


def test_the_frechet_mean_of_two_points_is_their_middle(network):
    space, w = network
    a, b = NearbyData(space, w, 0.02).random_point(2)
    mean = FrechetMean(space).set(epsilon=1e-16).fit(np.stack([a, b])).estimate_
    middle = space.metric.geodesic(a, end_point=b)(0.5)[0]
    np.testing.assert_allclose(mean, middle, atol=1e-6)


def test_tangent_components_of_a_geodesic(network):
    space, w = network
    direction = np.random.default_rng(1).normal(size=9)
    direction /= np.linalg.norm(direction)
    times = np.array([-0.05, -0.01, 0.02, 0.04])
    points = space.metric.geodesic(w, initial_tangent_vec=direction)(times)
    pca = TangentPCA(space, n_components=2).fit(points, base_point=w)
    np.testing.assert_allclose(pca.explained_variance_ratio_, [1, 0], atol=1e-10)
    np.testing.assert_allclose(abs(pca.components_[0] @ direction), 1, atol=1e-10)
    back = pca.inverse_transform(pca.transform(points))
    np.testing.assert_allclose(back, points, atol=1e-9)


@pytest.mark.slow
def test_clusters_of_networks(network):
    space, w = network
    far = space.metric.exp(0.1 * np.random.default_rng(2).normal(size=9), w)
    points = np.concatenate(
        [NearbyData(space, centre, 0.005).random_point(2) for centre in (w, far)]
    )
    gs.random.seed(0)
    labels = RiemannianKMeans(space, n_clusters=2).fit_predict(points)
    assert labels[0] == labels[1] != labels[2] == labels[3]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # scipy is stopped after a few iterations
def test_geodesic_regression_on_a_surface():
    space = OutputSet(Saddle())
    intercept, slope, x = np.array([0.2, -0.1]), np.array([0.3, 0.5]), np.array([-1.0, 0, 0.5, 1])
    y = space.metric.geodesic(intercept, initial_tangent_vec=slope)(x)
    start = np.stack([intercept + 0.05, slope - 0.1])
    regression = GeodesicRegression(space, center_X=False, initialization=start)
    regression.fit(x, y)
    np.testing.assert_allclose(regression.intercept_, intercept, atol=1e-5)
    np.testing.assert_allclose(regression.coef_, slope, atol=1e-5)
