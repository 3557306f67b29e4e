"""Performance profiles against numbers worked out by hand, and what figures contain."""

import numpy as np
import pytest
from comparison_cases import RATIOS, comparison, failed, run, two_problems

from riemgn.comparison import performance_ratios
from riemgn.plotting import comparison_curve, comparison_figure, performance_profile, theme


@pytest.fixture(autouse=True)
def closed():
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


def lines(axes):
    return {line.get_label(): line for line in axes.lines if line.get_label()[0] != "_"}


def test_ratios_by_hand():
    ratios = performance_ratios(two_problems(), "seconds", accuracy=0.1)
    assert ratios.methods == ("a", "b", "c")
    assert ratios.problems == (("first", 0), ("second", 0))
    np.testing.assert_array_equal(ratios.ratios, RATIOS)
    assert ratios.share("a", 1.0) == 0.5
    assert ratios.share("a", 1.5) == 1.0
    assert ratios.share("c", 100.0) == 0.5
    iterations = performance_ratios(two_problems(), "iterations", accuracy=0.1)
    np.testing.assert_array_equal(iterations.ratios, [[2, 1, np.inf], [2, 1, 2]])
    evaluations = performance_ratios(two_problems(), "evaluations", accuracy=0.1)
    np.testing.assert_array_equal(evaluations.ratios, [[1.5, 1, np.inf], [1.5, 1, 1.5]])


def test_accuracy_decides_what_is_solved():
    exact = performance_ratios(two_problems(), "seconds", accuracy=1e-6)
    np.testing.assert_array_equal(np.isfinite(exact.ratios), [[False, True, False]] * 2)


def test_every_start_is_a_problem_and_incomplete_ones_are_left_out():
    several = comparison(
        run("a", 0, [10, 0], [0, 1]),
        run("b", 0, [10, 0], [0, 3]),
        run("a", 1, [10, 0], [0, 4]),
        failed("b", 1),
        run("a", 2, [10, 0], [0, 4]),
        failed("a", 3),
        failed("b", 3),
        ended="interrupted",
    )
    ratios = performance_ratios(several)
    assert ratios.problems == (("", 0), ("", 1))
    np.testing.assert_array_equal(ratios.ratios, [[1, 3], [1, np.inf]])


def test_a_start_that_solves_the_problem_costs_all_methods_the_same():
    solved = comparison(run("a", 0, [1, 1], [0, 1]), run("b", 0, [1, 1], [0, 5]))
    np.testing.assert_array_equal(performance_ratios(solved, "iterations").ratios, [[1, 1]])


@pytest.mark.parametrize(
    ("comparisons", "options", "error", "words"),
    [
        (3, {}, TypeError, "comparisons must be a comparison"),
        ({}, {}, TypeError, "comparisons must be a comparison"),
        ({"one": 3}, {}, TypeError, "comparisons must hold comparisons"),
        (two_problems(), {"measure": "minutes"}, ValueError, "unknown measure"),
        (two_problems(), {"accuracy": 0.0}, ValueError, "accuracy must be"),
        (two_problems(), {"accuracy": 1.0}, ValueError, r"accuracy must be in \(0, 1\)"),
        (comparison(failed("a", 0)), {}, ValueError, "a start from which every method"),
        (
            two_problems() | {"third": comparison(run("d", 0, [1, 0], [0, 1]))},
            {},
            ValueError,
            "the same methods, got a, b, c and d",
        ),
    ],
)
def test_mistakes_are_told(comparisons, options, error, words):
    with pytest.raises(error, match=words):
        performance_ratios(comparisons, **options)


def test_a_profile_draws_the_shares():
    axes = performance_profile(two_problems(), measure="seconds", accuracy=0.1)
    drawn = lines(axes)
    assert list(drawn) == ["a", "b", "c"]
    for method, line in drawn.items():
        column = RATIOS[:, "abc".index(method)]
        factors, shares = line.get_data()
        for factor in (1.0, 1.2, 1.5, 1.9, 2.0, 2.1):
            reached = shares[np.searchsorted(factors, factor, side="right") - 1]
            assert reached == np.mean(column <= factor)
    assert axes.get_xlabel() == "seconds, multiple of the best method's"
    assert axes.get_ylabel() == "share of 2 problems solved to 0.1"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["a", "b", "c"]
    assert axes.get_xscale() == "log"


