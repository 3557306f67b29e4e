import json

import numpy as np
import pytest

import riemgn as rg
from riemgn.files import written_whole
from riemgn.modelfile import load_model, save_model


def fitted(loss="squared", **options):
    X, y = rg.datasets.load("iris")
    y = X[:, 3] if loss == "squared" else np.array(["a", "b", "c"])[y]
    outputs = 1 if loss == "squared" else 3
    return rg.fit(rg.Network([4, 3, outputs]), X, y, loss, ridge=1.0, **options).model, X


@pytest.mark.parametrize("loss", ["squared", "softmax"])
def test_a_model_comes_back_exactly(tmp_path, loss):
    model, X = fitted(loss)
    save_model(model, tmp_path / "model.npz")
    again = load_model(tmp_path / "model.npz")
    assert again.network == model.network
    assert again.params.tolist() == model.params.tolist()
    assert again.predict(X).tolist() == model.predict(X).tolist()


def test_a_centred_and_scaled_network_comes_back(tmp_path):
    X, y = rg.datasets.load("linnerud")
    net = rg.Network([3, 2, 3], activation="sin")
    net = net.scaled(3.0).centred(net.init(seed=0))
    model = rg.fit(net, X, y, ridge=1.0).model
    save_model(model, tmp_path / "model.npz")
    again = load_model(tmp_path / "model.npz")
    assert again.network == net
    assert again.predict(X).tolist() == model.predict(X).tolist()


def test_the_file_needs_no_pickle(tmp_path):
    model, _ = fitted()
    save_model(model, tmp_path / "model.npz")
    with np.load(tmp_path / "model.npz", allow_pickle=False) as archive:
        description = json.loads(str(archive["description"]))
        assert archive["params"].tolist() == model.params.tolist()
    assert description["network"] == {"widths": [4, 3, 1], "activation": "tanh", "scale": 1.0}


def rewritten(path, **changes):
    with np.load(path, allow_pickle=False) as archive:
        arrays = dict(archive)
    arrays.update({name: np.array(value) for name, value in changes.items()})
    np.savez(path, **arrays)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"description": '{"format": 99}'}, "has model format 99, this version reads 1"),
        ({"description": "{"}, "is damaged as a riemgn model"),
        ({"description": '{"format": 1}'}, "is damaged as a riemgn model"),
        ({"params": [1.0, 2.0]}, r"params have shape \(2,\), not \(19,\)"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path, changes, message):
    path = tmp_path / "model.npz"
    save_model(fitted()[0], path)
    rewritten(path, **changes)
    with pytest.raises(ValueError, match=message):
        load_model(path)


def test_other_files_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no model file"):
        load_model(tmp_path / "absent.npz")
    (tmp_path / "text.npz").write_text("a,b\n1,2\n")
    np.savez(tmp_path / "other.npz", x=np.ones(3))
    np.save(tmp_path / "single.npy", np.ones(3))
    np.savez(tmp_path / "pickle.npz", description=np.array({"a": 1}, dtype=object))
    (tmp_path / "empty.npz").write_bytes(b"")
    for name in ("text.npz", "other.npz", "single.npy", "pickle.npz", "empty.npz"):
        with pytest.raises(ValueError, match="is not a riemgn model file"):
            load_model(tmp_path / name)


def write_and_fail(*paths):
    with written_whole(*paths) as drafts:
        for draft in drafts:
            draft.write_text("half")
        raise RuntimeError("disk full")


def test_files_are_written_whole_or_not_at_all(tmp_path):
    old, new = tmp_path / "old.txt", tmp_path / "new.txt"
    old.write_text("before")
    with pytest.raises(RuntimeError, match="disk full"):
        write_and_fail(old, new)
    assert [path.name for path in tmp_path.iterdir()] == ["old.txt"]
    assert old.read_text() == "before"
    with written_whole(old, new) as drafts:
        for draft in drafts:
            draft.write_text("whole")
    assert sorted(path.read_text() for path in tmp_path.iterdir()) == ["whole", "whole"]
