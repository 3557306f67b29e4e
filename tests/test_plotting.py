import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

import riemgn as rg
from riemgn.plotting import loss_figure


def fitted(**options):
    draws = np.random.default_rng(0)
    X = draws.normal(size=(60, 2))
    return rg.fit(rg.Network([2, 4, 1]), X, X[:, 0] + draws.normal(size=60), **options)


def lines(axes):
    return {line.get_label(): line for line in axes.lines if line.get_label()[0] != "_"}


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
