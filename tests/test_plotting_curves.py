from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from plotting_cases import (
    blank,
    contrast,
    decay_flow,
    decay_problem,
    decay_run,
    decay_start,
    legend,
    lines,
    themes,
)

import riemgn as rg
from riemgn import plotting
from riemgn.plotting import style
from riemgn.plotting.curves import (
    damping_curve,
    gradient_norm_curve,
    least_eigenvalue_curve,
    loss_curve,
    tangent_cosine_curve,
)


def two_runs():
    return {"default": decay_run(), "gradient descent": decay_run("gradient-descent", 40)}


@pytest.mark.parametrize("against", ["iteration", "evaluations", "seconds"])
def test_each_run_is_a_line_of_its_history(against):
    axes = loss_curve(two_runs(), blank(), against=against)
    for label, run in two_runs().items():
        line = lines(axes)[label]
        assert_array_equal(line.get_xdata(), [getattr(r, against) for r in run.history])
        assert_array_equal(line.get_ydata(), [r.cost for r in run.history])
    assert legend(axes) == ["default", "gradient descent"]
    assert (axes.get_xlabel() or "").startswith(against)
    assert axes.get_ylabel() == "loss"
    assert axes.get_yscale() == "log"


def test_one_run_needs_no_legend_and_new_axes_are_made():
    axes = loss_curve(decay_run())
    assert len(axes.lines) == 1
    assert axes.get_legend() is None
    plt.close(axes.figure)


def test_the_axis_is_linear_where_losses_hardly_differ():
    flow = decay_flow()
    late = flow[flow.losses < 3 * flow.losses.min()]
    assert loss_curve(late, blank()).get_yscale() == "linear"
    assert loss_curve(flow, blank()).get_yscale() == "log"


def test_negative_losses_are_drawn_on_a_linear_axis():
    M = rg.ImmersedManifold(rg.autograd_immersion(lambda w: w, dim=2))
    problem = rg.Problem(M, rg.PoissonLoss([40, 50]))
    run = rg.minimize(problem, M.point([0.0, 0.0]))
    axes = loss_curve(run, blank())
    assert axes.get_yscale() == "linear"
    assert_array_equal(axes.lines[0].get_ydata(), [r.cost for r in run.history])
    assert axes.lines[0].get_ydata()[-1] < 0


def test_the_gap_is_drawn_down_to_rounding_and_the_rest_is_told():
    run = decay_run()
    costs = np.array([r.cost for r in run.history])
    least = costs.min()
    axes = loss_curve({"default": run}, blank(), least_loss=least)
    gaps = costs - least
    known = gaps > 4 * np.finfo(float).eps * least
    assert 0 < np.count_nonzero(~known) < 10
    assert_array_equal(lines(axes)["default"].get_ydata(), np.where(known, gaps, np.nan))
    assert axes.get_yscale() == "log"
    assert axes.get_ylabel() == "gap to the least loss"
    hidden = np.count_nonzero(~known)
    points = "1 point" if hidden == 1 else f"{hidden} points"
    words = f"{points} within rounding of the least loss or below it not drawn"
    assert legend(axes) == ["default", words]


def test_a_remark_is_no_wider_than_a_panel_of_two():
    import matplotlib.pyplot as plt

    run = decay_run()
    figure, panels = plt.subplots(1, 2, layout="constrained")
    loss_curve({"default": run}, panels[0], least_loss=min(r.cost for r in run.history))
    figure.draw_without_rendering()
    assert "not drawn" in legend(panels[0])[-1]
    box = panels[0].get_window_extent()
    assert panels[0].get_legend().get_window_extent().width < box.width
    plt.close(figure)


def test_a_flow_is_drawn_against_its_time():
    flow = decay_flow()
    for draw, values in (
        (loss_curve, flow.losses),
        (gradient_norm_curve, flow.gradient_norms),
        (tangent_cosine_curve, flow.tangent_cosines),
        (least_eigenvalue_curve, flow.least_eigenvalues),
    ):
        axes = draw(flow, blank())
        assert_array_equal(axes.lines[0].get_xdata(), flow.times)
        assert_array_equal(axes.lines[0].get_ydata(), values)
        assert axes.get_xlabel() == "time"


