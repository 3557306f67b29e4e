import autograd.numpy as anp
import matplotlib.pyplot as plt
import numpy as np
import pytest
from surface_cases import TIMES, cone, faces, fit, neuron, sphere, torus

import riemgn as rg
from riemgn import plotting as pictures
from riemgn.plotting.meshes import box_around, known_params


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


# Meshes


def test_a_mesh_has_the_outputs_of_its_parameters():
    mesh = pictures.surface_mesh(neuron(), box=((-1, 2), (0, 3)), resolution=7)
    assert mesh.outputs.shape == (7, 7, 3)
    assert mesh.params[0, 0].tolist() == [-1, 0]
    assert mesh.params[6, 6].tolist() == [2, 3]
    assert mesh.params[6, 0].tolist() == [2, 0]
    a, b = mesh.params[..., :1], mesh.params[..., 1:]
    np.testing.assert_allclose(mesh.outputs, np.tanh(a * TIMES + b), rtol=1e-15)
    assert mesh.colour is None


def test_the_box_is_that_of_the_parameters_with_a_margin():
    M = neuron()
    points = [M.point([0.0, 1.0]), M.point([2.0, 5.0])]
    np.testing.assert_allclose(box_around(known_params(points), 0.5), [(-1, 3), (-1, 7)])
    np.testing.assert_allclose(
        box_around(known_params({"a": points, "b": M.point([4.0, 1])}), 0), [(0, 4), (1, 5)]
    )
    # a side of length zero: as long as the other one, or 1
    np.testing.assert_allclose(
        box_around(known_params([M.point([0.0, 1]), M.point([0.0, 3])]), 0), [(-1, 1), (1, 3)]
    )
    np.testing.assert_allclose(
        box_around(known_params(M.point([3.0, 1.0])), 0), [(2.5, 3.5), (0.5, 1.5)]
    )


def test_a_mesh_covers_runs_and_flows():
    problem, x = fit()
    flow = rg.gauss_newton_flow(problem, x, 1.0)
    run = rg.minimize(problem, x, record_points=True, max_iterations=2)
    mesh = pictures.surface_mesh(problem, [flow, run], margin=0.0, resolution=3)
    params = np.vstack([flow.params, [record.point.params for record in run.history]])
    np.testing.assert_allclose(mesh.params.reshape(-1, 2).min(axis=0), params.min(axis=0))
    np.testing.assert_allclose(mesh.params.reshape(-1, 2).max(axis=0), params.max(axis=0))


def test_outputs_that_are_not_finite_are_left_out():
    M = rg.ImmersedManifold(
        rg.autograd_immersion(lambda w: anp.array([w[0], w[1], anp.log(w[0])]), dim=2)
    )
    mesh = pictures.surface_mesh(M, box=((-1, 2), (0, 1)), resolution=4, colour="gaussian")
    assert np.isnan(mesh.outputs[:2]).all()  # log of -1 and of 0
    assert np.isnan(mesh.colour.values[:2]).all()
    assert np.isfinite(mesh.outputs[2:]).all()
    assert len(faces(pictures.mesh_surface(mesh))) == 3
    with pytest.raises(ValueError, match="no surface to draw for -2 <= w_0 <= -1, 0 <= w_1 <= 1"):
        pictures.surface_mesh(M, box=((-2, -1), (0, 1)), resolution=4, colour="mean")


def test_a_surface_that_is_one_point_is_refused():
    with pytest.raises(ValueError, match="all outputs are the same"):
        pictures.surface(neuron(), box=((50, 60), (-1, 1)), colour="gaussian")


# Colour


@pytest.mark.parametrize(
    ("colour", "value"), [("gaussian", 1 / 4), ("mean", 1 / 2), ("normal", 1 / 2)]
)
def test_curvatures_of_a_sphere(colour, value):
    # latitude, longitude: the cross product of the derivatives points inwards
    box = ((-1.4, 1.4), (0, 5))
    mesh = pictures.surface_mesh(sphere(), box=box, resolution=6, colour=colour)
    np.testing.assert_allclose(mesh.colour.values, value, rtol=1e-13)


def test_curvatures_of_a_torus():
    box = ((-3, 3), (0, 5))
    theta = np.linspace(-3, 3, 5)[:, None] * np.ones(5)
    along = np.cos(theta) / (2 + np.cos(theta))
    expected = {"gaussian": along, "mean": (1 + along) / 2, "normal": np.ones((5, 5))}
    for colour, values in expected.items():
        mesh = pictures.surface_mesh(torus(), box=box, resolution=5, colour=colour)
        np.testing.assert_allclose(mesh.colour.values, values, rtol=1e-12, err_msg=colour)


def test_curvatures_are_those_of_the_manifold():
    M = neuron()
    values = {
        name: pictures.surface_mesh(M, box=((-1, 1), (-1, 1)), resolution=4, colour=name)
        for name in ("gaussian", "mean", "normal")
    }
    params = values["mean"].params
    for place in [(0, 1), (2, 3), (3, 0)]:
        x = M.point(params[place])
        curvatures = M.principal_curvatures(x, np.cross(*x.jacobian.T))
        K = M.sectional_curvature(x, *x.jacobian.T)
        assert values["gaussian"].colour.values[place] == pytest.approx(K, rel=1e-9)
        assert values["mean"].colour.values[place] == pytest.approx(curvatures.mean(), rel=1e-9)
        largest = np.abs(curvatures).max()
        assert values["normal"].colour.values[place] == pytest.approx(largest, rel=1e-9)


def test_a_cone_is_flat_but_where_its_rank_falls():
    mesh = pictures.surface_mesh(cone(), box=((-2, 2), (-2, 2)), resolution=5, colour="gaussian")
    apex = (mesh.params == 0).any(axis=2)
    assert apex.sum() == 9
    assert np.isnan(mesh.colour.values[apex]).all()
    assert (mesh.colour.values[~apex] == 0).all()
    assert mesh.colour.limits == (-1, 1)
    pictures.mesh_surface(mesh).figure.canvas.draw()


def test_the_loss_as_colour():
    problem, _ = fit()
    mesh = pictures.surface_mesh(problem, box=((-1, 1), (-1, 1)), resolution=5, colour="loss")
    residuals = mesh.outputs - [-0.75, 0.45, 1.3]
    np.testing.assert_allclose(mesh.colour.values, 0.5 * np.sum(residuals**2, axis=2), rtol=1e-14)
    assert mesh.colour.limits == (mesh.colour.values.min(), mesh.colour.values.max())


def test_a_curvature_that_runs_away_does_not_set_the_scale():
    mesh = pictures.surface_mesh(neuron(), box=((-2, 2), (-2, 2)), resolution=14, colour="mean")
    low, high = mesh.colour.limits
    assert low == -high
    assert 0 < high < 0.5 * np.abs(mesh.colour.values).max()
    assert mesh.colour.extends == "both"
