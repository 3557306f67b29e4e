import numpy as np
import pytest

from riemgn import datasets

SHAPES = {
    "diabetes": ((442, 10), (442,)),
    "breast_cancer": ((569, 30), (569,)),
    "digits": ((1797, 64), (1797,)),
    "wine": ((178, 13), (178,)),
    "iris": ((150, 4), (150,)),
    "linnerud": ((20, 3), (20, 3)),
}


@pytest.mark.parametrize("name", datasets.NAMES)
def test_inputs_are_standardised_and_the_target_is_as_it_is(name):
    X, y = datasets.load(name)
    assert (X.shape, y.shape) == SHAPES[name]
    assert X.dtype == np.float64
    assert (y.dtype.kind == "f") == (name in datasets.REGRESSION)
    spread = X.std(axis=0)
    varying = spread > 0
    np.testing.assert_allclose(X.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(spread[varying], 1, rtol=1e-12)
    assert np.all(X[:, ~varying] == 0)


def test_only_digits_has_constant_columns():
    constant = {name: int((datasets.load(name)[0].std(axis=0) == 0).sum()) for name in SHAPES}
    assert constant == {name: 3 if name == "digits" else 0 for name in SHAPES}


def test_the_target_of_diabetes_is_in_its_own_unit():
    from sklearn.datasets import load_diabetes

    np.testing.assert_array_equal(datasets.load("diabetes")[1], load_diabetes().target)


@pytest.mark.parametrize("name", datasets.NAMES)
def test_a_description_names_everything(name):
    data = datasets.describe(name)
    X, y = datasets.load(name)
    assert len(data.columns) == data.X.shape[1] == X.shape[1]
    assert len(data.targets) == (y.shape[1] if y.ndim == 2 else 1)
    assert data.is_classification == (y.dtype.kind == "i")
    if data.is_classification:
        names = {(str(label), int(code)) for label, code in zip(data.y, y, strict=True)}
        assert len(names) == len(np.unique(y)) == len(np.unique(data.y))


def test_descriptions_use_the_names_of_the_classes():
    assert set(datasets.describe("breast_cancer").y) == {"malignant", "benign"}
    assert datasets.describe("linnerud").targets == ("Weight", "Waist", "Pulse")


def test_loading_twice_gives_independent_arrays():
    X, y = datasets.load("iris")
    X[:], y[:] = 7, 7
    again = datasets.load("iris")
    assert not np.any(again[0] == 7)
    assert set(again[1]) == {0, 1, 2}


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(ValueError, match="did you mean 'diabetes'"):
        datasets.load("diabets")
    with pytest.raises(TypeError, match="dataset must be one of"):
        datasets.load(3)
