import io

import numpy as np
import pytest
from rich.console import Console

from riemgn import baselines
from riemgn.datasets import describe
from riemgn.evaluation import evaluate
from riemgn.networks import Network
from riemgn.scoring import score_on, scores_table


@pytest.fixture(autouse=True)
def few_epochs(monkeypatch):
    monkeypatch.setattr(baselines, "MAX_ITERATIONS", 30)


def test_the_baseline_is_scikit_learns_pipeline():
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.neural_network import MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    data = describe("diabetes")
    training, test = (data.X[:300], data.y[:300]), (data.X[300:], data.y[300:])
    network = Network([10, 5, 1], activation="sigmoid")
    scores = baselines.perceptron_scores(network, training, test, labels=False, seed=0)
    perceptron = MLPRegressor(
        hidden_layer_sizes=(5,), activation="logistic", solver="lbfgs", max_iter=30, random_state=0
    )
    peer = TransformedTargetRegressor(
        make_pipeline(StandardScaler(), perceptron), transformer=StandardScaler()
    )
    with pytest.warns(Warning, match="lbfgs failed to converge"):
        peer.fit(*training)
    assert scores["lbfgs"] == pytest.approx(peer.score(*test), abs=1e-6)
    assert set(scores) == {"lbfgs", "adam"}


def test_training_and_test_rows_are_apart():
    data = describe("iris")
    evaluation = evaluate(data, [3], ridge=1.0, callback=lambda step: None)
    assert evaluation.test_rows == 38
    assert evaluation.result.report.rows == 112
    assert evaluation.loss == "softmax"
    assert evaluation.score_name == "accuracy"
    assert evaluation.result.model.columns == data.columns


def test_no_test_rows_no_baseline():
    evaluation = evaluate(describe("linnerud"), [2], test_share=0, ridge=1.0).compared()
    assert evaluation.test_score is None
    assert evaluation.baselines == {}
    assert evaluation.result.report.rows == 20


@pytest.mark.parametrize("share", [-0.1, 1.0])
def test_a_share_out_of_range(share):
    with pytest.raises(ValueError, match="test_share must be in"):
        evaluate(describe("linnerud"), [2], test_share=share)


def test_scores_are_one_a_split():
    noted = []
    scores = score_on("linnerud", range(2), [2], note=lambda *what: noted.append(what))
    assert noted == [("linnerud", 0), ("linnerud", 1)]
    alone = evaluate(describe("linnerud"), [2], seed=1, callback=lambda step: None).compared()
    assert scores.riemgn[1] == alone.test_score
    assert scores.baselines["adam"][1] == alone.baselines["adam"]
    console = Console(file=io.StringIO(), width=140)
    console.print(scores_table({"linnerud": scores}))
    text = console.file.getvalue()
    assert f"{np.mean(scores.riemgn):.3f} ±" in text
    assert text.strip().startswith("| data")
