import numpy as np
import pytest

import riemgn as rg
from riemgn.fitting.targets import CountTarget, RealTarget, learn_target, target_from_dict

Y = np.array([3.0, 5.0, 4.0, 9.0])


def test_numbers_are_standardised_and_come_back():
    target = learn_target("squared", Y, 1)
    np.testing.assert_allclose(target.rows.ravel(), (Y - Y.mean()) / Y.std())
    np.testing.assert_allclose(target.predictions(target.rows), Y)
    assert isinstance(target.loss(target.rows), rg.SquaredLoss)


def test_several_outputs_keep_their_shape():
    y = np.column_stack([Y, -2 * Y])
    target = learn_target("huber", y, 2)
    np.testing.assert_allclose(target.predictions(target.rows), y)
    assert isinstance(target.loss(target.rows), rg.HuberLoss)


def test_counts_are_rates_over_their_mean():
    target = learn_target("poisson", [0, 3, 6], 1)
    np.testing.assert_allclose(target.predictions(np.zeros((2, 1))), 3.0)
    np.testing.assert_allclose(target.predictions(np.log([[2.0]])), 6.0)


@pytest.mark.parametrize("labels", [["no", "yes", "no"], [5, -1, 5], [True, False, True]])
@pytest.mark.parametrize("loss", ["logistic", "softmax"])
def test_labels_of_any_kind_come_back(labels, loss):
    target = learn_target(loss, labels, 1 if loss == "logistic" else 2)
    classes = np.unique(labels)
    assert target.classes.tolist() == classes.tolist()
    logits = np.array([[-4.0], [4.0]]) if loss == "logistic" else np.array([[4.0, 0], [0, 4.0]])
    assert target.predictions(logits).tolist() == classes.tolist()
    probabilities = target.probabilities(logits)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert probabilities[0, 0] == pytest.approx(1 / (1 + np.exp(-4.0)))


def test_some_rows_may_lack_a_class():
    target = learn_target("softmax", list("abcabc"), 3)
    assert target.loss(target.rows[:2]).size == 6


def test_a_loss_of_the_users_own_gets_the_targets_as_they_are():
    target = learn_target(lambda y: rg.HuberLoss(y, 0.5), Y, 1)
    assert target.loss(target.rows).targets.tolist() == Y.tolist()
    assert target.predictions(np.array([[1.5]])).tolist() == [1.5]


@pytest.mark.parametrize(
    ("loss", "y", "outputs"),
    [("squared", Y, 1), ("poisson", Y, 1), ("softmax", list("abca"), 3), ("logistic", [1, 2], 1)],
)
def test_a_description_gives_the_same_predictions(loss, y, outputs):
    import json

    target = learn_target(loss, y, outputs)
    again = target_from_dict(json.loads(json.dumps(target.to_dict())))
    values = np.random.default_rng(0).normal(size=(6, outputs))
    assert again.predictions(values).tolist() == target.predictions(values).tolist()


@pytest.mark.parametrize(
    ("loss", "y", "outputs", "error", "message"),
    [
        ("squard", Y, 1, ValueError, "did you mean 'squared'"),
        ("squared", [1.0, 1.0, 1.0], 1, ValueError, "y is constant"),
        ("squared", np.column_stack([Y, Y * 0]), 2, ValueError, "constant in column 1"),
        ("squared", [1.0, np.nan], 1, ValueError, "y must be finite"),
        ("squared", ["a", "b"], 1, TypeError, "y must hold numbers"),
        ("squared", Y + 1j, 1, TypeError, "y must be real"),
        ("squared", Y, 2, ValueError, "y needs 1 network output under loss 'squared'"),
        ("poisson", [1, -2, 3], 1, ValueError, "y must be >= 0"),
        ("logistic", list("abc"), 1, ValueError, "needs two classes, y holds 3"),
        ("softmax", list("abc"), 2, ValueError, "y needs 3 network outputs"),
        ("softmax", list("aaa"), 2, ValueError, "y is constant"),
        ("softmax", [["a"], ["b"]], 2, ValueError, "one label a row"),
        ("softmax", np.array(["a", 1, None], dtype=object), 3, TypeError, "labels of one kind"),
        (rg.SquaredLoss(Y), Y, 1, TypeError, "finished SquaredLoss"),
    ],
)
def test_mistakes_are_named(loss, y, outputs, error, message):
    with pytest.raises(error, match=message):
        learn_target(loss, y, outputs)


def test_a_function_must_make_a_loss():
    target = learn_target(lambda y: 3.0, Y, 1)
    with pytest.raises(TypeError, match="it made float"):
        target.loss(target.rows)


def test_numbers_have_no_probabilities():
    with pytest.raises(TypeError, match="class labels"):
        learn_target("squared", Y, 1).probabilities(np.zeros((1, 1)))


@pytest.mark.parametrize("loss", ["squared", "huber"])
def test_a_target_takes_other_rows_on_its_own_scale(loss):
    target = RealTarget.learn(loss, Y)
    other = target.on([4.0, 10.0])
    np.testing.assert_allclose(other.predictions(other.rows), [4.0, 10.0])
    assert other.scaler is target.scaler
    assert other.bare().rows is None
    assert len(target.rows) == 4


def test_weights_are_rows_repeated():
    weights = np.array([1.0, 3.0, 2.0, 1.0])
    repeated = np.repeat(Y, weights.astype(int))
    for loss in ("squared", "huber"):
        weighted = RealTarget.learn(loss, Y, weights).scaler
        expected = RealTarget.learn(loss, repeated).scaler
        np.testing.assert_allclose(weighted.centre, expected.centre, rtol=1e-14)
        np.testing.assert_allclose(weighted.scale, expected.scale, rtol=1e-14)
    assert CountTarget.learn(Y, weights).mean == pytest.approx(repeated.mean())
    target = RealTarget.learn("squared", Y)
    assert target.loss(target.rows, weights).value(np.zeros(4)) == pytest.approx(
        0.5 * weights @ target.rows[:, 0] ** 2
    )


def test_a_constant_column_keeps_its_unit_where_it_is_allowed():
    target = RealTarget.learn("squared", np.column_stack([Y, np.full(4, 7.0)]))
    assert target.predictions(np.array([[0.0, 0.5]]))[0, 1] == 7.5
    with pytest.raises(ValueError, match="a number > 0 in each column"):
        CountTarget.learn([0.0, 0.0])