def test_gradients_and_cosines_are_those_of_the_records():
    run = decay_run()
    for draw, name in ((gradient_norm_curve, "gradient_norm"), (tangent_cosine_curve, None)):
        axes = draw(run, blank())
        name = name or "tangent_cosine"
        assert_array_equal(axes.lines[0].get_ydata(), [getattr(r, name) for r in run.history])
        assert axes.get_yscale() == "log"


def test_cosines_of_runs_and_flows_have_a_name_that_is_true_of_both():
    """Under logistic loss a run measures in the metric of the loss, a flow in that of M."""
    problem = rg.Problem(decay_problem().manifold, rg.LogisticLoss(np.arange(20) % 2))
    x = decay_start()
    run = rg.minimize(problem, x, max_iterations=3)
    flow = rg.gauss_newton_flow(problem, x, t_end=0.01)
    g, J = problem.loss.gradient(x.outputs), x.jacobian
    euclidean = np.linalg.norm(J @ np.linalg.lstsq(J, g)[0]) / np.linalg.norm(g)
    cosines = []
    for course in (run, flow):
        axes = tangent_cosine_curve(course, blank())
        assert axes.get_ylabel() == "tangent cosine"
        cosines.append(axes.lines[0].get_ydata()[0])
    assert cosines[1] == pytest.approx(euclidean, rel=1e-6)
    assert abs(cosines[0] - euclidean) > 1e-4


def test_a_least_loss_above_all_losses_hides_and_counts_them():
    run = decay_run()
    axes = loss_curve({"default": run}, blank(), least_loss=1e9)
    assert axes.get_yscale() == "log"
    assert np.all(np.isnan(lines(axes)["default"].get_ydata()))
    words = f"{len(run.history)} points within rounding of the least loss or below it not drawn"
    assert legend(axes) == ["default", words]
    assert axes.get_xlim() == (0, len(run.history) - 1)


@pytest.mark.parametrize("words", ["run {}", "Levenberg-Marquardt from a start of seed {}"])
def test_a_long_legend_leaves_the_axes_their_room(words):
    many = {words.format(k): decay_run() for k in range(36)}
    axes = loss_curve(many)
    axes.figure.canvas.draw()
    width, height = axes.figure.get_size_inches() * axes.figure.dpi
    box, names = axes.get_window_extent(), axes.get_legend().get_window_extent()
    assert box.height > 0.7 * height
    assert box.width > 0.4 * width
    assert names.y0 > 0
    assert names.x0 > box.x1 - 1
    texts = [text.replace("\n", " ") for text in legend(axes)]
    shown = [text for text in texts if text in many]
    assert shown == list(many)[: len(shown)]
    rest = 36 - len(shown)
    assert texts == shown + ([f"and {rest} more"] if rest else [])
    plt.close(axes.figure)


def test_without_a_layout_a_long_legend_is_cut():
    axes = loss_curve({f"run {k}": decay_run() for k in range(36)}, blank())
    assert legend(axes) == [*(f"run {k}" for k in range(9)), "and 27 more"]


def test_the_start_has_no_damping():
    run = decay_run("levenberg-marquardt")
    drawn = damping_curve(run, blank()).lines[0].get_ydata()
    assert np.isnan(drawn[0])
    assert_array_equal(drawn[1:], [r.damping for r in run.history[1:]])
    assert np.all(drawn[1:] > 0)


def test_steps_without_damping_are_counted():
    runs = {"damped": decay_run("levenberg-marquardt"), "not": decay_run("gradient-descent", 40)}
    axes = damping_curve(runs, blank())
    assert np.all(np.isnan(lines(axes)["not"].get_ydata()))
    assert legend(axes)[-1] == "40 points without damping not drawn"
    undamped = damping_curve({"not": runs["not"]}, blank())
    assert undamped.get_yscale() == "linear"
    assert_array_equal(lines(undamped)["not"].get_ydata()[1:], np.zeros(40))


