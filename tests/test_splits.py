import numpy as np
import pytest

from riemgn.fitting.splits import folds, held_out


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5])
def test_the_held_out_rows_and_the_rest_are_all_rows(share):
    kept, held = held_out(97, share, np.random.default_rng(0))
    assert sorted([*kept, *held]) == list(range(97))
    assert len(held) == round(share * 97)


def test_each_class_gives_its_share():
    labels = np.repeat([0, 1, 2], [60, 30, 10])
    _, held = held_out(100, 0.2, np.random.default_rng(0), labels)
    assert np.bincount(labels[held]).tolist() == [12, 6, 2]


def test_at_least_one_row_is_on_each_side():
    assert [len(part) for part in held_out(2, 0.01, np.random.default_rng(0))] == [1, 1]
    assert [len(part) for part in held_out(2, 0.99, np.random.default_rng(0))] == [1, 1]


def test_folds_are_even_and_spread_every_class():
    labels = np.repeat([0, 1], [50, 10])
    fold = folds(60, 5, np.random.default_rng(0), labels)
    assert np.bincount(fold).tolist() == [12] * 5
    assert all(np.bincount(labels[fold == i]).tolist() == [10, 2] for i in range(5))


def test_the_seed_decides():
    a, b, c = (folds(60, 5, np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)
