import sys

import autograd.numpy as anp
import numpy as np
import pytest
from matplotlib.colors import to_hex

import riemgn as rg
from riemgn import plotting as pictures
from riemgn.plotting.style import BLUE, VERMILION

go = pytest.importorskip("plotly.graph_objects", reason="plotly is not installed")

TIMES = np.array([-0.5, 1.0, 2.0])


def fit():
    M = rg.ImmersedManifold(rg.autograd_immersion(lambda w: anp.tanh(w[0] * TIMES + w[1]), 2))
    return rg.Problem(M, rg.SquaredLoss([-0.75, 0.45, 1.3])), M.point([-1.0, 1.3])


def place(trace):
    return np.stack([trace.x, trace.y, trace.z], axis=-1)


def named(figure, name):
    [trace] = [trace for trace in figure.data if trace.name == name]
    return trace


def test_the_surface_is_the_mesh():
    problem, x = fit()
    options = {"around": x, "resolution": 6, "colour": "loss"}
    mesh = pictures.surface_mesh(problem, **options)
    figure = pictures.interactive_surface(problem, **options)
    [surface] = figure.data
    np.testing.assert_array_equal(place(surface), mesh.outputs)
    np.testing.assert_array_equal(surface.surfacecolor, mesh.colour.values)
    np.testing.assert_array_equal(surface.customdata, mesh.params)
    assert (surface.cmin, surface.cmax) == mesh.colour.limits
    assert surface.colorbar.title.text == "loss"
    assert "loss: %{surfacecolor" in surface.hovertemplate
    assert "w = (%{customdata[0]" in surface.hovertemplate


def test_a_surface_without_colour_has_no_bar():
    problem, x = fit()
    [surface] = pictures.interactive_surface(problem, around=x, resolution=3).data
    assert surface.showscale is False
    assert surface.surfacecolor is None


def test_where_the_colour_is_missing_the_surface_is_grey():
    cone = rg.ImmersedManifold(rg.autograd_immersion(lambda w: w[1] * anp.tanh(w[0] * TIMES), 2))
    box = ((0, 4), (0, 4))
    figure = pictures.interactive_surface(cone, box=box, resolution=5, colour="mean")
    coloured, grey = (np.isfinite(place(trace)).all(axis=2) for trace in figure.data)
    assert coloured.sum() == 16  # all but the first row and column
    assert grey.sum() == 16  # the first two rows and columns: the corners of its faces
    assert coloured[1:, 1:].all()
    assert grey[:2].all()
    assert grey[:, :2].all()
    assert figure.data[1].showscale is False


def test_a_flow_and_a_run_have_their_places():
    problem, x = fit()
    flow = rg.gauss_newton_flow(problem, x, 2.0)
    run = rg.minimize(problem, x, "levenberg-marquardt", record_points=True)
    figure = pictures.interactive_surface(problem, paths={"flow": flow, "run": run}, resolution=4)
    line, below = named(figure, "flow"), named(figure, "flow, below")
    # on either side of the surface, so that it hides neither; the words are those of the path
    np.testing.assert_allclose((place(line) + place(below)) / 2, flow.outputs)
    rise = np.linalg.norm(place(line) - flow.outputs, axis=1)
    assert 0 < rise.max() < 0.02
    np.testing.assert_array_equal(line.customdata, np.column_stack([flow.times, flow.outputs]))
    assert "time %{customdata[0]" in line.hovertemplate
    dots = named(figure, "run, iterations")
    outputs = [record.point.outputs for record in run.history]
    np.testing.assert_array_equal(place(dots), outputs)
    np.testing.assert_array_equal(dots.customdata[:, 0], np.arange(run.iterations + 1))
    between = named(figure, "run").customdata
    assert between[0, 0] == 0
    assert between[-1, 0] == run.iterations
    assert [named(figure, name).line.color for name in ("flow", "run")] == [BLUE, VERMILION]
    # the surface reaches all of them
    params = np.vstack([flow.params, [record.point.params for record in run.history]])
    corners = figure.data[0].customdata.reshape(-1, 2)
    assert (corners.min(axis=0) < params.min(axis=0)).all()
    assert (corners.max(axis=0) > params.max(axis=0)).all()


def test_outputs_alone_are_a_path():
    problem, x = fit()
    curve = np.linspace(0, 1, 12).reshape(4, 3)
    figure = pictures.interactive_surface(problem, around=x, resolution=3, paths={"c": curve})
    np.testing.assert_array_equal(place(named(figure, "c")), curve)
    assert len(figure.data) == 2