def test_a_fit_shows_its_last_phase():
    draws = np.random.default_rng(0)
    X = draws.normal(size=(60, 2))
    fit = rg.fit(rg.Network([2, 4, 1]), X, X[:, 0] + draws.normal(size=60))
    [line] = loss_curve(fit, blank()).lines
    steps = [step for step in fit.history if step.phase == "fit"]
    assert_array_equal(line.get_xdata(), [step.iteration for step in steps])
    assert_array_equal(line.get_ydata(), [step.loss for step in steps])
    with pytest.raises(ValueError, match="runs must have measured their tangent cosine"):
        tangent_cosine_curve(fit, blank())


def test_what_a_flow_in_another_metric_does_not_measure_is_told():
    flow = replace(decay_flow(), tangent_cosines=np.full(len(decay_flow()), np.nan))
    assert legend(tangent_cosine_curve({"natural": flow}, blank())) == [
        "natural",
        "not measured: natural",
    ]


def test_runs_and_flows_share_no_axis():
    mixed = {"run": decay_run(), "flow": decay_flow()}
    with pytest.raises(ValueError, match="steps and flows are drawn apart"):
        loss_curve(mixed, blank())
    with pytest.raises(ValueError, match=r"against must be one of time, got 'seconds' \('flow'"):
        loss_curve(mixed, blank(), against="seconds")


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (({},), ValueError, "at least one run"),
        (({"a": 3},), TypeError, "results, flows or fits, got 3 as 'a'"),
        ((None,), TypeError, "results, flows or fits, got None"),
    ],
)
def test_bad_runs_are_told(arguments, error, words):
    with pytest.raises(error, match=words):
        loss_curve(*arguments)


def test_bad_options_are_told():
    with pytest.raises(ValueError, match="did you mean 'seconds'"):
        loss_curve(decay_run(), blank(), against="second")
    with pytest.raises(TypeError, match="least_loss must be a number, got 'low'"):
        loss_curve(decay_run(), blank(), least_loss="low")
    with pytest.raises(ValueError, match="least_loss must be finite, got nan"):
        loss_curve(decay_run(), blank(), least_loss=np.nan)
    with pytest.raises(TypeError, match="ax must be matplotlib axes, got int"):
        loss_curve(decay_run(), 3)


def test_lines_differ_without_their_colours():
    looks = [style.look(k, points=5) for k in range(36)]
    dashes = [str(look["linestyle"]) for look in looks]
    assert len(set(dashes[:6])) == 6
    assert len({look["marker"] for look in looks[:6]}) == 6
    assert len({(look["color"], str(look["linestyle"])) for look in looks}) == 36
    assert "marker" not in style.look(0, points=1000)


@pytest.mark.parametrize("name", themes())
def test_text_and_minor_lines_are_read_on_their_background(name):
    with themes()[name]:
        axes = loss_curve(two_runs(), blank(), least_loss=decay_run().cost)
        paper = axes.get_facecolor()
        assert contrast(axes.get_legend().get_texts()[0].get_color(), paper) > 7
        assert contrast(axes.xaxis.label.get_color(), paper) > 7
        assert contrast(style.ink(), paper) > 7
        assert 4 < contrast(style.muted(), paper) < contrast(style.ink(), paper)
        line = style.prediction(axes, [0, 1], [1, 2])
        assert line.get_color() == style.ink()


def test_a_flow_figure_has_four_panels_of_its_numbers():
    flow = decay_flow()
    figure = plotting.flow_figure(flow, least_loss=decay_run().cost)
    values = (
        flow.losses - decay_run().cost,
        flow.gradient_norms,
        flow.tangent_cosines,
        flow.least_eigenvalues,
    )
    for axes, own in zip(figure.axes, values, strict=True):
        assert_allclose(axes.lines[0].get_ydata(), own, rtol=1e-12)
        assert axes.get_yscale() == "log"
        assert axes.get_ylabel()
    assert [axes.get_xlabel() for axes in figure.axes] == ["", "", *["time"] * 2]
