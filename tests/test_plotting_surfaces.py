import runpy
from pathlib import Path

import autograd.numpy as anp
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgba
from surface_cases import TIMES, cone, drawn, faces, fit, legend, neuron, sphere, torus

import riemgn as rg
from riemgn import plotting as pictures
from riemgn.plotting.paths import BETWEEN
from riemgn.plotting.style import BLUE, GREEN, VERMILION, ink


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


# Pictures


def test_a_surface_without_colour():
    mesh = pictures.surface_mesh(sphere(), box=((-1, 1), (0, 2)), resolution=5)
    ax = pictures.mesh_surface(mesh)
    assert len(faces(ax)) == 16
    np.testing.assert_allclose(faces(ax)[0, [0, 2]], mesh.outputs[[0, 1], [0, 1]])
    assert ax.figure.axes == [ax]  # no colour bar
    assert [ax.get_xlabel(), ax.get_ylabel(), ax.get_zlabel()] == [
        "output 1",
        "output 2",
        "output 3",
    ]


@pytest.mark.parametrize(
    ("colour", "meaning"),
    [
        ("gaussian", "Gaussian curvature [1/output²]"),
        ("mean", "mean curvature [1/output]"),
        ("normal", "largest normal curvature [1/output]"),
        ("loss", "loss"),
    ],
)
def test_a_colour_has_a_bar_that_says_what_it_is(colour, meaning):
    problem, x = fit()
    ax = pictures.surface(problem, around=x, resolution=4, colour=colour)
    _, bar = ax.figure.axes
    assert bar.get_ylabel() == meaning


def test_faces_have_the_colours_of_their_corners():
    plane = rg.ImmersedManifold(rg.autograd_immersion(lambda w: anp.array([w[0], w[1], 0.0]), 2))
    box = ((0, 1), (0, 1))

    def lightness(values):
        ax = pictures.surface(plane, box=box, resolution=3, colour=values)
        ax.figure.canvas.draw()
        return ax.collections[0]._facecolor3d[:, :3] @ [0.3, 0.6, 0.1]

    assert np.ptp(lightness(np.ones((3, 3)))) == 0
    # the faces' means are 4, 5, 1, 2; later ones along the second parameter
    light = lightness([[9, 3, 3], [1, 3, 11], [0, 0, -6]])
    assert light.argsort().tolist() == [2, 3, 0, 1]


def test_lengths_are_the_same_along_all_axes():
    ax = pictures.surface(torus(), box=((-3.2, 3.2), (-3.2, 3.2)), resolution=20)
    sides = [np.ptp(limits) for limits in (ax.get_xlim(), ax.get_ylim(), ax.get_zlim())]
    np.testing.assert_allclose(ax._box_aspect / ax._box_aspect[0], np.array(sides) / sides[0])
    assert sides[2] < 0.5 * sides[0]


def test_level_lines_have_one_loss_each():
    problem, x = fit()
    mesh = pictures.surface_mesh(problem, x, resolution=60, colour="loss")
    ax = pictures.level_lines(mesh, count=4)
    [lines] = ax.collections
    low, high = mesh.colour.limits
    heights = low + (high - low) * np.arange(1, 5) / 5
    for segment in lines._segments3d:
        losses = [problem.loss.value(u) for u in segment]
        assert min(np.abs(heights - np.mean(losses))) < 1e-3 * high
        assert np.ptp(losses) < 2e-3 * high


def test_the_target_and_its_nearest_point():
    ax = pictures.target([1, 2, 3], nearest=np.zeros(3))
    assert legend(ax) == ["target y"]
    np.testing.assert_array_equal(drawn(ax.lines[0]), [[1, 2, 3], [0, 0, 0]])


def test_the_tangent_plane_touches_the_surface():
    M = sphere()
    x = M.point([0.3, 1.1])
    ax = pictures.tangent_plane(M, x, size=0.8, normal=True)
    [square] = faces(ax)
    np.testing.assert_allclose(square.mean(axis=0), x.outputs, atol=1e-15)
    np.testing.assert_allclose((square - x.outputs) @ x.outputs, 0, atol=1e-14)
    np.testing.assert_allclose(np.linalg.norm(np.diff(square, axis=0), axis=1), 0.8)
    foot, tip = drawn(ax.lines[0])
    np.testing.assert_allclose(np.abs((tip - foot) @ x.outputs), 0.4 * 2)
    assert legend(ax) == ["tangent plane"]


def test_a_path_goes_through_its_points():
    problem, x = fit()
    run = rg.minimize(problem, x, "levenberg-marquardt", record_points=True)
    outputs = np.array([record.point.outputs for record in run.history])
    ax = pictures.path(run, label="run", colour=VERMILION)
    line, dots = ax.lines
    np.testing.assert_array_equal(drawn(line), outputs)
    np.testing.assert_array_equal(drawn(dots), outputs)
    assert line.get_color() == VERMILION
    assert legend(ax) == ["run"]