def test_the_picture_of_a_fit():
    problem, x = fit()
    figure = pictures.interactive_surface_with_paths(problem, x, resolution=5)
    names = [trace.name for trace in figure.data if trace.showlegend is not False]
    assert names == [
        "surface",
        "Gauss-Newton flow",
        "gradient flow of the weights",
        "tangent plane",
        "start",
        "optimum",
        "target y",
    ]
    best = rg.minimize(problem, problem.manifold.point([1.2, -0.6])).point.outputs
    # marks are on both sides of the surface
    for name, u in (("start", x.outputs), ("optimum", best)):
        above, below = place(named(figure, name)), place(named(figure, f"{name}, below"))
        np.testing.assert_allclose((above + below) / 2, [u], atol=1e-3)
        assert 0.02 < np.linalg.norm(above - below) < 0.3
    np.testing.assert_array_equal(place(named(figure, "target y")), [[-0.75, 0.45, 1.3]])
    square = place(named(figure, "tangent plane")) - x.outputs
    np.testing.assert_allclose(problem.manifold.projection(x, square.T), square.T, atol=1e-12)
    np.testing.assert_allclose(square.sum(axis=0), 0, atol=1e-12)
    assert figure.layout.scene.aspectmode == "data"
    assert figure.layout.scene.zaxis.title.text == "output 3"


def test_lines_of_equal_loss_are_drawn_on_both_sides():
    problem, x = fit()
    figure = pictures.interactive_surface_with_paths(problem, x, resolution=25)
    lines = place(named(figure, "lines of equal loss"))
    lines = lines[np.isfinite(lines).all(axis=1)]
    above, below = np.split(lines, 2)
    low, high = figure.data[0].cmin, figure.data[0].cmax
    heights = low + (high - low) * np.arange(1, 13) / 13
    losses = [problem.loss.value(u) for u in (above + below) / 2]
    assert np.abs(heights - np.array(losses)[:, None]).min(axis=1).max() < 0.01 * high
    assert np.linalg.norm(above - below, axis=1).min() > 0.01


def test_what_is_at_the_optimum_has_no_lines_of_equal_curvature():
    plane = rg.ImmersedManifold(rg.autograd_immersion(lambda w: anp.array([w[0], w[1], 0.0]), 2))
    problem = rg.Problem(plane, rg.SquaredLoss([0.1, 0.2, 0.5]))
    figure = pictures.interactive_surface_with_paths(
        problem, plane.point([1.0, 1.0]), resolution=3, colour="mean"
    )
    assert not [trace for trace in figure.data if "equal" in trace.name]


def test_no_colour_at_all_has_no_bar():
    curve = rg.ImmersedManifold(rg.autograd_immersion(lambda w: anp.tanh((w[0] + w[1]) * TIMES), 2))
    figure = pictures.interactive_surface(
        curve, box=((-1, 1), (-1, 1)), resolution=4, colour="mean"
    )
    [grey] = figure.data
    assert grey.showscale is False
    assert "no mean curvature" in grey.hovertemplate


def test_outputs_of_other_sizes_are_stretched():
    M = rg.ImmersedManifold(
        rg.autograd_immersion(lambda w: anp.array([w[0], w[1], 1000 * w[0] * w[1]]), 2)
    )
    scene = pictures.interactive_surface(M, box=((-1, 1), (-1, 1)), resolution=3).layout.scene
    assert scene.aspectmode == "manual"
    assert (scene.aspectratio.x, scene.aspectratio.y, scene.aspectratio.z) == (0.5, 0.5, 1.0)
    assert scene.xaxis.title.text == "output 1 (500 : 1)"


def test_a_run_of_another_manifold_is_refused():
    problem, x = fit()
    other = rg.ImmersedManifold(rg.autograd_immersion(lambda w: w[0] * TIMES + w[1], 2))
    with pytest.raises(ValueError, match=r"paths\['a'\] must be on the manifold drawn"):
        pictures.interactive_surface(problem, around=x, paths={"a": [other.point([1.0, 2.0])]})


@pytest.mark.parametrize("name", ["light", "dark"])
def test_the_page_has_the_colours_of_the_theme(name, tmp_path):
    problem, x = fit()
    with pictures.theme(name):
        figure = pictures.interactive_surface(problem, around=x, resolution=3)
    lightness = int(figure.layout.paper_bgcolor[1:3], 16)
    assert lightness == {"light": 255, "dark": 0x14}[name]
    assert abs(int(to_hex(figure.layout.font.color)[1:3], 16) - lightness) > 150
    figure.write_html(tmp_path / "surface.html", include_plotlyjs="cdn")
    assert "output 1" in (tmp_path / "surface.html").read_text()


def test_without_plotly_the_error_says_how_to_install_it(monkeypatch):
    problem, x = fit()
    monkeypatch.setitem(sys.modules, "plotly.graph_objects", None)
    with pytest.raises(ImportError, match=r"needs plotly: pip install plotly$"):
        pictures.interactive_surface(problem, around=x)
    with pytest.raises(ImportError, match=r"needs plotly: pip install plotly$"):
        pictures.interactive_surface_with_paths(problem, x)


def test_paths_must_be_named():
    problem, x = fit()
    with pytest.raises(TypeError, match="paths must map labels"):
        pictures.interactive_surface(problem, around=x, paths=[[x]])
    with pytest.raises(ValueError, match="either around"):
        pictures.interactive_surface(problem)
    with pytest.raises(ValueError, match=r"target must have shape \(3,\)"):
        pictures.interactive_surface(problem, around=x, resolution=2, target=[1, 2])