@pytest.mark.parametrize("against", ["iterations", "evaluations", "seconds"])
def test_a_curve_draws_the_least_loss_so_far(against):
    found = comparison(
        run("a", 0, [10, 12, 4], [0.1, 1, 2], [1, 3, 5]), run("b", 0, [10, 6], [0.1, 3])
    )
    axes = comparison_curve(found, against=against)
    drawn = lines(axes)
    spent = {"iterations": [0, 1, 2], "evaluations": [1, 3, 5], "seconds": [0.1, 1, 2]}
    assert drawn["a"].get_xdata().tolist() == spent[against]
    assert drawn["a"].get_ydata().tolist() == [10, 10, 4]
    assert drawn["b"].get_ydata().tolist() == [10, 6]
    assert axes.get_ylabel() == "least loss so far"
    assert axes.get_yscale() == "linear"


def test_losses_of_any_size_get_a_logarithmic_axis():
    found = comparison(run("a", 0, [10, 0.1], [0, 1]))
    assert comparison_curve(found).get_yscale() == "log"
    zero = comparison(run("a", 0, [10, 0.0], [0, 1]))
    assert comparison_curve(zero).get_yscale() == "linear"


def test_several_starts_are_a_median_with_a_range():
    found = comparison(
        run("a", 0, [10, 8, 6], [0.1, 1, 2]),
        run("a", 1, [20, 4], [0.1, 1]),  # it ends early, and keeps its loss
        run("a", 2, [30, 1, 0.5], [0.1, 1, 2]),
    )
    axes = comparison_curve(found, against="iterations")
    x, y = lines(axes)["a"].get_data()
    medians = dict(zip(x, y, strict=True))
    assert medians == {0.0: 20.0, 1.0: 4.0, 2.0: 4.0}
    [band] = axes.collections
    corners = band.get_paths()[0].vertices
    assert corners[:, 1].min() == 0.5
    assert corners[:, 1].max() == 30


def test_a_method_that_failed_is_named():
    found = comparison(run("a", 0, [10, 1], [0, 1]), failed("b", 0))
    texts = [text.get_text() for text in comparison_curve(found).get_legend().get_texts()]
    assert texts == ["a", "b failed"]
    with pytest.raises(ValueError, match="a run that did not fail"):
        comparison_curve(comparison(failed("b", 0)))
    with pytest.raises(ValueError, match="unknown against"):
        comparison_curve(found, against="minutes")


@pytest.mark.parametrize("name", ["light", "dark"])
def test_the_figure_has_two_panels_and_one_legend(name):
    found = two_problems()["first"]
    with theme(name):
        figure = comparison_figure(found)
        figure.draw_without_rendering()
        left, right = figure.axes
        assert [left.get_xlabel(), right.get_xlabel()] == ["iterations", "seconds"]
        assert list(lines(left)) == list(lines(right)) == ["a", "b", "c"]
        [legend] = figure.legends
        assert [text.get_text() for text in legend.get_texts()] == ["a", "b", "c"]
        box = figure.bbox
        for axes in figure.axes:
            tight = axes.get_tightbbox()
            assert tight.x0 >= box.x0
            assert tight.x1 <= box.x1
            assert tight.y1 <= legend.get_window_extent().y0
    assert found.plot().axes[0].get_xlabel() == "iterations"


def test_it_draws_on_axes_given():
    import matplotlib.pyplot as plt

    _, axes = plt.subplots()
    found = two_problems()
    assert comparison_curve(found["first"], axes) is axes
    assert performance_profile(found, axes) is axes
    with pytest.raises(TypeError, match="ax must be"):
        comparison_curve(found["first"], 3)
