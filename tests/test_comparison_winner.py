"""Who wins a comparison and by what, medians over starts, and what an interruption leaves."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from comparison_cases import comparison, failed, run

import riemgn as rg
from riemgn.comparison import performance_ratios
from riemgn.optimizers import Ending


def cut(one):
    """The run as Ctrl-C leaves it."""
    return replace(one, result=replace(one.result, ending=Ending.INTERRUPTED))


def test_the_winner_has_the_least_loss():
    found = comparison(run("a", 0, [10, 1.0], [0, 1]), run("b", 0, [10, 0.5], [0, 99]))
    assert found.winner() == "b"


def test_time_decides_between_losses_that_are_close():
    slow = run("slow", 0, [10, 5, 0.0], [0, 1, 9])
    quick = run("quick", 0, [10, 0.009], [0, 2])
    assert comparison(slow, quick).winner() == "quick"
    assert comparison(slow, quick).winner(accuracy=1e-4) == "slow"
    assert comparison(slow, quick).winner(accuracy=0) == "slow"


def test_medians_over_starts_decide():
    found = comparison(
        *(run("steady", seed, [10, 1.0], [0, 1]) for seed in range(3)),
        *(run("lucky", seed, [10, last], [0, 1]) for seed, last in enumerate([0.0, 2.0, 3.0])),
        *(run("fragile", seed, [10, 0.1], [0, 1]) for seed in range(1)),
        failed("fragile", 1),
        failed("fragile", 2),
    )
    assert found.winner() == "steady"
    summary = found.summary()
    assert summary.loc["lucky", ["loss", "loss_least", "loss_most"]].tolist() == [2.0, 0.0, 3.0]
    assert summary.loc["fragile", "failed"] == 2
    assert summary.loc["fragile", "loss"] == np.inf
    assert summary["gap"].tolist() == [0.0, 1.0, np.inf]


def test_equals_draw():
    found = comparison(*(run(name, 0, [10, 1.0], [0, 1]) for name in "ba"))
    assert found.standing().winners == ("b", "a")
    assert found.standing().by == "draw"
    assert not found.has_winner
    with pytest.raises(ValueError, match="b, a draw"):
        found.winner()
    told = found.to_dict()
    assert (told["winner"], told["draw"]) == (None, ["b", "a"])
    for shown in (repr(found), found._repr_html_()):
        assert "a draw between b and a" in shown
        assert "(winner)" not in shown


def test_a_start_at_the_optimum_is_a_draw_for_all():
    problem = rg.Problem(
        rg.ImmersedManifold(rg.autograd_immersion(lambda w: w, dim=2)), rg.SquaredLoss([0.0, 1.0])
    )
    found = rg.compare(problem, problem.manifold.point([0.0, 1.0]), ["auto", "lbfgs", "adam"])
    assert found.standing().winners == ("auto", "lbfgs", "adam")
    np.testing.assert_array_equal(performance_ratios(found, "seconds").ratios, [[1, 1, 1]])


@pytest.mark.parametrize(
    ("slower", "evaluations", "winner", "by"),
    [
        (1.09, 20, "a", "evaluations"),
        (1.09, 5, "b", "evaluations"),
        (1.09, 9, None, "draw"),
        (1.11, 5, "a", "time"),
    ],
)
def test_times_within_a_tenth_count_as_equal(slower, evaluations, winner, by):
    found = comparison(
        run("a", 0, [10, 1.0], [0, 1.0], [1, 9]),
        run("b", 0, [10, 1.0], [0, slower], [1, evaluations]),
    )
    standing = found.standing()
    assert standing.by == by
    assert standing.winners == (("a", "b") if winner is None else (winner,))
    assert standing.evaluations == {"a": 9.0, "b": float(evaluations)}


def test_times_within_a_millisecond_count_as_equal():
    found = comparison(
        run("a", 0, [10, 1.0], [0, 1e-4], [1, 9]), run("b", 0, [10, 1.0], [0, 9e-4], [1, 7])
    )
    assert found.winner() == "b"


def test_the_time_that_decides_is_shown():
    found = comparison(
        run("slow", 0, [10, 1.0, 0.0], [0, 1, 9]), run("quick", 0, [10, 0.009], [0, 2])
    )
    assert found.standing().loss == pytest.approx(0.01)
    table = found.table().set_index("method")
    assert table["seconds_to_winning_loss"].to_dict() == {"slow": 9.0, "quick": 2.0}
    summary = found.summary()
    assert summary["seconds_to_winning_loss"].to_dict() == {"slow": 9.0, "quick": 2.0}
    assert summary["evaluations_to_winning_loss"].to_dict() == {"slow": 3.0, "quick": 2.0}
    told = found.to_dict()
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert told["winning_loss"] == found.standing().loss
    assert told["seconds_to_winning_loss"] == {"slow": 9.0, "quick": 2.0}
    assert [one["seconds_to_winning_loss"] for one in told["runs"]] == [9.0, 2.0]
    heading = repr(found).splitlines()[1]
    assert "to win" in heading
    assert "winner: quick, by the time to a loss of 0.01; to win: the time to" in repr(found)


def test_a_winning_loss_that_is_not_reached():
    found = comparison(run("a", 0, [10, 1.0], [0, 1]), run("b", 0, [10, 5.0], [0, 2]))
    assert found.summary()["seconds_to_winning_loss"].to_dict() == {"a": 1.0, "b": np.inf}
    assert found.to_dict()["seconds_to_winning_loss"] == {"a": 1.0, "b": None}
    assert found.standing().by == "loss"


def test_medians_of_an_even_number_are_means_of_the_middle_two():
    found = comparison(
        run("a", 0, [10, 0.0], [0, 1]),
        run("a", 1, [10, 3.0], [0, 5]),
        run("b", 0, [10, 2.0], [0, 1]),
        run("b", 1, [10, 2.0], [0, 5]),
    )
    summary, table = found.summary(), found.table()
    for column in ("loss", "gap", "iterations", "evaluations", "seconds"):
        expected = table.groupby("method")[column].median()
        pd.testing.assert_series_equal(summary[column], expected, check_dtype=False)
    assert found.winner() == "a"  # 1.5 against 2


def test_a_failed_run_counts_as_infinite_in_a_median():
    found = comparison(
        run("a", 0, [10, 0.0], [0, 1]),
        failed("a", 1),
        *(run("b", k, [10, 2.0], [0, 1]) for k in (0, 1)),
    )
    assert found.summary()["loss"].to_dict() == {"a": np.inf, "b": 2.0}
    assert found.winner() == "b"


def test_only_starts_that_every_method_has_finished_decide():
    found = comparison(
        run("a", 0, [10, 2.0], [0, 1]),
        run("a", 1, [10, 0.1], [0, 1]),
        run("b", 0, [10, 1.0], [0, 1]),
        ended="interrupted",
    )
    assert found.winner() == "b"
    assert list(found.complete_starts) == [0]


def test_a_run_that_was_cut_short_decides_nothing_and_is_marked():
    found = comparison(
        run("a", 0, [10, 2.0], [0, 1]),
        run("a", 1, [10, 2.0], [0, 1]),
        run("b", 0, [10, 1.0], [0, 1]),
        cut(run("b", 1, [10, 9.0], [0, 1])),
        ended="interrupted",
    )
    assert found.runs[3].is_cut
    assert found.winner() == "b"
    assert found.standing().loss < 1.1
    assert list(found.complete_starts) == [0]
    assert performance_ratios(found, accuracy=0.01).problems == (("", 0),)
    assert found.summary()["cut"].to_dict() == {"a": 0, "b": 1}
    assert "1 cut short" in repr(found)


def test_without_a_finished_start_there_is_no_winner():
    found = comparison(
        run("a", 0, [10, 2.0], [0, 1]), cut(run("b", 0, [10, 1.0], [0, 1])), ended="interrupted"
    )
    with pytest.raises(ValueError, match="no start"):
        found.winner()
    assert "no winner: from no start have all methods finished" in repr(found)
    assert np.isnan(found.table()["seconds_to_winning_loss"]).all()
    assert found.to_dict()["winning_loss"] is None


@pytest.mark.parametrize("measure", ["seconds", "iterations", "evaluations"])
def test_where_nobody_improves_on_a_start_all_are_equal(measure):
    found = comparison(
        run("a", 0, [1, 1], [0.001, 1]), run("b", 0, [1, 1], [0.0002, 5]), failed("c", 0)
    )
    np.testing.assert_array_equal(performance_ratios(found, measure).ratios, [[1, 1, np.inf]])


def test_names_of_comparisons_are_strings():
    one = comparison(run("a", 0, [2, 1], [0, 1]))
    with pytest.raises(TypeError, match="names that are strings, got 1"):
        performance_ratios({1: one, "1": one})
