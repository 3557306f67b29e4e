import warnings

import autograd.numpy as anp
import matplotlib.pyplot as plt
import numpy as np
import pytest
from surface_cases import drawn, faces, fit, legend, neuron, torus

import riemgn as rg
from riemgn import plotting as pictures
from riemgn.plotting.scenes import scene_of


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def immersed(outputs):
    return rg.ImmersedManifold(rg.autograd_immersion(outputs, dim=2))


def saturating():
    """Michaelis and Menten's curve, whose outputs have a pole just beyond the paths."""
    t = np.array([0.5, 1.0, 2.0])
    M = immersed(lambda w: w[0] * t / (w[1] + t))
    return rg.Problem(M, rg.SquaredLoss([76.0, 140.0, 200.0])), M.point([200.0, 0.05])


def growing():
    t = np.array([0.5, 1.0, 2.0])
    M = immersed(lambda w: anp.exp(w[0] * t) * w[1])
    return rg.Problem(M, rg.SquaredLoss([1.0, 2.0, 7.0])), M.point([0.1, 1.0])


@pytest.mark.parametrize("case", [saturating, growing])
def test_paths_are_as_large_as_the_picture(case):
    problem, x = case()
    ax = pictures.surface_with_paths(problem, x, resolution=16)
    paths = np.concatenate([drawn(line) for line in ax.lines[:2]])
    longest = np.ptp(paths, axis=0).max()
    surface = faces(ax).reshape(-1, 3)
    [square] = faces(ax, 2)
    assert longest < np.ptp(surface, axis=0).max() < 2.5 * longest
    axes = [np.ptp(limits) for limits in (ax.get_xlim(), ax.get_ylim(), ax.get_zlim())]
    assert max(axes) < 3.3 * longest  # without a frame it is ten times as long
    assert np.linalg.norm(np.diff(square, axis=0), axis=1).max() < 0.6 * longest


def test_a_path_that_did_not_arrive_has_no_optimum():
    problem, x = fit()
    cut = rg.minimize(problem, x, "gradient-descent", max_iterations=2, record_points=True)
    ax = pictures.surface_with_paths(problem, x, paths={"cut": cut}, resolution=6)
    assert "best end" in legend(ax)
    assert "optimum" not in legend(ax)
    arrived = rg.minimize(problem, problem.manifold.point([0.0, 0.5]), record_points=True)
    assert arrived.success
    ax = pictures.surface_with_paths(
        problem, x, paths={"cut": cut, "arrived": arrived}, resolution=6
    )
    assert "optimum" in legend(ax)
    pytest.importorskip("plotly.graph_objects", reason="plotly is not installed")
    figure = pictures.interactive_surface_with_paths(problem, x, paths={"c": cut}, resolution=4)
    assert "best end" in {trace.name for trace in figure.data}


def test_an_exact_fit_is_an_optimum():
    M = neuron()
    problem = rg.Problem(M, rg.SquaredLoss(M.point([0.8, -0.2]).outputs))
    scene = scene_of(problem, M.point([0.1, 0.4]))
    assert scene.arrived  # though the cosine between residual and tangent plane is not small
    outputs = np.array([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]])
    assert not scene_of(problem, M.point([0.1, 0.4]), {"outputs": outputs}).arrived


def test_where_the_surface_saturates_is_no_optimum():
    problem, x = fit()
    corner = problem.manifold.point([0.0, 40.0])
    assert not scene_of(problem, x, {"p": [x, corner]}).arrived


def test_a_start_at_the_optimum_is_drawn():
    problem, x = fit()
    ax = pictures.surface_with_paths(problem, rg.minimize(problem, x).point, resolution=12)
    assert np.ptp(faces(ax).reshape(-1, 3), axis=0).max() > 0.1
    assert len(ax.collections[1].lines) > 3  # level lines
    ax.figure.canvas.draw()


def test_a_weighted_loss_keeps_its_target():
    problem, x = fit()
    weighted = rg.Problem(problem.manifold, rg.WeightedLoss(problem.loss, [1.0, 2.0, 1.0]))
    ax = pictures.surface_with_paths(weighted, x, paths={"p": [x, x]}, resolution=4)
    assert "target y" in legend(ax)
    np.testing.assert_array_equal(scene_of(weighted, x, {"p": [x]}).target, [-0.75, 0.45, 1.3])
    counts = rg.Problem(problem.manifold, rg.WeightedLoss(rg.PoissonLoss([3, 1, 4]), [1, 2, 1]))
    assert scene_of(counts, x, {"p": [x]}).target is None


def test_a_run_of_another_manifold_is_refused():
    problem, x = fit()
    other, y = growing()
    run = rg.minimize(other, y, record_points=True, max_iterations=2)
    with pytest.raises(ValueError, match=r"paths\['a'\] must be on the manifold drawn"):
        pictures.surface_with_paths(problem, x, paths={"a": run})
    with pytest.raises(ValueError, match="path must be on the manifold drawn"):
        pictures.path(run, on=problem)


def test_a_start_without_tangent_plane_is_told_before_anything_is_computed():
    problem, _ = fit()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match="tangent space at x must be a plane, got rank"):
            pictures.surface_with_paths(problem, problem.manifold.point([400.0, 3.0]))


def test_a_geodesic_must_go_somewhere():
    M = torus()
    x = M.point([0.3, 0.2])
    with pytest.raises(ValueError, match="towards must not be zero"):
        pictures.geodesic(M, x, [0, 0, 0])
    with pytest.raises(ValueError, match="another point than x"):
        pictures.geodesic(M, x, M.point([0.3, 0.2]))
    with pytest.raises(ValueError, match="must not be normal to the surface"):
        pictures.geodesic(M, x, np.cross(*x.jacobian.T))
