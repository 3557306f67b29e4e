"""Checkpoint files: what they hold, and what is refused in their place."""

import json

import numpy as np
import pytest
from checkpoint_cases import decay, difference, noisy_network, stopping_at, wide_network
from pymanopt.optimizers import ConjugateGradient

import riemgn as rg
from riemgn.checkpoints import read_checkpoint
from riemgn.optimizers import Damping, GainRatio
from riemgn.optimizers.hybrid_newton import HybridNewton


@pytest.fixture
def kept(tmp_path):
    """(path of a checkpoint at iterate 3, its problem, its start)."""
    problem, x = decay()
    path = tmp_path / "run.npz"
    rg.minimize(problem, x, callback=stopping_at(3), record_points=True, checkpoint=path)
    return path, problem, x


def rewritten(path, changes, description=None):
    with np.load(path, allow_pickle=False) as archive:
        arrays = dict(archive)
    told = json.loads(str(arrays["description"])) | (description or {})
    arrays["description"] = np.array(json.dumps(told))
    arrays.update(changes)
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})


def test_the_file_needs_no_pickle(kept):
    path, problem, x = kept
    with np.load(path, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    description = json.loads(str(arrays["description"]))
    assert description["format"] == "riemgn checkpoint"
    assert description["version"] == 1
    assert description["riemgn"] == rg.__version__
    assert description["shape"] == [33, 5]
    assert arrays["points"].shape == (4, 5)
    assert arrays["origin"].tolist() == x.params.tolist()
    assert problem.cost(problem.manifold.point(arrays["params"])) == arrays["cost"][-1]
    assert {array.dtype.kind for array in arrays.values()} == {"U", "f", "i"}


@pytest.mark.parametrize(
    ("description", "message"),
    [
        ({"version": 2}, "is of checkpoint format 2, this version of riemgn reads 1"),
        ({"format": "another"}, "is no checkpoint of riemgn's, or a damaged one"),
        ({"dtype": "float32"}, "is a checkpoint in float32, riemgn computes in float64"),
        ({"memory": {"kind": "HybridNewton"}}, "HybridNewton of another version of riemgn"),
        ({"memory": {"kind": "os.system"}}, "damaged as a checkpoint"),
        ({"terms": {"max_iterations": 1, "speed": 2}}, "damaged as a checkpoint"),
        ({"ended": ["NEVER", "x"]}, "damaged as a checkpoint"),
        ({"shape": [33, 6]}, r"params.*\(6,\)|origin.*\(6,\)"),
    ],
)
def test_another_description_is_refused(kept, description, message):
    path, problem, _ = kept
    rewritten(path, {}, description)
    with pytest.raises(ValueError, match=message) as caught:
        rg.resume(path, problem)
    assert "path" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"params": np.zeros(5, dtype=np.float32)}, "in float32, riemgn computes in float64"),
        ({"params": np.zeros(5, dtype=complex)}, "in complex128"),
        ({"params": np.zeros(4)}, r"params must have shape \(5,\), got \(4,\)"),
        ({"params": np.full(5, np.nan)}, "params must be finite"),
        ({"params": None}, "damaged as a checkpoint"),
        ({"origin": np.zeros((5, 1))}, "origin must be 1-d"),
        ({"cost": np.zeros(2)}, "damaged as a checkpoint"),
        ({"points": np.zeros((3, 5))}, "3 points of 4 records"),
        ({"params": np.zeros(5)}, "another problem: f gives other outputs at its parameters"),
    ],
)
def test_other_arrays_are_refused(kept, changes, message):
    path, problem, _ = kept
    rewritten(path, changes)
    with pytest.raises(ValueError, match=message) as caught:
        rg.resume(path, problem)
    assert "path" in str(caught.value)


def test_another_problem_is_refused(kept):
    path, problem, _ = kept
    targets = problem.loss.targets
    with pytest.raises(ValueError, match=r"another problem: its \(n, p\) is \(33, 5\), here"):
        rg.resume(path, noisy_network()[0])
    with pytest.raises(ValueError, match="another problem: its cost is"):
        rg.resume(path, rg.Problem(problem.manifold, rg.SquaredLoss(targets + 1e-9)))
    scaled = rg.ImmersedManifold(problem.manifold.immersion.scaled(1 + 1e-14))
    with pytest.raises(ValueError, match="another problem: f gives other outputs"):
        rg.resume(path, rg.Problem(scaled, problem.loss))
    bent = rg.ImmersedManifold(problem.manifold.immersion, retraction="corrected")
    with pytest.raises(ValueError, match="another problem: its retraction is 'parametric'"):
        rg.resume(path, rg.Problem(bent, problem.loss))
    with pytest.raises(TypeError, match=r"problem must be a riemgn\.Problem"):
        rg.resume(path, problem.manifold)


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path):
    problem, _ = decay()
    with pytest.raises(FileNotFoundError, match="path: there is no checkpoint file"):
        rg.resume(tmp_path / "none.npz", problem)
    with pytest.raises(ValueError, match="path must be a checkpoint file, got the folder"):
        rg.resume(tmp_path, problem)
    with pytest.raises(TypeError, match="path must be a path, got int"):
        rg.resume(3, problem)


