import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from surface_cases import drawn, sphere, torus

from riemgn import plotting as pictures
from riemgn.plotting.artists import hidden_in
from riemgn.plotting.hidden_lines import hidden_by
from riemgn.plotting.style import GREEN

PI = np.pi
FROM_ABOVE = np.array([[1.0, 0, 0, 0], [0, 1, 0, 0], [0, 0, -1, 0], [0, 0, 0, 1]])
SQUARE = np.array([[[-1.0, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]]])
SMALL = SQUARE / 10


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def whole_sphere(resolution=41):
    return pictures.surface_mesh(
        sphere(), box=((-PI / 2, PI / 2), (-PI, PI)), resolution=resolution, colour=None
    )


def viewer(ax):
    """The place of the eye: the point that the projection sends to infinity."""
    M = ax.get_proj()
    eye = np.linalg.solve(M, [0.0, 0.0, 1.0, 0.0])
    return eye[:3] / eye[3]


def test_a_face_hides_what_is_under_it():
    points = np.array([[0.03, 0.02, -1], [0.03, 0.02, 1], [0.3, 0.0, -1], [np.nan, 0, 0]])
    assert hidden_by(points, SMALL, FROM_ABOVE).tolist() == [True, False, False, False]
    below = np.diag([1.0, 1, 1, 1])  # the same picture, seen from the other side
    assert hidden_by(points, SMALL, below).tolist() == [False, True, False, False]
    assert hidden_by(points, SMALL[:0], FROM_ABOVE).tolist() == [False] * 4


def test_a_face_does_not_hide_what_lies_in_it():
    near = np.array([[0.03, 0.02, -0.05], [0.03, 0.02, -1.0]])
    assert hidden_by(near, SMALL, FROM_ABOVE).tolist() == [False, True]


def test_many_points_are_hidden_as_each_alone():
    draws = np.random.default_rng(0)
    points = draws.uniform(-0.2, 0.2, size=(200, 3)) - [0, 0, 1]
    inside = (np.abs(points[:, :2]) < 0.1).all(axis=1)
    assert 0 < inside.sum() < 200
    np.testing.assert_array_equal(hidden_by(points, SMALL, FROM_ABOVE), inside)


@pytest.mark.parametrize("view", [(30, -60), (-20, 100), (80, 10)])
def test_the_far_side_of_a_sphere_is_hidden(view):
    ax = pictures.mesh_surface(whole_sphere())
    ax.view_init(*view)
    draws = np.random.default_rng(1)
    points = draws.normal(size=(400, 3))
    points *= 2 / np.linalg.norm(points, axis=1, keepdims=True)
    # of the sphere of radius 2 about 0, the eye E sees the points x with <x, E> > 4
    height = points @ viewer(ax)
    sure = np.abs(height - 4) > 0.1 * np.abs(height).max()  # beyond the faces at the edge
    assert sure.sum() > 200
    np.testing.assert_array_equal(hidden_in(ax, points)[sure], (height < 4)[sure])


def test_what_is_hidden_of_a_path_is_dotted():
    M = torus()
    ax = pictures.surface(M, box=((-PI, PI), (-PI, PI)), resolution=30)
    x = M.point([0.0, 0.0])
    pictures.geodesic(M, x, x.jacobian @ [0.5, 0.6], ax, t_end=14.0)
    [line] = ax.lines
    whole = drawn(line).copy()
    hidden = hidden_in(ax, whole)
    assert 20 < hidden.sum() < 80
    styles = drawn_styles(ax)
    assert styles == [":", (0, (4, 1.5))]
    assert line.get_color() == GREEN
    np.testing.assert_array_equal(drawn(line), whole)
    # from below other parts are seen
    ax.view_init(-30, 120)
    assert (hidden_in(ax, whole) != hidden).sum() > 20


def drawn_styles(ax):
    """The line styles with which the first line is drawn, one after the other."""
    styles = []
    line = ax.lines[0]
    whole_draw = type(line).__mro__[1].draw

    def noted(self, renderer):
        styles.append(":" if self.get_linestyle() == ":" else line._unscaled_dash_pattern)
        whole_draw(self, renderer)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(line).__mro__[1], "draw", noted)
        FigureCanvasAgg(ax.figure).draw()
    return styles[-2:]


def test_level_lines_behind_a_surface_are_not_drawn():
    mesh = whole_sphere()
    height = mesh.outputs[..., 0]
    mesh = pictures.surface_mesh(
        sphere(), box=((-PI / 2, PI / 2), (-PI, PI)), resolution=41, colour=height
    )
    ax = pictures.mesh_surface(mesh)
    pictures.level_lines(mesh, ax, count=5)
    faces, lines = ax.collections
    ax.figure.canvas.draw()
    seen = np.concatenate(lines._segments3d)
    every = np.concatenate(lines.lines)
    eye = viewer(ax)
    assert (every @ eye < 0).sum() > 50  # on the far side
    assert (seen @ eye).min() > 4 - 0.1 * np.abs(every @ eye).max()
    assert len(seen) > 0.3 * len(every)
    faces.set_visible(False)
    ax.figure.canvas.draw()
    assert len(np.concatenate(lines._segments3d)) == len(every)
