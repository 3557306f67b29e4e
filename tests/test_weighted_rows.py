import numpy as np
import pytest

import riemgn as rg
from riemgn.fitting.phases import Task
from riemgn.fitting.rows import WeightedRows
from riemgn.fitting.targets import RealTarget


def data(seed=0, n=20):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 3, (n, 2)).astype(float), rng.integers(0, 2, n), rng.uniform(0.1, 3, n)


def test_equal_rows_are_one_with_the_sum_of_their_weights():
    X, y, weights = data()
    rows = WeightedRows.merged(X, y, weights)
    assert len(rows) == len({(*x, label) for x, label in zip(X, y, strict=True)}) < 20
    for x, label, weight in zip(rows.X, rows.y, rows.weights, strict=True):
        same = np.all(x == X, axis=1) & (y == label)
        assert weight == pytest.approx(weights[same].sum(), rel=1e-14)


@pytest.mark.parametrize("columns", [None, 2])
def test_the_order_of_the_rows_does_not_matter(columns):
    X, y, weights = data(1)
    weights = np.ceil(weights)
    y = y if columns is None else np.column_stack([y, -y]).astype(float)
    rows = WeightedRows.merged(X, y, weights)
    assert rows.y.shape[1:] == y.shape[1:]
    order = np.random.default_rng(2).permutation(20)
    other = WeightedRows.merged(X[order], y[order], weights[order])
    for name in ("X", "y", "weights"):
        np.testing.assert_array_equal(getattr(rows, name), getattr(other, name))


def test_rows_that_differ_stay_apart():
    X = np.array([[1.0], [1.0 + 1e-16], [1.0 + 1e-15], [-0.0], [0.0]])
    rows = WeightedRows.merged(X, np.arange(5) // 3, np.ones(5))
    assert rows.X[:, 0].tolist() == [0.0, 1.0, 1.0 + 1e-15]
    assert rows.weights.tolist() == [2.0, 2.0, 1.0]


def test_losses_are_means_over_weights():
    rng = np.random.default_rng(0)
    X, y, weights = rng.standard_normal((20, 2)), rng.standard_normal(20), rng.uniform(0.5, 3, 20)
    net = rg.Network([2, 3, 1])
    w0 = net.init(seed=0)
    target = RealTarget.learn("squared", y, weights)
    task = Task(net, w0, X, target, "auto", weights)
    outputs = net.predict(w0, X)
    terms = 0.5 * (outputs - target.rows[:, 0]) ** 2
    assert task.total_weight == pytest.approx(weights.sum())
    assert task.training().mean_loss(outputs) == pytest.approx(np.average(terms, weights=weights))
    for fold in task.folds(0.25, rng):
        held = np.flatnonzero(np.isin(X[:, 0], fold.held_out.X[:, 0]))
        assert held.size == 5
        expected = np.average(terms[held], weights=weights[held])
        assert fold.held_out_loss() == pytest.approx(expected)


def test_the_path_of_ridges_begins_in_units_of_the_total_weight():
    X, y, weights = data()
    classifier = rg.GaussNewtonClassifier(2, random_state=0).fit(X, y, weights)
    assert classifier.history_[0].ridge == pytest.approx(4 * weights.sum())
