import runpy
from pathlib import Path

import autograd.numpy as anp
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgba

import riemgn as rg
from riemgn import plotting as pictures
from riemgn.plotting.meshes import box_around
from riemgn.plotting.paths import BETWEEN
from riemgn.plotting.style import BLUE, GREEN, VERMILION, ink

TIMES = np.array([-0.5, 1.0, 2.0])


def sphere(radius=2.0):
    def outputs(w):
        ring = anp.cos(w[0])
        return radius * anp.array([ring * anp.cos(w[1]), ring * anp.sin(w[1]), anp.sin(w[0])])

    return rg.ImmersedManifold(rg.autograd_immersion(outputs, dim=2))


def torus():
    def outputs(w):
        ring = 2 + anp.cos(w[0])
        return anp.array([ring * anp.cos(w[1]), ring * anp.sin(w[1]), anp.sin(w[0])])

    return rg.ImmersedManifold(rg.autograd_immersion(outputs, dim=2))


def neuron():
    return rg.ImmersedManifold(rg.autograd_immersion(lambda w: anp.tanh(w[0] * TIMES + w[1]), 2))


def cone():
    return rg.ImmersedManifold(rg.autograd_immersion(lambda w: w[1] * anp.tanh(w[0] * TIMES), 2))


def fit():
    M = neuron()
    return rg.Problem(M, rg.SquaredLoss([-0.75, 0.45, 1.3])), M.point([-1.0, 1.3])


def drawn(line):
    """The data (m, 3) of a line in space."""
    return np.stack(line.get_data_3d(), axis=1)


def faces(ax):
    """The corners (faces, 4, 3) of the first surface of the axes."""
    collection = ax.collections[0]
    if hasattr(collection, "_faces"):
        return np.asarray(collection._faces)
    return collection._vec[:3].T.reshape(-1, 4, 3)  # matplotlib up to 3.9


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


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
    np.testing.assert_allclose(box_around(points, 0.5), [(-1, 3), (-1, 7)])
    np.testing.assert_allclose(
        box_around({"a": points, "b": M.point([4.0, 1])}, 0), [(0, 4), (1, 5)]
    )
    # a side of length zero: as long as the other one, or 1
    np.testing.assert_allclose(
        box_around([M.point([0.0, 1]), M.point([0.0, 3])], 0), [(-1, 1), (1, 3)]
    )
    np.testing.assert_allclose(box_around(M.point([3.0, 1.0]), 0), [(2.5, 3.5), (0.5, 1.5)])


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
    pictures.surface_mesh(M, box=((-2, -1), (0, 1)), resolution=4, colour="mean")


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
