import functools

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from plotting_cases import (
    blank,
    contrast,
    decay_problem,
    decay_run,
    decay_start,
    lines,
    themes,
)

import riemgn as rg
from riemgn import plotting
from riemgn.plotting import loss_figure, ridge_curve


@functools.cache
def fitted(**options):
    draws = np.random.default_rng(0)
    X = draws.normal(size=(60, 2))
    return rg.fit(rg.Network([2, 4, 1]), X, X[:, 0] + draws.normal(size=60), **options)


def test_the_figure_shows_the_history_and_the_choice_of_the_ridge():
    result = fitted()
    history, path = loss_figure(result, "noise").axes
    all_rows = [step.loss for step in result.history if step.phase == "fit"]
    assert lines(history)["training, all rows"].get_ydata().tolist() == all_rows
    held_out = [step.held_out_loss for step in result.history if step.phase == "ridge"]
    assert lines(history)["held out"].get_ydata().tolist() == held_out
    star = lines(path)[f"chosen: {result.report.ridge:.3g}"]
    assert star.get_xdata().tolist() == [result.report.ridge]
    assert star.get_ydata().tolist() == pytest.approx([result.report.held_out_loss])
    for axes in (history, path):
        assert axes.get_xlabel()
        assert axes.get_ylabel()
        assert axes.get_legend() is not None


def test_the_legend_of_the_ridge_lies_above_all_lines():
    axes = ridge_curve(fitted(), None)
    axes.figure.canvas.draw()
    box = axes.get_legend().get_window_extent()
    for line in axes.lines:
        places = axes.transData.transform(line.get_xydata())
        assert places[:, 1].max() < box.y0
    plt.close(axes.figure)


@pytest.mark.parametrize("options", [{"ridge": 1.0}, {"ridge": 0.1, "validation": 0.25}])
def test_a_given_ridge_needs_one_panel(options):
    assert len(loss_figure(fitted(**options)).axes) == 1


def test_nothing_is_drawn_outside_the_figure():
    figure = loss_figure(fitted(), "a data set with a long name")
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    width, height = canvas.get_width_height()
    for axes in figure.axes:
        box = axes.get_tightbbox()
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= width
        assert box.y1 <= height


def test_an_interrupted_fit_is_drawn():
    def leave(step):
        raise StopIteration

    assert loss_figure(fitted(callback=leave)).axes


@pytest.mark.parametrize("name", themes())
def test_every_picture_is_read_on_a_light_and_on_a_dark_page(name):
    problem, x, run = decay_problem(), decay_start(), decay_run()
    M, residual = problem.manifold, problem.loss.targets - run.point.outputs
    pictures = (
        (plotting.loss_curve, (run,)),
        (plotting.damping_curve, (run,)),
        (plotting.loss_slice, (problem, x, run.point, run)),
        (plotting.principal_components, (run,)),
        (plotting.spectrum_along, (M, run)),
        (plotting.singular_values, (M, x)),
        (plotting.curvature_profile, (M, run)),
        (plotting.principal_curvatures, (M, run.point, residual)),
        (plotting.fit_curve, (fitted(),)),
        (plotting.ridge_curve, (fitted(),)),
    )
    with themes()[name]:
        for draw, arguments in pictures:
            axes = draw(*arguments, ax=blank())
            paper = axes.get_facecolor()
            texts = (axes.xaxis.label, axes.yaxis.label, axes.title, *axes.texts)
            assert all(contrast(text.get_color(), paper) > 4 for text in texts), draw
            assert all(contrast(line.get_color(), paper) > 2 for line in axes.lines), draw
            bars = [bar for container in axes.containers for bar in container]
            assert all(contrast(bar.get_facecolor(), paper) > 2 for bar in bars), draw
            assert axes.get_xlabel(), draw
            assert axes.get_ylabel(), draw


def test_a_ridge_that_was_given_has_no_curve():
    with pytest.raises(ValueError, match="result must have chosen its ridge"):
        ridge_curve(fitted(ridge=1.0))
