"""What surveys and commands show while they last."""

from contextlib import contextmanager

import numpy as np
import pytest

import riemgn as rg
import riemgn.progress.lines
from riemgn import baselines
from riemgn.cli import main


@pytest.fixture
def shown(monkeypatch):
    """The rows that are shown, in their order."""
    rows = []

    @contextmanager
    def shown_rows():
        yield lambda name, row: rows.append(row)

    monkeypatch.setattr(riemgn.progress.lines, "shown_rows", shown_rows)
    monkeypatch.setattr(baselines, "MAX_ITERATIONS", 2)
    return rows


def test_a_survey_says_what_it_computes(shown):
    M = rg.OutputManifold(rg.Network([1, 2, 1]), np.linspace(-1, 1, 12))
    problem = rg.Problem(M, rg.SquaredLoss(np.linspace(0, 1, 12) ** 2))
    rg.survey(problem, M.random_point(seed=0))
    texts = [row.text for row in shown]
    assert texts[0] == "starting"
    assert [text.removeprefix("the geometry: ") for text in texts[1:]] == [
        "the Jacobian and its spectrum", "curvatures", "curvatures along the residual",
        "certificates",
    ]  # fmt: skip


@pytest.mark.filterwarnings("ignore:lbfgs failed to converge")
def test_scores_show_how_many_splits_are_done(shown, capsys):
    words = ["scores", "--datasets", "linnerud,linnerud", "--splits", "2", "--first", "5"]
    assert main([*words, "--hidden", "2"]) == 0
    counted = [(row.count, row.text) for row in shown if row.total == 4]
    assert counted == [
        ("0/4", ""), ("0/4", "linnerud, split 5"), ("1/4", "linnerud, split 6"),
        ("2/4", "linnerud, split 5"), ("3/4", "linnerud, split 6"),
    ]  # fmt: skip
    assert any(row.text.startswith("choosing the ridge") for row in shown)


def test_a_fit_shows_that_it_is_compared(shown, capsys):
    assert main(["fit", "--dataset", "linnerud", "--hidden", "2", "--ridge", "1"]) == 0
    assert shown[-1].text == "scikit-learn's perceptron on the same split"
