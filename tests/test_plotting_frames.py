import autograd.numpy as anp
import numpy as np
import pytest
from surface_cases import TIMES, cone, faces, neuron, sphere

import riemgn as rg
from riemgn import plotting as pictures
from riemgn.plotting.frames import frame_around
from riemgn.plotting.meshes import box_around, known_params
from riemgn.plotting.space import box_sides


def plane(scale=1.0):
    return rg.ImmersedManifold(
        rg.autograd_immersion(lambda w: anp.array([w[0], w[1], scale * w[0] * w[1]]), 2)
    )


def test_the_frame_is_around_all_points():
    frame = frame_around(np.array([[0.0, 0, 5], [2, 1, 5]]))
    np.testing.assert_allclose(frame, [(-1.4, 3.4), (-1.4, 2.4), (3.6, 6.4)])
    assert frame_around(np.ones((3, 3))) is None


def test_a_surface_is_cut_at_its_frame():
    within = ((-0.35, 0.62), (-1, 1), (-9, 9))
    mesh = pictures.surface_mesh(plane(0), box=((-1, 1), (-1, 1)), within=within, resolution=11)
    there = mesh.outputs[np.isfinite(mesh.outputs).all(axis=-1)]
    # up to the edge, not to the last grid point before it
    np.testing.assert_allclose(there[:, 0].min(), -0.35, atol=1e-3)
    np.testing.assert_allclose(there[:, 0].max(), 0.62, atol=1e-3)
    assert np.ptp(there[:, 1]) == 2
    known = np.isfinite(mesh.outputs).all(axis=-1)
    np.testing.assert_allclose(mesh.params[known], mesh.outputs[known][:, :2])  # f(w) still


def test_a_frame_may_leave_nothing():
    with pytest.raises(ValueError, match="finite and in `within`"):
        pictures.surface_mesh(sphere(), box=((-1, 1), (-1, 1)), within=[(5, 6)] * 3)
    with pytest.raises(ValueError, match="within must be three times"):
        pictures.surface_mesh(sphere(), box=((-1, 1), (-1, 1)), within=[(5, 6)] * 2)


def test_grid_lines_are_even_on_an_even_surface():
    corners = [plane(0).point([-1.0, 2.0]), plane(0).point([1.0, 3.0])]
    params = pictures.surface_mesh(plane(0), corners, margin=0.0, resolution=9).params
    np.testing.assert_allclose(params[:, 0, 0], np.linspace(-1, 1, 9))
    np.testing.assert_allclose(params[0, :, 1], np.linspace(2, 3, 9))


def test_grid_lines_are_where_a_surface_bends():
    M = neuron()
    ends = [M.point([-1.0, 1.3]), M.point([16.0, -18.0])]
    mesh = pictures.surface_mesh(M, ends, resolution=50)
    even = pictures.surface_mesh(M, box=box_around(known_params(ends)), resolution=50)
    # at the middle of the neuron's surface, where tanh is steep in all samples
    assert largest_face_near_zero(mesh) < 0.6 * largest_face_near_zero(even)


def largest_face_near_zero(mesh):
    corners = faces(pictures.mesh_surface(mesh))
    middle = np.abs(corners).max(axis=(1, 2)) < 0.9
    return np.linalg.norm(np.ptp(corners[middle], axis=1), axis=1).max()


def test_a_box_is_not_made_for_what_ran_away():
    M = neuron()
    start, far, away = (M.point(w) for w in ([-1.0, 1.3], [17.0, 3.0], [1e14, -1e13]))
    np.testing.assert_allclose(
        box_around(known_params([start, far, away]), 0), [(-1, 17), (1.3, 3)]
    )
    np.testing.assert_allclose(
        box_around(known_params([start, away]), 0), box_around(known_params(start), 0)
    )
    np.testing.assert_allclose(box_around(known_params([start, far]), 0), [(-1, 17), (1.3, 3)])


def test_parameters_that_differ_by_rounding_are_one_point():
    M = neuron()
    near = [M.point([3.0, 1.0]), M.point([3.0 + 1e-8, 1.0 - 1e-8])]
    np.testing.assert_allclose(
        box_around(known_params(near), 0), [(2.5, 3.5), (0.5, 1.5)], atol=1e-6
    )


# Axes


def test_one_short_side_is_made_longer_and_two_are_stretched():
    sides, stretches = box_sides(np.array([8.0, 0.5, 8.0]))
    assert sides.tolist() == [8, 1, 8]
    assert stretches.tolist() == [1, 1, 1]
    sides, stretches = box_sides(np.array([8.0, 0.5, 0.04]))
    np.testing.assert_allclose(sides * stretches, [8, 4, 4])
    assert box_sides(np.array([3.0, 2.0, 1.0]))[0].tolist() == [3, 2, 1]


def test_axes_of_other_scales_say_so():
    ax = pictures.surface(plane(1000), box=((-1, 1), (-1, 1)), resolution=3)
    sides = ax._box_aspect / ax._box_aspect.max()
    np.testing.assert_allclose(sides, [0.5, 0.5, 1])
    scale = 0.5 * np.ptp(ax.get_zlim()) / np.ptp(ax.get_xlim())
    assert ax.get_xlabel() == f"output 1 ({scale:.0f} : 1)"
    assert ax.get_zlabel() == "output 3"
    ax = pictures.surface(plane(0), box=((-1, 1), (-1, 1)), resolution=3)
    limits = np.ptp([ax.get_xlim(), ax.get_ylim(), ax.get_zlim()], axis=1)
    np.testing.assert_allclose(ax._box_aspect / ax._box_aspect[0], limits / limits[0])
    assert limits[2] > 0.11 * limits[0]
    assert ax.get_zlabel() == "output 3"


# Colours that are missing, lines that are none


def test_a_missing_colour_is_told():
    ax = pictures.surface(cone(), box=((-2, 2), (-2, 2)), resolution=5, colour="mean")
    assert ax.figure.axes[1].get_ylabel() == "mean curvature [1/output] (grey: none)"
    curve = rg.ImmersedManifold(rg.autograd_immersion(lambda w: anp.tanh((w[0] + w[1]) * TIMES), 2))
    ax = pictures.surface(curve, box=((-2, 2), (-2, 2)), resolution=5, colour="mean")
    assert ax.figure.axes == [ax]
    assert [text.get_text() for text in ax.texts] == ["grey: no mean curvature is finite here"]


@pytest.mark.parametrize("colour", ["gaussian", "mean", np.ones((5, 5))])
def test_a_surface_of_one_colour_has_no_level_lines(colour):
    mesh = pictures.surface_mesh(plane(0), box=((-1, 1), (-1, 1)), resolution=5, colour=colour)
    ax = pictures.level_lines(mesh, pictures.mesh_surface(mesh))
    assert len(ax.collections) == 1
    ax.figure.canvas.draw()