def test_the_steps_of_a_run_lie_on_the_surface():
    problem, x = fit()
    run = rg.minimize(problem, x, "levenberg-marquardt", record_points=True, max_iterations=2)
    line, _ = pictures.path(run, on=problem).lines
    params = np.array([record.point.params for record in run.history])
    curve = drawn(line)
    assert len(curve) == 2 * BETWEEN + 1
    middle = params[:2].mean(axis=0)
    np.testing.assert_allclose(curve[BETWEEN // 2], np.tanh(middle[0] * TIMES + middle[1]))
    np.testing.assert_allclose(curve[-1], run.point.outputs)


def test_a_geodesic_of_a_sphere_is_a_great_circle():
    M = sphere()
    x, y = M.point([0.1, 0.2]), M.point([0.5, 0.9])
    between = drawn(pictures.geodesic(M, x, y, count=20).lines[0])
    pole = np.cross(x.outputs, y.outputs)
    np.testing.assert_allclose(between @ pole, 0, atol=1e-8)
    np.testing.assert_allclose(np.linalg.norm(between, axis=1), 2)
    np.testing.assert_allclose(between[[0, -1]], [x.outputs, y.outputs], atol=1e-8)
    angle = np.arccos(x.outputs @ y.outputs / 4)
    steps = np.linalg.norm(np.diff(between, axis=0), axis=1)
    np.testing.assert_allclose(steps, 4 * np.sin(angle / 38), rtol=1e-7)

    v = x.jacobian @ [0.0, 1.0]
    ax = pictures.geodesic(M, x, v, t_end=0.5, count=3, label="half")
    e, f = x.outputs / 2, v / np.linalg.norm(v)
    turned = 0.5 * np.linalg.norm(v) / 2
    np.testing.assert_allclose(
        drawn(ax.lines[0])[-1], 2 * (np.cos(turned) * e + np.sin(turned) * f), atol=1e-8
    )
    assert ax.lines[0].get_color() == GREEN
    assert legend(ax) == ["half"]


# The picture of a fit


def test_the_picture_of_a_fit():
    problem, x = fit()
    ax = pictures.surface_with_paths(problem, x, resolution=8)
    assert legend(ax) == [
        "tangent plane at the start",
        "Gauss-Newton flow",
        "gradient flow of the weights",
        "start",
        "optimum",
        "target y",
    ]
    gauss_newton, gradient = (drawn(line) for line in ax.lines[:2])
    assert ax.lines[0].get_color() == BLUE
    for curve in (gauss_newton, gradient):
        np.testing.assert_allclose(curve[0], x.outputs)
    # both come to the optimum, the first one by the shorter way: what the picture is to show
    optimum = rg.minimize(problem, problem.manifold.point([1.2, -0.6])).point.outputs
    np.testing.assert_allclose(gauss_newton[-1], optimum, atol=1e-3)
    np.testing.assert_allclose(gradient[-1], optimum, atol=1e-3)
    chord = np.linalg.norm(optimum - x.outputs)
    ways = [
        np.linalg.norm(np.diff(curve, axis=0), axis=1).sum() for curve in (gauss_newton, gradient)
    ]
    assert ways[0] < 1.1 * chord
    assert ways[1] > 1.3 * chord


def test_runs_of_ones_own_are_drawn_with_their_labels():
    problem, x = fit()
    run = rg.minimize(problem, x, "levenberg-marquardt", record_points=True)
    ax = pictures.surface_with_paths(problem, x, paths={"mine": run}, resolution=4, colour=None)
    assert "mine" in legend(ax)
    assert len(drawn(ax.lines[0])) == BETWEEN * run.iterations + 1


def test_all_are_drawn_on_the_axes_given():
    problem, x = fit()
    ax = plt.figure().add_subplot(projection="3d")
    M = problem.manifold
    y = M.point([0.5, 0.0])
    mesh = pictures.surface_mesh(problem, [x, y], resolution=4, colour="loss")
    assert pictures.mesh_surface(mesh, ax) is ax
    assert pictures.level_lines(mesh, ax) is ax
    assert pictures.surface(M, ax, around=[x, y], resolution=3) is ax
    assert pictures.tangent_plane(M, x, ax) is ax
    assert pictures.geodesic(M, x, np.ones(3), ax, t_end=0.1, count=3) is ax
    assert pictures.path([x, y], ax) is ax
    assert pictures.target([0, 0, 0], ax) is ax
    assert pictures.mark(x, ax) is ax
    assert pictures.surface_with_paths(problem, x, ax, paths={"p": [x, y]}, resolution=3) is ax
    orders = {artist.get_zorder() for artist in (*ax.collections, *ax.lines)}
    assert len(orders) > 3
    assert not ax.computed_zorder
    ax.figure.canvas.draw()


@pytest.mark.parametrize("name", ["light", "dark"])
def test_text_and_marks_are_seen_in_both_themes(name):
    problem, x = fit()
    with pictures.theme(name):
        ax = pictures.surface_with_paths(problem, x, paths={"p": [x, x]}, resolution=4)
        ax.figure.canvas.draw()
        colour, paper = to_rgba(ink()), ax.figure.get_facecolor()
    labels = [ax.xaxis.label, ax.yaxis.label, ax.zaxis.label, *ax.get_legend().get_texts()]
    assert {to_rgba(label.get_color()) for label in labels} == {colour}
    assert abs(np.mean(colour[:3]) - np.mean(paper[:3])) > 0.5


# Errors


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda M, x: pictures.surface(M), ValueError, "either around"),
        (lambda M, x: pictures.surface(M, around=x, box=((0, 1), (0, 1))), ValueError, "either"),
        (lambda M, x: pictures.surface(M, box=((1, 0), (0, 1))), ValueError, "low < high"),
        (lambda M, x: pictures.surface(M, box=((0, 1),)), ValueError, "box must be"),
        (
            lambda M, x: pictures.surface(M, around=x, resolution=2, colour="gausian"),
            ValueError,
            "'gaussian'",
        ),
        (lambda M, x: pictures.surface(M, around=x, colour="loss"), ValueError, "needs a problem"),
        (lambda M, x: pictures.surface(M, around=x, colour=np.ones(3)), ValueError, "shape"),
        (lambda M, x: pictures.surface(M, around=x, colour=[["a"]]), TypeError, "numbers"),
        (lambda M, x: pictures.surface(M, around=x, margin=-1), ValueError, "margin"),
        (lambda M, x: pictures.surface(M, around=x, resolution=1), ValueError, "resolution"),
        (lambda M, x: pictures.surface(M, around=[]), ValueError, "around is empty"),
        (lambda M, x: pictures.surface(M, around=x.outputs[None]), TypeError, "parameters"),
        (lambda M, x: pictures.surface(x, around=x), TypeError, "M must be"),
        (lambda M, x: pictures.surface(M, plt.figure().gca(), around=x), ValueError, "projection"),
        (lambda M, x: pictures.target([1, 2]), ValueError, r"\(3,\)"),
        (lambda M, x: pictures.tangent_plane(M, x, size=0), ValueError, "size"),
        (lambda M, x: pictures.path(np.ones((4, 2))), ValueError, "3 outputs"),
        (lambda M, x: pictures.path(np.ones((4, 3)), on=M), ValueError, "parameters"),
        (lambda M, x: pictures.geodesic(M, x, np.ones(3), t_end=0), ValueError, "t_end"),
        (lambda M, x: pictures.surface_with_paths(M, x), TypeError, "problem"),
        (lambda M, x: pictures.level_lines(pictures.surface_mesh(M, x)), ValueError, "colour"),
    ],
)
def test_what_cannot_be_drawn_is_told_in_one_line(call, error, words):
    M = neuron()
    with pytest.raises(error, match=words) as told:
        call(M, M.point([1.0, 0.5]))
    assert "\n" not in str(told.value)


