"""The path of the ridge: over the plateau at its strong end, and no further than it must."""

import numpy as np
import pytest
import scipy.optimize
from scipy.special import expit

import riemgn as rg
from riemgn.fitting.constant_outputs import constant_losses
from riemgn.fitting.ridge_path import MARGIN, PATIENCE, STRENGTHS
from riemgn.fitting.training import HeldOut, Training
from riemgn.losses import LogisticLoss, SquaredLoss


def inputs(rows=45, seed=0):
    return np.random.default_rng(seed).normal(size=(rows, 3))


def valley(X):
    """A target without a linear part, at which a strong ridge leaves the outputs constant."""
    return X[:, 0] ** 2


def means(report):
    return np.array([np.mean(losses) for _, losses in report.ridge_path])


@pytest.mark.parametrize("seed", [0, 1, 3])
def test_a_plateau_at_the_strong_end_is_crossed(seed):
    X = inputs(90)
    fitted = rg.fit(rg.Network([3, 3, 1]), X, valley(X), seed=seed)
    tried = means(fitted.report)
    # as many strengths as would end the path learn no more than a constant
    assert np.all(tried[: PATIENCE + 1] > (1 - MARGIN) * 0.5)
    assert np.argmin(tried[: PATIENCE + 1]) == 0
    X_new = inputs(200, seed=9)
    assert fitted.score(X_new, valley(X_new)) > 0.99


def test_a_plateau_of_class_labels_is_crossed():
    X = inputs(60, seed=2)
    labels = np.where(X[:, 0] * X[:, 1] > 0, "same", "other")
    fitted = rg.fit(rg.Network([3, 3, 1]), X, labels, "logistic", seed=5)
    tried = means(fitted.report)
    assert np.all(tried[: PATIENCE + 1] > (1 - MARGIN) * np.log(2))
    assert np.argmin(tried[: PATIENCE + 1]) == 0
    assert fitted.score(X, labels) > 0.9


def test_where_nothing_can_be_learnt_the_strongest_serves_best():
    X, noise = inputs(), np.random.default_rng(7).normal(size=45)
    few = rg.fit(rg.Network([3, 2, 1]), X, noise).report
    many = rg.fit(rg.Network([3, 30, 1]), X, noise).report
    assert few.ridge == few.ridge_path[0][0]
    assert many.ridge == many.ridge_path[0][0]
    # too few weights for that never learn the rows by heart
    assert len(few.ridge_path) == STRENGTHS
    assert len(many.ridge_path) < STRENGTHS / 2


def test_the_losses_of_constants():
    draws = np.random.default_rng(4)
    X, held = draws.normal(size=(30, 2)), draws.normal(size=(8, 2))
    y, y_held = draws.normal(1.0, 1.0, size=30), draws.normal(1.0, 1.0, size=8)
    net = rg.Network([2, 3, 1])
    training = Training(net, np.zeros(net.dim), X, SquaredLoss(y), "auto")
    found = constant_losses(training, HeldOut(held, SquaredLoss(y_held), 8))
    best = y.sum() / 31  # the ridge counts as a row of target zero
    assert found.training == pytest.approx(np.mean((y - best) ** 2) / 2, rel=1e-6)
    assert found.held_out == pytest.approx(np.mean((y_held - best) ** 2) / 2, rel=1e-5)

    labels, labels_held = (np.arange(30) < 24).astype(int), np.ones(8, dtype=int)
    training = Training(net, np.zeros(net.dim), X, LogisticLoss(labels), "auto")
    found = constant_losses(training, HeldOut(held, LogisticLoss(labels_held), 8))
    cost = scipy.optimize.minimize_scalar(
        lambda c: -24 * np.log(expit(c)) - 6 * np.log(expit(-c)) + c**2 / 2
    )
    assert found.held_out == pytest.approx(-np.log(expit(cost.x)), rel=1e-3)


def test_a_start_that_serves_held_out_rows_better_than_the_training_rows_constant():
    net = rg.Network([1, 2, 1])
    training = Training(net, np.zeros(net.dim), np.zeros((4, 1)), SquaredLoss([2.0] * 4), "auto")
    found = constant_losses(training, HeldOut(np.zeros((2, 1)), SquaredLoss([0.1, -0.1]), 2))
    assert found.held_out == pytest.approx(0.005)