def test_a_truncated_or_damaged_file_is_refused_or_harmless(kept):
    path, problem, _ = kept
    content = path.read_bytes()
    whole = rg.resume(path, problem, checkpoint=path.with_name("other"))
    for length in range(0, len(content), 197):
        path.write_bytes(content[:length])
        with pytest.raises(ValueError, match="is no checkpoint of riemgn's, or a damaged one"):
            read_checkpoint(path)
    harmless = 0
    for place in range(0, len(content), 101):
        flipped = bytearray(content)
        flipped[place] ^= 1 << place % 8
        path.write_bytes(flipped)
        try:
            rg.resume(path, problem, stopping_at(0), checkpoint=path.with_name("other"))
        except ValueError:
            continue
        harmless += 1
        path.write_bytes(flipped)
        assert difference(whole, rg.resume(path, problem)) is None
    assert harmless < 20  # dates and other attributes of the archive


@pytest.mark.parametrize("content", [b"", b"some notes\n", b"PK\x03\x04", b"\x80\x04]\x94."])
def test_a_foreign_file_is_not_overwritten(tmp_path, content):
    problem, x = decay()
    path = tmp_path / "notes.npz"
    path.write_bytes(content)
    calls = []
    with pytest.raises(ValueError, match="checkpoint would overwrite"):
        rg.minimize(problem, x, callback=calls.append, checkpoint=path)
    assert path.read_bytes() == content
    assert calls == []


@pytest.mark.parametrize("save", [np.save, np.savez, np.savez_compressed])
def test_arrays_of_somebodys_are_not_overwritten(tmp_path, save):
    problem, x = decay()
    path = tmp_path / "arrays.npz"
    with open(path, "wb") as file:
        save(file, np.arange(3))
    before = path.read_bytes()
    with pytest.raises(ValueError, match="no checkpoint of riemgn's"):
        rg.minimize(problem, x, checkpoint=path)
    with pytest.raises(ValueError, match="no checkpoint of riemgn's"):
        rg.resume(path, problem)
    assert path.read_bytes() == before


def test_an_older_checkpoint_is_overwritten(kept):
    path, _, _ = kept
    problem, x = wide_network()
    rg.minimize(problem, x, max_iterations=2, checkpoint=path)
    assert read_checkpoint(path).shape == (10, 33)


def test_a_folder_and_a_missing_folder_are_refused(tmp_path):
    problem, x = decay()
    with pytest.raises(ValueError, match="checkpoint must be a file, got the folder"):
        rg.minimize(problem, x, checkpoint=tmp_path)
    with pytest.raises(ValueError, match="checkpoint must be in a folder that exists"):
        rg.minimize(problem, x, checkpoint=tmp_path / "none" / "run.npz")
    for path in (True, 3, b"run.npz"):
        with pytest.raises(TypeError, match="checkpoint must be a path"):
            rg.minimize(problem, x, checkpoint=path)
    for seconds in (-1, np.nan, np.inf):
        with pytest.raises(ValueError, match="checkpoint_seconds must be"):
            rg.minimize(problem, x, checkpoint=tmp_path / "run", checkpoint_seconds=seconds)
    with pytest.raises(TypeError, match="checkpoint_seconds must be"):
        rg.minimize(problem, x, checkpoint=tmp_path / "run", checkpoint_seconds="60")
    assert list(tmp_path.iterdir()) == []


class OneOfOnesOwn(Damping):
    def search(self, model):
        return None

    def measure(self, model):
        return 0.0


class Subclass(GainRatio):
    pass


@pytest.mark.parametrize(
    "method",
    [
        "newton",
        "gradient-descent",
        ConjugateGradient(),
        rg.LevenbergMarquardt(OneOfOnesOwn()),
        rg.LevenbergMarquardt(Subclass()),
        HybridNewton(far=Subclass()),
    ],
)
def test_a_method_that_cannot_be_resumed_is_refused(tmp_path, method):
    problem, x = decay()
    name = method if isinstance(method, str) else type(method).__name__
    with pytest.raises(ValueError, match=f"checkpoint: method .*{name}.* cannot be resumed") as e:
        rg.minimize(problem, x, method, checkpoint=tmp_path / "run.npz")
    assert "'auto', 'gauss-newton' and 'levenberg-marquardt'" in str(e.value)
    assert list(tmp_path.iterdir()) == []


def test_arguments_of_resume_are_checked(kept):
    path, problem, _ = kept
    for name in ("max_iterations", "max_time", "max_evaluations"):
        with pytest.raises((TypeError, ValueError), match=name):
            rg.resume(path, problem, **{name: -1})
        with pytest.raises(TypeError, match=name):
            rg.resume(path, problem, **{name: "1"})
    with pytest.raises(TypeError, match="callback must be a function"):
        rg.resume(path, problem, 3)
    with pytest.raises(TypeError, match="stop must be a criterion"):
        rg.resume(path, problem, stop=len)
    with pytest.raises(ValueError, match="checkpoint must be a file"):
        rg.resume(path, problem, checkpoint=path.parent)
    assert len(read_checkpoint(path).records) == 4