def test_paths_must_be_named():
    problem, x = fit()
    with pytest.raises(TypeError, match="paths must map labels"):
        pictures.surface_with_paths(problem, x, paths=[[x]])
    with pytest.raises(ValueError, match="paths is empty"):
        pictures.surface_with_paths(problem, x, paths={})


def test_what_is_no_surface_in_space_is_refused():
    network = rg.OutputManifold(rg.Network([1, 1, 1]), TIMES[:, None])
    with pytest.raises(ValueError, match="2 parameters and 3 outputs, got 4 and 3"):
        pictures.surface(network, around=network.random_point(0))
    flat = rg.ImmersedManifold(rg.autograd_immersion(lambda w: w * w, dim=2))
    with pytest.raises(ValueError, match="got 2 and 2"):
        pictures.surface_mesh(flat, flat.point([1.0, 1.0]))


def test_no_tangent_plane_where_the_rank_falls():
    M = cone()
    with pytest.raises(ValueError, match="must be a plane, got rank 1"):
        pictures.tangent_plane(M, M.point([1.0, 0.0]))


@pytest.mark.slow
def test_the_figures_of_the_readme_are_drawn(tmp_path):
    script = Path(__file__).parents[1] / "docs" / "figures" / "surface.py"
    runpy.run_path(str(script))["main"](tmp_path)
    for name in ("surface.png", "surface-dark.png"):
        width, height = plt.imread(tmp_path / name).shape[1::-1]
        assert (width, height) == (1584, 1232)
        assert (tmp_path / name).stat().st_size < 300_000
