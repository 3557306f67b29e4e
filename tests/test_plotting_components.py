import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from plotting_cases import blank, decay_flow, decay_run, legend, lines
from sklearn.decomposition import PCA

from riemgn.plotting import principal_components, walk, walks


def share(label):
    return float(label.split(", ")[1].split(" %")[0]) / 100


@pytest.mark.parametrize("of", ["outputs", "params"])
def test_components_are_scikit_learns(of):
    paths = {"run": decay_run(), "flow": decay_flow()}
    axes = principal_components(paths, blank(), of=of)
    points = [getattr(walk(path), of) for path in paths.values()]
    pca = PCA(2).fit(np.concatenate(points))
    for label, own in zip(paths, points, strict=True):
        drawn, theirs = lines(axes)[label].get_xydata(), pca.transform(own)
        assert_allclose(np.abs(drawn), np.abs(theirs), atol=1e-9 * np.abs(theirs).max())
    shares = share(axes.get_xlabel()), share(axes.get_ylabel())
    assert_allclose(shares, pca.explained_variance_ratio_, rtol=5e-3)
    assert legend(axes) == ["run", "flow", "start", "end"]


def test_the_first_path_ends_to_the_right_and_above():
    path = lines(principal_components({"run": decay_run()}, blank()))["run"].get_xydata()
    assert np.all(path[-1] > path[0])


def test_start_and_end_are_marked():
    axes = principal_components({"run": decay_run()}, blank())
    path = lines(axes)["run"].get_xydata()
    marks = [line.get_xydata() for line in axes.lines if line.get_label().startswith("_")]
    assert_array_equal(marks[0], path[:1])
    assert_array_equal(marks[1], path[-1:])


def test_two_points_lie_on_one_component():
    axes = principal_components(np.array([[0.0, 0.0, 0.0], [3.0, 4.0, 0.0]]), blank())
    assert_allclose(axes.lines[0].get_xydata(), [[-2.5, 0], [2.5, 0]], atol=1e-12)
    assert (share(axes.get_xlabel()), share(axes.get_ylabel())) == (1, 0)


def test_paths_in_one_dimension_are_drawn():
    axes = principal_components(np.array([[1.0], [2.0], [6.0]]), blank())
    assert_allclose(axes.lines[0].get_xydata(), [[-2, 0], [-1, 0], [3, 0]], atol=1e-12)


def test_bad_paths_are_told():
    with pytest.raises(ValueError, match="points that differ, got 3 equal ones"):
        principal_components(np.ones((3, 4)))
    with pytest.raises(ValueError, match="at least one path, got none"):
        principal_components([])
    with pytest.raises(ValueError, match="got outputs alone"):
        principal_components(np.eye(3), of="params")
    with pytest.raises(ValueError, match="unknown of 'weights'"):
        principal_components(np.eye(3), of="weights")
    with pytest.raises(ValueError, match=r"paths must have one dimension, got 3 and 20"):
        principal_components({"a": np.eye(3), "b": decay_flow()})


def test_a_list_of_points_is_one_path_and_a_list_of_runs_several():
    points = [record.point for record in decay_run().history]
    assert len(walks(points)) == 1
    assert len(walks([decay_run(), decay_flow()])) == 2
    assert len(walks([points, points])) == 2
    assert [label for label, _ in walks({"a": points})] == ["a"]
    assert walks(()) == []
    assert len(walks([[1.0, 2.0], [3.0, 4.0]])) == 1
    with pytest.raises(TypeError, match="path must be a run, a flow, points or outputs"):
        walks("no path")


@pytest.mark.parametrize(
    ("path", "error", "words"),
    [
        ([[1.0, 2.0], [np.nan, 0.0]], ValueError, r"path must be finite, got .* as its point 1"),
        ([[np.inf, 2.0], [1.0, 0.0]], ValueError, r"path must be finite, got .* as its point 0"),
        (np.eye(3) * 1j, TypeError, "path must be real, got dtype complex128"),
        ([[1.0, 2j]], TypeError, "path must be real"),
    ],
)
def test_a_path_must_hold_finite_real_numbers(path, error, words):
    with pytest.raises(error, match=words):
        principal_components(np.asarray(path), blank())
    with pytest.raises(error, match=words):
        walk(path)


def test_start_and_end_are_named_beside_many_paths():
    paths = {f"path {k}": np.array([[0.0, 0.0], [1.0, k]]) for k in range(30)}
    names = legend(principal_components(paths, blank()))
    assert names[:3] == ["start", "end", "path 0"]
    assert names[-1] == "and 23 more"
