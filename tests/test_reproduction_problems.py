"""The problems of the claims C1 to C5: what they are made of."""

import numpy as np
import pytest

import riemgn as rg
from riemgn.reproduction.problems import breast_cancer, diabetes, named_case, regression

WEIGHTS = {"regression": 29, "deep": 69, "diabetes": 49, "breast_cancer": 65}


@pytest.mark.parametrize("name", WEIGHTS)
def test_a_case_starts_at_zero_with_full_rank_and_fewer_weights_than_outputs(name):
    case = named_case(name, 64.0, 1)
    assert case.name == name
    assert np.asarray(case.point).tolist() == [0.0] * case.point.size
    assert case.point.rank == case.point.params.size == WEIGHTS[name] < case.point.size / 2
    assert case.network.scale == 64.0
    moved = case.point.params + 0.01
    other = named_case(name, 32.0, 1)
    outputs = case.problem.manifold.immersion(moved)
    np.testing.assert_allclose(outputs, 2 * other.problem.manifold.immersion(moved), rtol=1e-10)
    again = named_case(name, 64.0, 1)
    np.testing.assert_array_equal(again.problem.loss.targets, case.problem.loss.targets)
    np.testing.assert_array_equal(again.point.params, case.point.params)
    assert not np.array_equal(named_case(name, 64.0, 2).point.params, case.point.params)


def test_the_target_of_the_regression_is_standardised():
    targets = regression(1.0, 3).problem.loss.targets
    assert targets.mean() == pytest.approx(0, abs=1e-14)
    assert targets.std() == pytest.approx(1)
    assert regression(1.0, 3).test_inputs is None


@pytest.mark.parametrize("case", [diabetes(128.0, 0), breast_cancer(128.0, 0, ridge=0.2)])
def test_a_quarter_is_held_out(case):
    X, y = rg.datasets.load(case.name)
    assert len(case.test_targets) == pytest.approx(len(y) / 4, abs=1)
    assert case.point.size + len(case.test_targets) == len(y)
    assert case.network.predict(case.point.params + 0.1, case.test_inputs).shape == (
        len(case.test_targets),
    )
    known = {row.tobytes() for row in X}
    assert all(row.tobytes() in known for row in case.test_inputs)


def test_losses():
    assert isinstance(diabetes(8.0, 0).problem.loss, rg.SquaredLoss)
    case = breast_cancer(8.0, 0, ridge=0.2)
    assert case.problem.loss.strong_convexity == 0.2
    share = np.mean(case.problem.loss.targets == 1)
    assert share == pytest.approx(np.mean(case.test_targets == 1), abs=0.01)


def test_initialisation():
    plain = regression(8.0, 0).point.params
    np.testing.assert_array_equal(regression(8.0, 0, factor=2.0).point.params, 2 * plain)
    assert not np.array_equal(regression(8.0, 0, scheme="normal").point.params, plain)


def test_an_unknown_case():
    with pytest.raises(ValueError, match="name"):
        named_case("iris", 1.0, 0)
