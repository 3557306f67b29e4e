"""Performance profiles against numbers worked out by hand, and what figures contain."""

from itertools import pairwise

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


def texts(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


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


def test_a_loss_of_zero_is_drawn_below_the_others():
    axes = comparison_curve(comparison(run("a", 0, [10, 2, 0.0], [0, 1, 2])))
    assert axes.get_yscale() == "log"
    assert lines(axes)["a"].get_ydata().tolist() == [10, 2, 0.2]
    assert texts(axes) == ["a", "zero, to rounding"]
    tiny = comparison_curve(comparison(run("a", 0, [10, 1e-3, 1e-200], [0, 1, 2])))
    assert lines(tiny)["a"].get_ydata().tolist() == [10, 1e-3, 1e-4]
    nothing = comparison_curve(comparison(run("a", 0, [0.0, 0.0], [0, 1])))
    assert nothing.get_yscale() == "linear"


def test_a_gap_is_that_to_the_least_loss_from_the_same_start():
    found = comparison(
        run("a", 0, [110, 100], [0, 1]),
        run("a", 1, [220, 201], [0, 1]),
        run("b", 0, [110, 102], [0, 1]),
        run("b", 1, [220, 200], [0, 1]),
    )
    axes = comparison_curve(found, least_loss="found")
    assert axes.get_ylabel() == "gap to the least loss found"
    assert axes.get_yscale() == "log"
    assert lines(axes)["a"].get_ydata().tolist() == [15, np.median([0.1, 1])]  # 0.1 stands for 0
    assert lines(axes)["b"].get_ydata().tolist() == [15, np.median([0.1, 2])]
    told = comparison_curve(found, least_loss=99)
    assert told.get_ylabel() == "gap to the least loss"
    assert lines(told)["a"].get_ydata().tolist() == [66, 51.5]
    assert texts(told) == ["a", "b"]
    above = comparison_curve(found, least_loss=300)  # no gap is positive: drawn as they are
    assert above.get_yscale() == "linear"
    assert lines(above)["a"].get_ydata().tolist() == [-135, -149.5]


@pytest.mark.parametrize(
    ("least_loss", "error", "words"),
    [
        ("least", ValueError, "'found' or None, got 'least'"),
        (np.nan, ValueError, "must be finite"),
        ([1.0], TypeError, "must be a number, 'found' or None"),
        (1j, TypeError, "must be a number, 'found' or None"),
        (True, TypeError, "must be a number, 'found' or None"),
    ],
)
def test_what_is_no_least_loss_is_refused(least_loss, error, words):
    with pytest.raises(error, match=words):
        comparison_curve(two_problems()["first"], least_loss=least_loss)


@pytest.mark.parametrize(
    ("ends", "name"),
    [
        ((105.0, 105.001), "gap to the least loss found"),  # on one another as losses
        ((105.0, 110.0), "least loss so far"),  # one method is ahead of the other
        ((1e-9, 1e-7), "least loss so far"),  # seen as they are
    ],
)
def test_a_figure_shows_gaps_where_losses_converge(ends, name):
    found = comparison(
        *(run(k, 0, [400, end], [0.1, 1]) for k, end in zip("ab", ends, strict=True))
    )
    assert [axes.get_ylabel() for axes in found.plot().axes] == [name, ""]
    with pytest.raises(ValueError, match="a run that did not fail"):
        comparison_figure(comparison(failed("a", 0)))


def long_names(count):
    """Runs whose names are as long as names get."""
    return comparison(
        *(run(f"a method with a long name, {k}", 0, [9, 5, 1 + k], [1, 2, 9]) for k in range(count))
    )


def inside(legend, figure):
    box, page = legend.get_window_extent(), figure.bbox
    return box.x0 >= 0 and box.x1 <= page.x1 and box.y0 >= 0 and box.y1 <= page.y1


@pytest.mark.parametrize("count", [2, 12, 20])
@pytest.mark.parametrize("draw", [comparison_curve, performance_profile])
def test_a_legend_of_long_names_leaves_the_axes_their_room(count, draw):
    axes = draw(long_names(count))
    figure = axes.figure
    figure.draw_without_rendering()
    assert inside(axes.get_legend(), figure)
    assert [text for text in texts(axes) if text.startswith("a method")] == list(
        long_names(count).methods
    )
    size = axes.get_window_extent()
    assert size.width > 0.7 * figure.bbox.width
    assert size.height > 0.4 * figure.bbox.height


def test_a_figure_holds_its_legend_of_long_names():
    figure = long_names(12).plot()
    figure.draw_without_rendering()
    [legend] = figure.legends
    assert inside(legend, figure)
    assert [axes.get_legend() for axes in figure.axes] == [None, None]
    assert figure.axes[0].get_window_extent().height > 0.5 * figure.bbox.height


def test_names_of_any_kind_are_in_the_legend():
    longest = "b" * 200
    names = ["_mine", "", longest, "zero, to rounding"]
    found = comparison(*(run(name, 0, [9, 1], [1, 2]) for name in names))
    for legend in (comparison_curve(found).get_legend(), found.plot().legends[0]):
        first, second, third, *rest = [text.get_text() for text in legend.get_texts()]
        assert (first, second) == ("_mine", "(no label)")
        assert third.startswith("bbb")
        assert third.endswith("bbb")
        assert "…" in third or third == longest
        assert rest[0] == "zero, to rounding"
    shown = comparison_curve(found)
    shown.figure.draw_without_rendering()
    assert inside(shown.get_legend(), shown.figure)


def test_an_axis_of_seconds_begins_where_something_happens():
    late = comparison_curve(comparison(run("a", 0, [9, 5, 1], [0.1, 2, 30])), against="seconds")
    assert late.get_xscale() == "log"
    assert 0.05 < late.get_xlim()[0] <= 0.1
    early = comparison(run("a", 0, [9, 5, 1], [1e-6, 4e-4, 20]))  # not seven decades
    assert comparison_curve(early, against="seconds").get_xlim()[0] > 1e-3
    short = comparison_curve(comparison(run("a", 0, [9, 1], [1, 4])), against="seconds")
    assert (short.get_xscale(), short.get_xlim()[0]) == ("linear", 0)


def test_runs_that_took_no_time_are_drawn():
    at_once = comparison(run("a", 0, [9, 1], [0, 0]), run("a", 1, [9, 1], [0, 0]))
    axes = comparison_curve(at_once, against="seconds")
    axes.figure.draw_without_rendering()
    assert axes.get_xscale() == "linear"


@pytest.mark.parametrize("last", [0.012, 0.05, 3e5])
@pytest.mark.parametrize("against", ["seconds", "iterations"])
def test_labels_of_what_is_spent_do_not_overlap(last, against):
    seconds = np.geomspace(1e-3, last, 12)
    found = comparison(run("a", 0, np.linspace(9, 1, 12), seconds))
    figure = found.plot()
    figure.draw_without_rendering()
    axis = figure.axes[against == "seconds"].xaxis
    low, high = figure.axes[against == "seconds"].get_xlim()
    labels = [*axis.get_ticklabels(), *axis.get_ticklabels(minor=True)]
    shown = [t for t in labels if t.get_text() and low <= t.get_position()[0] <= high]
    boxes = sorted((t.get_window_extent() for t in shown), key=lambda box: box.x0)
    assert len(boxes) >= 2
    assert all(one.x1 < other.x0 for one, other in pairwise(boxes))


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
        labels = [text.get_text() for text in legend.get_texts()]
        assert labels == ["a", "b", "c", "zero, to rounding"]
        box = figure.bbox
        for axes in figure.axes:
            tight = axes.get_tightbbox()
            assert tight.x0 >= box.x0
            assert tight.x1 <= box.x1
            assert tight.y1 <= legend.get_window_extent().y0
    assert found.plot().axes[0].get_xlabel() == "iterations"


def test_it_draws_on_axes_given():
    import matplotlib.pyplot as plt

    _, (left, right) = plt.subplots(1, 2)
    found = two_problems()
    assert comparison_curve(found["first"], left) is left
    assert performance_profile(found, right) is right
    with pytest.raises(TypeError, match="ax must be"):
        comparison_curve(found["first"], 3)


@pytest.mark.parametrize("last", [1.2, 3.0, 15.0, 90.0])
@pytest.mark.parametrize("against", ["seconds", "evaluations"])
def test_labels_of_an_axis_of_few_decades_do_not_overlap(last, against):
    spent = np.geomspace(1.0, last, 5)
    pair = [
        run(name, 0, [9.0, 5.0, 3.0, 2.0, 1.0], spent.tolist(), spent.tolist()) for name in "ab"
    ]
    axes = comparison_curve(comparison(*pair), against=against)
    axes.figure.canvas.draw()
    labels = [*axes.get_xticklabels(), *axes.get_xticklabels(minor=True)]
    left, right = axes.get_window_extent().intervalx
    boxes = [text.get_window_extent() for text in labels if text.get_text()]
    boxes = sorted((b.x0, b.x1) for b in boxes if left <= (b.x0 + b.x1) / 2 <= right)
    assert len(boxes) >= 2
    for (_, end), (begin, _) in pairwise(boxes):
        assert end + 2 < begin


def test_many_methods_leave_the_axes_their_room():
    many = [run(f"method {k}", 0, [9.0, 1.0], [1.0, 2.0]) for k in range(30)]
    axes = comparison_curve(comparison(*many))
    axes.figure.canvas.draw()
    assert axes.get_window_extent().height > 0.6 * axes.figure.bbox.height
